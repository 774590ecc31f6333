//! Sources tried in order.

use core::marker::PhantomData;

use heapless::Vec;

use crate::error::{Error, ErrorKind, Origin};

use crate::flow::{Answer, Context, Flow, Lease, Memory, Step};

/// Absences that a chain remembers.
const MAX_TRIED: usize = 8;

/// A list of sources: the first that is there decides. One that is absent - not set up, switched
/// off, out of reach, without a role - is passed over; one that fails in any other way ends the
/// chain, so that a mistake is told and not papered over by another identity.
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
    /// The sources, in order.
    pub fn new(sources: L) -> Self {
        Self { sources, current: 0, tried: Vec::new(), ended: false, source: PhantomData }
    }

    /// Why the sources before the one that decided were passed over: the first eight of them.
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
                    // What does not fit is told least.
                    let _ = self.tried.push(error);
                }
                Step::Done(result) => {
                    self.ended = true;
                    return Step::Done(result);
                }
            }
        }
        self.ended = true;
        // A service that cannot be reached now may be there later; a setting will not be.
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
