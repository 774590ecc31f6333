//! What a request claims about its signature, and the comparison.

use core::fmt;

use heapless::Vec;

use crate::wire::device::utf8;
use crate::wire::http1::is_header_name;
use crate::wire::scan::{number, split_once};
use crate::wire::time::UnixTime;
use crate::wire::words::Stops;
use crate::wire::{Ascii, Put};

use super::super::canonical::{self, HeaderLines, put_folded};
use super::super::chunked::{Chain, Chunks};
use super::super::key::{ALGORITHM, is_scope, put_string_to_sign};
use super::super::path::put_path;
use super::super::presign::LIFETIMES;
use super::super::query::{self, Added, Parameter};
use super::super::request::{Parts, UNSIGNED};
use super::super::rules::S3_SESSION_TOKEN;
use super::super::{Hasher, Payload, Rules, Scope, SigningKey};
use super::body::Announced;
use super::carried::{Carried, Value, once};
use super::covered::{Covered, Verified, lists, same};
use super::error::{Part, VerifyError};
use super::verifier::{Received, Verifier};

/// Signed headers, at most: each is looked up among all.
const MAX_SIGNED: usize = 64;
/// The headers that have a session token: one of them, once.
const TOKENS: [&str; 2] = ["x-amz-security-token", S3_SESSION_TOKEN];
/// Header lines, at most.
const MAX_LINES: usize = 1_024;

/// What a request claims: who signed it, when, and what is covered. Nothing of it is verified yet, and nothing of it may
/// be used but to look up a secret.
pub struct Claim<'r, L> {
    verifier: Verifier<'r>,
    request: Received<'r, L>,
    parts: Parts<'r>,
    /// Access key id and credential scope.
    credential: Vec<u8, 256>,
    /// The names of the signed headers.
    signed: Vec<u8, 1024>,
    signature: Ascii<64>,
    time: UnixTime,
    /// The lifetime of a presigned URL in seconds.
    expires: Option<u32>,
    token: Option<Value<'r>>,
    announced: Announced<'r>,
}

impl<L> fmt::Debug for Claim<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Claim({:?}, {})", self.parts, self.access_key_id())
    }
}

impl<'a> Verifier<'a> {
    /// Reads what `request` claims, and refuses what could not be verified by any key.
    ///
    /// # Errors
    /// [`VerifyError`], but for those of a time, a key or a signature.
    pub fn claim<'r, L>(&self, request: Received<'r, L>) -> Result<Claim<'r, L>, VerifyError>
    where
        L: Iterator<Item = (&'r str, &'r [u8])> + Clone,
        'a: 'r,
    {
        Claim::read(*self, request)
    }
}

impl<'r, L: Iterator<Item = (&'r str, &'r [u8])> + Clone> Claim<'r, L> {
    fn read(verifier: Verifier<'r>, request: Received<'r, L>) -> Result<Self, VerifyError> {
        let parts = Parts::new(request.method, request.target, Payload::Unsigned)?;
        if is_ambiguous(request.target, parts.target.query) {
            return Err(VerifyError::Ambiguous);
        }
        if request.lines.clone().nth(MAX_LINES).is_some() {
            return Err(VerifyError::TooManyHeaders);
        }
        let of_query = Carried::of_query(parts.target.query)?;
        let mut authorization = None;
        let (mut host, mut date, mut token) = (None, None, None);
        let mut announced = Announced::default();
        for (name, value) in request.lines.clone() {
            let (slot, part) = match name {
                _ if name.eq_ignore_ascii_case("authorization") => (&mut authorization, Part::Authorization),
                _ if name.eq_ignore_ascii_case("host") => (&mut host, Part::Host),
                _ if name.eq_ignore_ascii_case("x-amz-date") => (&mut date, Part::Date),
                _ if TOKENS.iter().any(|token| name.eq_ignore_ascii_case(token)) => {
                    (&mut token, Part::SecurityToken)
                }
                _ if name.eq_ignore_ascii_case("x-amz-content-sha256") => {
                    (&mut announced.content, Part::ContentSha256)
                }
                _ if name.eq_ignore_ascii_case("x-amz-decoded-content-length") => {
                    (&mut announced.decoded, Part::DecodedLength)
                }
                _ if name.eq_ignore_ascii_case("x-amz-trailer") => (&mut announced.trailer, Part::Trailer),
                _ => continue,
            };
            once(slot, value, false, part)?;
        }
        let presigned = of_query.is_signed();
        let carried = match authorization {
            Some(_) if presigned => return Err(VerifyError::SignedTwice),
            None if presigned => of_query,
            // Both would be there after the signature, and only one is looked at.
            Some(_) if of_query.token.is_some() || of_query.date.is_some() || of_query.expires.is_some() => {
                return Err(VerifyError::SignedTwice);
            }
            Some(value) => Carried { date, token, ..Carried::of_header(value.raw)? },
            None => return Err(VerifyError::NotSigned),
        };
        if presigned && token.is_some() {
            return Err(VerifyError::Repeated(Part::SecurityToken));
        }
        carried.has_algorithm()?;
        let part = |value: Option<Value<'r>>, part| value.ok_or(VerifyError::Missing(part));
        let date = part(carried.date, Part::Date)?.text::<16>(Part::Date)?;
        let signature = part(carried.signature, Part::Signature)?.text::<64>(Part::Signature)?;
        let signature = utf8(&signature).ok().and_then(Ascii::hexadecimal);
        let expires = match carried.expires {
            None if presigned => return Err(VerifyError::Missing(Part::Expires)),
            None => None,
            Some(value) => {
                let digits = value.text::<6>(Part::Expires)?;
                let seconds = number(&digits, 10).filter(|seconds| LIFETIMES.contains(seconds));
                Some(seconds.ok_or(VerifyError::Malformed(Part::Expires))?)
            }
        };
        part(host, Part::Host)?;
        let claim = Self {
            verifier,
            parts,
            credential: part(carried.credential, Part::Credential)?.text(Part::Credential)?,
            signed: part(carried.signed, Part::SignedHeaders)?.text(Part::SignedHeaders)?,
            signature: signature.ok_or(VerifyError::Malformed(Part::Signature))?,
            time: UnixTime::from_compact(&date).map_err(|_| VerifyError::Malformed(Part::Date))?,
            expires,
            token: carried.token,
            announced,
            request,
        };
        claim.check_scope()?;
        claim.check_headers()?;
        claim.covered(None)?;
        Ok(claim)
    }

    /// Compares the credential scope with the verifier's.
    fn check_scope(&self) -> Result<(), VerifyError> {
        let malformed = VerifyError::Malformed(Part::Credential);
        let credential = utf8(&self.credential).map_err(|_| malformed)?;
        let next = |text| split_once(text, b'/').ok_or(malformed);
        let (id, rest) = next(credential)?;
        let (day, rest) = next(rest)?;
        let (region, rest) = next(rest)?;
        let (service, terminator) = next(rest)?;
        let scope = self.verifier.scope;
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_graphic()) || !is_scope(region, service) {
            return Err(malformed);
        }
        let is = |same: bool, error| if same { Ok(()) } else { Err(error) };
        is(terminator == "aws4_request", VerifyError::Terminator)?;
        is(region == scope.region, VerifyError::Region)?;
        is(service == scope.service, VerifyError::Service)?;
        is(day.as_bytes() == self.time.compact().day(), VerifyError::Day)
    }

    /// Checks that the names of the signed headers are as signers write them, that each is in the request, and that no
    /// header is left out that has to be signed.
    fn check_headers(&self) -> Result<(), VerifyError> {
        let malformed = VerifyError::Malformed(Part::SignedHeaders);
        let mut previous: &[u8] = b"";
        for (count, name) in self.names().enumerate() {
            if count >= MAX_SIGNED {
                return Err(VerifyError::TooLong(Part::SignedHeaders));
            }
            let text = utf8(name).map_err(|_| malformed)?;
            if !is_header_name(text) || name.iter().any(u8::is_ascii_uppercase) {
                return Err(malformed);
            }
            if name <= previous {
                return Err(VerifyError::Order);
            }
            if !self.request.lines.clone().any(|(own, _)| own.eq_ignore_ascii_case(text)) {
                return Err(VerifyError::HeaderMissing);
            }
            previous = name;
        }
        for (name, _) in self.request.lines.clone() {
            let amz = name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("x-amz-"));
            let token = name.eq_ignore_ascii_case("x-amz-security-token");
            if (amz || name.eq_ignore_ascii_case("host")) && !self.signs(name) {
                match token {
                    true if self.verifier.token_after_signing => {}
                    true => return Err(VerifyError::TokenUnsigned),
                    false => return Err(VerifyError::HeaderUnsigned),
                }
            }
        }
        Ok(())
    }

    fn covered(&self, body: Option<&Ascii<64>>) -> Result<Covered, VerifyError> {
        self.announced.covered(&self.verifier, self.expires.is_some(), body)
    }

    /// Whether [`Claim::verify`] needs the SHA-256 of the body, because no header has it.
    pub fn needs_body_hash(&self) -> bool {
        self.announced.content.is_none() && !self.verifier.scope.rules.content_sha256
    }

    /// Computes the signature with `key` at the time `now`, and compares. `key` is for the day of [`Claim::time`] and the
    /// verifier's region and service, of the secret of [`Claim::access_key_id`]. `body` is the SHA-256 of the body, needed where
    /// [`Claim::needs_body_hash`]; elsewhere it is compared if it is there, and [`Covered::check`] compares it later.
    ///
    /// # Errors
    /// [`VerifyError::Date`], [`VerifyError::Expired`], [`VerifyError::Signature`], [`VerifyError::Body`],
    /// [`VerifyError::BodyHashMissing`], [`VerifyError::Key`], and limits of the request.
    pub fn verify(
        &self,
        key: &SigningKey<'_>,
        now: UnixTime,
        body: Option<&Ascii<64>>,
    ) -> Result<Verified<'_>, VerifyError> {
        let scope = self.verifier.scope;
        if !key.is_for(self.time) || key.region() != scope.region || key.service() != scope.service {
            return Err(VerifyError::Key);
        }
        if self.needs_body_hash() && body.is_none() {
            return Err(VerifyError::BodyHashMissing);
        }
        self.check_time(now)?;
        let payload = self.covered(body)?;
        let in_query = self.expires.is_some() && self.token.is_some();
        let mut token = self.token.is_some() && (in_query || TOKENS.iter().any(|name| self.signs(name)));
        let mut right = self.is_signed_with(key, payload, true)?;
        if !right && in_query && self.verifier.token_after_signing {
            token = false;
            right = self.is_signed_with(key, payload, false)?;
        }
        if !right {
            return Err(VerifyError::Signature);
        }
        let signed_headers = utf8(&self.signed).unwrap_or_default();
        let chain = Chain { date: self.time.compact(), previous: self.signature };
        Ok(Verified { access_key_id: self.access_key_id(), signed_headers, payload, token, chain })
    }

    fn check_time(&self, now: UnixTime) -> Result<(), VerifyError> {
        let window = self.verifier.window.as_secs();
        let (now, then) = (now.as_secs(), self.time.as_secs());
        if then > now.saturating_add(window) {
            return Err(VerifyError::Date);
        }
        match self.expires {
            Some(lifetime) if now > then.saturating_add(u64::from(lifetime)) => Err(VerifyError::Expired),
            None if now > then.saturating_add(window) => Err(VerifyError::Date),
            _ => Ok(()),
        }
    }

    /// Whether the signature is that of `key`, of a query with its token or without.
    fn is_signed_with(
        &self,
        key: &SigningKey<'_>,
        payload: Covered,
        token: bool,
    ) -> Result<bool, VerifyError> {
        let mut hasher = Hasher::new();
        self.put_canonical_request_with(payload, token, &mut hasher)?;
        let hash = hasher.finish_hex();
        let signature = key.view().sign(|out| self.put_string_to_sign(&hash, out));
        Ok(signature.code().is_some_and(|signature| same(&signature, &self.signature)))
    }
}

/// Whether `target`, or the `query` in it, has a character that is read in two ways.
fn is_ambiguous(target: &str, query: &str) -> bool {
    Stops(*b"\0#").front(target.as_bytes()) < target.len()
        || Stops(*b"\0+;").front(query.as_bytes()) < query.len()
        || query.as_bytes().split(|byte| *byte == b'%').skip(1).any(|rest| !starts_with_hex(rest))
}

/// Whether `text` starts with the two digits of an escape.
fn starts_with_hex(text: &[u8]) -> bool {
    matches!(text, [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// Whether the signature and the token in a query are not covered by that signature.
struct LeftOut {
    signature: bool,
    token: bool,
}

impl Added for LeftOut {
    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }

    fn put_value(&self, _: Parameter, _: &mut dyn Put) {}

    fn leaves_out(&self, text: &[u8]) -> bool {
        match Parameter::named(query::name(text)) {
            Some((Parameter::Signature, _)) => self.signature,
            Some((Parameter::SecurityToken, _)) => self.token,
            _ => false,
        }
    }
}

impl<'r, L: Iterator<Item = (&'r str, &'r [u8])> + Clone> Claim<'r, L> {
    /// Writes the canonical request as the signer should have had it: the first thing to compare where a signature does
    /// not match. `body` is as in [`Claim::verify`].
    ///
    /// # Errors
    /// Limits of the request, [`VerifyError::Body`], [`VerifyError::BodyHashMissing`].
    pub fn put_canonical_request(
        &self,
        body: Option<&Ascii<64>>,
        out: &mut (impl Put + ?Sized),
    ) -> Result<(), VerifyError> {
        if self.needs_body_hash() && body.is_none() {
            return Err(VerifyError::BodyHashMissing);
        }
        self.put_canonical_request_with(self.covered(body)?, true, out)
    }

    /// Writes the string to sign, of the canonical request with the SHA-256 `hash`.
    pub fn put_string_to_sign(&self, hash: &Ascii<64>, out: &mut dyn Put) {
        let Scope { region, service, .. } = self.verifier.scope;
        put_string_to_sign(ALGORITHM, &self.time.compact(), Some(region), service, hash, out);
    }

    /// Writes the path as it is signed: dot segments and empty segments resolved where the service's rules say so, encoded as
    /// it was sent. It is the one to act on.
    ///
    /// # Errors
    /// [`SignError::TooManySegments`](crate::sigv4::SignError::TooManySegments).
    pub fn put_path(&self, out: &mut (impl Put + ?Sized)) -> Result<(), VerifyError> {
        let rules = Rules { double_encode: false, ..self.verifier.scope.rules };
        Ok(put_path(self.parts.target.path.as_bytes(), rules, out)?)
    }

    fn put_canonical_request_with(
        &self,
        payload: Covered,
        token: bool,
        out: &mut (impl Put + ?Sized),
    ) -> Result<(), VerifyError> {
        let rules = self.verifier.scope.rules;
        let left_out = LeftOut { signature: self.expires.is_some(), token: !token };
        let payload: &[u8] = match &payload {
            Covered::Hashed(hash) => hash.as_bytes(),
            Covered::Unsigned => UNSIGNED.as_bytes(),
            Covered::Chunks { chunks, .. } => chunks.as_str().as_bytes(),
            Covered::UnsignedChunks { checksum, .. } => Chunks::unsigned_with(*checksum).as_str().as_bytes(),
        };
        Ok(canonical::put_parts(
            &self.parts,
            |target, out| target.put(rules, &left_out, out),
            self,
            payload,
            out,
        )?)
    }
}

impl<'r, L: Iterator<Item = (&'r str, &'r [u8])> + Clone> HeaderLines for Claim<'r, L> {
    fn put(&self, out: &mut (impl Put + ?Sized)) {
        for name in self.names() {
            out.put(name);
            let mut separator: &[u8] = b":";
            for (own, value) in self.request.lines.clone() {
                if own.as_bytes().eq_ignore_ascii_case(name) {
                    out.put(separator);
                    put_folded(value, out);
                    separator = b",";
                }
            }
            out.put(b"\n");
        }
    }

    fn put_names(&self, out: &mut (impl Put + ?Sized)) {
        out.put(&self.signed);
    }
}

impl<'r, L> Claim<'r, L> {
    /// The access key id that the request names: whose secret to look up.
    pub fn access_key_id(&self) -> &str {
        let text = utf8(&self.credential).unwrap_or_default();
        split_once(text, b'/').map_or("", |(id, _)| id)
    }

    /// The time that the request says it was signed at.
    pub fn time(&self) -> UnixTime {
        self.time
    }

    /// Whether the request has a session token.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Writes the session token, which belongs to the access key id, to `out`; nothing if there is none.
    pub fn put_token(&self, out: &mut dyn Put) {
        self.token.iter().flat_map(Value::bytes).for_each(|byte| out.put(&[byte]));
    }

    /// The names of the signed headers.
    fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.signed.split(|byte| *byte == b';')
    }

    fn signs(&self, name: &str) -> bool {
        lists(&self.signed, name)
    }
}
