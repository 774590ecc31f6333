//! EC2 instance metadata, version 2: token, role name, role credentials.
//!
//! Version 1, which answers without a token, is never used.

use core::fmt;

use heapless::String;
use zeroize::Zeroize;

use crate::credentials::is_visible;
use crate::error::{ErrorKind, Origin};
use crate::flow::{
    Ask, Endpoint, Limits, Next, Outcome, Retries, Sequence, Source, Stage, Trouble, Workspace,
};
use crate::skew::Instant;
use crate::wire::device::utf8;
use crate::wire::scan::number;
use crate::wire::words::split;

use super::document::Document;

/// The flow that gets the credentials of the instance profile's role.
///
/// Slots: one. Exchange buffer: at least 1.5 KB; 8 KB for tokens of 4 KB. The metadata token, up to 256
/// bytes, is kept in the flow for as long as the service granted it and wiped with it.
pub type Imds<'c> = Sequence<InstanceMetadata<'c>>;

/// The steps of [`Imds`].
#[derive(Debug)]
pub struct InstanceMetadata<'c> {
    endpoint: Endpoint<'c>,
    disabled: bool,
    /// Whether the service forgot the token once already.
    renewed: bool,
    /// Whether the list was asked again, because the role it named was gone.
    listed_again: bool,
    /// Whether the caller named the role.
    named: bool,
    token: Token,
    role: String<128>,
}

pub(super) const TOKEN: u8 = 0;
const ROLE: u8 = 1;
const CREDENTIALS: u8 = 2;

/// A service that is unreachable will be so a moment later, too: of failures, only a closed connection is
/// retried.
static STAGES: [Stage; 3] =
    [stage("token", TOKEN), stage("role name", ROLE), stage("role credentials", CREDENTIALS).takes_expired()];

pub(super) const fn stage(name: &'static str, at: u8) -> Stage {
    const HEADERS: [&str; 3] = ["date", "age", TTL_HEADER];
    Stage::metadata(name).retries(Retries::Closed).back_to(at).reply_headers(&HEADERS)
}

const TTL_HEADER: &str = "x-aws-ec2-metadata-token-ttl-seconds";
/// The lifetime to request for a token, in seconds: the longest there is.
const TOKEN_TTL: &[u8] = b"21600";
/// A token is not used in the last two minutes of its life.
const TOKEN_MARGIN: u32 = 120;
/// A token with a short life is used for this many seconds anyway.
const LEAST_USE: u32 = 10;
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

impl<'c> Imds<'c> {
    /// The address of the service on every instance, over IPv4.
    pub const ENDPOINT: &'static str = "http://169.254.169.254";
    /// The address of the service over IPv6.
    pub const ENDPOINT_IPV6: &'static str = "http://[fd00:ec2::254]";
    /// One second to connect, one to the first byte, five for an exchange, 64 KiB of body.
    pub const LIMITS: Limits =
        Limits { connect_ms: 1_000, first_byte_ms: 1_000, total_ms: 5_000, body_bytes: 64 * 1024 };

    /// The metadata service at `endpoint`, within these limits.
    pub fn new(endpoint: Endpoint<'c>) -> Self {
        Self::of(InstanceMetadata::new(endpoint, false)).with_limits(Self::LIMITS)
    }

    /// Names the role (`AWS_EC2_INSTANCE_PROFILE_NAME`): the list of roles is then not requested.
    ///
    /// # Errors
    /// `Invalid` for a text that is not a role's name: 1 to 64 of letters, digits and `_+=,.@-`.
    pub fn with_role(mut self, name: &str) -> Result<Self, ErrorKind> {
        self.source_mut().set_role(name)?;
        Ok(self)
    }

    /// A source that is switched off: it ends at once, and a chain goes on to the next.
    pub fn disabled(endpoint: Endpoint<'c>) -> Self {
        Self::of(InstanceMetadata::new(endpoint, true)).with_limits(Self::LIMITS)
    }
}

impl<'c> InstanceMetadata<'c> {
    pub(super) fn new(endpoint: Endpoint<'c>, disabled: bool) -> Self {
        Self {
            endpoint,
            disabled,
            renewed: false,
            listed_again: false,
            named: false,
            token: Token::default(),
            role: String::new(),
        }
    }

    /// Requests what is at `path`, with the token.
    pub(super) fn get(&self, path: &[&str], work: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind> {
        work.get(self.endpoint, path, &[("X-aws-ec2-metadata-token", self.token.text().as_bytes())])
    }

    /// Drops the token if the service does not know it any more, and returns whether to go on with a new one: once.
    pub(super) fn renews_token(&mut self, status: u16) -> bool {
        let renews = status == 401 && !self.renewed;
        if renews {
            self.token.clear();
            self.renewed = true;
        }
        renews
    }

    fn set_role(&mut self, name: &str) -> Result<(), ErrorKind> {
        let taken = role_name(name.as_bytes()).filter(|taken| taken.len() == name.len() && name.len() <= 64);
        self.role.clear();
        let taken = taken.and_then(|taken| self.role.push_str(taken).ok());
        taken.ok_or(ErrorKind::Invalid("role name: expected 1 to 64 letters, digits and _+=,.@-"))?;
        self.named = true;
        Ok(())
    }
}

impl<'c> Source<'c> for InstanceMetadata<'c> {
    fn origin(&self) -> Origin {
        Origin::Imds
    }

    fn stage(&self, at: u8) -> &'static Stage {
        // A source that is switched off has no step to name in an error.
        const OFF: Stage = Stage::metadata("");
        STAGES.get(usize::from(at)).filter(|_| !self.disabled).unwrap_or(&OFF)
    }

    fn ask(&mut self, at: u8, work: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind> {
        if self.disabled {
            return Err(ErrorKind::Disabled);
        }
        match (at, self.token.is_valid(work.now.monotonic)) {
            (TOKEN, true) => Ok(Ask::Step(ROLE)),
            (TOKEN, false) => {
                let ttl = ("X-aws-ec2-metadata-token-ttl-seconds", TOKEN_TTL);
                work.request("PUT", self.endpoint, &["/latest/api/token"], &[ttl])
            }
            (_, false) => Ok(Ask::Step(TOKEN)),
            (ROLE, true) if self.named => Ok(Ask::Step(CREDENTIALS)),
            (ROLE, true) => self.get(&[ROLES], work),
            (_, true) => self.get(&[ROLES, &self.role], work),
        }
    }

    fn take(&mut self, at: u8, work: &mut Workspace<'_, '_>, outcome: Outcome<'_>) -> Result<Next, Trouble> {
        let received = outcome.reply()?;
        match (at, received.reply.status) {
            (ROLE, 404) => return Err(ErrorKind::NoRole.into()),
            // Another role has been attached since the list was asked.
            (CREDENTIALS, 404) if self.named => return Err(ErrorKind::NoRole.into()),
            (CREDENTIALS, 404) if !self.listed_again => {
                self.listed_again = true;
                return Ok(Next::Step(ROLE));
            }
            (ROLE | CREDENTIALS, status) if self.renews_token(status) => {
                return Err(Trouble::retry(ErrorKind::Status(status)));
            }
            _ => received.expect(200)?,
        }
        let body = received.reply.body(work.exchange);
        match at {
            TOKEN => {
                let ttl = received.reply.headers(work.exchange).text(TTL_HEADER);
                let usable = self.token.set(body, ttl, received.reply.received.monotonic);
                if usable { Ok(Next::Step(ROLE)) } else { Err(ErrorKind::Unusable("token").into()) }
            }
            ROLE => {
                // A list without a name is an instance without a role, as 404 is.
                if body.trim_ascii().is_empty() {
                    return Err(ErrorKind::NoRole.into());
                }
                self.role.clear();
                let taken = role_name(body).and_then(|name| self.role.push_str(name).ok());
                if taken.is_some() {
                    Ok(Next::Step(CREDENTIALS))
                } else {
                    Err(ErrorKind::Unusable("role name").into())
                }
            }
            _ => {
                let taken = Document::Metadata.take(work, &received);
                work.report.redact(self.token.text());
                taken?;
                Ok(Next::Done)
            }
        }
    }

    fn restart(&mut self) {
        self.renewed = false;
        self.listed_again = false;
    }
}

/// The first line of `list`, if it can be a role's name (IAM: `[\w+=,.@-]`, up to 64 characters).
fn role_name(list: &[u8]) -> Option<&str> {
    let line = split(list, b'\n').next()?.trim_ascii();
    let named = |byte: &u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".iter().any(|mark| mark == byte);
    // As a segment of a path, these two would lead elsewhere.
    let leads_away = matches!(line, b"" | b"." | b"..");
    if leads_away || !line.iter().all(named) {
        return None;
    }
    utf8(line).ok()
}

/// The metadata token, and its expiration.
#[derive(Default)]
struct Token {
    text: String<256>,
    until: Instant,
}

impl Token {
    /// Keeps a token granted for `ttl` seconds at `now`, and returns whether it is valid.
    fn set(&mut self, token: &[u8], ttl: Option<&str>, now: Instant) -> bool {
        self.clear();
        let ttl = ttl.map(|ttl| ttl.strip_prefix("+").unwrap_or(ttl).as_bytes());
        let ttl = ttl.and_then(|ttl| number(ttl, 10)).unwrap_or(21_600).min(21_600);
        let text = utf8(token.trim_ascii()).unwrap_or_default();
        // Whatever was granted, the token is used for the steps that follow.
        let used = ttl.saturating_sub(TOKEN_MARGIN).max(LEAST_USE);
        self.until = now.after_ms(used.wrapping_mul(1000).into());
        !text.is_empty() && is_visible(text) && self.text.push_str(text).is_ok()
    }

    fn is_valid(&self, now: Instant) -> bool {
        !self.text.is_empty() && now < self.until
    }

    fn text(&self) -> &str {
        &self.text
    }

    #[cfg_attr(target_os = "none", inline(never))]
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
