//! GetSessionToken and GetFederationToken: temporary credentials of an IAM user, or of a federated user for
//! whom an IAM user vouches.

use crate::call::{Call, Form, Operation, Shape};
use crate::error::{ErrorKind, Origin};
use crate::flow::Slot;
use crate::wire::Put;

use super::form;
use super::limits::{self, Tag};
use super::{reply, shape};

/// The source: credentials of an IAM user, and with them GetSessionToken.
pub type GetSessionToken<'c, B> = Call<'c, B, GetSessionTokenRequest<'c>>;

/// The parameters of GetSessionToken (AWS STS API reference).
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct GetSessionTokenRequest<'c> {
    /// The session's lifetime in seconds, 900 to 129,600; the service's default is 43,200.
    pub duration_seconds: Option<u32>,
    /// The user's multi-factor device: a serial number or an ARN. Its code is `token_code`, or the one that
    /// [`Mfa`](crate::sources::sts::Mfa) asks for.
    pub mfa_serial: Option<&'c str>,
    /// The six digits on the device.
    pub token_code: Option<&'c str>,
}

impl Operation for GetSessionTokenRequest<'_> {
    fn shape(&self) -> &Shape {
        const SHAPE: Shape = shape(Origin::SessionToken, "GetSessionToken");
        &SHAPE
    }

    fn check(&self) -> Result<(), ErrorKind> {
        limits::user_duration(self.duration_seconds)?;
        limits::mfa(self.mfa_serial, self.token_code)
    }

    fn body(&self, out: &mut dyn Put, held: &Slot<'_>) {
        let mut form = Form::new(self.shape(), out);
        form.optional_number("DurationSeconds", self.duration_seconds);
        form::mfa(&mut form, self.mfa_serial, self.token_code, held);
    }

    fn read(&self, body: &[u8], slot: &mut Slot<'_>) -> Result<(), ErrorKind> {
        reply::credentials(body, "GetSessionTokenResponse", "", slot)
    }
}

/// The source: credentials of an IAM user, and with them GetFederationToken.
pub type GetFederationToken<'c, B> = Call<'c, B, GetFederationTokenRequest<'c>>;

/// The parameters of GetFederationToken (AWS STS API reference). Without a policy, the session may do only
/// what resource policies grant to it by name.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct GetFederationTokenRequest<'c> {
    /// The name of the federated user: 2 to 32 of `[\w+=,.@-]`.
    pub name: &'c str,
    /// The session's lifetime in seconds, 900 to 129,600; the service's default is 43,200.
    pub duration_seconds: Option<u32>,
    /// A policy in JSON that limits the session: up to 2,048 characters.
    pub policy: Option<&'c str>,
    /// Managed policies that limit the session: 10 at most.
    pub policy_arns: &'c [&'c str],
    /// Session tags: 50 at most, keys of 1 to 128 characters, values of up to 256.
    pub tags: &'c [Tag<'c>],
}

impl<'c> GetFederationTokenRequest<'c> {
    /// A session for `name`.
    pub const fn new(name: &'c str) -> Self {
        Self { name, duration_seconds: None, policy: None, policy_arns: &[], tags: &[] }
    }
}

impl Operation for GetFederationTokenRequest<'_> {
    fn shape(&self) -> &Shape {
        const SHAPE: Shape = shape(Origin::FederationToken, "GetFederationToken");
        &SHAPE
    }

    fn check(&self) -> Result<(), ErrorKind> {
        limits::federated_name(self.name)?;
        limits::user_duration(self.duration_seconds)?;
        limits::policy(self.policy)?;
        limits::policy_arns(self.policy_arns)?;
        limits::tags(self.tags)
    }

    fn body(&self, out: &mut dyn Put, _: &Slot<'_>) {
        let mut form = Form::new(self.shape(), out);
        form.text("Name", self.name);
        form.optional("Policy", self.policy);
        form::policies(&mut form, self.policy_arns);
        form.optional_number("DurationSeconds", self.duration_seconds);
        form::tags(&mut form, self.tags);
    }

    fn read(&self, body: &[u8], slot: &mut Slot<'_>) -> Result<(), ErrorKind> {
        reply::credentials(body, "GetFederationTokenResponse", "", slot)
    }
}
