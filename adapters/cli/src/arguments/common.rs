//! The options of every command.

#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
use super::certificate::CertificateOptions;
use super::identity::IdentityOptions;
use super::role::RoleOptions;

/// Options of every command.
#[derive(Debug, Default)]
pub(crate) struct Common {
    pub(crate) profile: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) cache: Option<String>,
    /// Seconds.
    pub(crate) wait: Option<u32>,
    pub(crate) role: RoleOptions,
    pub(crate) identity: IdentityOptions,
    #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
    pub(crate) certificate: CertificateOptions,
    pub(crate) verbose: bool,
    pub(crate) quiet: bool,
}

impl Common {
    /// Whether an identity is named, in place of the one that the environment leads to.
    pub(crate) fn names_identity(&self) -> bool {
        #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
        if self.certificate.is_given() {
            return true;
        }
        self.profile.is_some() || self.role.arn.is_some() || self.identity.is_given()
    }

    /// Checks that the options go together, for a command that creates a user or any other.
    pub(super) fn check(&self, makes_user: bool) -> Result<(), lexopt::Error> {
        self.identity.check(makes_user)?;
        #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
        {
            self.certificate.check(&self.role)?;
            if self.certificate.is_given() && self.identity.is_given() {
                return Err("a certificate or a Cognito identity, not both".into());
            }
        }
        if self.verbose && self.quiet {
            return Err("--verbose or --quiet, not both".into());
        }
        if let (Some(option), None) = (self.role.given.first(), &self.role.arn) {
            return Err(format!("{option} needs --role-arn").into());
        }
        if self.role.mfa_code.is_some() && self.role.mfa_serial.is_none() {
            return Err("--mfa-code needs --mfa-serial".into());
        }
        Ok(())
    }
}
