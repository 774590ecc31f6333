//! Flows: sans-I/O state machines over caller-provided buffers.

use core::net::IpAddr;
use core::ops::Range;

use crate::error::{Error, Failure};
use crate::skew::{Clock, Instant, Now};
use crate::wire::x509::Scheme;

pub(crate) mod endpoint;
pub(crate) mod exchange;
pub(crate) mod kept;
pub(crate) mod lease;
pub(crate) mod report;
pub(crate) mod request;
pub(crate) mod retry;
pub(crate) mod sequence;
pub(crate) mod slot;
pub(crate) mod source;

pub use endpoint::Endpoint;
pub use exchange::{Body, Exchange, Limits, Reply, ReplyHeaders, Span};
pub use kept::{Each, Items, Kept};
pub use lease::Lease;
pub use report::Report;
pub use retry::RetryPolicy;
pub use sequence::Sequence;
pub use slot::{CallerIdentity, Slot};
pub use source::{Ask, Next, Outcome, Received, Retries, Source, Stage, Trouble, Workspace};

/// An operation whose I/O the caller performs: a source, a call, a signed request, or a chain of sources.
///
/// A driver repeats two calls until [`Step::Done`]: [`Flow::poll`] returns what is needed, the driver does
/// it, and [`Flow::answer`] takes the outcome. A need that is dropped unanswered is returned again by the
/// next `poll`, and its request is built and signed again.
///
/// `'c` is the lifetime of the configuration that flows and needs borrow from. Flows never hold a reference
/// into caller-provided memory.
pub trait Flow<'c> {
    /// The result.
    type Output;

    /// The number of slots of [`Memory`] that it uses, from the front; its own result goes to the first.
    fn slots(&self) -> usize;

    /// Returns what is needed next, or the result. After the result, the next call starts again.
    #[must_use = "the step says what to do"]
    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, Self::Output>;

    /// Takes the outcome of the need that the last `poll` returned.
    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>);

    /// Drops the state of a run, so that the next `poll` starts again. What is worth keeping between runs,
    /// such as a metadata token, is kept.
    fn restart(&mut self);
}

impl<'c, F: Flow<'c> + ?Sized> Flow<'c> for &mut F {
    type Output = F::Output;

    fn slots(&self) -> usize {
        (**self).slots()
    }

    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, Self::Output> {
        (**self).poll(cx, memory)
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        (**self).answer(cx, memory, answer);
    }

    fn restart(&mut self) {
        (**self).restart();
    }
}

/// The caller's inputs to each step.
#[derive(Debug)]
pub struct Context<'a> {
    /// A reading of the clocks.
    pub now: Now,
    /// 32 random bits, drawn for this step: they serve for jitter and protect no secret.
    pub entropy: u32,
    /// The clock that learns the time from replies. One for all flows that sign.
    pub clock: &'a mut Clock,
    /// Receives the peer's words about an error.
    pub report: &'a mut Report,
}

/// The caller's memory for one step.
#[derive(Debug)]
pub struct Memory<'a, 'm> {
    /// The request, then the reply. Flows wipe it after they have read the reply.
    pub exchange: &'a mut [u8],
    /// The slots for credentials: at least as many as [`Flow::slots`] returns.
    pub slots: &'a mut [Slot<'m>],
}

impl<'m> Memory<'_, 'm> {
    /// The same memory without the first slot.
    pub fn without_first_slot(&mut self) -> Memory<'_, 'm> {
        self.without_slots(1)
    }

    /// The same memory without the first `count` slots.
    #[cfg_attr(target_os = "none", inline(never))]
    pub(crate) fn without_slots(&mut self, count: usize) -> Memory<'_, 'm> {
        Memory { exchange: self.exchange, slots: self.slots.get_mut(count..).unwrap_or_default() }
    }
}

/// The result of [`Flow::poll`].
#[derive(Debug)]
pub enum Step<'c, T> {
    /// Perform this, then call [`Flow::answer`].
    Need(Need<'c>),
    /// The flow has ended.
    Done(Result<T, Error>),
}

/// What a flow needs. A driver answers a need that it does not know, or cannot serve, with
/// [`Answer::Failed`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Need<'c> {
    /// An HTTP exchange: answer with [`Answer::Reply`].
    Http(Exchange<'c>),
    /// The content of a file, read into the exchange buffer: answer with [`Answer::Content`].
    File {
        /// Its path.
        path: &'c str,
    },
    /// The standard output of a command run without a shell, read into the exchange buffer: answer with
    /// [`Answer::Content`].
    Process {
        /// The command line, as configured.
        command: &'c str,
    },
    /// The addresses of a host: answer with [`Answer::Addresses`].
    Resolve {
        /// The host's name.
        host: &'c str,
    },
    /// The user's answer to a question, read into the exchange buffer: answer with [`Answer::Content`].
    Prompt {
        /// The text of the prompt.
        question: &'c str,
        /// Whether the answer is a secret, and must not be echoed.
        hidden: bool,
    },
    /// As [`Need::Prompt`], after a text that the flow has left in the exchange buffer: show the text first. It
    /// may hold a secret, and has lines of printable ASCII, each ended by a line feed.
    PromptAfter {
        /// Where the text is in the exchange buffer.
        shown: Range<usize>,
        /// The text of the prompt.
        question: &'c str,
        /// Whether the answer is a secret, and must not be echoed.
        hidden: bool,
    },
    /// The signature of a message in the exchange buffer, by the private key of the caller's certificate, left in the
    /// exchange buffer: answer with [`Answer::Content`]. The key may be in a secure element, and take its time.
    Sign {
        /// How to sign.
        scheme: Scheme,
        /// Where the message is in the exchange buffer. It is no secret, and the signature may take its place.
        message: Range<usize>,
    },
    /// Wait: poll again at that instant; no answer is due.
    Wait {
        /// The instant.
        until: Instant,
    },
}

/// The driver's answer to a need.
#[derive(Debug)]
#[non_exhaustive]
pub enum Answer<'a> {
    /// The reply to an HTTP exchange, with any status.
    Reply(Reply),
    /// The position of a content in the exchange buffer: a file, an output, an answer, or a signature.
    Content(Range<usize>),
    /// The addresses that a name resolved to.
    Addresses(&'a [IpAddr]),
    /// The need could not be met.
    Failed(Failure),
}
