//! `rolecall request`, and the request that a command line describes.

use std::io::Write;
use std::process::ExitCode;

use rolecall::core::flow::Limits;
use rolecall::{Provider, Reply, Request};

#[cfg(feature = "upload")]
use super::upload::Upload;
use crate::arguments::{Common, Target};
use crate::failure::Failure;
use crate::input;
use crate::output::{note, print};

/// The limits of a request: those of the library, but an hour in all, so that longer bodies pass.
const LIMITS: Limits = Limits { total_ms: 3_600_000, ..Request::SEND_LIMITS };

/// The code of services whose signature is another one.
const CODE: &[u8] = b"SignatureDoesNotMatch";

pub(super) fn run(target: &Target, common: &Common, provider: &Provider) -> Result<ExitCode, Failure> {
    let request = request(target, common)?.with_limits(LIMITS);
    let out = &mut std::io::stdout().lock();
    let reply = send(target, common, provider, &request, out)?;
    print(&reply.body)?;
    if (200..300).contains(&reply.status) {
        return Ok(ExitCode::SUCCESS);
    }
    note(format_args!("HTTP status {}", reply.status));
    if reply.body.windows(CODE.len()).any(|text| text == CODE) {
        note(
            "rolecall sign --canonical prints what was signed here; rolecall verify --service-reply FILE prints where a \
             captured request differs from what the service has in its reply",
        );
    }
    Ok(ExitCode::FAILURE)
}

/// Sends the request with a body that is read meanwhile, if it has one.
#[cfg(feature = "upload")]
fn send(
    target: &Target,
    common: &Common,
    provider: &Provider,
    request: &Request,
    out: &mut dyn Write,
) -> Result<Reply, Failure> {
    match &target.upload.path {
        Some(path) => {
            let upload = Upload { path, length: target.upload.length, verbose: common.verbose };
            upload.send(provider, request, out)
        }
        None => Ok(provider.send_to(request, out)?),
    }
}

#[cfg(not(feature = "upload"))]
fn send(
    _: &Target,
    _: &Common,
    provider: &Provider,
    request: &Request,
    out: &mut dyn Write,
) -> Result<Reply, Failure> {
    Ok(provider.send_to(request, out)?)
}

pub(super) fn request(target: &Target, common: &Common) -> Result<Request, Failure> {
    let mut request = Request::new(&target.method, &target.url)?;
    for (name, value) in &target.headers {
        request = request.header(name, value)?;
    }
    if let Some(body) = &target.body {
        request = request.body(input::body(body)?);
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
