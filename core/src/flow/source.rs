//! Sources as lists of steps.

use core::net::IpAddr;
use core::ops::Range;

use crate::error::{Buffer, Error, ErrorKind, Failure, FailureKind, Origin, Phase};
use crate::skew::{Clock, Now};

use super::endpoint::Endpoint;
use super::exchange::{Reply, ReplyHeaders, Span};
use super::lease::{Lease, TIME_HEADERS};
use super::report::Report;
use super::request;
use super::slot::Slot;
use super::{Context, Flow, Memory, Need};

/// A source of credentials as a list of steps: what each asks for, and what is taken of the outcome.
/// [`Sequence`](super::Sequence) makes a [`Flow`] of it: attempts with back-off, deadlines, the time that replies
/// teach, and wiping are its business.
///
/// Steps are numbered from 0, which is where a run starts.
///
/// ```
/// use rolecall_core::error::{ErrorKind, Origin};
/// use rolecall_core::flow::{
///     Ask, Endpoint, Next, Outcome, Sequence, Source, Stage, Trouble, Workspace,
/// };
/// use rolecall_core::sources::Document;
///
/// /// A vendor's token service, one step: `GET /credentials` with an API key.
/// struct Vault<'c> {
///     endpoint: Endpoint<'c>,
///     api_key: &'c str,
/// }
///
/// impl<'c> Source<'c> for Vault<'c> {
///     fn origin(&self) -> Origin {
///         Origin::Custom("vault")
///     }
///
///     fn stage(&self, _: u8) -> &'static Stage {
///         const { &Stage::service("credentials") }
///     }
///
///     fn ask(&mut self, _: u8, work: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind> {
///         work.get(self.endpoint, &["/credentials"], &[("X-Api-Key", self.api_key.as_bytes())])
///     }
///
///     fn take(&mut self, _: u8, work: &mut Workspace<'_, '_>, outcome: Outcome<'_>) -> Result<Next, Trouble> {
///         let reply = outcome.reply()?;
///         reply.expect(200)?;
///         Document::Metadata.take(work, &reply)?;
///         Ok(Next::Done)
///     }
/// }
///
/// let endpoint = Endpoint::parse("https://vault.example")?;
/// let flow = Sequence::of(Vault { endpoint, api_key: "k-1" });
/// # let _ = flow;
/// # Ok::<(), rolecall_core::wire::Error>(())
/// ```
pub trait Source<'c> {
    /// The origin in errors.
    fn origin(&self) -> Origin;

    /// The properties of step `at`.
    fn stage(&self, at: u8) -> &'static Stage;

    /// The name of step `at` in errors.
    fn step(&self, at: u8) -> &'static str {
        self.stage(at).name
    }

    /// The number of slots that it uses, including those of its base; the result goes to the first.
    fn slots(&self) -> usize {
        1
    }

    /// Returns what step `at` needs.
    ///
    /// # Errors
    /// An error that ends the run.
    fn ask(&mut self, at: u8, work: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind>;

    /// Takes the outcome of step `at`, and returns where to go on.
    ///
    /// # Errors
    /// An error that ends the run, or is worth another attempt.
    fn take(&mut self, at: u8, work: &mut Workspace<'_, '_>, outcome: Outcome<'_>) -> Result<Next, Trouble>;

    /// The error of step `at` if its need failed.
    fn failed(&self, at: u8, failure: Failure) -> ErrorKind {
        let _ = at;
        ErrorKind::Transport(failure)
    }

    /// The step to go on with after a failure that another peer may not have: the next address of a host, for instance.
    /// It counts as no attempt.
    fn elsewhere(&mut self, at: u8, failure: Failure) -> Option<u8> {
        let _ = (at, failure);
        None
    }

    /// The flow that [`Ask::Base`] runs, and how many slots at the front are not its own.
    fn base(&mut self) -> Option<(&mut dyn Flow<'c, Output = Lease>, usize)> {
        None
    }

    /// The error for a failure of the base.
    fn base_failed(&self, error: Error) -> Error {
        error
    }

    /// Drops the state of one run.
    fn restart(&mut self) {}
}

/// The properties of a step.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Stage {
    /// The step's name in errors; empty if the origin says enough.
    pub name: &'static str,
    /// Whether its peer is a link-local service: no proxy, and no authority on the time beside a wall clock.
    pub metadata: bool,
    /// Whether its peer knows the caller by the certificate of the TLS handshake.
    pub presents_certificate: bool,
    /// Whether sending its request twice has the same effect as sending it once.
    pub repeatable: bool,
    /// The reply's headers that it reads.
    pub reply_headers: ReplyHeaders,
    /// The failures that are worth another attempt.
    pub retries: Retries,
    /// The step that another attempt starts from.
    pub back_to: u8,
    /// Whether the limits and the budget of the source apply to it.
    pub timed: bool,
    /// Whether needs and answers are the base's.
    pub is_base: bool,
    /// Whether a reply that ends the run stays in the exchange buffer.
    pub leaves_reply: bool,
    /// Whether credentials that have expired are used: those of a service that lags behind in an outage, and that
    /// other services accept for longer.
    pub takes_expired: bool,
}

impl Stage {
    const NEW: Self = Self {
        name: "",
        metadata: false,
        presents_certificate: false,
        repeatable: true,
        reply_headers: ReplyHeaders::Named(&TIME_HEADERS),
        retries: Retries::Passing,
        back_to: 0,
        timed: true,
        is_base: false,
        leaves_reply: false,
        takes_expired: false,
    };

    /// A request to a service that may be repeated. Failures that may pass are retried, from step 0.
    pub const fn service(name: &'static str) -> Self {
        Self { name, ..Self::NEW }
    }

    /// As [`Stage::service`], for a link-local service.
    pub const fn metadata(name: &'static str) -> Self {
        Self { name, metadata: true, ..Self::NEW }
    }

    /// A file, a process, or a prompt: tried once, within a time of its own.
    pub const fn local(name: &'static str) -> Self {
        Self { name, retries: Retries::Never, timed: false, ..Self::NEW }
    }

    /// The flow that the source is built on, which has limits of its own.
    pub const fn base() -> Self {
        Self { is_base: true, ..Self::local("") }
    }

    /// Sets the failures that are worth another attempt.
    pub const fn retries(self, retries: Retries) -> Self {
        Self { retries, ..self }
    }

    /// Sets the step that another attempt starts from. Attempts are counted from zero at a step that starts
    /// from itself.
    pub const fn back_to(self, at: u8) -> Self {
        Self { back_to: at, ..self }
    }

    /// Sets the headers of the reply that it reads.
    pub const fn reply_headers(self, names: &'static [&'static str]) -> Self {
        Self { reply_headers: ReplyHeaders::Named(names), ..self }
    }

    /// Presents the caller's certificate in the TLS handshake.
    pub const fn presents_certificate(self) -> Self {
        Self { presents_certificate: true, ..self }
    }

    /// Uses credentials that have expired, for 5 to 10 minutes more ([`Lease::stale`]).
    pub const fn takes_expired(self) -> Self {
        Self { takes_expired: true, ..self }
    }

    /// Applies the source's budget to it.
    pub const fn timed(self) -> Self {
        Self { timed: true, ..self }
    }
}

/// The failures of an exchange that are worth another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retries {
    /// None.
    Never,
    /// A connection that the peer closed: a service that is unreachable will be so a moment later, too.
    Closed,
    /// Failures that may pass, if the request was surely not sent.
    Unsent,
    /// Failures that may pass, before the body of a reply has begun.
    Bodiless,
    /// All failures that may pass.
    Passing,
}

impl Retries {
    pub(super) fn include(self, failure: Failure) -> bool {
        let unsent = matches!(failure.phase, Phase::Resolve | Phase::Connect);
        match self {
            Self::Never => false,
            Self::Closed => failure.kind == FailureKind::Closed,
            Self::Unsent => unsent && failure.is_passing(),
            Self::Bodiless => failure.phase != Phase::Body && failure.is_passing(),
            Self::Passing => failure.is_passing(),
        }
    }
}

/// What a step asks for.
#[derive(Debug)]
#[non_exhaustive]
pub enum Ask<'c> {
    /// A need, for the driver.
    Need(Need<'c>),
    /// The exchange whose request was written.
    Exchange {
        /// The service to connect to.
        endpoint: Endpoint<'c>,
        /// Connect to this address and to no other.
        address: Option<IpAddr>,
        /// Where the request is in the exchange buffer.
        request: Span,
    },
    /// The needs of the base, until it has ended.
    Base,
    /// Nothing: another step is next.
    Step(u8),
    /// Nothing: the result is in the first slot.
    Done,
}

/// Where a run goes on after a step.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Next {
    /// Go on with this step.
    Step(u8),
    /// End the run: the result is in the first slot. The lease of credentials is measured by the clock of the
    /// peer that set their expiration, so that a wrong clock on this side changes nothing; expired ones are
    /// an error.
    Done,
    /// Make another attempt as long as there are any, else end as `Done`.
    AgainOrDone,
}

/// What went wrong with a step.
#[derive(Debug, Clone, Copy)]
pub struct Trouble {
    /// What went wrong.
    pub kind: ErrorKind,
    /// Whether it is worth another attempt, as long as there are any; else it ends the run.
    pub retry: bool,
}

impl Trouble {
    /// An error that is worth another attempt.
    pub const fn retry(kind: ErrorKind) -> Self {
        Self { kind, retry: true }
    }
}

impl From<ErrorKind> for Trouble {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, retry: false }
    }
}

/// The outcome of what a step asked for.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome<'r> {
    /// The peer's reply, with any status.
    Reply(Received<'r>),
    /// The position of a content in the exchange buffer.
    Content(Range<usize>),
    /// The addresses of a host.
    Addresses(&'r [IpAddr]),
    /// The base has ended, and its result is in the first of its slots.
    Base,
}

impl<'r> Outcome<'r> {
    /// The reply to a request.
    ///
    /// # Errors
    /// `Misuse` if the driver returned the wrong kind of answer.
    pub fn reply(self) -> Result<Received<'r>, Trouble> {
        if let Self::Reply(received) = self { Ok(received) } else { Err(ErrorKind::Misuse.into()) }
    }

    /// The content of a file, the output of a process, the answer of a user, or a signature, in `exchange`.
    ///
    /// # Errors
    /// As [`Outcome::reply`].
    pub fn content<'x>(&self, exchange: &'x [u8]) -> Result<&'x [u8], Trouble> {
        match self {
            Self::Content(place) => Ok(exchange.get(place.clone()).unwrap_or_default()),
            _ => Err(ErrorKind::Misuse.into()),
        }
    }
}

/// A reply, and what it teaches about the time.
#[derive(Debug, Clone, Copy)]
pub struct Received<'r> {
    /// The reply, whose parts are in the exchange buffer.
    pub reply: &'r Reply,
    /// Whether the caller's wall clock was off by more than a service tolerates, and is corrected now.
    pub(crate) corrected: bool,
}

impl Received<'_> {
    /// Accepts the reply if it has this status.
    ///
    /// # Errors
    /// `Status`; 429 and all from 500 on are worth another attempt.
    pub fn expect(&self, status: u16) -> Result<(), Trouble> {
        let found = self.reply.status;
        if found == status {
            return Ok(());
        }
        Err(Trouble { kind: ErrorKind::Status(found), retry: matches!(found, 429 | 500..) })
    }
}

/// The error of a source without a slot.
pub(crate) const NO_SLOT: ErrorKind = ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: 1 };

/// What a step works with: the clocks, and caller-provided memory.
#[derive(Debug)]
pub struct Workspace<'s, 'm> {
    /// A reading of the clocks.
    pub now: Now,
    /// 32 random bits, drawn for this step: they serve for jitter and protect no secret.
    pub entropy: u32,
    /// The clock that learns the time from replies.
    pub clock: &'s mut Clock,
    /// Receives the peer's words about an error.
    pub report: &'s mut Report,
    /// The request, then the reply.
    pub exchange: &'s mut [u8],
    /// The slots for credentials: at least as many as [`Source::slots`] returns.
    pub slots: &'s mut [Slot<'m>],
}

impl<'m> Workspace<'_, 'm> {
    /// The slot for the result.
    ///
    /// # Errors
    /// `BufferTooSmall` if the caller provided no slot.
    pub fn slot(&mut self) -> Result<&mut Slot<'m>, ErrorKind> {
        self.slots.first_mut().ok_or(NO_SLOT)
    }

    /// The workspace of the base: without the first `count` slots.
    pub(super) fn without_slots(&mut self, count: usize) -> (Context<'_>, Memory<'_, 'm>) {
        let cx = Context { now: self.now, entropy: self.entropy, clock: self.clock, report: self.report };
        let slots = self.slots.get_mut(count..).unwrap_or_default();
        (cx, Memory { exchange: self.exchange, slots })
    }

    /// Writes a GET for `path`, given in parts, below the endpoint's own path.
    ///
    /// # Errors
    /// `Invalid` for a part that cannot be sent; `BufferTooSmall`.
    pub fn get<'c>(
        &mut self,
        endpoint: Endpoint<'c>,
        path: &[&str],
        headers: &[(&str, &[u8])],
    ) -> Result<Ask<'c>, ErrorKind> {
        self.request("GET", endpoint, path, headers)
    }

    /// Writes a request without a body, as [`Workspace::get`].
    ///
    /// # Errors
    /// As [`Workspace::get`].
    pub fn request<'c>(
        &mut self,
        method: &str,
        endpoint: Endpoint<'c>,
        path: &[&str],
        headers: &[(&str, &[u8])],
    ) -> Result<Ask<'c>, ErrorKind> {
        let request = request::write(self.exchange, method, &endpoint, path, headers)?;
        Ok(Ask::Exchange { endpoint, address: None, request })
    }
}
