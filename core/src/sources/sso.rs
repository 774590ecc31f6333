//! Credentials of a person who signed in with IAM Identity Center (*IAM Identity Center credential
//! provider*, AWS SDKs and Tools Reference Guide).

use core::ops::Range;

use zeroize::Zeroize;

use crate::error::{Buffer, Error, ErrorKind, Origin};
use crate::skew::Authority;
use crate::wire::json::{self, Reader, Token};
use crate::wire::percent::{self, Keep};
use crate::wire::time::UnixTime;
use crate::wire::{Cursor, Put};

use super::document::{self, Dialect};
use crate::flow::lease::{TIME_HEADERS, observe};
use crate::flow::request;
use crate::flow::retry::{Attempts, Pause, Persistence};
use crate::flow::slot::{Field, Slot};
use crate::flow::{Answer, Context, Endpoint, Exchange, Flow, Lease, Limits, Memory, Need, Reply, Step};

/// Reads the access token that signing in (`aws sso login`) left in a file, and asks the portal for
/// the credentials of a role with it.
///
/// Slots: one, which holds the access token until the request is sent. Exchange buffer: at least 2
/// KB; 8 KB for tokens of 4 KB.
#[derive(Debug)]
pub struct Sso<'c> {
    portal: Endpoint<'c>,
    token_file: &'c str,
    account_id: &'c str,
    role_name: &'c str,
    limits: Limits,
    persistence: Persistence,
    attempts: Attempts,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Token,
    /// The access token is in the slot.
    Credentials,
    Ended(Result<Lease, Error>),
}

impl State {
    fn step(self) -> &'static str {
        match self {
            Self::Token => "access token",
            Self::Credentials | Self::Ended(_) => "role credentials",
        }
    }
}

impl<'c> Sso<'c> {
    /// Three seconds to connect, ten to the first byte, fifteen for an exchange, 64 KiB of body.
    pub const LIMITS: Limits = Limits { connect: 3_000, first_byte: 10_000, total: 15_000, body: 64 * 1024 };

    /// The role `role_name` in the account `account_id`, from `portal`
    /// (`https://portal.sso.REGION.amazonaws.com`). `token_file` is
    /// `~/.aws/sso/cache/H.json`, where H is the SHA-1 of the session's name, or of the start URL
    /// where there is no session, in lower-case hexadecimal.
    pub fn new(portal: Endpoint<'c>, token_file: &'c str, account_id: &'c str, role_name: &'c str) -> Self {
        Self {
            portal,
            token_file,
            account_id,
            role_name,
            limits: Self::LIMITS,
            persistence: Persistence::DEFAULT,
            attempts: Attempts::default(),
            state: State::Token,
        }
    }

    /// Other limits for each exchange.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error { origin: Origin::Sso, step: self.state.step(), kind }
    }

    fn fail(&mut self, kind: ErrorKind) {
        self.state = State::Ended(Err(self.error(kind)));
    }

    fn retry(&mut self, cx: &Context<'_>, kind: ErrorKind) {
        if self.attempts.again(cx.now.monotonic, self.persistence, cx.entropy) {
            self.state = State::Token;
        } else {
            self.fail(kind);
        }
    }

    /// Puts the access token of the file into the slot.
    fn take_token(&mut self, cx: &Context<'_>, memory: &mut Memory<'_, '_>, content: Range<usize>) {
        let Some(slot) = memory.slots.first_mut() else { return self.fail(no_slot()) };
        slot.clear();
        let content = memory.exchange.get(content).unwrap_or_default();
        let read = read_token(content, slot, cx.clock.time(cx.now));
        memory.exchange.zeroize();
        match read {
            Ok(()) => self.state = State::Credentials,
            Err(kind) => {
                slot.clear();
                self.fail(kind);
            }
        }
    }

    fn take_reply(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, reply: &Reply) {
        let observed = observe(cx, reply, memory.exchange, Authority::Service);
        cx.report.clear();
        let body = reply.body(memory.exchange);
        let Some(slot) = memory.slots.first_mut() else { return self.fail(no_slot()) };
        if reply.status != 200 {
            if let Ok(Some(Token::Str(text))) = json::member(body, "message") {
                text.put(&mut cx.report.new_message());
            }
            cx.report.withhold(core::slice::from_ref(slot), &[]);
            slot.clear();
            let kind = ErrorKind::Status(reply.status);
            let passing = reply.status >= 500 || reply.status == 429;
            return if passing { self.retry(cx, kind) } else { self.fail(kind) };
        }
        let read = role_credentials(body)
            .and_then(|document| document::read(document, Dialect::Portal, slot, cx.report));
        if read.is_ok() {
            slot.write(Field::AccountId, |out| out.put(self.account_id.as_bytes()));
        }
        let sealed = read.and_then(|()| document::seal(slot));
        match sealed.map(|()| observed.lease(slot.expiration())) {
            Ok(Some(lease)) => self.state = State::Ended(Ok(lease)),
            Ok(None) => {
                slot.clear();
                self.fail(ErrorKind::Expired);
            }
            Err(kind) => {
                slot.clear();
                self.fail(kind);
            }
        }
    }
}

/// The object that the member `roleCredentials` is.
fn role_credentials(body: &[u8]) -> Result<&[u8], ErrorKind> {
    let mut reader = Reader::new(body);
    let mut found = None;
    while let Some(token) = reader.next().map_err(ErrorKind::Malformed)? {
        let Token::Key(key) = token else { continue };
        let start = reader.offset();
        reader.skip_value().map_err(ErrorKind::Malformed)?;
        if reader.depth() == 1 && key.is("roleCredentials") {
            if found.is_some() {
                return Err(ErrorKind::Unusable("roleCredentials"));
            }
            found = body.get(start..reader.offset());
        }
    }
    found.ok_or(ErrorKind::Missing("roleCredentials"))
}

/// Reads `accessToken` of a token file into the slot, unless `expiresAt` has passed.
fn read_token(file: &[u8], slot: &mut Slot<'_>, now: Option<UnixTime>) -> Result<(), ErrorKind> {
    let member = |name| match json::member(file, name).map_err(ErrorKind::Malformed)? {
        Some(Token::Str(text)) => Ok(text),
        Some(_) => Err(ErrorKind::Unusable(name)),
        None => Err(ErrorKind::Missing(name)),
    };
    let expires = document::read_time(member("expiresAt")?)?;
    if now.is_some_and(|now| expires <= now) {
        return Err(ErrorKind::Expired);
    }
    let token = member("accessToken")?;
    slot.write(Field::SessionToken, |out| token.put(out));
    slot.seal()
}

fn no_slot() -> ErrorKind {
    ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: 1 }
}

impl<'c> Flow<'c> for Sso<'c> {
    type Output = Lease;

    fn slots(&self) -> usize {
        1
    }

    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, Lease> {
        if let State::Ended(result) = self.state {
            self.restart();
            return Step::Done(result);
        }
        let limits = match self.attempts.proceed(cx.now.monotonic, self.limits, self.persistence) {
            Ok(limits) => limits,
            Err(Pause::Until(until)) => return Step::Need(Need::Wait { until }),
            Err(Pause::OutOfTime) => {
                let error = self.error(ErrorKind::OutOfTime);
                self.restart();
                return Step::Done(Err(error));
            }
        };
        if matches!(self.state, State::Token) {
            return Step::Need(Need::File { path: self.token_file });
        }
        let mut target = [0; 512];
        let mut out = Cursor::new(&mut target);
        out.put(b"/federation/credentials?account_id=");
        percent::encode(self.account_id.as_bytes(), Keep::Unreserved, &mut out);
        out.put(b"&role_name=");
        percent::encode(self.role_name.as_bytes(), Keep::Unreserved, &mut out);
        let token = memory.slots.first().and_then(|slot| slot.text(Field::SessionToken)).unwrap_or_default();
        let headers = [("x-amz-sso_bearer_token", token.as_bytes())];
        let written = out
            .finish()
            .map_err(|_| ErrorKind::Invalid("account or role name: too long"))
            .and_then(|target| {
                let target = core::str::from_utf8(target).unwrap_or_default();
                request::write(memory.exchange, "GET", &self.portal, &[target], &headers)
            });
        match written {
            Ok(request) => Step::Need(Need::Http(Exchange {
                endpoint: self.portal,
                address: None,
                request,
                metadata: false,
                limits,
                repeatable: true,
                reply_headers: &TIME_HEADERS,
            })),
            Err(kind) => {
                let error = self.error(kind);
                self.restart();
                Step::Done(Err(error))
            }
        }
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        match (self.state, answer) {
            (State::Token, Answer::Content(content)) => self.take_token(cx, memory, content),
            (State::Credentials, Answer::Reply(reply)) => self.take_reply(cx, memory, &reply),
            (state, Answer::Failed(failure)) => {
                cx.report.clear();
                let kind = ErrorKind::Transport(failure);
                let asked = matches!(state, State::Credentials);
                if asked && failure.is_passing() { self.retry(cx, kind) } else { self.fail(kind) }
            }
            _ => self.fail(ErrorKind::Misuse),
        }
        memory.exchange.zeroize();
    }

    fn restart(&mut self) {
        self.attempts = Attempts::default();
        self.state = State::Token;
    }
}
