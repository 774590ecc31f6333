//! Requests with a service and a region, which alone can be signed.

use std::borrow::Cow;

use rolecall_core::call::{Content, Outgoing};
use rolecall_core::flow::Endpoint;
use rolecall_core::sigv4::{
    DeriveEach, Payload, Request as Sortable, Rules, Scope, SignError, Signer, SigningKeys,
};
use rolecall_core::wire::Put;
use rolecall_core::wire::percent::{self, Keep};
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::uri::Uri;

use super::signed::{Canonical, Presigned, Signed};
use super::url::encoded;
use super::{HEADER_ROOM, Request};
use crate::sink::Sink;
use crate::{Credentials, Error, Settings};

/// A request with room for what a host may send.
type Signable<'a> = Sortable<'a, HEADER_ROOM>;

/// A request with all that signing needs.
pub(crate) struct Resolved<'r> {
    request: &'r Request,
    uri: Uri<'r>,
    service: Cow<'r, str>,
    region: Cow<'r, str>,
    rules: Rules,
}

impl<'r> Resolved<'r> {
    pub(super) fn new(request: &'r Request, service: Cow<'r, str>, region: Cow<'r, str>) -> Self {
        let rules = Rules::of(&service);
        let content_sha256 = rules.content_sha256 || request.unsigned_payload;
        let (region_set, s3_session) = (request.names_regions(), request.s3_session);
        let rules = Rules { content_sha256, region_set, s3_session, ..rules };
        Self { request, uri: request.url.uri(), service, region, rules }
    }

    /// The request as one of a session at the bucket of `url`.
    pub(crate) fn in_s3_session(mut self, url: &str) -> Result<Self, Error> {
        let bucket = Request::new("GET", url)?;
        let refused = |problem: &str| Err(Error::invalid(&self.request.url.origin(), problem));
        if !bucket.url.origin().eq_ignore_ascii_case(&self.request.url.origin()) {
            return refused(&format!(
                "the credentials are those of a session at {}, which sign for that bucket alone; sign with those of its provider",
                bucket.url.origin()
            ));
        }
        if self.service != "s3express" || self.rules.region_set {
            return refused(
                "a session of S3 Express signs for the service s3express in one region (--service s3express)",
            );
        }
        self.rules.s3_session = true;
        Ok(self)
    }

    /// Scheme, host and port of the URL.
    pub(crate) fn origin(&self) -> String {
        self.request.url.origin()
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    fn scope(&self) -> Scope<'_> {
        Scope { region: &self.region, service: &self.service, rules: self.rules }
    }

    /// Path and query as in the URL.
    fn target(&self) -> Cow<'r, str> {
        if self.uri.target.starts_with('/') {
            Cow::Borrowed(self.uri.target)
        } else {
            Cow::Owned(format!("/{}", self.uri.target))
        }
    }

    /// Path and query as they are sent, with what a URL cannot hold percent-encoded. For S3, the path is in its
    /// canonical encoding: what is signed, what is sent, and what any server parses are then the same.
    pub(crate) fn canonical_target(&self) -> Cow<'r, str> {
        let path = self.uri.path.as_bytes();
        let mut same = Same(path, true);
        percent::canonical(path, Keep::Slash, &mut same);
        if self.rules.double_encode || (same.1 && same.0.is_empty()) {
            return match self.target() {
                Cow::Borrowed(target) => encoded(target),
                Cow::Owned(target) => Cow::Owned(encoded(&target).into_owned()),
            };
        }
        let mut target = Vec::with_capacity(self.uri.target.len() + 16);
        percent::canonical(path, Keep::Slash, &mut Sink(&mut target));
        if target.is_empty() {
            target.push(b'/');
        }
        if let Some(query) = self.uri.query {
            target.push(b'?');
            target.extend_from_slice(encoded(query).as_bytes());
        }
        Cow::Owned(String::from_utf8_lossy(&target).into_owned())
    }

    pub(crate) fn endpoint(&self) -> Endpoint<'r> {
        self.request.url.endpoint()
    }

    /// The request as the core sends it.
    pub(crate) fn outgoing<'o>(
        &'o self,
        target: &'o str,
        headers: &'o [(&'o str, &'o [u8])],
        content: Content<'o>,
    ) -> Outgoing<'o> {
        let mut outgoing = Outgoing::new(&self.request.method, self.endpoint(), target, self.scope());
        outgoing.headers = headers;
        outgoing.content = content;
        outgoing.limits = self.request.limits;
        outgoing.retries = self.request.retries;
        outgoing.idempotent = self.request.idempotent.unwrap_or(outgoing.idempotent);
        outgoing
    }

    pub(crate) fn sign(
        &self,
        keys: &dyn SigningKeys,
        credentials: &Credentials,
        time: UnixTime,
    ) -> Result<Signed, Error> {
        self.sign_target(keys, credentials, time, &self.target())
    }

    /// Signs with this path and query in place of the URL's.
    pub(crate) fn sign_target(
        &self,
        keys: &dyn SigningKeys,
        credentials: &Credentials,
        time: UnixTime,
        target: &str,
    ) -> Result<Signed, Error> {
        self.with_signer(keys, credentials, time, target, self.payload(), |signer, request| {
            let mut own = Vec::with_capacity(self.request.headers.len() + 1);
            own.push(("Host", self.uri.authority));
            own.extend(self.request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            Ok(Signed::new(&own, &signer.sign(request)?))
        })
    }

    pub(crate) fn canonical(
        &self,
        keys: &dyn SigningKeys,
        credentials: &Credentials,
        time: UnixTime,
    ) -> Result<Canonical, Error> {
        self.with_signer(keys, credentials, time, &self.target(), self.payload(), |signer, request| {
            let signed = signer.sign(request)?;
            Canonical::new(&|out| signed.put_canonical_request(out), &|out| signed.put_string_to_sign(out))
        })
    }

    pub(crate) fn presign(
        &self,
        keys: &dyn SigningKeys,
        credentials: &Credentials,
        time: UnixTime,
        lifetime: u32,
    ) -> Result<Presigned, Error> {
        let target = self.canonical_target();
        let payload = self.presigned_payload();
        self.with_signer(keys, credentials, time, &target, payload, |signer, request| {
            Ok(Presigned::new(&self.request.url.origin(), &signer.presign(request, lifetime)?))
        })
    }

    pub(crate) fn canonical_presigned(
        &self,
        keys: &dyn SigningKeys,
        credentials: &Credentials,
        time: UnixTime,
        lifetime: u32,
    ) -> Result<Canonical, Error> {
        let target = self.canonical_target();
        let payload = self.presigned_payload();
        self.with_signer(keys, credentials, time, &target, payload, |signer, request| {
            let presigned = signer.presign(request, lifetime)?;
            Canonical::new(&|out| presigned.put_canonical_request(out), &|out| {
                presigned.put_string_to_sign(out)
            })
        })
    }

    fn payload(&self) -> Payload<'r> {
        if self.request.unsigned_payload { Payload::Unsigned } else { Payload::Bytes(&self.request.body) }
    }

    /// For S3 any body may be sent with the URL, for other services none.
    fn presigned_payload(&self) -> Payload<'static> {
        if self.rules.content_sha256 { Payload::Unsigned } else { Payload::Bytes(b"") }
    }

    fn with_signer<T>(
        &self,
        keys: &dyn SigningKeys,
        credentials: &Credentials,
        time: UnixTime,
        target: &str,
        payload: Payload<'_>,
        make: impl Fn(&Signer<'_>, &Signable<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut table = self.request.table();
        let mut request = Signable::with_room(&self.request.method, target, payload)?;
        request.sort_parameters_in(&mut table)?;
        request.header("host", self.uri.authority.as_bytes())?;
        for (name, value) in &self.request.headers {
            request.header(name, value.as_bytes())?;
        }
        let mut made = Err(Error::Sign(SignError::StaleKey));
        keys.with_signer(&credentials.borrow(), self.scope(), time, &mut |signer| {
            made = make(signer, &request);
            Ok(())
        })?;
        made
    }
}

impl Request {
    /// Signs for an `Authorization` header, at `time`.
    ///
    /// # Errors
    /// [`Error::Configuration`] without a service or region; [`Error::Sign`].
    pub fn sign(&self, credentials: &Credentials, time: UnixTime) -> Result<Signed, Error> {
        self.resolved(None)?.sign(&DeriveEach, credentials, time)
    }

    /// Returns what [`Request::sign`] signs.
    ///
    /// # Errors
    /// As [`Request::sign`].
    pub fn canonical(&self, credentials: &Credentials, time: UnixTime) -> Result<Canonical, Error> {
        self.resolved(None)?.canonical(&DeriveEach, credentials, time)
    }

    /// Signs for the query, valid from `time` on for `lifetime` seconds (1 to 604,800). For S3 any body
    /// may be sent with the URL, for other services none.
    ///
    /// # Errors
    /// [`Error::Configuration`] without a service or region; [`Error::Sign`].
    pub fn presign(
        &self,
        credentials: &Credentials,
        time: UnixTime,
        lifetime: u32,
    ) -> Result<Presigned, Error> {
        self.resolved(None)?.presign(&DeriveEach, credentials, time, lifetime)
    }

    /// Returns what [`Request::presign`] signs.
    ///
    /// # Errors
    /// As [`Request::presign`].
    pub fn canonical_presigned(
        &self,
        credentials: &Credentials,
        time: UnixTime,
        lifetime: u32,
    ) -> Result<Canonical, Error> {
        self.resolved(None)?.canonical_presigned(&DeriveEach, credentials, time, lifetime)
    }

    /// This request with the service and region of `settings`, if it lacks them.
    ///
    /// # Errors
    /// [`Error::Configuration`] if neither the request, its host nor `settings` name them.
    pub fn completed(&self, settings: &Settings) -> Result<Self, Error> {
        let (service, region) = self.names(Some(settings))?;
        let (service, named) = (Some(service.into_owned()), Some(region.into_owned()));
        let (region, region_set) = if self.names_regions() { (None, named) } else { (named, None) };
        Ok(Self { service, region, region_set, ..self.clone() })
    }

    /// Whether the request or its host names the region.
    pub(crate) fn names_region(&self) -> bool {
        self.region.is_some() || self.named.region.is_some() || self.names_regions()
    }

    /// Whether it is signed for a set of regions.
    pub(super) fn names_regions(&self) -> bool {
        self.region_set.is_some() || self.named.multi_region
    }

    /// This request with all that signing needs.
    pub(crate) fn resolved<'r>(&'r self, settings: Option<&'r Settings>) -> Result<Resolved<'r>, Error> {
        let (service, region) = self.names(settings)?;
        Ok(Resolved::new(self, service, region))
    }

    /// Service and region: those that are set, else those in the host's name, else those of `settings`.
    fn names<'r>(&'r self, settings: Option<&'r Settings>) -> Result<(Cow<'r, str>, Cow<'r, str>), Error> {
        let host = self.url.uri().host;
        if self.names_regions() && self.region.is_some() {
            let problem =
                "it is signed for a set of regions, which is set instead of a region (--region-set)";
            return Err(Error::invalid(host, problem));
        }
        let set = self.region_set.as_deref().or(self.named.multi_region.then_some("*"));
        let missing = |what: &str, advice: &str| {
            Error::Configuration(format!("no {what}: it cannot be inferred from the host {host}; {advice}"))
        };
        let service = self.service.as_deref().or(self.named.service);
        let service = service.or_else(|| settings?.service_at(&self.url.uri()));
        let region = self.region.as_deref().or(self.named.region.as_deref());
        let region = match (set.or(region), settings) {
            (None, Some(settings)) => settings.region_if_known()?,
            (region, _) => region,
        };
        let asked =
            || settings.and_then(Settings::missing_reason).map_or(String::new(), |why| format!("; {why}"));
        Ok((
            Cow::Borrowed(service.ok_or_else(|| {
                missing(
                    "service",
                    "set the name in the credential scope, such as s3 or execute-api (--service)",
                )
            })?),
            Cow::Borrowed(
                region.ok_or_else(|| {
                    missing("region", &format!("set one (--region or AWS_REGION){}", asked()))
                })?,
            ),
        ))
    }
}

/// Compares what is written with a text, and says whether it is the same so far.
struct Same<'a>(&'a [u8], bool);

impl Put for Same<'_> {
    fn put(&mut self, bytes: &[u8]) {
        match self.0.strip_prefix(bytes) {
            Some(rest) if self.1 => self.0 = rest,
            _ => self.1 = false,
        }
    }
}
