//! Signing with an `Authorization` header.

use core::fmt;

use crate::credentials::Credentials;
use crate::wire::time::UnixTime;
use crate::wire::{Ascii, Put};

use super::canonical::{self, HeaderLines, SignedHeaders};
use super::key::{Key, is_region_set, is_scope, put_string_to_sign};
use super::request::View;
use super::rules::S3_SESSION_TOKEN;
use super::{Hasher, Request, Rules, SignError, Signature, SigningKey};

/// Header lines that the signer adds.
const OWN: usize = if cfg!(feature = "sigv4a") { 4 } else { 3 };

/// Whether the session token is part of what is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenPlacement {
    /// The token is signed: nearly everywhere.
    #[default]
    Signed,
    /// The token is sent but added after signing, as AWS IoT requires for MQTT over WebSocket.
    AfterSigning,
}

/// Signs requests: credentials, key, rules and time, together.
#[derive(Debug)]
pub struct Signer<'a> {
    pub(super) credentials: &'a Credentials<'a>,
    pub(super) key: Key<'a>,
    pub(super) rules: Rules,
    pub(super) date: Ascii<16>,
    pub(super) token: TokenPlacement,
}

impl<'a> Signer<'a> {
    /// A signer at `time`, which has to be on the key's day.
    ///
    /// # Errors
    /// [`SignError::StaleKey`], [`SignError::InvalidScope`]; [`SignError::RegionSet`] for a key of another kind than the rules'.
    pub fn new(
        credentials: &'a Credentials<'a>,
        key: &'a SigningKey<'a>,
        rules: Rules,
        time: UnixTime,
    ) -> Result<Self, SignError> {
        Self::of(credentials, key.view(), rules, time)
    }

    pub(super) fn of(
        credentials: &'a Credentials<'a>,
        key: Key<'a>,
        rules: Rules,
        time: UnixTime,
    ) -> Result<Self, SignError> {
        if !key.derived.is_for(time) {
            return Err(SignError::StaleKey);
        }
        let regions = key.derived.is_for_regions();
        if regions != rules.region_set {
            return Err(SignError::RegionSet);
        }
        let right =
            if regions { is_region_set(key.region, key.service) } else { is_scope(key.region, key.service) };
        if !right {
            return Err(SignError::InvalidScope);
        }
        Ok(Self { credentials, key, rules, date: key.derived.date_of(time), token: TokenPlacement::Signed })
    }

    /// Sets whether the session token is signed.
    pub fn with_token(mut self, placement: TokenPlacement) -> Self {
        self.token = placement;
        self
    }

    /// Signs `request` for an `Authorization` header.
    ///
    /// # Errors
    /// [`SignError::MissingHost`], [`SignError::TooManyParameters`], [`SignError::TooManySegments`].
    pub fn sign<'r, const H: usize>(&'r self, request: &'r Request<'r, H>) -> Result<Signed<'r>, SignError> {
        self.sign_view(request.view())
    }

    /// Signs a request for `/` without a query, with the same signature as [`Signer::sign`]. A device that makes no
    /// others ([`Request::root`]) links neither what sorts parameters nor what resolves paths: a quarter of the signer.
    ///
    /// # Errors
    /// [`SignError::MissingHost`]; [`SignError::NotRoot`] for a request for anything else.
    pub fn sign_root<'r, const H: usize>(
        &'r self,
        request: &'r Request<'r, H>,
    ) -> Result<Signed<'r>, SignError> {
        let request = request.view();
        let hash = self.canonical_hash_of_root(request)?;
        Ok(self.sign_hash(request, &hash))
    }

    fn sign_view<'r>(&'r self, request: View<'r>) -> Result<Signed<'r>, SignError> {
        let hash = self.canonical_hash(request)?;
        Ok(self.sign_hash(request, &hash))
    }

    fn sign_hash<'r>(&'r self, request: View<'r>, hash: &Ascii<64>) -> Signed<'r> {
        let signature = self.key.sign(|mac| self.put_string_to_sign(hash, mac));
        Signed { signer: self, request, signature }
    }

    /// The hash of the canonical request for header signing.
    // Not inlined, so that its lists are off the stack when the signature is computed.
    #[inline(never)]
    fn canonical_hash(&self, request: View<'_>) -> Result<Ascii<64>, SignError> {
        let mut hasher = Hasher::new();
        self.put_canonical_request(request, &mut hasher)?;
        Ok(hasher.end_hex())
    }

    #[inline(never)]
    fn canonical_hash_of_root(&self, request: View<'_>) -> Result<Ascii<64>, SignError> {
        let mut hasher = Hasher::new();
        canonical::put(request, |target, out| target.put_root(out), &self.headers(request), &mut hasher)?;
        Ok(hasher.end_hex())
    }

    fn put_canonical_request(
        &self,
        request: View<'_>,
        out: &mut (impl Put + ?Sized),
    ) -> Result<(), SignError> {
        canonical::put(request, |target, out| target.put(self.rules, &(), out), &self.headers(request), out)
    }

    /// The request's header lines to sign and this signer's own.
    fn headers<'r>(&'r self, request: View<'r>) -> SignedHeaders<'r, OWN> {
        let (sha256, token) = (request.parts.payload.as_bytes(), self.signed_token());
        SignedHeaders::new(
            request,
            [
                ("x-amz-content-sha256", if self.rules.content_sha256 { sha256 } else { b"" }),
                ("x-amz-date", self.date.as_bytes()),
                #[cfg(feature = "sigv4a")]
                ("x-amz-region-set", self.key.region_set().as_bytes()),
                (self.rules.token_header(), token.as_bytes()),
            ],
        )
    }

    /// The token, if there is one and it is signed.
    pub(super) fn signed_token(&self) -> &'a str {
        let signed = self.token == TokenPlacement::Signed;
        self.credentials.session_token().filter(|_| signed).map_or("", |token| token.expose())
    }

    pub(super) fn put_string_to_sign(&self, hash: &Ascii<64>, out: &mut dyn Put) {
        let (algorithm, region) = (self.key.algorithm(), self.key.scope_region());
        put_string_to_sign(algorithm, &self.date, region, self.key.service, hash, out);
    }
}

/// A signature, and the header lines that carry it.
pub struct Signed<'r> {
    signer: &'r Signer<'r>,
    request: View<'r>,
    signature: Signature,
}

impl fmt::Debug for Signed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signed({:?})", self.request.parts)
    }
}

impl Signed<'_> {
    /// The signature.
    pub fn signature(&self) -> Signature {
        self.signature
    }

    /// Writes the header lines to add to the request, each ended by CRLF: `X-Amz-Security-Token` (or
    /// `x-amz-s3session-token`) and `x-amz-content-sha256` if they are due, `X-Amz-Date`, `Authorization`.
    pub fn put_header_lines(&self, out: &mut (impl Put + ?Sized)) {
        if let Some(token) = self.signer.credentials.session_token() {
            let is_of_session = self.signer.rules.s3_session;
            let name = if is_of_session { S3_SESSION_TOKEN } else { "X-Amz-Security-Token" };
            put_line(name, token.expose().as_bytes(), out);
        }
        put_line("X-Amz-Date", self.signer.date.as_bytes(), out);
        #[cfg(feature = "sigv4a")]
        if self.signer.rules.region_set {
            put_line("X-Amz-Region-Set", self.signer.key.region_set().as_bytes(), out);
        }
        if self.signer.rules.content_sha256 {
            put_line("x-amz-content-sha256", self.request.parts.payload.as_bytes(), out);
        }
        out.put(b"Authorization: ");
        self.put_authorization(out);
        out.put(b"\r\n");
    }

    /// Writes the value of the `Authorization` header.
    pub fn put_authorization(&self, mut out: &mut (impl Put + ?Sized)) {
        out.put(self.signer.key.algorithm());
        out.put(b" Credential=");
        out.put(self.signer.credentials.access_key_id().as_bytes());
        out.put(b"/");
        self.signer.key.put_scope(&mut out);
        out.put(b", SignedHeaders=");
        self.signer.headers(self.request).put_names(out);
        out.put(b", Signature=");
        out.put(self.signature.as_bytes());
    }

    /// Writes the canonical request: the first thing to compare when a service does not accept a signature.
    pub fn put_canonical_request(&self, out: &mut (impl Put + ?Sized)) -> Result<(), SignError> {
        self.signer.put_canonical_request(self.request, out)
    }

    /// Writes the string to sign.
    pub fn put_string_to_sign(&self, mut out: &mut (impl Put + ?Sized)) -> Result<(), SignError> {
        let hash = self.signer.canonical_hash(self.request)?;
        self.signer.put_string_to_sign(&hash, &mut out);
        Ok(())
    }
}

fn put_line(name: &str, value: &[u8], out: &mut (impl Put + ?Sized)) {
    out.put(name.as_bytes());
    out.put(b": ");
    out.put(value);
    out.put(b"\r\n");
}
