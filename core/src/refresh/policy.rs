//! When to fetch credentials again: a state machine on the monotonic clock.
//!
//! The behaviour is the one that the AWS SDKs agreed on in 2026. Credentials pass through two windows before
//! they expire. In the *advisory* window one caller refreshes and the others do not wait; in the *mandatory*
//! one, the last 60 seconds, callers wait. A refresh that fails, or that returns expired credentials, keeps
//! the old ones, past their expiration too, and is not repeated for 300 to 600 seconds. An error that a retry
//! cannot fix (access denied) is returned at once and repeated from memory for 1 to 5 seconds.

use crate::flow::Lease;
use crate::flow::retry::{draw, draw_short};
use crate::skew::Instant;

/// The refresh windows, where they differ from the common behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Windows {
    /// The length of the advisory window in seconds; `None` derives it from the credentials' lifetime: 5
    /// minutes for up to 20 minutes, 15 below 90, 60 from there.
    pub advisory_seconds: Option<u32>,
    /// Whether the first refresh is drawn from the whole life of the credentials and not from the advisory
    /// window: the requests of a fleet that booted together then spread evenly, for one early refresh of each
    /// device.
    pub spread: bool,
}

/// What the caller has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Decision {
    /// Use the credentials held.
    Use,
    /// Use the credentials held, though a refresh is due: the last one failed, and it is too soon for
    /// another.
    UseLimited,
    /// Fetch. Callers that cannot wait may use the credentials held meanwhile.
    FetchAdvised,
    /// Fetch, and wait for it: the credentials held are about to expire, or there are none.
    FetchRequired,
    /// Return the last error again.
    RepeatError,
}

/// The state of one set of credentials.
#[derive(Debug, Clone, Default)]
pub struct Refresh {
    windows: Windows,
    held: bool,
    /// When the next refresh is due.
    due: Due,
    advisory_seconds: u32,
    invalidated: bool,
    /// No fetch before this, after one that failed; otherwise in the past.
    not_before: Instant,
    /// The last error was permanent; it is repeated until this.
    error_until: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Due {
    advised: Instant,
    required: Instant,
}

impl Due {
    const NEVER: Self =
        Self { advised: Instant::from_millis(u64::MAX), required: Instant::from_millis(u64::MAX) };
}

impl Default for Due {
    fn default() -> Self {
        Self::NEVER
    }
}

const MANDATORY_MS: u64 = 60_000;

impl Refresh {
    /// A state without credentials.
    pub fn new(windows: Windows) -> Self {
        Self { windows, ..Self::default() }
    }

    /// Returns what to do at `now`.
    pub fn decide(&self, now: Instant) -> Decision {
        if now < self.error_until {
            return Decision::RepeatError;
        }
        if !self.held {
            return Decision::FetchRequired;
        }
        let required = self.invalidated || now >= self.due.required;
        if !required && now < self.due.advised {
            return Decision::Use;
        }
        if now < self.not_before {
            return Decision::UseLimited;
        }
        if required { Decision::FetchRequired } else { Decision::FetchAdvised }
    }

    /// Whether there are credentials to fall back on.
    pub fn holds(&self) -> bool {
        self.held
    }

    /// Records a fetch that returned credentials which live for `lifetime_ms` milliseconds from `now`
    /// (`None`: without end). Returns whether to use them: expired ones count as a failed refresh while
    /// others are held.
    ///
    /// The refresh is due at a point that `entropy` draws uniformly from the advisory window, so that devices
    /// that booted together do not fetch together; 0 is the window's start.
    #[must_use]
    pub fn succeeded(&mut self, now: Instant, lifetime_ms: Option<u64>, entropy: u32) -> bool {
        if lifetime_ms == Some(0) {
            self.failed(now, true, entropy);
            return false;
        }
        let advisory_seconds = self.windows.advisory_seconds.unwrap_or_else(|| advisory_window(lifetime_ms));
        let early = self.windows.spread && !self.held;
        self.due = lifetime_ms.map_or(Due::NEVER, |lifetime_ms| {
            // Credentials that live shorter than their windows are refreshed in the second half of their
            // life.
            let half = lifetime_ms / 2;
            let window = u64::from(advisory_seconds).wrapping_mul(1000);
            let required = lifetime_ms.wrapping_sub(MANDATORY_MS.min(half));
            let advised =
                lifetime_ms.checked_sub(window).filter(|start| *start > 0).unwrap_or(half).min(required);
            let window = required.wrapping_sub(advised);
            let drawn = if early {
                // A point of a life as long as later ones will be: so the load is even from the start.
                draw(entropy, advised.saturating_add(draw(entropy << 16, window)))
            } else {
                advised.saturating_add(draw(entropy, window))
            };
            Due { advised: now.after_ms(drawn), required: now.after_ms(required) }
        });
        self.advisory_seconds = advisory_seconds;
        self.held = true;
        self.invalidated = false;
        self.not_before = Instant::default();
        self.error_until = Instant::default();
        true
    }

    /// Records a fetch by its lease, as [`Refresh::succeeded`]: stale credentials do not replace those held.
    #[must_use]
    pub fn fetched(&mut self, now: Instant, lease: &Lease, entropy: u32) -> bool {
        let lifetime_ms = if lease.stale && self.held { Some(0) } else { lease.lifetime_ms };
        self.succeeded(now, lifetime_ms, entropy)
    }

    /// Records a failed fetch. `recoverable` says whether a retry may succeed.
    #[cfg_attr(target_os = "none", inline(never))]
    pub fn failed(&mut self, now: Instant, recoverable: bool, entropy: u32) {
        let after = |least: u32, width| now.after_ms(draw_short(entropy, width).saturating_add(least).into());
        if !recoverable {
            self.error_until = after(1_000, 4_000);
        } else if self.held {
            self.not_before = after(300_000, 300_000);
        }
    }

    /// Records that a service refused the credentials held (`ExpiredToken`, `ExpiredTokenException`,
    /// `InvalidToken`): the next call has to fetch, unless one failed just before. Call it only if the
    /// refused access key id is the one held.
    pub fn invalidate(&mut self) {
        self.invalidated = self.held;
    }

    /// Whether a service refused the credentials held, and no fetch has succeeded since.
    pub fn is_invalidated(&self) -> bool {
        self.invalidated
    }

    /// The advisory window of the credentials held, in seconds.
    pub fn advisory_seconds(&self) -> Option<u32> {
        self.held.then_some(self.advisory_seconds)
    }

    /// When [`Refresh::decide`] will return another decision, if ever: a device may sleep until then.
    pub fn next_change(&self, now: Instant) -> Option<Instant> {
        let times = [self.error_until, self.not_before, self.due.advised, self.due.required];
        let decision = self.decide(now);
        let changes =
            |time: &Instant| *time > now && *time != Due::NEVER.required && self.decide(*time) != decision;
        times.into_iter().filter(changes).min()
    }
}

/// The advisory window in seconds for credentials that live `lifetime_ms` milliseconds, or without end.
pub fn advisory_window(lifetime_ms: Option<u64>) -> u32 {
    const MINUTE: u64 = 60_000;
    match lifetime_ms {
        Some(lifetime_ms) if lifetime_ms <= 20 * MINUTE => 5 * 60,
        Some(lifetime_ms) if lifetime_ms < 90 * MINUTE => 15 * 60,
        _ => 60 * 60,
    }
}
