//! Where a service is.

use crate::wire;
use crate::wire::scan::split_once;
use crate::wire::uri::{Scheme, Uri};

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

    /// Scheme, host and port of a URI that is parsed already; its path and query are no part of it.
    pub fn at_origin_of(uri: &Uri<'c>) -> Self {
        Self { uri: Uri { path: "", query: None, target: "", ..*uri } }
    }

    pub(crate) fn of(uri: Uri<'c>) -> Self {
        Self { uri }
    }

    pub(crate) fn uri(&self) -> &Uri<'c> {
        &self.uri
    }
}

/// The account that an ARN names: its fifth field, or nothing.
pub(crate) fn account_of(arn: &str) -> &str {
    let mut rest = arn;
    for _ in 0..4 {
        rest = split_once(rest, b':').unwrap_or_default().1;
    }
    split_once(rest, b':').map_or(rest, |(account, _)| account)
}
