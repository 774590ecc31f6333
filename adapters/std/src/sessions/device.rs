//! Roles for the holder of a certificate.

use crate::certificate::ClientCertificate;

/// A role for a device, by its certificate and a role alias of AWS IoT (*Authorizing direct calls to AWS services using AWS
/// IoT Core credential provider*, AWS IoT Core Developer Guide).
///
/// ```no_run
/// use rolecall::{ClientCertificate, Environment, IotRole, Provider};
///
/// let certificate = ClientCertificate::files("certificate.pem", "key.pem").ca_file("AmazonRootCA1.pem");
/// let role = IotRole::new("c2example.credentials.iot.eu-west-1.amazonaws.com", "gateways", certificate);
/// let device = Provider::from_environment(&Environment::process())?.session(role.thing_name("gateway-7"));
/// println!("{}", device.caller_identity()?.arn);
/// # Ok::<(), rolecall::Error>(())
/// ```
#[cfg(feature = "iot")]
#[derive(Debug, Clone)]
pub struct IotRole {
    pub(crate) endpoint: String,
    pub(crate) role_alias: String,
    pub(crate) thing_name: Option<String>,
    pub(crate) certificate: ClientCertificate,
}

#[cfg(feature = "iot")]
impl IotRole {
    /// The role of `role_alias`, at the account's credential provider: `HOST` or `HOST:PORT`
    /// (`aws iot describe-endpoint --endpoint-type iot:CredentialProvider` has it), or an https URL.
    pub fn new(
        endpoint: impl Into<String>,
        role_alias: impl Into<String>,
        certificate: ClientCertificate,
    ) -> Self {
        Self { endpoint: endpoint.into(), role_alias: role_alias.into(), thing_name: None, certificate }
    }

    /// Names the thing that the certificate is attached to: policies can have its name and attributes then.
    pub fn thing_name(mut self, name: impl Into<String>) -> Self {
        self.thing_name = Some(name.into());
        self
    }
}

/// A role for the holder of a certificate that a trust anchor of IAM Roles Anywhere accepts (*CreateSession*, IAM Roles
/// Anywhere User Guide).
///
/// ```no_run
/// use rolecall::{AnywhereRole, ClientCertificate, Environment, Provider};
///
/// let certificate = ClientCertificate::files("certificate.pem", "key.pem").chain_file("intermediates.pem");
/// let role = AnywhereRole::new(
///     "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/5cf2ae0b-7a33-4e29-9d0b-cd0f5ac2b1d6",
///     "arn:aws:rolesanywhere:eu-west-1:123456789012:profile/0d9ae7e8-5a26-4ba1-a4c2-7ad2c6b9f26a",
///     "arn:aws:iam::123456789012:role/build-agent",
///     certificate,
/// );
/// let agent = Provider::from_environment(&Environment::process())?.session(role.duration_seconds(3600));
/// println!("{}", agent.caller_identity()?.arn);
/// # Ok::<(), rolecall::Error>(())
/// ```
#[cfg(feature = "roles-anywhere")]
#[derive(Debug, Clone)]
pub struct AnywhereRole {
    pub(crate) trust_anchor_arn: String,
    pub(crate) profile_arn: String,
    pub(crate) role_arn: String,
    pub(crate) session_name: Option<String>,
    pub(crate) duration_seconds: Option<u32>,
    pub(crate) certificate: ClientCertificate,
}

#[cfg(feature = "roles-anywhere")]
impl AnywhereRole {
    /// The role `role_arn`, by a trust anchor and a profile of one region.
    pub fn new(
        trust_anchor_arn: impl Into<String>,
        profile_arn: impl Into<String>,
        role_arn: impl Into<String>,
        certificate: ClientCertificate,
    ) -> Self {
        Self {
            trust_anchor_arn: trust_anchor_arn.into(),
            profile_arn: profile_arn.into(),
            role_arn: role_arn.into(),
            session_name: None,
            duration_seconds: None,
            certificate,
        }
    }

    /// Names the session, if the profile accepts that: 2 to 64 of `[\w+=,.@-]`. Else it is the certificate's serial number.
    pub fn session_name(mut self, name: impl Into<String>) -> Self {
        self.session_name = Some(name.into());
        self
    }

    /// Seconds of life: 900 to 43,200; what the profile has if it is not said.
    pub fn duration_seconds(mut self, seconds: u32) -> Self {
        self.duration_seconds = Some(seconds);
        self
    }
}
