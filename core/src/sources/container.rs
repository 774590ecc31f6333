//! The credential endpoint that ECS and EKS give to a container.

use core::net::IpAddr;

use zeroize::Zeroize;

use crate::error::{Buffer, Error, ErrorKind, Origin};
use crate::skew::Authority;
use crate::wire::http1::is_header_value;
use crate::wire::json::{self, Token};
use crate::wire::uri::{Scheme, Uri};
use crate::wire::{self, Put};

use super::document::{self, Dialect};
use crate::flow::lease::{TIME_HEADERS, observe};
use crate::flow::request;
use crate::flow::retry::{Attempts, Pause, Persistence};
use crate::flow::slot::Field;
use crate::flow::{Answer, Context, Endpoint, Exchange, Flow, Lease, Limits, Memory, Need, Reply, Step};

/// What the endpoint wants to see in `Authorization`.
#[derive(Clone, Copy)]
pub enum Authorization<'c> {
    /// Nothing.
    None,
    /// This value.
    Token(&'c str),
    /// The content of this file, read anew for every attempt; blanks at its end are dropped.
    File(&'c str),
}

/// Credentials of the task or pod that the container belongs to.
///
/// Plain http goes to loopback and to the link-local addresses of ECS and EKS only. A host name is
/// resolved once, every address it has must be one of those, and the connection goes to one that
/// was checked: a name server that changes its mind gains nothing.
///
/// Slots: one; it holds a token read from a file until the request is sent, too. Exchange buffer:
/// at least 1.5 KB; 8 KB for tokens of 4 KB.
pub struct Container<'c> {
    /// `None`: not set up.
    endpoint: Option<Endpoint<'c>>,
    target: &'c str,
    authorization: Authorization<'c>,
    limits: Limits,
    persistence: Persistence,
    attempts: Attempts,
    state: State,
    /// The one checked address of a host that is given by name.
    address: Option<IpAddr>,
}

/// The next thing to do.
#[derive(Debug, Clone, Copy)]
enum State {
    /// Check the address, or have the name resolved.
    Address,
    /// Have the token read, if it is in a file.
    Token,
    /// Ask for the credentials. A token from a file is in the slot.
    Credentials,
    Ended(Result<Lease, Error>),
}

impl<'c> Container<'c> {
    /// Where relative URIs are served on ECS.
    pub const ECS_ENDPOINT: &'static str = "http://169.254.170.2";
    /// Two seconds to connect, five to the first byte, eight for an exchange, 64 KiB of body.
    pub const LIMITS: Limits = Limits { connect: 2_000, first_byte: 5_000, total: 8_000, body: 64 * 1024 };

    /// A source that is not set up: it ends at once, and a chain goes on.
    pub fn absent() -> Self {
        Self {
            endpoint: None,
            target: "/",
            authorization: Authorization::None,
            limits: Self::LIMITS,
            persistence: Persistence::DEFAULT,
            attempts: Attempts::default(),
            state: State::Address,
            address: None,
        }
    }

    /// `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`: a path, with its query, at [`Self::ECS_ENDPOINT`].
    pub fn relative(path: &'c str, authorization: Authorization<'c>) -> Result<Self, wire::Error> {
        if !path.starts_with('/') {
            return Err(wire::Error { offset: 0, kind: wire::Kind::UnexpectedByte });
        }
        let endpoint = Endpoint::parse(Self::ECS_ENDPOINT)?;
        Ok(Self { endpoint: Some(endpoint), target: path, authorization, ..Self::absent() })
    }

    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI`. Whether its host may be asked over plain http is told
    /// by the first step.
    pub fn full(url: &'c str, authorization: Authorization<'c>) -> Result<Self, wire::Error> {
        let uri = Uri::parse(url)?;
        let target = uri.target;
        let endpoint = Endpoint::of(Uri { path: "", query: None, target: "", ..uri });
        Ok(Self { endpoint: Some(endpoint), target, authorization, ..Self::absent() })
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
        self.state = State::Ended(Err(Error { origin: Origin::Container, step: "", kind }));
    }

    /// Starts over with the token, or fails.
    fn retry(&mut self, cx: &Context<'_>, kind: ErrorKind) {
        if self.attempts.again(cx.now.monotonic, self.persistence, cx.entropy) {
            self.state = State::Address;
        } else {
            self.fail(kind);
        }
    }

    fn take_reply(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, reply: &Reply) {
        let observed = observe(cx, reply, memory.exchange, Authority::Metadata);
        cx.report.clear();
        let body = reply.body(memory.exchange);
        let Some(slot) = memory.slots.first_mut() else { return self.fail(no_slot()) };
        let own = if let Authorization::Token(token) = self.authorization { token } else { "" };
        if reply.status != 200 {
            // ECS explains itself in JSON, EKS in words.
            for name in ["code", "Code"] {
                if let Ok(Some(Token::Str(text))) = json::member(body, name) {
                    text.put(&mut cx.report.new_code());
                }
            }
            for name in ["message", "Message"] {
                if let Ok(Some(Token::Str(text))) = json::member(body, name) {
                    text.put(&mut cx.report.new_message());
                }
            }
            cx.report.withhold(core::slice::from_ref(slot), &[own]);
            slot.clear();
            let kind = ErrorKind::Status(reply.status);
            let passing = reply.status >= 500 || reply.status == 429;
            return if passing { self.retry(cx, kind) } else { self.fail(kind) };
        }
        let read = document::read(body, Dialect::Metadata, slot, cx.report);
        cx.report.withhold(&[], &[own]);
        // The document has taken the place of a file's token: whether a text tells that cannot be seen.
        if matches!(self.authorization, Authorization::File(_)) {
            cx.report.clear();
        }
        match read.map(|()| observed.lease(slot.expiration())) {
            Ok(Some(lease)) => self.state = State::Ended(Ok(lease)),
            Ok(None) => {
                slot.clear();
                self.fail(ErrorKind::Expired);
            }
            Err(kind @ (ErrorKind::Malformed(_) | ErrorKind::Missing(_))) => self.retry(cx, kind),
            Err(kind) => self.fail(kind),
        }
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
        let fail = |kind| Err(Err(Error { origin: Origin::Container, step: "", kind }));
        let Some(endpoint) = self.endpoint else { return fail(ErrorKind::NotConfigured) };
        let limits = match self.attempts.proceed(cx.now.monotonic, self.limits, self.persistence) {
            Ok(limits) => limits,
            Err(Pause::Until(until)) => return Ok(Need::Wait { until }),
            Err(Pause::OutOfTime) => return fail(ErrorKind::OutOfTime),
        };
        if matches!(self.state, State::Address) {
            match (endpoint.scheme(), endpoint.uri().address()) {
                (Scheme::Http, Some(address)) if !may_ask(address) => {
                    return fail(ErrorKind::Invalid(
                        "full URI: plain http to an address that is not the container's",
                    ));
                }
                (Scheme::Http, None) if self.address.is_none() => {
                    return Ok(Need::Resolve { host: endpoint.host() });
                }
                _ => self.state = State::Token,
            }
        }
        if matches!(self.state, State::Token) {
            if let Authorization::File(path) = self.authorization {
                return Ok(Need::File { path });
            }
            self.state = State::Credentials;
        }
        let in_slot = memory.slots.first().and_then(|slot| slot.text(Field::SessionToken));
        let token = match self.authorization {
            Authorization::None => None,
            Authorization::Token(token) => Some(token),
            Authorization::File(_) => in_slot,
        };
        let headers =
            [("Accept", &b"application/json"[..]), ("Authorization", token.unwrap_or_default().as_bytes())];
        let headers = headers.get(..if token.is_some() { 2 } else { 1 }).unwrap_or_default();
        let slash = if self.target.starts_with('/') { "" } else { "/" };
        let written = request::write(memory.exchange, "GET", &endpoint, &[slash, self.target], headers);
        match written {
            Ok(request) => Ok(Need::Http(Exchange {
                endpoint,
                address: self.address,
                request,
                metadata: true,
                limits,
                repeatable: true,
                reply_headers: &TIME_HEADERS,
            })),
            Err(ErrorKind::Invalid("header")) => {
                fail(ErrorKind::Invalid("authorization token: a line break inside"))
            }
            Err(kind) => fail(kind),
        }
    }

    /// Puts the token that a file held into the slot.
    fn take_token(&mut self, memory: &mut Memory<'_, '_>, content: core::ops::Range<usize>) {
        let token = memory.exchange.get(content).unwrap_or_default().trim_ascii_end();
        // One that is not UTF-8 would be taken for none, and the request sent without it.
        if token.is_empty() || !is_header_value(token) || core::str::from_utf8(token).is_err() {
            return self.fail(ErrorKind::Invalid("token file: empty, not UTF-8, or a line break inside"));
        }
        let Some(slot) = memory.slots.first_mut() else { return self.fail(no_slot()) };
        slot.clear();
        slot.write(Field::SessionToken, |out| out.put(token));
        match slot.seal() {
            Ok(()) => self.state = State::Credentials,
            Err(kind) => self.fail(kind),
        }
    }
}

impl<'c> Flow<'c> for Container<'c> {
    type Output = Lease;

    fn slots(&self) -> usize {
        1
    }

    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, Lease> {
        match self.next(cx, memory) {
            Ok(need) => Step::Need(need),
            Err(ended) => {
                self.restart();
                Step::Done(ended)
            }
        }
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        match answer {
            Answer::Reply(reply) if matches!(self.state, State::Credentials) => {
                self.take_reply(cx, memory, &reply);
            }
            Answer::Content(content) if matches!(self.state, State::Token) => {
                self.take_token(memory, content)
            }
            Answer::Addresses(addresses) if matches!(self.state, State::Address) => match addresses.first() {
                Some(first) if addresses.iter().all(|address| may_ask(*address)) => {
                    self.address = Some(*first)
                }
                _ => self
                    .fail(ErrorKind::Invalid("full URI: plain http to a host that is not the container's")),
            },
            Answer::Failed(_) if matches!(self.state, State::Token) => {
                self.fail(ErrorKind::Invalid("token file: it cannot be read"));
            }
            Answer::Failed(failure) => {
                cx.report.clear();
                let kind = ErrorKind::Transport(failure);
                if failure.is_passing() { self.retry(cx, kind) } else { self.fail(kind) }
            }
            _ => self.fail(ErrorKind::Misuse),
        }
        memory.exchange.zeroize();
    }

    fn restart(&mut self) {
        self.attempts = Attempts::default();
        self.state = State::Address;
        self.address = None;
    }
}

impl core::fmt::Debug for Container<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Neither the token nor the target, which can be a capability of its own.
        f.debug_struct("Container")
            .field("endpoint", &self.endpoint)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl core::fmt::Debug for Authorization<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Token(token) => write!(f, "Token({} bytes)", token.len()),
            Self::File(path) => write!(f, "File({path:?})"),
        }
    }
}

/// Whether plain http may go there: loopback, ECS's 169.254.170.2, EKS's 169.254.170.23 and
/// `fd00:ec2::23`.
fn may_ask(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || matches!(v4.octets(), [169, 254, 170, 2 | 23]),
        IpAddr::V6(v6) => v6.is_loopback() || v6.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23],
    }
}

fn no_slot() -> ErrorKind {
    ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: 1 }
}
