//! `rolecall request`, and the request that a command line describes.

use std::process::ExitCode;
#[cfg(feature = "upload")]
use std::time::Duration;

use rolecall::core::flow::Limits;
use rolecall::{Provider, Reply, Request};

#[cfg(feature = "upload")]
use super::{
    destination::Destination,
    progress::Progress,
    upload::{Body, Upload},
};
use crate::arguments::{Common, Target};
use crate::failure::Failure;
use crate::input;
use crate::output::note;

/// The limits of a request: those of the library, but an hour in all, so that longer bodies pass.
const LIMITS: Limits = Limits { total_ms: 3_600_000, ..Request::SEND_LIMITS };

/// The code of services whose signature is another one.
const CODE: &[u8] = b"SignatureDoesNotMatch";

#[cfg(feature = "upload")]
pub(super) fn run(target: &Target, common: &Common, provider: &Provider) -> Result<ExitCode, Failure> {
    let options = &target.transfer;
    let mut limits = LIMITS;
    if let Some(seconds) = options.timeout {
        limits.total_ms = seconds.saturating_mul(1_000);
    }
    let within = Duration::from_millis(limits.total_ms.into());
    let body = Body::of(target);
    let request = match &body {
        Some(_) => head(target, common)?,
        None => request(target, common)?,
    };
    let request = request.with_limits(limits).attempts(options.retries.saturating_add(1), within);
    let has_head = options.include || target.method.eq_ignore_ascii_case("HEAD");
    // While a body is sent, that is what is shown.
    let received = Progress::new("received", common.quiet || body.is_some());
    let mut to = Destination::new(options.output.as_deref(), has_head, received)?;
    let reply = match body {
        Some(body) => {
            let sent = Progress::new("sent", common.quiet);
            Upload { body, length: options.length, verbose: common.verbose }
                .send(provider, &request, sent, &mut to)?
        }
        None => provider.send_to(&request, &mut to)?,
    };
    if (200..300).contains(&reply.status) {
        to.keep()?;
        return Ok(ExitCode::SUCCESS);
    }
    to.print(&reply)?;
    Ok(unsuccessful(&reply))
}

#[cfg(not(feature = "upload"))]
pub(super) fn run(target: &Target, common: &Common, provider: &Provider) -> Result<ExitCode, Failure> {
    let request = request(target, common)?.with_limits(LIMITS);
    let reply = provider.send_to(&request, &mut std::io::stdout().lock())?;
    if (200..300).contains(&reply.status) {
        return Ok(ExitCode::SUCCESS);
    }
    crate::output::print(&reply.body)?;
    Ok(unsuccessful(&reply))
}

/// Says what is printed on standard output.
fn unsuccessful(reply: &Reply) -> ExitCode {
    note(format_args!("HTTP status {}", reply.status));
    if reply.body.windows(CODE.len()).any(|text| text == CODE) {
        note(
            "rolecall sign --canonical prints what was signed here; rolecall verify --service-reply FILE prints where a \
             captured request differs from what the service has in its reply",
        );
    }
    ExitCode::FAILURE
}

/// The request with its body.
pub(super) fn request(target: &Target, common: &Common) -> Result<Request, Failure> {
    let request = head(target, common)?;
    match &target.body {
        Some(body) => Ok(request.body(input::body(body)?)),
        None => Ok(request),
    }
}

/// The request without a body.
fn head(target: &Target, common: &Common) -> Result<Request, Failure> {
    let mut request = Request::new(&target.method, &target.url)?;
    for (name, value) in &target.headers {
        request = request.header(name, value)?;
    }
    if let Some(service) = &target.service {
        request = request.service(service);
    }
    if let Some(region) = &common.region {
        request = request.region(region);
    }
    if let Some(regions) = &target.region_set {
        request = request.region_set(regions);
    }
    Ok(request)
}
