//! `rolecall credentials`, and the documents that it prints.

use std::process::ExitCode;

use rolecall::{Credentials, Provider};
use zeroize::Zeroizing;

use super::section::section;
use super::shell::lines;
use crate::arguments::Format;
use crate::failure::Failure;
use crate::json::object;
use crate::output::print;

pub(super) fn run(provider: &Provider, format: Format) -> Result<ExitCode, Failure> {
    let credentials = provider.credentials()?;
    print(match format {
        Format::Process => json(&credentials, Some(1)),
        Format::Json => json(&credentials, None),
        Format::Variables(syntax) => lines(&credentials, syntax)?,
        Format::Section => section(&credentials, provider.settings().profile_name())?,
    })
}

/// One JSON document and a line end; `version` 1 is the `credential_process` one.
fn json(credentials: &Credentials, version: Option<u8>) -> Zeroizing<Vec<u8>> {
    let expiration = credentials.expiration().map(|time| time.rfc3339());
    let texts = [
        ("AccessKeyId", Some(credentials.access_key_id())),
        ("SecretAccessKey", Some(credentials.expose_secret_access_key())),
        ("SessionToken", credentials.expose_session_token()),
        ("Expiration", expiration.as_ref().map(|time| time.as_str())),
        ("AccountId", credentials.account_id()),
    ];
    let mut document = object(version, &texts);
    // There is room for it.
    document.extend_from_slice(b"\n");
    document
}
