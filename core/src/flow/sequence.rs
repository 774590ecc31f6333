//! The one machine that runs the steps of every source.

use zeroize::Zeroize;

use crate::error::{Buffer, Error, ErrorKind};
use crate::skew::{Authority, Instant};
use crate::wire::time::UnixTime;

use super::exchange::{Exchange, Limits};
use super::lease::{Lease, observe, remaining};
use super::retry::{Attempts, RetryPolicy};
use super::slot::Slot;
use super::source::{Ask, Next, Outcome, Received, Retries, Source, Trouble, Workspace};
use super::{Answer, Context, Flow, Memory, Need, Step};

/// The flow that runs a source's steps.
#[derive(Debug)]
pub struct Sequence<S> {
    source: S,
    progress: Progress,
}

impl<S> Sequence<S> {
    /// Three seconds to connect, ten to the first byte, fifteen for an exchange, 64 KiB of body.
    pub const DEFAULT_LIMITS: Limits =
        Limits { connect_ms: 3_000, first_byte_ms: 10_000, total_ms: 15_000, body_bytes: 64 * 1024 };

    /// A flow of the steps of `source`, within the usual limits.
    pub const fn of(source: S) -> Self {
        Self { source, progress: Progress::new(Self::DEFAULT_LIMITS) }
    }

    /// Sets the limits of each exchange.
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.progress.limits = limits;
        self
    }

    /// Sets the bounds on attempts.
    pub const fn with_retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.progress.policy = policy;
        self
    }

    /// Borrows the source, to set it up before a run.
    pub(crate) const fn source_mut(&mut self) -> &mut S {
        &mut self.source
    }

    /// Borrows the source, for what it learned in a run.
    pub const fn source(&self) -> &S {
        &self.source
    }
}

impl<'c, S: Source<'c>> Flow<'c> for Sequence<S> {
    type Output = Lease;

    fn slots(&self) -> usize {
        self.source.slots()
    }

    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, Lease> {
        self.progress.poll(&mut self.source, cx, memory)
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        self.progress.answer(&mut self.source, cx, memory, answer);
    }

    fn restart(&mut self) {
        self.progress.restart(&mut self.source);
    }
}

/// More steps than any source has, so that a source with a circle of steps ends.
const MAX_STEPS: u8 = 16;

/// The state of a run.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) limits: Limits,
    pub(crate) policy: RetryPolicy,
    attempts: Attempts,
    at: u8,
    ended: Option<Result<Lease, Error>>,
}

// Dynamic dispatch, so that it is compiled once for all sources.
impl Progress {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self { limits, policy: RetryPolicy::DEFAULT, attempts: Attempts::NONE, at: 0, ended: None }
    }

    #[inline(never)]
    pub(crate) fn restart<'c>(&mut self, source: &mut dyn Source<'c>) {
        self.attempts = Attempts::NONE;
        self.at = 0;
        self.ended = None;
        if let Some((base, _)) = source.base() {
            base.restart();
        }
        source.restart();
    }

    #[inline(never)]
    pub(crate) fn poll<'c>(
        &mut self,
        source: &mut dyn Source<'c>,
        cx: &mut Context<'_>,
        memory: &mut Memory<'_, '_>,
    ) -> Step<'c, Lease> {
        let work = &mut workspace(cx, memory);
        if let Some(until) = self.attempts.pause(work.now.monotonic) {
            return Step::Need(Need::Wait { until });
        }
        let needed = source.slots();
        if work.slots.len() < needed {
            self.fail(source, ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed });
        }
        let mut steps = MAX_STEPS;
        loop {
            if let Some(ended) = self.ended {
                if ended.is_err() {
                    clear_tokens(work.slots, needed);
                }
                self.restart(source);
                return Step::Done(ended);
            }
            let stage = source.stage(self.at);
            steps = steps.saturating_sub(1);
            let asked = if steps == 0 {
                Err(ErrorKind::Misuse)
            } else if stage.timed && !self.attempts.proceed(work.now.monotonic, self.policy) {
                Err(ErrorKind::OutOfTime)
            } else {
                source.ask(self.at, work)
            };
            match asked {
                Ok(Ask::Need(mut need)) => {
                    if let Need::Http(exchange) = &mut need {
                        exchange.limits = self.limits_at(work.now.monotonic);
                    }
                    return Step::Need(need);
                }
                Ok(Ask::Exchange { endpoint, address, request }) => {
                    return Step::Need(Need::Http(Exchange {
                        address,
                        metadata: stage.metadata,
                        presents_certificate: stage.presents_certificate,
                        repeatable: stage.repeatable,
                        reply_headers: stage.reply_headers,
                        ..Exchange::new(endpoint, request, self.limits_at(work.now.monotonic))
                    }));
                }
                Ok(Ask::Step(at)) => self.at = at,
                Ok(Ask::Done) => {
                    let time = work.clock.time(work.now);
                    self.end(source, work, time);
                }
                Ok(Ask::Base) => {
                    let Some((base, others)) = source.base() else { continue };
                    let (mut cx, mut memory) = work.without_slots(others);
                    match base.poll(&mut cx, &mut memory) {
                        Step::Need(need) => return Step::Need(need),
                        Step::Done(Err(error)) => self.ended = Some(Err(source.base_failed(error))),
                        Step::Done(Ok(_)) => self.take(source, work, Ok(Outcome::Base), None),
                    }
                }
                Err(kind) => self.fail(source, kind),
            }
        }
    }

    /// The limits of an exchange, none beyond the budget.
    #[cfg_attr(target_os = "none", inline(never))]
    fn limits_at(&self, now: Instant) -> Limits {
        self.limits.within(self.attempts.left(now, self.policy))
    }

    #[inline(never)]
    pub(crate) fn answer<'c>(
        &mut self,
        source: &mut dyn Source<'c>,
        cx: &mut Context<'_>,
        memory: &mut Memory<'_, '_>,
        answer: Answer<'_>,
    ) {
        let stage = source.stage(self.at);
        if stage.is_base {
            if let Some((base, others)) = source.base() {
                base.answer(cx, &mut memory.without_slots(others), answer);
            }
            return;
        }
        let authority = if stage.metadata { Authority::Metadata } else { Authority::Service };
        let (mut date, mut measured_at) = (None, cx.now);
        let outcome = match &answer {
            Answer::Reply(reply) => {
                let corrected;
                (date, corrected) = observe(cx.clock, reply, memory.exchange, authority);
                measured_at = reply.received;
                cx.report.clear();
                Ok(Outcome::Reply(Received { reply, corrected }))
            }
            Answer::Content(place) => Ok(Outcome::Content(place.clone())),
            Answer::Addresses(addresses) => Ok(Outcome::Addresses(addresses)),
            Answer::Failed(failure) => {
                cx.report.clear();
                if let Some(to) = source.elsewhere(self.at, *failure) {
                    self.at = to;
                    memory.exchange.zeroize();
                    return;
                }
                let kind = source.failed(self.at, *failure);
                let waits = self.policy.until_ready && !matches!(stage.retries, Retries::Never);
                Err(Trouble { kind, retry: stage.retries.include(*failure) || waits && failure.is_passing() })
            }
        };
        let time = date.or_else(|| cx.clock.time(measured_at));
        let work = &mut workspace(cx, memory);
        self.take(source, work, outcome, time);
        if !(stage.leaves_reply && matches!(self.ended, Some(Ok(_)))) {
            work.exchange.zeroize();
        }
    }

    /// Passes an outcome to the source. `time` is the peer's, by which a lease is measured.
    fn take<'c>(
        &mut self,
        source: &mut dyn Source<'c>,
        work: &mut Workspace<'_, '_>,
        outcome: Result<Outcome<'_>, Trouble>,
        time: Option<UnixTime>,
    ) {
        let until_ready = self.policy.until_ready;
        let taken = outcome.and_then(|outcome| {
            let taken = source.take(self.at, work, outcome);
            taken.map_err(|trouble| Trouble {
                retry: trouble.retry || until_ready && trouble.kind.is_not_yet(),
                ..trouble
            })
        });
        let again = matches!(taken, Ok(Next::AgainOrDone) | Err(Trouble { retry: true, .. }));
        if again && self.attempts.record_failure(work.now.monotonic, self.policy, work.entropy) {
            self.at = source.stage(self.at).back_to;
            return;
        }
        match taken {
            Ok(Next::Step(to)) => {
                if to != self.at && source.stage(to).back_to == to {
                    self.attempts.next_step();
                }
                self.at = to;
            }
            Ok(Next::Done | Next::AgainOrDone) => self.end(source, work, time),
            Err(Trouble { kind, .. }) => self.fail(source, kind),
        }
    }

    /// Ends the run with the content of the first slot.
    fn end<'c>(&mut self, source: &mut dyn Source<'c>, work: &mut Workspace<'_, '_>, time: Option<UnixTime>) {
        let Some(slot) = work.slots.first_mut() else { return };
        if source.stage(self.at).leaves_reply {
            // The reply is the result, and not the credentials it was requested with.
            self.ended = Some(Ok(Lease::ENDLESS));
            return;
        }
        match (remaining(slot.expiration(), time), time) {
            (Some(lease), _) => self.ended = Some(Ok(lease)),
            (None, Some(time)) if source.stage(self.at).takes_expired => {
                let lease = Lease::of_expired(time, work.entropy);
                slot.set_expiration(lease.expiration);
                self.ended = Some(Ok(lease));
            }
            (None, _) => {
                slot.clear();
                self.fail(source, ErrorKind::Expired);
            }
        }
    }

    #[inline(never)]
    fn fail<'c>(&mut self, source: &mut dyn Source<'c>, kind: ErrorKind) {
        let step = source.step(self.at);
        self.ended = Some(Err(Error { origin: source.origin(), step, kind }));
    }
}

/// Wipes slots that hold something other than credentials: after a failure, the token of a base, or half of a document.
#[inline(never)]
fn clear_tokens(slots: &mut [Slot<'_>], count: usize) {
    for slot in slots.iter_mut().take(count) {
        if slot.credentials().is_none() {
            slot.clear();
        }
    }
}

#[cfg_attr(target_os = "none", inline(never))]
fn workspace<'s, 'm>(cx: &'s mut Context<'_>, memory: &'s mut Memory<'_, 'm>) -> Workspace<'s, 'm> {
    Workspace {
        now: cx.now,
        entropy: cx.entropy,
        clock: cx.clock,
        report: cx.report,
        exchange: memory.exchange,
        slots: memory.slots,
    }
}
