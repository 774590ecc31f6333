//! Writing requests into the exchange buffer.

use zeroize::Zeroize;

use crate::error::{Buffer, ErrorKind};
use crate::sigv4::{Payload, Request, SignError, Signer, SigningKeys, hash_of};
use crate::wire::http1::HeadWriter;
use crate::wire::{Count, Cursor, Put, decimal};

use super::endpoint::Endpoint;
use super::exchange::Span;

/// Identifies this library in the peer's log.
const USER_AGENT: &[u8] = concat!("rolecall/", env!("CARGO_PKG_VERSION")).as_bytes();

/// Writes a request without a body for `path` below the endpoint's base path. Nothing is left of one that
/// cannot be written.
pub(crate) fn write(
    exchange: &mut [u8],
    method: &str,
    endpoint: &Endpoint<'_>,
    path: &[&str],
    headers: &[(&str, &[u8])],
) -> Result<Span, ErrorKind> {
    let exchange = &mut Wiped::new(exchange);
    let mut out = Cursor::new(exchange.buffer);
    let base = [endpoint.base_path()];
    let mut target = [""; 4];
    for (to, part) in target.iter_mut().zip(base.iter().chain(path)) {
        *to = part;
    }
    let mut head = HeadWriter::new(&mut out, method, &target);
    head.header("Host", endpoint.authority().as_bytes());
    head.header("User-Agent", USER_AGENT);
    if method != "GET" {
        head.header("Content-Length", b"0");
    }
    for (name, value) in headers {
        head.header(name, value);
    }
    head.finish().map_err(|invalid| ErrorKind::Invalid(invalid.part))?;
    let span = finish(out, 0)?;
    exchange.keep();
    Ok(span)
}

/// A request to write and to sign from the same parts.
pub(crate) struct Draft<'a> {
    pub(crate) method: &'a str,
    pub(crate) endpoint: &'a Endpoint<'a>,
    /// Path and query as they are sent.
    pub(crate) target: &'a str,
    /// Header lines besides `Host`, those for framing and the signer's own.
    pub(crate) headers: &'a [(&'a str, &'a [u8])],
    /// What the signature covers of a body that is not in the exchange buffer.
    pub(crate) payload: Payload<'a>,
    /// The length of that body in digits; empty if none is announced.
    pub(crate) length: &'a [u8],
    /// Those of the flow, before them.
    pub(crate) own: &'a [(&'a str, &'a [u8])],
    /// Whose chunks follow the signature, if it is a body of such.
    pub(crate) chunks: Option<&'a dyn SigningKeys>,
}

/// What signing sorts in beside its stack: room for parameters, if it is not empty.
pub(crate) type Table<'t> = &'t mut [u16];

impl<'a> Draft<'a> {
    /// A GET for the endpoint itself, without a body.
    pub(crate) fn new(endpoint: &'a Endpoint<'a>) -> Self {
        let target = endpoint.root();
        let payload = Payload::Bytes(b"");
        Self { method: "GET", endpoint, target, headers: &[], payload, length: b"", own: &[], chunks: None }
    }

    /// All of its header lines.
    fn lines(&self) -> impl Iterator<Item = &(&'a str, &'a [u8])> {
        self.own.iter().chain(self.headers)
    }
}

/// Writes a body. It is called three times: to hash, to count, and to write.
pub(crate) type PutBody<'a> = dyn Fn(&mut dyn Put) + 'a;

/// Writes a request, signed if there is a signer, with room for `H` signed header lines. `body` writes the
/// body that follows the head in the exchange buffer.
// Not inlined: the frames of the flows are deep enough.
#[inline(never)]
pub(crate) fn write_signed<const H: usize>(
    exchange: &mut [u8],
    draft: &Draft<'_>,
    body: Option<&PutBody<'_>>,
    signer: Option<&Signer<'_>>,
    table: Table<'_>,
) -> Result<Span, ErrorKind> {
    let exchange = &mut Wiped::new(exchange);
    let mut out = Cursor::new(exchange.buffer);
    let len = write_head(draft, body, &mut out)?;
    if let Some(signer) = signer {
        let hash = body.map(|body| hash_of(&mut |hasher| body(hasher)));
        let payload = hash.as_ref().map_or(draft.payload, Payload::Hash);
        put_signature::<H>(signer, draft, payload, table, &mut out).map_err(ErrorKind::Sign)?;
    }
    out.put(b"\r\n");
    if let Some(body) = body {
        body(&mut out);
    }
    let span = finish(out, len)?;
    exchange.keep();
    Ok(span)
}

/// Writes a request whose signature was computed elsewhere; `authorization` writes the value of that header.
#[inline(never)]
pub(crate) fn write_authorized(
    exchange: &mut [u8],
    draft: &Draft<'_>,
    body: &PutBody<'_>,
    authorization: &mut dyn FnMut(&mut dyn Put) -> Result<(), ErrorKind>,
) -> Result<Span, ErrorKind> {
    let exchange = &mut Wiped::new(exchange);
    let mut out = Cursor::new(exchange.buffer);
    let len = write_head(draft, Some(body), &mut out)?;
    out.put(b"Authorization: ");
    authorization(&mut out)?;
    out.put(b"\r\n\r\n");
    body(&mut out);
    let span = finish(out, len)?;
    exchange.keep();
    Ok(span)
}

/// Writes the head without the signature and the empty line, and returns the length of the body.
fn write_head(
    draft: &Draft<'_>,
    body: Option<&PutBody<'_>>,
    out: &mut Cursor<'_>,
) -> Result<usize, ErrorKind> {
    let mut count = Count::default();
    if let Some(body) = body {
        body(&mut count);
    }
    let mut head = HeadWriter::new(out, draft.method, &[draft.target]);
    head.header("Host", draft.endpoint.authority().as_bytes());
    if !draft.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("user-agent")) {
        head.header("User-Agent", USER_AGENT);
    }
    for (name, value) in draft.lines() {
        head.header(name, value);
    }
    let mut digits = [0; 10];
    let mut counted = Cursor::new(&mut digits);
    if body.is_some() {
        let len = u32::try_from(count.0).map_err(|_| ErrorKind::Invalid("request body"))?;
        decimal(len, &mut counted as &mut dyn Put);
    }
    let counted: &[u8] = counted.finish().unwrap_or_default();
    let length = if body.is_some() { counted } else { draft.length };
    if !length.is_empty() {
        head.header("Content-Length", length);
    }
    head.suspend().map_err(|invalid| ErrorKind::Invalid(invalid.part))?;
    Ok(count.0)
}

/// Writes the header lines of the signature.
#[inline(never)]
fn put_signature<const H: usize>(
    signer: &Signer<'_>,
    draft: &Draft<'_>,
    payload: Payload<'_>,
    table: Table<'_>,
    out: &mut Cursor<'_>,
) -> Result<(), SignError> {
    let mut request = Request::<H>::with_room(draft.method, draft.target, payload)?;
    if !table.is_empty() {
        request.sort_parameters_in(table)?;
    }
    request.header("host", draft.endpoint.authority().as_bytes())?;
    for (name, value) in draft.lines() {
        request.header(name, value)?;
    }
    // By reference: a signature is large to move.
    let signed = &signer.sign(&request);
    let signed = signed.as_ref().map_err(|error| *error)?;
    signed.put_header_lines(out);
    match draft.chunks {
        Some(keys) => keys.start_chunks(signer, &signed.signature()),
        None => Ok(()),
    }
}

/// The exchange buffer while a request is written: wiped before, and after an error.
struct Wiped<'x> {
    buffer: &'x mut [u8],
    kept: bool,
}

impl<'x> Wiped<'x> {
    fn new(buffer: &'x mut [u8]) -> Self {
        buffer.zeroize();
        Self { buffer, kept: false }
    }

    fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Wiped<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.buffer.zeroize();
        }
    }
}

/// `needed` suffices for this request; the reply may need more.
fn finish(out: Cursor<'_>, body: usize) -> Result<Span, ErrorKind> {
    let len = out.needed();
    match out.finish() {
        Ok(_) => Ok(Span { head: len.wrapping_sub(body), len }),
        Err(small) => Err(ErrorKind::BufferTooSmall { buffer: Buffer::Exchange, needed: small.needed }),
    }
}
