//! Readers and writers, blocking and async, that go wrong on demand.

use std::convert::Infallible;
use std::future::pending;

use embedded_io::ErrorKind;

use crate::board::Time;

/// When a stream does what.
#[derive(Clone, Default)]
pub(crate) struct Habit {
    /// Deals with so many bytes at a time at most, if not 0.
    pub(crate) piece: usize,
    /// Fails after so many bytes.
    pub(crate) fails_at: Option<usize>,
    /// Waits for ever after so many bytes.
    pub(crate) stalls_at: Option<usize>,
    /// Takes so long for each call.
    pub(crate) takes_ms: u64,
    /// Is interrupted at each other call.
    pub(crate) is_interrupted: bool,
    /// Says that it gave so many bytes more than it did.
    pub(crate) lies_by: usize,
    pub(crate) time: Time,
    pub(crate) calls: usize,
}

enum Turn {
    Go(usize),
    Stall,
    Fail(ErrorKind),
}

impl Habit {
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

    /// A blocking call that has waited in vain.
    fn time_out(&mut self) -> ErrorKind {
        self.time.pass(1);
        ErrorKind::TimedOut
    }
}

/// Gives its bytes.
#[derive(Clone, Default)]
pub(crate) struct Spring {
    pub(crate) bytes: Vec<u8>,
    pub(crate) at: usize,
    pub(crate) habit: Habit,
    pub(crate) rewinds: usize,
}

impl Spring {
    pub(crate) fn of(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), ..Self::default() }
    }

    pub(crate) fn rewind(&mut self) -> bool {
        self.at = 0;
        self.rewinds += 1;
        true
    }

    fn give(&mut self, room: &mut [u8]) -> Turn {
        let turn = self.habit.turn(self.at, room.len().min(self.bytes.len() - self.at));
        if let Turn::Go(count) = turn {
            room[..count].copy_from_slice(&self.bytes[self.at..][..count]);
            self.at += count;
        }
        turn
    }
}

impl embedded_io::ErrorType for Spring {
    type Error = ErrorKind;
}

impl embedded_io::Read for Spring {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        match self.give(room) {
            Turn::Go(count) => Ok(count + self.habit.lies_by),
            Turn::Stall => Err(self.habit.time_out()),
            Turn::Fail(kind) => Err(kind),
        }
    }
}

impl embedded_io_async::Read for Spring {
    async fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        match self.give(room) {
            Turn::Go(count) => Ok(count + self.habit.lies_by),
            Turn::Stall => pending::<Result<usize, Infallible>>().await.map_err(|never| match never {}),
            Turn::Fail(kind) => Err(kind),
        }
    }
}

/// Keeps what it takes.
#[derive(Clone, Default)]
pub(crate) struct Sink {
    pub(crate) got: Vec<u8>,
    pub(crate) habit: Habit,
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

    fn take(&mut self, bytes: &[u8]) -> Turn {
        let turn = self.habit.turn(self.got.len(), bytes.len());
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
        match self.take(bytes) {
            Turn::Go(count) => Ok(count),
            Turn::Stall => Err(self.habit.time_out()),
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
        match self.take(bytes) {
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
