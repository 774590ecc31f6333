//! Requests to sign, as they will be sent.

use core::cmp::Ordering;
use core::fmt;

use heapless::vec::{Vec, VecView};

use crate::wire::Ascii;
use crate::wire::device::ON_DEVICE;
use crate::wire::http1::{is_header_name, is_header_value};

use super::chunked::Chunks;
use super::order::sink_last;
use super::rules::S3_SESSION_TOKEN;
use super::target::Target;
use super::{SignError, sha256_hex};

/// Header lines that a request has room for by default.
const MAX_HEADERS: usize = 32;

/// SHA-256 of nothing: most requests have no body.
pub(super) const EMPTY_SHA256: [u8; 64] =
    *b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// In place of the payload's SHA-256.
pub(super) const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// The body, as far as the signature covers it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Payload<'a> {
    /// The bytes of the body, which are hashed here.
    Bytes(&'a [u8]),
    /// The SHA-256 of the body, in lower-case hexadecimal.
    Hash(&'a Ascii<64>),
    /// `UNSIGNED-PAYLOAD`: any body. S3 accepts it, over https.
    Unsigned,
    /// A body in chunks, which are signed or followed by a checksum.
    Chunks(Chunks),
}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Hash(hash) => write!(f, "Hash({hash})"),
            Self::Unsigned => f.write_str("Unsigned"),
            Self::Chunks(chunks) => write!(f, "{chunks:?}"),
        }
    }
}

/// The last line of the canonical request: a hash, or a name in its place. Both in one array, which is copied in few pieces.
#[derive(Debug, Clone, Copy)]
pub(super) struct PayloadHash {
    text: [u8; 64],
    len: usize,
}

impl PayloadHash {
    pub(super) fn of(payload: Payload<'_>) -> Self {
        match payload {
            // A device hashes no bytes rather than store their hash.
            Payload::Bytes([]) if !ON_DEVICE => Self { text: EMPTY_SHA256, len: 64 },
            Payload::Bytes(bytes) => Self::hash(sha256_hex(bytes)),
            Payload::Hash(hash) => Self::hash(*hash),
            Payload::Unsigned => Self::named(UNSIGNED),
            Payload::Chunks(chunks) => Self::named(chunks.as_str()),
        }
    }

    fn hash(hash: Ascii<64>) -> Self {
        Self { text: hash.to_bytes(), len: 64 }
    }

    fn named(name: &str) -> Self {
        let mut text = [0; 64];
        text.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
        Self { text, len: name.len() }
    }

    pub(super) fn is_in_chunks(&self) -> bool {
        self.len != 64 && !self.is_unsigned()
    }

    pub(super) fn is_unsigned(&self) -> bool {
        self.as_bytes() == UNSIGNED.as_bytes()
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or_default()
    }
}

/// A request to sign, with room for `H` header lines, 32 by default. It borrows every part; header lines are
/// kept sorted by name. `Debug` shows method and path alone: the others may hold secrets.
#[derive(Clone)]
pub struct Request<'a, const H: usize = MAX_HEADERS> {
    pub(super) parts: Parts<'a>,
    headers: Vec<Header<'a>, H>,
}

/// Name and value of a header line.
pub(super) type Header<'a> = (&'a str, &'a [u8]);

/// All of a request but its header lines.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) method: &'a str,
    pub(super) target: Target<'a>,
    /// Computed once, when the request is made.
    pub(super) payload: PayloadHash,
}

/// A request, whatever its room.
#[derive(Clone, Copy)]
pub(super) struct View<'r> {
    pub(super) parts: &'r Parts<'r>,
    pub(super) headers: &'r [Header<'r>],
}

impl<'a> Parts<'a> {
    pub(super) fn new(method: &'a str, target: &'a str, payload: Payload<'a>) -> Result<Self, SignError> {
        if !is_header_name(method) {
            return Err(SignError::InvalidMethod);
        }
        Ok(Self { method, target: Target::new(target)?, payload: PayloadHash::of(payload) })
    }

    pub(super) fn root(method: &'a str, payload: Payload<'a>) -> Result<Self, SignError> {
        if !is_header_name(method) {
            return Err(SignError::InvalidMethod);
        }
        Ok(Self { method, target: Target::ROOT, payload: PayloadHash::of(payload) })
    }
}

impl fmt::Debug for Parts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.target.path)
    }
}

impl<const H: usize> fmt::Debug for Request<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.fmt(f)
    }
}

impl<'a> Request<'a> {
    /// A request for `target`: path and query as in the request line.
    ///
    /// # Errors
    /// [`SignError::InvalidMethod`], [`SignError::InvalidTarget`], [`SignError::TargetTooLong`].
    pub fn new(method: &'a str, target: &'a str, payload: Payload<'a>) -> Result<Self, SignError> {
        Self::with_room(method, target, payload)
    }
}

impl<'a, const H: usize> Request<'a, H> {
    /// A request with room for `H` header lines: each takes 16 bytes of a device's stack.
    ///
    /// # Errors
    /// As [`Request::new`].
    // Built in place: a copy would take twice as much.
    #[inline(always)]
    pub fn with_room(method: &'a str, target: &'a str, payload: Payload<'a>) -> Result<Self, SignError> {
        Ok(Self { parts: Parts::new(method, target, payload)?, headers: Vec::new() })
    }

    /// A request for `/` without a query, with room for `H` header lines: that of services whose calls are all in the
    /// body, as those of STS, DynamoDB, Kinesis and SQS are. [`Signer::sign_root`](super::Signer::sign_root) signs it.
    ///
    /// ```
    /// # use rolecall_core::sigv4::{Payload, Request};
    /// let body = b"Action=GetCallerIdentity&Version=2011-06-15";
    /// let mut request = Request::<2>::root("POST", Payload::Bytes(body))?;
    /// request.header("Host", b"sts.eu-west-1.amazonaws.com")?;
    /// request.header("Content-Type", b"application/x-www-form-urlencoded")?;
    /// # Ok::<(), rolecall_core::sigv4::SignError>(())
    /// ```
    ///
    /// # Errors
    /// [`SignError::InvalidMethod`].
    #[inline(always)]
    pub fn root(method: &'a str, payload: Payload<'a>) -> Result<Self, SignError> {
        Ok(Self { parts: Parts::root(method, payload)?, headers: Vec::new() })
    }

    /// Sorts the query's parameters in `table`, which has room for one in each element: for a query of more than 64.
    /// Without this call they are sorted when the request is signed, in 128 bytes of stack.
    ///
    /// ```
    /// # use rolecall_core::sigv4::{Payload, Request};
    /// let target = format!("/?{}", "key=value&".repeat(1_000));
    /// let mut table = vec![0; 1_000];
    /// let mut request = Request::new("GET", &target, Payload::Bytes(b""))?;
    /// request.sort_parameters_in(&mut table)?;
    /// # Ok::<(), rolecall_core::sigv4::SignError>(())
    /// ```
    ///
    /// # Errors
    /// [`SignError::TooManyParameters`].
    pub fn sort_parameters_in(&mut self, table: &'a mut [u16]) -> Result<(), SignError> {
        self.parts.target.sort_in(table)
    }

    pub(super) fn view(&self) -> View<'_> {
        View { parts: &self.parts, headers: &self.headers }
    }

    /// Adds a header line that will be sent, and is signed unless [`is_never_signed`]. Lines of one name are
    /// joined in the order they are added. `host` has to be among them.
    ///
    /// # Errors
    /// [`SignError::InvalidHeader`], [`SignError::ReservedHeader`], [`SignError::TooManyHeaders`].
    pub fn header(&mut self, name: &'a str, value: &'a [u8]) -> Result<(), SignError> {
        add(&mut self.headers, name, value)
    }
}

/// Adds a header line if it is to be signed. Not generic over the room.
fn add<'a>(lines: &mut VecView<Header<'a>>, name: &'a str, value: &'a [u8]) -> Result<(), SignError> {
    if !is_header_name(name) || !is_header_value(value) {
        return Err(SignError::InvalidHeader);
    }
    if ["x-amz-date", "x-amz-security-token", S3_SESSION_TOKEN, "x-amz-content-sha256"]
        .iter()
        .any(|own| name.eq_ignore_ascii_case(own))
    {
        return Err(SignError::ReservedHeader);
    }
    // A request with two hosts is not valid, and would be signed for a host that does not exist.
    let host = |name: &str| name.eq_ignore_ascii_case("host");
    if host(name) && lines.iter().any(|(name, _)| host(name)) {
        return Err(SignError::InvalidHeader);
    }
    if !is_never_signed(name) {
        lines.push((name, value)).map_err(|_| SignError::TooManyHeaders)?;
        sink_last(lines, |a, b| compare_names(a.0, b.0));
    }
    Ok(())
}

/// Whether intermediaries change the header `name` or add it, so that no signer includes it:
/// `authorization`, `user-agent`, `x-amzn-trace-id`, `transfer-encoding`, `connection`, `expect`,
/// `upgrade`, `keep-alive`, `te`, `trailer` and `proxy-*`, in any case.
pub fn is_never_signed(name: &str) -> bool {
    // A list by length: it is searched for each line.
    const NEVER: [&str; 10] = [
        "authorization",
        "user-agent",
        "x-amzn-trace-id",
        "transfer-encoding",
        "connection",
        "expect",
        "upgrade",
        "keep-alive",
        "te",
        "trailer",
    ];
    NEVER.iter().any(|never| name.eq_ignore_ascii_case(never))
        || name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("proxy-"))
}

/// Orders header names as their lower-case forms.
pub(super) fn compare_names(a: &str, b: &str) -> Ordering {
    for (a, b) in a.bytes().zip(b.bytes()) {
        let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
        if a != b {
            return a.cmp(&b);
        }
    }
    a.len().cmp(&b.len())
}
