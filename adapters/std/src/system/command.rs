//! Commands that print credentials.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use rolecall_core::error::{Failure, FailureKind, Phase};
use zeroize::Zeroizing;

use super::words;
use crate::files::{MAX_CONTENT, failed, kind_of};
use crate::host::Buffer;

/// How long a command may take: the user may have to touch a key for it.
const PROCESS_LIMIT: Duration = Duration::from_secs(60);
/// How long to wait for the rest of its output after it has ended.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Runs a command with these variables beside those of this process. Its standard error goes to the user.
pub(super) fn run(command: &str, variables: &[(&str, &str)], buffer: &mut Buffer) -> Result<(), Failure> {
    let words = words::split(command).map_err(|_| failed(Phase::Process, FailureKind::Protocol))?;
    let Some((program, arguments)) = words.split_first() else {
        return Err(failed(Phase::Process, FailureKind::NotFound));
    };
    let mut command = Command::new(program);
    command.args(arguments).envs(variables.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped());
    // Its children are in its process group, and end with it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(|error| failed(Phase::Process, kind_of(&error)))?;
    let ended = output_of(&mut child, buffer);
    if ended.is_err() {
        end(&mut child);
    }
    ended
}

/// The output of a child until it ends, which it has to do by itself.
fn output_of(child: &mut Child, buffer: &mut Buffer) -> Result<(), Failure> {
    let failure = |kind| failed(Phase::Process, kind);
    let Some(mut out) = child.stdout.take() else { return Err(failure(FailureKind::Other)) };
    // A read cannot be cancelled, so that a thread reads, which may be left behind.
    let (sender, receiver) = mpsc::channel();
    let reader = std::thread::Builder::new().spawn(move || {
        loop {
            let mut piece = Zeroizing::new([0; 4096]);
            let read = out.read(piece.as_mut_slice());
            let last = matches!(read, Ok(0) | Err(_));
            if sender.send(read.map(|len| (piece, len))).is_err() || last {
                return;
            }
        }
    });
    reader.map_err(|_| failure(FailureKind::Denied))?;
    let (deadline, start) = (Instant::now() + PROCESS_LIMIT, buffer.0.len());
    // A process that it left running may hold its output open, and write to it: shortly after its end, all of its
    // own output has arrived.
    let mut last: Option<Instant> = None;
    loop {
        let patience = match last {
            Some(last) if Instant::now() >= last => return Ok(()),
            Some(last) => last.saturating_duration_since(Instant::now()),
            None => Duration::from_millis(2),
        };
        match receiver.recv_timeout(patience) {
            Ok(Ok((_, 0))) | Err(RecvTimeoutError::Disconnected) if last.is_some() => return Ok(()),
            Err(RecvTimeoutError::Timeout) if last.is_some() => return Ok(()),
            Ok(Ok((piece, len))) => buffer.append(&piece[..len]),
            Ok(Err(error)) => return Err(failure(kind_of(&error))),
            Err(RecvTimeoutError::Timeout) => {}
            // Its output is closed, and it has not ended.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(Duration::from_millis(2)),
        }
        if buffer.0.len() - start > MAX_CONTENT {
            return Err(failure(FailureKind::TooLarge));
        }
        match child.try_wait().map_err(|error| failure(kind_of(&error)))? {
            Some(status) if !status.success() => return Err(failure(FailureKind::Unsuccessful)),
            Some(_) => _ = last.get_or_insert_with(|| Instant::now() + LAST_WORDS),
            None if Instant::now() > deadline => return Err(failure(FailureKind::Timeout)),
            None => {}
        }
    }
}

/// Ends a child and its process group. It may have ended by itself.
fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}
