//! Blocking networks: [`Tcp`] for `embedded-nal`, [`Streams`] for `embedded-io`.

mod drive;
mod ends;
mod streams;
mod tcp;

use core::net::IpAddr;

use embedded_nal::nb;
use rolecall_core::error::FailureKind;
use rolecall_core::skew::Instant;

use crate::{Board, Remote};

pub(crate) use drive::run;
pub(crate) use ends::Ends;
pub use streams::{Open, StreamConnection, Streams};
pub use tcp::{Tcp, TcpConnection, ZeroRead};

/// A network that a [`Driver`](crate::Driver) can use: [`Tcp`] or [`Streams`].
///
/// Every operation ends by its `until`, with [`FailureKind::Timeout`] if not before.
pub trait Link<B> {
    /// An open connection; dropping it closes it.
    type Connection<'a>: Connection<B>
    where
        Self: 'a;

    /// Waits until `until`.
    fn wait(&mut self, board: &mut B, until: Instant);

    /// Resolves a name.
    fn resolve(&mut self, board: &mut B, until: Instant, host: &str) -> Result<IpAddr, FailureKind>;

    /// Opens a connection.
    fn open(
        &mut self,
        board: &mut B,
        until: Instant,
        remote: &Remote<'_>,
    ) -> Result<Self::Connection<'_>, FailureKind>;
}

/// An open connection.
pub trait Connection<B> {
    /// Whether [`Connection::check`] looks at replies.
    const CHECKS: bool = false;

    /// Sends at least one byte of `bytes`, and returns how many.
    fn send(&mut self, board: &mut B, until: Instant, bytes: &[u8]) -> Result<usize, FailureKind>;

    /// Receives into `room` and returns how many bytes, or 0 at the end of the stream.
    fn receive(&mut self, board: &mut B, until: Instant, room: &mut [u8]) -> Result<usize, FailureKind>;

    /// Looks at the header lines kept of a reply, as soon as its head is there and before anything of it is used. An error
    /// is that of the exchange.
    fn check(&mut self, board: &mut B, headers: &[u8]) -> Result<(), FailureKind> {
        let _ = (board, headers);
        Ok(())
    }
}

/// Repeats an operation until it no longer blocks or its time is up, and calls `idle` in between.
fn persist<X, T>(
    board: &mut impl Board,
    until: Instant,
    network: &mut X,
    idle: impl Fn(&mut X),
    mut attempt: impl FnMut(&mut X) -> nb::Result<T, FailureKind>,
) -> Result<T, FailureKind> {
    loop {
        match attempt(network) {
            Ok(done) => return Ok(done),
            Err(nb::Error::Other(kind)) => return Err(kind),
            Err(nb::Error::WouldBlock) => {}
        }
        if board.now().monotonic >= until {
            return Err(FailureKind::Timeout);
        }
        idle(network);
    }
}

/// Calls `idle` until then.
fn idle_until(board: &mut impl Board, until: Instant, mut idle: impl FnMut()) {
    while board.now().monotonic < until {
        idle();
    }
}
