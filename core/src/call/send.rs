//! The flow that signs and sends a request.

use crate::error::{CodeClass, Error, ErrorKind, Origin};
use crate::flow::request::{self, Draft};
use crate::flow::sequence::Progress;
use crate::flow::{
    Answer, Ask, Body, Context, Exchange, Flow, Lease, Memory, Need, Next, Outcome, Received, Reply,
    ReplyHeaders, Retries, Source, Span, Stage, Step, Trouble, Workspace,
};
use crate::sigv4::chunked::Announcement;
use crate::sigv4::{DeriveEach, Payload, Rules, Scope, SigningKeys};
use crate::wire::{Cursor, long_decimal};

use super::error_document;
use super::outgoing::{Content, Outgoing};
use super::timing::Timing;

/// Gets credentials from `B`, signs a request with them, and sends it. A reply of any status is a result.
///
/// The request is signed and sent once more if the reply shows that the clock was wrong, and retried as its
/// [`Outgoing::retries`] allow: after 429, 5xx, a throttling code, or a failure that may pass. A request that
/// is not idempotent is sent again only if the service surely did not execute it, and a streamed body only if
/// it can be provided again. A reply whose streamed body breaks off is an error, unless the driver's caller
/// can drop the part it received.
///
/// Slots: those of `B`. Exchange buffer: the request's head, with the session token, then the reply, which
/// stays there: its headers and its body, or its headers alone if the body is streamed.
///
/// The report has what the service says about an error.
///
/// `H` header lines are signed at most, the host among them, and 64 query parameters, unless
/// [`SendRequest::with_room`] is lent room for more.
#[derive(Debug)]
pub struct SendRequest<'c, B, K = DeriveEach, const H: usize = 32> {
    base: B,
    keys: K,
    state: State<'c>,
    progress: Progress,
}

#[derive(Debug)]
struct State<'c> {
    request: Outgoing<'c>,
    timing: Timing,
    answered: Option<Answered>,
    /// Room to sort parameters in.
    table: &'c mut [u16],
}

/// The result of [`SendRequest`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Answered {
    /// The reply, in the exchange buffer.
    pub reply: Reply,
    /// Whether the service refused the credentials as expired or unknown: others may be accepted
    /// ([`Refreshing::invalidate`](crate::refresh::Refreshing::invalidate)).
    pub credentials_ended: bool,
}

impl<'c, B> SendRequest<'c, B> {
    /// A flow that sends `request` with the credentials of `base`.
    pub const fn new(base: B, request: Outgoing<'c>) -> Self {
        Self::with_keys(base, request, DeriveEach)
    }
}

impl<'c, B, K> SendRequest<'c, B, K> {
    /// A flow that sends `request` with the credentials of `base`, and takes signing keys from `keys`.
    pub const fn with_keys(base: B, request: Outgoing<'c>, keys: K) -> Self {
        Self::with_room(base, request, keys, &mut [])
    }
}

impl<'c, B, K, const H: usize> SendRequest<'c, B, K, H> {
    /// As [`SendRequest::with_keys`], with room for `H` header lines, each of which takes 16 bytes of a device's
    /// stack, and for as many query parameters as `table` has elements. Without an element, there is room for 64.
    pub const fn with_room(base: B, request: Outgoing<'c>, keys: K, table: &'c mut [u16]) -> Self {
        let mut progress = Progress::new(request.limits);
        progress.policy = request.retries;
        let state = State { request, timing: Timing::NEW, answered: None, table };
        Self { base, keys, state, progress }
    }
}

impl<'c, B: Flow<'c, Output = Lease>, K: SigningKeys, const H: usize> SendRequest<'c, B, K, H> {
    fn parts(&mut self) -> (Parts<'_, 'c, H>, &mut Progress) {
        (Parts { base: &mut self.base, keys: &self.keys, state: &mut self.state }, &mut self.progress)
    }
}

impl<'c, B: Flow<'c, Output = Lease>, K: SigningKeys, const H: usize> Flow<'c> for SendRequest<'c, B, K, H> {
    type Output = Answered;

    fn slots(&self) -> usize {
        self.base.slots()
    }

    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, Answered> {
        let (mut parts, progress) = self.parts();
        match progress.poll(&mut parts, cx, memory) {
            Step::Need(need) => Step::Need(need),
            Step::Done(Err(error)) => Step::Done(Err(error)),
            Step::Done(Ok(_)) => {
                let missing = Error { origin: Origin::Request, step: "", kind: ErrorKind::Misuse };
                Step::Done(self.state.answered.take().ok_or(missing))
            }
        }
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        let (mut parts, progress) = self.parts();
        progress.answer(&mut parts, cx, memory, answer);
    }

    fn restart(&mut self) {
        let (mut parts, progress) = self.parts();
        progress.restart(&mut parts);
        self.state.answered = None;
    }
}

/// A request without its types.
struct Parts<'p, 'c, const H: usize> {
    base: &'p mut dyn Flow<'c, Output = Lease>,
    keys: &'p dyn SigningKeys,
    state: &'p mut State<'c>,
}

const BASE: u8 = 0;
const SEND: u8 = 1;

impl<'c, const H: usize> Source<'c> for Parts<'_, 'c, H> {
    fn origin(&self) -> Origin {
        Origin::Request
    }

    fn stage(&self, at: u8) -> &'static Stage {
        const OFTEN: Stage = Stage { leaves_reply: true, ..Stage::service("").back_to(SEND) };
        const BODILESS: Stage = OFTEN.retries(Retries::Bodiless);
        const ONCE: Stage = OFTEN.retries(Retries::Unsent);
        let request = &self.state.request;
        match request.idempotent && self.state.can_send_again() {
            _ if at == BASE => const { &Stage::base() },
            false => &ONCE,
            true if request.streams_reply && !request.reply_starts_over => &BODILESS,
            true => &OFTEN,
        }
    }

    fn slots(&self) -> usize {
        self.base.slots()
    }

    fn ask(&mut self, at: u8, work: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind> {
        if at == BASE {
            return Ok(Ask::Base);
        }
        let written = self.write(work)?;
        let request = &self.state.request;
        let body = match request.content {
            Content::Bytes(bytes) | Content::Unsigned(bytes) => Body::Bytes(bytes),
            Content::Streamed { len, .. } => Body::Streamed(len),
            Content::Chunked { announcement, .. } => Body::Streamed(announcement.encoded_len()),
        };
        Ok(Ask::Need(Need::Http(Exchange {
            body,
            repeatable: request.idempotent && self.state.can_send_again(),
            reply_headers: ReplyHeaders::All,
            streams_reply: request.streams_reply,
            ..Exchange::new(request.endpoint, written, request.limits)
        })))
    }

    fn take(&mut self, _: u8, work: &mut Workspace<'_, '_>, outcome: Outcome<'_>) -> Result<Next, Trouble> {
        if let Outcome::Base = outcome {
            return Ok(Next::Step(SEND));
        }
        let received = outcome.reply()?;
        let reply = received.reply;
        let ended = (200..300).contains(&reply.status).then_some(Next::Done);
        let (next, credentials_ended) = match ended {
            Some(done) => (done, false),
            None => self.take_error(work, &received),
        };
        self.state.answered = Some(Answered { reply: reply.clone(), credentials_ended });
        Ok(next)
    }

    fn base(&mut self) -> Option<(&mut dyn Flow<'c, Output = Lease>, usize)> {
        Some((self.base, 0))
    }

    fn restart(&mut self) {
        self.state.timing = Timing::NEW;
    }
}

impl State<'_> {
    /// Whether the body can be provided again.
    fn can_send_again(&self) -> bool {
        !matches!(
            self.request.content,
            Content::Streamed { rewinds: false, .. } | Content::Chunked { rewinds: false, .. }
        )
    }
}

impl<const H: usize> Parts<'_, '_, H> {
    fn write(&mut self, work: &mut Workspace<'_, '_>) -> Result<Span, ErrorKind> {
        let State { request, timing, table, .. } = &mut *self.state;
        let announced = match request.content {
            Content::Chunked { announcement, .. } => Some(announcement),
            _ => None,
        };
        let lines = announced.map(Announcement::written);
        let own = lines.as_ref().and_then(|(lines, count)| lines.get(..*count)).unwrap_or_default();
        let reserved = request
            .headers
            .iter()
            .any(|(name, _)| is_reserved(name) || (announced.is_some() && is_announced(name)));
        if reserved || request.method.eq_ignore_ascii_case("CONNECT") {
            return Err(ErrorKind::Invalid(
                "request: it is framed, routed and signed here; leave out CONNECT, authorization, headers such as content-length, transfer-encoding and connection, and with chunks x-amz-decoded-content-length and x-amz-trailer",
            ));
        }
        let held = work.slots.first().and_then(|slot| slot.credentials());
        let credentials = held.ok_or(ErrorKind::Missing("credentials"))?;
        let time = timing.signing_time(work.clock, work.now)?;
        let payload = request.content.payload();
        let rules = request.scope.rules;
        // A body that is not signed is announced as such.
        let uncovered = matches!(payload, Payload::Unsigned | Payload::Chunks(_));
        let rules = Rules { content_sha256: rules.content_sha256 || uncovered, ..rules };
        let scope = Scope { rules, ..request.scope };
        let len = request.content.len();
        let bodiless = matches!(request.method, "GET" | "HEAD" | "DELETE" | "OPTIONS" | "TRACE");
        if announced.is_some() && !request.scope.rules.content_sha256 {
            return Err(ErrorKind::Invalid(
                "request: S3 alone takes a body in chunks; send its bytes or its hash",
            ));
        }
        let mut digits = [0; 20];
        let mut length = Cursor::new(&mut digits);
        long_decimal(len, &mut length);
        let draft = Draft {
            method: request.method,
            endpoint: &request.endpoint,
            target: request.target,
            headers: request.headers,
            payload,
            length: if len > 0 || !bodiless { length.finish().unwrap_or_default() } else { b"" },
            own,
            chunks: announced.map(|_| self.keys),
        };
        let mut written = Err(ErrorKind::Misuse);
        let exchange = &mut *work.exchange;
        let signed = self.keys.with_signer(&credentials, scope, time, &mut |signer| {
            written = request::write_signed::<H>(exchange, &draft, None, Some(signer), table);
            Ok(())
        });
        signed.map_err(ErrorKind::Sign)?;
        written
    }

    /// Handles a reply that is not a success, and returns whether it says that the credentials have expired.
    fn take_error(&mut self, work: &mut Workspace<'_, '_>, received: &Received<'_>) -> (Next, bool) {
        let reply = received.reply;
        let xml = reply.body(work.exchange).trim_ascii_start().first() != Some(&b'{');
        error_document::read_reply(reply, work.exchange, xml, work.report);
        let class = CodeClass::of(work.report.code());
        let clock = self.state.timing.was_wrong(work.clock, received, work.report.code());
        work.report.redact_all(work.slots);
        let throttled = reply.status == 429 || class == CodeClass::Throttled;
        let not_executed = throttled || self.state.request.idempotent;
        let next = match clock {
            _ if !self.state.can_send_again() => Next::Done,
            Some(true) => Next::Step(SEND),
            _ if not_executed && (throttled || reply.status >= 500) => Next::AgainOrDone,
            _ => Next::Done,
        };
        (next, class == CodeClass::CredentialsEnded)
    }
}

/// Whether the flow writes the header `name` of a body in chunks.
fn is_announced(name: &str) -> bool {
    ["x-amz-decoded-content-length", "x-amz-trailer"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// Returns whether [`SendRequest`] refuses the header `name` of a caller: one that frames or routes a request, which
/// is the driver's task, or that is the signature. Two framings make a request that can be split in two (RFC 9112,
/// sections 6.1 to 6.3).
pub fn is_reserved(name: &str) -> bool {
    const RESERVED: [&str; 9] = [
        "authorization",
        "content-length",
        "transfer-encoding",
        "connection",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "keep-alive",
    ];
    RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
        || name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("proxy-"))
}
