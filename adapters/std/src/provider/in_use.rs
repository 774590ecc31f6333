//! The settings that decide where requests go and whom they trust, for people.

use rolecall_core::flow::Endpoint;

use super::Provider;
use crate::Settings;
use crate::clock::off_by;

/// A setting that a provider uses.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InUse {
    /// `region`, `config file`, `credentials file`, `endpoint of` a service, `proxy`, `certificates`, `certificate`,
    /// `clock`.
    pub name: String,
    /// Its value, without passwords.
    pub value: String,
    /// The variable, the profile's key or the service that it comes from; empty if it is built in.
    pub from: String,
}

impl InUse {
    fn new(name: impl Into<String>, value: impl Into<String>, from: impl Into<String>) -> Self {
        // One line each, whatever a variable has.
        let value = value.into().replace(char::is_control, " ");
        Self { name: name.into(), value, from: from.into() }
    }
}

impl Provider {
    /// The settings in use. Nothing is sent.
    pub(super) fn in_use(&self) -> Vec<InUse> {
        let settings = self.settings();
        let mut list = vec![region(settings)];
        for (name, path, state) in &settings.files {
            list.push(InUse::new(*name, path.as_deref().unwrap_or("none"), *state));
        }
        let sts = settings.sts_url();
        if let Ok(url) = &sts {
            list.push(InUse::new("endpoint of sts", shown(url), from_setting(settings, "sts")));
        }
        let others = settings.endpoints.iter().filter(|(name, _)| name != "sts");
        list.extend(others.map(|(name, url)| {
            InUse::new(format!("endpoint of {name}"), shown(url), from_setting(settings, name))
        }));
        if !matches!(settings.imds_disabled, Ok(true)) {
            list.push(InUse::new(
                "instance metadata",
                shown(settings.imds_url()),
                settings.imds_endpoint_setting(),
            ));
        }
        if let Some(endpoint) = sts.as_ref().ok().and_then(|url| Endpoint::parse(url).ok()) {
            let proxy = self.host().proxy(&endpoint);
            list.push(InUse::new(
                "proxy",
                proxy.as_deref().unwrap_or("none"),
                format!("to {}", endpoint.host()),
            ));
        }
        list.push(match &settings.ca_bundle {
            Some(path) => InUse::new("certificates", path, settings.ca_bundle_setting.as_str()),
            None => InUse::new("certificates", "those of Mozilla", "built in"),
        });
        #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
        list.extend(self.certificate());
        let clock = match self.clock_skew() {
            0 => "as services say, or not compared".to_owned(),
            behind => off_by(behind),
        };
        list.push(InUse::new("clock", self.time().rfc3339().as_str(), clock));
        list
    }

    /// The certificate that credentials are requested with.
    #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
    fn certificate(&self) -> Option<InUse> {
        use crate::Session;
        use crate::settings::profiles::Base;
        let mut from = "the session".to_owned();
        let session = self.on_top().map(|(base, session)| match base.and_then(Provider::on_top) {
            Some((_, below)) => below,
            None => session,
        });
        let certificate = match session {
            #[cfg(feature = "iot")]
            Some(Session::Iot(role)) => &role.certificate,
            #[cfg(feature = "roles-anywhere")]
            Some(Session::RolesAnywhere(role)) => &role.certificate,
            _ => {
                from = format!("profile {}", self.settings().profile_name);
                match &self.settings().profile.as_ref().ok()?.as_ref()?.base {
                    #[cfg(feature = "iot")]
                    Base::Iot(role) => &role.certificate,
                    #[cfg(feature = "roles-anywhere")]
                    Base::RolesAnywhere(role) => &role.certificate,
                    _ => return None,
                }
            }
        };
        let path = &certificate.certificate;
        let shown = match certificate.describe(self.host()) {
            Ok(about) => format!("{path}, {about}"),
            Err(error) => error.to_string(),
        };
        Some(InUse::new("certificate", shown, from))
    }
}

fn region(settings: &Settings) -> InUse {
    match (&settings.region, settings.known_region()) {
        (Some(region), _) => InUse::new("region", region, settings.region_setting.as_str()),
        (None, Some(region)) => InUse::new("region", region, "instance metadata"),
        (None, None) => InUse::new("region", "none", "set AWS_REGION"),
    }
}

fn from_setting<'s>(settings: &'s Settings, service: &str) -> &'s str {
    settings.endpoint_setting(service).unwrap_or("built in")
}

/// A URL without its user and password.
fn shown(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://...@{rest}"),
        (None, Some((_, rest))) => format!("...@{rest}"),
        (_, None) => url.to_owned(),
    }
}
