//! Prompts at the terminal.

#[cfg(unix)]
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::time::{Duration, Instant};

use rolecall_core::error::{Failure, FailureKind, Phase};

use crate::files::{failed, kind_of};
use crate::host::Buffer;
use crate::secret::Wiped;

/// How long the user has for an answer.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// The longest answer, in bytes.
const MAX_ANSWER: usize = 4096;

/// Asks the user at the terminal.
pub(super) fn prompt(question: &str, hidden: bool, buffer: &mut Buffer) -> Result<(), Failure> {
    let none = failed(Phase::Prompt, FailureKind::Unsupported);
    let terminal = Terminal::open().ok_or(none)?;
    ask(&terminal, question, hidden, Instant::now() + PATIENCE, buffer).map_err(|error| {
        failed(
            Phase::Prompt,
            match error.kind() {
                ErrorKind::TimedOut => FailureKind::Timeout,
                ErrorKind::InvalidInput => FailureKind::TooLarge,
                _ => kind_of(&error),
            },
        )
    })
}

fn ask(
    terminal: &Terminal,
    question: &str,
    hidden: bool,
    deadline: Instant,
    buffer: &mut Buffer,
) -> io::Result<()> {
    // Echo is off before the question appears, for users who type at once.
    let quiet = if hidden { Some(Quiet::new(terminal)?) } else { None };
    terminal.show(question.as_bytes())?;
    let read = read_line(&mut || terminal.key(deadline), quiet.is_some(), buffer);
    if quiet.is_some() || read.as_ref().is_err_and(|error| error.kind() == ErrorKind::TimedOut) {
        let _ = terminal.show(b"\n");
    }
    read
}

/// Reads a line key by key. A terminal that is `quiet` edits no lines and sends no signals: a key that would end the
/// program ends the prompt instead, because the terminal must not stay without echo.
fn read_line(
    key: &mut dyn FnMut() -> io::Result<Option<u8>>,
    quiet: bool,
    buffer: &mut Buffer,
) -> io::Result<()> {
    const INTERRUPT: u8 = 3;
    const END: u8 = 4;
    const ERASE_LINE: u8 = 21;
    let mut line = Wiped::new(Vec::with_capacity(MAX_ANSWER));
    loop {
        match key()? {
            None | Some(b'\r' | b'\n') => break,
            Some(END) if quiet && line.is_empty() => break,
            Some(INTERRUPT) if quiet => return Err(ErrorKind::Interrupted.into()),
            Some(ERASE_LINE) if quiet => line.wipe(),
            Some(8 | 127) if quiet => {
                // A character of several bytes is removed as one.
                while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
            }
            Some(byte) if line.len() < line.capacity() => line.push(byte),
            Some(_) => return Err(ErrorKind::InvalidInput.into()),
        }
    }
    buffer.append(&line);
    Ok(())
}

/// The terminal, opened for reading and for writing.
#[cfg(unix)]
struct Terminal {
    input: File,
    output: File,
}

#[cfg(unix)]
impl Terminal {
    /// Opens the terminal of this process, wherever its standard input and error go: a `credential_process` has
    /// neither. Without one, these may be another terminal.
    fn open() -> Option<Self> {
        Self::controlling().or_else(Self::standard)
    }

    fn controlling() -> Option<Self> {
        let input = File::options().read(true).write(true).open("/dev/tty").ok()?;
        // A process in the background would be stopped, without a word.
        let in_front = rustix::termios::tcgetpgrp(&input).ok()? == rustix::process::getpgrp();
        let output = input.try_clone().ok()?;
        in_front.then_some(Self { input, output })
    }

    fn standard() -> Option<Self> {
        use std::os::fd::AsFd;
        if !io::stdin().is_terminal() {
            return None;
        }
        let input = io::stdin().as_fd().try_clone_to_owned().ok()?;
        let output = io::stderr().as_fd().try_clone_to_owned().ok()?;
        Some(Self { input: input.into(), output: output.into() })
    }

    fn show(&self, text: &[u8]) -> io::Result<()> {
        (&self.output).write_all(text)
    }

    /// Reads the next byte, or `None` at the end, by `deadline`. Nothing more is read, so that no buffer is left with
    /// an answer in it.
    fn key(&self, deadline: Instant) -> io::Result<Option<u8>> {
        let mut key = Wiped::new([0]);
        loop {
            crate::files::readable(&self.input, deadline)?;
            match rustix::io::read(&self.input, key.as_mut_slice()) {
                Ok(0) => return Ok(None),
                Ok(_) => return Ok(Some(key[0])),
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Standard input and error, which are the terminal.
#[cfg(not(unix))]
struct Terminal;

#[cfg(not(unix))]
impl Terminal {
    fn open() -> Option<Self> {
        io::stdin().is_terminal().then_some(Self)
    }

    fn show(&self, text: &[u8]) -> io::Result<()> {
        // Other threads may write before the answer comes: nothing is locked until then.
        let mut errors = io::stderr();
        errors.write_all(text)?;
        errors.flush()
    }

    /// Reads the next byte, or `None` at the end, by `deadline`. Only a thread, which may be left behind, can stop
    /// waiting for this terminal.
    fn key(&self, deadline: Instant) -> io::Result<Option<u8>> {
        use std::io::Read;
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::Builder::new().spawn(move || {
            let mut key = Wiped::new([0]);
            let read = io::stdin().lock().read(key.as_mut_slice());
            let _ = sender.send(read.map(|len| (len > 0).then_some(key[0])));
        })?;
        let left = deadline.saturating_duration_since(Instant::now());
        receiver.recv_timeout(left).unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
    }
}

/// A terminal without echo and line editing, restored when this is dropped.
#[cfg(unix)]
struct Quiet<'t> {
    terminal: &'t File,
    before: rustix::termios::Termios,
}

#[cfg(unix)]
impl<'t> Quiet<'t> {
    fn new(terminal: &'t Terminal) -> io::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let terminal = &terminal.input;
        let before = tcgetattr(terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        tcsetattr(terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

#[cfg(unix)]
impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing anyway.
        let now = rustix::termios::OptionalActions::Now;
        let _ = rustix::termios::tcsetattr(self.terminal, now, &self.before);
    }
}

/// There is no way to hide what is typed.
#[cfg(not(unix))]
struct Quiet;

#[cfg(not(unix))]
impl Quiet {
    fn new(_: &Terminal) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
