//! The caller's streams.

use embedded_io::{Read, Write};
use embedded_nal::nb;
use rolecall_core::error::FailureKind;
use rolecall_core::skew::Instant;

use super::persist;
use crate::Board;
use crate::bodies::{Bodies, no_more_than, own_failure};

/// Sources and sinks of streamed bodies.
pub(crate) trait Ends<B> {
    /// Rewinds the reader, and returns whether it could.
    fn rewind(&mut self) -> bool;

    /// Reads some bytes and returns how many, 0 at the end.
    fn read(&mut self, board: &mut B, until: Instant, room: &mut [u8]) -> Result<usize, FailureKind>;

    /// Makes the writer drop what it has, and returns whether it could.
    fn start_over(&mut self) -> bool;

    /// Writes at least one byte of `bytes`, and returns how many.
    fn write(&mut self, board: &mut B, until: Instant, bytes: &[u8]) -> Result<usize, FailureKind>;
}

/// No streams.
impl<B> Ends<B> for () {
    fn rewind(&mut self) -> bool {
        false
    }

    fn read(&mut self, _: &mut B, _: Instant, _: &mut [u8]) -> Result<usize, FailureKind> {
        Err(FailureKind::Unsupported)
    }

    fn start_over(&mut self) -> bool {
        false
    }

    fn write(&mut self, _: &mut B, _: Instant, _: &[u8]) -> Result<usize, FailureKind> {
        Err(FailureKind::Unsupported)
    }
}

impl<B: Board, U: Read, D: Write> Ends<B> for Bodies<U, D> {
    fn rewind(&mut self) -> bool {
        Bodies::rewind(self)
    }

    fn read(&mut self, board: &mut B, until: Instant, room: &mut [u8]) -> Result<usize, FailureKind> {
        let Some(upload) = &mut self.upload else { return Err(FailureKind::Unsupported) };
        let read = persist(board, until, upload, |_| {}, |upload| again_if_it_may(upload.read(room)))?;
        no_more_than(room.len(), read)
    }

    fn start_over(&mut self) -> bool {
        Bodies::start_over(self)
    }

    fn write(&mut self, board: &mut B, until: Instant, bytes: &[u8]) -> Result<usize, FailureKind> {
        let Some(download) = &mut self.download else { return Err(FailureKind::Unsupported) };
        let written =
            persist(board, until, download, |_| {}, |download| again_if_it_may(download.write(bytes)))?;
        if written == 0 {
            return Err(FailureKind::Other);
        }
        if written >= bytes.len() {
            persist(board, until, download, |_| {}, |download| again_if_it_may(download.flush()))?;
        }
        Ok(written)
    }
}

fn again_if_it_may<T>(result: Result<T, impl embedded_io::Error>) -> nb::Result<T, FailureKind> {
    result.map_err(|error| own_failure(&error).map_or(nb::Error::WouldBlock, nb::Error::Other))
}
