//! The flow of a call.

use crate::error::Origin;
use crate::error::{CodeClass, Error, ErrorKind};
use crate::flow::request::{self, Draft};
use crate::flow::sequence::Progress;
use crate::flow::slot::Field;
use crate::flow::{
    Answer, Ask, Context, Endpoint, Flow, Lease, Limits, Memory, Next, Outcome, Received, Retries,
    RetryPolicy, Slot, Source, Span, Stage, Step, Trouble, Workspace,
};
use crate::sigv4::{Rules, Signer, SigningKey};
use crate::wire::{Cursor, Put};

use super::operation::{Operation, Proof, Protocol, Shape};
use super::timing::Timing;

/// The service of a call, and how to reach it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Service<'c> {
    /// The endpoint: scheme, host, port and base path.
    pub endpoint: Endpoint<'c>,
    /// The region to sign for: `eu-west-1`.
    pub region: &'c str,
    /// The limits of each exchange.
    pub limits: Limits,
    /// The bounds on attempts.
    pub retries: RetryPolicy,
}

impl<'c> Service<'c> {
    /// Three seconds to connect, ten to the first byte, fifteen for an exchange, 256 KiB of body.
    pub const LIMITS: Limits =
        Limits { connect_ms: 3_000, first_byte_ms: 10_000, total_ms: 15_000, body_bytes: 256 * 1024 };

    /// A service with the usual limits.
    pub const fn new(endpoint: Endpoint<'c>, region: &'c str) -> Self {
        Self { endpoint, region, limits: Self::LIMITS, retries: RetryPolicy::DEFAULT }
    }
}

/// Gets credentials from `base` and makes a call with them.
///
/// Slots: the first for the result, then those of `base`; those of `base` alone if the operation adds to
/// them. Exchange buffer: the request (the session token of `base`, 600 bytes, the parameters) or the reply
/// (the new session token, 1 KB), whichever is longer: at least 2 KB, 8 KB for tokens of 4 KB.
///
/// If a reply shows a clock that is off by more than four minutes, the request is signed and sent once more,
/// and so if a refusal shows the time to a board without a clock.
#[derive(Debug)]
pub struct Call<'c, B, O> {
    base: B,
    operation: O,
    state: State<'c>,
    progress: Progress,
}

/// The state of a call besides its base and its operation.
#[derive(Debug)]
struct State<'c> {
    endpoint: Endpoint<'c>,
    region: &'c str,
    timing: Timing,
}

impl<'c, B, O> Call<'c, B, O> {
    /// The call of `operation` at `service` with the credentials of `base`.
    pub const fn new(base: B, service: Service<'c>, operation: O) -> Self {
        let mut progress = Progress::new(service.limits);
        progress.policy = service.retries;
        let state = State { endpoint: service.endpoint, region: service.region, timing: Timing::NEW };
        Self { base, operation, state, progress }
    }

    /// The flow of its credentials.
    pub(crate) const fn base_mut(&mut self) -> &mut B {
        &mut self.base
    }

    /// Its operation.
    pub(crate) const fn operation(&self) -> &O {
        &self.operation
    }

    /// Its operation, to change between runs.
    pub(crate) const fn operation_mut(&mut self) -> &mut O {
        &mut self.operation
    }
}

impl<'c, B: Flow<'c, Output = Lease>, O: Operation> Call<'c, B, O> {
    fn parts(&mut self) -> (Parts<'_, 'c>, &mut Progress) {
        let parts = Parts { base: &mut self.base, operation: &self.operation, state: &mut self.state };
        (parts, &mut self.progress)
    }
}

impl<'c, B: Flow<'c, Output = Lease>, O: Operation> Flow<'c> for Call<'c, B, O> {
    type Output = Lease;

    fn slots(&self) -> usize {
        self.base.slots().saturating_add(held_at(self.operation.shape()))
    }

    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, Lease> {
        let (mut parts, progress) = self.parts();
        progress.poll(&mut parts, cx, memory)
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        let (mut parts, progress) = self.parts();
        progress.answer(&mut parts, cx, memory, answer);
    }

    fn restart(&mut self) {
        let (mut parts, progress) = self.parts();
        progress.restart(&mut parts);
    }
}

/// A call without its types, so that the code below is compiled once for all of them.
struct Parts<'p, 'c> {
    base: &'p mut dyn Flow<'c, Output = Lease>,
    operation: &'p dyn Operation,
    state: &'p mut State<'c>,
}

const BASE: u8 = 0;
const CALL: u8 = 1;

const REPLY_HEADERS: [&str; 5] = ["date", "age", "x-amzn-requestid", "x-amz-request-id", "x-amzn-errortype"];

/// The slot of the base's result: the first, or the one after that of the call's own.
fn held_at(shape: &Shape) -> usize {
    usize::from(!shape.adds)
}

impl<'c> Source<'c> for Parts<'_, 'c> {
    fn origin(&self) -> Origin {
        self.operation.shape().api.origin
    }

    fn stage(&self, at: u8) -> &'static Stage {
        const OFTEN: Stage = Stage::service("").back_to(CALL).reply_headers(&REPLY_HEADERS);
        const ONCE: Stage = Stage { repeatable: false, ..OFTEN.retries(Retries::Unsent) };
        // A token is short-lived, and may have been replaced.
        const BY_TOKEN: Stage = OFTEN.back_to(BASE);
        let shape = self.operation.shape();
        match shape.proof {
            _ if at == BASE => const { &Stage::base() },
            Proof::Token { .. } => &BY_TOKEN,
            _ if shape.repeatable => &OFTEN,
            _ => &ONCE,
        }
    }

    fn step(&self, _: u8) -> &'static str {
        self.operation.shape().step
    }

    fn slots(&self) -> usize {
        self.base.slots().saturating_add(held_at(self.operation.shape()))
    }

    fn ask(&mut self, at: u8, work: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind> {
        if at == BASE {
            self.operation.check()?;
            return Ok(Ask::Base);
        }
        let written = self.write(work)?;
        Ok(Ask::Exchange { endpoint: self.state.endpoint, address: None, request: written })
    }

    fn take(&mut self, _: u8, work: &mut Workspace<'_, '_>, outcome: Outcome<'_>) -> Result<Next, Trouble> {
        if let Outcome::Base = outcome {
            return Ok(Next::Step(CALL));
        }
        let received = outcome.reply()?;
        if received.reply.status != 200 {
            return self.take_error(work, &received);
        }
        let body = received.reply.body(work.exchange);
        let Some(slot) = work.slots.first_mut() else { return Err(ErrorKind::Misuse.into()) };
        if !self.operation.shape().adds {
            slot.clear();
        }
        self.operation.read(body, slot).inspect_err(|_| slot.clear())?;
        Ok(Next::Done)
    }

    fn base(&mut self) -> Option<(&mut dyn Flow<'c, Output = Lease>, usize)> {
        Some((self.base, held_at(self.operation.shape())))
    }

    /// A token that cannot be fetched is an error of this call.
    fn base_failed(&self, error: Error) -> Error {
        let shape = self.operation.shape();
        match shape.proof {
            Proof::Token { .. } => Error { origin: shape.api.origin, step: "token", ..error },
            Proof::Signature | Proof::Unsigned => error,
        }
    }

    fn restart(&mut self) {
        self.state.timing = Timing::NEW;
    }
}

impl Parts<'_, '_> {
    fn write(&mut self, work: &mut Workspace<'_, '_>) -> Result<Span, ErrorKind> {
        let shape = self.operation.shape();
        let held = work.slots.get(held_at(shape)).ok_or(ErrorKind::Misuse)?;
        if let Proof::Token { longest, limits } = shape.proof {
            let token = held.text(Field::SessionToken).unwrap_or_default();
            if !(4..=longest).contains(&token.len()) {
                return Err(ErrorKind::Invalid(limits));
            }
        }
        if shape.proof != Proof::Signature {
            return self.write_call(work.exchange, None, held);
        }
        // By reference, as the signer: both are large to move.
        let Some(credentials) = &held.credentials() else { return Err(ErrorKind::Misuse) };
        let time = self.state.timing.signing_time(work.clock, work.now)?;
        let (region, service) = (self.state.region, shape.api.service);
        let key = SigningKey::derive(credentials.secret_access_key(), time, region, service);
        let rules = match shape.api.protocol {
            Protocol::RestXml { .. } => Rules::S3,
            _ => Rules::STANDARD,
        };
        match &Signer::new(credentials, &key, rules, time) {
            Ok(signer) => self.write_call(work.exchange, Some(signer), held),
            Err(error) => Err(ErrorKind::Sign(*error)),
        }
    }

    /// Writes the request of the operation. Not inlined, so that no other step has its frame.
    #[inline(never)]
    fn write_call(
        &self,
        exchange: &mut [u8],
        signer: Option<&Signer<'_>>,
        held: &Slot<'_>,
    ) -> Result<Span, ErrorKind> {
        let body = |out: &mut dyn Put| self.operation.body(out, held);
        let mut room = [0; 80];
        let mut name = Cursor::new(&mut room);
        let mime = self.operation.content_type(&mut name);
        let too_long = ErrorKind::Invalid("operation: 79 characters with its prefix");
        let name: &[u8] = name.finish().map_err(|_| too_long)?;
        let endpoint = &self.state.endpoint;
        let headers = [("Content-Type", mime.as_bytes()), ("X-Amz-Target", name)];
        let headers = headers.get(..if name.is_empty() { 1 } else { 2 }).unwrap_or_default();
        let mut draft = Draft { method: "POST", headers, ..Draft::new(endpoint) };
        let mut body: Option<&request::PutBody<'_>> = Some(&body);
        if let Protocol::RestXml { target, headers } = self.operation.shape().api.protocol {
            if draft.target != "/" {
                return Err(ErrorKind::Invalid("endpoint: without a path"));
            }
            (draft.method, draft.target, draft.headers, body) = ("GET", target, headers, None);
        }
        request::write_signed::<3>(exchange, &draft, body, signer, &mut [])
    }

    // Not inlined: what only an error needs is not in the frame of a success.
    #[inline(never)]
    fn take_error(&mut self, work: &mut Workspace<'_, '_>, received: &Received<'_>) -> Result<Next, Trouble> {
        let reply = received.reply;
        let shape = *self.operation.shape();
        let explained = self.operation.read_error(reply, work.exchange, work.report);
        let class = CodeClass::of(work.report.code());
        let again = self.state.timing.was_wrong(work.clock, received, work.report.code());
        let retried = shape.retried.contains(&work.report.code());
        let throttled = reply.status == 429 || class == CodeClass::Throttled || retried;
        let passing = reply.status >= 500 || throttled;
        let later = matches!(class, CodeClass::CredentialsEnded | CodeClass::Passing);
        work.report.redact_all(work.slots);
        self.operation.secrets(&mut |secret| work.report.redact(secret));
        let kind = if explained {
            ErrorKind::Refused { status: reply.status, recoverable: passing || later || again.is_some() }
        } else {
            ErrorKind::Status(reply.status)
        };
        // The service may have executed the request before an error of its own.
        let not_executed = throttled || shape.repeatable;
        match again {
            Some(true) => Ok(Next::Step(CALL)),
            _ => Err(Trouble { kind, retry: passing && not_executed }),
        }
    }
}
