//! The address of a service.

use crate::wire;
use crate::wire::scan::split_once;
use crate::wire::uri::{Places, Scheme, Uri, without_brackets};
use crate::wire::words::before;

/// The address of a service: scheme, host, port, and a base path.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint<'c> {
    /// From the host to the end of the path.
    text: &'c str,
    port: u16,
    /// Where the host ends, including its brackets.
    host: u16,
    /// Where the authority of the `Host` header ends.
    authority: u16,
    /// Where the path starts.
    path: u16,
    scheme: Scheme,
}

impl<'c> Endpoint<'c> {
    /// Parses a URL such as `https://sts.eu-west-1.amazonaws.com` or `http://[fd00:ec2::254]:80/base`.
    ///
    /// # Errors
    /// A query, a URL of 64 KiB or more, and what [`Uri::parse`] refuses.
    #[cfg_attr(target_os = "none", inline(never))]
    pub fn parse(url: &'c str) -> Result<Self, wire::Error> {
        let places = Places::parse(url)?;
        if places.query < url.len() {
            return Err(wire::Error { offset: places.query, kind: wire::Kind::UnexpectedByte });
        }
        Self::at(url, &places)
    }

    /// Splits a URL into the service without a path, and path and query.
    pub(crate) fn and_target(url: &'c str) -> Result<(Self, &'c str), wire::Error> {
        let places = Places::parse(url)?;
        let (before, target) = url.split_at_checked(places.path).unwrap_or_default();
        Ok((Self::at(before, &places)?, target))
    }

    /// Scheme, host and port of a parsed URI, without its path and query. A host of 64 KiB or more, which no
    /// resolver knows, is cut off.
    pub fn at_origin_of(uri: &Uri<'c>) -> Self {
        let text = uri.authority.get(..usize::from(u16::MAX)).unwrap_or(uri.authority);
        let end = if text.starts_with("[") {
            before(text.as_bytes(), b']').wrapping_add(1)
        } else {
            before(text.as_bytes(), b':')
        };
        let len = text.len() as u16;
        let host = len.min(end as u16);
        Self { text, port: uri.port, host, authority: len, path: len, scheme: uri.scheme }
    }

    fn at(url: &'c str, places: &Places) -> Result<Self, wire::Error> {
        let text = url.get(places.start..).unwrap_or_default();
        if text.len() > usize::from(u16::MAX) {
            return Err(wire::Error { offset: 0, kind: wire::Kind::TooLong });
        }
        // No position is after the end of the text.
        let place = |place: usize| place.wrapping_sub(places.start) as u16;
        Ok(Self {
            text,
            port: places.port,
            host: place(places.host),
            authority: place(places.authority),
            path: place(places.path),
            scheme: places.scheme,
        })
    }

    /// Plain http or https.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host name or address; IPv6 without its brackets.
    pub fn host(&self) -> &'c str {
        without_brackets(self.before(self.host))
    }

    /// The port, written or implied.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The value of the `Host` header.
    pub fn authority(&self) -> &'c str {
        self.before(self.authority)
    }

    /// The base path of all requests: empty, or `/base` without a slash at its end.
    pub fn base_path(&self) -> &'c str {
        let mut path = self.path();
        while let Some(shorter) = path.strip_suffix("/") {
            path = shorter;
        }
        path
    }

    /// The target of a request for the endpoint itself: its path, or `/`.
    pub fn root(&self) -> &'c str {
        let path = self.path();
        if path.is_empty() { "/" } else { path }
    }

    #[cfg_attr(target_os = "none", inline(never))]
    fn before(&self, end: u16) -> &'c str {
        self.text.get(..usize::from(end)).unwrap_or_default()
    }

    #[cfg_attr(target_os = "none", inline(never))]
    fn path(&self) -> &'c str {
        self.text.get(usize::from(self.path)..).unwrap_or_default()
    }
}

impl PartialEq for Endpoint<'_> {
    fn eq(&self, other: &Self) -> bool {
        let parts = |of: &Self| (of.scheme, of.port);
        parts(self) == parts(other)
            && self.host() == other.host()
            && self.authority() == other.authority()
            && self.path() == other.path()
    }
}

impl Eq for Endpoint<'_> {}

/// The account in an ARN: its fifth field, or nothing.
pub(crate) fn account_of(arn: &str) -> &str {
    field_of(arn, 4)
}

/// The region in an ARN: its fourth field, or nothing.
pub(crate) fn region_of(arn: &str) -> &str {
    field_of(arn, 3)
}

/// The field of an ARN that has so many before it, or nothing.
pub(crate) fn field_of(arn: &str, before: u32) -> &str {
    let mut rest = arn;
    for _ in 0..before {
        rest = split_once(rest, b':').unwrap_or_default().1;
    }
    split_once(rest, b':').map_or(rest, |(field, _)| field)
}
