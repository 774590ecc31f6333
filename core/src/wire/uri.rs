//! Absolute `http` and `https` URIs (RFC 3986), as far as an endpoint needs them.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::scan::Scan;
use super::{Error, Kind};

/// Which of the two protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
}

impl Scheme {
    /// The port that is meant when none is written.
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

/// A URI taken apart; every part is a slice of the text it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uri<'a> {
    /// The protocol.
    pub scheme: Scheme,
    /// Host name or address, an IPv6 address without its brackets.
    pub host: &'a str,
    /// The port, written or meant.
    pub port: u16,
    /// Host and port as a `Host` header has them: the brackets of IPv6 kept, a default port dropped.
    pub authority: &'a str,
    /// The path as written; empty if there is none.
    pub path: &'a str,
    /// What follows the first `?`, without it; `None` if there is no `?`.
    pub query: Option<&'a str>,
    /// Path and query as written: what a request line has, but for a missing first slash.
    pub target: &'a str,
}

impl<'a> Uri<'a> {
    /// Takes `text` apart. User names, fragments, blanks and control characters are refused.
    /// Bytes outside ASCII are kept in path and query, and refused in the host.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let mut scan = Scan::new(text.as_bytes());
        let lower =
            |prefix: &str| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        let scheme = if lower("https://") {
            scan.skip(8);
            Scheme::Https
        } else if lower("http://") {
            scan.skip(7);
            Scheme::Http
        } else {
            return Err(scan.error(Kind::UnexpectedByte));
        };
        let start = scan.offset();
        let host = if scan.take(b"[") {
            let inside = scan.offset();
            scan.take_while(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
            let host = text.get(inside..scan.offset()).unwrap_or_default();
            if host.parse::<Ipv6Addr>().is_err() {
                return Err(Error::new(inside, Kind::UnexpectedByte));
            }
            scan.expect_byte(b']')?;
            host
        } else {
            scan.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
            text.get(start..scan.offset()).unwrap_or_default()
        };
        if host.is_empty() {
            return Err(scan.unexpected());
        }
        let mut authority = text.get(start..scan.offset()).unwrap_or_default();
        let mut port = scheme.default_port();
        if scan.take(b":") {
            let at = scan.offset();
            let digits = scan.take_while(|byte| byte.is_ascii_digit());
            if !digits.is_empty() {
                port = core::str::from_utf8(digits)
                    .ok()
                    .and_then(|digits| digits.parse().ok())
                    .filter(|port| *port != 0)
                    .ok_or(Error::new(at, Kind::BadNumber))?;
            }
            if port != scheme.default_port() {
                authority = text.get(start..scan.offset()).unwrap_or_default();
            }
        }
        let path_at = scan.offset();
        if !matches!(scan.peek(), None | Some(b'/' | b'?')) {
            return Err(scan.unexpected());
        }
        scan.take_while(|byte| byte > b' ' && byte != 0x7f && !matches!(byte, b'?' | b'#'));
        let path = text.get(path_at..scan.offset()).unwrap_or_default();
        let query = if scan.take(b"?") {
            let at = scan.offset();
            scan.take_while(|byte| byte > b' ' && byte != 0x7f && byte != b'#');
            text.get(at..scan.offset())
        } else {
            None
        };
        match scan.peek() {
            None => {
                let target = text.get(path_at..).unwrap_or_default();
                Ok(Self { scheme, host, port, authority, path, query, target })
            }
            Some(_) => Err(scan.unexpected()),
        }
    }

    /// The host as an address, if it is written as one.
    pub fn address(&self) -> Option<IpAddr> {
        let v4 = self.host.parse::<Ipv4Addr>().map(IpAddr::V4);
        v4.or_else(|_| self.host.parse::<Ipv6Addr>().map(IpAddr::V6)).ok()
    }
}
