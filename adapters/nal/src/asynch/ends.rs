//! The caller's streams.

use core::pin::pin;

use embedded_io_async::{Read, Write};
use rolecall_core::error::FailureKind;
use rolecall_core::skew::Instant;

use super::Timer;
use super::timer::{pause, within};
use crate::bodies::{Bodies, no_more_than, own_failure};
use crate::conversation::Pass;
use crate::driving::Driving;

/// Sources and sinks of streamed bodies.
#[allow(async_fn_in_trait, reason = "executors on devices do not move futures between threads")]
pub(crate) trait Ends<B> {
    /// Does what is due between the exchange buffer and the streams.
    async fn pass(&mut self, board: &mut B, driving: &mut Driving<'_, '_, '_, '_>);
}

/// No streams: what handles them is then not linked.
impl<B> Ends<B> for () {
    async fn pass(&mut self, _: &mut B, driving: &mut Driving<'_, '_, '_, '_>) {
        driving.not_passed();
    }
}

impl<B: Timer, U: Read, D: Write> Ends<B> for Bodies<U, D> {
    async fn pass(&mut self, board: &mut B, driving: &mut Driving<'_, '_, '_, '_>) {
        match driving.pass() {
            None => {}
            Some(Pass::Rewind) => driving.rewound(self.rewind()),
            Some(Pass::Read { room, until }) => {
                let read = read(&mut self.upload, board, until, room).await;
                driving.read(board, read);
            }
            Some(Pass::StartOver) => driving.started_over(self.start_over()),
            Some(Pass::Write { bytes, until }) => {
                let written = write(&mut self.download, board, until, bytes).await;
                driving.written(board, written);
            }
        }
    }
}

/// Reads some bytes and returns how many, 0 at the end.
async fn read(
    upload: &mut Option<impl Read>,
    board: &mut impl Timer,
    until: Instant,
    room: &mut [u8],
) -> Result<usize, FailureKind> {
    let Some(upload) = upload else { return Err(FailureKind::Unsupported) };
    let len = room.len();
    loop {
        if let Some(count) = settled(within(board, until, pin!(upload.read(room))).await?)? {
            return no_more_than(len, count);
        }
        pause(board, until).await?;
    }
}

/// Writes at least one byte of `bytes`, and returns how many.
async fn write(
    download: &mut Option<impl Write>,
    board: &mut impl Timer,
    until: Instant,
    bytes: &[u8],
) -> Result<usize, FailureKind> {
    let Some(download) = download else { return Err(FailureKind::Unsupported) };
    let written = loop {
        match settled(within(board, until, pin!(download.write(bytes))).await?)? {
            Some(0) => return Err(FailureKind::Other),
            Some(count) => break count,
            None => pause(board, until).await?,
        }
    };
    while written >= bytes.len() && settled(within(board, until, pin!(download.flush())).await?)?.is_none() {
        pause(board, until).await?;
    }
    Ok(written)
}

/// The outcome of a call; `None` if it may be repeated.
fn settled<T>(called: Result<T, impl embedded_io::Error>) -> Result<Option<T>, FailureKind> {
    match called {
        Ok(done) => Ok(Some(done)),
        Err(error) => own_failure(&error).map_or(Ok(None), Err),
    }
}
