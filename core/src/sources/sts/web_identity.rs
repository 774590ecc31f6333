//! AssumeRoleWithWebIdentity: a role for the bearer of an OpenID Connect token - a Kubernetes service
//! account, a CI job, a user signed in elsewhere. Nothing is signed.

use crate::call::{Call, Form, Operation, Proof, Shape};
use crate::error::{ErrorKind, Origin};
use crate::flow::Slot;
use crate::flow::endpoint::account_of;
use crate::wire::Put;

use super::form;
use super::limits;
use super::{reply, shape};

/// The source: a token of `B` (such as [`IdentityToken`](crate::sources::IdentityToken)), and with it
/// AssumeRoleWithWebIdentity. The token is fetched again for every attempt.
pub type AssumeRoleWithWebIdentity<'c, B> = Call<'c, B, AssumeRoleWithWebIdentityRequest<'c>>;

/// The parameters of AssumeRoleWithWebIdentity (AWS STS API reference). The token, 4 to 20,000
/// characters, comes from the base.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AssumeRoleWithWebIdentityRequest<'c> {
    /// The role, 20 to 2,048 characters.
    pub role_arn: &'c str,
    /// The session's name, in the role's ARN and in audit logs: 2 to 64 of `[\w+=,.@-]`.
    pub session_name: &'c str,
    /// The session's lifetime in seconds, 900 to 43,200; the service's default is 3,600.
    pub duration_seconds: Option<u32>,
    /// The host name of an OAuth 2.0 provider; none for OpenID Connect.
    pub provider_id: Option<&'c str>,
    /// A policy in JSON that limits the session: up to 2,048 characters.
    pub policy: Option<&'c str>,
    /// Managed policies that limit the session: 10 at most.
    pub policy_arns: &'c [&'c str],
}

impl<'c> AssumeRoleWithWebIdentityRequest<'c> {
    /// A session of `role_arn`.
    pub const fn new(role_arn: &'c str, session_name: &'c str) -> Self {
        Self {
            role_arn,
            session_name,
            duration_seconds: None,
            provider_id: None,
            policy: None,
            policy_arns: &[],
        }
    }
}

impl Operation for AssumeRoleWithWebIdentityRequest<'_> {
    fn shape(&self) -> &Shape {
        const SHAPE: Shape = Shape {
            proof: Proof::Token {
                longest: 20_000,
                limits: "web identity token: 4 to 20,000 characters, without spaces",
            },
            retried: &["IDPCommunicationError", "InvalidIdentityToken"],
            ..shape(Origin::WebIdentity, "AssumeRoleWithWebIdentity")
        };
        &SHAPE
    }

    fn check(&self) -> Result<(), ErrorKind> {
        limits::role_arn(self.role_arn)?;
        limits::session_name(self.session_name)?;
        limits::duration(self.duration_seconds)?;
        limits::provider_id(self.provider_id)?;
        limits::policy(self.policy)?;
        limits::policy_arns(self.policy_arns)
    }

    fn body(&self, out: &mut dyn Put, held: &Slot<'_>) {
        let mut form = Form::new(self.shape(), out);
        form.text("RoleArn", self.role_arn);
        form.text("RoleSessionName", self.session_name);
        form.token("WebIdentityToken", held);
        form.optional("ProviderId", self.provider_id);
        form::policies(&mut form, self.policy_arns);
        form.optional("Policy", self.policy);
        form.optional_number("DurationSeconds", self.duration_seconds);
    }

    fn read(&self, body: &[u8], slot: &mut Slot<'_>) -> Result<(), ErrorKind> {
        let account = account_of(self.role_arn);
        reply::credentials(body, "AssumeRoleWithWebIdentityResponse", account, slot)
    }
}
