//! The credential endpoint of a container in ECS or EKS.

use core::net::IpAddr;

use heapless::Vec;

use crate::error::{ErrorKind, Failure, Origin, Phase};
use crate::flow::slot::Field;
use crate::flow::source::NO_SLOT;
use crate::flow::{
    Ask, Endpoint, Limits, Need, Next, Outcome, Report, RetryPolicy, Sequence, Slot, Source, Stage, Trouble,
    Workspace, request,
};
use crate::wire::http1::is_header_value;
use crate::wire::json::{self, Token};
use crate::wire::uri::{Scheme, address};
use crate::wire::{self, Put};

use super::document::Document;

/// The value of `Authorization` that the endpoint requires.
#[derive(Clone, Copy)]
pub enum Authorization<'c> {
    /// No header.
    None,
    /// A fixed value.
    Token(&'c str),
    /// The content of this file, read again for every attempt; white space at its end is dropped.
    File(&'c str),
}

/// The flow that gets the credentials of the container's task or pod.
///
/// Plain http goes to loopback and to the link-local addresses of ECS and EKS only. A host name is resolved
/// once, every address it has must be one of those, and connections go to those that were checked, so that DNS
/// rebinding has no effect. If one refuses connections, the next is tried, of up to four. Three attempts are a second
/// apart: on a device the service may start beside the program.
///
/// Slots: one; it holds a token read from a file until the request is sent, too. Exchange buffer: at least
/// 1.5 KB; 8 KB for tokens of 4 KB.
pub type Container<'c> = Sequence<ContainerEndpoint<'c>>;

/// The steps of [`Container`].
pub struct ContainerEndpoint<'c> {
    /// `None` if it is not configured.
    endpoint: Option<Endpoint<'c>>,
    target: &'c str,
    authorization: Authorization<'c>,
    /// The checked addresses of a host that is given by name, and which of them is next.
    addresses: Vec<IpAddr, MAX_ADDRESSES>,
    next: usize,
}

/// The addresses of a name that are tried: the first ones, in the order of the resolver.
const MAX_ADDRESSES: usize = 4;

/// Checks the address, or has the name resolved.
const ADDRESS: u8 = 0;
/// Has the token read, if it is in a file.
const TOKEN: u8 = 1;
/// Requests the credentials. A token from a file is in the slot.
const CREDENTIALS: u8 = 2;

impl<'c> Container<'c> {
    /// The address of relative URIs on ECS.
    pub const ECS_ENDPOINT: &'static str = "http://169.254.170.2";
    /// Two seconds to connect, five to the first byte, eight for an exchange, 64 KiB of body.
    pub const LIMITS: Limits =
        Limits { connect_ms: 2_000, first_byte_ms: 5_000, total_ms: 8_000, body_bytes: 64 * 1024 };

    /// A source that is not configured: it ends at once, and a chain goes on to the next.
    pub fn absent() -> Self {
        Self::asking(None, "/", Authorization::None)
    }

    /// An endpoint from `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`: a path, with its query, at
    /// [`Self::ECS_ENDPOINT`].
    ///
    /// # Errors
    /// A path that does not start with a slash.
    pub fn relative(path: &'c str, authorization: Authorization<'c>) -> Result<Self, wire::Error> {
        if !path.starts_with('/') {
            return Err(wire::Error { offset: 0, kind: wire::Kind::UnexpectedByte });
        }
        let endpoint = Endpoint::parse(Self::ECS_ENDPOINT)?;
        Ok(Self::asking(Some(endpoint), path, authorization))
    }

    /// An endpoint from `AWS_CONTAINER_CREDENTIALS_FULL_URI`. The first step refuses a host that plain http
    /// must not
    /// go to.
    ///
    /// # Errors
    /// A text that is not a URL.
    pub fn full(url: &'c str, authorization: Authorization<'c>) -> Result<Self, wire::Error> {
        let (endpoint, target) = Endpoint::and_target(url)?;
        Ok(Self::asking(Some(endpoint), target, authorization))
    }

    fn asking(endpoint: Option<Endpoint<'c>>, target: &'c str, authorization: Authorization<'c>) -> Self {
        Self::of(ContainerEndpoint { endpoint, target, authorization, addresses: Vec::new(), next: 0 })
            .with_limits(Self::LIMITS)
            .with_retry_policy(RetryPolicy::DEFAULT.with_pause(1_000))
    }
}

impl<'c> Source<'c> for ContainerEndpoint<'c> {
    fn origin(&self) -> Origin {
        Origin::Container
    }

    /// Another attempt starts from the address: a token may have been replaced.
    fn stage(&self, at: u8) -> &'static Stage {
        const LOCAL: Stage = Stage::local("").timed();
        const REMOTE: Stage = Stage::metadata("").back_to(ADDRESS);
        if at == TOKEN { &LOCAL } else { &REMOTE }
    }

    fn ask(&mut self, at: u8, work: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind> {
        let endpoint = self.endpoint.ok_or(ErrorKind::NotConfigured)?;
        if at == ADDRESS {
            self.next = 0;
            return match (endpoint.scheme(), address(endpoint.host())) {
                (Scheme::Http, Some(address)) if !may_ask(address) => {
                    Err(ErrorKind::Invalid("full URI: plain http to an address that is not the container's"))
                }
                (Scheme::Http, None) if self.addresses.is_empty() => {
                    Ok(Ask::Need(Need::Resolve { host: endpoint.host() }))
                }
                _ => Ok(Ask::Step(TOKEN)),
            };
        }
        if at == TOKEN {
            return Ok(match self.authorization {
                Authorization::File(path) => Ask::Need(Need::File { path }),
                _ => Ask::Step(CREDENTIALS),
            });
        }
        let token = match self.authorization {
            Authorization::None => None,
            Authorization::Token(token) => Some(token),
            Authorization::File(_) => work.slots.first().and_then(|slot| slot.text(Field::SessionToken)),
        };
        let headers =
            [("Accept", &b"application/json"[..]), ("Authorization", token.unwrap_or_default().as_bytes())];
        let headers = headers.get(..if token.is_some() { 2 } else { 1 }).unwrap_or_default();
        let slash = if self.target.starts_with('/') { "" } else { "/" };
        let written = request::write(work.exchange, "GET", &endpoint, &[slash, self.target], headers);
        let request = written.map_err(|kind| match kind {
            ErrorKind::Invalid("header") => ErrorKind::Invalid("authorization token: a line break inside"),
            kind => kind,
        })?;
        Ok(Ask::Exchange { endpoint, address: self.addresses.get(self.next).copied(), request })
    }

    fn take(&mut self, at: u8, work: &mut Workspace<'_, '_>, outcome: Outcome<'_>) -> Result<Next, Trouble> {
        match at {
            ADDRESS => {
                let Outcome::Addresses(addresses) = outcome else { return Err(ErrorKind::Misuse.into()) };
                if addresses.is_empty() || !addresses.iter().all(|address| may_ask(*address)) {
                    let problem = "full URI: plain http to a host that is not the container's";
                    return Err(ErrorKind::Invalid(problem).into());
                }
                self.addresses = addresses.iter().take(MAX_ADDRESSES).copied().collect();
                Ok(Next::Step(TOKEN))
            }
            TOKEN => {
                keep_token(outcome.content(work.exchange)?, work.slots)?;
                Ok(Next::Step(CREDENTIALS))
            }
            _ => {
                let received = outcome.reply()?;
                let own = if let Authorization::Token(token) = self.authorization { token } else { "" };
                if received.reply.status != 200 {
                    put_reason(received.reply.body(work.exchange), work.report);
                    work.report.redact_all(work.slots.get(..1).unwrap_or_default());
                    work.report.redact(own);
                    work.slot()?.clear();
                    received.expect(200)?;
                }
                let taken = Document::Metadata.take(work, &received);
                work.report.redact(own);
                // The document has replaced a file's token, which cannot be compared now.
                if matches!(self.authorization, Authorization::File(_)) {
                    work.report.clear();
                }
                // Half a document may be complete the next time.
                let retry = matches!(taken, Err(ErrorKind::Malformed(_) | ErrorKind::Missing(_)));
                taken.map(|()| Next::Done).map_err(|kind| Trouble { kind, retry })
            }
        }
    }

    fn failed(&self, at: u8, failure: Failure) -> ErrorKind {
        if at == TOKEN {
            ErrorKind::Invalid("token file: it cannot be read")
        } else {
            ErrorKind::Transport(failure)
        }
    }

    /// The token is still in the slot, or a setting.
    fn elsewhere(&mut self, at: u8, failure: Failure) -> Option<u8> {
        let next = self.next.saturating_add(1);
        if at != CREDENTIALS || failure.phase != Phase::Connect || next >= self.addresses.len() {
            return None;
        }
        self.next = next;
        Some(CREDENTIALS)
    }

    fn restart(&mut self) {
        self.addresses.clear();
    }
}

/// Stores the token from a file in the slot.
fn keep_token(content: &[u8], slots: &mut [Slot<'_>]) -> Result<(), ErrorKind> {
    let token = content.trim_ascii_end();
    // One that is not UTF-8 would count as none, and the request would be sent without it.
    if token.is_empty() || !is_header_value(token) || !token.is_ascii() {
        return Err(ErrorKind::Invalid("token file: empty, not ASCII, or a line break inside"));
    }
    let slot = slots.first_mut().ok_or(NO_SLOT)?;
    slot.clear();
    slot.write(Field::SessionToken, &mut |out| out.put(token));
    slot.seal()
}

/// Copies an error's body into the report: ECS sends JSON, EKS plain text.
fn put_reason(body: &[u8], report: &mut Report) {
    for name in ["code", "Code"] {
        if let Ok(Some(Token::Str(text))) = json::member(body, name) {
            text.put(&mut report.new_code());
        }
    }
    for name in ["message", "Message"] {
        if let Ok(Some(Token::Str(text))) = json::member(body, name) {
            text.put(&mut report.new_message());
        }
    }
}

impl core::fmt::Debug for ContainerEndpoint<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Neither the token nor the target, which can be a capability of its own.
        f.debug_struct("ContainerEndpoint").field("endpoint", &self.endpoint).finish_non_exhaustive()
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

/// Whether plain http may go there: loopback, ECS's 169.254.170.2, EKS's 169.254.170.23 and `fd00:ec2::23`.
fn may_ask(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || matches!(v4.octets(), [169, 254, 170, 2 | 23]),
        IpAddr::V6(v6) => v6.is_loopback() || v6.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23],
    }
}
