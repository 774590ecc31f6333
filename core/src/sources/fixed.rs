//! Fixed credentials.

use crate::credentials::Credentials;
use crate::error::{Buffer, Error, ErrorKind, Origin};

use crate::flow::lease::remaining;
use crate::flow::{Answer, Context, Flow, Lease, Memory, Step};

/// A source of known credentials: from the environment, or provisioned.
///
/// Slots: one. Exchange buffer: none.
#[derive(Debug)]
pub struct Fixed<'c> {
    credentials: Option<Credentials<'c>>,
}

impl<'c> Fixed<'c> {
    /// A source of `credentials`; absent if there are none.
    pub fn new(credentials: Option<Credentials<'c>>) -> Self {
        Self { credentials }
    }
}

impl<'c> Flow<'c> for Fixed<'c> {
    type Output = Lease;

    fn slots(&self) -> usize {
        1
    }

    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, Lease> {
        let fail = |kind| Step::Done(Err(Error { origin: Origin::Static, step: "", kind }));
        let Some(credentials) = &self.credentials else { return fail(ErrorKind::NotConfigured) };
        let Some(slot) = memory.slots.first_mut() else {
            return fail(ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: 1 });
        };
        if let Err(small) = slot.store(credentials) {
            return fail(ErrorKind::BufferTooSmall { buffer: Buffer::Slot, needed: small.needed });
        }
        match remaining(credentials.expiration(), cx.clock.time(cx.now)) {
            Some(lease) => Step::Done(Ok(lease)),
            None => fail(ErrorKind::Expired),
        }
    }

    fn answer(&mut self, _: &mut Context<'_>, _: &mut Memory<'_, '_>, _: Answer<'_>) {}

    fn restart(&mut self) {}
}
