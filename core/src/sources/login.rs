//! Credentials of a user who signed in to the console with `aws login`, renewed (*CreateOAuth2Token*, AWS Sign-In API
//! reference; OAuth 2.0 Demonstrating Proof of Possession, RFC 9449).

use core::fmt;

use zeroize::Zeroize;

use crate::call::{Timing, read_json_error};
use crate::error::{Buffer, ErrorKind, Origin};
use crate::flow::kept::END;
use crate::flow::request::{Draft, write_signed};
use crate::flow::slot::Field;
use crate::flow::source::NO_SLOT;
use crate::flow::{
    Ask, Endpoint, Limits, Need, Next, Outcome, Received, Retries, Sequence, Slot, Source, Span, Stage,
    Trouble, Workspace,
};
use crate::sigv4::hex_of;
use crate::wire::json::{self, Token, Writer};
use crate::wire::time::UnixTime;
use crate::wire::x509::{Scheme, p256_numbers};
use crate::wire::{Cursor, Put, base64};

use super::document;
use super::sso::REPLY_HEADERS;

/// The flow that exchanges a refresh token for credentials and the next refresh token. It is sent once: a refresh token may
/// be good for one use alone.
///
/// The request proves that its sender holds a key on P-256. The proof is signed by a need ([`Need::Sign`]), so that the key
/// does not come here.
///
/// Slots: one, which holds the proof until the request is sent, and then the credentials and
/// [`LoginRefresh::refresh_token`]. Exchange buffer: 2 KB and twice the length of the refresh token, which may have 12 KB.
///
/// ```
/// use rolecall_core::flow::Endpoint;
/// use rolecall_core::sources::{LoginRefresh, LoginToken};
///
/// let service = Endpoint::parse("https://eu-west-1.signin.aws.amazon.com")?;
/// let session = LoginToken {
///     client_id: "arn:aws:signin:::devtools/same-device",
///     refresh_token: "token",
///     account_id: "123456789012",
/// };
/// let (public_key, random) = ([[7; 32]; 2], [7; 16]);
/// let flow = LoginRefresh::new(service, session, public_key, random);
/// # let _ = flow;
/// # Ok::<(), rolecall_core::wire::Error>(())
/// ```
pub type LoginRefresh<'c> = Sequence<SignedIn<'c>>;

/// A refresh token, and the client and the account that it was issued for.
#[derive(Clone, Copy)]
pub struct LoginToken<'c> {
    /// `clientId` of the sign-in.
    pub client_id: &'c str,
    /// `refreshToken`: printable ASCII, at most 12 KB.
    pub refresh_token: &'c str,
    /// `accountId`: a reply does not have it.
    pub account_id: &'c str,
}

/// The steps of [`LoginRefresh`].
#[derive(Debug)]
pub struct SignedIn<'c> {
    endpoint: Endpoint<'c>,
    session: LoginToken<'c>,
    /// The coordinates of the public key.
    public_key: [[u8; 32]; 2],
    /// What the id of the next proof is made of.
    random: [u8; 16],
    timing: Timing,
    /// The time that the proof is for.
    signed_at: UnixTime,
}

/// Has the proof signed.
const SIGN: u8 = 0;
/// The proof is in the slot.
const EXCHANGE: u8 = 1;

const TARGET: &str = "/v1/token";
/// What is kept in the slot beside credentials.
const KEPT: [&str; 1] = ["refreshToken"];

impl<'c> LoginRefresh<'c> {
    /// Three seconds to connect, ten to the first byte, fifteen for an exchange, 64 KiB of body.
    pub const LIMITS: Limits = Self::DEFAULT_LIMITS;

    /// A renewal of `session` at `service` (`https://REGION.signin.aws.amazon.com`). `public_key` has the coordinates of the
    /// key that signs; `random` is from a random number generator for keys, once for each flow.
    pub const fn new(
        service: Endpoint<'c>,
        session: LoginToken<'c>,
        public_key: [[u8; 32]; 2],
        random: [u8; 16],
    ) -> Self {
        let (timing, signed_at) = (Timing::NEW, UnixTime::EPOCH);
        Self::of(SignedIn { endpoint: service, session, public_key, random, timing, signed_at })
    }

    /// The next refresh token, in the slot of a run that succeeded. The one before it is of no use any more.
    pub fn refresh_token<'s>(slot: &'s Slot<'_>) -> Option<&'s str> {
        slot.kept(&KEPT).get("refreshToken")
    }
}

impl<'c> Source<'c> for SignedIn<'c> {
    fn origin(&self) -> Origin {
        Origin::Login
    }

    fn stage(&self, at: u8) -> &'static Stage {
        const PROOF: Stage = Stage::local("proof");
        const CREATE: Stage = Stage {
            repeatable: false,
            ..Stage::service("CreateOAuth2Token")
                .retries(Retries::Unsent)
                .back_to(SIGN)
                .reply_headers(&REPLY_HEADERS)
        };
        if at == SIGN { &PROOF } else { &CREATE }
    }

    fn ask(&mut self, at: u8, work: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind> {
        if at == SIGN {
            work.slot()?.clear();
            if !self.endpoint.base_path().is_empty() {
                return Err(ErrorKind::Invalid("sign-in endpoint: expected a URL without a path"));
            }
            self.signed_at = self.timing.signing_time(work.clock, work.now)?;
            return self.ask_signature(work.exchange);
        }
        let slot = work.slots.first().ok_or(NO_SLOT)?;
        let proof = slot.text(Field::SessionToken).ok_or(ErrorKind::Misuse)?;
        let request = self.write(work.exchange, proof)?;
        Ok(Ask::Exchange { endpoint: self.endpoint, address: None, request })
    }

    fn take(&mut self, at: u8, work: &mut Workspace<'_, '_>, outcome: Outcome<'_>) -> Result<Next, Trouble> {
        if at == SIGN {
            let signature = p256_numbers(outcome.content(work.exchange)?).map_err(ErrorKind::Malformed)?;
            let slot = work.slots.first_mut().ok_or(NO_SLOT)?;
            slot.clear();
            slot.write(Field::SessionToken, &mut |out| {
                self.put_message(out);
                out.put(b".");
                base64::encode_url(signature.as_flattened(), out);
            });
            slot.seal()?;
            // Another proof has another id.
            if let Some(last) = self.random.last_mut() {
                *last = last.wrapping_add(1);
            }
            return Ok(Next::Step(EXCHANGE));
        }
        let received = outcome.reply()?;
        work.slot()?.clear();
        if received.reply.status != 200 {
            return self.refused(work, &received);
        }
        // They were not issued before that.
        let time = work.clock.time(received.reply.sent).ok_or(ErrorKind::ClockUnknown)?;
        let slot = work.slots.first_mut().ok_or(NO_SLOT)?;
        let read = self.read(received.reply.body(work.exchange), time, slot);
        read.inspect_err(|_| slot.clear())?;
        Ok(Next::Done)
    }

    fn restart(&mut self) {
        self.timing = Timing::NEW;
    }
}

impl<'c> SignedIn<'c> {
    /// Writes what is signed.
    #[inline(never)]
    fn ask_signature(&self, exchange: &mut [u8]) -> Result<Ask<'c>, ErrorKind> {
        let mut out = Cursor::new(exchange);
        self.put_message(&mut out);
        let len = out.needed();
        if out.finish().is_err() {
            exchange.zeroize();
            return Err(ErrorKind::BufferTooSmall { buffer: Buffer::Exchange, needed: len });
        }
        Ok(Ask::Need(Need::Sign { scheme: Scheme::EcdsaP256Sha256, message: 0..len }))
    }

    /// Writes header and payload of the proof, a JSON Web Token.
    fn put_message(&self, out: &mut dyn Put) {
        let [x, y] = &self.public_key;
        let mut encoded = Encoded::new(out);
        encoded.put(br#"{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC","x":""#);
        base64::encode_url(x, &mut encoded);
        encoded.put(br#"","y":""#);
        base64::encode_url(y, &mut encoded);
        encoded.put(br#"","crv":"P-256"}}"#);
        encoded.finish();
        out.put(b".");
        let mut encoded = Encoded::new(out);
        // No URL has a character that JSON escapes.
        encoded.put(br#"{"htm":"POST","htu":""#);
        for part in [self.endpoint.scheme().as_str(), "://", self.endpoint.authority(), TARGET] {
            encoded.put(part.as_bytes());
        }
        encoded.put(br#"","iat":"#);
        // Until 2106.
        let time = u32::try_from(self.signed_at.as_secs()).unwrap_or(u32::MAX);
        Writer::new(&mut encoded).number(time);
        encoded.put(br#","jti":""#);
        put_uuid(self.random, &mut encoded);
        encoded.put(br#""}"#);
        encoded.finish();
    }

    /// Writes the request with its proof.
    #[inline(never)]
    fn write(&self, exchange: &mut [u8], proof: &str) -> Result<Span, ErrorKind> {
        let LoginToken { client_id, refresh_token, .. } = self.session;
        let members =
            [("clientId", client_id), ("grantType", "refresh_token"), ("refreshToken", refresh_token)];
        let body = |mut out: &mut dyn Put| {
            let mut json = Writer::new(&mut out);
            json.begin_object();
            for (name, value) in members {
                json.key(name);
                json.string(value);
            }
            json.end_object();
        };
        let headers = [("Content-Type", &b"application/json"[..]), ("DPoP", proof.as_bytes())];
        let draft = Draft { method: "POST", target: TARGET, headers: &headers, ..Draft::new(&self.endpoint) };
        write_signed::<2>(exchange, &draft, Some(&body), None, &mut [])
    }

    /// Reads credentials and refresh token into the slot; they last from `time` on.
    fn read(&self, body: &[u8], time: UnixTime, slot: &mut Slot<'_>) -> Result<(), ErrorKind> {
        let keys = document::object(body, "accessToken")?;
        for (name, field) in [
            ("accessKeyId", Field::AccessKeyId),
            ("secretAccessKey", Field::SecretAccessKey),
            ("sessionToken", Field::SessionToken),
        ] {
            let text = text(keys, name)?;
            slot.write(field, &mut |out| text.put(out));
        }
        slot.write(Field::AccountId, &mut |out| out.put(self.session.account_id.as_bytes()));
        let seconds = match json::member(body, "expiresIn").map_err(ErrorKind::Malformed)? {
            Some(Token::Number(digits)) => {
                digits.parse::<u32>().map_err(|_| ErrorKind::Unusable("expiresIn"))?
            }
            Some(_) => return Err(ErrorKind::Unusable("expiresIn")),
            None => return Err(ErrorKind::Missing("expiresIn")),
        };
        slot.set_expiration(Some(time.saturating_add(seconds.into())));
        let next = text(body, "refreshToken")?;
        slot.write(Field::Kept, &mut |out| {
            // The first path, of no list.
            out.put(&[0, 0, 0]);
            next.put(out);
            out.put(&[END]);
        });
        document::seal(slot)
    }

    /// Reports a refusal, and has the proof signed again if the clock caused it.
    fn refused(&mut self, work: &mut Workspace<'_, '_>, received: &Received<'_>) -> Result<Next, Trouble> {
        let reply = received.reply;
        let body = reply.body(work.exchange);
        let header = reply.headers(work.exchange).text("x-amzn-errortype").unwrap_or_default();
        // What is not JSON is reported by its status.
        let _ = read_json_error(body, header, work.report);
        // It is more precise than the name of the exception.
        if let Ok(Some(Token::Str(text))) = json::member(body, "error")
            && !text.is("")
        {
            text.put(&mut work.report.new_code());
        }
        work.report.redact(self.session.refresh_token);
        if self.timing.was_wrong(work.clock, received, work.report.code()) == Some(true) {
            return Ok(Next::Step(SIGN));
        }
        let recoverable = matches!(reply.status, 429 | 500..);
        Err(ErrorKind::Refused { status: reply.status, recoverable }.into())
    }
}

/// The text of a member, which has to be there.
fn text<'a>(document: &'a [u8], name: &'static str) -> Result<json::Str<'a>, ErrorKind> {
    match json::member(document, name).map_err(ErrorKind::Malformed)? {
        Some(Token::Str(text)) if !text.is("") => Ok(text),
        Some(_) => Err(ErrorKind::Unusable(name)),
        None => Err(ErrorKind::Missing(name)),
    }
}

/// Writes 16 random bytes as a UUID of version 4 (RFC 9562).
fn put_uuid(mut bytes: [u8; 16], out: &mut dyn Put) {
    for (index, byte) in bytes.iter_mut().enumerate() {
        match index {
            6 => *byte = *byte & 0x0f | 0x40,
            8 => *byte = *byte & 0x3f | 0x80,
            _ => {}
        }
        if matches!(index, 4 | 6 | 8 | 10) {
            out.put(b"-");
        }
        out.put(&hex_of(*byte));
    }
}

/// Encodes what is put, in whatever pieces.
struct Encoded<'o> {
    out: &'o mut dyn Put,
    held: [u8; 3],
    len: usize,
}

impl<'o> Encoded<'o> {
    fn new(out: &'o mut dyn Put) -> Self {
        Self { out, held: [0; 3], len: 0 }
    }

    fn finish(self) {
        base64::encode_url(self.held.get(..self.len).unwrap_or_default(), self.out);
    }
}

impl Put for Encoded<'_> {
    fn put(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if let Some(to) = self.held.get_mut(self.len) {
                *to = *byte;
            }
            self.len = self.len.wrapping_add(1);
            if self.len == self.held.len() {
                base64::encode_url(&self.held, self.out);
                self.len = 0;
            }
        }
    }
}

impl fmt::Debug for LoginToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LoginToken({:?}, account {:?})", self.client_id, self.account_id)
    }
}
