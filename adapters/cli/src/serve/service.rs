//! What is asked, who may ask, and what is answered: as the container endpoint of ECS does, or instance metadata.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::answer::{
    Answer, BAD_REQUEST, FAILED, FORBIDDEN, HEAD_TOO_LARGE, NOT_ALLOWED, NOT_FOUND, TOO_LARGE, UNAUTHORIZED,
};
use super::request::{Refusal, Request};
use super::tokens::{Tokens, same};

/// The path of the container endpoint.
pub(crate) const CONTAINER_PATH: &str = "/credentials";

const TOKEN_PATH: &str = "/latest/api/token";
const ROLES_PATH: &str = "/latest/meta-data/iam/security-credentials";
const REGION_PATH: &str = "/latest/meta-data/placement/region";
const TOKEN_HEADER: &str = "x-aws-ec2-metadata-token";
const TTL_HEADER: &str = "x-aws-ec2-metadata-token-ttl-seconds";

/// Whom it speaks like.
pub(crate) enum Mode {
    /// The container endpoint: a client that has the token gets credentials.
    Container { token: Zeroizing<String> },
    /// Instance metadata, version 2: every process of this machine gets credentials of the role of that name.
    Imds { role: String },
}

/// Decides about requests.
pub(crate) struct Service {
    mode: Mode,
    tokens: Tokens,
    region: Option<String>,
}

/// What becomes of a request.
pub(crate) enum Outcome {
    Answer(Answer),
    /// It is for the credentials, and allowed.
    Credentials,
}

impl Service {
    pub(crate) fn new(mode: Mode) -> Self {
        Self { mode, tokens: Tokens::default(), region: None }
    }

    pub(crate) fn is_imds(&self) -> bool {
        matches!(self.mode, Mode::Imds { .. })
    }

    /// Sets the region, which is known after the first fetch.
    pub(crate) fn set_region(&mut self, region: Option<String>) {
        self.region = region;
    }

    /// What becomes of a request that arrived at the address `local`.
    pub(crate) fn decide(&mut self, request: &Request<'_>, local: SocketAddr, now: Instant) -> Outcome {
        if let Err(answer) = self.check_sender(request, local) {
            return Outcome::Answer(answer);
        }
        let decided = match &self.mode {
            Mode::Container { token } => container(token, request),
            Mode::Imds { role } => imds(role, self.region.as_deref(), &mut self.tokens, request, now),
        };
        decided.unwrap_or_else(Outcome::Answer)
    }

    /// Refuses pages of a browser and what a proxy passes on: neither knows that it talks to this machine. A page that
    /// a name leads here (DNS rebinding) sends that name as `Host`.
    fn check_sender(&self, request: &Request<'_>, local: SocketAddr) -> Result<(), Answer> {
        let forbidden = |message: &str| Err(Answer::error(FORBIDDEN, "Forbidden", message));
        if !is_host(request.only("host").unwrap_or_default(), local) {
            return forbidden(&format!("the header Host is not that of this address: expected {local}"));
        }
        if request.has("origin") {
            return forbidden("a request with the header Origin is that of a web page: it gets nothing");
        }
        if self.is_imds() && request.has("x-forwarded-for") {
            return forbidden(
                "a request with the header X-Forwarded-For comes through a proxy: it gets nothing",
            );
        }
        Ok(())
    }
}

/// The answer to what cannot be read.
pub(crate) fn refused(refusal: Refusal) -> Answer {
    match refusal {
        Refusal::Malformed => {
            Answer::error(BAD_REQUEST, "BadRequest", "expected an HTTP/1.1 request with one Host")
        }
        Refusal::Body => Answer::error(TOO_LARGE, "ContentTooLarge", "expected a request without a body"),
        Refusal::TooLong => Answer::error(HEAD_TOO_LARGE, "HeadTooLarge", "expected a head of up to 8 KB"),
    }
}

/// Whether `Host` is this address, or on loopback `localhost` with its port. Port 80 may be left out.
fn is_host(host: &[u8], local: SocketAddr) -> bool {
    let is = |name: String| {
        let with_port = format!("{name}:{}", local.port());
        host.eq_ignore_ascii_case(with_port.as_bytes())
            || (local.port() == 80 && host.eq_ignore_ascii_case(name.as_bytes()))
    };
    let address = local.ip().to_canonical();
    let written = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
    is(written) || (address.is_loopback() && is("localhost".to_owned()))
}

/// Gives the credentials to a client that has the token.
fn container(token: &str, request: &Request<'_>) -> Result<Outcome, Answer> {
    if request.path != CONTAINER_PATH {
        return Err(not_found());
    }
    require_method(request, "GET")?;
    match request.only("authorization") {
        Some(given) if same(given, token.as_bytes()) => Ok(Outcome::Credentials),
        _ => Err(unauthorized(
            "the header Authorization has to be AWS_CONTAINER_AUTHORIZATION_TOKEN, or what its file has",
        )),
    }
}

/// Gives a token to every client that asks by PUT, which a page or a proxy that was deceived does not, and the rest for the token.
fn imds(
    role: &str,
    region: Option<&str>,
    tokens: &mut Tokens,
    request: &Request<'_>,
    now: Instant,
) -> Result<Outcome, Answer> {
    if request.path == TOKEN_PATH {
        require_method(request, "PUT")?;
        return issue(tokens, request, now).map(Outcome::Answer);
    }
    require_method(request, "GET")?;
    if !request.only(TOKEN_HEADER).is_some_and(|token| tokens.has(token, now)) {
        return Err(unauthorized(
            "expected the header X-aws-ec2-metadata-token with a token that has not ended",
        ));
    }
    let text = |text: &str| Ok(Outcome::Answer(Answer::text(Zeroizing::new(text.as_bytes().to_vec()))));
    match (request.path.strip_prefix(ROLES_PATH), region) {
        (Some("" | "/"), _) => text(role),
        (Some(name), _) if name.strip_prefix('/') == Some(role) => Ok(Outcome::Credentials),
        (None, Some(region)) if request.path == REGION_PATH => text(region),
        _ => Err(not_found()),
    }
}

/// A new token, for as long as is asked: 1 s to 6 h.
fn issue(tokens: &mut Tokens, request: &Request<'_>, now: Instant) -> Result<Answer, Answer> {
    let asked = request.only(TTL_HEADER).and_then(|text| std::str::from_utf8(text).ok());
    let digits = asked.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let Some(seconds) = digits.and_then(|text| text.parse().ok()).filter(|it| (1..=21_600).contains(it))
    else {
        let expected = "expected the header X-aws-ec2-metadata-token-ttl-seconds, 1 to 21600";
        return Err(Answer::error(BAD_REQUEST, "BadRequest", expected));
    };
    let token = tokens.issue(Duration::from_secs(seconds), now);
    let token =
        token.map_err(|_| Answer::error(FAILED, "NoRandomNumbers", "the system has no random numbers"))?;
    Ok(Answer::text(token).with_header(TTL_HEADER, seconds.to_string()))
}

fn require_method(request: &Request<'_>, method: &'static str) -> Result<(), Answer> {
    if request.method == method {
        return Ok(());
    }
    let expected = format!("expected {method}");
    Err(Answer::error(NOT_ALLOWED, "MethodNotAllowed", &expected).with_header("Allow", method))
}

fn not_found() -> Answer {
    Answer::error(NOT_FOUND, "NotFound", "there is nothing at this path")
}

fn unauthorized(message: &str) -> Answer {
    Answer::error(UNAUTHORIZED, "Unauthorized", message)
}
