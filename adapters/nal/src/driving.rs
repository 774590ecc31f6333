//! The state of a run: what to do next. It does no I/O.

use core::net::IpAddr;
use core::ops::Range;

use embedded_nal::nb;
use rolecall_core::error::{Failure, FailureKind, Phase};
use rolecall_core::flow::{Answer, Body, Context, Exchange, Memory, Need, Report};
use rolecall_core::skew::{Clock, Instant, Now};
use rolecall_core::wire::uri;
use rolecall_core::wire::x509::Scheme;
use zeroize::Zeroize;

use crate::bodies::{Given, Used};
use crate::conversation::{Conversation, Pass, Transfer};
use crate::running::Run;
use crate::{Board, Remote, trace};

/// For the addresses of a host: one query and two repetitions, in milliseconds.
const RESOLVE_MS: u64 = 5_000;
/// For a signature of the board's key, and between two times that it is asked for one, in milliseconds.
const SIGN_MS: u64 = 10_000;
const SIGN_PAUSE_MS: u64 = 10;

/// A run of a flow. When it ends or is dropped, the exchange buffer is wiped except for the flow's result.
pub(crate) struct Driving<'s, 'c, 'a, 'm> {
    // Dynamic dispatch, so that this is compiled once for all flows.
    flow: &'s mut (dyn Run<'c> + 's),
    memory: &'s mut Memory<'a, 'm>,
    clock: &'s mut Clock,
    report: &'s mut Report,
    /// The exchange that is under way.
    talk: Option<Conversation<'c>>,
    /// The signature that the board's key is at.
    signing: Option<Signing>,
    /// Any other need of the flow.
    due: Option<Due<'c>>,
    /// The other end of the connection, while that is being opened, or is open and may carry an exchange.
    open: Option<Remote<'c>>,
    /// The caller's streams, and which of them are no longer at their start.
    given: Given,
    used: Used,
}

/// A message in the exchange buffer that is to be signed, by then.
struct Signing {
    scheme: Scheme,
    message: Range<usize>,
    until: Instant,
}

/// A need of the flow that takes no connection.
enum Due<'c> {
    Wait(Instant),
    Resolve(&'c str, Instant),
    Nothing,
}

/// What to do when there is no connection.
pub(crate) enum Act<'d> {
    /// Let time pass.
    Wait { until: Instant },
    /// Resolve the name, then [`Driving::resolved`].
    Resolve { host: &'d str, until: Instant },
    /// Connect, then [`Driving::connected`].
    Open { remote: &'d Remote<'d>, until: Instant },
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
        Self { flow, memory, clock, report, talk: None, signing: None, due: None, open: None, given, used }
    }

    /// What to do next. The previous connection, if there was one, is closed.
    pub(crate) fn next(&mut self, board: &mut impl Board) -> Act<'_> {
        self.open = None;
        self.advance(board);
        match (self.due.take(), &self.talk) {
            (Some(Due::Wait(until)), _) => Act::Wait { until },
            (Some(Due::Resolve(host, until)), _) => Act::Resolve { host, until },
            (None, Some(talk)) => match talk.address() {
                Some(address) => {
                    let remote = self.open.insert(remote(talk.exchange(), address));
                    Act::Open { remote, until: talk.until() }
                }
                None => Act::Resolve { host: talk.exchange().endpoint.host(), until: talk.until() },
            },
            (Some(Due::Nothing) | None, _) => Act::Done,
        }
    }

    /// Records the address that was found by `until`, or why there is none.
    pub(crate) fn resolved(
        &mut self,
        board: &mut impl Board,
        until: Instant,
        found: Result<IpAddr, FailureKind>,
    ) {
        let now = board.now();
        let found = if now.monotonic < until { found } else { Err(FailureKind::Timeout) };
        match (&mut self.talk, found) {
            (Some(talk), Ok(address)) => talk.resolved(address, now),
            (Some(talk), Err(kind)) => talk.broke(kind, now),
            (None, Ok(address)) => self.answer(board, Answer::Addresses(&[address])),
            (None, Err(kind)) => self.answer(board, failed(Phase::Resolve, kind)),
        }
    }

    /// Records whether there is a connection.
    pub(crate) fn connected(&mut self, board: &mut impl Board, result: Result<(), FailureKind>) {
        if result.is_err() {
            self.open = None;
        }
        self.record(board, result, |talk, _, (), now| talk.connected(false, now));
    }

    /// What to do next with the connection; `None` to close it.
    pub(crate) fn transfer(&mut self, board: &mut impl Board) -> Option<Transfer<'_>> {
        self.advance(board);
        let talk = self.talk.as_mut().filter(|_| self.due.is_none())?;
        talk.transfer(self.memory.exchange)
    }

    /// Records how many bytes of [`Transfer::Send`] were sent.
    pub(crate) fn sent(&mut self, board: &mut impl Board, sent: Result<usize, FailureKind>) {
        self.record(board, sent, |talk, _, count, now| talk.sent(count, now));
    }

    /// Records how many bytes were received for [`Transfer::Receive`]; 0 if the peer has ended the stream.
    pub(crate) fn received(&mut self, board: &mut impl Board, received: Result<usize, FailureKind>) {
        self.record(board, received, |talk, exchange, count, now| talk.received(exchange, count, now));
    }

    /// The header lines kept of the reply, once its head is there.
    pub(crate) fn headers(&self) -> Option<&[u8]> {
        self.memory.exchange.get(self.talk.as_ref()?.headers()?)
    }

    /// Records whether the connection finds the reply in order.
    pub(crate) fn checked(&mut self, board: &mut impl Board, checked: Result<(), FailureKind>) {
        self.record(board, checked, |_, _, (), _| {});
    }

    /// What to do with the caller's streams, where [`Transfer::Pass`] is due.
    pub(crate) fn pass(&mut self) -> Option<Pass<'_>> {
        self.talk.as_mut()?.pass(self.memory.exchange)
    }

    /// Records how many bytes the caller's reader returned for [`Pass::Read`]; 0 at its end.
    pub(crate) fn read(&mut self, board: &mut impl Board, read: Result<usize, FailureKind>) {
        self.record(board, Ok(read), |talk, _, read, now| talk.read(read, now));
    }

    /// Records how many bytes of [`Pass::Write`] the caller's writer accepted.
    pub(crate) fn written(&mut self, board: &mut impl Board, written: Result<usize, FailureKind>) {
        self.record(board, Ok(written), |talk, _, written, _| talk.written(written));
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

    /// Records that there are no streams. No exchange that needs one is begun without it.
    pub(crate) fn not_passed(&mut self) {
        if let Some(talk) = &mut self.talk {
            talk.fail(FailureKind::Unsupported);
        }
    }

    /// Records the outcome of an operation. What comes at a limit comes too late.
    fn record<T>(
        &mut self,
        board: &mut impl Board,
        outcome: Result<T, FailureKind>,
        take: impl FnOnce(&mut Conversation<'c>, &mut [u8], T, Now),
    ) {
        let now = board.now();
        match (&mut self.talk, outcome) {
            (Some(talk), _) if now.monotonic >= talk.until() => talk.fail(FailureKind::Timeout),
            (Some(talk), Ok(done)) => take(talk, self.memory.exchange, done, now),
            (Some(talk), Err(kind)) => talk.broke(kind, now),
            (None, _) => {}
        }
    }

    /// Runs until I/O is due; then `due` or `talk` says which.
    fn advance(&mut self, board: &mut impl Board) {
        while self.due.is_none() {
            if let Some(signing) = self.signing.take() {
                self.sign(board, signing);
            } else if self.talk.is_none() {
                self.poll(board);
            } else if !self.conclude(board) {
                return;
            }
        }
    }

    /// Passes the outcome of the exchange to the flow, and returns whether there is one.
    #[inline(never)]
    fn conclude(&mut self, board: &mut impl Board) -> bool {
        let Some(talk) = &mut self.talk else { return false };
        let Some(outcome) = talk.outcome(board.now()) else { return false };
        trace::outcome(&talk.exchange().endpoint, &outcome);
        if !talk.keeps_alive() {
            self.open = None;
        }
        self.used = talk.used();
        self.talk = None;
        self.answer(board, outcome.map_or_else(Answer::Failed, Answer::Reply));
        true
    }

    /// Polls the flow. Not inlined, nor what it calls then: the flow signs at the depth of this frame.
    #[inline(never)]
    fn poll(&mut self, board: &mut impl Board) {
        let now = board.now();
        let mut cx = Context { now, entropy: board.entropy(), clock: self.clock, report: self.report };
        match self.flow.poll(&mut cx, self.memory) {
            None => self.due = Some(Due::Nothing),
            Some(Need::Wait { until }) => self.due = Some(Due::Wait(until)),
            Some(Need::Resolve { host }) => match uri::address(host) {
                Some(address) => self.answer(board, Answer::Addresses(&[address])),
                None => self.due = Some(Due::Resolve(host, now.monotonic.after_ms(RESOLVE_MS))),
            },
            Some(Need::Http(exchange)) => match self.refusal(&exchange) {
                Some(failure) => self.answer(board, Answer::Failed(failure)),
                None => self.begin(exchange, now),
            },
            Some(Need::Sign { scheme, message }) => {
                self.signing = Some(Signing { scheme, message, until: now.monotonic.after_ms(SIGN_MS) });
            }
            // A device has no files, no processes and no prompt.
            Some(_) => self.answer(board, failed(Phase::Connect, FailureKind::Unsupported)),
        }
    }

    /// Begins an exchange, on the open connection if that goes to the same place.
    #[inline(never)]
    fn begin(&mut self, exchange: Exchange<'c>, now: Now) {
        trace::request(&exchange, self.memory.exchange);
        let reused = self.open.as_ref().is_some_and(|open| open.serves(&exchange));
        let talk = Conversation::new(exchange, self.memory.exchange, self.used, now);
        let talk = self.talk.insert(talk);
        if reused {
            talk.connected(true, now);
        }
    }

    /// Asks the board's key, which puts the signature behind the message.
    #[inline(never)]
    fn sign(&mut self, board: &mut impl Board, signing: Signing) {
        let Signing { scheme, message: Range { start, end }, until } = signing;
        let Some((held, room)) = self.memory.exchange.split_at_mut_checked(end) else {
            return self.answer(board, failed(Phase::Sign, FailureKind::Other));
        };
        let len = room.len();
        let signed = board.sign(scheme, held.get(start..).unwrap_or_default(), room);
        let now = board.now().monotonic;
        let answer = match signed {
            // A signature at the limit comes too late, too.
            _ if now >= until => failed(Phase::Sign, FailureKind::Timeout),
            Ok(count) if count <= len => Answer::Content(end..end.saturating_add(count)),
            // More than it was lent.
            Ok(_) => failed(Phase::Sign, FailureKind::Other),
            Err(nb::Error::Other(kind)) => failed(Phase::Sign, kind),
            Err(nb::Error::WouldBlock) => {
                self.due = Some(Due::Wait(now.after_ms(SIGN_PAUSE_MS).min(until)));
                self.signing = Some(Signing { scheme, message: start..end, until });
                return;
            }
        };
        self.answer(board, answer);
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

    #[inline(never)]
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

fn remote<'c>(exchange: &Exchange<'c>, address: IpAddr) -> Remote<'c> {
    Remote {
        endpoint: exchange.endpoint,
        address,
        presents_certificate: exchange.presents_certificate,
        carries_tls: false,
    }
}

fn failed<'a>(phase: Phase, kind: FailureKind) -> Answer<'a> {
    Answer::Failed(Failure { phase, kind })
}
