//! Commands that print credentials.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use rolecall_core::error::{Failure, FailureKind, Phase};

use super::words;
use crate::files::{MAX_CONTENT, failed, kind_of};
use crate::host::Buffer;
use crate::secret::Wiped;

/// How long a command may take.
const LIMIT: Duration = Duration::from_secs(60);
/// The same with a terminal, at which it may ask the user.
const LIMIT_AT_TERMINAL: Duration = Duration::from_secs(5 * 60);
/// How long to wait for the rest of its output after it has ended.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Runs a command with these variables beside those of this process. Its standard error goes to the user.
pub(super) fn run(command: &str, variables: &[(&str, &str)], buffer: &mut Buffer) -> Result<(), Failure> {
    let words = words::split(command).map_err(|_| failed(Phase::Process, FailureKind::Protocol))?;
    let Some((program, arguments)) = words.split_first() else {
        return Err(failed(Phase::Process, FailureKind::NotFound));
    };
    // It stays in the process group of this process: it may ask at the terminal, and a signal to the group, such as
    // that of Ctrl-C, ends it too.
    let mut command = Command::new(program);
    command.args(arguments).envs(variables.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped());
    let limit = if has_terminal() { LIMIT_AT_TERMINAL } else { LIMIT };
    let mut child = command.spawn().map_err(|error| failed(Phase::Process, kind_of(&error)))?;
    let ended = output_of(&mut child, Instant::now() + limit, buffer);
    if ended.is_err() {
        end(&mut child);
    }
    ended
}

/// The output of a child until it ends, which it has to do by itself.
fn output_of(child: &mut Child, deadline: Instant, buffer: &mut Buffer) -> Result<(), Failure> {
    let failure = |kind| failed(Phase::Process, kind);
    let Some(mut out) = child.stdout.take() else { return Err(failure(FailureKind::Other)) };
    // A read cannot be cancelled, so that a thread reads, which may be left behind.
    // A command may write faster than its output is taken: what is on the way is bounded.
    let (sender, receiver) = mpsc::sync_channel(4);
    let reader = std::thread::Builder::new().spawn(move || {
        loop {
            // On the heap: an array would be copied when it is moved.
            let mut piece = Wiped::new(vec![0; 4096]);
            let read = out.read(&mut piece);
            let last = matches!(read, Ok(0) | Err(_));
            if sender.send(read.map(|len| (piece, len))).is_err() || last {
                return;
            }
        }
    });
    reader.map_err(|_| failure(FailureKind::Denied))?;
    let start = buffer.0.len();
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

/// Whether a command can ask the user.
fn has_terminal() -> bool {
    if cfg!(unix) {
        std::fs::File::open("/dev/tty").is_ok()
    } else {
        std::io::IsTerminal::is_terminal(&std::io::stdin())
    }
}

/// Ends a child and, on Linux, the processes that it has started. Each may have ended by itself.
fn end(child: &mut Child) {
    #[cfg(target_os = "linux")]
    for process in descendants(child.id()) {
        let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// The processes below one, by the parent that `/proc/PID/stat` names after the command in parentheses (proc(5)).
#[cfg(target_os = "linux")]
fn descendants(of: u32) -> Vec<rustix::process::Pid> {
    let parent = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse::<u32>().ok()
    };
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let pairs: Vec<(u32, u32)> = processes.filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let mut found = vec![of];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(pairs.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| pid));
        next += 1;
    }
    let raw = found.iter().skip(1).filter_map(|pid| i32::try_from(*pid).ok());
    raw.filter_map(rustix::process::Pid::from_raw).collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_out_of_time_ends_with_what_it_has_started() {
        let mut command = Command::new("sh");
        command.args(["-c", "sh -c 'sleep 50 & wait' & sleep 50 & wait"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("a shell");
        let began = Instant::now();
        while descendants(child.id()).len() < 3 && began.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let below = descendants(child.id());
        assert_eq!(below.len(), 3);
        let mut buffer = Buffer::new();
        let ended = output_of(&mut child, Instant::now() + Duration::from_millis(50), &mut buffer);
        assert_eq!(ended, Err(failed(Phase::Process, FailureKind::Timeout)));
        end(&mut child);
        // Without a parent that reaps it, a process is a zombie for a moment.
        let state = |pid: &rustix::process::Pid| {
            let stat =
                std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
            stat.rsplit_once(')').map_or("gone".to_owned(), |(_, rest)| rest.trim_start()[..1].to_owned())
        };
        let gone = |pid| matches!(state(pid).as_str(), "gone" | "Z" | "X");
        while !below.iter().all(gone) && began.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(below.iter().all(gone));
    }
}
