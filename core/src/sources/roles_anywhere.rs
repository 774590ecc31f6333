//! IAM Roles Anywhere: a session of a role for the holder of a certificate (*CreateSession*, IAM Roles Anywhere User Guide).

use zeroize::Zeroize;

use crate::call::{Timing, is_region};
use crate::error::{Buffer, ErrorKind, Origin};
use crate::flow::endpoint::{account_of, field_of, region_of};
use crate::flow::request::{self, Draft};
use crate::flow::slot::Field;
use crate::flow::source::NO_SLOT;
use crate::flow::{
    Ask, Endpoint, Limits, Need, Next, Outcome, Sequence, Slot, Source, Span, Stage, Trouble, Workspace,
};
use crate::sigv4::{CertificateSigner, CertificateTexts, Payload, Request, hash_of, hex_of};
use crate::wire::device::utf8;
use crate::wire::json::Writer;
use crate::wire::percent::{self, Keep};
use crate::wire::time::UnixTime;
use crate::wire::x509::Certificate;
use crate::wire::{Cursor, Put};

use super::document::{self, Document};
use super::iot::refused;
use super::sso::REPLY_HEADERS;
use super::sts::limits;

/// The flow that creates a session of a role with a certificate that a trust anchor's authority has issued. The request is
/// signed by the certificate's key: it is a need ([`Need::Sign`]), so that the key can be in a secure element.
///
/// Slots: one, which holds the signature until the request is sent. Exchange buffer: 1 KB and the texts of the
/// certificates, 2 KB at least; 8 KB for tokens of 4 KB.
///
/// ```
/// use rolecall_core::flow::Endpoint;
/// use rolecall_core::sigv4::CertificateTexts;
/// use rolecall_core::sources::{AnywhereSession, RolesAnywhere};
/// use rolecall_core::wire::x509::Certificate;
///
/// # fn flow<'c>(der: &'c [u8], texts: CertificateTexts<'c>) -> Result<RolesAnywhere<'c>, rolecall_core::wire::Error> {
/// let service = Endpoint::parse("https://rolesanywhere.eu-west-1.amazonaws.com")?;
/// let session = AnywhereSession::new(
///     "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/5cf2ae0b-7a33-4e29-9d0b-cd0f5ac2b1d6",
///     "arn:aws:rolesanywhere:eu-west-1:123456789012:profile/0d9ae7e8-5a26-4ba1-a4c2-7ad2c6b9f26a",
///     "arn:aws:iam::123456789012:role/gateway",
/// );
/// Ok(RolesAnywhere::new(service, session, Certificate::parse(der)?, texts))
/// # }
/// # let none = CertificateTexts { certificate: b"", chain: b"" };
/// # assert!(flow(b"", none).is_err());
/// # Ok::<(), rolecall_core::wire::Error>(())
/// ```
pub type RolesAnywhere<'c> = Sequence<TrustAnchor<'c>>;

/// The parameters of CreateSession.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AnywhereSession<'c> {
    /// The trust anchor: 20 to 1,011 characters. The request is signed for its region.
    pub trust_anchor_arn: &'c str,
    /// The profile, of the same region: 20 to 1,011 characters.
    pub profile_arn: &'c str,
    /// The role: 20 to 1,011 characters.
    pub role_arn: &'c str,
    /// 900 to 43,200 seconds; an hour, or what the profile says, if there is none.
    pub duration_seconds: Option<u32>,
    /// The session's name, which the profile has to accept: 2 to 64 letters, digits and characters of `_+=,.@-`. It is the
    /// certificate's serial number if there is none.
    pub session_name: Option<&'c str>,
}

impl<'c> AnywhereSession<'c> {
    /// A session of `role_arn`.
    pub const fn new(trust_anchor_arn: &'c str, profile_arn: &'c str, role_arn: &'c str) -> Self {
        Self { trust_anchor_arn, profile_arn, role_arn, duration_seconds: None, session_name: None }
    }

    /// The region of the trust anchor; empty if its ARN has none.
    pub fn region(&self) -> &'c str {
        region_of(self.trust_anchor_arn)
    }

    /// Checks the documented limits, before anything is sent.
    ///
    /// # Errors
    /// `Invalid`, with what was expected.
    pub fn check(&self) -> Result<(), ErrorKind> {
        let of_service = |arn: &str, resource: &str| {
            field_of(arn, 2) == "rolesanywhere" && field_of(arn, 5).starts_with(resource)
        };
        limits::require(
            is_arn(self.trust_anchor_arn) && of_service(self.trust_anchor_arn, "trust-anchor/"),
            "trust anchor: expected arn:aws:rolesanywhere:REGION:ACCOUNT:trust-anchor/ID",
        )?;
        limits::require(
            is_arn(self.profile_arn) && of_service(self.profile_arn, "profile/"),
            "profile: expected arn:aws:rolesanywhere:REGION:ACCOUNT:profile/ID",
        )?;
        limits::require(
            is_arn(self.role_arn),
            "role ARN: it starts with arn: and has 20 to 1,011 characters",
        )?;
        limits::require(is_region(self.region()), "trust anchor: its ARN has no region")?;
        limits::require(
            self.region() == region_of(self.profile_arn),
            "trust anchor and profile: they have to be of the same region",
        )?;
        limits::duration(self.duration_seconds)?;
        self.session_name.map_or(Ok(()), limits::session_name)
    }

    fn put_body(&self, out: &mut dyn Put) {
        let mut json = Writer::new(out);
        json.begin_object();
        if let Some(seconds) = self.duration_seconds {
            json.key("durationSeconds");
            json.number(seconds);
        }
        if let Some(name) = self.session_name {
            json.key("roleSessionName");
            json.string(name);
        }
        json.end_object();
    }
}

fn is_arn(arn: &str) -> bool {
    limits::is_arn(arn) && arn.len() <= 1_011
}

/// The steps of [`RolesAnywhere`].
#[derive(Debug)]
pub struct TrustAnchor<'c> {
    endpoint: Endpoint<'c>,
    session: AnywhereSession<'c>,
    certificate: Certificate<'c>,
    texts: CertificateTexts<'c>,
    timing: Timing,
    /// The time that the signature is for.
    signed_at: UnixTime,
}

/// Has the request signed.
const SIGN: u8 = 0;
/// The signature is in the slot.
const SESSION: u8 = 1;

/// Room for path and query: three ARNs, whose colons and slashes are encoded.
const TARGET: usize = 1_536;

impl<'c> RolesAnywhere<'c> {
    /// Three seconds to connect, ten to the first byte, fifteen for an exchange, 64 KiB of body.
    pub const LIMITS: Limits = Self::DEFAULT_LIMITS;

    /// The session `session`, from the service at `endpoint` (`https://rolesanywhere.REGION.amazonaws.com`), for the holder
    /// of `certificate`, which is `texts.certificate` in base64.
    pub const fn new(
        endpoint: Endpoint<'c>,
        session: AnywhereSession<'c>,
        certificate: Certificate<'c>,
        texts: CertificateTexts<'c>,
    ) -> Self {
        let (timing, signed_at) = (Timing::NEW, UnixTime::EPOCH);
        Self::of(TrustAnchor { endpoint, session, certificate, texts, timing, signed_at })
    }
}

impl<'c> Source<'c> for TrustAnchor<'c> {
    fn origin(&self) -> Origin {
        Origin::RolesAnywhere
    }

    fn stage(&self, at: u8) -> &'static Stage {
        const SIGNATURE: Stage = Stage::local("signature");
        const CREATE: Stage = Stage::service("CreateSession").back_to(SIGN).reply_headers(&REPLY_HEADERS);
        if at == SIGN { &SIGNATURE } else { &CREATE }
    }

    fn ask(&mut self, at: u8, work: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind> {
        if at == SIGN {
            self.session.check()?;
            self.signed_at = self.timing.signing_time(work.clock, work.now)?;
            return self.ask_signature(work.exchange);
        }
        let slot = work.slots.first().ok_or(NO_SLOT)?;
        let signature = slot.text(Field::SessionToken).ok_or(ErrorKind::Misuse)?;
        let request = self.write(work.exchange, signature)?;
        Ok(Ask::Exchange { endpoint: self.endpoint, address: None, request })
    }

    fn take(&mut self, at: u8, work: &mut Workspace<'_, '_>, outcome: Outcome<'_>) -> Result<Next, Trouble> {
        if at == SIGN {
            let signature = outcome.content(work.exchange)?;
            let slot = work.slots.first_mut().ok_or(NO_SLOT)?;
            keep_signature(signature, slot).inspect_err(|_| slot.clear())?;
            return Ok(Next::Step(SESSION));
        }
        let received = outcome.reply()?;
        let slot = work.slots.first_mut().ok_or(NO_SLOT)?;
        slot.clear();
        if !matches!(received.reply.status, 200 | 201) {
            let trouble = refused(work, &received);
            let again = self.timing.was_wrong(work.clock, &received, work.report.code());
            return if again == Some(true) { Ok(Next::Step(SIGN)) } else { Err(trouble) };
        }
        let body = received.reply.body(work.exchange);
        let set = document::object(body, "credentialSet")?;
        let read = document::inner(set, "credentials", 2)
            .and_then(|document| Document::Metadata.read(document, slot, work.report))
            .and_then(|()| {
                let account = account_of(self.session.role_arn);
                slot.write(Field::AccountId, &mut |out| out.put(account.as_bytes()));
                document::seal(slot)
            });
        read.inspect_err(|_| slot.clear())?;
        Ok(Next::Done)
    }

    fn restart(&mut self) {
        self.timing = Timing::NEW;
    }
}

impl<'c> TrustAnchor<'c> {
    fn signer(&self) -> Result<CertificateSigner<'c>, ErrorKind> {
        let region = self.session.region();
        CertificateSigner::new(self.certificate, self.texts, region, "rolesanywhere", self.signed_at)
            .map_err(ErrorKind::Sign)
    }

    /// Writes the string to sign.
    #[inline(never)]
    fn ask_signature(&self, exchange: &mut [u8]) -> Result<Ask<'c>, ErrorKind> {
        let mut buffer = [0; TARGET];
        let target = self.target(&mut buffer)?;
        let signer = self.signer()?;
        let mut out = Cursor::new(exchange);
        let written = self.with_request(target, &mut |request| signer.put_string_to_sign(request, &mut out));
        let len = out.needed();
        let fits =
            out.finish().map_err(|_| ErrorKind::BufferTooSmall { buffer: Buffer::Exchange, needed: len });
        if let Err(error) = written.and(fits.map(|_| ())) {
            exchange.zeroize();
            return Err(error);
        }
        Ok(Ask::Need(Need::Sign { scheme: signer.scheme(), message: 0..len }))
    }

    /// Writes the request with its signature, in hexadecimal.
    #[inline(never)]
    fn write(&self, exchange: &mut [u8], signature: &str) -> Result<Span, ErrorKind> {
        let mut buffer = [0; TARGET];
        let target = self.target(&mut buffer)?;
        let signer = self.signer()?;
        let headers = [
            ("Content-Type", CONTENT_TYPE),
            ("X-Amz-Date", signer.date()),
            ("X-Amz-X509", self.texts.certificate),
            ("X-Amz-X509-Chain", self.texts.chain),
        ];
        let headers = headers.get(..if self.texts.chain.is_empty() { 3 } else { 4 }).unwrap_or_default();
        let draft = Draft { method: "POST", target, headers, ..Draft::new(&self.endpoint) };
        let body = |out: &mut dyn Put| self.session.put_body(out);
        request::write_authorized(exchange, &draft, &body, &mut |out| {
            self.with_request(target, &mut |request| {
                signer.put_authorization(request, signature, out);
                Ok(())
            })
        })
    }

    /// Calls `sign` with the request as it is signed.
    fn with_request(
        &self,
        target: &str,
        sign: &mut dyn FnMut(&Request<'_, 2>) -> Result<(), crate::sigv4::SignError>,
    ) -> Result<(), ErrorKind> {
        let hash = hash_of(&mut |hasher| self.session.put_body(hasher));
        let mut signed = || {
            let mut request = Request::<2>::with_room("POST", target, Payload::Hash(&hash))?;
            request.header("content-type", CONTENT_TYPE)?;
            request.header("host", self.endpoint.authority().as_bytes())?;
            sign(&request)
        };
        signed().map_err(ErrorKind::Sign)
    }

    /// Path and query.
    fn target<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b str, ErrorKind> {
        let mut out = Cursor::new(buffer);
        out.put(self.endpoint.base_path().as_bytes());
        let AnywhereSession { profile_arn, role_arn, trust_anchor_arn, .. } = self.session;
        for (name, arn) in [
            ("/sessions?profileArn=", profile_arn),
            ("&roleArn=", role_arn),
            ("&trustAnchorArn=", trust_anchor_arn),
        ] {
            out.put(name.as_bytes());
            percent::encode(arn.as_bytes(), Keep::Unreserved, &mut out);
        }
        let target = out.finish().map_err(|_| {
            ErrorKind::Invalid("ARNs: too long, with the rest of the URL 1,536 bytes at most")
        })?;
        Ok(utf8(target).unwrap_or_default())
    }
}

const CONTENT_TYPE: &[u8] = b"application/json";

/// Writes a signature into the slot, in hexadecimal.
fn keep_signature(signature: &[u8], slot: &mut Slot<'_>) -> Result<(), ErrorKind> {
    slot.clear();
    if signature.is_empty() {
        return Err(ErrorKind::Missing("signature"));
    }
    slot.write(Field::SessionToken, &mut |out| signature.iter().for_each(|byte| out.put(&hex_of(*byte))));
    slot.seal()
}
