//! Absolute `http` and `https` URIs (RFC 3986), as far as an endpoint needs them.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::scan::{Scan, number};
use super::words::split;
use super::{Error, Kind};

/// The protocol of a URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// The port of a URI without one: 80 or 443.
    pub const fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }

    /// `http` or `https`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}

/// A parsed URI; every part is a slice of the text it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uri<'a> {
    /// The protocol, which decides the default port.
    pub scheme: Scheme,
    /// Host name or address, an IPv6 address without its brackets.
    pub host: &'a str,
    /// The port, written or implied.
    pub port: u16,
    /// Host and port as in a `Host` header: the brackets of IPv6 kept, a default port dropped.
    pub authority: &'a str,
    /// The path as written; empty if there is none.
    pub path: &'a str,
    /// What follows the first `?`, without it; `None` if there is no `?`.
    pub query: Option<&'a str>,
    /// Path and query as written: the request target, except for a missing first slash.
    pub target: &'a str,
}

impl<'a> Uri<'a> {
    /// Parses `text`.
    ///
    /// # Errors
    /// User names, fragments, spaces and control characters, and bytes outside ASCII in the host, with their
    /// offset; such bytes are kept in path and query.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let places = Places::parse(text)?;
        let part = |from, to| text.get(from..to).unwrap_or_default();
        let Places { scheme, port, start, authority, path, query, .. } = places;
        Ok(Self {
            scheme,
            host: without_brackets(part(start, places.host)),
            port,
            authority: part(start, authority),
            path: part(path, query),
            query: text.get(query.wrapping_add(1)..),
            target: text.get(path..).unwrap_or_default(),
        })
    }

    /// The host as an address, if it is written as one.
    pub fn address(&self) -> Option<IpAddr> {
        address(self.host)
    }
}

/// A host without the brackets of an IPv6 address.
pub(crate) fn without_brackets(host: &str) -> &str {
    host.strip_prefix("[").and_then(|host| host.strip_suffix("]")).unwrap_or(host)
}

/// Where the parts of a URI are in its text.
#[derive(Clone, Copy)]
pub(crate) struct Places {
    pub(crate) scheme: Scheme,
    pub(crate) port: u16,
    /// Where the host starts, with its brackets.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) host: usize,
    /// Where the authority ends that a `Host` header has.
    pub(crate) authority: usize,
    /// Where the path starts.
    pub(crate) path: usize,
    /// Where it ends: the query's `?`, or the end of the text.
    pub(crate) query: usize,
}

impl Places {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let mut scan = Scan::new(text.as_bytes());
        let read = Self::read(&mut scan);
        scan.result(read)
    }

    fn read(scan: &mut Scan<'_>) -> Option<Self> {
        let lower = |scan: &mut Scan<'_>, prefix: &[u8]| {
            let is = scan.rest().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
            if is {
                scan.skip(prefix.len());
            }
            is
        };
        let scheme = if lower(scan, b"https://") {
            Scheme::Https
        } else if lower(scan, b"http://") {
            Scheme::Http
        } else {
            return scan.fail(Kind::UnexpectedByte);
        };
        let start = scan.offset();
        let named = if scan.take(b"[") {
            let inside = scan.offset();
            let host = scan.take_while(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
            if v6(host).is_none() {
                return scan.fail_at(inside, Kind::UnexpectedByte);
            }
            scan.expect_byte(b']')?;
            host
        } else {
            scan.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        };
        if named.is_empty() {
            return scan.unexpected();
        }
        let host = scan.offset();
        let mut authority = host;
        let mut port = scheme.default_port();
        if scan.take(b":") {
            let at = scan.offset();
            let digits = scan.take_while(|byte| byte.is_ascii_digit());
            if !digits.is_empty() {
                let written = number(digits, 10).and_then(|port| u16::try_from(port).ok());
                match written.filter(|_| digits.first() != Some(&b'0')) {
                    Some(written) => port = written,
                    None => return scan.fail_at(at, Kind::BadNumber),
                }
            }
            if port != scheme.default_port() {
                authority = scan.offset();
            }
        }
        let path = scan.offset();
        if !matches!(scan.peek(), None | Some(b'/' | b'?')) {
            return scan.unexpected();
        }
        scan.take_while(|byte| byte > b' ' && byte != 0x7f && !matches!(byte, b'?' | b'#'));
        let query = scan.offset();
        if scan.take(b"?") {
            scan.take_while(|byte| byte > b' ' && byte != 0x7f && byte != b'#');
        }
        if scan.peek().is_some() {
            return scan.unexpected();
        }
        Some(Self { scheme, port, start, host, authority, path, query })
    }
}

/// Reads an IPv4 address (four decimal numbers without leading zeros) or an IPv6 address (RFC 4291,
/// section 2.2, forms 1 and 2: without an IPv4 address inside).
///
/// The standard library's parser keeps a panic path.
pub fn address(text: &str) -> Option<IpAddr> {
    v4(text).map(IpAddr::V4).or_else(|| v6(text.as_bytes()).map(IpAddr::V6))
}

fn v4(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0u8; 4];
    let mut parts = split(text.as_bytes(), b'.');
    for octet in &mut octets {
        let digits = parts.next()?;
        let short = matches!(digits, [b'0'] | [b'1'..=b'9'] | [b'1'..=b'9', _] | [b'1'..=b'9', _, _]);
        for digit in digits {
            *octet =
                octet.checked_mul(10)?.checked_add(digit.checked_sub(b'0').filter(|digit| *digit < 10)?)?;
        }
        if !short {
            return None;
        }
    }
    if parts.next().is_some() { None } else { Some(Ipv4Addr::from(octets)) }
}

fn v6(text: &[u8]) -> Option<Ipv6Addr> {
    let mut octets = [0u8; 16];
    let mut places = octets.as_chunks_mut::<2>().0.iter_mut();
    let gap = text.windows(2).position(|pair| pair == b"::");
    let before = gap.unwrap_or(text.len());
    let after = text.get(before.wrapping_add(2)..).unwrap_or_default();
    let colon = |byte: &u8| *byte == b':';
    for digits in text.get(..before)?.split(colon).filter(|_| before > 0) {
        *places.next()? = group(digits)?;
    }
    // What stands behind the gap belongs at the end.
    for digits in after.rsplit(colon).filter(|_| !after.is_empty()) {
        *places.next_back()? = group(digits)?;
    }
    // The gap is one group or more.
    if gap.is_some() == (places.len() > 0) { Some(Ipv6Addr::from(octets)) } else { None }
}

fn group(digits: &[u8]) -> Option<[u8; 2]> {
    if digits.len() > 4 { None } else { number(digits, 16).map(|group| (group as u16).to_be_bytes()) }
}
