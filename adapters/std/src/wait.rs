//! Waiting for what a machine that is still booting has not yet: a network, a role.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rolecall_core::skew::Instant;

use crate::Error;
use crate::host::Host;
use crate::trace::{Trace, Tracer};

/// Milliseconds between the first two attempts, and the most between two of them.
const FIRST_PAUSE: u64 = 1_000;
const LONGEST_PAUSE: u64 = 5_000;

/// How long a provider, and those made from it, try for their first results.
pub(crate) struct Wait {
    limit: Duration,
    /// The end, set at the first use.
    end: OnceLock<Instant>,
    reported: AtomicBool,
    /// Callers that wait now.
    waiting: AtomicUsize,
}

/// A caller that waits, until this is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Wait {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, end: OnceLock::new(), reported: AtomicBool::new(false), waiting: AtomicUsize::new(0) }
    }

    /// When an attempt that is under way has to end, if a caller waits for it.
    pub(crate) fn end(&self) -> Option<Instant> {
        self.end.get().copied().filter(|_| self.waiting.load(Ordering::Relaxed) > 0)
    }

    /// Reports, once, that there is nothing yet.
    pub(crate) fn report(&self, host: &dyn Host, tracer: Option<&Tracer>, reason: &str) {
        let left = self.end().map_or(0, |end| end.ms_since(host.monotonic()));
        if let (Some(tracer), true, false) = (tracer, left > 0, self.reported.swap(true, Ordering::Relaxed)) {
            tracer(Trace::NotYet { reason, left: Duration::from_millis(left) });
        }
    }

    /// Calls `attempt` until it succeeds, fails in a way that waiting cannot fix, or the time is over. After that time,
    /// calls it once, with its usual limits.
    pub(crate) fn until<T>(
        &self,
        host: &dyn Host,
        tracer: Option<&Tracer>,
        mut attempt: impl FnMut() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let limit = u64::try_from(self.limit.as_millis()).unwrap_or(u64::MAX);
        let end = *self.end.get_or_init(|| host.monotonic().after_ms(limit));
        if end.ms_since(host.monotonic()) == 0 {
            return attempt();
        }
        let _waiting = Waiting::new(&self.waiting);
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match attempt() {
                Err(error) if error.is_not_yet() => error,
                result => return result,
            };
            let now = host.monotonic();
            let left = end.ms_since(now);
            if left == 0 {
                return Err(error);
            }
            self.report(host, tracer, &error.last_reason());
            host.sleep_until(now.after_ms(pause.min(left)));
            pause = (pause + pause / 4).min(LONGEST_PAUSE);
        }
    }
}
