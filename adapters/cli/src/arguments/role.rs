//! Options of a role to assume.

use std::ffi::OsString;

use lexopt::Parser;

use super::value;

/// The role to assume, and its parameters.
#[derive(Debug, Default)]
pub(crate) struct RoleOptions {
    pub(crate) arn: Option<String>,
    pub(crate) session_name: Option<String>,
    pub(crate) duration_seconds: Option<u32>,
    pub(crate) external_id: Option<String>,
    pub(crate) policy: Option<OsString>,
    pub(crate) policy_arns: Vec<String>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) transitive_tags: Vec<String>,
    pub(crate) mfa_serial: Option<String>,
    pub(crate) mfa_code: Option<String>,
    pub(crate) source_identity: Option<String>,
    /// The number of seconds as it was given.
    pub(super) duration: Option<String>,
    /// The options given beside the ARN.
    pub(super) given: Vec<String>,
}

impl RoleOptions {
    /// Parses the option `name`, and returns whether it is one of these.
    pub(super) fn take(&mut self, name: &str, parser: &mut Parser) -> Result<bool, lexopt::Error> {
        let option = format!("--{name}");
        let mut text = || value::text(&option, parser);
        match name {
            "role-arn" => self.arn = Some(text()?),
            "role-session-name" => self.session_name = Some(text()?),
            // Its limits are those of the call, which other options choose.
            "duration-seconds" => self.duration = Some(text()?),
            "external-id" => self.external_id = Some(text()?),
            "policy" => self.policy = Some(value::any(&option, parser)?),
            "policy-arn" => self.policy_arns.push(text()?),
            "tag" => self.tags.push(value::pair(&option, "KEY=VALUE", parser)?),
            "transitive-tag" => self.transitive_tags.push(text()?),
            "mfa-serial" => self.mfa_serial = Some(text()?),
            "mfa-code" => self.mfa_code = Some(value::code(&option, parser)?),
            "source-identity" => self.source_identity = Some(text()?),
            _ => return Ok(false),
        }
        if name != "role-arn" {
            self.given.push(option);
        }
        Ok(true)
    }
}
