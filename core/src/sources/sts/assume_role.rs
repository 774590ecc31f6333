//! AssumeRole: temporary credentials of a role, in this account or another.

use core::fmt;

use crate::call::{Call, Form, Operation, Shape};
use crate::error::{ErrorKind, Origin};
use crate::flow::Slot;
use crate::flow::endpoint::account_of;
use crate::wire::Put;

use super::form;
use super::limits::{self, Tag};
use super::{reply, shape};

/// The source: credentials of `B`, and with them AssumeRole.
pub type AssumeRole<'c, B> = Call<'c, B, AssumeRoleRequest<'c>>;

/// The parameters of AssumeRole (AWS STS API reference).
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct AssumeRoleRequest<'c> {
    /// The role, 20 to 2,048 characters.
    pub role_arn: &'c str,
    /// The session's name, in the role's ARN and in audit logs: 2 to 64 of `[\w+=,.@-]`.
    pub session_name: &'c str,
    /// The session's lifetime in seconds, 900 to 43,200; the service's default is 3,600. For role chaining,
    /// it is at most 3,600.
    pub duration_seconds: Option<u32>,
    /// The external id that a third party's trust policy may require: 2 to 1,224 of `[\w+=,.@:/-]`.
    pub external_id: Option<&'c str>,
    /// Further parameters, [`SessionParameters`] for instance. A program without them does not link their
    /// code.
    pub more: Option<&'c (dyn Parameters + Sync)>,
}

impl fmt::Debug for AssumeRoleRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Further parameters have no `Debug`: a trait object would link it on every device.
        write!(f, "AssumeRoleRequest({} as {})", self.role_arn, self.session_name)
    }
}

/// Parameters that few calls have.
pub trait Parameters {
    /// Checks the limits that the service documents, before anything is sent.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`], with the allowed range.
    fn check(&self) -> Result<(), ErrorKind>;

    /// Writes the parameters. `held` has what the base provided.
    fn put(&self, form: &mut Form<'_>, held: &Slot<'_>);
}

/// The further parameters of AssumeRole.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct SessionParameters<'c> {
    /// A policy in JSON that limits the session: up to 2,048 characters.
    pub policy: Option<&'c str>,
    /// Managed policies that limit the session: 10 at most.
    pub policy_arns: &'c [&'c str],
    /// Session tags: 50 at most, keys of 1 to 128 characters, values of up to 256.
    pub tags: &'c [Tag<'c>],
    /// Keys of the tags that are passed on when roles are chained.
    pub transitive_tag_keys: &'c [&'c str],
    /// The multi-factor device of the calling user: a serial number or an ARN. Its code is `token_code`, or
    /// the one that [`Mfa`](crate::sources::sts::Mfa) asks for.
    pub mfa_serial: Option<&'c str>,
    /// The six digits on the device.
    pub token_code: Option<&'c str>,
    /// The source identity, for audit logs of this and all chained sessions: 2 to 64 of `[\w+=,.@-]`.
    pub source_identity: Option<&'c str>,
    /// Context assertions of trusted providers, each with the provider's ARN: 5 at most.
    pub provided_contexts: &'c [(&'c str, &'c str)],
}

impl Parameters for SessionParameters<'_> {
    fn check(&self) -> Result<(), ErrorKind> {
        limits::policy(self.policy)?;
        limits::policy_arns(self.policy_arns)?;
        limits::tags(self.tags)?;
        limits::transitive_keys(self.transitive_tag_keys)?;
        limits::mfa(self.mfa_serial, self.token_code)?;
        limits::source_identity(self.source_identity)?;
        limits::provided_contexts(self.provided_contexts)
    }

    fn put(&self, form: &mut Form<'_>, held: &Slot<'_>) {
        form::policies(form, self.policy_arns);
        form.optional("Policy", self.policy);
        form::tags(form, self.tags);
        for (number, key) in (1..).zip(self.transitive_tag_keys) {
            form.member("TransitiveTagKeys", number, "", key);
        }
        form::mfa(form, self.mfa_serial, self.token_code, held);
        form.optional("SourceIdentity", self.source_identity);
        for (number, (provider, assertion)) in (1..).zip(self.provided_contexts) {
            form.member("ProvidedContexts", number, ".ProviderArn", provider);
            form.member("ProvidedContexts", number, ".ContextAssertion", assertion);
        }
    }
}

impl<'c> AssumeRoleRequest<'c> {
    /// A session of `role_arn`.
    pub const fn new(role_arn: &'c str, session_name: &'c str) -> Self {
        Self { role_arn, session_name, duration_seconds: None, external_id: None, more: None }
    }
}

impl Operation for AssumeRoleRequest<'_> {
    fn shape(&self) -> &Shape {
        const SHAPE: Shape = shape(Origin::AssumeRole, "AssumeRole");
        &SHAPE
    }

    fn check(&self) -> Result<(), ErrorKind> {
        limits::role_arn(self.role_arn)?;
        limits::session_name(self.session_name)?;
        limits::duration(self.duration_seconds)?;
        limits::external_id(self.external_id)?;
        self.more.map_or(Ok(()), |more| more.check())
    }

    fn body(&self, out: &mut dyn Put, held: &Slot<'_>) {
        let mut form = Form::new(self.shape(), out);
        form.text("RoleArn", self.role_arn);
        form.text("RoleSessionName", self.session_name);
        form.optional_number("DurationSeconds", self.duration_seconds);
        form.optional("ExternalId", self.external_id);
        if let Some(more) = self.more {
            more.put(&mut form, held);
        }
    }

    fn read(&self, body: &[u8], slot: &mut Slot<'_>) -> Result<(), ErrorKind> {
        reply::credentials(body, "AssumeRoleResponse", account_of(self.role_arn), slot)
    }
}
