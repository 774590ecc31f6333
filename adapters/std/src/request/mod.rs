//! Requests to services: to sign by hand, or to send.

use std::fmt;
use std::time::Duration;

use rolecall_core::call::{Content, Outgoing, is_reserved};
use rolecall_core::flow::{Limits, RetryPolicy};
use rolecall_core::sigv4::Rules;
use rolecall_core::wire::http1::{is_header_name, is_header_value};

mod resolved;
mod scope;
mod signed;
mod url;

use self::scope::Named;
pub(crate) use self::scope::named_by;
use self::url::Url;
use crate::Error;

pub(crate) use resolved::Resolved;
pub use signed::{Canonical, Presigned, Reply, Signed};

/// The header lines of a request that are signed, at most, and with them its host.
const HEADERS: usize = 256;
pub(crate) const HEADER_ROOM: usize = HEADERS + 1;
/// Its query parameters, at most.
const PARAMETERS: usize = 1_024;

/// A request to a service, of up to 256 header lines and 1,024 query parameters.
///
/// Service and region are those that are set, else those in the host's name, else those of the
/// [`Settings`](crate::Settings) of a provider. The name in the credential scope is often not a label of the host
/// (`bedrock-runtime.eu-west-1.amazonaws.com` is signed for `bedrock`): a table has those of every service that
/// botocore 1.43 knows, and what it does not have is an error that asks for [`Request::service`]. Hosts of S3 that
/// reach every region (`bucket.s3.amazonaws.com`) are signed for the region of the settings, and multi-region access points
/// for the set of all regions (SigV4a), which needs the feature `sigv4a`.
#[derive(Clone)]
pub struct Request {
    method: String,
    url: Url,
    /// Service and region in the host's name.
    named: Named,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    service: Option<String>,
    region: Option<String>,
    region_set: Option<String>,
    /// Whether its credentials are those of a session of S3 Express One Zone.
    s3_session: bool,
    unsigned_payload: bool,
    limits: Limits,
    retries: RetryPolicy,
    idempotent: Option<bool>,
}

impl Request {
    /// The limits of a request: three seconds to connect, thirty to the first byte, two minutes in all, 4 MiB
    /// of body.
    pub const SEND_LIMITS: Limits = Outgoing::LIMITS;

    /// Makes a request for an absolute `http` or `https` URL.
    ///
    /// # Errors
    /// [`Error::Configuration`] for a method that is not a token, and for a URL with a space or a control character.
    /// Other characters that a URL cannot hold are percent-encoded when it is sent or presigned.
    pub fn new(method: &str, url: &str) -> Result<Self, Error> {
        if !is_header_name(method) {
            return Err(Error::invalid(
                &format!("method {method:?}"),
                "it has to be a token, such as GET or PROPFIND",
            ));
        }
        let url = Url::parse(url)?;
        Ok(Self {
            method: method.to_owned(),
            named: named_by(url.uri().host),
            url,
            headers: Vec::new(),
            body: Vec::new(),
            service: None,
            region: None,
            region_set: None,
            s3_session: false,
            unsigned_payload: false,
            limits: Self::SEND_LIMITS,
            retries: RetryPolicy::new(1, Self::SEND_LIMITS.total_ms),
            idempotent: None,
        })
    }

    /// Adds a header line, which is signed unless its name is on the list of
    /// [`is_never_signed`](rolecall_core::sigv4::is_never_signed). The header `x-amz-content-sha256:
    /// UNSIGNED-PAYLOAD` leaves the body unsigned.
    ///
    /// # Errors
    /// [`Error::Configuration`] for a line that cannot be sent, and for those that the signer or the
    /// URL decides: `host`, `authorization`, `x-amz-date`, `x-amz-security-token`, `x-amz-s3session-token`.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, Error> {
        if !is_header_name(name) || !is_header_value(value.as_bytes()) {
            return Err(Error::invalid(
                &format!("header {:?}", name.chars().take(64).collect::<String>()),
                "its name has to be a token, and its value must have no line break or other control character",
            ));
        }
        let is = |own: &str| name.eq_ignore_ascii_case(own);
        if is("x-amz-content-sha256") && value.trim() == "UNSIGNED-PAYLOAD" {
            self.unsigned_payload = true;
            return Ok(self);
        }
        if [
            "host",
            "authorization",
            "x-amz-date",
            "x-amz-security-token",
            "x-amz-s3session-token",
            "x-amz-content-sha256",
        ]
        .into_iter()
        .any(is)
        {
            return Err(Error::invalid(name, "the URL or the signer decides this header"));
        }
        self.headers.push((name.to_owned(), value.trim().to_owned()));
        Ok(self)
    }

    /// Sets the body. No content type is added.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the service to sign for: the name in the credential scope, `s3` or `execute-api`.
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// Sets the region to sign for.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Sets the regions to sign for, with SigV4a: `*`, or a list separated by commas. It is an error beside
    /// [`Request::region`], and without the feature `sigv4a`.
    pub fn region_set(mut self, regions: impl Into<String>) -> Self {
        self.region_set = Some(regions.into());
        self
    }

    /// Whether its body can be signed in chunks ([`Provider::send_chunked`](crate::Provider::send_chunked)): by the rules of S3, as
    /// the service says that is set or in the host's name, for one region, and as an object or a part of one.
    pub fn takes_chunks(&self) -> bool {
        let service = self.service.as_deref().or(self.named.service);
        let is_s3 = service.is_some_and(|service| Rules::of(service) == Rules::S3);
        is_s3 && !self.names_regions() && self.method == "PUT" && self.url.is_of_object()
    }

    /// Says that the credentials are those of a session of S3 Express One Zone, whose token has a header of its own. A
    /// provider of an [`S3Session`](crate::S3Session) knows it.
    pub fn s3_session(mut self) -> Self {
        self.s3_session = true;
        self
    }

    /// Sets the limits of the exchange.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self.retries.budget_ms = self.retries.budget_ms.max(limits.total_ms);
        self
    }

    /// Allows up to `attempts` attempts, the first included. All of them, with their pauses, end after `within`, so that it has
    /// to be longer than the limits of one exchange, and [`Request::with_limits`] comes before it. There is another attempt
    /// after 429, 5xx, a throttling code, or a failure that may pass. A request that is not idempotent is
    /// sent again only if the service surely did not execute it. Without this, one attempt is made.
    pub fn attempts(mut self, attempts: u8, within: Duration) -> Self {
        let budget_ms = u32::try_from(within.as_millis()).unwrap_or(u32::MAX);
        self.retries = RetryPolicy::new(attempts.into(), budget_ms);
        self
    }

    /// Says whether sending twice has the same effect as sending once. Without this, it has for GET, HEAD,
    /// PUT, DELETE, OPTIONS and TRACE.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }

    /// Refuses what frames or routes a request, which is done when it is sent. A signature may cover it.
    pub(crate) fn check_sendable(&self) -> Result<(), Error> {
        if self.method.eq_ignore_ascii_case("CONNECT") {
            return Err(Error::invalid(
                "method CONNECT",
                "it is for proxies, which are settings; use another method",
            ));
        }
        match self.headers.iter().find(|(name, _)| is_reserved(name)) {
            Some((name, _)) => Err(Error::invalid(
                &format!("header {name}"),
                "it frames, routes or signs the request, which is done when it is sent; leave it out",
            )),
            None => Ok(()),
        }
    }

    pub(crate) fn headers(&self) -> Vec<(&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
    }

    /// Memory to sort the query's parameters in.
    pub(crate) fn table(&self) -> Vec<u16> {
        let query = self.url.uri().query.unwrap_or_default();
        vec![0; query.split('&').count().min(PARAMETERS)]
    }

    pub(crate) fn leaves_payload_unsigned(&self) -> bool {
        self.unsigned_payload
    }

    pub(crate) fn content(&self) -> Content<'_> {
        if self.unsigned_payload { Content::Unsigned(&self.body) } else { Content::Bytes(&self.body) }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A query may carry a signature, and a body anything.
        write!(f, "Request({} {})", self.method, self.url.origin())
    }
}
