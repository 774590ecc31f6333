//! `rolecall`: AWS credentials and signed requests on the command line.
//!
//! Results go to standard output, all else to standard error. Exit code 0 is success, 1 a failure,
//! 2 a command line that cannot be understood.

mod arguments;
#[cfg(feature = "demo")]
mod demo;
mod document;
mod run;
#[cfg(feature = "setup")]
mod setup;

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use arguments::Command;

fn main() -> ExitCode {
    #[cfg(unix)]
    end_on_signals();
    let arguments = match arguments::parse(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => {
            tell(format_args!("{error}\nTry 'rolecall --help'."));
            return ExitCode::from(2);
        }
    };
    let result = match &arguments.command {
        Command::Help => print(arguments::HELP),
        Command::Version => print(concat!("rolecall ", env!("CARGO_PKG_VERSION"), "\n")),
        #[cfg(feature = "demo")]
        Command::Demo { tamper } => demo::run(*tamper),
        command => run::run(command, &arguments.common),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            tell(error);
            ExitCode::FAILURE
        }
    }
}

/// The kernel spares process 1, which a container's command is, from every signal that it does not handle:
/// `docker stop` would wait in vain. Exits as a shell would tell it, with 128 and the signal's number.
#[cfg(unix)]
fn end_on_signals() {
    use signal_hook::consts::{SIGINT, SIGTERM};
    if std::process::id() != 1 {
        return;
    }
    let always = std::sync::Arc::new(true.into());
    for signal in [SIGINT, SIGTERM] {
        // Without a handler all else still works.
        let _ = signal_hook::flag::register_conditional_shutdown(
            signal,
            128 + signal,
            std::sync::Arc::clone(&always),
        );
    }
}

/// Tells a person on standard error; nobody is told where there is none.
fn tell(what: impl Display) {
    let _ = writeln!(std::io::stderr(), "rolecall: {what}");
}

/// Writes a whole result at once: standard output holds all of it or nothing.
fn print(text: impl AsRef<[u8]>) -> Result<ExitCode, run::Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_ref()).and_then(|()| out.flush()).map_err(run::Failure::Output)?;
    Ok(ExitCode::SUCCESS)
}
