//! `rolecall`: AWS credentials and signed requests on the command line.
//!
//! Results go to standard output, all else to standard error. Exit code 0 is success, 1 a failure,
//! 2 a command line that cannot be understood or used.

mod arguments;
mod commands;
mod failure;
mod files;
mod input;
mod json;
mod output;
mod provider;
#[cfg(feature = "serve")]
mod serve;
#[cfg(any(feature = "profiles", feature = "setup", feature = "tokens", feature = "verify"))]
mod sink;
mod waiting;

use std::process::ExitCode;

use output::note;

fn main() -> ExitCode {
    let arguments = match arguments::parse(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => {
            note(error);
            return ExitCode::from(2);
        }
    };
    #[cfg(unix)]
    if !arguments.command.ends_in_order() {
        end_on_signals();
    }
    match commands::run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            let code = error.exit_code();
            note(error);
            code
        }
    }
}

/// Exits on SIGTERM and SIGINT, with 128 and the signal's number as a shell does: the kernel does not deliver
/// signals without a handler to process 1, which a container's command is, so that `docker stop` would time
/// out.
#[cfg(unix)]
fn end_on_signals() {
    use signal_hook::consts::{SIGINT, SIGTERM};
    if std::process::id() != 1 {
        return;
    }
    let always = std::sync::Arc::new(true.into());
    for signal in [SIGINT, SIGTERM] {
        // Without a handler everything else still works.
        let _ = signal_hook::flag::register_conditional_shutdown(
            signal,
            128 + signal,
            std::sync::Arc::clone(&always),
        );
    }
}
