//! A signed GET of a small object.

use heapless::String;
use rolecall_core::call::Outgoing;
use rolecall_core::error::{Error, ErrorKind, Origin};
use rolecall_core::flow::{Endpoint, Limits, Memory, Slot};
use rolecall_core::sigv4::{Rules, Scope};
use rolecall_core::sources::Held;
use rolecall_nal::blocking::Link;
use rolecall_nal::{Board, Driver};

const LIMITS: Limits = Limits { connect_ms: 3_000, first_byte_ms: 5_000, total_ms: 10_000, body_bytes: 1024 };

/// Downloads the text at `target` with the credentials in `slot`.
///
/// # Errors
/// Those of the exchange, and of an answer that is no text of up to 64 bytes.
pub fn download<B: Board, L: Link<B>>(
    driver: &mut Driver<B, L>,
    endpoint: Endpoint<'_>,
    target: &str,
    region: &str,
    exchange: &mut [u8],
    slot: &mut Slot<'_>,
) -> Result<String<64>, Error> {
    let scope = Scope { region, service: "s3", rules: Rules::S3 };
    let mut request = Outgoing::new("GET", endpoint, target, scope);
    request.limits = LIMITS;
    let mut memory = Memory { exchange, slots: core::slice::from_mut(slot) };
    let reply = driver.send(&mut Held, request, &mut memory)?.reply;
    let text = match reply.status {
        200 => core::str::from_utf8(reply.body(memory.exchange)).ok().and_then(|text| text.try_into().ok()),
        status => return Err(failed(ErrorKind::Status(status))),
    };
    text.ok_or(failed(ErrorKind::Unusable("content")))
}

fn failed(kind: ErrorKind) -> Error {
    Error::new(Origin::Other, "download", kind)
}
