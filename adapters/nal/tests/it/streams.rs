//! Readers and writers, blocking and async, with injected faults.

use std::convert::Infallible;
use std::future::pending;

use embedded_io::ErrorKind;

use crate::board::Time;

/// Injected faults and delays of a stream.
#[derive(Clone, Default)]
pub(crate) struct Faults {
    /// The largest number of bytes per call; 0 for no limit.
    pub(crate) piece: usize,
    /// Fails after this many bytes.
    pub(crate) fails_at: Option<usize>,
    /// Stalls after this many bytes.
    pub(crate) stalls_at: Option<usize>,
    /// Duration of each call in milliseconds.
    pub(crate) takes_ms: u64,
    /// Every other call is interrupted.
    pub(crate) is_interrupted: bool,
    /// Reports this many bytes more than it returned.
    pub(crate) overreports_by: usize,
    pub(crate) time: Time,
    pub(crate) calls: usize,
}

enum Turn {
    Go(usize),
    Stall,
    Fail(ErrorKind),
}

impl Faults {
    fn turn(&mut self, at: usize, len: usize) -> Turn {
        self.time.pass(self.takes_ms);
        self.calls += 1;
        if self.is_interrupted && self.calls % 2 == 1 {
            return Turn::Fail(ErrorKind::Interrupted);
        }
        if self.stalls_at.is_some_and(|stalls| at >= stalls) {
            return Turn::Stall;
        }
        if self.fails_at.is_some_and(|fails| at >= fails) {
            return Turn::Fail(ErrorKind::Other);
        }
        let until = |end: Option<usize>| end.map_or(len, |end| end - at);
        let most = if self.piece == 0 { len } else { self.piece };
        Turn::Go(len.min(most).min(until(self.stalls_at)).min(until(self.fails_at)))
    }

    /// A blocking call that times out.
    fn time_out(&mut self) -> ErrorKind {
        self.time.pass(1);
        ErrorKind::TimedOut
    }
}

/// A reader that returns its bytes.
#[derive(Clone, Default)]
pub(crate) struct ByteSource {
    pub(crate) bytes: Vec<u8>,
    pub(crate) at: usize,
    pub(crate) faults: Faults,
    pub(crate) rewinds: usize,
}

impl ByteSource {
    pub(crate) fn of(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), ..Self::default() }
    }

    pub(crate) fn rewind(&mut self) -> bool {
        self.at = 0;
        self.rewinds += 1;
        true
    }

    fn read_some(&mut self, room: &mut [u8]) -> Turn {
        let turn = self.faults.turn(self.at, room.len().min(self.bytes.len() - self.at));
        if let Turn::Go(count) = turn {
            room[..count].copy_from_slice(&self.bytes[self.at..][..count]);
            self.at += count;
        }
        turn
    }
}

impl embedded_io::ErrorType for ByteSource {
    type Error = ErrorKind;
}

impl embedded_io::Read for ByteSource {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        match self.read_some(room) {
            Turn::Go(count) => Ok(count + self.faults.overreports_by),
            Turn::Stall => Err(self.faults.time_out()),
            Turn::Fail(kind) => Err(kind),
        }
    }
}

impl embedded_io_async::Read for ByteSource {
    async fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        match self.read_some(room) {
            Turn::Go(count) => Ok(count + self.faults.overreports_by),
            Turn::Stall => pending::<Result<usize, Infallible>>().await.map_err(|never| match never {}),
            Turn::Fail(kind) => Err(kind),
        }
    }
}

/// A writer that keeps its bytes.
#[derive(Clone, Default)]
pub(crate) struct Sink {
    pub(crate) got: Vec<u8>,
    pub(crate) faults: Faults,
    pub(crate) starts: usize,
    pub(crate) is_flushed: bool,
}

impl Sink {
    pub(crate) fn start_over(&mut self) -> bool {
        self.got.clear();
        self.starts += 1;
        true
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.got).unwrap()
    }

    fn write_some(&mut self, bytes: &[u8]) -> Turn {
        let turn = self.faults.turn(self.got.len(), bytes.len());
        if let Turn::Go(count) = turn {
            self.got.extend_from_slice(&bytes[..count]);
            self.is_flushed = false;
        }
        turn
    }
}

impl embedded_io::ErrorType for Sink {
    type Error = ErrorKind;
}

impl embedded_io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        match self.write_some(bytes) {
            Turn::Go(count) => Ok(count),
            Turn::Stall => Err(self.faults.time_out()),
            Turn::Fail(kind) => Err(kind),
        }
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.is_flushed = true;
        Ok(())
    }
}

impl embedded_io_async::Write for Sink {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        match self.write_some(bytes) {
            Turn::Go(count) => Ok(count),
            Turn::Stall => pending::<Result<usize, Infallible>>().await.map_err(|never| match never {}),
            Turn::Fail(kind) => Err(kind),
        }
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.is_flushed = true;
        Ok(())
    }
}
