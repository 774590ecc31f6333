//! `rolecall login` and `rolecall logout`: IAM Identity Center.

use std::process::ExitCode;

use rolecall::{DeviceCode, Provider};

use crate::failure::Failure;
use crate::output::{print, progress};

/// Signs in by a code that the user confirms in a browser.
pub(super) fn login(provider: &Provider) -> Result<ExitCode, Failure> {
    let signed_in = provider.sso_sign_in(&mut show)?;
    print(format!(
        "signed in to {} until {}; the token is in {}\n",
        signed_in.start_url,
        signed_in.expiration.rfc3339(),
        signed_in.file
    ))
}

/// Ends the session, and removes its token.
pub(super) fn logout(provider: &Provider) -> Result<ExitCode, Failure> {
    match provider.sso_sign_out()?.file {
        Some(file) => print(format!("signed out; {file} is removed\n")),
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
