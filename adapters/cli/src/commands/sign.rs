//! `rolecall sign` and `rolecall presign`.

use std::process::ExitCode;
use std::sync::Arc;

use rolecall::{Canonical, Credentials, Provider, UnixTime};
use zeroize::Zeroizing;

use super::request::request;
use crate::arguments::{Common, Target};
use crate::failure::Failure;
use crate::output::print;

/// Prints the header lines that sign a request, or what is signed.
pub(super) fn sign(
    target: &Target,
    common: &Common,
    provider: &Provider,
    canonical: bool,
    date: Option<UnixTime>,
) -> Result<ExitCode, Failure> {
    let (credentials, time) = signing(provider, date)?;
    let request = request(target, common)?.completed(provider.settings())?;
    if canonical {
        return print_canonical(&request.canonical(&credentials, time)?);
    }
    let mut lines = Zeroizing::new(String::new());
    for (name, value) in request.sign(&credentials, time)?.headers() {
        lines.push_str(&format!("{name}: {value}\n"));
    }
    print(lines.as_bytes())
}

/// Prints the URL with its signature, or what is signed.
pub(super) fn presign(
    target: &Target,
    common: &Common,
    provider: &Provider,
    expires: u32,
    canonical: bool,
    date: Option<UnixTime>,
) -> Result<ExitCode, Failure> {
    let (credentials, time) = signing(provider, date)?;
    let request = request(target, common)?.completed(provider.settings())?;
    if canonical {
        return print_canonical(&request.canonical_presigned(&credentials, time, expires)?);
    }
    print(format!("{}\n", request.presign(&credentials, time, expires)?.url()))
}

fn signing(provider: &Provider, date: Option<UnixTime>) -> Result<(Arc<Credentials>, UnixTime), Failure> {
    let credentials = provider.credentials()?;
    Ok((credentials, date.unwrap_or_else(|| provider.time())))
}

fn print_canonical(canonical: &Canonical) -> Result<ExitCode, Failure> {
    print(format!("{}\n\n{}\n", canonical.request(), canonical.string_to_sign()))
}
