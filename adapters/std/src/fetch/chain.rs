//! The default chain: its sources, their order, and how each is described.

use crate::finding::Finding;
use crate::settings::profiles::{Base, Plan};
use crate::{Error, Settings};

/// The sources of the default chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    Environment,
    Profile,
    WebIdentity,
    Container,
    Imds,
}

/// The default chain. A profile that was named explicitly is an identity: keys and the web identity of the
/// environment are others, and are never used in its place.
pub(crate) fn chain(settings: &Settings) -> &'static [Link] {
    if settings.prefers_profile {
        &[Link::Profile, Link::Container, Link::Imds]
    } else {
        &[Link::Environment, Link::Profile, Link::WebIdentity, Link::Container, Link::Imds]
    }
}

/// The sources that a named profile leaves out, if they are configured.
pub(crate) fn left_out(settings: &Settings) -> impl Iterator<Item = Link> {
    let environment = !matches!(settings.credentials, Ok(None));
    let web_identity = !matches!(settings.web_identity, Ok(None));
    [(Link::Environment, environment), (Link::WebIdentity, web_identity)]
        .into_iter()
        .filter(|(_, is_set)| settings.prefers_profile && *is_set)
        .map(|(link, _)| link)
}

impl Link {
    /// Its name, for people.
    pub(crate) fn name(self, settings: &Settings) -> String {
        match self {
            Self::Environment => "environment".to_owned(),
            Self::Profile => format!("profile {}", settings.profile_name),
            Self::WebIdentity => "web identity".to_owned(),
            Self::Container => "container endpoint".to_owned(),
            Self::Imds => "instance metadata".to_owned(),
        }
    }

    /// The reason of a source that is not configured.
    pub(crate) fn unset(self) -> &'static str {
        match self {
            Self::Environment => "AWS_ACCESS_KEY_ID is not set",
            Self::Profile => "not in the shared files",
            Self::WebIdentity => "AWS_WEB_IDENTITY_TOKEN_FILE is not set",
            Self::Container => {
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI are not set"
            }
            Self::Imds => "not set up",
        }
    }
}

impl Settings {
    /// Whether the credentials of `place` are keys that were given to this process.
    pub(crate) fn is_given(&self, place: Link) -> bool {
        match place {
            Link::Environment => true,
            Link::Profile => {
                matches!(&self.profile, Ok(Some(Plan { base: Base::Keys(_), roles })) if roles.is_empty())
            }
            _ => false,
        }
    }
}

impl Finding {
    /// The finding of a source that failed.
    pub(crate) fn of_place(place: Link, settings: &Settings, error: &Error) -> Self {
        let mut finding = error.finding(&place.name(settings));
        if error.is_not_configured() {
            let unset = match place {
                Link::Profile if settings.has_profile => "it has no credential settings",
                place => place.unset(),
            };
            unset.clone_into(&mut finding.reason);
        }
        finding
    }
}
