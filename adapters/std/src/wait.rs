//! Waiting for what a machine that is still booting has not yet: a network, a role.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
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
    /// Whether the time is over, or was not needed.
    over: AtomicBool,
}

impl Wait {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, end: OnceLock::new(), reported: AtomicBool::new(false), over: AtomicBool::new(false) }
    }

    /// When an attempt that is under way has to end, if the caller waits.
    pub(crate) fn end(&self) -> Option<Instant> {
        if self.over.load(Ordering::Relaxed) { None } else { self.end.get().copied() }
    }

    /// Reports, once, that there is nothing yet.
    pub(crate) fn report(&self, host: &dyn Host, tracer: Option<&Tracer>, reason: &str) {
        let left = self.end().map_or(0, |end| end.ms_since(host.monotonic()));
        if let (Some(tracer), true, false) = (tracer, left > 0, self.reported.swap(true, Ordering::Relaxed)) {
            tracer(Trace::NotYet { reason, left: Duration::from_millis(left) });
        }
    }

    /// Calls `attempt` until it succeeds, fails in a way that waiting cannot fix, or the time is over.
    pub(crate) fn until<T>(
        &self,
        host: &dyn Host,
        tracer: Option<&Tracer>,
        mut attempt: impl FnMut() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let limit = u64::try_from(self.limit.as_millis()).unwrap_or(u64::MAX);
        let end = *self.end.get_or_init(|| host.monotonic().after_ms(limit));
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match attempt() {
                Err(error) if error.is_not_yet() => error,
                result => return result,
            };
            let now = host.monotonic();
            let left = end.ms_since(now);
            if left == 0 {
                self.over.store(true, Ordering::Relaxed);
                return Err(error);
            }
            self.report(host, tracer, &error.last_reason());
            host.sleep_until(now.after_ms(pause.min(left)));
            pause = (pause + pause / 4).min(LONGEST_PAUSE);
        }
    }
}
