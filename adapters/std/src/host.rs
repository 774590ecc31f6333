//! The I/O of a provider, as a trait.

use std::fmt;
use std::io::{self, Read, Seek, Write};
use std::net::IpAddr;

use rolecall_core::error::{Failure, FailureKind, Phase};
use rolecall_core::flow::{Answer, Endpoint, Exchange};
use rolecall_core::skew::{Instant, Now};

use crate::secret::Wiped;

/// The I/O of a [`Provider`](crate::Provider): network, files, commands, prompts and clocks.
/// [`System`](crate::System) is this machine; another implementation is for tests, and for programs that
/// bring an HTTP client of their own.
pub trait Host: Send + Sync {
    /// Sends the request whose head is in `buffer` ([`Exchange::request`] says where) with the body that
    /// [`Exchange::body`] names, and leaves the reply in `buffer`. Returns an [`Answer::Reply`] or an
    /// [`Answer::Failed`].
    ///
    /// A streamed request body is read from `streams`; the body of a reply of status 2xx is written there if
    /// [`Exchange::streams_reply`] is set. The whole exchange has to end within [`Exchange::limits`].
    fn exchange(
        &self,
        exchange: &Exchange<'_>,
        buffer: &mut Buffer,
        streams: &mut Streams<'_>,
    ) -> Answer<'static>;

    /// As [`Host::exchange`], presenting a certificate in the TLS handshake.
    ///
    /// Without this method, as here, the exchange fails with
    /// [`FailureKind::Unsupported`](rolecall_core::error::FailureKind::Unsupported).
    #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
    fn exchange_as(
        &self,
        identity: &crate::Identity,
        exchange: &Exchange<'_>,
        buffer: &mut Buffer,
        streams: &mut Streams<'_>,
    ) -> Answer<'static> {
        let _ = (identity, exchange, buffer, streams);
        Answer::Failed(Failure { phase: Phase::Connect, kind: FailureKind::Unsupported })
    }

    /// Whether other users of this machine may read the file at `path`.
    fn is_shared(&self, path: &str) -> bool {
        let _ = path;
        false
    }

    /// Appends the content of the file at `path` to `buffer`.
    ///
    /// # Errors
    /// A file that cannot be read, with [`Phase::File`](rolecall_core::error::Phase::File).
    fn read_file(&self, path: &str, buffer: &mut Buffer) -> Result<(), Failure>;

    /// Takes the lock beside the file at `path`, which is released when the value is dropped: processes that renew the
    /// same token take turns.
    ///
    /// # Errors
    /// [`FailureKind::Unsupported`](rolecall_core::error::FailureKind::Unsupported) without locks, as here; a lock
    /// that another process does not release in time.
    fn lock_file(&self, path: &str) -> Result<Box<dyn Send>, Failure> {
        let _ = path;
        Err(Failure { phase: Phase::File, kind: FailureKind::Unsupported })
    }

    /// Replaces the file at `path` as a whole, readable by this user alone.
    ///
    /// # Errors
    /// As [`Host::lock_file`]; a file that cannot be written.
    fn replace_file(&self, path: &str, content: &[u8]) -> Result<(), Failure> {
        let _ = (path, content);
        Err(Failure { phase: Phase::File, kind: FailureKind::Unsupported })
    }

    /// Removes the file at `path`.
    ///
    /// # Errors
    /// As [`Host::lock_file`]; a file that cannot be removed.
    fn remove_file(&self, path: &str) -> Result<(), Failure> {
        let _ = path;
        Err(Failure { phase: Phase::File, kind: FailureKind::Unsupported })
    }

    /// Runs a command line without a shell, with `variables` beside those of this process, and appends its standard
    /// output to `buffer`.
    ///
    /// # Errors
    /// A command that cannot be run, fails or takes too long, with
    /// [`Phase::Process`](rolecall_core::error::Phase::Process).
    fn run(&self, command: &str, variables: &[(&str, &str)], buffer: &mut Buffer) -> Result<(), Failure>;

    /// Resolves a host name.
    ///
    /// # Errors
    /// A name without an address, with [`Phase::Resolve`](rolecall_core::error::Phase::Resolve).
    fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Failure>;

    /// Asks the user a question, and appends the answer to `buffer`. If `hidden`, the answer is a secret and
    /// must not be echoed.
    ///
    /// # Errors
    /// No terminal, or no answer in time, with [`Phase::Prompt`](rolecall_core::error::Phase::Prompt).
    fn prompt(&self, question: &str, hidden: bool, buffer: &mut Buffer) -> Result<(), Failure>;

    /// Reads both clocks.
    fn now(&self) -> Now;

    /// Reads the monotonic clock.
    fn monotonic(&self) -> Instant {
        self.now().monotonic
    }

    /// Waits until `instant` on the monotonic clock.
    fn sleep_until(&self, instant: Instant);

    /// Draws 32 random bits for jitter; they protect no secret.
    fn entropy(&self) -> u32;

    /// Fills `bytes` from a cryptographic random number generator.
    ///
    /// # Errors
    /// A system without one.
    fn random(&self, bytes: &mut [u8]) -> Result<(), Failure>;

    /// The proxy that requests to `endpoint` go through, without user and password, for errors and explanations.
    fn proxy(&self, endpoint: &Endpoint<'_>) -> Option<String> {
        let _ = endpoint;
        None
    }

    /// What to do about the last exchange that failed, where this host knows more than the kind of the failure says: what
    /// is wrong with a certificate, for example.
    fn hint(&self) -> Option<String> {
        None
    }

    /// What is wrong with a setting of this host that is used all the same, such as one certificate of a file. It is
    /// asked after each exchange, and reported ([`Trace::Warning`](crate::Trace::Warning)); it is returned once.
    fn warning(&self) -> Option<String> {
        None
    }

    /// What is wrong with a setting of this host, such as a file of certificates, if it made the last
    /// exchange fail.
    fn trouble(&self) -> Option<String> {
        None
    }
}

/// Streamed bodies: read while a request is sent, written while a reply is received.
#[derive(Default)]
pub struct Streams<'a> {
    /// The body of the request.
    pub upload: Option<&'a mut dyn Upload>,
    /// Where the body of a reply of status 2xx goes.
    pub download: Option<&'a mut dyn Download>,
}

impl fmt::Debug for Streams<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (upload, download) = (self.upload.is_some(), self.download.is_some());
        write!(f, "Streams(upload: {upload}, download: {download})")
    }
}

/// Where the body of a reply goes while it arrives: any writer, or what wants to know the headers first.
pub trait Download {
    /// Takes status and headers, before the body.
    ///
    /// # Errors
    /// An error ends the exchange.
    fn start(&mut self, status: u16, headers: &[(String, String)]) -> io::Result<()> {
        let _ = (status, headers);
        Ok(())
    }

    /// Takes the next part of the body.
    ///
    /// # Errors
    /// As [`Download::start`].
    fn write(&mut self, part: &[u8]) -> io::Result<()>;

    /// Ends the body.
    ///
    /// # Errors
    /// As [`Download::start`].
    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write + ?Sized> Download for W {
    fn write(&mut self, part: &[u8]) -> io::Result<()> {
        self.write_all(part)
    }

    fn end(&mut self) -> io::Result<()> {
        self.flush()
    }
}

/// A body that is read while it is sent.
pub trait Upload {
    /// Returns a reader at the start of the body; called each time the request is sent.
    ///
    /// # Errors
    /// A body that cannot be read, or not a second time.
    fn start(&mut self) -> io::Result<Box<dyn Read + '_>>;

    /// Whether the body can be read more than once, so that the request may be sent again.
    fn rewinds(&self) -> bool;
}

/// A file, or any other reader that can be rewound.
impl<R: Read + Seek> Upload for R {
    fn start(&mut self) -> io::Result<Box<dyn Read + '_>> {
        self.rewind()?;
        Ok(Box::new(self))
    }

    fn rewinds(&self) -> bool {
        true
    }
}

/// A body that can be read once, from a pipe for example.
#[derive(Debug)]
pub struct Once<R>(Option<R>, bool);

impl<R: Read> Once<R> {
    /// Wraps `reader`.
    pub fn new(reader: R) -> Self {
        Self(Some(reader), false)
    }
}

impl<R: Read> Upload for Once<R> {
    fn start(&mut self) -> io::Result<Box<dyn Read + '_>> {
        match &mut self.0 {
            Some(reader) if !std::mem::replace(&mut self.1, true) => Ok(Box::new(reader)),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn rewinds(&self) -> bool {
        false
    }
}

/// A byte buffer that is wiped when it is dropped, replaced or outgrown.
#[derive(Default)]
pub struct Buffer(pub(crate) Wiped<Vec<u8>>);

impl Buffer {
    /// An empty buffer, without memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Borrows the content.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its content, writable in place.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Appends bytes. Memory that is outgrown is wiped first.
    pub fn append(&mut self, bytes: &[u8]) {
        append(&mut self.0, bytes);
    }

    /// Wipes and empties it.
    pub fn clear(&mut self) {
        self.0.wipe();
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} bytes)", self.0.len())
    }
}

/// Appends zeroes up to `len` bytes, in pieces: `resize` writes them one by one where code is optimized for size.
pub(crate) fn fill_up(buffer: &mut Wiped<Vec<u8>>, len: usize) {
    let missing = len.saturating_sub(buffer.len());
    buffer.reserve_exact(missing);
    while buffer.len() < len {
        let piece = [0; 1024];
        let more = piece.len().min(len - buffer.len());
        buffer.extend_from_slice(&piece[..more]);
    }
}

/// Appends, and wipes memory that is outgrown, as a plain vector would not.
pub(crate) fn append(buffer: &mut Wiped<Vec<u8>>, bytes: &[u8]) {
    append_within(usize::MAX, buffer, bytes);
}

/// As [`append`], for a buffer that will hold at most `most` bytes.
pub(crate) fn append_within(most: usize, buffer: &mut Wiped<Vec<u8>>, bytes: &[u8]) {
    let needed = buffer.len() + bytes.len();
    if buffer.capacity() < needed {
        let room = needed.next_power_of_two().min(most.max(needed));
        let mut larger = Wiped::new(Vec::with_capacity(room));
        larger.extend_from_slice(buffer);
        *buffer = larger;
    }
    buffer.extend_from_slice(bytes);
}
