//! Plain TCP over `embedded-nal`.

use core::net::IpAddr;

use embedded_nal::{AddrType, Dns, TcpClientStack, TcpError, TcpErrorKind, nb};
use rolecall_core::error::FailureKind;
use rolecall_core::skew::Instant;
use rolecall_core::wire::uri::Scheme;

use super::{Connection, Link, idle_until, persist};
use crate::{Board, Remote};

/// What a stack means by receiving zero bytes: implementations of `embedded-nal` disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ZeroRead {
    /// Nothing has arrived yet (smoltcp-nal). Safe for every stack, with one limit: where zero does mean the
    /// end, a reply that is ended by the end of the stream alone times out. No AWS service sends such
    /// replies.
    #[default]
    NoData,
    /// The peer has ended the stream (std-embedded-nal).
    End,
}

/// A TCP/IP stack without TLS, and what to do while it has nothing to do. An `https` endpoint is refused with
/// [`FailureKind::Unsupported`], and needs TLS over it (the crate `rolecall-tls`), or [`Streams`](super::Streams).
///
/// `idle` is called whenever the stack would block: it may poll the stack, feed a watchdog, or sleep until
/// an interrupt. It should return within a few milliseconds, because limits are checked between two calls. A
/// stack whose own calls block, as the `connect` of std-embedded-nal does, can exceed a limit by that time.
#[derive(Debug)]
pub struct Tcp<S, I> {
    stack: S,
    idle: I,
    zero_read: ZeroRead,
}

impl<S: TcpClientStack + Dns, I: FnMut(&mut S)> Tcp<S, I> {
    /// A network over a stack that also resolves names; for others there is [`WithDns`](crate::WithDns).
    pub fn new(stack: S, idle: I) -> Self {
        Self { stack, idle, zero_read: ZeroRead::NoData }
    }

    /// Sets what this stack means by zero bytes.
    pub fn with_zero_read(self, zero_read: ZeroRead) -> Self {
        Self { zero_read, ..self }
    }

    /// Borrows the stack, to poll it between two runs for example.
    pub fn stack(&mut self) -> &mut S {
        &mut self.stack
    }
}

impl<S, I: FnMut(&mut S)> Tcp<S, I> {
    fn idle(&mut self) {
        (self.idle)(&mut self.stack);
    }
}

impl<B: Board, S: TcpClientStack + Dns, I: FnMut(&mut S)> Link<B> for Tcp<S, I> {
    type Connection<'a>
        = TcpConnection<'a, S, I>
    where
        Self: 'a;

    fn wait(&mut self, board: &mut B, until: Instant) {
        idle_until(board, until, || self.idle());
    }

    fn resolve(&mut self, board: &mut B, until: Instant, host: &str) -> Result<IpAddr, FailureKind> {
        persist(board, until, self, Tcp::idle, |tcp| {
            let found = tcp.stack.get_host_by_name(host, AddrType::Either);
            found.map_err(|error| error.map(|_| FailureKind::NotFound))
        })
    }

    fn open(
        &mut self,
        board: &mut B,
        until: Instant,
        remote: &Remote<'_>,
    ) -> Result<TcpConnection<'_, S, I>, FailureKind> {
        if remote.endpoint.scheme() == Scheme::Https && !remote.carries_tls {
            return Err(FailureKind::Unsupported);
        }
        let socket = self.stack.socket().map_err(|_| FailureKind::Other)?;
        let mut connection = TcpConnection { tcp: self, socket: Some(socket) };
        connection.persist(board, until, |stack, socket, _| {
            stack.connect(socket, remote.socket_addr()).map_err(|error| error.map(|_| FailureKind::NotFound))
        })?;
        Ok(connection)
    }
}

/// An open TCP connection.
pub struct TcpConnection<'a, S: TcpClientStack, I: FnMut(&mut S)> {
    tcp: &'a mut Tcp<S, I>,
    /// `None` once it is being dropped.
    socket: Option<S::TcpSocket>,
}

impl<S: TcpClientStack, I: FnMut(&mut S)> TcpConnection<'_, S, I> {
    fn persist<T>(
        &mut self,
        board: &mut impl Board,
        until: Instant,
        mut attempt: impl FnMut(&mut S, &mut S::TcpSocket, ZeroRead) -> nb::Result<T, FailureKind>,
    ) -> Result<T, FailureKind> {
        let idle = |connection: &mut Self| connection.tcp.idle();
        persist(board, until, self, idle, |connection| match &mut connection.socket {
            Some(socket) => attempt(&mut connection.tcp.stack, socket, connection.tcp.zero_read),
            None => Err(nb::Error::Other(FailureKind::Closed)),
        })
    }
}

impl<B: Board, S: TcpClientStack, I: FnMut(&mut S)> Connection<B> for TcpConnection<'_, S, I> {
    fn send(&mut self, board: &mut B, until: Instant, bytes: &[u8]) -> Result<usize, FailureKind> {
        self.persist(board, until, |stack, socket, _| match stack.send(socket, bytes) {
            Ok(0) => Err(nb::Error::WouldBlock),
            // Stacks have no name for a reset but "other".
            sent => sent.map_err(|error| error.map(|_| FailureKind::Closed)),
        })
    }

    fn receive(&mut self, board: &mut B, until: Instant, room: &mut [u8]) -> Result<usize, FailureKind> {
        self.persist(board, until, |stack, socket, zero_read| match stack.receive(socket, room) {
            Ok(0) if zero_read == ZeroRead::NoData => Err(nb::Error::WouldBlock),
            Err(nb::Error::Other(error)) if error.kind() == TcpErrorKind::PipeClosed => Ok(0),
            received => received.map_err(|error| error.map(|_| FailureKind::Closed)),
        })
    }
}

impl<S: TcpClientStack, I: FnMut(&mut S)> Drop for TcpConnection<'_, S, I> {
    fn drop(&mut self) {
        if let Some(socket) = self.socket.take() {
            // It is gone either way.
            let _ = self.tcp.stack.close(socket);
            // A polled stack notifies its peer here.
            self.tcp.idle();
        }
    }
}

impl<S: TcpClientStack, I: FnMut(&mut S)> core::fmt::Debug for TcpConnection<'_, S, I> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("TcpConnection")
    }
}
