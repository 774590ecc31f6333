//! No credentials, for calls that need none.

use crate::error::{Buffer, Error, ErrorKind, Origin};

use crate::flow::{Answer, Context, Flow, Lease, Memory, Step};

/// The base of a call that is not signed, such as one for an unauthenticated identity.
///
/// Slots: one, which stays empty and may have no memory.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unsigned;

impl<'c> Flow<'c> for Unsigned {
    type Output = Lease;

    fn slots(&self) -> usize {
        1
    }

    fn poll(&mut self, _: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, Lease> {
        match memory.slots.first_mut() {
            Some(slot) => {
                slot.clear();
                Step::Done(Ok(Lease::ENDLESS))
            }
            None => {
                let kind = ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: 1 };
                Step::Done(Err(Error { origin: Origin::Other, step: "", kind }))
            }
        }
    }

    fn answer(&mut self, _: &mut Context<'_>, _: &mut Memory<'_, '_>, _: Answer<'_>) {}

    fn restart(&mut self) {}
}
