//! Carries flows to their ends.

use rolecall_core::error::Error;
use rolecall_core::flow::{Flow, Memory, Report};
use rolecall_core::skew::Clock;
use rolecall_core::wire::time::UnixTime;

use crate::session::Session;
use crate::{Board, blocking};

/// A board, its network, and what replies have taught about the time: one for all flows.
///
/// `L` is the network: [`blocking::Tcp`], [`blocking::Streams`], or with the feature `async` an
/// `asynch::Open` such as `asynch::Tcp`.
pub struct Driver<B, L> {
    board: B,
    network: L,
    clock: Clock,
    report: Report,
}

impl<B: Board, L> Driver<B, L> {
    /// A driver whose clock learns.
    pub fn new(board: B, network: L) -> Self {
        Self { board, network, clock: Clock::new(), report: Report::new() }
    }

    /// Another clock: one that does not learn, or that starts with a skew measured earlier.
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Drives `flow` to its end. Its result is in the first slot; the exchange buffer is wiped.
    ///
    /// Each exchange keeps the limits that its flow sets; a peer that misses one is an error of the
    /// flow, [`FailureKind::Timeout`](rolecall_core::error::FailureKind::Timeout). One socket is
    /// open at a time, and none any more when this returns. What the flow needs beyond HTTP and
    /// name look-ups - a file, a process, a person - is refused.
    pub fn run<'c, F: Flow<'c>>(
        &mut self,
        flow: &mut F,
        memory: &mut Memory<'_, '_>,
    ) -> Result<F::Output, Error>
    where
        L: blocking::Link<B>,
    {
        let session = Session::new(flow, memory, &mut self.clock, &mut self.report);
        blocking::run(session, &mut self.board, &mut self.network)
    }

    /// As [`Driver::run`], to be awaited.
    ///
    /// The future may be dropped at any time: the connection is closed, the exchange buffer wiped,
    /// and the flow can be run again, from the exchange that was given up.
    #[cfg(feature = "async")]
    pub async fn run_async<'c, F: Flow<'c>>(
        &mut self,
        flow: &mut F,
        memory: &mut Memory<'_, '_>,
    ) -> Result<F::Output, Error>
    where
        L: crate::asynch::Link<B>,
    {
        let session = Session::new(flow, memory, &mut self.clock, &mut self.report);
        crate::asynch::run(session, &mut self.board, &mut self.network).await
    }

    /// The time to sign with, by the board's clocks and what replies have taught; `None`: unknown.
    pub fn time(&mut self) -> Option<UnixTime> {
        self.clock.time(self.board.now())
    }

    /// What replies have taught about the time.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What the peer said about the last run's error.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The board.
    pub fn board(&mut self) -> &mut B {
        &mut self.board
    }

    /// The network.
    pub fn network(&mut self) -> &mut L {
        &mut self.network
    }
}

impl<B, L> core::fmt::Debug for Driver<B, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Driver").field("clock", &self.clock).finish_non_exhaustive()
    }
}
