//! `rolecall login` and `rolecall logout`: IAM Identity Center.

use std::process::ExitCode;

use rolecall::{DeviceCode, Provider};

use crate::failure::Failure;
use crate::output::{facts, print, progress};

/// Signs in by a code that the user confirms in a browser.
pub(super) fn login(provider: &Provider, json: bool) -> Result<ExitCode, Failure> {
    let signed_in = provider.sso_sign_in(&mut show)?;
    facts(
        json,
        &[
            ("signed in to", "startUrl", &signed_in.start_url),
            ("until", "expiresAt", signed_in.expiration.rfc3339().as_str()),
            ("token in", "file", &signed_in.file),
        ],
    )
}

/// Ends the session, and removes its token.
pub(super) fn logout(provider: &Provider, json: bool) -> Result<ExitCode, Failure> {
    let file = provider.sso_sign_out()?.file;
    match &file {
        Some(file) => facts(json, &[("signed out, removed", "removed", file)]),
        None if json => facts(json, &[]),
        None => print("there was no sign-in\n"),
    }
}

/// Shows where to confirm which code. Without it nothing goes on, so that --quiet does not change it.
fn show(code: &DeviceCode) {
    let url = code.complete_url.as_ref().unwrap_or(&code.verification_url);
    let minutes = match code.lifetime.as_secs().div_ceil(60) {
        1 => "a minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    };
    progress(format_args!(
        "Open this page in a browser, on any device, within {minutes}:\n\n  {url}\n\nand confirm this code there, if the page \
         shows it or asks for it, and no other:\n\n  {}\n",
        code.user_code
    ));
}
