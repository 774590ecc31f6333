//! AssumeRoleWithSAML: a role for the bearer of a SAML assertion. Nothing is signed.

use crate::call::{Call, Form, Operation, Proof, Shape};
use crate::error::{ErrorKind, Origin};
use crate::flow::Slot;
use crate::flow::endpoint::account_of;
use crate::wire::Put;

use super::form;
use super::limits;
use super::{reply, shape};

/// The source: an assertion of `B` (such as [`IdentityToken`](crate::sources::IdentityToken)), and with it
/// AssumeRoleWithSAML.
pub type AssumeRoleWithSaml<'c, B> = Call<'c, B, AssumeRoleWithSamlRequest<'c>>;

/// The parameters of AssumeRoleWithSAML (AWS STS API reference). The assertion, base64 of 4 to
/// 100,000 characters, comes from the base; the exchange buffer has to hold it percent-encoded.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AssumeRoleWithSamlRequest<'c> {
    /// The role, 20 to 2,048 characters.
    pub role_arn: &'c str,
    /// The provider in IAM, 20 to 2,048 characters.
    pub principal_arn: &'c str,
    /// The session's lifetime in seconds, 900 to 43,200; the service's default is 3,600.
    pub duration_seconds: Option<u32>,
    /// A policy in JSON that limits the session: up to 2,048 characters.
    pub policy: Option<&'c str>,
    /// Managed policies that limit the session: 10 at most.
    pub policy_arns: &'c [&'c str],
}

impl<'c> AssumeRoleWithSamlRequest<'c> {
    /// A session of `role_arn`, with an assertion of the provider `principal_arn`.
    pub const fn new(role_arn: &'c str, principal_arn: &'c str) -> Self {
        Self { role_arn, principal_arn, duration_seconds: None, policy: None, policy_arns: &[] }
    }
}

impl Operation for AssumeRoleWithSamlRequest<'_> {
    fn shape(&self) -> &Shape {
        const SHAPE: Shape = Shape {
            proof: Proof::Token {
                longest: 100_000,
                limits: "SAML assertion: base64 of 4 to 100,000 characters, without spaces",
            },
            retried: &["IDPCommunicationError"],
            ..shape(Origin::Saml, "AssumeRoleWithSAML")
        };
        &SHAPE
    }

    fn check(&self) -> Result<(), ErrorKind> {
        limits::role_arn(self.role_arn)?;
        limits::principal_arn(self.principal_arn)?;
        limits::duration(self.duration_seconds)?;
        limits::policy(self.policy)?;
        limits::policy_arns(self.policy_arns)
    }

    fn body(&self, out: &mut dyn Put, held: &Slot<'_>) {
        let mut form = Form::new(self.shape(), out);
        form.text("RoleArn", self.role_arn);
        form.text("PrincipalArn", self.principal_arn);
        form.token("SAMLAssertion", held);
        form::policies(&mut form, self.policy_arns);
        form.optional("Policy", self.policy);
        form.optional_number("DurationSeconds", self.duration_seconds);
    }

    fn read(&self, body: &[u8], slot: &mut Slot<'_>) -> Result<(), ErrorKind> {
        reply::credentials(body, "AssumeRoleWithSAMLResponse", account_of(self.role_arn), slot)
    }
}
