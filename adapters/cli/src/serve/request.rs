//! Requests as they arrive: where the head ends, and whether it is one that can be answered. This file depends on the
//! core alone, and is a part of the fuzz target `serve_request`, too.

use rolecall_core::wire::http1::{Headers, RequestHead, head_len};

/// The longest head, in bytes.
pub(crate) const MAX_HEAD: usize = 8 * 1024;

/// What a stream begins with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Front<'a> {
    /// The beginning of a head.
    Partial,
    /// A request without a body, whose head has `len` bytes.
    Request { request: Request<'a>, len: usize },
    /// What is answered with an error, and the last on its connection.
    Refused(Refusal),
}

/// A request that can be answered: it has no body, one `Host`, and a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// It begins with a slash.
    pub(crate) path: &'a str,
    headers: Headers<'a>,
    /// Whether the client wants no other answer on this connection.
    pub(crate) closes: bool,
}

/// Why a stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No HTTP, or not unambiguous.
    Malformed,
    /// A body, of whatever length.
    Body,
    /// A head of more than [`MAX_HEAD`] bytes.
    TooLong,
}

impl<'a> Request<'a> {
    /// The value of a header that is there once. A header that is repeated has none: a proxy may read another line of it.
    pub(crate) fn only(&self, name: &str) -> Option<&'a [u8]> {
        let mut values = self.headers.all(name);
        values.next().filter(|_| values.next().is_none())
    }

    /// Whether there is such a header.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers.get(name).is_some()
    }
}

/// Reads what a stream begins with. The first `searched` bytes are known to have no end of a head.
pub(crate) fn front(received: &[u8], searched: usize) -> Front<'_> {
    let head = match head_len(received, searched) {
        Some(len) if len <= MAX_HEAD => received.get(..len).unwrap_or_default(),
        None if received.len() < MAX_HEAD => return Front::Partial,
        _ => return Front::Refused(Refusal::TooLong),
    };
    match read(head) {
        Ok(request) => Front::Request { request, len: head.len() },
        Err(refusal) => Front::Refused(refusal),
    }
}

fn read(head: &[u8]) -> Result<Request<'_>, Refusal> {
    let RequestHead { method, target, headers } = RequestHead::parse(head).map_err(|_| Refusal::Malformed)?;
    if has_body(headers)? {
        return Err(Refusal::Body);
    }
    if headers.all("host").count() != 1 || !target.starts_with('/') {
        return Err(Refusal::Malformed);
    }
    Ok(Request { method, path: target, headers, closes: closes(head, headers) })
}

/// Whether a body follows. A length that is repeated, or beside a coding, is how requests are smuggled.
fn has_body(headers: Headers<'_>) -> Result<bool, Refusal> {
    let mut lengths = headers.all("content-length");
    let length = lengths.next();
    if lengths.next().is_some() {
        return Err(Refusal::Malformed);
    }
    let number = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    match length {
        Some(text) if !number(text) => Err(Refusal::Malformed),
        Some(text) if text.iter().any(|digit| *digit != b'0') => Ok(true),
        _ => Ok(headers.get("transfer-encoding").is_some()),
    }
}

/// Whether the connection ends with the answer (RFC 9112, section 9.3).
fn closes(head: &[u8], headers: Headers<'_>) -> bool {
    let says = |what: &[u8]| {
        let mut words = headers.all("connection").flat_map(|value| value.split(|byte| *byte == b','));
        words.any(|word| word.trim_ascii().eq_ignore_ascii_case(what))
    };
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    says(b"close") || (line.ends_with(b"/1.0") && !says(b"keep-alive"))
}
