//! Requests to sign and send.

use core::fmt;

use crate::flow::{Endpoint, Limits, RetryPolicy};
use crate::sigv4::chunked::Announcement;
use crate::sigv4::{Payload, Scope};
use crate::wire::Ascii;

/// A request to sign and send with [`SendRequest`](super::SendRequest). Head and signature are written from
/// these parts, so that what is signed is what is sent.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Outgoing<'c> {
    /// The method: any token but CONNECT, in upper case as a rule.
    pub method: &'c str,
    /// The service to connect to. Its base path is not used: `target` is complete.
    pub endpoint: Endpoint<'c>,
    /// Path and query as they are sent; it starts with a slash. For S3 the path has to be in the form that
    /// [`percent::canonical`](crate::wire::percent::canonical) returns.
    pub target: &'c str,
    /// Header lines besides `Host`, those for framing, and the signer's. Up to 31 are signed, or
    /// as many as [`SendRequest::with_room`](super::SendRequest::with_room) has.
    pub headers: &'c [(&'c str, &'c [u8])],
    /// The body, or where it comes from.
    pub content: Content<'c>,
    /// The credential scope, and the rules of the service.
    pub scope: Scope<'c>,
    /// The limits of each exchange.
    pub limits: Limits,
    /// The bounds on attempts. One attempt is made unless the caller allows more.
    pub retries: RetryPolicy,
    /// Whether sending it twice has the same effect as sending it once: true of GET, HEAD, PUT, DELETE,
    /// OPTIONS and TRACE (RFC 9110, section 9.2.2) unless the caller says otherwise.
    pub idempotent: bool,
    /// Whether the body of a reply of status 2xx is streamed to the driver's caller.
    pub streams_reply: bool,
    /// Whether the driver's caller can drop the received part of a streamed body. Otherwise a reply that
    /// breaks off is not requested again, as two bodies would follow one another.
    pub reply_starts_over: bool,
}

/// The body of a request.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Content<'c> {
    /// These bytes, hashed and sent from where they are.
    Bytes(&'c [u8]),
    /// A body that the driver's caller streams.
    Streamed {
        /// Its length in bytes.
        len: u64,
        /// Its SHA-256 in lower-case hexadecimal; `None` leaves it unsigned, as S3 accepts over https.
        sha256: Option<Ascii<64>>,
        /// Whether the driver's caller can provide it again from the start, for another attempt.
        rewinds: bool,
    },
    /// These bytes, which the signature does not cover.
    Unsigned(&'c [u8]),
    /// A body in chunks for S3. The driver's caller streams it encoded, signed by a
    /// [`ChunkSigner`](crate::sigv4::chunked::ChunkSigner) of the [`ChunkKeys`](crate::sigv4::chunked::ChunkKeys) that the flow
    /// takes its keys from; the flow announces it.
    Chunked {
        /// How it is announced: its kind and its lengths.
        announcement: &'c Announcement,
        /// Whether the driver's caller can provide it again from the start, for another attempt.
        rewinds: bool,
    },
}

/// The body itself is not shown.
impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, {:?}", self.len(), self.payload())
    }
}

impl Content<'_> {
    pub(super) fn payload(&self) -> Payload<'_> {
        match self {
            Self::Bytes(bytes) => Payload::Bytes(bytes),
            Self::Streamed { sha256: Some(hash), .. } => Payload::Hash(hash),
            Self::Streamed { sha256: None, .. } | Self::Unsigned(_) => Payload::Unsigned,
            Self::Chunked { announcement, .. } => Payload::Chunks(announcement.chunks()),
        }
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) | Self::Unsigned(bytes) => bytes.len() as u64,
            Self::Streamed { len, .. } => *len,
            Self::Chunked { announcement, .. } => announcement.encoded_len(),
        }
    }
}

impl<'c> Outgoing<'c> {
    /// Three seconds to connect, thirty to the first byte, two minutes for all, 4 MiB of body.
    pub const LIMITS: Limits =
        Limits { connect_ms: 3_000, first_byte_ms: 30_000, total_ms: 120_000, body_bytes: 4 * 1024 * 1024 };

    /// A request without a body, within the usual limits, and one attempt.
    pub fn new(method: &'c str, endpoint: Endpoint<'c>, target: &'c str, scope: Scope<'c>) -> Self {
        let idempotent = matches!(method, "GET" | "HEAD" | "PUT" | "DELETE" | "OPTIONS" | "TRACE");
        let limits = Self::LIMITS;
        Self {
            method,
            endpoint,
            target,
            headers: &[],
            content: Content::Bytes(b""),
            scope,
            limits,
            retries: RetryPolicy::new(1, limits.total_ms),
            idempotent,
            streams_reply: false,
            reply_starts_over: false,
        }
    }
}
