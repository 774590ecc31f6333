//! The flow of one signed call.

use zeroize::Zeroize;

use crate::error::{Buffer, Error, ErrorKind, Phase};
use crate::flow::lease::{Observed, observe};
use crate::flow::request;
use crate::flow::request::Content;
use crate::flow::retry::{Attempts, Pause, Persistence};
use crate::flow::slot::Field;
use crate::flow::{
    Answer, Context, Endpoint, Exchange, Flow, Lease, Limits, Memory, Need, Reply, Slot, Span, Step,
};
use crate::sigv4::{Rules, Signer, SigningKey};
use crate::skew::Authority;
use crate::wire::scan::is_one_of;
use crate::wire::time::UnixTime;
use crate::wire::{Cursor, Put};

use super::error_document;
use super::operation::{Operation, Proof, Protocol, Shape};

/// The service that a call goes to.
#[derive(Debug, Clone, Copy)]
pub struct Service<'c> {
    /// Where it is.
    pub endpoint: Endpoint<'c>,
    /// The region to sign for.
    pub region: &'c str,
    /// The limits of each exchange.
    pub limits: Limits,
    /// The bounds on attempts.
    pub persistence: Persistence,
}

impl<'c> Service<'c> {
    /// Three seconds to connect, ten to the first byte, fifteen for an exchange, 256 KiB of body.
    pub const LIMITS: Limits = Limits { connect: 3_000, first_byte: 10_000, total: 15_000, body: 256 * 1024 };

    /// A service with the usual limits.
    pub fn new(endpoint: Endpoint<'c>, region: &'c str) -> Self {
        Self { endpoint, region, limits: Self::LIMITS, persistence: Persistence::DEFAULT }
    }
}

/// Gets credentials from `base` and makes the call with them.
///
/// Slots: the first for the result, then those of `base`; those of `base` alone if the operation adds
/// to them. Exchange buffer: request (the session
/// token of `base`, 600 bytes, the parameters) or reply (the new session token, 1 KB), whichever is
/// longer: at least 2 KB, 8 KB for tokens of 4 KB.
///
/// A reply that tells of a clock that is off by more than four minutes makes it sign anew and try
/// once more, and so does a refusal that tells the time to a board that had none.
#[derive(Debug)]
pub struct Call<'c, B, O: Operation> {
    base: B,
    service: Service<'c>,
    operation: O,
    attempts: Attempts,
    state: State<O::Output>,
    /// The last request was signed for a made-up time.
    blind: bool,
    /// The one retry that a wrong clock earns was made.
    corrected: bool,
}

#[derive(Debug, Clone, Copy)]
enum State<T> {
    Base,
    Call,
    Ended(Result<T, Error>),
}

impl<'c, B: Flow<'c, Output = Lease>, O: Operation> Call<'c, B, O> {
    /// The call of `operation` at `service` with the credentials of `base`.
    pub fn new(base: B, service: Service<'c>, operation: O) -> Self {
        Self {
            base,
            service,
            operation,
            attempts: Attempts::default(),
            state: State::Base,
            blind: false,
            corrected: false,
        }
    }

    /// Where its credentials come from.
    pub(crate) fn base_mut(&mut self) -> &mut B {
        &mut self.base
    }

    /// What is called.
    pub(crate) fn operation(&self) -> &O {
        &self.operation
    }

    /// What is called, to be changed between runs.
    pub(crate) fn operation_mut(&mut self) -> &mut O {
        &mut self.operation
    }

    fn shape(&self) -> &Shape {
        self.operation.shape()
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error { origin: self.shape().api.origin, step: self.shape().step, kind }
    }

    /// A token that cannot be had is an error of this call.
    fn told_by_base(&self, error: Error) -> Error {
        match self.shape().proof {
            Proof::Token { .. } => Error { origin: self.shape().api.origin, step: "token", ..error },
            Proof::Signature | Proof::Unsigned => error,
        }
    }

    /// The slot of the base's result: the first, or the one after that of this call's own.
    fn held_at(&self) -> usize {
        usize::from(!self.shape().adds)
    }

    fn fail(&mut self, kind: ErrorKind) {
        self.state = State::Ended(Err(self.error(kind)));
    }

    fn retry(&mut self, cx: &Context<'_>, kind: ErrorKind) {
        if !self.attempts.again(cx.now.monotonic, self.service.persistence, cx.entropy) {
            self.fail(kind);
        } else if matches!(self.shape().proof, Proof::Token { .. }) {
            // A token is short-lived, and may have been replaced.
            self.state = State::Base;
        }
    }

    fn write(&mut self, cx: &Context<'_>, memory: &mut Memory<'_, '_>) -> Result<Span, ErrorKind> {
        let missing = ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: 2 };
        let held = memory.slots.get(self.held_at()).ok_or(missing)?;
        let shape = self.shape();
        if let Proof::Token { longest, limits } = shape.proof {
            let token = held.text(Field::SessionToken).unwrap_or_default();
            if !(4..=longest).contains(&token.len()) {
                return Err(ErrorKind::Invalid(limits));
            }
        }
        if shape.proof != Proof::Signature {
            return write_call(memory.exchange, &self.service, None, &self.operation, held);
        }
        let credentials = held.credentials().ok_or(missing)?;
        let time = cx.clock.time(cx.now);
        self.blind = time.is_none();
        if self.blind && !cx.clock.learns() {
            return Err(ErrorKind::ClockUnknown);
        }
        // A board without a clock asks with a date that will be refused: the refusal tells the time.
        let time = time.unwrap_or(UnixTime::EPOCH);
        let region = self.service.region;
        let service = self.shape().api.service;
        let key = SigningKey::derive(credentials.secret_access_key(), time, region, service);
        let signer = Signer::new(&credentials, &key, Rules::STANDARD, time).map_err(ErrorKind::Sign)?;
        write_call(memory.exchange, &self.service, Some(&signer), &self.operation, held)
    }

    // Not inlined: what only a reply needs is no part of the frame of what answers for the base.
    #[inline(never)]
    fn take_reply(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, reply: &Reply) {
        let observed: Observed = observe(cx, reply, memory.exchange, Authority::Service);
        let body = reply.body(memory.exchange);
        if reply.status == 200 {
            let Some(slot) = memory.slots.first_mut() else {
                return self.fail(ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: 2 });
            };
            if !self.shape().adds {
                slot.clear();
            }
            let read = self.operation.read(body, slot, &|expiration| observed.lease(expiration));
            if read.is_err() {
                slot.clear();
            } else {
                cx.report.clear();
            }
            self.state = State::Ended(read.map_err(|kind| self.error(kind)));
            return;
        }
        cx.report.clear();
        let headers = reply.headers(memory.exchange);
        let read = match self.shape().api.protocol {
            Protocol::Query { .. } | Protocol::Ec2 { .. } => error_document::read_error(body, cx.report),
            // What stands before a service may speak XML all the same.
            Protocol::Json { .. } if body.trim_ascii_start().first() == Some(&b'<') => {
                error_document::read_error(body, cx.report)
            }
            Protocol::Json { .. } => {
                let kind = headers.text("x-amzn-errortype").unwrap_or_default();
                error_document::read_json_error(body, kind, cx.report)
            }
        };
        let explained = read.is_ok() && !cx.report.code().is_empty();
        if cx.report.request_id().is_empty() {
            let id =
                headers.text("x-amzn-requestid").or(headers.text("x-amz-request-id")).unwrap_or_default();
            cx.report.new_request_id().put(id.as_bytes());
        }
        let code = cx.report.code();
        let told = self.blind && cx.clock.time(reply.received).is_some();
        let clock = told || cx.clock.explains(code, observed.skew);
        let throttled =
            reply.status == 429 || is_one_of(THROTTLED, code) || self.shape().retried.contains(&code);
        let passing = reply.status >= 500 || throttled;
        let stale = is_one_of(PASSING, code);
        cx.report.withhold(memory.slots, &[]);
        self.operation.secrets(&mut |secret| cx.report.withhold(&[], &[secret]));
        let kind = if explained {
            ErrorKind::Refused { status: reply.status, recoverable: passing || stale || clock }
        } else {
            ErrorKind::Status(reply.status)
        };
        // An error of the service's own may have come after the deed.
        let untouched = throttled || self.shape().repeatable;
        if clock && !self.corrected {
            self.corrected = true;
        } else if passing && untouched {
            self.retry(cx, kind);
        } else {
            self.fail(kind);
        }
    }
}

/// Codes that ask for patience.
const THROTTLED: &str = "Throttling ThrottlingException ThrottledException RequestLimitExceeded \
                         TooManyRequestsException";
/// Codes of an error that other credentials, or the same call a little later, may not meet.
const PASSING: &str = "ExpiredToken ExpiredTokenException InvalidToken IDPCommunicationError RequestExpired";

/// Writes the request of an operation, signed if there is a signer. Not inlined, so that no other step
/// has its frame.
#[inline(never)]
fn write_call(
    exchange: &mut [u8],
    service: &Service<'_>,
    signer: Option<&Signer<'_>>,
    operation: &impl Operation,
    held: &Slot<'_>,
) -> Result<Span, ErrorKind> {
    let shape = operation.shape();
    let body = |out: &mut dyn Put| operation.body(out, held);
    match shape.api.protocol {
        Protocol::Query { .. } | Protocol::Ec2 { .. } => {
            let mime = "application/x-www-form-urlencoded; charset=utf-8";
            let content = Content { mime, target: None, body: &body };
            request::write_post(exchange, &service.endpoint, &content, signer)
        }
        Protocol::Json { content_type, target } => {
            let parts = [target, ".", shape.action];
            write_json(exchange, service, signer, content_type, parts, &body)
        }
    }
}

/// Writes the request of a JSON service. Not inlined, so that no other service has its frame.
#[inline(never)]
fn write_json(
    exchange: &mut [u8],
    service: &Service<'_>,
    signer: Option<&Signer<'_>>,
    mime: &str,
    target: [&str; 3],
    body: &dyn Fn(&mut dyn Put),
) -> Result<Span, ErrorKind> {
    let mut room = [0; 80];
    let mut out = Cursor::new(&mut room);
    target.iter().for_each(|part| out.put(part.as_bytes()));
    let target = out.finish().map_err(|_| ErrorKind::Invalid("operation: 79 characters with its prefix"))?;
    let content = Content { mime, target: Some(target), body };
    request::write_post(exchange, &service.endpoint, &content, signer)
}

const REPLY_HEADERS: [&str; 5] = ["date", "age", "x-amzn-requestid", "x-amz-request-id", "x-amzn-errortype"];

impl<'c, B: Flow<'c, Output = Lease>, O: Operation> Flow<'c> for Call<'c, B, O> {
    type Output = O::Output;

    fn slots(&self) -> usize {
        self.base.slots().saturating_add(self.held_at())
    }

    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, O::Output> {
        if let State::Ended(result) = self.state {
            self.restart();
            return Step::Done(result);
        }
        if memory.slots.len() < self.slots() {
            let kind = ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: self.slots() };
            return Step::Done(Err(self.error(kind)));
        }
        if let Some(until) = self.attempts.pause(cx.now.monotonic) {
            return Step::Need(Need::Wait { until });
        }
        if matches!(self.state, State::Base) {
            if let Err(kind) = self.operation.check() {
                return Step::Done(Err(self.error(kind)));
            }
            let base = self.base.poll(cx, &mut memory.without_slots(self.held_at()));
            match base {
                Step::Need(need) => return Step::Need(need),
                Step::Done(Err(error)) => {
                    self.restart();
                    return Step::Done(Err(self.told_by_base(error)));
                }
                Step::Done(Ok(_)) => self.state = State::Call,
            }
        }
        let Service { limits, persistence, .. } = self.service;
        let limits = match self.attempts.proceed(cx.now.monotonic, limits, persistence) {
            Ok(limits) => limits,
            Err(Pause::Until(until)) => return Step::Need(Need::Wait { until }),
            Err(Pause::OutOfTime) => {
                self.restart();
                return Step::Done(Err(self.error(ErrorKind::OutOfTime)));
            }
        };
        match self.write(cx, memory) {
            Ok(request) => Step::Need(Need::Http(Exchange {
                endpoint: self.service.endpoint,
                address: None,
                request,
                metadata: false,
                limits,
                repeatable: self.shape().repeatable,
                reply_headers: &REPLY_HEADERS,
            })),
            Err(kind) => {
                self.restart();
                Step::Done(Err(self.error(kind)))
            }
        }
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        if matches!(self.state, State::Base) {
            let mut memory = memory.without_slots(self.held_at());
            return self.base.answer(cx, &mut memory, answer);
        }
        match answer {
            Answer::Reply(reply) => self.take_reply(cx, memory, &reply),
            Answer::Failed(failure) => {
                cx.report.clear();
                let kind = ErrorKind::Transport(failure);
                let unsent = matches!(failure.phase, Phase::Resolve | Phase::Connect);
                let again = failure.is_passing() && (unsent || self.shape().repeatable);
                if again { self.retry(cx, kind) } else { self.fail(kind) }
            }
            _ => self.fail(ErrorKind::Misuse),
        }
        memory.exchange.zeroize();
    }

    fn restart(&mut self) {
        self.base.restart();
        self.attempts = Attempts::default();
        self.state = State::Base;
        self.blind = false;
        self.corrected = false;
    }
}
