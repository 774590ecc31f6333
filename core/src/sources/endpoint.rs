//! Where a service is.

use crate::wire::Put;
use crate::wire::scan::split_once;
use crate::wire::uri::{Scheme, Uri};
use crate::wire::{self, BufferTooSmall, Cursor};

/// The address of a service: scheme, host, port, and a path that everything is below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint<'c> {
    uri: Uri<'c>,
}

impl<'c> Endpoint<'c> {
    /// Reads a URL such as `https://sts.eu-west-1.amazonaws.com` or `http://[fd00:ec2::254]:80/base`.
    /// A query is refused.
    pub fn parse(url: &'c str) -> Result<Self, wire::Error> {
        let uri = Uri::parse(url)?;
        if uri.query.is_some() {
            let offset = url.bytes().position(|byte| byte == b'?').unwrap_or(0);
            return Err(wire::Error { offset, kind: wire::Kind::UnexpectedByte });
        }
        Ok(Self { uri })
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> Scheme {
        self.uri.scheme
    }

    /// Host name or address; IPv6 without its brackets.
    pub fn host(&self) -> &'c str {
        self.uri.host
    }

    /// The port, written or meant.
    pub fn port(&self) -> u16 {
        self.uri.port
    }

    /// What the `Host` header says.
    pub fn authority(&self) -> &'c str {
        self.uri.authority
    }

    /// The path that requests start with: empty, or `/base` without a slash at its end.
    pub fn base_path(&self) -> &'c str {
        let mut path = self.uri.path;
        while let Some(shorter) = path.strip_suffix('/') {
            path = shorter;
        }
        path
    }

    /// The target of a request for the endpoint itself: its path, or `/`.
    pub fn root(&self) -> &'c str {
        if self.uri.path.is_empty() { "/" } else { self.uri.path }
    }

    pub(crate) fn of(uri: Uri<'c>) -> Self {
        Self { uri }
    }

    pub(crate) fn uri(&self) -> &Uri<'c> {
        &self.uri
    }
}

/// The account that an ARN names: its fifth field, or nothing.
pub(super) fn account_of(arn: &str) -> &str {
    let mut rest = arn;
    for _ in 0..4 {
        rest = split_once(rest, b':').unwrap_or_default().1;
    }
    split_once(rest, b':').map_or(rest, |(account, _)| account)
}

/// The DNS suffix of the partition that `region` is in: `amazonaws.com` for a region of no other.
pub fn dns_suffix(region: &str) -> &'static str {
    const SUFFIXES: [(&str, &str); 6] = [
        ("cn-", "amazonaws.com.cn"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
        ("us-isof-", "csp.hci.ic.gov"),
        ("eusc-", "amazonaws.eu"),
    ];
    let suffix = SUFFIXES.iter().find(|(prefix, _)| region.starts_with(prefix));
    suffix.map_or("amazonaws.com", |(_, suffix)| suffix)
}

/// Writes the URL of a region's endpoint of `service` into `buffer`.
///
/// ```
/// use rolecall_core::sources::regional_url;
/// let mut buffer = [0; 64];
/// assert_eq!(regional_url("sts", "cn-north-1", &mut buffer)?, "https://sts.cn-north-1.amazonaws.com.cn");
/// # Ok::<(), rolecall_core::wire::BufferTooSmall>(())
/// ```
pub fn regional_url<'b>(
    service: &str,
    region: &str,
    buffer: &'b mut [u8],
) -> Result<&'b str, BufferTooSmall> {
    let mut out = Cursor::new(buffer);
    for part in ["https://", service, ".", region, ".", dns_suffix(region)] {
        out.put(part.as_bytes());
    }
    Ok(core::str::from_utf8(out.finish()?).unwrap_or_default())
}
