//! The state of a run: what to do next. It does no I/O.

use core::net::IpAddr;

use rolecall_core::error::{Failure, FailureKind, Phase};
use rolecall_core::flow::{Answer, Body, Context, Exchange, Memory, Need, Report};
use rolecall_core::skew::{Clock, Instant};
use rolecall_core::wire::uri;
use zeroize::Zeroize;

use crate::bodies::{Given, Used};
use crate::conversation::{Conversation, Transfer};
use crate::running::Run;
use crate::{Board, Remote, trace};

/// For the addresses of a host: one query and two repetitions, in milliseconds.
const RESOLVE_MS: u64 = 5_000;

/// A run of a flow. When it ends or is dropped, the exchange buffer is wiped except for the flow's result.
pub(crate) struct Driving<'s, 'c, 'a, 'm> {
    // Dynamic dispatch, so that this is compiled once for all flows.
    flow: &'s mut (dyn Run<'c> + 's),
    memory: &'s mut Memory<'a, 'm>,
    clock: &'s mut Clock,
    report: &'s mut Report,
    /// The exchange that is under way.
    talk: Option<Conversation<'c>>,
    /// Any other need of the flow.
    due: Option<Act<'c>>,
    /// The other end of the connection, while that is open and may carry an exchange.
    open: Option<Remote<'c>>,
    /// The caller's streams, and which of them are no longer at their start.
    given: Given,
    used: Used,
}

/// What to do when there is no connection.
pub(crate) enum Act<'c> {
    /// Let time pass.
    Wait { until: Instant },
    /// Resolve the name, then [`Driving::resolved`].
    Resolve { host: &'c str, until: Instant },
    /// Connect, then [`Driving::connected`].
    Open { remote: Remote<'c>, until: Instant },
    /// Nothing more.
    Done,
}

impl<'s, 'c, 'a, 'm> Driving<'s, 'c, 'a, 'm> {
    pub(crate) fn new(
        flow: &'s mut (dyn Run<'c> + 's),
        memory: &'s mut Memory<'a, 'm>,
        clock: &'s mut Clock,
        report: &'s mut Report,
        given: Given,
    ) -> Self {
        report.clear();
        let used = Used::default();
        Self { flow, memory, clock, report, talk: None, due: None, open: None, given, used }
    }

    /// What to do next. The previous connection, if there was one, is closed.
    pub(crate) fn next(&mut self, board: &mut impl Board) -> Act<'c> {
        self.open = None;
        loop {
            self.advance(board);
            if let Some(act) = self.due.take() {
                return act;
            }
            if let Some(talk) = &self.talk {
                let (endpoint, until) = (talk.exchange().endpoint, talk.until());
                return match talk.address() {
                    Some(address) => Act::Open { remote: Remote { endpoint, address }, until },
                    None => Act::Resolve { host: endpoint.host(), until },
                };
            }
        }
    }

    /// Records the address that was found, or why there is none.
    pub(crate) fn resolved(&mut self, board: &mut impl Board, found: Result<IpAddr, FailureKind>) {
        match (&mut self.talk, found) {
            (Some(talk), Ok(address)) => talk.resolved(address, board.now()),
            (Some(talk), Err(kind)) => talk.broke(kind, board.now()),
            (None, Ok(address)) => self.answer(board, Answer::Addresses(&[address])),
            (None, Err(kind)) => self.answer(board, failed(Phase::Resolve, kind)),
        }
    }

    /// Records whether there is a connection.
    pub(crate) fn connected(&mut self, board: &mut impl Board, result: Result<(), FailureKind>) {
        let Some(talk) = &mut self.talk else { return };
        match (result, talk.address()) {
            (Ok(()), Some(address)) => {
                self.open = Some(Remote { endpoint: talk.exchange().endpoint, address });
                talk.connected(false, board.now());
            }
            (result, _) => talk.broke(result.err().unwrap_or(FailureKind::Other), board.now()),
        }
    }

    /// What to do next with the connection; `None` to close it.
    pub(crate) fn transfer(&mut self, board: &mut impl Board) -> Option<Transfer<'_>> {
        self.advance(board);
        let talk = self.talk.as_mut().filter(|_| self.due.is_none())?;
        talk.transfer(self.memory.exchange)
    }

    /// Records how many bytes of [`Transfer::Send`] were sent.
    pub(crate) fn sent(&mut self, board: &mut impl Board, sent: Result<usize, FailureKind>) {
        match (&mut self.talk, sent) {
            (Some(talk), Ok(count)) => talk.sent(count, board.now()),
            (Some(talk), Err(kind)) => talk.broke(kind, board.now()),
            (None, _) => {}
        }
    }

    /// Records how many bytes were received for [`Transfer::Receive`]; 0 if the peer has ended the stream.
    pub(crate) fn received(&mut self, board: &mut impl Board, received: Result<usize, FailureKind>) {
        match (&mut self.talk, received) {
            (Some(talk), Ok(count)) => talk.received(self.memory.exchange, count, board.now()),
            (Some(talk), Err(kind)) => talk.broke(kind, board.now()),
            (None, _) => {}
        }
    }

    /// Records how many bytes the caller's reader returned for [`Transfer::Read`]; 0 at its end.
    pub(crate) fn read(&mut self, board: &mut impl Board, read: Result<usize, FailureKind>) {
        if let Some(talk) = &mut self.talk {
            talk.read(read, board.now());
        }
    }

    /// Records how many bytes of [`Transfer::Write`] the caller's writer accepted.
    pub(crate) fn written(&mut self, written: Result<usize, FailureKind>) {
        if let Some(talk) = &mut self.talk {
            talk.written(written);
        }
    }

    /// Records whether the caller's reader is at its start again.
    pub(crate) fn rewound(&mut self, done: bool) {
        if let Some(talk) = &mut self.talk {
            talk.rewound(done);
        }
    }

    /// Records whether the caller's writer dropped what it had.
    pub(crate) fn started_over(&mut self, done: bool) {
        if let Some(talk) = &mut self.talk {
            talk.started_over(done);
        }
    }

    /// Runs until I/O is due; then `due` or `talk` says which.
    fn advance(&mut self, board: &mut impl Board) {
        while self.due.is_none() {
            let Some(talk) = &mut self.talk else {
                self.poll(board);
                continue;
            };
            talk.expire(board.now());
            let Some(outcome) = talk.outcome() else { return };
            trace::outcome(&talk.exchange().endpoint, &outcome);
            if !talk.keeps_alive() {
                self.open = None;
            }
            self.used = talk.used();
            self.talk = None;
            self.answer(board, outcome.map_or_else(Answer::Failed, Answer::Reply));
        }
    }

    /// Polls the flow.
    fn poll(&mut self, board: &mut impl Board) {
        let now = board.now();
        let mut cx = Context { now, entropy: board.entropy(), clock: self.clock, report: self.report };
        match self.flow.poll(&mut cx, self.memory) {
            None => self.due = Some(Act::Done),
            Some(Need::Wait { until }) => self.due = Some(Act::Wait { until }),
            Some(Need::Resolve { host }) => match uri::address(host) {
                Some(address) => self.answer(board, Answer::Addresses(&[address])),
                None => {
                    self.due = Some(Act::Resolve { host, until: now.monotonic.after_ms(RESOLVE_MS) });
                }
            },
            Some(Need::Http(exchange)) => {
                if let Some(failure) = self.refusal(&exchange) {
                    return self.answer(board, Answer::Failed(failure));
                }
                trace::request(&exchange, self.memory.exchange);
                let reused = self.open.is_some_and(|open| open.serves(&exchange));
                let talk =
                    self.talk.insert(Conversation::new(exchange, self.memory.exchange, self.used, now));
                if reused {
                    talk.connected(true, now);
                }
            }
            // A device has no files, no processes and no prompt.
            Some(_) => self.answer(board, failed(Phase::Connect, FailureKind::Unsupported)),
        }
    }

    /// Why an exchange cannot be performed.
    fn refusal(&self, exchange: &Exchange<'_>) -> Option<Failure> {
        let has_body = match exchange.body {
            Body::InExchange | Body::Bytes(_) => true,
            Body::Streamed(_) => self.given.upload,
            _ => false,
        };
        let is_refused = !has_body || (exchange.streams_reply && !self.given.download);
        is_refused.then_some(Failure { phase: Phase::Connect, kind: FailureKind::Unsupported })
    }

    fn answer(&mut self, board: &mut impl Board, answer: Answer<'_>) {
        let now = board.now();
        let mut cx = Context { now, entropy: board.entropy(), clock: self.clock, report: self.report };
        self.flow.answer(&mut cx, self.memory, answer);
    }
}

impl Drop for Driving<'_, '_, '_, '_> {
    fn drop(&mut self) {
        self.memory.exchange.get_mut(self.flow.leaves()..).unwrap_or_default().zeroize();
    }
}

fn failed<'a>(phase: Phase, kind: FailureKind) -> Answer<'a> {
    Answer::Failed(Failure { phase, kind })
}
