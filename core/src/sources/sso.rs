//! Credentials of a user who signed in with IAM Identity Center (*IAM Identity Center credential
//! provider*, AWS SDKs and Tools Reference Guide).

use crate::call::read_json_error;
use crate::error::{ErrorKind, Origin};
use crate::flow::slot::Field;
use crate::flow::source::NO_SLOT;
use crate::flow::{
    Ask, Endpoint, Limits, Need, Next, Outcome, Sequence, Slot, Source, Stage, Trouble, Workspace, request,
};
use crate::wire::device::utf8;
use crate::wire::json::{self, Token};
use crate::wire::percent::{self, Keep};
use crate::wire::time::UnixTime;
use crate::wire::{Cursor, Put};

use super::document::{self, Document};

/// The flow that reads the access token which signing in (`aws sso login`) left in a file, and requests the
/// credentials of a role from the portal with it.
///
/// Slots: one, which holds the access token until the request is sent. Exchange buffer: at least 2 KB; 8 KB
/// for tokens of 4 KB.
pub type Sso<'c> = Sequence<Portal<'c>>;

/// The steps of [`Sso`].
#[derive(Debug)]
pub struct Portal<'c> {
    endpoint: Endpoint<'c>,
    token_file: &'c str,
    account_id: &'c str,
    role_name: &'c str,
}

/// The headers of replies that have the time, and the code of an error.
pub(super) const REPLY_HEADERS: [&str; 3] = ["date", "age", "x-amzn-errortype"];

const TOKEN: u8 = 0;
/// The access token is in the slot.
const CREDENTIALS: u8 = 1;

impl<'c> Sso<'c> {
    /// Three seconds to connect, ten to the first byte, fifteen for an exchange, 64 KiB of body.
    pub const LIMITS: Limits = Self::DEFAULT_LIMITS;

    /// The role `role_name` in the account `account_id`, from `portal`
    /// (`https://portal.sso.REGION.amazonaws.com`). `token_file` is `~/.aws/sso/cache/H.json`, where H is the
    /// SHA-1 of the session's name, or of the start URL without a session, in lower-case hexadecimal.
    pub fn new(portal: Endpoint<'c>, token_file: &'c str, account_id: &'c str, role_name: &'c str) -> Self {
        Self::of(Portal { endpoint: portal, token_file, account_id, role_name })
    }
}

impl<'c> Source<'c> for Portal<'c> {
    fn origin(&self) -> Origin {
        Origin::Sso
    }

    fn stage(&self, at: u8) -> &'static Stage {
        const ACCESS_TOKEN: Stage = Stage::local("access token").timed();
        const ROLE: Stage = Stage::service("role credentials").back_to(TOKEN).reply_headers(&REPLY_HEADERS);
        if at == TOKEN { &ACCESS_TOKEN } else { &ROLE }
    }

    fn ask(&mut self, at: u8, work: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind> {
        if at == TOKEN {
            return Ok(Ask::Need(Need::File { path: self.token_file }));
        }
        let mut target = [0; 512];
        let mut out = Cursor::new(&mut target);
        out.put(b"/federation/credentials?account_id=");
        percent::encode(self.account_id.as_bytes(), Keep::Unreserved, &mut out);
        out.put(b"&role_name=");
        percent::encode(self.role_name.as_bytes(), Keep::Unreserved, &mut out);
        let target = out.finish().map_err(|_| ErrorKind::Invalid("account or role name: too long"))?;
        let target = utf8(target).unwrap_or_default();
        let token = work.slots.first().and_then(|slot| slot.text(Field::SessionToken)).unwrap_or_default();
        let headers = [("x-amz-sso_bearer_token", token.as_bytes())];
        let written = request::write(work.exchange, "GET", &self.endpoint, &[target], &headers)?;
        Ok(Ask::Exchange { endpoint: self.endpoint, address: None, request: written })
    }

    fn take(&mut self, at: u8, work: &mut Workspace<'_, '_>, outcome: Outcome<'_>) -> Result<Next, Trouble> {
        if at == TOKEN {
            let now = work.clock.time(work.now);
            let content = outcome.content(work.exchange)?;
            let slot = work.slots.first_mut().ok_or(NO_SLOT)?;
            read_token(content, slot, now).inspect_err(|_| slot.clear())?;
            return Ok(Next::Step(CREDENTIALS));
        }
        let received = outcome.reply()?;
        let body = received.reply.body(work.exchange);
        let slot = work.slots.first_mut().ok_or(NO_SLOT)?;
        if received.reply.status != 200 {
            let header = received.reply.headers(work.exchange).text("x-amzn-errortype").unwrap_or_default();
            // What is not JSON is reported by its status.
            let _ = read_json_error(body, header, work.report);
            work.report.redact_all(core::slice::from_ref(slot));
            slot.clear();
            received.expect(200)?;
        }
        let read = document::object(body, "roleCredentials")
            .and_then(|document| Document::Portal.read(document, slot, work.report))
            .and_then(|()| {
                slot.write(Field::AccountId, &mut |out| out.put(self.account_id.as_bytes()));
                document::seal(slot)
            });
        read.inspect_err(|_| slot.clear())?;
        Ok(Next::Done)
    }
}

/// Reads `accessToken` of a token file into the slot, unless `expiresAt` has passed.
fn read_token(file: &[u8], slot: &mut Slot<'_>, now: Option<UnixTime>) -> Result<(), ErrorKind> {
    slot.clear();
    let member = |name| match json::member(file, name).map_err(ErrorKind::Malformed)? {
        Some(Token::Str(text)) => Ok(text),
        Some(_) => Err(ErrorKind::Unusable(name)),
        None => Err(ErrorKind::Missing(name)),
    };
    let expires = {
        let text = member("expiresAt")?;
        let mut buffer = [0; 40];
        let text = text.decode(&mut buffer).map_err(|_| ErrorKind::Unusable("expiresAt"))?;
        // Older versions of the AWS CLI wrote the name of the zone.
        document::read_time(&mut |out| match text.strip_suffix("UTC") {
            Some(time) => [time, "Z"].iter().for_each(|part| out.put(part.as_bytes())),
            None => out.put(text.as_bytes()),
        })
        .map_err(|_| ErrorKind::Unusable("expiresAt"))?
    };
    if now.is_some_and(|now| expires <= now) {
        return Err(ErrorKind::Expired);
    }
    let token = member("accessToken")?;
    let sendable = token
        .plain()
        .is_some_and(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()));
    if !sendable {
        return Err(ErrorKind::Unusable("accessToken"));
    }
    slot.write(Field::SessionToken, &mut |out| token.put(out));
    slot.seal()
}
