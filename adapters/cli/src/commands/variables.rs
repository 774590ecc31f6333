//! The environment variables of credentials.

use rolecall::Credentials;

/// The names of the variables that hold credentials.
#[cfg(feature = "serve")]
pub(super) const KEYS: [&str; 5] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ACCOUNT_ID",
];

/// The variables that hold credentials which end at `expiration`, by the names of `aws configure export-credentials`.
/// One without a value has to be removed: left over from other credentials, it would be used with these.
pub(super) fn variables<'a>(
    credentials: &'a Credentials,
    expiration: Option<&'a str>,
) -> [(&'static str, Option<&'a str>); 5] {
    [
        ("AWS_ACCESS_KEY_ID", Some(credentials.access_key_id())),
        ("AWS_SECRET_ACCESS_KEY", Some(credentials.expose_secret_access_key())),
        ("AWS_SESSION_TOKEN", credentials.expose_session_token()),
        ("AWS_CREDENTIAL_EXPIRATION", expiration),
        ("AWS_ACCOUNT_ID", credentials.account_id()),
    ]
}
