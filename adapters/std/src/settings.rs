//! What the standard variables set.

use std::fmt;

use rolecall_core::sources::{Authorization, Container, Endpoint, Imds, Limits, Persistence, dns_suffix};
use rolecall_core::wire::uri::Uri;

use crate::{Credentials, Environment, Error, Proxies, Secret};

/// Region, endpoints and sources, as the environment sets them; every field can be set by hand.
pub struct Settings {
    /// `AWS_REGION`, else `AWS_DEFAULT_REGION`.
    pub region: Option<String>,
    /// `AWS_ENDPOINT_URL_<SERVICE>`, else `AWS_ENDPOINT_URL`, by the name that the service signs with.
    pub endpoints: Vec<(String, String)>,
    /// `AWS_ACCESS_KEY_ID` and its companions.
    pub credentials: Option<Credentials>,
    /// `AWS_EC2_METADATA_SERVICE_ENDPOINT`, else the one of `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`.
    pub imds_endpoint: String,
    /// `AWS_EC2_METADATA_DISABLED`.
    pub imds_disabled: bool,
    /// `AWS_METADATA_SERVICE_TIMEOUT`, in seconds: to connect, and to the first byte.
    pub imds_limits: Limits,
    /// `AWS_METADATA_SERVICE_NUM_ATTEMPTS`.
    pub imds_persistence: Persistence,
    /// `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`; goes before the full one.
    pub container_relative_uri: Option<String>,
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
    pub container_full_uri: Option<String>,
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`; goes before the token.
    pub container_token_file: Option<String>,
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN`.
    pub container_token: Option<Secret>,
    /// Not `AWS_DISABLE_CLOCK_SKEW_CORRECTION`.
    pub corrects_clock: bool,
    /// `AWS_ROLE_SESSION_NAME`.
    pub role_session_name: Option<String>,
    /// `AWS_CA_BUNDLE`: a PEM file whose certificates are trusted in place of the built-in roots. It is
    /// read when the first https connection is made.
    pub ca_bundle: Option<String>,
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    pub proxies: Proxies,
}

/// Services whose endpoint variable is looked at. Others sign at the URL they are called by.
const SERVICES: [(&str, &str); 7] = [
    ("s3", "S3"),
    ("sts", "STS"),
    ("iam", "IAM"),
    ("ec2", "EC2"),
    ("ecs", "ECS"),
    ("cognito-idp", "COGNITO_IDENTITY_PROVIDER"),
    ("cognito-identity", "COGNITO_IDENTITY"),
];

impl Settings {
    /// Reads the standard variables.
    ///
    /// # Errors
    /// A value that cannot be used, by the name of its variable.
    pub fn from_environment(environment: &Environment) -> Result<Self, Error> {
        let get = |name: &str| environment.get(name);
        let imds_endpoint = match get("AWS_EC2_METADATA_SERVICE_ENDPOINT") {
            Some(url) => url,
            None => match get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE") {
                None => Imds::ENDPOINT.to_owned(),
                Some(mode) if mode.eq_ignore_ascii_case("ipv4") => Imds::ENDPOINT.to_owned(),
                Some(mode) if mode.eq_ignore_ascii_case("ipv6") => Imds::ENDPOINT_IPV6.to_owned(),
                Some(mode) => {
                    return Err(invalid(
                        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                        &format!("{mode:?} is neither IPv4 nor IPv6"),
                    ));
                }
            },
        };
        let mut imds_limits = Imds::LIMITS;
        if let Some(seconds) = number(environment, "AWS_METADATA_SERVICE_TIMEOUT", 1..=60)? {
            imds_limits.connect = seconds * 1000;
            imds_limits.first_byte = seconds * 1000;
            imds_limits.total = imds_limits.total.max(2 * seconds * 1000);
        }
        let mut imds_persistence = Persistence::DEFAULT;
        if let Some(attempts) = number(environment, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", 1..=10)? {
            imds_persistence.attempts = attempts as u8;
        }
        let endpoints = SERVICES.iter().filter_map(|(service, variable)| {
            let url = get(&format!("AWS_ENDPOINT_URL_{variable}")).or_else(|| get("AWS_ENDPOINT_URL"));
            url.map(|url| ((*service).to_owned(), url))
        });
        Ok(Self {
            region: get("AWS_REGION").or_else(|| get("AWS_DEFAULT_REGION")),
            endpoints: endpoints.collect(),
            credentials: static_credentials(environment)?,
            imds_endpoint,
            imds_disabled: environment.is_true("AWS_EC2_METADATA_DISABLED"),
            imds_limits,
            imds_persistence,
            container_relative_uri: get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
            container_full_uri: get("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            container_token_file: get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
            container_token: get("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(Secret::new),
            corrects_clock: !environment.is_true("AWS_DISABLE_CLOCK_SKEW_CORRECTION"),
            role_session_name: get("AWS_ROLE_SESSION_NAME"),
            ca_bundle: get("AWS_CA_BUNDLE"),
            proxies: Proxies::from_environment(environment)?,
        })
    }

    /// The region, or what to do about its absence.
    pub(crate) fn region(&self) -> Result<&str, Error> {
        let missing = || Error::Configuration("no region: set AWS_REGION, or give --region".to_owned());
        let region = self.region.as_deref().ok_or_else(missing)?;
        let named = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if region.bytes().all(named) {
            Ok(region)
        } else {
            Err(invalid("region", "letters, digits and dashes"))
        }
    }

    /// The URL of STS.
    pub(crate) fn sts_url(&self) -> Result<String, Error> {
        match self.endpoints.iter().find(|(service, _)| service == "sts") {
            Some((_, url)) => Ok(url.clone()),
            None => {
                let region = self.region()?;
                Ok(format!("https://sts.{region}.{}", dns_suffix(region)))
            }
        }
    }

    /// The service whose endpoint variable `uri` is below.
    pub(crate) fn service_at(&self, uri: &Uri<'_>) -> Option<&str> {
        let mut at = self.endpoints.iter().filter(|(_, url)| {
            Uri::parse(url).is_ok_and(|endpoint| {
                endpoint.scheme == uri.scheme
                    && endpoint.authority == uri.authority
                    && is_below(uri.path, endpoint.path.trim_end_matches('/'))
            })
        });
        // `AWS_ENDPOINT_URL` alone names every service, and so none.
        match (at.next(), at.next()) {
            (Some((service, _)), None) => Some(service),
            _ => None,
        }
    }

    pub(crate) fn imds(&self) -> Result<Imds<'_>, Error> {
        let endpoint = Endpoint::parse(&self.imds_endpoint)
            .map_err(|error| invalid("AWS_EC2_METADATA_SERVICE_ENDPOINT", &error.to_string()))?;
        let imds = if self.imds_disabled { Imds::disabled(endpoint) } else { Imds::new(endpoint) };
        Ok(imds.with_limits(self.imds_limits).with_persistence(self.imds_persistence))
    }

    pub(crate) fn container(&self) -> Result<Container<'_>, Error> {
        let authorization = match (&self.container_token_file, &self.container_token) {
            (Some(path), _) => Authorization::File(path),
            (None, Some(token)) => Authorization::Token(token.expose()),
            (None, None) => Authorization::None,
        };
        match (&self.container_relative_uri, &self.container_full_uri) {
            (Some(path), _) => Container::relative(path, authorization)
                .map_err(|error| invalid("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", &error.to_string())),
            (None, Some(url)) => Container::full(url, authorization)
                .map_err(|error| invalid("AWS_CONTAINER_CREDENTIALS_FULL_URI", &error.to_string())),
            (None, None) => Ok(Container::absent()),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("region", &self.region)
            .field("endpoints", &self.endpoints)
            .field("imds_endpoint", &self.imds_endpoint)
            .finish_non_exhaustive()
    }
}

/// Whether `path` is `base` or something below it.
fn is_below(path: &str, base: &str) -> bool {
    path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn static_credentials(environment: &Environment) -> Result<Option<Credentials>, Error> {
    let key = environment.get("AWS_ACCESS_KEY_ID");
    let secret = environment.get("AWS_SECRET_ACCESS_KEY").map(Secret::new);
    let token = environment.get("AWS_SESSION_TOKEN").map(Secret::new);
    let (key, secret) = match (key, secret) {
        (None, None) => return Ok(None),
        (Some(key), Some(secret)) => (key, secret),
        (Some(_), None) => return Err(invalid("AWS_SECRET_ACCESS_KEY", "not set, but AWS_ACCESS_KEY_ID is")),
        (None, Some(_)) => return Err(invalid("AWS_ACCESS_KEY_ID", "not set, but AWS_SECRET_ACCESS_KEY is")),
    };
    let credentials = Credentials::new(
        key.trim(),
        secret.expose().trim(),
        token.as_ref().map(|token| token.expose().trim()),
    )?;
    Ok(Some(credentials.with_account_id(environment.get("AWS_ACCOUNT_ID"))))
}

fn number(
    environment: &Environment,
    name: &str,
    range: std::ops::RangeInclusive<u32>,
) -> Result<Option<u32>, Error> {
    let Some(value) = environment.get(name) else { return Ok(None) };
    let number = value.trim().parse().ok().filter(|number| range.contains(number));
    let problem = || invalid(name, &format!("a whole number from {} to {}", range.start(), range.end()));
    number.map(Some).ok_or_else(problem)
}

pub(crate) fn invalid(name: &str, problem: &str) -> Error {
    Error::Configuration(format!("{name}: {problem}"))
}
