//! Prompts at the terminal.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::time::{Duration, Instant};

use rolecall_core::error::{Failure, FailureKind, Phase};
use zeroize::{Zeroize, Zeroizing};

use crate::files::{failed, kind_of};
use crate::host::Buffer;

/// How long the user has for an answer.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// The longest answer, in bytes.
const MAX_ANSWER: usize = 4096;

/// Asks the user at the terminal.
pub(super) fn prompt(question: &str, hidden: bool, buffer: &mut Buffer) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(failed(Phase::Prompt, FailureKind::Unsupported));
    }
    ask(question, hidden, Instant::now() + PATIENCE, buffer).map_err(|error| {
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

fn ask(question: &str, hidden: bool, deadline: Instant, buffer: &mut Buffer) -> io::Result<()> {
    // Echo is off before the question appears, for users who type at once.
    let quiet = if hidden { Some(Quiet::new()?) } else { None };
    // Other threads may write before the answer comes: nothing is locked until then.
    let mut errors = io::stderr();
    errors.write_all(question.as_bytes())?;
    errors.flush()?;
    let read = read_line(&mut || key(deadline), quiet.is_some(), buffer);
    if quiet.is_some() || read.as_ref().is_err_and(|error| error.kind() == ErrorKind::TimedOut) {
        let _ = errors.write_all(b"\n");
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
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_ANSWER));
    loop {
        match key()? {
            None | Some(b'\r' | b'\n') => break,
            Some(END) if quiet && line.is_empty() => break,
            Some(INTERRUPT) if quiet => return Err(ErrorKind::Interrupted.into()),
            Some(ERASE_LINE) if quiet => line.zeroize(),
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

/// Reads the next byte of the terminal, or `None` at its end, by `deadline`. Nothing more is read, so that no buffer
/// is left with an answer in it.
#[cfg(unix)]
fn key(deadline: Instant) -> io::Result<Option<u8>> {
    let mut key = Zeroizing::new([0]);
    loop {
        crate::files::readable(io::stdin(), deadline)?;
        match rustix::io::read(io::stdin(), key.as_mut_slice()) {
            Ok(0) => return Ok(None),
            Ok(_) => return Ok(Some(key[0])),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// As above. Only a thread, which may be left behind, can stop waiting for this terminal.
#[cfg(not(unix))]
fn key(deadline: Instant) -> io::Result<Option<u8>> {
    use std::io::Read;
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::Builder::new().spawn(move || {
        let mut key = Zeroizing::new([0]);
        let read = io::stdin().lock().read(key.as_mut_slice());
        let _ = sender.send(read.map(|len| (len > 0).then_some(key[0])));
    })?;
    let left = deadline.saturating_duration_since(Instant::now());
    receiver.recv_timeout(left).unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}

/// A terminal without echo and line editing, restored when this is dropped.
#[cfg(unix)]
struct Quiet(rustix::termios::Termios);

#[cfg(unix)]
impl Quiet {
    fn new() -> io::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)?;
        Ok(Self(before))
    }
}

#[cfg(unix)]
impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing anyway.
        let _ = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, &self.0);
    }
}

/// There is no way to hide what is typed.
#[cfg(not(unix))]
struct Quiet;

#[cfg(not(unix))]
impl Quiet {
    fn new() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
