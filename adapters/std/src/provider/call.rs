//! Operations of AWS services, called with a provider's credentials.

use rolecall_core::call::{Action, AnyAction, Call, Operation, Proof};
use rolecall_core::flow::{Flow, Lease, Slot};
use rolecall_core::sources::Unsigned;

use super::Provider;
use crate::fetch::{Fetcher, SLOT, keys};
use crate::{Credentials, Error};

impl Provider {
    /// Calls an operation ([`rolecall_core::services`] has those that provision roles), and returns what
    /// `take` makes of
    /// its output. An operation that is not idempotent is retried only if the service did not receive it.
    ///
    /// ```no_run
    /// use rolecall::core::services::iam::GetRole;
    /// # fn arn(provider: &rolecall::Provider) -> Result<String, rolecall::Error> {
    /// provider.call(&GetRole { name: "gateway" }, |role| role.arn.to_owned())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`Provider::credentials`], if the operation is signed; [`Error::Source`], with what the
    /// service said.
    pub fn call<A: Action, T>(&self, action: &A, take: impl FnOnce(A::Output<'_>) -> T) -> Result<T, Error> {
        let mut take = Some(take);
        let mut taken = None;
        self.call_any(AnyAction::of(action), &mut |slot| {
            let output = A::output(slot.kept(A::KEPT)).ok();
            taken = output.zip(take.take()).map(|(output, take)| take(output));
        })?;
        taken.ok_or_else(|| Error::Configuration("an operation ended without an output".to_owned()))
    }

    pub(crate) fn call_any(
        &self,
        action: AnyAction<'_>,
        take: &mut dyn FnMut(&Slot<'_>),
    ) -> Result<(), Error> {
        if action.shape().proof != Proof::Signature {
            return self.fetcher().act(action, None, take);
        }
        let credentials = self.credentials()?;
        let called = self.fetcher().act(action, Some(&credentials), take);
        if called.as_ref().is_err_and(Error::says_ended) {
            self.invalidate(credentials.access_key_id());
        }
        called
    }
}

/// A policy of 10,240 characters, percent-encoded, with as many spaces between them.
const ROOM: usize = 64 * 1024;

impl Fetcher<'_> {
    /// Calls an operation, and passes on the slot that has its reply.
    fn act(
        &self,
        action: AnyAction<'_>,
        credentials: Option<&Credentials>,
        take: &mut dyn FnMut(&Slot<'_>),
    ) -> Result<(), Error> {
        let name = action.shape().api.service;
        if name != "iam" {
            self.find_region();
        }
        let (url, region) = self.settings.service(name)?;
        let mut fixed = credentials.map(keys);
        let base: &mut dyn Flow<'_, Output = Lease> = match &mut fixed {
            Some(fixed) => fixed,
            None => &mut Unsigned,
        };
        self.run_in(
            ROOM,
            SLOT,
            &mut Call::new(base, self.service(name, &url, &region)?, action),
            |_, slot| {
                take(slot);
                Some(())
            },
        )
    }
}
