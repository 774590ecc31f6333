//! The caller's streams.

use core::future::Future;

use embedded_io_async::{Read, Write};
use rolecall_core::error::FailureKind;
use rolecall_core::skew::Instant;

use super::Timer;
use super::timer::{pause, within};
use crate::bodies::{Bodies, no_more_than, own_failure};

/// Sources and sinks of streamed bodies.
#[allow(async_fn_in_trait, reason = "executors on devices do not move futures between threads")]
pub(crate) trait Ends<B> {
    /// Rewinds the reader, and returns whether it could.
    fn rewind(&mut self) -> bool;

    /// Reads some bytes and returns how many, 0 at the end.
    async fn read(&mut self, board: &mut B, until: Instant, room: &mut [u8]) -> Result<usize, FailureKind>;

    /// Makes the writer drop what it has, and returns whether it could.
    fn start_over(&mut self) -> bool;

    /// Writes at least one byte of `bytes`, and returns how many.
    async fn write(&mut self, board: &mut B, until: Instant, bytes: &[u8]) -> Result<usize, FailureKind>;
}

/// No streams.
impl<B> Ends<B> for () {
    fn rewind(&mut self) -> bool {
        false
    }

    async fn read(&mut self, _: &mut B, _: Instant, _: &mut [u8]) -> Result<usize, FailureKind> {
        Err(FailureKind::Unsupported)
    }

    fn start_over(&mut self) -> bool {
        false
    }

    async fn write(&mut self, _: &mut B, _: Instant, _: &[u8]) -> Result<usize, FailureKind> {
        Err(FailureKind::Unsupported)
    }
}

impl<B: Timer, U: Read, D: Write> Ends<B> for Bodies<U, D> {
    fn rewind(&mut self) -> bool {
        Bodies::rewind(self)
    }

    async fn read(&mut self, board: &mut B, until: Instant, room: &mut [u8]) -> Result<usize, FailureKind> {
        let Some(upload) = &mut self.upload else { return Err(FailureKind::Unsupported) };
        loop {
            match once(board, until, upload.read(room)).await? {
                Some(count) => return no_more_than(room.len(), count),
                None => pause(board, until).await?,
            }
        }
    }

    fn start_over(&mut self) -> bool {
        Bodies::start_over(self)
    }

    async fn write(&mut self, board: &mut B, until: Instant, bytes: &[u8]) -> Result<usize, FailureKind> {
        let Some(download) = &mut self.download else { return Err(FailureKind::Unsupported) };
        let written = loop {
            match once(board, until, download.write(bytes)).await? {
                Some(0) => return Err(FailureKind::Other),
                Some(count) => break count,
                None => pause(board, until).await?,
            }
        };
        while written >= bytes.len() && once(board, until, download.flush()).await?.is_none() {
            pause(board, until).await?;
        }
        Ok(written)
    }
}

/// The outcome of a call; `None` if the call may be repeated, and a timeout if there is none by `until`.
async fn once<T, E: embedded_io::Error>(
    board: &mut impl Timer,
    until: Instant,
    call: impl Future<Output = Result<T, E>>,
) -> Result<Option<T>, FailureKind> {
    let settled = async {
        match call.await {
            Ok(done) => Ok(Some(done)),
            Err(error) => own_failure(&error).map_or(Ok(None), Err),
        }
    };
    within(board, until, settled).await
}
