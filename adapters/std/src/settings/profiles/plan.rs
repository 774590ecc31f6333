//! How a profile leads to credentials: the source of the first ones, and the roles that are assumed with them
//! one after the other.

use std::collections::BTreeSet;

use crate::{Credentials, Error};

use super::{Platform, Profiles, Section};

/// The path to a profile's credentials.
#[derive(Debug)]
#[non_exhaustive]
pub struct Plan {
    /// The source of the first credentials.
    pub base: Base,
    /// The roles to assume from there, in order; the last one is the profile's own.
    pub roles: Vec<RoleStep>,
}

/// The source of the first credentials of a plan.
#[derive(Debug)]
#[non_exhaustive]
pub enum Base {
    /// Keys in the profile itself.
    Keys(Credentials),
    /// `credential_source`.
    Named(Named),
    /// `web_identity_token_file` and `role_arn`.
    WebIdentity(WebIdentityStep),
    /// `sso_session`, or `sso_start_url` and its companions.
    Sso(SsoSession),
    /// `login_session`: what `aws login` leaves.
    Login(LoginSession),
    /// `iot_endpoint` and `iot_role_alias`, with a certificate.
    #[cfg(feature = "iot")]
    Iot(crate::IotRole),
    /// `trust_anchor_arn`, `profile_arn` and `role_arn`, with a certificate.
    #[cfg(feature = "roles-anywhere")]
    RolesAnywhere(crate::AnywhereRole),
    /// `credential_process`.
    Process {
        /// The profile that has it.
        profile: String,
        /// The command line.
        command: String,
        /// `aws_account_id`: the account, where the command names none.
        account_id: Option<String>,
    },
}

/// The values of `credential_source`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Named {
    /// `Environment`
    Environment,
    /// `Ec2InstanceMetadata`
    Ec2InstanceMetadata,
    /// `EcsContainer`
    EcsContainer,
}

impl Named {
    /// As in the configuration file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "Environment",
            Self::Ec2InstanceMetadata => "Ec2InstanceMetadata",
            Self::EcsContainer => "EcsContainer",
        }
    }
}

/// One role of a plan, as its profile has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleStep {
    /// The name of the profile that has the role.
    pub profile: String,
    /// `role_arn`: the role to assume, an ARN.
    pub role_arn: String,
    /// `role_session_name`: the session's name; without it the provider chooses one.
    pub session_name: Option<String>,
    /// `external_id`: the external id that the trust policy requires.
    pub external_id: Option<String>,
    /// `duration_seconds`: the session's lifetime, 900 to 43,200 seconds.
    pub duration_seconds: Option<u32>,
    /// `mfa_serial`: the user's multi-factor device, whose code is prompted for.
    pub mfa_serial: Option<String>,
}

/// A role that is assumed with the token of an identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebIdentityStep {
    /// `web_identity_token_file`: the path of the token, read at each fetch.
    pub token_file: String,
    /// `role_arn`: the role to assume, an ARN.
    pub role_arn: String,
    /// `role_session_name`: the session's name; without it the provider chooses one.
    pub session_name: Option<String>,
    /// `duration_seconds`: the session's lifetime, 900 to 43,200 seconds.
    pub duration_seconds: Option<u32>,
}

/// A sign-in with IAM Identity Center.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SsoSession {
    /// The name of the profile that has it.
    pub profile: String,
    /// `sso_session`: the section's name; `None` if the profile itself has the start URL.
    pub session: Option<String>,
    /// `sso_start_url`: the start URL of the portal.
    pub start_url: String,
    /// `sso_region`: the region of the portal.
    pub region: String,
    /// `sso_account_id`; always present without a session.
    pub account_id: Option<String>,
    /// `sso_role_name`; always present without a session.
    pub role_name: Option<String>,
    /// `sso_registration_scopes` of the session: what a sign-in asks for; `sso:account:access` without it.
    pub scopes: Vec<String>,
}

/// A sign-in to the console with `aws login`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginSession {
    /// The name of the profile that has it.
    pub profile: String,
    /// `login_session`: the ARN of the identity that signed in.
    pub session: String,
}

impl Plan {
    /// The plan of the profile `name`. `None` if the profile has no credential setting.
    ///
    /// # Errors
    /// [`Error::Configuration`], with the profile's name, for one that does not exist, or cannot be
    /// followed.
    pub fn of(profiles: &Profiles, name: &str) -> Result<Option<Self>, Error> {
        let mut roles = Vec::new();
        let mut visited = BTreeSet::new();
        let (mut name, mut from) = (name, None);
        let base = loop {
            let Some(profile) = profiles.profile(name) else {
                return Err(match from {
                    Some(from) => wrong(from, &format!("its source_profile {name} is not there")),
                    None => wrong(name, "it is in neither the config nor the credentials file"),
                });
            };
            let at = At { name, profile, home: profiles.home.as_deref() };
            if !visited.insert(name) {
                return Err(at.wrong("its source_profile leads back to an earlier profile"));
            }
            from = Some(name);
            // Keys in a profile go before its role if another profile names it as its source.
            if visited.len() > 1
                && let Some(keys) = at.keys()?
            {
                break Some(Base::Keys(keys));
            }
            let Some(role) = at.role()? else { break at.base(profiles)? };
            roles.push(role);
            match at.source()? {
                Source::Profile(source) if source == name => {
                    let keys =
                        at.keys()?.ok_or_else(|| at.wrong("its source_profile is itself, without keys"))?;
                    break Some(Base::Keys(keys));
                }
                Source::Profile(source) => name = source,
                Source::Named(named) => break Some(Base::Named(named)),
            }
        };
        roles.reverse();
        match base {
            Some(base) => Ok(Some(Self { base, roles })),
            None if visited.len() == 1 => match profiles.profile(name).and_then(leads_nowhere) {
                Some(problem) => Err(wrong(name, problem)),
                None => Ok(None),
            },
            None => Err(wrong(name, "it is a source_profile, but has no credentials")),
        }
    }
}

/// What is wrong with a setting about credentials that leads to none: another identity never takes its place. Those that
/// are not here lead to credentials or to an error of their own.
fn leads_nowhere(profile: &Section) -> Option<&'static str> {
    const SETTINGS: &[(&str, &str)] = &[
        #[cfg(not(feature = "iot"))]
        ("iot_endpoint", "iot_endpoint is not supported: this program was built without feature iot"),
        #[cfg(not(feature = "roles-anywhere"))]
        (
            "trust_anchor_arn",
            "trust_anchor_arn is not supported: this program was built without feature roles-anywhere",
        ),
        #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
        ("certificate", "it has a certificate, but neither iot_endpoint nor trust_anchor_arn"),
        #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
        ("certificate_chain", "it has a certificate_chain, but neither iot_endpoint nor trust_anchor_arn"),
        #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
        ("iot_thing_name", "it has an iot_thing_name, but no iot_endpoint"),
        #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
        ("iot_ca_bundle", "it has an iot_ca_bundle, but no iot_endpoint"),
        #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
        ("private_key", "it has a private_key, but neither iot_endpoint nor trust_anchor_arn"),
        ("aws_session_token", "it has an aws_session_token but no aws_access_key_id"),
        ("source_profile", "it has a source_profile but no role_arn"),
    ];
    SETTINGS.iter().find(|(property, _)| profile.get(property).is_some()).map(|(_, problem)| *problem)
}

/// The source of the credentials that a profile assumes its role with.
enum Source<'a> {
    Profile(&'a str),
    Named(Named),
}

/// A profile, and its name for errors.
pub(super) struct At<'a> {
    name: &'a str,
    profile: &'a Section,
    home: Option<&'a str>,
}

impl<'a> At<'a> {
    pub(super) fn get(&self, property: &str) -> Option<&'a str> {
        self.profile.get(property)
    }

    pub(super) fn owned(&self, property: &str) -> Option<String> {
        self.get(property).map(str::to_owned)
    }

    /// The path of a file: `~/` at its start is the home folder.
    pub(super) fn path(&self, property: &str) -> Option<String> {
        Some(Platform::HERE.path(self.owned(property)?, self.home))
    }

    pub(super) fn wrong(&self, what: &str) -> Error {
        wrong(self.name, what)
    }

    /// The lifetime of a session.
    pub(super) fn seconds(&self, property: &str) -> Result<Option<u32>, Error> {
        let Some(text) = self.get(property) else { return Ok(None) };
        let number = text.trim().parse().ok().filter(|number| (900..=43_200).contains(number));
        let expected = "expected a whole number of seconds from 900 to 43200";
        Ok(Some(number.ok_or_else(|| self.unusable(property, expected))?))
    }

    /// The error of a property that has a value which cannot be used, and is no secret.
    pub(super) fn unusable(&self, property: &str, expected: &str) -> Error {
        let value = self.get(property).unwrap_or_default();
        let place = self.profile.place(property).map(|place| format!(" ({place})")).unwrap_or_default();
        self.wrong(&format!("{property}{place}: {value:?}: {expected}"))
    }

    /// The role to assume; `None` if there is none, or if it is assumed with a token or a certificate.
    fn role(&self) -> Result<Option<RoleStep>, Error> {
        let Some(role_arn) = self.owned("role_arn") else { return Ok(None) };
        #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
        self.check_device_beside_role()?;
        if self.get("web_identity_token_file").is_some() || self.get("trust_anchor_arn").is_some() {
            return Ok(None);
        }
        Ok(Some(RoleStep {
            profile: self.name.to_owned(),
            role_arn,
            session_name: self.owned("role_session_name"),
            external_id: self.owned("external_id"),
            duration_seconds: self.seconds("duration_seconds")?,
            mfa_serial: self.owned("mfa_serial"),
        }))
    }

    fn source(&self) -> Result<Source<'a>, Error> {
        match (self.get("source_profile"), self.get("credential_source")) {
            (Some(_), Some(_)) => Err(self.wrong("it has both source_profile and credential_source")),
            (None, None) => {
                Err(self.wrong("it has a role_arn but neither source_profile nor credential_source"))
            }
            (Some(profile), None) => Ok(Source::Profile(profile)),
            (None, Some(_)) => self.named().map(Source::Named),
        }
    }

    fn named(&self) -> Result<Named, Error> {
        match self.get("credential_source").unwrap_or_default() {
            "Environment" => Ok(Named::Environment),
            "Ec2InstanceMetadata" => Ok(Named::Ec2InstanceMetadata),
            "EcsContainer" => Ok(Named::EcsContainer),
            _ => Err(self
                .unusable("credential_source", "expected Environment, Ec2InstanceMetadata or EcsContainer")),
        }
    }

    /// What the profile has beside roles.
    fn base(&self, profiles: &Profiles) -> Result<Option<Base>, Error> {
        if self.get("credential_source").is_some() {
            return self.named().map(|named| Some(Base::Named(named)));
        }
        if let Some(web_identity) = self.web_identity()? {
            return Ok(Some(Base::WebIdentity(web_identity)));
        }
        if let Some(sso) = self.sso(profiles)? {
            return Ok(Some(Base::Sso(sso)));
        }
        #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
        if let Some(base) = self.device()? {
            return Ok(Some(base));
        }
        // Keys of the credentials file go before a session and a command, and those of the config file after them.
        if let Some(session) = self.get("login_session").filter(|_| !self.profile.has_own_keys) {
            let (profile, session) = (self.name.to_owned(), session.trim().to_owned());
            return Ok(Some(Base::Login(LoginSession { profile, session })));
        }
        if let Some(command) = self.owned("credential_process").filter(|_| !self.profile.has_own_keys) {
            let (profile, account_id) = (self.name.to_owned(), self.owned("aws_account_id"));
            return Ok(Some(Base::Process { profile, command, account_id }));
        }
        Ok(self.keys()?.map(Base::Keys))
    }

    fn web_identity(&self) -> Result<Option<WebIdentityStep>, Error> {
        let Some(token_file) = self.path("web_identity_token_file") else { return Ok(None) };
        let missing = || self.wrong("it has a web_identity_token_file but no role_arn");
        Ok(Some(WebIdentityStep {
            token_file,
            role_arn: self.owned("role_arn").ok_or_else(missing)?,
            session_name: self.owned("role_session_name"),
            duration_seconds: self.seconds("duration_seconds")?,
        }))
    }

    fn sso(&self, profiles: &Profiles) -> Result<Option<SsoSession>, Error> {
        let (account_id, role_name) = (self.owned("sso_account_id"), self.owned("sso_role_name"));
        match (&account_id, &role_name) {
            (Some(_), None) => return Err(self.wrong("it has an sso_account_id but no sso_role_name")),
            (None, Some(_)) => return Err(self.wrong("it has an sso_role_name but no sso_account_id")),
            _ => {}
        }
        let missing = |at: &str, property: &str| wrong(at, &format!("it has no {property}"));
        let Some(session) = self.get("sso_session") else {
            if account_id.is_none() && self.get("sso_start_url").is_none() && self.get("sso_region").is_none()
            {
                return Ok(None);
            }
            account_id.as_ref().ok_or_else(|| missing(self.name, "sso_account_id"))?;
            return Ok(Some(SsoSession {
                profile: self.name.to_owned(),
                session: None,
                start_url: self.owned("sso_start_url").ok_or_else(|| missing(self.name, "sso_start_url"))?,
                region: self.owned("sso_region").ok_or_else(|| missing(self.name, "sso_region"))?,
                account_id,
                role_name,
                scopes: scopes(None),
            }));
        };
        let section = profiles
            .sso_session(session)
            .ok_or_else(|| self.wrong(&format!("its sso_session {session} is not in the config file")))?;
        for property in ["sso_region", "sso_start_url"] {
            let of_session = section.get(property);
            if self.get(property).is_some_and(|own| Some(own) != of_session) {
                return Err(self.wrong(&format!("with an sso_session, {property} belongs in its section")));
            }
        }
        let of_session = |property: &str| {
            let at = format!("sso-session {session}");
            section.get(property).map(str::to_owned).ok_or_else(|| missing(&at, property))
        };
        Ok(Some(SsoSession {
            profile: self.name.to_owned(),
            session: Some(session.to_owned()),
            start_url: of_session("sso_start_url")?,
            region: of_session("sso_region")?,
            account_id,
            role_name,
            scopes: scopes(section.get("sso_registration_scopes")),
        }))
    }

    fn keys(&self) -> Result<Option<Credentials>, Error> {
        match (self.get("aws_access_key_id"), self.get("aws_secret_access_key")) {
            (None, None) => Ok(None),
            (Some(_), None) => Err(self.wrong("it has an aws_access_key_id but no aws_secret_access_key")),
            (None, Some(_)) => Err(self.wrong("it has an aws_secret_access_key but no aws_access_key_id")),
            (Some(key), Some(secret)) => {
                let keys = Credentials::new(key, secret, self.get("aws_session_token"));
                let keys = keys.map_err(|error| self.wrong(&error.to_string()))?;
                Ok(Some(keys.with_account_id(self.owned("aws_account_id"))))
            }
        }
    }
}

fn wrong(name: &str, what: &str) -> Error {
    Error::Configuration(format!("profile {name}: {what}"))
}

/// Scopes in a list with commas.
fn scopes(list: Option<&str>) -> Vec<String> {
    list.unwrap_or("sso:account:access").split(',').map(|scope| scope.trim().to_owned()).collect()
}
