//! What a flow needs from outside, as a trait.

use std::fmt;
use std::io::{self, Read, Seek, Write};
use std::net::IpAddr;

use rolecall_core::error::Failure;
use rolecall_core::flow::{Answer, Exchange};
use rolecall_core::skew::{Instant, Now};
use zeroize::{Zeroize, Zeroizing};

/// The outside world of a [`Provider`](crate::Provider): the network, files, commands, people and
/// clocks. [`System`](crate::System) is the real one; another one is for tests, and for programs that have an HTTP
/// client of their own.
pub trait Host: Send + Sync {
    /// Sends the request whose head is in `buffer` ([`Exchange::request`] says where) with the body that
    /// [`Exchange::body`] names, and leaves the reply there: an [`Answer::Reply`] or an
    /// [`Answer::Failed`]. A body with the driver's caller is read from `streams`, and one of a reply of
    /// status 2xx is written there where [`Exchange::streams_reply`] is set.
    fn exchange(
        &self,
        exchange: &Exchange<'_>,
        buffer: &mut Buffer,
        streams: &mut Streams<'_>,
    ) -> Answer<'static>;

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

    /// What the monotonic clock says.
    fn monotonic(&self) -> Instant {
        self.now().monotonic
    }

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

/// Bodies that are streamed: read while a request is sent, written while a reply comes in.
#[derive(Default)]
pub struct Streams<'a> {
    /// The body of the request.
    pub upload: Option<&'a mut dyn Upload>,
    /// Where the body of a reply of status 2xx goes.
    pub download: Option<&'a mut dyn Write>,
}

impl fmt::Debug for Streams<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (upload, download) = (self.upload.is_some(), self.download.is_some());
        write!(f, "Streams(upload: {upload}, download: {download})")
    }
}

/// A body that is read while it is sent.
pub trait Upload {
    /// The body from its start, each time a request is sent.
    ///
    /// # Errors
    /// Where it cannot be read, or cannot be read once more.
    fn start(&mut self) -> io::Result<&mut dyn Read>;

    /// Whether it can be read more than once, so that a request may be sent again.
    fn rewinds(&self) -> bool;
}

/// Anything that can be rewound: a file, say.
impl<R: Read + Seek> Upload for R {
    fn start(&mut self) -> io::Result<&mut dyn Read> {
        self.rewind()?;
        Ok(self)
    }

    fn rewinds(&self) -> bool {
        true
    }
}

/// A body that can be read once: a pipe, say.
#[derive(Debug)]
pub struct Once<R>(Option<R>, bool);

impl<R: Read> Once<R> {
    /// What `reader` gives.
    pub fn new(reader: R) -> Self {
        Self(Some(reader), false)
    }
}

impl<R: Read> Upload for Once<R> {
    fn start(&mut self) -> io::Result<&mut dyn Read> {
        match &mut self.0 {
            Some(reader) if !std::mem::replace(&mut self.1, true) => Ok(reader),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn rewinds(&self) -> bool {
        false
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

/// Appends, and wipes the old memory when there is not enough of it: a growing vector would not.
pub(crate) fn append(buffer: &mut Zeroizing<Vec<u8>>, bytes: &[u8]) {
    append_within(usize::MAX, buffer, bytes);
}

/// As [`append`], for a buffer that will hold no more than `most` bytes.
pub(crate) fn append_within(most: usize, buffer: &mut Zeroizing<Vec<u8>>, bytes: &[u8]) {
    let needed = buffer.len() + bytes.len();
    if buffer.capacity() < needed {
        let room = needed.next_power_of_two().min(most.max(needed));
        let mut larger = Zeroizing::new(Vec::with_capacity(room));
        larger.extend_from_slice(buffer);
        *buffer = larger;
    }
    buffer.extend_from_slice(bytes);
}
