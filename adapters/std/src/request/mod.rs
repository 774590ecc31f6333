//! Requests to sign: by hand, or on their way to a service.

mod scope;

use std::fmt;

use rolecall_core::flow::Limits;
use rolecall_core::sigv4::Request as Signable;
use rolecall_core::sigv4::{Payload, Rules, Signer, SigningKey, is_never_signed};
use rolecall_core::wire::Put;
use rolecall_core::wire::http1::{is_header_name, is_header_value};
use rolecall_core::wire::percent::{self, Keep};
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::uri::Uri;
use zeroize::{Zeroize, Zeroizing};

use crate::{Credentials, Error, Settings};
use scope::named_by;

/// A request to a service.
///
/// Service and region are those that are set, else those that the host's name tells
/// (`bucket.s3.eu-west-1.amazonaws.com`), else those of the [`Settings`] that a provider has.
#[derive(Clone)]
pub struct Request {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    service: Option<String>,
    region: Option<String>,
    unsigned_payload: bool,
    limits: Limits,
}

impl Request {
    /// Three seconds to connect, thirty to the first byte, two minutes for all, 4 MiB of body.
    pub const SEND_LIMITS: Limits =
        Limits { connect: 3_000, first_byte: 30_000, total: 120_000, body: 4 * 1024 * 1024 };

    /// A request for an absolute URL.
    ///
    /// # Errors
    /// [`Error::Configuration`] for a method or URL that cannot be sent as it is: blanks and other
    /// characters that a URL cannot hold have to be percent-encoded.
    pub fn new(method: &str, url: &str) -> Result<Self, Error> {
        if !is_header_name(method) {
            return Err(Error::invalid("method", "not a token"));
        }
        Uri::parse(url).map_err(|error| Error::invalid("URL", &error.to_string()))?;
        Ok(Self {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            service: None,
            region: None,
            unsigned_payload: false,
            limits: Self::SEND_LIMITS,
        })
    }

    /// Adds a header line, which is signed unless its name is on the list of
    /// [`is_never_signed`](rolecall_core::sigv4::is_never_signed). The header `x-amz-content-sha256:
    /// UNSIGNED-PAYLOAD` leaves the body unsigned.
    ///
    /// # Errors
    /// [`Error::Configuration`] for a line that cannot be sent, and for those that the signer or the
    /// URL decides: `host`, `authorization`, `x-amz-date`, `x-amz-security-token`.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, Error> {
        if !is_header_name(name) || !is_header_value(value.as_bytes()) {
            return Err(Error::invalid("header", "a character that may not stand there"));
        }
        let is = |own: &str| name.eq_ignore_ascii_case(own);
        if is("x-amz-content-sha256") && value.trim() == "UNSIGNED-PAYLOAD" {
            self.unsigned_payload = true;
            return Ok(self);
        }
        if ["host", "authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"]
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

    /// Signs for this service.
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// Signs for this region.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Sends within other limits.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Signs for an `Authorization` header, at `time`.
    ///
    /// # Errors
    /// [`Error::Configuration`] without service or region; [`Error::Sign`].
    pub fn sign(&self, credentials: &Credentials, time: UnixTime) -> Result<Signed, Error> {
        self.with_signer(credentials, time, self.payload(), |signer, request, uri| {
            let signed = signer.sign(request)?;
            let mut headers = vec![("Host".to_owned(), uri.authority.to_owned())];
            headers.extend(self.headers.iter().cloned());
            let lines = Zeroizing::new(text(|out| signed.put_header_lines(out)));
            headers.extend(lines.lines().filter_map(|line| {
                line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()))
            }));
            Ok(Signed { headers })
        })
    }

    /// What [`Request::sign`] signs.
    ///
    /// # Errors
    /// As [`Request::sign`].
    pub fn canonical(&self, credentials: &Credentials, time: UnixTime) -> Result<Canonical, Error> {
        self.with_signer(credentials, time, self.payload(), |signer, request, _| {
            let signed = signer.sign(request)?;
            let mut canonical = Canonical::default();
            signed.put_canonical_request(&mut canonical.request)?;
            signed.put_string_to_sign(&mut canonical.string_to_sign)?;
            Ok(canonical)
        })
    }

    /// Signs for the query, from `time` on for `lifetime` seconds (1 to 604,800). For S3 any body
    /// may be sent with the URL, for others none.
    ///
    /// # Errors
    /// [`Error::Configuration`] without service or region; [`Error::Sign`].
    pub fn presign(
        &self,
        credentials: &Credentials,
        time: UnixTime,
        lifetime: u32,
    ) -> Result<Presigned, Error> {
        let request = self.clone().canonical_path();
        request.with_signer(credentials, time, request.presigned_payload()?, |signer, signable, _| {
            let presigned = signer.presign(signable, lifetime)?;
            Ok(Presigned { url: format!("{}{}", request.origin(), text(|out| presigned.put_target(out))) })
        })
    }

    /// What [`Request::presign`] signs.
    ///
    /// # Errors
    /// As [`Request::presign`].
    pub fn canonical_presigned(
        &self,
        credentials: &Credentials,
        time: UnixTime,
        lifetime: u32,
    ) -> Result<Canonical, Error> {
        let request = self.clone().canonical_path();
        request.with_signer(credentials, time, request.presigned_payload()?, |signer, signable, _| {
            let presigned = signer.presign(signable, lifetime)?;
            let mut canonical = Canonical::default();
            presigned.put_canonical_request(&mut canonical.request)?;
            presigned.put_string_to_sign(&mut canonical.string_to_sign)?;
            Ok(canonical)
        })
    }

    fn payload(&self) -> Payload<'_> {
        if self.unsigned_payload { Payload::Unsigned } else { Payload::Bytes(&self.body) }
    }

    fn presigned_payload(&self) -> Result<Payload<'static>, Error> {
        Ok(if self.rules()?.content_sha256 { Payload::Unsigned } else { Payload::Bytes(b"") })
    }

    /// This request with service and region, where it lacks them and `settings` can tell.
    ///
    /// # Errors
    /// None for a request that [`Request::new`] made.
    pub fn completed(&self, settings: &Settings) -> Result<Self, Error> {
        let mut request = self.clone();
        let uri = self.uri()?;
        let (service, region) = named_by(uri.host);
        if request.service.is_none() {
            request.service = service.or_else(|| settings.service_at(&uri).map(str::to_owned));
        }
        if request.region.is_none() {
            request.region = region.or_else(|| settings.region.clone());
        }
        Ok(request)
    }

    /// For S3, this request with its path in the one canonical encoding: what is signed, what is
    /// sent, and what any server makes of it are the same then. For others, this request.
    pub(crate) fn canonical_path(mut self) -> Self {
        let s3 = self.rules().is_ok_and(|rules| !rules.double_encode);
        if let (true, Ok(uri)) = (s3, Uri::parse(&self.url)) {
            let path = text(|out| percent::canonical(uri.path.as_bytes(), Keep::Slash, out));
            let query = uri.query.map(|query| format!("?{query}")).unwrap_or_default();
            self.url = format!("{}{path}{query}", self.origin());
        }
        self
    }

    pub(crate) fn method(&self) -> &str {
        &self.method
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn content(&self) -> &[u8] {
        &self.body
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Scheme and authority of the URL.
    pub(crate) fn origin(&self) -> String {
        self.uri()
            .map_or_else(|_| String::new(), |uri| format!("{}://{}", uri.scheme.as_str(), uri.authority))
    }

    fn uri(&self) -> Result<Uri<'_>, Error> {
        Uri::parse(&self.url).map_err(|error| Error::invalid("URL", &error.to_string()))
    }

    fn rules(&self) -> Result<Rules, Error> {
        let (service, _) = self.scope()?;
        let rules = Rules::of(&service);
        Ok(Rules { content_sha256: rules.content_sha256 || self.unsigned_payload, ..rules })
    }

    /// Service and region to sign for.
    fn scope(&self) -> Result<(String, String), Error> {
        let (service, region) = named_by(self.uri()?.host);
        let missing = |what: &str| Error::Configuration(format!("no {what}: the URL does not tell; set one"));
        Ok((
            self.service.clone().or(service).ok_or_else(|| missing("service"))?,
            self.region.clone().or(region).ok_or_else(|| missing("region"))?,
        ))
    }

    fn with_signer<T>(
        &self,
        credentials: &Credentials,
        time: UnixTime,
        payload: Payload<'_>,
        use_it: impl FnOnce(&Signer<'_>, &Signable<'_>, &Uri<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let uri = self.uri()?;
        let (service, region) = self.scope()?;
        let target =
            if uri.target.starts_with('/') { uri.target.to_owned() } else { format!("/{}", uri.target) };
        let credentials = credentials.borrow();
        let key = SigningKey::derive(credentials.secret_access_key(), time, &region, &service);
        let signer = Signer::new(&credentials, &key, self.rules()?, time)?;
        let mut request = Signable::new(&self.method, &target, payload)?;
        request.header("host", uri.authority.as_bytes())?;
        for (name, value) in self.headers.iter().filter(|(name, _)| !is_never_signed(name)) {
            request.header(name, value.as_bytes())?;
        }
        use_it(&signer, &request, &uri)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A query may carry a signature, a body anything.
        write!(f, "Request({} {})", self.method, self.origin())
    }
}

/// What to send with a request. The session token is in it: it is wiped when dropped.
pub struct Signed {
    headers: Vec<(String, String)>,
}

impl Signed {
    /// Every header line to send, `Host` and the request's own included.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }
}

impl Drop for Signed {
    fn drop(&mut self) {
        for (_, value) in &mut self.headers {
            value.zeroize();
        }
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signed({} headers)", self.headers.len())
    }
}

/// A URL that carries its own authorisation: whoever has it may use it while it lives.
pub struct Presigned {
    url: String,
}

impl Presigned {
    /// The URL.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Presigned {
    fn drop(&mut self) {
        self.url.zeroize();
    }
}

impl fmt::Debug for Presigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Presigned({} bytes)", self.url.len())
    }
}

/// What is signed, session token included: compare it with what a service says it computed.
#[derive(Default)]
pub struct Canonical {
    request: Text,
    string_to_sign: Text,
}

impl Canonical {
    /// The canonical request.
    pub fn request(&self) -> &str {
        &self.request.0
    }

    /// The string to sign.
    pub fn string_to_sign(&self) -> &str {
        &self.string_to_sign.0
    }
}

impl Drop for Canonical {
    fn drop(&mut self) {
        self.request.0.zeroize();
    }
}

impl fmt::Debug for Canonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Canonical({} bytes)", self.request.0.len())
    }
}

/// What a service replied.
#[derive(Clone)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The header lines whose values are text, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({}, {} bytes)", self.status, self.body.len())
    }
}

#[derive(Default)]
struct Text(String);

impl Put for Text {
    fn put(&mut self, bytes: &[u8]) {
        self.0.push_str(&String::from_utf8_lossy(bytes));
    }
}

fn text(write: impl FnOnce(&mut Text)) -> String {
    let mut text = Text::default();
    write(&mut text);
    text.0
}
