//! Building requests in the exchange buffer.

use zeroize::Zeroize;

use crate::error::{Buffer, ErrorKind};
use crate::sigv4::{Payload, Request, SignError, Signer, hash_of};
use crate::wire::http1::HeadWriter;
use crate::wire::{Ascii, Count, Cursor, Put, decimal};

use crate::flow::{Endpoint, Span};

/// Names this library to whoever reads the peer's log.
const USER_AGENT: &[u8] = concat!("rolecall/", env!("CARGO_PKG_VERSION")).as_bytes();

/// Writes a request without a body for `path` below the endpoint's own. Nothing is left of one that
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

/// What a POST carries.
pub(crate) struct Content<'a> {
    pub(crate) mime: &'a str,
    /// The operation, for services that are told by `X-Amz-Target`.
    pub(crate) target: Option<&'a [u8]>,
    /// Puts the body. It is called three times: to hash, to count, and to write.
    pub(crate) body: &'a dyn Fn(&mut dyn Put),
}

/// Writes a POST to the endpoint itself; signed, if there is a signer.
// Not inlined: the frames of the flows are deep enough.
#[inline(never)]
pub(crate) fn write_post(
    exchange: &mut [u8],
    endpoint: &Endpoint<'_>,
    content: &Content<'_>,
    signer: Option<&Signer<'_>>,
) -> Result<Span, ErrorKind> {
    let (exchange, body) = (&mut Wiped::new(exchange), content.body);
    let mut len = Count::default();
    body(&mut len);
    let mut digits = [0; 10];
    let mut length = Cursor::new(&mut digits);
    decimal(u32::try_from(len.0).unwrap_or(u32::MAX), &mut length);
    let length = length.finish().map_err(|_| ErrorKind::Invalid("request body"))?;

    let mut out = Cursor::new(exchange.buffer);
    let mut head = HeadWriter::new(&mut out, "POST", &[endpoint.root()]);
    head.header("Host", endpoint.authority().as_bytes());
    head.header("User-Agent", USER_AGENT);
    head.header("Content-Type", content.mime.as_bytes());
    head.header("Content-Length", length);
    if let Some(target) = content.target {
        head.header("X-Amz-Target", target);
    }
    head.suspend().map_err(|invalid| ErrorKind::Invalid(invalid.part))?;
    if let Some(signer) = signer {
        let authority = endpoint.authority();
        let hash = hash_of(&mut |hasher| body(hasher));
        let headers = [("host", authority.as_bytes()), ("content-type", content.mime.as_bytes())];
        let target = content.target.map(|target| ("x-amz-target", target));
        put_signed(signer, endpoint.root(), headers.into_iter().chain(target), hash, &mut out)
            .map_err(ErrorKind::Sign)?;
    }
    out.put(b"\r\n");
    body(&mut out);
    let span = finish(out, len.0)?;
    exchange.keep();
    Ok(span)
}

/// Puts the header lines that sign a POST.
fn put_signed<'a>(
    signer: &Signer<'_>,
    path: &str,
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    hash: Ascii<64>,
    out: &mut Cursor<'_>,
) -> Result<(), SignError> {
    let mut request = Request::<3>::with_room("POST", path, Payload::Hash(hash))?;
    for (name, value) in headers {
        request.header(name, value)?;
    }
    // By reference: a signature is large to move.
    let signed = &signer.sign(&request);
    signed.as_ref().map(|signed| signed.put_header_lines(out)).map_err(|error| *error)
}

/// The exchange buffer while a request is written: wiped before, and after one that cannot be.
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

/// `needed` suffices for this request; the reply may want more.
fn finish(out: Cursor<'_>, body: usize) -> Result<Span, ErrorKind> {
    let len = out.needed();
    match out.finish() {
        Ok(_) => Ok(Span { head: len.saturating_sub(body), len }),
        Err(small) => Err(ErrorKind::BufferTooSmall { buffer: Buffer::Exchange, needed: small.needed }),
    }
}
