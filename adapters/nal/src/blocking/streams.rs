//! Any stream of `embedded-io`: TLS sessions, modems with sockets of their own.

use core::net::IpAddr;

use embedded_io::{Read, Write};
use embedded_nal::nb;
use rolecall_core::error::FailureKind;
use rolecall_core::skew::Instant;

use super::{Connection, Link, idle_until, persist};
use crate::stream::stream_failure;
use crate::{Board, Remote};

/// Opens streams. A TLS session plugs in here: `open` connects to `remote.address`, performs the handshake
/// for `remote.endpoint.host()`, and returns the session. If `remote.presents_certificate`, the session
/// presents the board's certificate; a service that refuses it sends an alert, which is reported as
/// [`embedded_io::ErrorKind::PermissionDenied`]: in TLS 1.3 by the first read.
///
/// A stream that is dropped is closed. Its calls block, and limits are checked between two calls only: let
/// reads fail with [`embedded_io::ErrorKind::TimedOut`] after a moment without data, and the driver repeats
/// them until the limit. Reading zero bytes is the end of the stream, as in `embedded-io`.
pub trait Open {
    /// The stream, which may borrow buffers and the stack from the opener: one is open at a time.
    type Stream<'a>: Read + Write
    where
        Self: 'a;

    /// Resolves a host's name, by `until`. Hosts written as addresses are not passed here.
    fn resolve(&mut self, host: &str, until: Instant) -> Result<IpAddr, FailureKind>;

    /// Opens a stream, by `until`.
    ///
    /// # Errors
    /// A certificate that is not for the endpoint's host is [`FailureKind::Untrusted`], a missing certificate or
    /// key of the board [`FailureKind::Unsupported`];
    /// [`connect_failure`](crate::connect_failure) maps other errors.
    fn open(&mut self, remote: &Remote<'_>, until: Instant) -> Result<Self::Stream<'_>, FailureKind>;
}

/// Streams of an opener, and what to do while there is nothing to do: sleep a little.
#[derive(Debug)]
pub struct Streams<O, I> {
    opener: O,
    idle: I,
}

impl<O: Open, I: FnMut()> Streams<O, I> {
    /// The streams of `opener`; `idle` is called between two attempts of an operation.
    pub fn new(opener: O, idle: I) -> Self {
        Self { opener, idle }
    }

    /// Borrows the opener of streams.
    pub fn opener(&mut self) -> &mut O {
        &mut self.opener
    }
}

impl<B: Board, O: Open, I: FnMut()> Link<B> for Streams<O, I> {
    type Connection<'a>
        = StreamConnection<'a, O::Stream<'a>, I>
    where
        Self: 'a;

    fn wait(&mut self, board: &mut B, until: Instant) {
        idle_until(board, until, || (self.idle)());
    }

    fn resolve(&mut self, _: &mut B, until: Instant, host: &str) -> Result<IpAddr, FailureKind> {
        self.opener.resolve(host, until)
    }

    fn open(
        &mut self,
        _: &mut B,
        until: Instant,
        remote: &Remote<'_>,
    ) -> Result<StreamConnection<'_, O::Stream<'_>, I>, FailureKind> {
        Ok(StreamConnection { stream: self.opener.open(remote, until)?, idle: &mut self.idle })
    }
}

/// An open stream.
pub struct StreamConnection<'a, S, I> {
    stream: S,
    idle: &'a mut I,
}

impl<S, I: FnMut()> StreamConnection<'_, S, I> {
    fn idle(&mut self) {
        (self.idle)();
    }
}

impl<B: Board, S: Read + Write, I: FnMut()> Connection<B> for StreamConnection<'_, S, I> {
    fn send(&mut self, board: &mut B, until: Instant, bytes: &[u8]) -> Result<usize, FailureKind> {
        let sent = persist(board, until, self, Self::idle, |this| match this.stream.write(bytes) {
            Ok(0) => Err(nb::Error::WouldBlock),
            sent => again_if_it_may(sent),
        })?;
        if sent >= bytes.len() {
            persist(board, until, self, Self::idle, |this| again_if_it_may(this.stream.flush()))?;
        }
        Ok(sent)
    }

    fn receive(&mut self, board: &mut B, until: Instant, room: &mut [u8]) -> Result<usize, FailureKind> {
        persist(board, until, self, Self::idle, |this| again_if_it_may(this.stream.read(room)))
    }
}

fn again_if_it_may<T>(result: Result<T, impl embedded_io::Error>) -> nb::Result<T, FailureKind> {
    result.map_err(|error| stream_failure(&error).map_or(nb::Error::WouldBlock, nb::Error::Other))
}

impl<S, I> core::fmt::Debug for StreamConnection<'_, S, I> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("StreamConnection")
    }
}
