//! A source that keeps its credentials and refreshes them in time.

use crate::error::{Buffer, Error, ErrorKind, Origin};
use crate::flow::{Answer, Context, Flow, Lease, Memory, Step};

use super::{Decision, Refresh, Windows};

/// Wraps a source: returns at once while the credentials in the first slot are good, and fetches when they
/// are due. Credentials in use stay until their replacement is complete.
///
/// Slots: one more than the source, which fetches into the second and those after it.
#[derive(Debug)]
pub struct Refreshing<F> {
    source: F,
    refresh: Refresh,
    held: Option<Lease>,
    error: Option<Error>,
    fetching: bool,
}

impl<F> Refreshing<F> {
    /// Keeps the credentials of `source`, and refreshes them by `windows`.
    pub fn new(source: F, windows: Windows) -> Self {
        Self { source, refresh: Refresh::new(windows), held: None, error: None, fetching: false }
    }

    /// The state of the refresh: when the next fetch is due.
    pub fn policy(&self) -> &Refresh {
        &self.refresh
    }

    /// Reports that a service refused the credentials with this access key id as expired or unknown. If they
    /// are the ones in use, the next poll fetches.
    pub fn invalidate(&mut self, access_key_id: &str, memory: &Memory<'_, '_>) {
        let held = memory.slots.first().and_then(|slot| slot.credentials());
        if held.is_some_and(|held| held.access_key_id() == access_key_id) {
            self.refresh.invalidate();
        }
    }

    fn ended(
        &mut self,
        cx: &Context<'_>,
        memory: &mut Memory<'_, '_>,
        result: Result<Lease, Error>,
    ) -> Result<Lease, Error> {
        self.fetching = false;
        let now = cx.now.monotonic;
        match result {
            Ok(lease) => {
                if self.refresh.fetched(now, &lease, cx.entropy) {
                    if let [held, fetched, ..] = memory.slots {
                        core::mem::swap(held, fetched);
                        fetched.clear();
                    }
                    self.held = Some(lease);
                    return Ok(lease);
                }
                let expired = Error { origin: Origin::Other, step: "", kind: ErrorKind::Expired };
                self.held.ok_or(expired)
            }
            Err(error) => {
                self.refresh.failed(now, error.is_recoverable(), cx.entropy);
                self.error = Some(error);
                match self.held {
                    Some(held) if error.is_recoverable() => Ok(held),
                    _ => Err(error),
                }
            }
        }
    }
}

impl<'c, F: Flow<'c, Output = Lease>> Flow<'c> for Refreshing<F> {
    type Output = Lease;

    fn slots(&self) -> usize {
        self.source.slots().saturating_add(1)
    }

    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, Lease> {
        if memory.slots.len() < self.slots() {
            let kind = ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: self.slots() };
            return Step::Done(Err(Error { origin: Origin::Other, step: "", kind }));
        }
        if !self.fetching {
            match (self.refresh.decide(cx.now.monotonic), self.held, self.error) {
                (Decision::Use | Decision::UseLimited, Some(lease), _) => return Step::Done(Ok(lease)),
                (Decision::RepeatError, _, Some(error)) => return Step::Done(Err(error)),
                _ => {
                    self.source.restart();
                    self.fetching = true;
                }
            }
        }
        match self.source.poll(cx, &mut memory.without_first_slot()) {
            Step::Need(need) => Step::Need(need),
            Step::Done(result) => Step::Done(self.ended(cx, memory, result)),
        }
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        self.source.answer(cx, &mut memory.without_first_slot(), answer);
    }

    /// Drops a fetch that is under way. The credentials in use stay.
    fn restart(&mut self) {
        self.fetching = false;
        self.source.restart();
    }
}
