//! The async twin of [`blocking`](crate::blocking): [`Tcp`] for `embedded-nal-async`, [`Open`] for any stream
//! of `embedded-io-async`.

mod drive;
mod ends;
mod streams;
mod tcp;
mod timer;

use core::net::IpAddr;

use rolecall_core::error::FailureKind;
use rolecall_core::skew::Instant;

use crate::Remote;

pub(crate) use drive::run;
pub(crate) use ends::Ends;
pub use streams::{Open, StreamConnection};
pub use tcp::Tcp;
pub use timer::Timer;

/// A network that a [`Driver`](crate::Driver) can use: any [`Open`].
///
/// Every operation ends by its `until`, with [`FailureKind::Timeout`] if not before.
#[allow(async_fn_in_trait, reason = "executors on devices do not move futures between threads")]
pub trait Link<B> {
    /// An open connection; dropping it closes it.
    type Connection<'a>: Connection<B>
    where
        Self: 'a;

    /// Waits until `until`.
    async fn wait(&mut self, board: &mut B, until: Instant);

    /// Resolves a name.
    async fn resolve(&mut self, board: &mut B, until: Instant, host: &str) -> Result<IpAddr, FailureKind>;

    /// Opens a connection.
    async fn open(
        &mut self,
        board: &mut B,
        until: Instant,
        remote: &Remote<'_>,
    ) -> Result<Self::Connection<'_>, FailureKind>;
}

/// An open connection.
#[allow(async_fn_in_trait, reason = "executors on devices do not move futures between threads")]
pub trait Connection<B> {
    /// Whether [`Connection::check`] looks at replies.
    const CHECKS: bool = false;

    /// Sends at least one byte of `bytes`, and returns how many.
    async fn send(&mut self, board: &mut B, until: Instant, bytes: &[u8]) -> Result<usize, FailureKind>;

    /// Receives into `room` and returns how many bytes, or 0 at the end of the stream.
    async fn receive(&mut self, board: &mut B, until: Instant, room: &mut [u8])
    -> Result<usize, FailureKind>;

    /// Looks at the header lines kept of a reply, as soon as its head is there and before anything of it is used. An error
    /// is that of the exchange.
    fn check(&mut self, board: &mut B, headers: &[u8]) -> Result<(), FailureKind> {
        let _ = (board, headers);
        Ok(())
    }
}
