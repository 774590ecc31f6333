//! Settings: the standard variables and the profile.

pub(crate) mod endpoints;
mod imds;
pub mod profiles;
pub(crate) mod url;

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, OnceLock};

use rolecall_core::call::{Variant, is_region};
use rolecall_core::flow::{Limits, RetryPolicy};
use rolecall_core::sources::{Authorization, Container};
use rolecall_core::wire::time::UnixTime;

use self::url::url_problem;
use crate::files::{ReadFile, read_file};
use crate::host::Host;
use crate::{Credentials, Environment, Error, Proxies, Secret, lock};
use profiles::{Base, Location, Plan, Platform, Profiles, Section, WebIdentityStep};

/// `region`, unless it could lead to a host of another owner in a URL.
pub(crate) fn checked_region<'r>(setting: &str, region: &'r str) -> Result<&'r str, Error> {
    if is_region(region) {
        return Ok(region);
    }
    let expected = "expected 1 to 63 of a-z, 0-9 and hyphens, with no hyphen at either end";
    Err(Error::invalid(setting, &format!("{region:?} is not a region: {expected}")))
}

/// Lists the commands of profiles that have started one another, for the processes they start.
pub(crate) const PROCESSES: &str = "ROLECALL_PROCESSES";

/// Region, endpoints and sources, as the environment and the profile set them; every field can be set by
/// hand.
#[non_exhaustive]
pub struct Settings {
    /// `AWS_REGION`, else `AWS_DEFAULT_REGION`, else the profile's `region`. Where none of them is set, a provider asks
    /// instance metadata when it needs a region.
    pub region: Option<String>,
    /// The region of the instance, after a provider has asked.
    pub(crate) instance_region: OnceLock<String>,
    /// Whether it was reported that requests of STS are signed for a region that no setting names.
    pub(crate) supposed_region: AtomicBool,
    /// Why the instance has none.
    pub(crate) missing_region: Mutex<Option<String>>,
    /// The setting that names the region.
    pub(crate) region_setting: String,
    /// Endpoints by the name that the service signs with: `AWS_ENDPOINT_URL_<SERVICE>`, else
    /// `AWS_ENDPOINT_URL`, else those of the profile's `services` section, else its `endpoint_url`. Empty if
    /// `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is true.
    pub endpoints: Vec<(String, String)>,
    /// The settings that have them.
    pub(crate) endpoint_settings: Vec<(&'static str, String)>,
    /// `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT`, or the profile's `use_...`.
    pub variant: Variant,
    /// `AWS_ACCESS_KEY_ID` and its companions. An error here, as in the other fields that are results, is
    /// reported when its turn in the chain comes.
    pub credentials: Result<Option<Credentials>, Error>,
    /// The profile's name: the one given, else `AWS_PROFILE`, else `default`.
    pub profile_name: String,
    /// Whether the profile was named by the program: keys and the web identity of the environment are then never used.
    pub prefers_profile: bool,
    /// Whether the profile was named at all, by the program or by `AWS_PROFILE`.
    pub names_profile: bool,
    /// Whether one of the shared files has the profile.
    pub has_profile: bool,
    /// How the profile leads to credentials; `None` if it has no credential setting.
    pub profile: Result<Option<Plan>, Error>,
    /// `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`.
    pub web_identity: Result<Option<WebIdentityStep>, Error>,
    /// The shared files: what each is, its path, which is `None` without a home folder, and whether it was read.
    pub(crate) files: [(&'static str, Option<String>, &'static str); 2],
    /// The folder where AWS clients keep the access tokens of IAM Identity Center.
    pub sso_cache: Option<String>,
    /// `AWS_LOGIN_CACHE_DIRECTORY`, else `~/.aws/login/cache`: the folder where `aws login` keeps sessions.
    pub login_cache: Option<String>,
    /// `AWS_EC2_METADATA_SERVICE_ENDPOINT`, or the profile's `ec2_metadata_service_endpoint`.
    pub imds_endpoint: Option<String>,
    /// The setting that names it.
    imds_endpoint_setting: String,
    /// The protocol of instance metadata, if there is no endpoint: `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`,
    /// or the profile's `ec2_metadata_service_endpoint_mode`.
    pub imds_mode: Result<ImdsMode, Error>,
    /// `AWS_EC2_METADATA_DISABLED`: true or false; another value is an error where instance metadata's turn comes.
    pub imds_disabled: Result<bool, Error>,
    /// `AWS_EC2_INSTANCE_PROFILE_NAME`, or the profile's `ec2_instance_profile_name`: the role to request, in place of
    /// the one that instance metadata lists.
    pub imds_role: Option<String>,
    /// The setting that names it.
    imds_role_setting: String,
    /// `AWS_METADATA_SERVICE_TIMEOUT`, in seconds, with a fraction if need be: the limit for connecting, and for the
    /// first byte.
    pub imds_limits: Result<Limits, Error>,
    /// `AWS_METADATA_SERVICE_NUM_ATTEMPTS`: so many attempts are made, a second and more apart, whatever ended the one
    /// before: a refused connection, a time-out, no role yet, half of a document. Without it, a service that cannot be
    /// reached is absent at once.
    pub imds_retries: Result<RetryPolicy, Error>,
    /// `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`; takes precedence over the full one.
    pub container_relative_uri: Option<String>,
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
    pub container_full_uri: Option<String>,
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`; takes precedence over the token.
    pub container_token_file: Option<String>,
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN`.
    pub container_token: Option<Secret>,
    /// False if `AWS_DISABLE_CLOCK_SKEW_CORRECTION` is true.
    pub corrects_clock: bool,
    /// The commands of profiles that this process was started by, directly or not: `ROLECALL_PROCESSES`.
    pub(crate) processes: String,
    /// `AWS_ROLE_SESSION_NAME`.
    pub role_session_name: Option<String>,
    /// `AWS_CA_BUNDLE`: a PEM file whose certificates are trusted in place of the built-in roots. It is
    /// read when the first https connection is made.
    pub ca_bundle: Option<String>,
    /// The setting that names it.
    pub(crate) ca_bundle_setting: String,
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    pub proxies: Proxies,
}

/// The IP version by which instance metadata is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ImdsMode {
    /// At 169.254.169.254.
    #[default]
    Ipv4,
    /// At fd00:ec2::254.
    Ipv6,
}

/// The environment first, then the profile.
struct Sources<'a> {
    environment: &'a Environment,
    profiles: &'a Profiles,
    profile_name: &'a str,
    profile: Option<&'a Section>,
}

impl<'a> Sources<'a> {
    /// A setting, and the name of the variable or property that has it, for errors.
    fn get(&self, variable: &'static str, property: &'static str) -> Option<(String, &'static str)> {
        self.environment.get(variable).map(|value| (value, variable)).or_else(|| {
            let value = self.profile?.get(property)?;
            Some((value.to_owned(), property))
        })
    }

    /// The setting's name in errors: a key of a profile belongs to it.
    fn shown(&self, place: &str) -> String {
        let of_profile =
            place.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'0'..=b'9'));
        if of_profile { format!("profile {}: {place}", self.profile_name) } else { place.to_owned() }
    }

    /// The error of a setting, with the line of a key.
    fn invalid(&self, place: &str, problem: &str) -> Error {
        let line = self.profile.and_then(|profile| profile.place(place));
        let line = line.map(|line| format!(" ({line})")).unwrap_or_default();
        Error::invalid(&format!("{}{line}", self.shown(place)), problem)
    }

    /// Whether a setting is true. One that is neither true nor false is a choice that cannot be followed.
    fn is_true(&self, variable: &'static str, property: &'static str) -> Result<bool, Error> {
        let Some((value, place)) = self.get(variable, property) else { return Ok(false) };
        match value.trim() {
            text if text.eq_ignore_ascii_case("true") => Ok(true),
            text if text.eq_ignore_ascii_case("false") => Ok(false),
            text => Err(self.invalid(place, &format!("{text:?}: expected true or false"))),
        }
    }
}

impl Settings {
    /// Reads the standard variables, and the profile they name.
    ///
    /// # Errors
    /// A value that cannot be used, with the name of its variable or property.
    pub fn from_environment(environment: &Environment) -> Result<Self, Error> {
        Self::load(environment, None)
    }

    /// Reads the same with the profile of that name. Keys and the web identity of the environment are then never used.
    ///
    /// # Errors
    /// As [`Settings::from_environment`].
    pub fn load(environment: &Environment, profile: Option<&str>) -> Result<Self, Error> {
        Self::load_with(environment, profile, &read_file)
    }

    /// Reads the same through the files of `host`.
    ///
    /// # Errors
    /// As [`Settings::from_environment`].
    pub fn load_from(
        host: &dyn Host,
        environment: &Environment,
        profile: Option<&str>,
    ) -> Result<Self, Error> {
        Self::load_with(environment, profile, &|path, buffer| host.read_file(path, buffer))
    }

    fn load_with(
        environment: &Environment,
        asked_for: Option<&str>,
        read: &ReadFile<'_>,
    ) -> Result<Self, Error> {
        let settings = Self::read(environment, asked_for, read);
        environment.check()?;
        settings
    }

    fn read(environment: &Environment, asked_for: Option<&str>, read: &ReadFile<'_>) -> Result<Self, Error> {
        let get = |name: &str| environment.get(name);
        let location = Location::find(environment, Platform::HERE);
        let named = asked_for.map(str::to_owned).or_else(|| get("AWS_PROFILE"));
        if let Some(name) = named.as_deref().filter(|name| name.contains(char::is_control)) {
            let what = "has a control character; name a profile of the config file";
            return Err(Error::Configuration(format!("the profile {name:?} {what}")));
        }
        let profile_name = named.clone().unwrap_or_else(|| "default".to_owned());
        let (states, read) = location.read(read);
        let (profiles, profile) = match read {
            // Files that cannot be read are reported when the profile's turn comes: keys in the environment
            // do not need them.
            Err(error) => (Profiles::default(), Err(error)),
            Ok(profiles) => {
                let wanted = named.is_some() || profiles.profile(&profile_name).is_some();
                let plan = if wanted { Plan::of(&profiles, &profile_name) } else { Ok(None) };
                (profiles, plan)
            }
        };
        let section = profiles.profile(&profile_name);
        let from =
            Sources { environment, profiles: &profiles, profile_name: &profile_name, profile: section };

        let region = get("AWS_REGION").map(|region| (region, "AWS_REGION"));
        let region = region.or_else(|| from.get("AWS_DEFAULT_REGION", "region"));
        // What OpenSSL, Go and rustls-native-certs read comes after the setting of the AWS SDKs.
        let bundle = from.get("AWS_CA_BUNDLE", "ca_bundle");
        let bundle = bundle.or_else(|| Some((get("SSL_CERT_FILE")?, "SSL_CERT_FILE")));
        let endpoints = from.endpoints()?;
        let setting_of = |found: &Option<(String, &'static str)>| {
            found.as_ref().map_or_else(String::new, |(_, place)| from.shown(place))
        };
        let imds_role = from.get("AWS_EC2_INSTANCE_PROFILE_NAME", "ec2_instance_profile_name");
        let imds_endpoint = from.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
        Ok(Self {
            region_setting: setting_of(&region),
            region: region.map(|(region, _)| region.trim().to_owned()),
            instance_region: OnceLock::new(),
            supposed_region: AtomicBool::new(false),
            missing_region: Mutex::default(),
            endpoint_settings: endpoints.iter().map(|it| (it.service, it.setting.clone())).collect(),
            endpoints: endpoints.into_iter().map(|it| (it.service.to_owned(), it.url)).collect(),
            variant: Variant {
                fips: from.is_true("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?,
                dual_stack: from.is_true("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")?,
            },
            credentials: static_credentials(environment),
            profile_name: profile_name.clone(),
            prefers_profile: asked_for.is_some(),
            names_profile: named.is_some(),
            has_profile: from.profile.is_some(),
            web_identity: web_identity(environment),
            files: [
                ("config file", location.config, states[0]),
                ("credentials file", location.credentials, states[1]),
            ],
            sso_cache: location.sso_cache,
            login_cache: location.login_cache,
            // A mode has no effect beside an endpoint, and may be wrong.
            imds_mode: if imds_endpoint.is_some() { Ok(ImdsMode::Ipv4) } else { from.imds_mode() },
            imds_endpoint_setting: setting_of(&imds_endpoint),
            imds_endpoint: imds_endpoint.map(|(url, _)| url.trim().to_owned()),
            imds_disabled: from.is_true("AWS_EC2_METADATA_DISABLED", ""),
            imds_role_setting: setting_of(&imds_role),
            imds_role: imds_role.map(|(name, _)| name.trim().to_owned()),
            imds_limits: from.imds_limits(),
            imds_retries: from.imds_retries(),
            container_relative_uri: get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
            container_full_uri: get("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            container_token_file: get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
            container_token: get("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(Secret::new),
            corrects_clock: !from.is_true("AWS_DISABLE_CLOCK_SKEW_CORRECTION", "")?,
            processes: get(PROCESSES).unwrap_or_default(),
            role_session_name: get("AWS_ROLE_SESSION_NAME"),
            ca_bundle: bundle.as_ref().map(|(path, _)| path.clone()),
            ca_bundle_setting: setting_of(&bundle),
            proxies: Proxies::from_environment(environment),
            profile,
        })
    }

    /// The region, or an error that says how to set it.
    pub(crate) fn region(&self) -> Result<&str, Error> {
        let missing = || {
            let mut problem = "no region: set AWS_REGION, or give --region".to_owned();
            if let Err(error) = &self.profile {
                problem = format!("{problem}; {error}");
            }
            if let Some(reason) = self.missing_reason() {
                problem = format!("{problem}; {reason}");
            }
            Error::Configuration(problem)
        };
        self.region_if_known()?.ok_or_else(missing)
    }

    /// The region, if there is one.
    ///
    /// # Errors
    /// A text that is not a region.
    pub(crate) fn region_if_known(&self) -> Result<Option<&str>, Error> {
        let setting = if self.region_setting.is_empty() { "region" } else { &self.region_setting };
        self.known_region().map(|region| checked_region(setting, region)).transpose()
    }

    /// The region that is set, or that instance metadata has named.
    pub(crate) fn known_region(&self) -> Option<&str> {
        self.region.as_deref().or_else(|| self.instance_region.get().map(String::as_str))
    }

    /// Why instance metadata has no region, if it was asked.
    pub(crate) fn missing_reason(&self) -> Option<String> {
        lock(&self.missing_region).as_ref().map(|reason| format!("instance metadata has none: {reason}"))
    }

    /// Lets a provider ask the instance again.
    pub(crate) fn forget_missing_region(&self) {
        *lock(&self.missing_region) = None;
    }

    /// The profile that is used: the one that was named, else `default`.
    pub fn profile_name(&self) -> &str {
        &self.profile_name
    }

    /// Sets the region that an option or argument named `setting` has.
    pub fn set_region(&mut self, setting: &str, region: impl Into<String>) {
        self.region = Some(region.into());
        setting.clone_into(&mut self.region_setting);
    }

    /// The keys of the environment, if they are complete.
    pub(crate) fn environment_keys(&self) -> Option<&Credentials> {
        self.credentials.as_ref().ok()?.as_ref()
    }

    /// The access key id, if the chain ends with keys of the environment or the profile.
    pub(crate) fn keys_id(&self) -> Option<String> {
        let of_profile = match &self.profile {
            Ok(Some(Plan { base: Base::Keys(keys), roles })) if roles.is_empty() => {
                Some(keys.access_key_id().to_owned())
            }
            _ => None,
        };
        let of_environment = self.environment_keys().map(|keys| keys.access_key_id().to_owned());
        if self.prefers_profile { of_profile } else { of_environment.or(of_profile) }
    }

    pub(crate) fn has_container(&self) -> bool {
        self.container_relative_uri.is_some() || self.container_full_uri.is_some()
    }

    pub(crate) fn container(&self) -> Result<Container<'_>, Error> {
        let authorization = match (&self.container_token_file, &self.container_token) {
            (Some(path), _) => Authorization::File(path),
            (None, Some(token)) if token.expose().bytes().all(|byte| matches!(byte, b' '..=b'~')) => {
                Authorization::Token(token.expose())
            }
            (None, Some(_)) => {
                let problem = "a character that no header may have: it has to be one line of ASCII";
                return Err(Error::invalid("AWS_CONTAINER_AUTHORIZATION_TOKEN", problem));
            }
            (None, None) => Authorization::None,
        };
        match (&self.container_relative_uri, &self.container_full_uri) {
            (Some(path), _) => Container::relative(path, authorization).map_err(|_| {
                let problem = "expected a path that begins with /, as ECS sets it";
                Error::invalid("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", problem)
            }),
            (None, Some(url)) => Container::full(url, authorization).map_err(|error| {
                Error::invalid("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url_problem(url, error))
            }),
            (None, None) => Ok(Container::absent()),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("region", &self.region)
            .field("endpoints", &self.endpoints)
            .field("profile_name", &self.profile_name)
            .field("imds", &self.imds_url())
            .finish_non_exhaustive()
    }
}

fn static_credentials(environment: &Environment) -> Result<Option<Credentials>, Error> {
    let key = environment.get("AWS_ACCESS_KEY_ID");
    let secret = environment.get("AWS_SECRET_ACCESS_KEY").map(Secret::new);
    let token = environment.get("AWS_SESSION_TOKEN").map(Secret::new);
    let (key, secret) = match (key, secret) {
        (None, None) => return Ok(None),
        (Some(key), Some(secret)) => (key, secret),
        (Some(_), None) => {
            return Err(Error::invalid("AWS_SECRET_ACCESS_KEY", "not set, but AWS_ACCESS_KEY_ID is"));
        }
        (None, Some(_)) => {
            return Err(Error::invalid("AWS_ACCESS_KEY_ID", "not set, but AWS_SECRET_ACCESS_KEY is"));
        }
    };
    let credentials = Credentials::new(
        key.trim(),
        secret.expose().trim(),
        token.as_ref().map(|token| token.expose().trim()),
    )?;
    let expiration = environment.get("AWS_CREDENTIAL_EXPIRATION").map(|text| {
        UnixTime::from_rfc3339(text.trim().as_bytes()).map_err(|_| {
            let problem = format!("{text:?}: expected a time such as 2026-01-02T03:04:05Z");
            Error::invalid("AWS_CREDENTIAL_EXPIRATION", &problem)
        })
    });
    let expiration = expiration.transpose()?;
    let credentials = credentials.with_account_id(environment.get("AWS_ACCOUNT_ID"));
    Ok(Some(credentials.with_expiration(expiration)))
}

/// The token file and the role of the environment.
fn web_identity(environment: &Environment) -> Result<Option<WebIdentityStep>, Error> {
    let Some(token_file) = environment.get("AWS_WEB_IDENTITY_TOKEN_FILE") else { return Ok(None) };
    let role_arn = environment.get("AWS_ROLE_ARN");
    Ok(Some(WebIdentityStep {
        token_file,
        role_arn: role_arn
            .ok_or_else(|| Error::invalid("AWS_ROLE_ARN", "not set, but AWS_WEB_IDENTITY_TOKEN_FILE is"))?,
        session_name: environment.get("AWS_ROLE_SESSION_NAME"),
        duration_seconds: None,
    }))
}
