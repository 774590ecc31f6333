//! Identity pools: the identity of the caller, and its credentials (Amazon Cognito federated identities API
//! reference).

use heapless::String;

use crate::call::{Call, Members, Operation, Proof, Service, Shape, put_json};
use crate::error::{Buffer, Error, ErrorKind, Origin};
use crate::flow::slot::Field;
use crate::flow::{Answer, Context, Flow, Lease, Memory, Slot, Step};
use crate::sources::document::seal;
use crate::wire::Put;
use crate::wire::json::{Reader, Token, member};
use crate::wire::time::UnixTime;

use super::IDENTITY_POOL;

/// The tokens that prove an identity. Without any, it is an unauthenticated identity.
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub struct Logins<'c> {
    /// The provider of the token that the base provides: `cognito-idp.REGION.amazonaws.com/POOL-ID` for a
    /// user pool, `accounts.google.com`, or the host of an OpenID Connect provider.
    pub provider: &'c str,
    /// Other providers of the same identity, each with its token.
    pub others: &'c [(&'c str, &'c str)],
}

impl core::fmt::Debug for Logins<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Logins({} and {} others)", self.provider, self.others.len())
    }
}

impl<'c> Logins<'c> {
    /// The token that the base provides, which is of `provider`, and no other.
    pub const fn of(provider: &'c str) -> Self {
        Self { provider, others: &[] }
    }

    /// Adds other providers of the same identity, each with its token.
    pub const fn and(self, others: &'c [(&'c str, &'c str)]) -> Self {
        Self { others, ..self }
    }

    /// The request for credentials with these.
    pub const fn credentials(self) -> GetCredentialsForIdentityRequest<'c> {
        GetCredentialsForIdentityRequest { logins: self, custom_role_arn: None }
    }

    /// The request for a token with these.
    pub const fn open_id_token(self) -> GetOpenIdTokenRequest<'c> {
        GetOpenIdTokenRequest { logins: self }
    }

    fn secrets(&self, each: &mut dyn FnMut(&str)) {
        self.others.iter().for_each(|(_, token)| each(token));
    }

    fn members(&self, to: &mut dyn Members, held: &Slot<'_>) {
        let token = held.text(Field::SessionToken).map(|token| (self.provider, token));
        if token.is_none() && self.others.is_empty() {
            return;
        }
        to.structure("Logins", &mut |to| {
            for (provider, token) in token.iter().chain(self.others) {
                to.text(provider, token);
            }
        });
    }
}

/// The properties that the operations share.
const fn shape(action: &'static str) -> Shape {
    Shape { proof: Proof::Unsigned, repeatable: true, ..Shape::new(IDENTITY_POOL, action) }
}

/// GetId: the identity's id in a pool, beside the token that the base provided.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct GetIdRequest<'c> {
    /// The pool's id, `REGION:...`.
    pub pool: &'c str,
    /// The tokens that prove the identity.
    pub logins: Logins<'c>,
}

/// An id has at most 55 characters.
const MAX_ID: usize = 64;

impl<'c> GetIdRequest<'c> {
    /// The identity in the pool of that id.
    pub const fn new(pool: &'c str, logins: Logins<'c>) -> Self {
        Self { pool, logins }
    }
}

impl Operation for GetIdRequest<'_> {
    fn shape(&self) -> &Shape {
        // A retry may create an unused unauthenticated identity; harmless.
        const SHAPE: Shape = Shape { adds: true, ..shape("GetId") };
        &SHAPE
    }

    fn check(&self) -> Result<(), ErrorKind> {
        if (1..=MAX_ID).contains(&self.pool.len()) {
            return Ok(());
        }
        Err(ErrorKind::Invalid("identity pool: REGION:ID, 55 characters at most"))
    }

    fn body(&self, out: &mut dyn Put, held: &Slot<'_>) {
        put_json(out, &mut |to| {
            to.text("IdentityPoolId", self.pool);
            self.logins.members(to, held);
        });
    }

    fn secrets(&self, each: &mut dyn FnMut(&str)) {
        self.logins.secrets(each);
    }

    fn read(&self, body: &[u8], slot: &mut Slot<'_>) -> Result<(), ErrorKind> {
        let id = member(body, "IdentityId").map_err(ErrorKind::Malformed)?;
        let id = id.and_then(|id| id.as_str()).and_then(|id| id.plain());
        let id = id
            .filter(|id| (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()));
        add_id(slot, id.ok_or(ErrorKind::Missing("IdentityId"))?)
    }
}

/// Adds an identity's id to a slot.
fn add_id(slot: &mut Slot<'_>, id: &str) -> Result<(), ErrorKind> {
    slot.write(Field::UserId, &mut |out| out.put(id.as_bytes()));
    slot.seal()
}

/// The identity in a pool: the token of `B`, and with it GetId. The id of an unauthenticated identity is kept
/// from one run to the next, because another GetId would create another identity. With a token, the service
/// returns the same id again, and another token may belong to another identity.
///
/// Slots: those of `B`, and 64 bytes more in the first.
#[derive(Debug)]
pub struct Identity<'c, B> {
    call: Call<'c, B, GetIdRequest<'c>>,
    /// The id of an unauthenticated identity, or one that was given.
    id: String<MAX_ID>,
}

impl<'c, B: Flow<'c, Output = Lease>> Identity<'c, B> {
    /// The identity in the pool of that id that belongs to the token of `base`, or a new one.
    pub fn in_pool(base: B, service: Service<'c>, pool: &'c str, logins: Logins<'c>) -> Self {
        Self { call: Call::new(base, service, GetIdRequest { pool, logins }), id: String::new() }
    }

    /// The identity `REGION:...`, whose id is known from before.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] if it is empty or longer than 64 bytes.
    pub fn known(base: B, service: Service<'c>, id: &str, logins: Logins<'c>) -> Result<Self, Error> {
        let mut identity = Self::in_pool(base, service, "", logins);
        match String::try_from(id) {
            Ok(id) if !id.is_empty() => identity.id = id,
            _ => {
                let kind = ErrorKind::Invalid("identity: REGION:ID, 55 characters at most");
                return Err(Error { origin: Origin::IdentityPool, step: "", kind });
            }
        }
        Ok(identity)
    }

    /// Drops the id of an unauthenticated identity, which the pool may have deleted: the next run creates
    /// another.
    pub fn forget(&mut self) {
        self.id.clear();
    }

    /// The id of an unauthenticated identity once it is known, or the one that was given.
    pub fn id(&self) -> Option<&str> {
        Some(self.id.as_str()).filter(|id| !id.is_empty())
    }
}

impl<'c, B: Flow<'c, Output = Lease>> Flow<'c> for Identity<'c, B> {
    type Output = Lease;

    fn slots(&self) -> usize {
        self.call.slots()
    }

    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, Lease> {
        let ended = if self.id.is_empty() {
            self.call.poll(cx, memory)
        } else {
            self.call.base_mut().poll(cx, memory)
        };
        let ended = match ended {
            Step::Need(need) => return Step::Need(need),
            Step::Done(ended) => ended,
        };
        let learned = ended.and_then(|_| {
            self.take(memory).map_err(|kind| Error { origin: Origin::IdentityPool, step: "GetId", kind })
        });
        Step::Done(learned.map(|()| Lease::ENDLESS))
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        if self.id.is_empty() {
            self.call.answer(cx, memory, answer);
        } else {
            self.call.base_mut().answer(cx, memory, answer);
        }
    }

    fn restart(&mut self) {
        self.call.restart();
    }
}

impl<'c, B: Flow<'c, Output = Lease>> Identity<'c, B> {
    /// Keeps the id that was returned, or copies the known one into the slot.
    fn take(&mut self, memory: &mut Memory<'_, '_>) -> Result<(), ErrorKind> {
        let needed = ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: 1 };
        let slot = memory.slots.first_mut().ok_or(needed)?;
        if !self.id.is_empty() {
            return add_id(slot, &self.id);
        }
        let guest =
            slot.text(Field::SessionToken).is_none() && self.call.operation().logins.others.is_empty();
        let id = slot.text(Field::UserId).ok_or(ErrorKind::Missing("IdentityId"))?;
        if guest {
            self.id = String::try_from(id).map_err(|_| ErrorKind::Unusable("IdentityId"))?;
        }
        Ok(())
    }
}

/// The source: an identity of `B`, and the credentials of the role that its pool assigns to it.
pub type CredentialsForIdentity<'c, B> = Call<'c, Identity<'c, B>, GetCredentialsForIdentityRequest<'c>>;

/// The parameters of GetCredentialsForIdentity.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct GetCredentialsForIdentityRequest<'c> {
    /// The tokens that prove the identity.
    pub logins: Logins<'c>,
    /// One of several roles that the token allows, an ARN.
    pub custom_role_arn: Option<&'c str>,
}

impl Operation for GetCredentialsForIdentityRequest<'_> {
    fn shape(&self) -> &Shape {
        const SHAPE: Shape = shape("GetCredentialsForIdentity");
        &SHAPE
    }

    fn check(&self) -> Result<(), ErrorKind> {
        Ok(())
    }

    fn body(&self, out: &mut dyn Put, held: &Slot<'_>) {
        put_json(out, &mut |to| {
            to.optional("CustomRoleArn", self.custom_role_arn);
            to.text("IdentityId", held.text(Field::UserId).unwrap_or_default());
            self.logins.members(to, held);
        });
    }

    fn secrets(&self, each: &mut dyn FnMut(&str)) {
        self.logins.secrets(each);
    }

    fn read(&self, body: &[u8], slot: &mut Slot<'_>) -> Result<(), ErrorKind> {
        let expiration = read_credentials(body, slot)?.ok_or(ErrorKind::Missing("Expiration"))?;
        slot.set_expiration(Some(expiration));
        seal(slot)
    }
}

/// The texts of `Credentials`, and their fields in the slot.
const TEXTS: [(&str, Field); 3] = [
    ("AccessKeyId", Field::AccessKeyId),
    ("SecretKey", Field::SecretAccessKey),
    ("SessionToken", Field::SessionToken),
];

/// Reads the members of the object `Credentials`; it and each of them may be there once. Their expiration is
/// a number.
fn read_credentials(body: &[u8], slot: &mut Slot<'_>) -> Result<Option<UnixTime>, ErrorKind> {
    let mut reader = Reader::new(body);
    let (mut inside, mut seen, mut expiration) = (false, false, None);
    while let Some(token) = reader.next_token().map_err(ErrorKind::Malformed)? {
        let Token::Key(key) = token else { continue };
        let depth = reader.depth();
        if depth == 1 {
            inside = key.is("Credentials");
            if inside && core::mem::replace(&mut seen, true) {
                return Err(ErrorKind::Unusable("Credentials"));
            }
            continue;
        }
        let value = reader.whole_value().map_err(ErrorKind::Malformed)?;
        if !inside || depth != 2 {
            continue;
        }
        if key.is("Expiration") {
            let Some(Token::Number(seconds)) = value else { return Err(ErrorKind::Unusable("Expiration")) };
            let end =
                UnixTime::from_epoch(seconds.as_bytes()).map_err(|_| ErrorKind::Unusable("Expiration"))?;
            if expiration.replace(end).is_some() {
                return Err(ErrorKind::Unusable("Expiration"));
            }
        } else if let Some((name, field)) = TEXTS.iter().find(|(name, _)| key.is(name)) {
            let Some(Token::Str(text)) = value else { return Err(ErrorKind::Unusable(name)) };
            if slot.has(*field) {
                return Err(ErrorKind::Unusable(name));
            }
            slot.write(*field, &mut |out| text.put(out));
        }
    }
    Ok(expiration)
}

/// A token for an identity of `B`: the base of
/// [`AssumeRoleWithWebIdentity`](crate::sources::sts::AssumeRoleWithWebIdentity). The pool has to allow
/// the classic flow.
pub type OpenIdToken<'c, B> = Call<'c, Identity<'c, B>, GetOpenIdTokenRequest<'c>>;

/// The parameters of GetOpenIdToken.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct GetOpenIdTokenRequest<'c> {
    /// The tokens that prove the identity.
    pub logins: Logins<'c>,
}

impl Operation for GetOpenIdTokenRequest<'_> {
    fn shape(&self) -> &Shape {
        const SHAPE: Shape = shape("GetOpenIdToken");
        &SHAPE
    }

    fn check(&self) -> Result<(), ErrorKind> {
        Ok(())
    }

    fn body(&self, out: &mut dyn Put, held: &Slot<'_>) {
        put_json(out, &mut |to| {
            to.text("IdentityId", held.text(Field::UserId).unwrap_or_default());
            self.logins.members(to, held);
        });
    }

    fn secrets(&self, each: &mut dyn FnMut(&str)) {
        self.logins.secrets(each);
    }

    fn read(&self, body: &[u8], slot: &mut Slot<'_>) -> Result<(), ErrorKind> {
        let token = member(body, "Token").map_err(ErrorKind::Malformed)?;
        let token = token.and_then(|token| token.as_str()).ok_or(ErrorKind::Missing("Token"))?;
        slot.write(Field::SessionToken, &mut |out| token.put(out));
        slot.seal()
    }
}
