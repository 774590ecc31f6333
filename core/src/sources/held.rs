//! Credentials that are in the slot already.

use crate::flow::{Answer, Context, Flow, Lease, Memory, Step};

/// The base of a call or request that uses the credentials in the first slot: those of another flow, or those
/// that the caller stored ([`Slot::store`](crate::flow::Slot::store)).
///
/// Slots: one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Held;

impl<'c> Flow<'c> for Held {
    type Output = Lease;

    fn slots(&self) -> usize {
        1
    }

    fn poll(&mut self, _: &mut Context<'_>, _: &mut Memory<'_, '_>) -> Step<'c, Lease> {
        Step::Done(Ok(Lease::ENDLESS))
    }

    fn answer(&mut self, _: &mut Context<'_>, _: &mut Memory<'_, '_>, _: Answer<'_>) {}

    fn restart(&mut self) {}
}
