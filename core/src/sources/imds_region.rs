//! The region of an instance, from its metadata.

use heapless::String;

use crate::call::is_region;
use crate::error::{ErrorKind, Origin};
use crate::flow::{Ask, Endpoint, Next, Outcome, Sequence, Source, Stage, Trouble, Workspace};
use crate::wire::device::utf8;

use super::imds::{Imds, InstanceMetadata, TOKEN, stage};

/// The flow that gets the region an instance runs in (`/latest/meta-data/placement/region`).
///
/// Slots: one, which stays as it is. Exchange buffer: 1 KB. After the flow has ended, the region is in its source:
///
/// ```
/// use rolecall_core::flow::Endpoint;
/// use rolecall_core::sources::{Imds, ImdsRegion};
///
/// let flow = ImdsRegion::new(Endpoint::parse(Imds::ENDPOINT)?);
/// assert_eq!(flow.source().region(), None); // not asked yet
/// # Ok::<(), rolecall_core::wire::Error>(())
/// ```
pub type ImdsRegion<'c> = Sequence<Placement<'c>>;

/// The steps of [`ImdsRegion`].
#[derive(Debug)]
pub struct Placement<'c> {
    metadata: InstanceMetadata<'c>,
    region: String<63>,
}

const REGION: u8 = 1;

impl<'c> ImdsRegion<'c> {
    /// The region that the metadata service at `endpoint` names, within the limits of [`Imds`].
    pub fn new(endpoint: Endpoint<'c>) -> Self {
        let metadata = InstanceMetadata::new(endpoint, false);
        Self::of(Placement { metadata, region: String::new() }).with_limits(Imds::LIMITS)
    }
}

impl Placement<'_> {
    /// The region, after a run that succeeded.
    pub fn region(&self) -> Option<&str> {
        Some(self.region.as_str()).filter(|region| !region.is_empty())
    }
}

impl<'c> Source<'c> for Placement<'c> {
    fn origin(&self) -> Origin {
        Origin::Imds
    }

    fn stage(&self, at: u8) -> &'static Stage {
        static NAMED: Stage = stage("region", REGION);
        if at == REGION { &NAMED } else { self.metadata.stage(at) }
    }

    fn ask(&mut self, at: u8, work: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind> {
        if let Some(slot) = work.slots.first_mut() {
            slot.clear();
        }
        // With a token that is valid, the metadata's own first step leads to its second.
        match self.metadata.ask(TOKEN, work)? {
            Ask::Step(_) if at == REGION => self.metadata.get(&["/latest/meta-data/placement/region"], work),
            Ask::Step(_) => Ok(Ask::Step(REGION)),
            _ if at == REGION => Ok(Ask::Step(TOKEN)),
            ask => Ok(ask),
        }
    }

    fn take(&mut self, at: u8, work: &mut Workspace<'_, '_>, outcome: Outcome<'_>) -> Result<Next, Trouble> {
        if at == TOKEN {
            return self.metadata.take(TOKEN, work, outcome).map(|_| Next::Step(REGION));
        }
        let received = outcome.reply()?;
        if self.metadata.renews_token(received.reply.status) {
            return Err(Trouble::retry(ErrorKind::Status(received.reply.status)));
        }
        received.expect(200)?;
        let text = utf8(received.reply.body(work.exchange).trim_ascii()).unwrap_or_default();
        self.region.clear();
        let taken =
            Some(text).filter(|text| is_region(text)).and_then(|text| self.region.push_str(text).ok());
        taken.ok_or(ErrorKind::Unusable("region"))?;
        Ok(Next::Done)
    }

    fn restart(&mut self) {
        self.metadata.restart();
    }
}
