//! Requests of the crate `http`, which hyper, reqwest, ureq and tower share, signed in place.

use ::http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue};
use ::http::request::Parts;
use ::http::uri::PathAndQuery;

use crate::{Error, Provider, Request};

/// The headers of a signature, which another one replaces.
const OF_SIGNATURES: [&str; 5] = [
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-s3session-token",
    "x-amz-region-set",
    "x-amz-content-sha256",
];
const CONTENT_SHA256: &str = "x-amz-content-sha256";

/// Signs requests of the crate `http` with a provider's credentials.
///
/// What is signed is what is in the request: its method, its absolute URI, and each header but those that intermediaries change.
/// A header that a client adds afterwards is not covered. A signature that is there already is replaced, so that a
/// request can be sent again.
///
/// ```
/// use rolecall::{Environment, HttpSigner, Provider};
///
/// let environment = Environment::from_iter([
///     ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
///     ("AWS_SECRET_ACCESS_KEY", "secret"),
/// ]);
/// let signer = HttpSigner::new(Provider::from_environment(&environment)?);
/// let mut request = http::Request::get("https://reports.s3.eu-west-1.amazonaws.com/11.csv").body("")?;
/// signer.sign(&mut request)?;
/// assert!(request.headers().contains_key("authorization"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct HttpSigner {
    provider: Provider,
    service: Option<String>,
    region: Option<String>,
}

impl HttpSigner {
    /// A signer with the credentials of `provider`, for the service and region that a URI's host names.
    pub fn new(provider: Provider) -> Self {
        Self { provider, service: None, region: None }
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

    /// Signs a request whose body is in memory.
    ///
    /// # Errors
    /// As [`HttpSigner::sign_parts`].
    pub fn sign<B: AsRef<[u8]>>(&self, request: &mut ::http::Request<B>) -> Result<(), Error> {
        let (uri, headers) = {
            let body = request.body().as_ref();
            self.signed(request.method(), request.uri(), request.headers(), Some(body))?
        };
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(())
    }

    /// Signs a request of which the body is `body`, or, without one, `UNSIGNED-PAYLOAD`: any body, which S3 accepts over https.
    ///
    /// # Errors
    /// Those of [`Provider::sign`]; [`Error::Configuration`] for a URI without a host, an `Authorization` header of another kind,
    /// and a header whose value is no text.
    pub fn sign_parts(&self, parts: &mut Parts, body: Option<&[u8]>) -> Result<(), Error> {
        let (uri, headers) = self.signed(&parts.method, &parts.uri, &parts.headers, body)?;
        (parts.uri, parts.headers) = (uri, headers);
        Ok(())
    }

    /// The URI as it is signed, and the headers with those of the signature.
    fn signed(
        &self,
        method: &::http::Method,
        uri: &::http::Uri,
        given: &HeaderMap,
        body: Option<&[u8]>,
    ) -> Result<(::http::Uri, HeaderMap), Error> {
        if uri.scheme().is_none() || uri.authority().is_none() {
            let problem = "an absolute one is expected, such as https://example.com/: the host is signed";
            return Err(Error::invalid("URI", problem));
        }
        let mut headers = given.clone();
        if let Some(value) = headers.remove(AUTHORIZATION)
            && !value.as_bytes().starts_with(b"AWS4-")
        {
            let problem =
                "it is there, and is no signature of AWS; a request has one of the two, so remove it";
            return Err(Error::invalid("header Authorization", problem));
        }
        let unsigned = headers.get(CONTENT_SHA256).is_some_and(|value| value == "UNSIGNED-PAYLOAD");
        OF_SIGNATURES.iter().for_each(|name| drop(headers.remove(*name)));

        let request = self.request(method, uri, &headers, body.filter(|_| !unsigned))?;
        let (signed, target) = self.provider.sign_as_sent(&request)?;
        for (name, value) in signed.headers() {
            let invalid = |_| Error::invalid(&format!("header {name}"), "it cannot be sent");
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| Error::invalid("header", "its name cannot be sent"))?;
            // Those of the request are there already, as they were.
            if OF_SIGNATURES.contains(&name.as_str()) || name == AUTHORIZATION {
                let mut value = HeaderValue::from_str(value).map_err(invalid)?;
                value.set_sensitive(true);
                headers.insert(name, value);
            }
        }
        let mut parts = uri.clone().into_parts();
        let target = PathAndQuery::try_from(target);
        parts.path_and_query = Some(target.map_err(|_| Error::invalid("URI", "its path cannot be sent"))?);
        let uri = ::http::Uri::from_parts(parts).map_err(|_| Error::invalid("URI", "it cannot be sent"))?;
        Ok((uri, headers))
    }

    fn request(
        &self,
        method: &::http::Method,
        uri: &::http::Uri,
        headers: &HeaderMap,
        body: Option<&[u8]>,
    ) -> Result<Request, Error> {
        let mut request = Request::new(method.as_str(), &uri.to_string())?;
        for (name, value) in headers {
            let text = || {
                Error::invalid(&format!("header {name}"), "its value is no text, which a signature covers")
            };
            let value = std::str::from_utf8(value.as_bytes()).map_err(|_| text())?;
            if *name == HOST {
                if uri.authority().is_none_or(|authority| authority.as_str() != value) {
                    return Err(Error::invalid("header Host", "it differs from the URI's; leave it out"));
                }
                continue;
            }
            request = request.header(name.as_str(), value)?;
        }
        request = match body {
            Some(body) => request.body(body),
            None => request.header(CONTENT_SHA256, "UNSIGNED-PAYLOAD")?,
        };
        if let Some(service) = &self.service {
            request = request.service(service);
        }
        if let Some(region) = &self.region {
            request = request.region(region);
        }
        Ok(request)
    }
}

/// Signs whatever an agent of ureq sends, as one of its middlewares. A body of up to 8 MiB is read before it is sent; a longer
/// one is left unsigned where S3 takes that, over https, and is an error elsewhere. A redirect is sent as it was signed:
/// set `max_redirects(0)`.
///
/// ```no_run
/// # fn send(provider: rolecall::Provider) -> Result<(), Box<dyn std::error::Error>> {
/// let agent: ureq::Agent =
///     ureq::Agent::config_builder().middleware(rolecall::HttpSigner::new(provider)).max_redirects(0).build().into();
/// let mut reply = agent.get("https://reports.s3.eu-west-1.amazonaws.com/11.csv").call()?;
/// let text = reply.body_mut().read_to_string()?;
/// # let _ = text;
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "middleware")]
impl ureq::middleware::Middleware for HttpSigner {
    fn handle(
        &self,
        request: ::http::Request<ureq::SendBody>,
        next: ureq::middleware::MiddlewareNext,
    ) -> Result<::http::Response<ureq::Body>, ureq::Error> {
        use std::io::Read;
        use ureq::AsSendBody;

        /// How much of a body is held in memory.
        const HELD: u64 = 8 << 20;

        let refused = |error: Error| ureq::Error::Other(Box::new(error));
        let (mut parts, body) = request.into_parts();
        let mut reader = body.into_reader();
        let mut held = Vec::new();
        reader.by_ref().take(HELD + 1).read_to_end(&mut held)?;
        if held.len() as u64 <= HELD {
            self.sign_parts(&mut parts, Some(&held)).map_err(refused)?;
            if held.is_empty() {
                return next.handle(::http::Request::from_parts(parts, ureq::SendBody::none()));
            }
            let mut body = held.as_slice();
            return next.handle(::http::Request::from_parts(parts, body.as_body()));
        }
        if parts.uri.scheme_str() != Some("https") || !self.takes_unsigned(&parts.uri) {
            let problem = "it has more than 8 MiB, which only S3 over https takes unsigned; send it with Provider::send_from";
            return Err(refused(Error::invalid("body", problem)));
        }
        self.sign_parts(&mut parts, None).map_err(refused)?;
        let mut whole = held.as_slice().chain(reader);
        next.handle(::http::Request::from_parts(parts, ureq::SendBody::from_reader(&mut whole)))
    }
}

#[cfg(feature = "middleware")]
impl HttpSigner {
    /// Whether the service takes a body that is not signed.
    fn takes_unsigned(&self, uri: &::http::Uri) -> bool {
        let named = crate::request::named_by(uri.host().unwrap_or_default());
        let service = self.service.as_deref().or(named.service_name());
        service.is_some_and(|service| rolecall_core::sigv4::Rules::of(service).content_sha256)
    }
}
