//! Prompts at the terminal.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use rolecall_core::error::{Failure, FailureKind, Phase};
use zeroize::{Zeroize, Zeroizing};

use crate::files::{failed, kind_of};
use crate::host::Buffer;

/// Asks the user at the terminal.
pub(super) fn prompt(question: &str, hidden: bool, buffer: &mut Buffer) -> Result<(), Failure> {
    let input = io::stdin();
    if !input.is_terminal() {
        return Err(failed(Phase::Prompt, FailureKind::Unsupported));
    }
    let failure = |error: io::Error| failed(Phase::Prompt, kind_of(&error));
    // Echo is off before the question appears, for users who type at once.
    let quiet = if hidden { Some(Quiet::new().map_err(failure)?) } else { None };
    // Other threads may write before the answer comes: nothing is locked until then.
    let mut errors = io::stderr();
    errors.write_all(question.as_bytes()).and_then(|()| errors.flush()).map_err(failure)?;
    if quiet.is_some() {
        let read = read_hidden(&mut input.lock(), buffer);
        let _ = errors.write_all(b"\n");
        return read.map_err(failure);
    }
    let mut answer = Zeroizing::new(String::new());
    input.lock().read_line(&mut answer).map_err(failure)?;
    buffer.append(answer.as_bytes());
    Ok(())
}

/// Reads a line without echo, key by key. A key that would end the program ends the prompt instead: the
/// terminal must not stay without echo.
fn read_hidden(input: &mut impl Read, buffer: &mut Buffer) -> io::Result<()> {
    const INTERRUPT: u8 = 3;
    const END: u8 = 4;
    const ERASE_LINE: u8 = 21;
    let mut line = Zeroizing::new(Vec::with_capacity(1024));
    let mut key = Zeroizing::new([0]);
    loop {
        if input.read(key.as_mut_slice())? == 0 {
            break;
        }
        match key[0] {
            b'\r' | b'\n' => break,
            END if line.is_empty() => break,
            INTERRUPT => return Err(io::ErrorKind::Interrupted.into()),
            ERASE_LINE => line.zeroize(),
            8 | 127 => {
                // A character of several bytes is removed as one.
                while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
            }
            byte if line.len() < line.capacity() => line.push(byte),
            _ => return Err(io::ErrorKind::InvalidInput.into()),
        }
    }
    buffer.append(&line);
    Ok(())
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
