//! The caller's streams.

use embedded_io::{Read, Write};
use embedded_nal::nb;
use rolecall_core::error::FailureKind;
use rolecall_core::skew::Instant;

use super::persist;
use crate::Board;
use crate::bodies::{Bodies, no_more_than, own_failure};
use crate::conversation::Pass;
use crate::driving::Driving;

/// Sources and sinks of streamed bodies.
pub(crate) trait Ends<B> {
    /// Does what is due between the exchange buffer and the streams.
    fn pass(&mut self, board: &mut B, driving: &mut Driving<'_, '_, '_, '_>);
}

/// No streams: what handles them is then not linked.
impl<B> Ends<B> for () {
    fn pass(&mut self, _: &mut B, driving: &mut Driving<'_, '_, '_, '_>) {
        driving.not_passed();
    }
}

impl<B: Board, U: Read, D: Write> Ends<B> for Bodies<U, D> {
    fn pass(&mut self, board: &mut B, driving: &mut Driving<'_, '_, '_, '_>) {
        match driving.pass() {
            None => {}
            Some(Pass::Rewind) => driving.rewound(self.rewind()),
            Some(Pass::Read { room, until }) => {
                let read = read(&mut self.upload, board, until, room);
                driving.read(board, read);
            }
            Some(Pass::StartOver) => driving.started_over(self.start_over()),
            Some(Pass::Write { bytes, until }) => {
                let written = write(&mut self.download, board, until, bytes);
                driving.written(board, written);
            }
        }
    }
}

/// Reads some bytes and returns how many, 0 at the end.
fn read(
    upload: &mut Option<impl Read>,
    board: &mut impl Board,
    until: Instant,
    room: &mut [u8],
) -> Result<usize, FailureKind> {
    let Some(upload) = upload else { return Err(FailureKind::Unsupported) };
    let read = persist(board, until, upload, |_| {}, |upload| again_if_it_may(upload.read(room)))?;
    no_more_than(room.len(), read)
}

/// Writes at least one byte of `bytes`, and returns how many.
fn write(
    download: &mut Option<impl Write>,
    board: &mut impl Board,
    until: Instant,
    bytes: &[u8],
) -> Result<usize, FailureKind> {
    let Some(download) = download else { return Err(FailureKind::Unsupported) };
    let written = persist(board, until, download, |_| {}, |download| again_if_it_may(download.write(bytes)))?;
    if written == 0 {
        return Err(FailureKind::Other);
    }
    if written >= bytes.len() {
        persist(board, until, download, |_| {}, |download| again_if_it_may(download.flush()))?;
    }
    Ok(written)
}

fn again_if_it_may<T>(result: Result<T, impl embedded_io::Error>) -> nb::Result<T, FailureKind> {
    result.map_err(|error| own_failure(&error).map_or(nb::Error::WouldBlock, nb::Error::Other))
}
