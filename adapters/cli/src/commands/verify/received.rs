//! A request as it was captured: a head, and what follows it.

use std::ops::Range;

use rolecall::core::wire::http1::{Body, Framing, RequestHead};
use rolecall::core::wire::percent;

use crate::failure::Failure;

/// The longest head, in bytes.
const MAX_HEAD: usize = 1024 * 1024;

/// Head and body, of which the head has the line ends that HTTP wants.
pub(super) struct Captured {
    head: Vec<u8>,
    all: Vec<u8>,
    body: Range<usize>,
}

/// Who signed, and for what, as the request says.
pub(super) struct Named {
    pub(super) access_key_id: String,
    pub(super) region: String,
    pub(super) service: String,
}

impl Captured {
    /// Splits what was captured. A head with other line ends, or without the empty line, as people paste it, is taken, too.
    pub(super) fn new(all: Vec<u8>) -> Result<Self, Failure> {
        let start = all.len() - all.trim_ascii_start().len();
        let text = &all[start..];
        let find = |end: &[u8]| {
            text.windows(end.len()).position(|found| found == end).map(|at| (at, at + end.len()))
        };
        // A body may have the other one.
        let ends = [find(b"\r\n\r\n"), find(b"\n\n")];
        let (end, body) =
            ends.into_iter().flatten().min().unwrap_or((text.trim_ascii_end().len(), text.len()));
        if end > MAX_HEAD {
            return Err(refused(&format!("its head has {end} bytes, expected at most {MAX_HEAD}")));
        }
        let mut head = with_line_ends(&text[..end]);
        head.extend_from_slice(b"\r\n\r\n");
        let body = start + body..all.len();
        Ok(Self { head, all, body })
    }

    pub(super) fn head(&self) -> Result<RequestHead<'_>, Failure> {
        RequestHead::parse(&self.head).map_err(|error| {
            Failure::Usage(format!(
                "verify: standard input has no HTTP request: {error}; expected a line such as GET /key HTTP/1.1 and header \
                 lines NAME: VALUE, not what curl -v prints, and not HTTP/2"
            ))
        })
    }

    /// The body, without its transfer coding.
    pub(super) fn body(&self, head: &RequestHead<'_>) -> Result<Vec<u8>, Failure> {
        let rest = &self.all[self.body.clone()];
        let lengths = head.headers.all("content-length").count();
        let codings: Vec<&[u8]> = head.headers.all("transfer-encoding").collect();
        match codings[..] {
            [] if lengths > 1 => {
                Err(refused("it has more than one content-length, and may be read in two ways"))
            }
            // What an editor leaves at the end of a file is no body.
            [] if lengths == 0 && rest.trim_ascii().is_empty() => Ok(Vec::new()),
            [] => Ok(rest.to_vec()),
            [coding] if lengths == 0 && coding.trim_ascii().eq_ignore_ascii_case(b"chunked") => decoded(rest),
            _ => Err(refused(
                "it has transfer-encoding beside content-length or another coding, and may be read in two ways",
            )),
        }
    }

    /// A note where the body has another length than the head says; it is empty elsewhere.
    pub(super) fn difference(&self, head: &RequestHead<'_>, body: &[u8]) -> String {
        let announced = head.headers.text("content-length").map(str::trim);
        match announced.filter(|length| *length != body.len().to_string()) {
            Some(length) => format!(
                "; it has {} bytes here, and content-length says {length}: capture all of it",
                body.len()
            ),
            None => String::new(),
        }
    }
}

fn refused(problem: &str) -> Failure {
    Failure::Refused(format!("verify: the request is refused: {problem}"))
}

fn decoded(mut rest: &[u8]) -> Result<Vec<u8>, Failure> {
    let (mut body, mut out) = (Body::new(Framing::Chunked), Vec::with_capacity(rest.len()));
    while !body.is_complete() && !rest.is_empty() {
        let step = body
            .advance(rest)
            .map_err(|error| refused(&format!("its transfer coding is malformed: {error}")))?;
        out.extend_from_slice(&rest[step.data.clone()]);
        rest = &rest[step.used..];
    }
    match body.finish() {
        Ok(()) => Ok(out),
        Err(_) => Err(refused("its transfer coding ends too early; capture all of it")),
    }
}

/// Each line with CR and LF, the last one without.
fn with_line_ends(head: &[u8]) -> Vec<u8> {
    let lines = head.split(|byte| *byte == b'\n');
    let lines: Vec<&[u8]> = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect();
    lines.join(&b"\r\n"[..])
}

/// The credential of a request; `None` if it has none in the shape of one.
pub(super) fn named(head: &RequestHead<'_>) -> Option<Named> {
    let in_header = head.headers.text("authorization").and_then(|value| value.split("Credential=").nth(1));
    let in_query = || {
        let query = head.target.split_once('?')?.1;
        query.split('&').find_map(|parameter| parameter.strip_prefix("X-Amz-Credential="))
    };
    let credential = in_header.or_else(in_query)?.split([',', ' ', '&']).next()?;
    let credential: Vec<u8> = percent::decode(credential.as_bytes()).collect();
    let credential = String::from_utf8(credential).ok()?;
    let mut parts = credential.split('/').map(str::to_owned);
    let access_key_id = parts.next()?;
    let (region, service) = (parts.nth(1)?, parts.next()?);
    Some(Named { access_key_id, region, service })
}
