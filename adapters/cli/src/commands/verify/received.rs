//! A request as it was captured: a head, and what follows it.

use rolecall::core::wire::http1::{RequestHead, head_len};
use rolecall::core::wire::percent;

use crate::failure::Failure;

/// Head and body, of which the head has the line ends that HTTP wants.
pub(super) struct Captured {
    head: Vec<u8>,
    pub(super) body: Vec<u8>,
}

/// Who signed, and for what, as the request says.
pub(super) struct Named {
    pub(super) access_key_id: String,
    pub(super) region: String,
    pub(super) service: String,
}

impl Captured {
    /// Splits what was captured. A head with other line ends, or without the empty line, as people paste it, is taken, too.
    pub(super) fn new(all: Vec<u8>) -> Self {
        let all = all.trim_ascii_start();
        let (mut head, body) = match (head_len(all, 0), all.windows(2).position(|end| end == b"\n\n")) {
            (Some(end), _) => (all[..end].to_vec(), &all[end..]),
            (None, Some(end)) => (with_line_ends(&all[..end]), &all[end + 2..]),
            (None, None) => (with_line_ends(all.trim_ascii_end()), &[][..]),
        };
        if !head.ends_with(b"\r\n\r\n") {
            head.extend_from_slice(b"\r\n\r\n");
        }
        Self { head, body: body.to_vec() }
    }

    pub(super) fn head(&self) -> Result<RequestHead<'_>, Failure> {
        RequestHead::parse(&self.head).map_err(|error| {
            Failure::Usage(format!(
                "verify: standard input has no HTTP request: {error}; expected a line such as GET /key HTTP/1.1, and \
                 header lines"
            ))
        })
    }

    /// Whether the body is as long as the head says.
    pub(super) fn is_whole(&self, head: &RequestHead<'_>) -> bool {
        head.headers.text("content-length").is_none_or(|length| length.trim() == self.body.len().to_string())
    }
}

/// Each line with CR and LF, the last one without.
fn with_line_ends(head: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> =
        head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect();
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
