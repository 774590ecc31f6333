//! EC2 instance metadata, version 2: token, role name, role credentials.
//!
//! Version 1, which answers without a token, is never spoken.

use core::fmt;

use heapless::String;
use zeroize::Zeroize;

use crate::error::{Buffer, Error, ErrorKind, Failure, FailureKind, Origin};
use crate::skew::{Authority, Instant};
use crate::wire::scan::number;

use super::document::{self, Dialect};
use crate::flow::lease::observe;
use crate::flow::request;
use crate::flow::retry::{Attempts, Pause, Persistence};
use crate::flow::{Answer, Context, Endpoint, Exchange, Flow, Lease, Limits, Memory, Need, Reply, Step};

/// The role that the instance profile gives, with its credentials.
///
/// Slots: one. Exchange buffer: at least 1.5 KB; 8 KB for tokens of 4 KB. The metadata token, up to
/// 256 bytes, is kept in the flow for as long as the service granted it and wiped with it.
#[derive(Debug)]
pub struct Imds<'c> {
    endpoint: Endpoint<'c>,
    disabled: bool,
    limits: Limits,
    persistence: Persistence,
    attempts: Attempts,
    state: State,
    /// The service forgot the token once already.
    renewed: bool,
    token: Token,
    role: String<128>,
}

// Told apart by a byte: left to itself, the compiler looks at 64 bits of the lease in it.
#[repr(u8)]
#[derive(Debug, Clone, Copy)]
enum State {
    Token,
    Role,
    Credentials,
    Ended(Result<Lease, Error>),
}

impl State {
    fn step(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Role => "role name",
            Self::Credentials | Self::Ended(_) => "role credentials",
        }
    }
}

/// Seconds of life asked for a token: the most there is.
const TOKEN_TTL: &[u8] = b"21600";
/// A token is not used in the last two minutes of its life.
const TOKEN_MARGIN_MS: u64 = 120_000;
/// However short its life, for so long it is used.
const LEAST_USE_MS: u64 = 10_000;
const REPLY_HEADERS: [&str; 3] = ["date", "age", "x-aws-ec2-metadata-token-ttl-seconds"];

impl<'c> Imds<'c> {
    /// Where the service is on every instance, over IPv4.
    pub const ENDPOINT: &'static str = "http://169.254.169.254";
    /// The same over IPv6.
    pub const ENDPOINT_IPV6: &'static str = "http://[fd00:ec2::254]";
    /// One second to connect, one to the first byte, five for an exchange, 64 KiB of body.
    pub const LIMITS: Limits = Limits { connect: 1_000, first_byte: 1_000, total: 5_000, body: 64 * 1024 };

    /// The metadata service at `endpoint`.
    pub fn new(endpoint: Endpoint<'c>) -> Self {
        Self {
            endpoint,
            disabled: false,
            limits: Self::LIMITS,
            persistence: Persistence::DEFAULT,
            attempts: Attempts::default(),
            state: State::Token,
            renewed: false,
            token: Token::default(),
            role: String::new(),
        }
    }

    /// A source that is switched off: it ends at once, and a chain goes on.
    pub fn disabled(endpoint: Endpoint<'c>) -> Self {
        Self { disabled: true, ..Self::new(endpoint) }
    }

    /// Other limits for each exchange.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Other bounds on attempts.
    pub fn with_persistence(mut self, persistence: Persistence) -> Self {
        self.persistence = persistence;
        self
    }

    fn fail(&mut self, kind: ErrorKind) {
        let step = self.state.step();
        self.state = State::Ended(Err(Error { origin: Origin::Imds, step, kind }));
    }

    /// Tries the step again, or fails.
    fn retry(&mut self, cx: &Context<'_>, kind: ErrorKind) {
        if !self.attempts.again(cx.now.monotonic, self.persistence, cx.entropy) {
            self.fail(kind);
        }
    }

    fn advance(&mut self, state: State) {
        self.attempts.next_step();
        self.state = state;
    }

    /// What is needed next, or how it ended.
    fn next(
        &mut self,
        cx: &mut Context<'_>,
        memory: &mut Memory<'_, '_>,
    ) -> Result<Need<'c>, Result<Lease, Error>> {
        if let State::Ended(result) = self.state {
            return Err(result);
        }
        let fail = |step, kind| Err(Err(Error { origin: Origin::Imds, step, kind }));
        if self.disabled {
            return fail("", ErrorKind::Disabled);
        }
        let limits = match self.attempts.proceed(cx.now.monotonic, self.limits, self.persistence) {
            Ok(limits) => limits,
            Err(Pause::Until(until)) => return Ok(Need::Wait { until }),
            Err(Pause::OutOfTime) => return fail(self.state.step(), ErrorKind::OutOfTime),
        };
        let valid = self.token.is_valid(cx.now.monotonic);
        self.state = match self.state {
            State::Role | State::Credentials if !valid => State::Token,
            State::Token if valid => State::Role,
            state => state,
        };
        let token = ("X-aws-ec2-metadata-token", self.token.text().as_bytes());
        let roles = "/latest/meta-data/iam/security-credentials/";
        let (method, path, header) = match self.state {
            State::Token => {
                ("PUT", ["/latest/api/token", ""], ("X-aws-ec2-metadata-token-ttl-seconds", TOKEN_TTL))
            }
            State::Role => ("GET", [roles, ""], token),
            _ => ("GET", [roles, self.role.as_str()], token),
        };
        match request::write(memory.exchange, method, &self.endpoint, &path, &[header]) {
            Ok(request) => Ok(Need::Http(Exchange {
                endpoint: self.endpoint,
                address: None,
                request,
                metadata: true,
                limits,
                repeatable: true,
                reply_headers: &REPLY_HEADERS,
            })),
            Err(kind) => fail(self.state.step(), kind),
        }
    }

    fn take_reply(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, reply: &Reply) {
        let observed = observe(cx, reply, memory.exchange, Authority::Metadata);
        cx.report.clear();
        let body = reply.body(memory.exchange);
        match (self.state, reply.status) {
            (State::Token, 200) => {
                let ttl = reply.headers(memory.exchange).text("x-aws-ec2-metadata-token-ttl-seconds");
                if self.token.set(body, ttl, reply.received.monotonic) {
                    self.advance(State::Role);
                } else {
                    self.fail(ErrorKind::Unusable("token"));
                }
            }
            (State::Role, 200) => match role_name(body) {
                Some(role) => {
                    self.role = role;
                    self.advance(State::Credentials);
                }
                None => self.fail(ErrorKind::Unusable("role name")),
            },
            (State::Role, 404) => self.fail(ErrorKind::NoRole),
            (State::Credentials, 200) => {
                let Some(slot) = memory.slots.first_mut() else {
                    return self.fail(ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: 1 });
                };
                let read = document::read(body, Dialect::Metadata, slot, cx.report);
                cx.report.withhold(&[], &[self.token.text()]);
                match read.map(|()| observed.lease(slot.expiration())) {
                    Ok(Some(lease)) => self.state = State::Ended(Ok(lease)),
                    Ok(None) => {
                        slot.clear();
                        self.fail(ErrorKind::Expired);
                    }
                    Err(kind) => self.fail(kind),
                }
            }
            (State::Role | State::Credentials, 401) if !self.renewed => {
                // The token is not known any more: a new one, once, and on from there.
                self.token.clear();
                self.renewed = true;
                self.retry(cx, ErrorKind::Status(401));
            }
            (_, status @ (429 | 500..)) => self.retry(cx, ErrorKind::Status(status)),
            (_, status) => self.fail(ErrorKind::Status(status)),
        }
    }
}

impl<'c> Flow<'c> for Imds<'c> {
    type Output = Lease;

    fn slots(&self) -> usize {
        1
    }

    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, Lease> {
        match self.next(cx, memory) {
            Ok(need) => Step::Need(need),
            Err(result) => {
                self.restart();
                Step::Done(result)
            }
        }
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        match answer {
            Answer::Reply(reply) => self.take_reply(cx, memory, &reply),
            // A service that is not there will not be there a moment later: no second attempt.
            Answer::Failed(failure @ Failure { kind: FailureKind::Closed, .. }) => {
                self.retry(cx, ErrorKind::Transport(failure));
            }
            Answer::Failed(failure) => self.fail(ErrorKind::Transport(failure)),
            _ => self.fail(ErrorKind::Misuse),
        }
        memory.exchange.zeroize();
    }

    fn restart(&mut self) {
        self.attempts = Attempts::default();
        self.state = State::Token;
        self.renewed = false;
    }
}

/// The first line of `list`, if it can be a role's name (IAM: `[\w+=,.@-]`, up to 64 characters).
fn role_name(list: &[u8]) -> Option<String<128>> {
    let line = list.split(|byte| *byte == b'\n').next()?.trim_ascii();
    let named = |byte: &u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".iter().any(|mark| mark == byte);
    // As a segment of a path, these two would lead elsewhere.
    let leads_away = matches!(line, b"" | b"." | b"..");
    if leads_away || !line.iter().all(named) {
        return None;
    }
    String::try_from(core::str::from_utf8(line).ok()?).ok()
}

/// The metadata token, and how long it is good for.
#[derive(Default)]
struct Token {
    text: String<256>,
    until: Instant,
}

impl Token {
    /// Takes a token granted for `ttl` seconds at `now`; whether it can be one.
    fn set(&mut self, token: &[u8], ttl: Option<&str>, now: Instant) -> bool {
        self.clear();
        let ttl = ttl.map(|ttl| ttl.strip_prefix('+').unwrap_or(ttl).as_bytes());
        let ttl = ttl.and_then(|ttl| number(ttl, 10)).unwrap_or(21_600).min(21_600);
        let text = core::str::from_utf8(token.trim_ascii()).unwrap_or_default();
        let granted = u64::from(ttl.wrapping_mul(1000));
        // Whatever was granted, it is tried for the steps that follow.
        self.until = now.after(granted.saturating_sub(TOKEN_MARGIN_MS).max(LEAST_USE_MS));
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_graphic())
            && self.text.push_str(text).is_ok()
    }

    fn is_valid(&self, now: Instant) -> bool {
        !self.text.is_empty() && now < self.until
    }

    fn text(&self) -> &str {
        &self.text
    }

    fn clear(&mut self) {
        self.text.as_mut_str().zeroize();
        self.text.clear();
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.clear();
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({} bytes)", self.text.len())
    }
}
