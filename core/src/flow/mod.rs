//! The shape of every source: a state machine that says what it needs and never does it itself.

use core::net::IpAddr;
use core::ops::Range;

use crate::error::{Error, Failure};
use crate::skew::{Clock, Instant, Now};

pub(crate) mod endpoint;
pub(crate) mod exchange;
pub(crate) mod kept;
pub(crate) mod lease;
pub(crate) mod report;
pub(crate) mod request;
pub(crate) mod retry;
pub(crate) mod slot;
pub(crate) mod source;

pub use endpoint::Endpoint;
pub use exchange::{Body, Exchange, Limits, Reply, ReplyHeaders, Span};
pub use kept::{Each, Items, Kept};
pub use lease::Lease;
pub use report::Report;
pub use retry::RetryPolicy;
pub use slot::{CallerIdentity, Slot};
pub use source::{Ask, Next, Outcome, Received, Retries, Sequence, Source, Stage, Trouble, Workspace};

/// A source, a call, a chain of them: anything that gets to its result by exchanges that somebody
/// else carries out.
///
/// A driver repeats two steps until [`Step::Done`]: [`Flow::poll`] says what is needed, the driver
/// does it, [`Flow::answer`] takes the outcome. A need that was dropped unanswered is simply asked
/// for again by the next `poll`, and its request is built and signed anew.
///
/// `'c` is the life of the configuration that flows and needs borrow from. Flows never hold a
/// reference into lent memory.
pub trait Flow<'c> {
    /// What it ends with.
    type Output;

    /// Slots of [`Memory`] that it uses, from the front; its own result goes to the first.
    fn slots(&self) -> usize;

    /// What it needs next, or how it ended. After the end it starts anew.
    #[must_use = "the step says what to do"]
    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, Self::Output>;

    /// Takes the outcome of the need that the last `poll` returned.
    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>);

    /// Forgets where it was, so that the next `poll` starts anew. What is worth keeping between
    /// runs, a metadata token say, is kept.
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

/// What a flow is told at each step.
#[derive(Debug)]
pub struct Context<'a> {
    /// The clocks.
    pub now: Now,
    /// 32 bits that the caller's random source drew for this step: jitter, no secrets.
    pub entropy: u32,
    /// What replies have taught about the time. One for all flows that sign.
    pub clock: &'a mut Clock,
    /// Where a peer's account of an error goes.
    pub report: &'a mut Report,
}

/// The memory lent to a flow for one step.
#[derive(Debug)]
pub struct Memory<'a, 'm> {
    /// Holds the request, then the reply. Flows wipe it when they have read the reply.
    pub exchange: &'a mut [u8],
    /// Hold credentials: as many as [`Flow::slots`] says.
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

/// What [`Flow::poll`] returns.
#[derive(Debug)]
pub enum Step<'c, T> {
    /// Do this, then [`Flow::answer`].
    Need(Need<'c>),
    /// It has ended.
    Done(Result<T, Error>),
}

/// What a flow needs from outside. A driver answers one that it does not know, or cannot serve,
/// with [`Answer::Failed`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Need<'c> {
    /// An HTTP exchange: answer with [`Answer::Reply`].
    Http(Exchange<'c>),
    /// The content of a file, put into the exchange buffer: answer with [`Answer::Content`].
    File {
        /// Its path.
        path: &'c str,
    },
    /// The standard output of a command run without a shell, put into the exchange buffer: answer
    /// with [`Answer::Content`].
    Process {
        /// The command line, as configured.
        command: &'c str,
    },
    /// The addresses of a host: answer with [`Answer::Addresses`].
    Resolve {
        /// Its name.
        host: &'c str,
    },
    /// A person's answer, put into the exchange buffer: answer with [`Answer::Content`].
    Prompt {
        /// What to ask.
        question: &'c str,
        /// The answer is a secret: nobody else may see it typed.
        hidden: bool,
    },
    /// Time to pass: poll again at that instant; no answer is due.
    Wait {
        /// The instant.
        until: Instant,
    },
}

/// What a driver brings.
#[derive(Debug)]
#[non_exhaustive]
pub enum Answer<'a> {
    /// The reply to an HTTP exchange, with any status.
    Reply(Reply),
    /// The place of a content in the exchange buffer.
    Content(Range<usize>),
    /// The addresses that a name resolved to.
    Addresses(&'a [IpAddr]),
    /// It could not be had.
    Failed(Failure),
}
