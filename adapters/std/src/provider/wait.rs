//! Waiting for the first credentials of a machine that is still booting.

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

/// How long a provider, and those made from it, try for their first credentials.
pub(super) struct Wait {
    limit: Duration,
    /// Set at the first use.
    until: OnceLock<Instant>,
    reported: AtomicBool,
}

impl Wait {
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, until: OnceLock::new(), reported: AtomicBool::new(false) }
    }

    /// Calls `fetch` until it succeeds, fails in a way that waiting cannot fix, or the time is over.
    pub(super) fn until<T>(
        &self,
        host: &dyn Host,
        tracer: Option<&Tracer>,
        mut fetch: impl FnMut() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let limit = u64::try_from(self.limit.as_millis()).unwrap_or(u64::MAX);
        let until = *self.until.get_or_init(|| host.monotonic().after_ms(limit));
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match fetch() {
                Err(error) if error.is_not_yet() => error,
                other => return other,
            };
            let now = host.monotonic();
            let left = until.ms_since(now);
            if left == 0 {
                return Err(error);
            }
            if let (Some(tracer), false) = (tracer, self.reported.swap(true, Ordering::Relaxed)) {
                tracer(Trace::NotYet { error: &error, left: Duration::from_millis(left) });
            }
            host.sleep_until(now.after_ms(pause.min(left)));
            pause = (pause + pause / 4).min(LONGEST_PAUSE);
        }
    }
}
