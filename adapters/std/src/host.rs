//! What a flow needs from outside, as a trait; and this machine, as its implementation.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::net::IpAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant as StdInstant};

use rolecall_core::error::{Failure, FailureKind, Phase};
use rolecall_core::flow::{Answer, Exchange};
use rolecall_core::skew::{Instant, Now};
use zeroize::{Zeroize, Zeroizing};

use crate::http::transport::{Transport, append};
use crate::system::words;
use crate::{Settings, clock};

/// The outside world of a [`Provider`](crate::Provider): the network, files, commands, people and
/// clocks. [`System`] is the real one; another one is for tests, and for programs that have an HTTP
/// client of their own.
pub trait Host: Send + Sync {
    /// Sends the request that is in `buffer` ([`Exchange::request`] tells where), and leaves the
    /// reply there: an [`Answer::Reply`] or an [`Answer::Failed`].
    fn exchange(&self, exchange: &Exchange<'_>, buffer: &mut Buffer) -> Answer<'static>;

    /// Appends the content of a file to `buffer`.
    fn read_file(&self, path: &str, buffer: &mut Buffer) -> Result<(), Failure>;

    /// Runs a command, without a shell, and appends what it prints to `buffer`.
    fn run(&self, command: &str, buffer: &mut Buffer) -> Result<(), Failure>;

    /// The addresses of a host.
    fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Failure>;

    /// Asks a person, and appends the answer to `buffer`. A hidden one is a secret: nobody may see it
    /// typed.
    fn prompt(&self, question: &str, hidden: bool, buffer: &mut Buffer) -> Result<(), Failure>;

    /// What the clocks say.
    fn now(&self) -> Now;

    /// Waits until `instant` on the monotonic clock.
    fn sleep_until(&self, instant: Instant);

    /// 32 random bits, for jitter.
    fn entropy(&self) -> u32;

    /// Fills `bytes` with what nobody can predict.
    fn random(&self, bytes: &mut [u8]) -> Result<(), Failure>;

    /// What is wrong with a setting of this world's own, a file of certificates say, if an exchange
    /// has just failed for it.
    fn trouble(&self) -> Option<String> {
        None
    }
}

/// Bytes that are wiped when they are dropped, replaced, or outgrow their memory.
#[derive(Default)]
pub struct Buffer(pub(crate) Zeroizing<Vec<u8>>);

impl Buffer {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, to be changed in place.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Adds bytes at the end.
    pub fn append(&mut self, bytes: &[u8]) {
        append(&mut self.0, bytes);
    }

    /// Wipes and empties it.
    pub fn clear(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} bytes)", self.0.len())
    }
}

/// This machine.
pub struct System {
    transport: Transport,
}

/// The longest file that is read, and the longest output of a command.
const MAX_CONTENT: usize = 256 * 1024;
/// How long a command may take: a person may have to touch a key for it.
const PROCESS_LIMIT: Duration = Duration::from_secs(60);
/// How long its output is waited for when it has ended.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// How long a name may take to be resolved, in milliseconds.
const RESOLVE_LIMIT: u32 = 2_000;

impl System {
    /// Its proxies and trusted certificates are those of `settings`. Neither a connection is opened
    /// nor a certificate read before it is needed.
    pub fn new(settings: &Settings) -> Self {
        Self { transport: Transport::new(settings) }
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("System")
    }
}

impl Host for System {
    fn exchange(&self, exchange: &Exchange<'_>, buffer: &mut Buffer) -> Answer<'static> {
        self.transport.carry_out(exchange, &mut buffer.0)
    }

    fn read_file(&self, path: &str, buffer: &mut Buffer) -> Result<(), Failure> {
        read_file(path, buffer)
    }

    fn run(&self, command: &str, buffer: &mut Buffer) -> Result<(), Failure> {
        run(command, buffer)
    }

    fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Failure> {
        self.transport.resolve(host, RESOLVE_LIMIT)
    }

    fn prompt(&self, question: &str, hidden: bool, buffer: &mut Buffer) -> Result<(), Failure> {
        prompt(question, hidden, buffer)
    }

    fn now(&self) -> Now {
        clock::now()
    }

    fn sleep_until(&self, instant: Instant) {
        clock::sleep_until(instant);
    }

    fn entropy(&self) -> u32 {
        clock::entropy()
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), Failure> {
        getrandom::getrandom(bytes).map_err(|_| failed(Phase::Prompt, FailureKind::Unsupported))
    }

    fn trouble(&self) -> Option<String> {
        self.transport.misconfigured()
    }
}

/// Reads a file into a buffer.
pub(crate) type ReadFile<'a> = dyn Fn(&str, &mut Buffer) -> Result<(), Failure> + 'a;

/// Appends a file's content.
pub(crate) fn read_file(path: &str, buffer: &mut Buffer) -> Result<(), Failure> {
    let failure = |error: io::Error| failed(Phase::File, kind_of(&error));
    let mut file = File::open(path).map_err(failure)?;
    read_all(&mut file, buffer)
}

/// Appends all of an open file.
pub(crate) fn read_all(from: &mut impl Read, buffer: &mut Buffer) -> Result<(), Failure> {
    let start = buffer.0.len();
    let mut piece = Zeroizing::new([0; 4096]);
    loop {
        match from.read(piece.as_mut_slice()) {
            Ok(0) => return Ok(()),
            Ok(len) => buffer.append(&piece[..len]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(Phase::File, kind_of(&error))),
        }
        if buffer.0.len() - start > MAX_CONTENT {
            return Err(failed(Phase::File, FailureKind::TooLarge));
        }
    }
}

/// Runs a command. What it says on standard error is for the person who sits there.
fn run(command: &str, buffer: &mut Buffer) -> Result<(), Failure> {
    let words = words::split(command).map_err(|_| failed(Phase::Process, FailureKind::Protocol))?;
    let Some((program, arguments)) = words.split_first() else {
        return Err(failed(Phase::Process, FailureKind::NotFound));
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
    // What it starts is in its group, and ends with it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(|error| failed(Phase::Process, kind_of(&error)))?;
    let ended = output_of(&mut child, buffer);
    if ended.is_err() {
        end(&mut child);
    }
    ended
}

/// What the child prints until it has ended, which it has to do by itself.
fn output_of(child: &mut Child, buffer: &mut Buffer) -> Result<(), Failure> {
    let failure = |kind| failed(Phase::Process, kind);
    let Some(mut out) = child.stdout.take() else { return Err(failure(FailureKind::Other)) };
    // Reading cannot be given up, so that it is done by a thread that may be left behind.
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
    let (deadline, start) = (StdInstant::now() + PROCESS_LIMIT, buffer.0.len());
    let mut success = false;
    loop {
        // What it left running may hold its output open: a moment after its end, all of its own is there.
        let patience = if success { LAST_WORDS } else { Duration::from_millis(2) };
        match receiver.recv_timeout(patience) {
            Ok(Ok((_, 0))) | Err(RecvTimeoutError::Disconnected) if success => return Ok(()),
            Err(RecvTimeoutError::Timeout) if success => return Ok(()),
            Ok(Ok((piece, len))) => buffer.append(&piece[..len]),
            Ok(Err(error)) => return Err(failure(kind_of(&error))),
            Err(RecvTimeoutError::Timeout) => {}
            // Its output has ended, and it has not.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(Duration::from_millis(2)),
        }
        if buffer.0.len() - start > MAX_CONTENT {
            return Err(failure(FailureKind::TooLarge));
        }
        match child.try_wait().map_err(|error| failure(kind_of(&error)))? {
            Some(status) if !status.success() => return Err(failure(FailureKind::Unsuccessful)),
            Some(_) => success = true,
            None if StdInstant::now() > deadline => return Err(failure(FailureKind::Timeout)),
            None => {}
        }
    }
}

/// Ends a child and what it has started. It may have ended by itself.
fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Asks whoever sits at the terminal.
fn prompt(question: &str, hidden: bool, buffer: &mut Buffer) -> Result<(), Failure> {
    let input = io::stdin();
    if !input.is_terminal() {
        return Err(failed(Phase::Prompt, FailureKind::Unsupported));
    }
    let failure = |error: io::Error| failed(Phase::Prompt, kind_of(&error));
    // Silent first: who answers at once is not to be seen.
    let quiet = if hidden { Some(Quiet::new().map_err(failure)?) } else { None };
    // Others may have something to say before the answer comes: nothing is locked until then.
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

/// Reads a line that is not shown, key by key. A key that would end the program ends the question: the
/// terminal must not stay silent.
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
                // A character of several bytes goes as one.
                while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
            }
            byte if line.len() < line.capacity() => line.push(byte),
            _ => return Err(io::ErrorKind::InvalidInput.into()),
        }
    }
    buffer.append(&line);
    Ok(())
}

/// A terminal that does not show what is typed, and hands it over key by key, for as long as this lives.
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
        // A terminal that has gone shows nothing anyway.
        let _ = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, &self.0);
    }
}

/// No means to hide what is typed.
#[cfg(not(unix))]
struct Quiet;

#[cfg(not(unix))]
impl Quiet {
    fn new() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

fn failed(phase: Phase, kind: FailureKind) -> Failure {
    Failure { phase, kind }
}

fn kind_of(error: &io::Error) -> FailureKind {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FailureKind::NotFound,
        io::ErrorKind::PermissionDenied => FailureKind::Denied,
        _ => FailureKind::Other,
    }
}
