//! The URLs of services, and the regions that they are signed for.

use rolecall_core::call::{Partition, regional_url};
use rolecall_core::error::ErrorKind;
use rolecall_core::flow::Endpoint;
use rolecall_core::wire::uri::Uri;

use super::profiles::Section;
use super::url::url_problem;
use super::{Settings, Sources, checked_region};
use crate::Error;

/// Services with endpoint settings: the name they sign with, and the name in settings. Others use the URL
/// they are called by.
const SERVICES: [(&str, &str); 11] = [
    ("s3", "S3"),
    ("sts", "STS"),
    ("iam", "IAM"),
    ("ec2", "EC2"),
    ("ecs", "ECS"),
    ("cognito-idp", "COGNITO_IDENTITY_PROVIDER"),
    ("cognito-identity", "COGNITO_IDENTITY"),
    ("sso", "SSO"),
    ("sso-oidc", "SSO_OIDC"),
    ("signin", "SIGNIN"),
    ("rolesanywhere", "ROLESANYWHERE"),
];

/// The endpoint of a service, and the setting that has it.
pub(super) struct Configured {
    pub(super) service: &'static str,
    pub(super) url: String,
    pub(super) setting: String,
}

impl Sources<'_> {
    pub(super) fn endpoints(&self) -> Result<Vec<Configured>, Error> {
        if self.is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")? {
            return Ok(Vec::new());
        }
        let services = self.profile.and_then(|profile| profile.get("services"));
        let found = services.map(|name| match self.profiles.services(name) {
            Some(section) => Ok((name, section)),
            None => Err(self.invalid(
                "services",
                &format!("{name:?}: expected a section [services {name}] in the config file; add it, or leave out the key"),
            )),
        });
        let services = found.transpose()?;
        let configured = |name: &str| {
            let own = format!("AWS_ENDPOINT_URL_{name}");
            let of_variable = |name: String| Some((self.environment.get(&name)?, name));
            let of_service = |(section, services): (&str, &Section)| {
                let name = name.to_ascii_lowercase();
                let url = services.sub(&name, "endpoint_url")?.to_owned();
                Some((url, format!("services {section}: endpoint_url of {name}")))
            };
            let of_profile = || {
                let url = self.profile?.get("endpoint_url")?.to_owned();
                Some((url, format!("profile {}: endpoint_url", self.profile_name)))
            };
            of_variable(own)
                .or_else(|| of_variable("AWS_ENDPOINT_URL".to_owned()))
                .or_else(|| services.and_then(of_service))
                .or_else(of_profile)
        };
        let found = SERVICES.iter().filter_map(|(service, name)| {
            let (url, setting) = configured(name)?;
            Some(Configured { service, url, setting })
        });
        Ok(found.collect())
    }
}

impl Settings {
    /// Parses the URL of a service; the error names the setting that has it.
    pub(crate) fn parsed<'u>(&self, service: &str, url: &'u str) -> Result<Endpoint<'u>, Error> {
        Endpoint::parse(url).map_err(|error| {
            Error::invalid(self.endpoint_setting(service).unwrap_or("endpoint"), &url_problem(url, error))
        })
    }

    /// The setting that has the endpoint of a service.
    pub(crate) fn endpoint_setting(&self, service: &str) -> Option<&str> {
        let found = self.endpoint_settings.iter().find(|(name, _)| *name == service);
        found.map(|(_, setting)| setting.as_str())
    }

    /// The endpoint in the settings for a service.
    pub(crate) fn endpoint(&self, service: &str) -> Option<&str> {
        self.endpoints.iter().find(|(name, _)| name == service).map(|(_, url)| url.as_str())
    }

    /// The URL of the service that signs with this name, and the region to sign for.
    pub(crate) fn service(&self, name: &str) -> Result<(String, String), Error> {
        // A global service needs no region; one that is set has to be one all the same.
        let region = if name == "iam" { self.region_if_known()? } else { Some(self.region()?) };
        let region = region.filter(|_| name != "iam");
        let partition = Partition::of(self.known_region().unwrap_or_default());
        let (global, home) = global_endpoint(partition.name);
        let signed_for = region.unwrap_or(home).to_owned();
        let url = match (region, self.endpoint(name)) {
            (Some(region), _) => self.service_in(name, region)?,
            (None, Some(url)) => url.to_owned(),
            (None, None) => {
                let fips = if self.variant.fips { "-fips" } else { "" };
                format!("https://iam{fips}.{global}{}", partition.dns_suffix)
            }
        };
        Ok((url, signed_for))
    }

    /// The URL of a service in a region.
    pub(crate) fn service_in(&self, name: &str, region: &str) -> Result<String, Error> {
        checked_region("region", region)?;
        self.url_in(name, name, region).map_err(|kind| Error::Configuration(format!("{region}: {kind}")))
    }

    /// The endpoint in the settings for a service, else that of its host in a region.
    fn url_in(&self, name: &str, host: &str, region: &str) -> Result<String, ErrorKind> {
        match self.endpoint(name) {
            Some(url) => Ok(url.to_owned()),
            None => regional_url(host, region, self.variant, &mut [0; 128]).map(str::to_owned),
        }
    }

    /// The URL of the service with these names in settings and in hosts, in the region of a sign-in.
    #[cfg(feature = "sso")]
    pub(crate) fn sign_in_url(&self, name: &str, host: &str, region: &str) -> Result<String, Error> {
        checked_region("sso_region", region)?;
        self.url_in(name, host, region)
            .map_err(|kind| Error::Configuration(format!("sso_region {region}: {kind}")))
    }

    /// The URL of the console's sign-in service in a region.
    #[cfg(feature = "login")]
    pub(crate) fn console_url(&self, region: &str) -> Result<String, Error> {
        if self.endpoint("signin").is_some() || self.variant.dual_stack {
            return self.service_in("signin", region);
        }
        let domain = console_domain(Partition::of(region).name);
        Ok(match (self.variant.fips, domain) {
            (false, domain) => format!("https://{region}.signin.{domain}"),
            (true, GOVERNMENT) if region == "us-gov-west-1" => format!("https://signin-fips.{domain}"),
            (true, GOVERNMENT) => format!("https://{region}.signin-fips.{domain}"),
            (true, _) => return self.service_in("signin", region),
        })
    }

    /// The URL of STS.
    pub(crate) fn sts_url(&self) -> Result<String, Error> {
        if let Some(url) = self.endpoint("sts") {
            return Ok(url.to_owned());
        }
        match self.region()? {
            "aws-global" => Ok("https://sts.amazonaws.com".to_owned()),
            region => self.service_in("sts", region),
        }
    }

    /// The region to sign STS requests for: the one in the settings, or the one a global endpoint implies.
    ///
    /// # Errors
    /// A setting that has no region.
    pub(crate) fn sts_region(&self) -> Result<&str, Error> {
        let region = self.region_if_known()?;
        Ok(region.filter(|region| *region != "aws-global").unwrap_or("us-east-1"))
    }

    /// The service whose endpoint variable covers `uri`. Those for signing in take no signatures.
    pub(crate) fn service_at(&self, uri: &Uri<'_>) -> Option<&str> {
        let mut at = self.endpoints.iter().filter(|(name, url)| {
            !matches!(name.as_str(), "sso" | "sso-oidc" | "signin")
                && Uri::parse(url).is_ok_and(|endpoint| {
                    endpoint.scheme == uri.scheme
                        && endpoint.authority == uri.authority
                        && is_below(uri.path, endpoint.path.trim_end_matches('/'))
                })
        });
        // `AWS_ENDPOINT_URL` alone names every service, and so it identifies none.
        match (at.next(), at.next()) {
            (Some((service, _)), None) => Some(service),
            _ => None,
        }
    }
}

/// The part before the suffix in the name of a partition's one IAM endpoint, and the region to sign for (AWS
/// General Reference, *IAM endpoints*).
fn global_endpoint(partition: &str) -> (&'static str, &'static str) {
    match partition {
        "aws-cn" => ("cn-north-1.", "cn-north-1"),
        "aws-us-gov" => ("us-gov.", "us-gov-west-1"),
        "aws-iso" => ("us-iso-east-1.", "us-iso-east-1"),
        "aws-iso-b" => ("us-isob-east-1.", "us-isob-east-1"),
        "aws-iso-e" => ("eu-isoe-west-1.", "eu-isoe-west-1"),
        "aws-iso-f" => ("us-isof-south-1.", "us-isof-south-1"),
        "aws-eusc" => ("eusc-de-east-1.", "eusc-de-east-1"),
        _ => ("", "us-east-1"),
    }
}

/// The domain of the console in AWS GovCloud.
#[cfg(feature = "login")]
const GOVERNMENT: &str = "amazonaws-us-gov.com";

/// The domain of a partition's console, which is not that of its services.
#[cfg(feature = "login")]
fn console_domain(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "amazonaws.cn",
        "aws-us-gov" => GOVERNMENT,
        "aws-iso" => "c2shome.ic.gov",
        "aws-iso-b" => "sc2shome.sgov.gov",
        "aws-iso-e" => "csphome.adc-e.uk",
        "aws-iso-f" => "csphome.hci.ic.gov",
        "aws-eusc" => "amazonaws-eusc.eu",
        _ => "aws.amazon.com",
    }
}

/// Whether `path` is `base` or below it.
fn is_below(path: &str, base: &str) -> bool {
    path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
