//! Absolute `http` and `https` URIs (RFC 3986), as far as an endpoint needs them.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::scan::{Scan, number};
use super::{Error, Kind};

/// Which of the two protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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
        let read = Self::read(&mut scan, text);
        scan.result(read)
    }

    fn read(scan: &mut Scan<'a>, text: &'a str) -> Option<Self> {
        let lower =
            |prefix: &str| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        let scheme = if lower("https://") {
            scan.skip(8);
            Scheme::Https
        } else if lower("http://") {
            scan.skip(7);
            Scheme::Http
        } else {
            return scan.fail(Kind::UnexpectedByte);
        };
        let start = scan.offset();
        let host = if scan.take(b"[") {
            let inside = scan.offset();
            scan.take_while(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
            let host = text.get(inside..scan.offset()).unwrap_or_default();
            if v6(host).is_none() {
                return scan.fail_at(inside, Kind::UnexpectedByte);
            }
            scan.expect_byte(b']')?;
            host
        } else {
            scan.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
            text.get(start..scan.offset()).unwrap_or_default()
        };
        if host.is_empty() {
            return scan.unexpected();
        }
        let mut authority = text.get(start..scan.offset()).unwrap_or_default();
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
                authority = text.get(start..scan.offset()).unwrap_or_default();
            }
        }
        let path_at = scan.offset();
        if !matches!(scan.peek(), None | Some(b'/' | b'?')) {
            return scan.unexpected();
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
                Some(Self { scheme, host, port, authority, path, query, target })
            }
            Some(_) => scan.unexpected(),
        }
    }

    /// The host as an address, if it is written as one.
    pub fn address(&self) -> Option<IpAddr> {
        address(self.host)
    }
}

/// Reads an IPv4 address (four decimal numbers without leading zeros) or an IPv6 address (RFC 4291,
/// section 2.2, forms 1 and 2: without an IPv4 address inside).
///
/// The standard library's parser keeps a panic path.
pub fn address(text: &str) -> Option<IpAddr> {
    v4(text).map(IpAddr::V4).or_else(|| v6(text).map(IpAddr::V6))
}

fn v4(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0u8; 4];
    let mut parts = text.as_bytes().split(|byte| *byte == b'.');
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

fn v6(text: &str) -> Option<Ipv6Addr> {
    let mut groups = [0u16; 8];
    let mut count = 0usize;
    // How many groups stand before `::`.
    let mut gap = None;
    let mut rest = text.as_bytes();
    if let [b':', b':', tail @ ..] = rest {
        (gap, rest) = (Some(0), tail);
    }
    while !rest.is_empty() {
        let len = rest.iter().position(|byte| *byte == b':').unwrap_or(rest.len());
        let (digits, tail) = rest.split_at_checked(len)?;
        let group = groups.get_mut(count)?;
        if digits.len() > 4 {
            return None;
        }
        *group = number(digits, 16)? as u16;
        count = count.saturating_add(1);
        rest = match tail {
            [b':', b':', tail @ ..] if gap.is_none() => {
                gap = Some(count);
                tail
            }
            // A colon stands between two groups.
            [b':', tail @ ..] if !tail.is_empty() && tail.first() != Some(&b':') => tail,
            [] => &[],
            _ => return None,
        };
    }
    let before = match gap {
        None if count == 8 => 8,
        Some(gap) if count < 8 => gap,
        _ => return None,
    };
    // What stands behind the gap belongs at the end.
    let mut placed = [0u16; 8];
    for (to, from) in placed.iter_mut().zip(groups.iter().take(before)) {
        *to = *from;
    }
    for (to, from) in placed.iter_mut().rev().zip(groups.get(before..count)?.iter().rev()) {
        *to = *from;
    }
    Some(Ipv6Addr::from(placed))
}
