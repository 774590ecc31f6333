//! Reading files whole, within a limit and a deadline.

use std::fs::File;
use std::io::{self, Read};
use std::time::{Duration, Instant};

use rolecall_core::error::{Failure, FailureKind, Phase};

use crate::host::Buffer;
use crate::secret::Wiped;

/// The longest file that is read, and the longest output of a command, in bytes.
pub(crate) const MAX_CONTENT: usize = 256 * 1024;
/// How long a file that is a pipe or a terminal may take. Regular files have no such limit.
const PATIENCE: Duration = Duration::from_secs(10);

/// A text without the byte order mark that editors of Windows put in front of it.
pub(crate) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text)
}

/// Reads a file into a buffer.
pub(crate) type ReadFile<'a> = dyn Fn(&str, &mut Buffer) -> Result<(), Failure> + 'a;

/// Appends the content of a file.
pub(crate) fn read_file(path: &str, buffer: &mut Buffer) -> Result<(), Failure> {
    read_up_to(MAX_CONTENT, path, buffer)
}

/// Appends the content of a file of at most `most` bytes.
pub(crate) fn read_up_to(most: usize, path: &str, buffer: &mut Buffer) -> Result<(), Failure> {
    let failure = |error: io::Error| failed(Phase::File, kind_of(&error));
    let file = open(path).map_err(failure)?;
    let found = file.metadata().map_err(failure)?;
    if found.is_file() {
        return read_all_of(&file, most, buffer, || Ok(()));
    }
    let deadline = Instant::now() + PATIENCE;
    read_all_of(&file, most, buffer, || wait_for(&file, deadline))
}

/// Appends all of an open file.
#[cfg(unix)]
pub(crate) fn read_all(from: &mut impl Read, buffer: &mut Buffer) -> Result<(), Failure> {
    read_all_of(from, MAX_CONTENT, buffer, || Ok(()))
}

/// Appends at most `most` bytes, and calls `wait` before each read.
fn read_all_of(
    mut from: impl Read,
    most: usize,
    buffer: &mut Buffer,
    wait: impl Fn() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let start = buffer.0.len();
    let mut piece = Wiped::new([0; 4096]);
    loop {
        wait()?;
        match from.read(piece.as_mut_slice()) {
            Ok(0) => return Ok(()),
            Ok(len) => buffer.append(&piece[..len]),
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
            Err(error) => return Err(failed(Phase::File, kind_of(&error))),
        }
        if buffer.0.len() - start > most {
            return Err(failed(Phase::File, FailureKind::TooLarge));
        }
    }
}

/// Opens a file. A pipe without a writer must not block here.
#[cfg(unix)]
fn open(path: &str) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    File::options().read(true).custom_flags(nonblocking).open(path)
}

#[cfg(not(unix))]
fn open(path: &str) -> io::Result<File> {
    File::open(path)
}

fn wait_for(file: &File, deadline: Instant) -> Result<(), Failure> {
    readable(file, deadline).map_err(|error| failed(Phase::File, kind_of(&error)))
}

/// Waits until there is something to read, or the end, by `deadline`.
#[cfg(unix)]
pub(crate) fn readable(from: impl std::os::fd::AsFd, deadline: Instant) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
        match poll(&mut [PollFd::new(&from, PollFlags::IN)], Some(&left)) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(not(unix))]
fn readable(_: &File, deadline: Instant) -> io::Result<()> {
    if Instant::now() < deadline { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) }
}

/// Locks a file (`flock`) by `deadline`: looks again every few milliseconds, because waiting has no limit of its own.
///
/// # Errors
/// `TimedOut` if another process holds it until then.
#[cfg(unix)]
pub(crate) fn lock_exclusively(file: &File, deadline: Instant) -> io::Result<()> {
    use rustix::fs::{FlockOperation, flock};
    use rustix::io::Errno;
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(Errno::WOULDBLOCK | Errno::INTR) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(Errno::WOULDBLOCK) => return Err(io::ErrorKind::TimedOut.into()),
            Err(error) => return Err(error.into()),
        }
    }
}

pub(crate) fn failed(phase: Phase, kind: FailureKind) -> Failure {
    Failure { phase, kind }
}

pub(crate) fn kind_of(error: &io::Error) -> FailureKind {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FailureKind::NotFound,
        io::ErrorKind::PermissionDenied => FailureKind::Denied,
        io::ErrorKind::IsADirectory => FailureKind::Protocol,
        io::ErrorKind::TimedOut => FailureKind::Timeout,
        _ => FailureKind::Other,
    }
}
