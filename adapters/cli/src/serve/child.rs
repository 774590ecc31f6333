//! The command that the server runs for, and ends with.

use std::io;
use std::process::{Child, Command, ExitCode, ExitStatus};

/// A command that runs.
pub(crate) struct Running(Child);

impl Running {
    /// Starts it.
    pub(crate) fn start(mut command: Command) -> io::Result<Self> {
        command.spawn().map(Self)
    }

    /// Its exit status, if it has ended.
    pub(super) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.try_wait()
    }

    /// Passes a signal on. What is typed at a terminal, the terminal has sent to the command already: a second one would
    /// mean more to many programs.
    #[cfg(unix)]
    pub(super) fn pass(&mut self, signal: i32) {
        use rustix::process::{Pid, Signal, kill_process};
        use signal_hook::consts::{SIGINT, SIGQUIT};
        if matches!(signal, SIGINT | SIGQUIT) && is_in_foreground() {
            return;
        }
        let signals = [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT];
        let signal = signals.into_iter().find(|known| known.as_raw() == signal);
        // A process that has ended and was not waited for yet keeps its id: the signal reaches no other.
        if let (Some(id), Some(signal)) = (Pid::from_raw(self.0.id().cast_signed()), signal) {
            let _ = kill_process(id, signal);
        }
    }

    #[cfg(not(unix))]
    pub(super) fn pass(&mut self, _: i32) {}
}

/// Whether this process is of the group that the terminal sends signals to.
#[cfg(unix)]
fn is_in_foreground() -> bool {
    let foreground =
        std::fs::File::open("/dev/tty").ok().and_then(|tty| rustix::termios::tcgetpgrp(tty).ok());
    foreground == Some(rustix::process::getpgrp())
}

/// The exit code for the end by a signal: 128 and its number, as a shell has it.
pub(crate) fn ended_by(signal: i32) -> ExitCode {
    u8::try_from(signal.saturating_add(128)).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// The exit code of a command that has ended by itself or by a signal.
#[cfg(unix)]
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    use std::os::unix::process::ExitStatusExt;
    match (status.code().map(u8::try_from), status.signal()) {
        (Some(Ok(code)), _) => ExitCode::from(code),
        (_, Some(signal)) => ended_by(signal),
        _ => ExitCode::FAILURE,
    }
}

/// Exits as the command did: its exit code may be larger than an [`ExitCode`].
#[cfg(not(unix))]
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    // A process that was ended from outside has no exit code on some systems.
    std::process::exit(status.code().unwrap_or(1))
}
