//! Flows with their results set aside, so that one loop serves them all.

use rolecall_core::error::{Error, ErrorKind, Origin};
use rolecall_core::flow::{Answer, Context, Flow, Memory, Need, Step};

/// A flow whose result is set aside.
pub(crate) trait Run<'c> {
    /// What it needs next; `None` once it has ended.
    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Option<Need<'c>>;

    /// Passes the answer on.
    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>);

    /// Bytes at the front of the exchange buffer that are a part of the result.
    fn leaves(&self) -> usize;
}

/// A flow, and where its result goes.
pub(crate) struct Running<'f, F, T> {
    flow: &'f mut F,
    leaves: fn(&T) -> usize,
    ended: Option<Result<T, Error>>,
}

impl<'f, F, T> Running<'f, F, T> {
    /// A flow whose result has `leaves` bytes of the exchange buffer.
    pub(crate) fn new(flow: &'f mut F, leaves: fn(&T) -> usize) -> Self {
        Self { flow, leaves, ended: None }
    }

    pub(crate) fn result(self) -> Result<T, Error> {
        let unfinished = Error::new(Origin::Other, "", ErrorKind::Misuse);
        self.ended.unwrap_or(Err(unfinished))
    }
}

impl<'c, F: Flow<'c>> Run<'c> for Running<'_, F, F::Output> {
    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Option<Need<'c>> {
        match self.flow.poll(cx, memory) {
            Step::Need(need) => Some(need),
            Step::Done(result) => {
                self.ended = Some(result);
                None
            }
        }
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        self.flow.answer(cx, memory, answer);
    }

    fn leaves(&self) -> usize {
        match &self.ended {
            Some(Ok(result)) => (self.leaves)(result),
            _ => 0,
        }
    }
}
