//! Options of a device that has a certificate.

use lexopt::Parser;

use super::role::RoleOptions;
use super::value;

/// The certificate, its key, and the service that gives credentials for it.
#[derive(Debug, Default)]
pub(crate) struct CertificateOptions {
    pub(crate) certificate: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) passphrase_file: Option<String>,
    pub(crate) shared_key: bool,
    pub(crate) chain: Option<String>,
    pub(crate) ca: Option<String>,
    pub(crate) iot_endpoint: Option<String>,
    pub(crate) role_alias: Option<String>,
    pub(crate) thing_name: Option<String>,
    pub(crate) trust_anchor_arn: Option<String>,
    pub(crate) profile_arn: Option<String>,
    /// The first of these options that was given.
    first: Option<String>,
}

impl CertificateOptions {
    /// Parses the option `name`, and returns whether it is one of these.
    pub(super) fn take(&mut self, name: &str, parser: &mut Parser) -> Result<bool, lexopt::Error> {
        let option = format!("--{name}");
        let mut text = || value::text(&option, parser);
        match name {
            "cert" => self.certificate = Some(text()?),
            "key" => self.key = Some(text()?),
            "key-passphrase-file" => self.passphrase_file = Some(text()?),
            "allow-shared-key" => self.shared_key = true,
            "chain" => self.chain = Some(text()?),
            "ca" if cfg!(feature = "iot") => self.ca = Some(text()?),
            "iot-endpoint" if cfg!(feature = "iot") => self.iot_endpoint = Some(text()?),
            "role-alias" if cfg!(feature = "iot") => self.role_alias = Some(text()?),
            "thing-name" if cfg!(feature = "iot") => self.thing_name = Some(text()?),
            "trust-anchor-arn" if cfg!(feature = "roles-anywhere") => self.trust_anchor_arn = Some(text()?),
            "profile-arn" if cfg!(feature = "roles-anywhere") => self.profile_arn = Some(text()?),
            _ => return Ok(false),
        }
        self.first.get_or_insert(option);
        Ok(true)
    }

    /// Whether credentials are requested with a certificate.
    pub(crate) fn is_given(&self) -> bool {
        self.iot_endpoint.is_some() || self.trust_anchor_arn.is_some()
    }

    /// Checks that the options go together, and with those of a role.
    pub(super) fn check(&self, role: &RoleOptions) -> Result<(), lexopt::Error> {
        let Some(first) = &self.first else { return Ok(()) };
        let missing = |name: &str, of: &str| Err(format!("{of} needs {name}").into());
        match (&self.iot_endpoint, &self.trust_anchor_arn) {
            (Some(_), Some(_)) => return Err("--iot-endpoint or --trust-anchor-arn, not both".into()),
            (None, None) if cfg!(all(feature = "iot", feature = "roles-anywhere")) => {
                return missing("--iot-endpoint or --trust-anchor-arn", first);
            }
            (None, None) => {
                let one = if cfg!(feature = "iot") { "--iot-endpoint" } else { "--trust-anchor-arn" };
                return missing(one, first);
            }
            _ => {}
        }
        let of = if self.iot_endpoint.is_some() { "--iot-endpoint" } else { "--trust-anchor-arn" };
        for (given, name) in [(&self.certificate, "--cert"), (&self.key, "--key")] {
            if given.is_none() {
                return missing(name, of);
            }
        }
        if self.iot_endpoint.is_some() {
            if self.role_alias.is_none() {
                return missing("--role-alias", of);
            }
            return self
                .profile_arn
                .as_ref()
                .map_or(Ok(()), |_| missing("--trust-anchor-arn", "--profile-arn"));
        }
        if self.profile_arn.is_none() || role.arn.is_none() {
            return missing("--profile-arn and --role-arn", of);
        }
        for (given, name) in
            [(&self.role_alias, "--role-alias"), (&self.thing_name, "--thing-name"), (&self.ca, "--ca")]
        {
            if given.is_some() {
                return missing("--iot-endpoint", name);
            }
        }
        let named =
            |option: &&String| !matches!(option.as_str(), "--role-session-name" | "--duration-seconds");
        match role.given.iter().find(named) {
            Some(option) => Err(format!(
                "{option} is not for a session of IAM Roles Anywhere, which has --role-session-name and --duration-seconds"
            )
            .into()),
            None => Ok(()),
        }
    }
}
