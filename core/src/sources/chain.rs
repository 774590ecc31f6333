//! Chains of sources.

use core::marker::PhantomData;

use heapless::Vec;

use crate::error::{Error, ErrorKind, Origin};

use crate::flow::{Answer, Context, Flow, Lease, Memory, Step};

/// The number of absent sources that a chain remembers.
const MAX_TRIED: usize = 8;

/// A list of sources, of which the first that is there decides. A source that is absent - not configured,
/// switched off, unreachable, without a role - is skipped; one that fails in any other way ends the chain, so
/// that a mistake is reported and not hidden by another identity.
///
/// `L` is any list of flows: an array, a vector, a slice of `&mut dyn Flow`.
///
/// Slots and exchange buffer: the most that one of the sources needs.
#[derive(Debug)]
pub struct Chain<S, L> {
    sources: L,
    current: usize,
    tried: Vec<Error, MAX_TRIED>,
    ended: bool,
    source: PhantomData<S>,
}

impl<S, L: AsRef<[S]> + AsMut<[S]>> Chain<S, L> {
    /// A chain of `sources`, in order.
    pub fn new(sources: L) -> Self {
        Self { sources, current: 0, tried: Vec::new(), ended: false, source: PhantomData }
    }

    /// Why the sources before the one that decided were skipped: the first eight of them.
    pub fn tried(&self) -> &[Error] {
        &self.tried
    }
}

impl<'c, S, L> Flow<'c> for Chain<S, L>
where
    S: Flow<'c, Output = Lease>,
    L: AsRef<[S]> + AsMut<[S]>,
{
    type Output = Lease;

    fn slots(&self) -> usize {
        self.sources.as_ref().iter().map(Flow::slots).max().unwrap_or(0)
    }

    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, Lease> {
        if core::mem::take(&mut self.ended) {
            self.restart();
        }
        while let Some(source) = self.sources.as_mut().get_mut(self.current) {
            match source.poll(cx, memory) {
                Step::Need(need) => return Step::Need(need),
                Step::Done(Err(error)) if error.is_absent() => {
                    self.current = self.current.saturating_add(1);
                    // The ones that do not fit matter least.
                    let _ = self.tried.push(error);
                }
                Step::Done(result) => {
                    self.ended = true;
                    return Step::Done(result);
                }
            }
        }
        self.ended = true;
        // A service that is unreachable now may be reachable later; a setting does not change.
        let unreached = self.tried.iter().find(|error| error.is_recoverable());
        let kind = unreached.map_or(ErrorKind::NotConfigured, |error| error.kind);
        Step::Done(Err(Error { origin: Origin::Chain, step: "", kind }))
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        if let Some(source) = self.sources.as_mut().get_mut(self.current) {
            source.answer(cx, memory, answer);
        }
    }

    fn restart(&mut self) {
        self.current = 0;
        self.tried.clear();
        self.ended = false;
        for source in self.sources.as_mut() {
            source.restart();
        }
    }
}
