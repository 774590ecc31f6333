//! The options of every command.

#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
use super::certificate::CertificateOptions;
use super::identity::IdentityOptions;
use super::role::RoleOptions;
#[cfg(feature = "sessions")]
use super::session::SessionOptions;
use super::value;

/// Options of every command.
#[derive(Debug, Default)]
pub(crate) struct Common {
    pub(crate) profile: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) cache: Option<String>,
    /// Seconds.
    pub(crate) wait: Option<u32>,
    pub(crate) role: RoleOptions,
    #[cfg(feature = "sessions")]
    pub(crate) session: SessionOptions,
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
        self.profile.is_some() || self.role.arn.is_some() || self.names_session() || self.identity.is_given()
    }

    /// Checks that the options go together, for a command that creates a user or any other.
    pub(super) fn check(&mut self, makes_user: bool) -> Result<(), lexopt::Error> {
        self.identity.check(makes_user)?;
        #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
        {
            self.certificate.check(&self.role)?;
            if self.certificate.trust_anchor_arn.is_some() && self.names_session() {
                return Err("a trust anchor or another session by STS, not both".into());
            }
            if self.certificate.is_given() && self.identity.is_given() {
                return Err("a certificate or a Cognito identity, not both".into());
            }
        }
        if self.verbose && self.quiet {
            return Err("--verbose or --quiet, not both".into());
        }
        #[cfg(feature = "sessions")]
        self.session.check(&self.role)?;
        self.check_duration()?;
        let other = self.names_session();
        if let (Some(option), None, false) = (self.role.given.first(), &self.role.arn, other) {
            return Err(format!("{option} needs --role-arn").into());
        }
        if self.role.mfa_code.is_some() && self.role.mfa_serial.is_none() {
            return Err("--mfa-code needs --mfa-serial".into());
        }
        Ok(())
    }

    /// Whether another session by STS than that of a role is asked for.
    fn names_session(&self) -> bool {
        #[cfg(feature = "sessions")]
        return self.session.is_given();
        #[cfg(not(feature = "sessions"))]
        false
    }

    /// Checks how long the session is to last: each call of STS has its own limits.
    fn check_duration(&mut self) -> Result<(), lexopt::Error> {
        #[cfg(feature = "sessions")]
        let (least, most) = self.session.durations();
        #[cfg(not(feature = "sessions"))]
        let (least, most) = (900, 43_200);
        let Some(given) = &self.role.duration else { return Ok(()) };
        self.role.duration_seconds = Some(value::whole_seconds("--duration-seconds", least..=most, given)?);
        Ok(())
    }
}
