//! The flow of one signed call.

use zeroize::Zeroize;

use crate::error::{Buffer, Error, ErrorKind, Origin};
use crate::sigv4::{Rules, Signer, SigningKey};
use crate::skew::Authority;
use crate::sources::attempts::{Attempts, Pause, Persistence};
use crate::sources::observe::{Observed, observe};
use crate::sources::slot::Field;
use crate::sources::{
    Answer, Context, Endpoint, Exchange, Flow, Lease, Limits, Memory, Need, Reply, Slot, Span, Step, request,
};
use crate::wire::percent::{self, Keep};
use crate::wire::scan::is_one_of;
use crate::wire::time::UnixTime;
use crate::wire::{Put, decimal};

use super::limits::Tag;
use super::reply;

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

/// One operation of a Query service.
pub trait Operation {
    /// What the call ends with.
    type Output: Copy;

    /// Who an error is told of.
    const ORIGIN: Origin;
    /// The name that the service is signed for.
    const SERVICE: &'static str;
    /// The version of its API.
    const VERSION: &'static str;
    /// The operation's name.
    const ACTION: &'static str;
    /// What the base brings.
    const PROOF: Proof = Proof::Signature;
    /// Codes of errors that the same call may not meet a little later.
    const RETRIED: &'static [&'static str] = &[];

    /// Checks the limits that the service documents, before anything is sent.
    fn check(&self) -> Result<(), ErrorKind>;

    /// Puts the parameters. `held` is what the base brought.
    fn parameters(&self, form: &mut Form<'_>, held: &Slot<'_>);

    /// Reads the body of a reply of status 200 into `slot`. `lease` tells the lease of credentials
    /// that end at the given time, or `None` if they have ended.
    fn read(
        &self,
        body: &[u8],
        slot: &mut Slot<'_>,
        lease: &dyn Fn(Option<UnixTime>) -> Option<Lease>,
    ) -> Result<Self::Output, ErrorKind>;
}

/// How a request shows who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// The base brings credentials, and the request is signed with them.
    Signature,
    /// The base brings a token, which is a parameter of the request; nothing is signed. The base is
    /// asked anew for every attempt.
    Token {
        /// Characters that the token may have at most; at least it has four.
        longest: usize,
        /// The same in words, for the error.
        limits: &'static str,
    },
}

/// A form body being written.
pub struct Form<'p> {
    out: &'p mut dyn Put,
}

impl Form<'_> {
    /// Puts a parameter, percent-encoded.
    pub fn text(&mut self, name: &str, value: &str) {
        self.out.put(b"&");
        self.out.put(name.as_bytes());
        self.out.put(b"=");
        percent::encode(value.as_bytes(), Keep::Unreserved, &mut Blanks(self.out));
    }

    /// Puts a parameter that is a whole number.
    pub fn number(&mut self, name: &str, value: u32) {
        self.out.put(b"&");
        self.out.put(name.as_bytes());
        self.out.put(b"=");
        decimal(value, &mut *self.out);
    }

    /// Puts a parameter that is there.
    pub fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// Puts a number that is there.
    pub fn optional_number(&mut self, name: &str, value: Option<u32>) {
        if let Some(value) = value {
            self.number(name, value);
        }
    }

    /// Puts one member of a list, or one field of it (`.Key`): `list.member.1.Key=value`.
    pub fn member(&mut self, list: &str, number: u32, field: &str, value: &str) {
        self.out.put(b"&");
        self.out.put(list.as_bytes());
        self.out.put(b".member.");
        decimal(number, &mut *self.out);
        self.out.put(field.as_bytes());
        self.out.put(b"=");
        percent::encode(value.as_bytes(), Keep::Unreserved, &mut Blanks(self.out));
    }

    /// Puts the token that the base brought.
    pub fn token(&mut self, name: &str, held: &Slot<'_>) {
        self.optional(name, held.text(Field::SessionToken));
    }

    pub(super) fn policies(&mut self, arns: &[&str]) {
        for (number, arn) in (1..).zip(arns) {
            self.member("PolicyArns", number, ".arn", arn);
        }
    }

    pub(super) fn tags(&mut self, tags: &[Tag<'_>]) {
        for (number, (key, value)) in (1..).zip(tags) {
            self.member("Tags", number, ".Key", key);
            self.member("Tags", number, ".Value", value);
        }
    }

    /// Puts the serial number of a multi-factor device, and the code that was given or asked for.
    pub(super) fn mfa(&mut self, serial: Option<&str>, code: Option<&str>, held: &Slot<'_>) {
        if let Some(serial) = serial {
            self.text("SerialNumber", serial);
            self.optional("TokenCode", code.or(held.text(Field::TokenCode)));
        }
    }
}

/// Puts an escaped blank as forms have it. Some verifiers take a form apart and sign what they make of
/// it anew, and know no other way.
struct Blanks<'p>(&'p mut dyn Put);

impl Put for Blanks<'_> {
    fn put(&mut self, bytes: &[u8]) {
        self.0.put(if bytes == b"%20" { b"+" } else { bytes });
    }
}

impl core::fmt::Debug for Form<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Form")
    }
}

/// Gets credentials from `base` and makes the call with them.
///
/// Slots: the first for the result, then those of `base`. Exchange buffer: request (the session
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

    fn error(kind: ErrorKind) -> Error {
        Error { origin: O::ORIGIN, step: "", kind }
    }

    /// A token that cannot be had is an error of this call.
    fn told_by_base(error: Error) -> Error {
        match O::PROOF {
            Proof::Signature => error,
            Proof::Token { .. } => Error { origin: O::ORIGIN, step: "token", ..error },
        }
    }

    fn fail(&mut self, kind: ErrorKind) {
        self.state = State::Ended(Err(Self::error(kind)));
    }

    fn retry(&mut self, cx: &Context<'_>, kind: ErrorKind) {
        if !self.attempts.again(cx.now.monotonic, self.service.persistence, cx.entropy) {
            self.fail(kind);
        } else if O::PROOF != Proof::Signature {
            // A token is short-lived, and may have been replaced.
            self.state = State::Base;
        }
    }

    fn write(&mut self, cx: &Context<'_>, memory: &mut Memory<'_, '_>) -> Result<Span, ErrorKind> {
        let missing = ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: 2 };
        let held = memory.slots.get(1).ok_or(missing)?;
        if let Proof::Token { longest, limits } = O::PROOF {
            let token = held.text(Field::SessionToken).unwrap_or_default();
            if !(4..=longest).contains(&token.len()) {
                return Err(ErrorKind::Invalid(limits));
            }
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
        let key = SigningKey::derive(credentials.secret_access_key(), time, region, O::SERVICE);
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
            slot.clear();
            let read = self.operation.read(body, slot, &|expiration| observed.lease(expiration));
            if read.is_err() {
                slot.clear();
            } else {
                cx.report.clear();
            }
            self.state = State::Ended(read.map_err(Self::error));
            return;
        }
        cx.report.clear();
        let explained = reply::read_error(body, cx.report).is_ok() && !cx.report.code().is_empty();
        if cx.report.request_id().is_empty() {
            let headers = reply.headers(memory.exchange);
            let id =
                headers.text("x-amzn-requestid").or(headers.text("x-amz-request-id")).unwrap_or_default();
            cx.report.new_request_id().put(id.as_bytes());
        }
        let code = cx.report.code();
        let told = self.blind && cx.clock.time(reply.received).is_some();
        let clock = told || cx.clock.explains(code, observed.skew);
        let throttled = reply.status == 429 || is_one_of(THROTTLED, code) || O::RETRIED.contains(&code);
        let passing = reply.status >= 500 || throttled;
        let stale = is_one_of(PASSING, code);
        cx.report.withhold(memory.slots, &[]);
        let kind = if explained {
            ErrorKind::Refused { status: reply.status, recoverable: passing || stale || clock }
        } else {
            ErrorKind::Status(reply.status)
        };
        if clock && !self.corrected {
            self.corrected = true;
        } else if passing {
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
    fn body<O: Operation>(operation: &O, held: &Slot<'_>, out: &mut dyn Put) {
        out.put(b"Action=");
        out.put(O::ACTION.as_bytes());
        let mut form = Form { out };
        form.text("Version", O::VERSION);
        operation.parameters(&mut form, held);
    }
    let content_type = "application/x-www-form-urlencoded; charset=utf-8";
    let body = |out: &mut dyn Put| body(operation, held, out);
    request::write_post(exchange, &service.endpoint, content_type, signer, &body)
}

const REPLY_HEADERS: [&str; 4] = ["date", "age", "x-amzn-requestid", "x-amz-request-id"];

impl<'c, B: Flow<'c, Output = Lease>, O: Operation> Flow<'c> for Call<'c, B, O> {
    type Output = O::Output;

    fn slots(&self) -> usize {
        self.base.slots().saturating_add(1)
    }

    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, O::Output> {
        if let State::Ended(result) = self.state {
            self.restart();
            return Step::Done(result);
        }
        if memory.slots.len() < self.slots() {
            let kind = ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: self.slots() };
            return Step::Done(Err(Self::error(kind)));
        }
        if let Some(until) = self.attempts.pause(cx.now.monotonic) {
            return Step::Need(Need::Wait { until });
        }
        if matches!(self.state, State::Base) {
            if let Err(kind) = self.operation.check() {
                return Step::Done(Err(Self::error(kind)));
            }
            match self.base.poll(cx, &mut memory.without_first_slot()) {
                Step::Need(need) => return Step::Need(need),
                Step::Done(Err(error)) => {
                    self.restart();
                    return Step::Done(Err(Self::told_by_base(error)));
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
                return Step::Done(Err(Self::error(ErrorKind::OutOfTime)));
            }
        };
        match self.write(cx, memory) {
            Ok(request) => Step::Need(Need::Http(Exchange {
                endpoint: self.service.endpoint,
                address: None,
                request,
                metadata: false,
                limits,
                repeatable: true,
                reply_headers: &REPLY_HEADERS,
            })),
            Err(kind) => {
                self.restart();
                Step::Done(Err(Self::error(kind)))
            }
        }
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        if matches!(self.state, State::Base) {
            return self.base.answer(cx, &mut memory.without_first_slot(), answer);
        }
        match answer {
            Answer::Reply(reply) => self.take_reply(cx, memory, &reply),
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
        self.base.restart();
        self.attempts = Attempts::default();
        self.state = State::Base;
        self.blind = false;
        self.corrected = false;
    }
}
