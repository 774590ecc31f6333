//! `rolecall sign` and `rolecall presign`.

use std::process::ExitCode;
use std::sync::Arc;

use rolecall::core::sigv4::is_never_signed;
use rolecall::{Canonical, Credentials, Error, Provider, UnixTime};

use super::request::request;
use crate::arguments::{Common, Target};
use crate::failure::Failure;
use crate::output::{joined, note, print};

/// Prints the header lines that sign a request, or what is signed.
pub(super) fn sign(
    target: &Target,
    common: &Common,
    provider: &Provider,
    canonical: bool,
    date: Option<UnixTime>,
) -> Result<ExitCode, Failure> {
    let (credentials, time) = signing(provider, date)?;
    let request = provider.complete(&request(target, common)?)?;
    if canonical {
        return print_canonical(&request.canonical(&credentials, time)?);
    }
    let signed = request.sign(&credentials, time)?;
    let lines = signed.headers().map(|(name, value)| [name, ": ", value, "\n"]).collect::<Vec<_>>();
    print(joined(lines.iter().flatten().copied()).as_bytes())
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
    check_headers(target)?;
    let (credentials, time) = signing(provider, date)?;
    let request = provider.complete(&request(target, common)?)?;
    if canonical {
        return print_canonical(&request.canonical_presigned(&credentials, time, expires)?);
    }
    let presigned = request.presign(&credentials, time, expires)?;
    warn_of_end(&credentials, time, expires);
    print(joined([presigned.url(), "\n"].into_iter()).as_bytes())
}

/// Prints a URL for MQTT over WebSocket.
#[cfg(feature = "iot")]
pub(super) fn mqtt(
    provider: &Provider,
    host: &str,
    expires: u32,
    date: Option<UnixTime>,
) -> Result<ExitCode, Failure> {
    let url = provider.mqtt_url(host, expires, date)?;
    let (credentials, time) = signing(provider, date)?;
    warn_of_end(&credentials, time, expires);
    print(joined([url.url(), "\n"].into_iter()).as_bytes())
}

/// Refuses headers that signatures leave out: the URL would not ask for them.
fn check_headers(target: &Target) -> Result<(), Failure> {
    match target.headers.iter().find(|(name, _)| is_never_signed(name)) {
        Some((name, _)) => Err(Error::Configuration(format!(
            "--header {name:?}: proxies change it, and no signature covers it, so that a URL cannot ask for it; leave \
             it out"
        ))
        .into()),
        None => Ok(()),
    }
}

/// Warns that the credentials end before the URL does, which ends with them. How long a service accepts those that have
/// ended, as it does in an outage, is not known.
fn warn_of_end(credentials: &Credentials, time: UnixTime, expires: u32) {
    let Some(end) = credentials.expiration() else { return };
    if credentials.is_stale() {
        note(
            "warning: the credentials that signed the URL have expired, so that it may be refused at any time",
        );
    } else if end.as_secs() < time.as_secs().saturating_add(expires.into()) {
        note(format_args!(
            "warning: the URL works until {} alone, not for {expires} seconds: the credentials that signed it end \
             then; sign with credentials that last longer, or lower --expires",
            end.rfc3339()
        ));
    }
}

fn signing(provider: &Provider, date: Option<UnixTime>) -> Result<(Arc<Credentials>, UnixTime), Failure> {
    let credentials = provider.credentials()?;
    Ok((credentials, date.unwrap_or_else(|| provider.time())))
}

fn print_canonical(canonical: &Canonical) -> Result<ExitCode, Failure> {
    let parts = [canonical.request(), "\n\n", canonical.string_to_sign(), "\n"];
    print(joined(parts.into_iter()).as_bytes())
}
