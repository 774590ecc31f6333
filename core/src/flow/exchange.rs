//! One exchange with a peer: the request, its limits, and the reply.

use core::fmt;
use core::net::IpAddr;
use core::ops::Range;

use crate::skew::Now;
use crate::wire::http1::{Headers, RequestHead};

use super::endpoint::Endpoint;

/// One HTTP exchange for the driver to perform. The request's head is in the exchange buffer, and its body
/// unless `body` says otherwise.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Exchange<'c> {
    /// The service to connect to.
    pub endpoint: Endpoint<'c>,
    /// Connect to this address and to no other, whatever the host resolves to now.
    pub address: Option<IpAddr>,
    /// Where the request's head and body are in the exchange buffer: one after the other, from its front.
    pub request: Span,
    /// Whether the service is link-local: no proxy, and never a redirect.
    pub metadata: bool,
    /// Whether the driver presents the caller's certificate in the TLS handshake (mutual TLS).
    pub presents_certificate: bool,
    /// The limits that the driver keeps, whatever the peer does.
    pub limits: Limits,
    /// Whether sending it twice has the same effect as sending it once.
    pub repeatable: bool,
    /// The reply's headers that the flow reads; a driver may drop all others.
    pub reply_headers: ReplyHeaders,
    /// Where the request's body is.
    pub body: Body<'c>,
    /// Whether the body of a reply of status 2xx is streamed to the driver's caller, and not into the
    /// exchange buffer; the limit of the body does not apply to it.
    pub streams_reply: bool,
}

impl<'c> Exchange<'c> {
    /// An exchange whose request is in the exchange buffer, and may be repeated.
    pub const fn new(endpoint: Endpoint<'c>, request: Span, limits: Limits) -> Self {
        Self {
            endpoint,
            address: None,
            request,
            metadata: false,
            presents_certificate: false,
            limits,
            repeatable: true,
            reply_headers: ReplyHeaders::Named(&TIME_HEADERS),
            body: Body::InExchange,
            streams_reply: false,
        }
    }
}

/// Headers of a reply that carry the time.
pub(crate) const TIME_HEADERS: [&str; 2] = ["date", "age"];

/// The headers of a reply that a flow reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyHeaders {
    /// The headers of these names, in lower case.
    Named(&'static [&'static str]),
    /// Every header.
    All,
}

impl ReplyHeaders {
    /// Whether the header `name`, in any case, is one of them.
    pub fn include(&self, name: &[u8]) -> bool {
        match self {
            Self::Named(names) => names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted.as_bytes())),
            Self::All => true,
        }
    }
}

/// Where the body of a request is.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Body<'c> {
    /// After the head, in the exchange buffer.
    InExchange,
    /// In the caller's memory; it is sent after the head.
    Bytes(&'c [u8]),
    /// With the driver's caller; the number is its length in bytes.
    Streamed(u64),
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InExchange => f.write_str("InExchange"),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Streamed(len) => write!(f, "Streamed({len} bytes)"),
        }
    }
}

/// Head and body of a request in the exchange buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Span {
    /// Length of the head including the empty line, in bytes.
    pub head: usize,
    /// Length of head and body, in bytes.
    pub len: usize,
}

impl Span {
    /// The request as it is sent.
    pub fn bytes<'x>(&self, exchange: &'x [u8]) -> &'x [u8] {
        exchange.get(..self.len).unwrap_or_default()
    }

    /// The body.
    pub fn body<'x>(&self, exchange: &'x [u8]) -> &'x [u8] {
        exchange.get(self.head..self.len).unwrap_or_default()
    }

    /// Parses the head, for drivers with an HTTP client of their own.
    pub fn head<'x>(&self, exchange: &'x [u8]) -> Result<RequestHead<'x>, crate::wire::Error> {
        RequestHead::parse(exchange.get(..self.head).unwrap_or_default())
    }
}

/// Limits of one exchange: milliseconds and bytes, as the names say. Times are whole milliseconds in 32
/// bits because a device has no wide arithmetic to spare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Limits {
    /// From the start to an established connection, including the TLS handshake.
    pub connect_ms: u32,
    /// From there to the first byte of the reply. Each piece that is sent of a body outside the exchange
    /// buffer restarts it, within the limit of the whole exchange.
    pub first_byte_ms: u32,
    /// For the whole exchange, whatever happens in it, in milliseconds.
    pub total_ms: u32,
    /// The longest body of the reply, in bytes.
    pub body_bytes: u32,
}

impl Limits {
    /// These limits, none longer than `most` milliseconds.
    pub(crate) fn within(self, most: u32) -> Self {
        Self {
            connect_ms: self.connect_ms.min(most),
            first_byte_ms: self.first_byte_ms.min(most),
            total_ms: self.total_ms.min(most),
            ..self
        }
    }
}

/// A reply, in the exchange buffer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status code, 100 to 999.
    pub status: u16,
    /// Where the header lines are, each ended by CRLF: all, or those the flow reads.
    pub headers: Range<usize>,
    /// Where the body is, without its transfer coding.
    pub body: Range<usize>,
    /// The clocks when the request was sent.
    pub sent: Now,
    /// The clocks when the reply's head was complete.
    pub received: Now,
}

impl Reply {
    /// Parses the header lines; none if they are malformed.
    pub fn headers<'x>(&self, exchange: &'x [u8]) -> Headers<'x> {
        exchange
            .get(self.headers.clone())
            .and_then(|lines| Headers::from_lines(lines).ok())
            .unwrap_or_default()
    }

    /// The body.
    #[cfg_attr(target_os = "none", inline(never))]
    pub fn body<'x>(&self, exchange: &'x [u8]) -> &'x [u8] {
        exchange.get(self.body.clone()).unwrap_or_default()
    }
}
