//! AWS STS: tokens that prove to others who the caller is (AWS STS API reference).

use core::fmt;

use crate::call::{Action, Api, Members, Protocol};
use crate::error::{ErrorKind, Origin};
use crate::flow::Kept;
use crate::wire::time::UnixTime;

use super::Tag;

/// AWS STS; one endpoint for each region.
pub const STS: Api = Api {
    origin: Origin::Service("STS"),
    service: "sts",
    protocol: Protocol::Query { version: "2011-06-15" },
};

/// Issues a JSON Web Token about the caller, which services outside of AWS verify by OpenID Connect. An account has to
/// enable that; the global endpoint has no such operation.
#[derive(Debug, Clone, Copy)]
pub struct GetWebIdentityToken<'c> {
    /// The services that the token is for: 1 to 10, each of 1 to 1,000 characters.
    pub audiences: &'c [&'c str],
    /// `RS256` or `ES384`.
    pub signing_algorithm: &'c str,
    /// The token's lifetime in seconds, 60 to 3,600; the service's default is 300.
    pub duration_seconds: Option<u32>,
    /// Claims of the caller's own: 50 at most.
    pub tags: &'c [Tag<'c>],
}

impl<'c> GetWebIdentityToken<'c> {
    /// A token for `audiences`, signed by `RS256`, which every verifier of OpenID Connect has.
    pub const fn new(audiences: &'c [&'c str]) -> Self {
        Self { audiences, signing_algorithm: "RS256", duration_seconds: None, tags: &[] }
    }
}

/// A token, and when it ends. `Debug` does not show the token.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct WebIdentityToken<'r> {
    /// The token, which is a secret.
    pub token: &'r str,
    /// When it ends.
    pub expiration: UnixTime,
}

impl fmt::Debug for WebIdentityToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebIdentityToken({} bytes)", self.token.len())
    }
}

impl Action for GetWebIdentityToken<'_> {
    const API: Api = STS;
    const NAME: &'static str = "GetWebIdentityToken";
    // Each issues another token, so that repeating one is harmless.
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] = &["WebIdentityToken", "Expiration"];
    type Output<'r> = WebIdentityToken<'r>;

    fn check(&self) -> Result<(), ErrorKind> {
        if !(1..=10).contains(&self.audiences.len())
            || self.audiences.iter().any(|audience| !(1..=1000).contains(&audience.len()))
        {
            return Err(ErrorKind::Invalid("audience: 1 to 10, each of 1 to 1,000 characters"));
        }
        if !matches!(self.signing_algorithm, "RS256" | "ES384") {
            return Err(ErrorKind::Invalid("signing algorithm: RS256 or ES384"));
        }
        match self.duration_seconds {
            Some(seconds) if !(60..=3600).contains(&seconds) => {
                Err(ErrorKind::Invalid("duration: 60 to 3,600 seconds"))
            }
            _ => Ok(()),
        }
    }

    fn members(&self, to: &mut dyn Members) {
        to.texts("Audience", self.audiences);
        if let Some(seconds) = self.duration_seconds {
            to.number("DurationSeconds", seconds);
        }
        to.text("SigningAlgorithm", self.signing_algorithm);
        to.pairs("Tags", ["Key", "Value"], self.tags);
    }

    fn output(kept: Kept<'_>) -> Result<WebIdentityToken<'_>, ErrorKind> {
        let expiration = UnixTime::from_rfc3339(kept.need("Expiration")?.as_bytes());
        Ok(WebIdentityToken {
            token: kept.need("WebIdentityToken")?,
            expiration: expiration.map_err(|_| ErrorKind::Unusable("Expiration"))?,
        })
    }
}
