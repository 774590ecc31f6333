//! Signing in at IAM Identity Center, and to the console.

#[cfg(feature = "sso")]
use std::time::Duration;

use rolecall_core::wire::time::UnixTime;

/// What the file of a sign-in says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignInState {
    /// The profile has no sign-in.
    NotNeeded,
    /// There is no token, or none that can be read.
    SignedOut,
    /// When it ends. It may have ended, and may be renewed by then.
    Until(UnixTime),
}

/// A code that the user confirms in a browser, on any machine.
#[cfg(feature = "sso")]
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceCode {
    /// The code that the page has to show, printable ASCII: `ABCD-EFGH`.
    pub user_code: String,
    /// The page, printable ASCII: `https://device.sso.eu-west-1.amazonaws.com/`.
    pub verification_url: String,
    /// The page with the code in it, if the service has one.
    pub complete_url: Option<String>,
    /// How long the code is good for.
    pub lifetime: Duration,
}

/// A sign-in that succeeded.
#[cfg(feature = "sso")]
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedIn {
    /// The portal.
    pub start_url: String,
    /// When the access token ends; where the service issued a refresh token, it is renewed before.
    pub expiration: UnixTime,
    /// The file that has the token.
    pub file: String,
}

/// A sign-out.
#[cfg(feature = "sso")]
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedOut {
    /// The file that had the token and is removed; `None` if there was none.
    pub file: Option<String>,
}
