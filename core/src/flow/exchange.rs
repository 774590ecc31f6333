//! One exchange with a peer: what goes out, within which limits, and what came back.

use core::fmt;
use core::net::IpAddr;
use core::ops::Range;

use crate::skew::Now;
use crate::wire::http1::{Headers, RequestHead};

use super::endpoint::Endpoint;

/// One HTTP exchange to carry out. The request's head is in the exchange buffer, and its body unless
/// `body` says otherwise.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Exchange<'c> {
    /// Where to.
    pub endpoint: Endpoint<'c>,
    /// Connect to this address and to no other, whatever the host resolves to now.
    pub address: Option<IpAddr>,
    /// Where in the exchange buffer the request's head and body are, back to back from the front.
    pub request: Span,
    /// It is for a link-local service: no proxy, and never a redirect.
    pub metadata: bool,
    /// The limits to keep.
    pub limits: Limits,
    /// It has the same effect when it is sent twice.
    pub repeatable: bool,
    /// The reply's headers that the flow will look at; a driver may drop all others.
    pub reply_headers: ReplyHeaders,
    /// Where the body is.
    pub body: Body<'c>,
    /// The body of a reply of status 2xx goes to the driver's caller as it comes, and not into the
    /// exchange buffer; the limit of the body does not hold for it.
    pub streams_reply: bool,
}

impl<'c> Exchange<'c> {
    /// An exchange whose request is in the exchange buffer, and may be sent twice.
    pub const fn new(endpoint: Endpoint<'c>, request: Span, limits: Limits) -> Self {
        Self {
            endpoint,
            address: None,
            request,
            metadata: false,
            limits,
            repeatable: true,
            reply_headers: ReplyHeaders::Named(&TIME_HEADERS),
            body: Body::InExchange,
            streams_reply: false,
        }
    }
}

/// Headers of a reply that tell the time.
pub(crate) const TIME_HEADERS: [&str; 2] = ["date", "age"];

/// Headers of a reply that a flow will look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyHeaders {
    /// Those of these names, in lower case.
    Named(&'static [&'static str]),
    /// All of them.
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
    /// Behind the head, in the exchange buffer.
    InExchange,
    /// In the caller's memory; it is sent after the head.
    Bytes(&'c [u8]),
    /// With the driver's caller, who has so many bytes of it.
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
    /// Length of the head, with the empty line.
    pub head: usize,
    /// Length of head and body.
    pub len: usize,
}

impl Span {
    /// The request as it goes over the wire.
    pub fn bytes<'x>(&self, exchange: &'x [u8]) -> &'x [u8] {
        exchange.get(..self.len).unwrap_or_default()
    }

    /// The body.
    pub fn body<'x>(&self, exchange: &'x [u8]) -> &'x [u8] {
        exchange.get(self.head..self.len).unwrap_or_default()
    }

    /// The head taken apart, for drivers that do not speak HTTP themselves.
    pub fn head<'x>(&self, exchange: &'x [u8]) -> Result<RequestHead<'x>, crate::wire::Error> {
        RequestHead::parse(exchange.get(..self.head).unwrap_or_default())
    }
}

/// Limits of one exchange: milliseconds and bytes, as the names say. Times are whole milliseconds in 32
/// bits because a device has no wide arithmetic to spare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Limits {
    /// For the connection to stand, the TLS handshake included.
    pub connect_ms: u32,
    /// From there to the first byte of the reply. Each piece that is sent of a body outside the exchange
    /// buffer starts it over, as long as the whole limit allows.
    pub first_byte_ms: u32,
    /// For the whole exchange, whatever happens in it.
    pub total_ms: u32,
    /// For the reply's body.
    pub body_bytes: u32,
}

impl Limits {
    /// None longer than `most` milliseconds.
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
    /// The status code.
    pub status: u16,
    /// Where the header lines are, each ended by CRLF: all, or those asked for.
    pub headers: Range<usize>,
    /// Where the body is, transfer coding removed.
    pub body: Range<usize>,
    /// The clocks when the request was sent.
    pub sent: Now,
    /// The clocks when the reply's head was there.
    pub received: Now,
}

impl Reply {
    /// The header lines; none if they are not well-formed.
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
