//! Any stream of `embedded-io-async`: TLS sessions, sockets.

use core::net::IpAddr;
use core::pin::pin;

use embedded_io_async::{Read, Write};
use rolecall_core::error::FailureKind;
use rolecall_core::skew::Instant;

use super::timer::{pause, within};
use super::{Connection, Link, Timer};
use crate::Remote;
use crate::stream::stream_failure;

/// Opens streams. A TLS session plugs in here: `open` connects to `remote.address`, performs the handshake
/// for `remote.endpoint.host()`, and returns the session. If `remote.presents_certificate`, the session
/// presents the board's certificate; a service that refuses it sends an alert, which is reported as
/// [`embedded_io_async::ErrorKind::PermissionDenied`]: in TLS 1.3 by the first read.
///
/// A stream that is dropped is closed; a call that takes too long is dropped, and the stream with it.
/// Reading zero bytes is the end of the stream, as in `embedded-io-async`.
#[allow(async_fn_in_trait, reason = "executors on devices do not move futures between threads")]
pub trait Open {
    /// The stream, which may borrow buffers and the stack from the opener: one is open at a time.
    type Stream<'a>: Read + Write
    where
        Self: 'a;

    /// Resolves a host's name. Hosts written as addresses are not passed here.
    async fn resolve(&mut self, host: &str) -> Result<IpAddr, FailureKind>;

    /// Opens a stream.
    ///
    /// # Errors
    /// A certificate that is not for the endpoint's host is [`FailureKind::Untrusted`], a missing certificate or
    /// key of the board [`FailureKind::Unsupported`];
    /// [`connect_failure`](crate::connect_failure) maps other errors.
    async fn open(&mut self, remote: &Remote<'_>) -> Result<Self::Stream<'_>, FailureKind>;
}

impl<B: Timer, O: Open> Link<B> for O {
    type Connection<'a>
        = StreamConnection<O::Stream<'a>>
    where
        Self: 'a;

    fn wait(&mut self, board: &mut B, until: Instant) -> impl Future<Output = ()> {
        board.sleep_until(until)
    }

    async fn resolve(&mut self, board: &mut B, until: Instant, host: &str) -> Result<IpAddr, FailureKind> {
        within(board, until, pin!(Open::resolve(self, host))).await?
    }

    async fn open(
        &mut self,
        board: &mut B,
        until: Instant,
        remote: &Remote<'_>,
    ) -> Result<StreamConnection<O::Stream<'_>>, FailureKind> {
        Ok(StreamConnection { stream: within(board, until, pin!(Open::open(self, remote))).await?? })
    }
}

/// An open stream.
pub struct StreamConnection<S> {
    stream: S,
}

/// What a stream is asked for.
enum Call<'x> {
    Read(&'x mut [u8]),
    /// And a flush, once all is written.
    Write(&'x [u8]),
    Flush,
}

impl<S: Read + Write> StreamConnection<S> {
    /// Asks, again as long as it may be, and returns how many bytes were read or written. One future for everything.
    async fn call(
        &mut self,
        board: &mut impl Timer,
        until: Instant,
        mut call: Call<'_>,
    ) -> Result<usize, FailureKind> {
        let mut written = 0;
        loop {
            let done = {
                let called = pin!(async {
                    match &mut call {
                        Call::Read(room) => self.stream.read(room).await,
                        Call::Write(bytes) => self.stream.write(bytes).await,
                        Call::Flush => self.stream.flush().await.map(|()| written),
                    }
                });
                within(board, until, called).await?
            };
            match (done, &call) {
                (Ok(0), Call::Write(_)) => {}
                (Ok(count), Call::Write(bytes)) if count >= bytes.len() => {
                    (written, call) = (count, Call::Flush);
                    continue;
                }
                (Ok(count), _) => return Ok(count),
                (Err(error), _) => stream_failure(&error).map_or(Ok(()), Err)?,
            }
            pause(board, until).await?;
        }
    }
}

impl<B: Timer, S: Read + Write> Connection<B> for StreamConnection<S> {
    fn send(
        &mut self,
        board: &mut B,
        until: Instant,
        bytes: &[u8],
    ) -> impl Future<Output = Result<usize, FailureKind>> {
        self.call(board, until, Call::Write(bytes))
    }

    fn receive(
        &mut self,
        board: &mut B,
        until: Instant,
        room: &mut [u8],
    ) -> impl Future<Output = Result<usize, FailureKind>> {
        self.call(board, until, Call::Read(room))
    }
}

impl<S> core::fmt::Debug for StreamConnection<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("StreamConnection")
    }
}
