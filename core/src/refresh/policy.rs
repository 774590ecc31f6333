//! When to fetch credentials again: a state machine on the monotonic clock.
//!
//! The behaviour is the AWS SDKs' common one of 2026. Credentials pass through two windows before
//! they expire. In the *advisory* window one caller refreshes and nobody waits; in the *mandatory*
//! one, the last 60 seconds, callers wait. A refresh that fails, or that brings credentials already
//! expired, keeps the old ones, past their expiry too, and is not tried again for 300 to 600
//! seconds. An error that trying again will not mend (access denied) is raised at once and repeated
//! from memory for 1 to 5 seconds.

use crate::flow::retry::{draw, draw_short};
use crate::skew::Instant;

/// What the refresh windows are, where they differ from the common behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Windows {
    /// Length of the advisory window in seconds; `None` derives it from the credentials' lifetime:
    /// 5 minutes up to 20 minutes of life, 15 below 90, 60 from there.
    pub advisory_seconds: Option<u32>,
    /// The first refresh is drawn from the whole life of the credentials and not from the advisory
    /// window: a fleet that booted together then asks evenly, for one early refresh of each device.
    pub spread: bool,
}

/// What the caller is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Decision {
    /// Use what is held.
    Use,
    /// Use what is held, though it is due: the last refresh failed, and it is too soon for another.
    UseLimited,
    /// Fetch. Whoever cannot wait may use what is held meanwhile.
    FetchAdvised,
    /// Fetch, and wait for it: what is held is as good as expired, or there is nothing.
    FetchRequired,
    /// Report the last error again.
    RepeatError,
}

/// The state of one set of credentials.
#[derive(Debug, Clone, Default)]
pub struct Refresh {
    windows: Windows,
    held: bool,
    /// When a refresh of what is held is due.
    due: Due,
    advisory_seconds: u32,
    invalidated: bool,
    /// No fetch before this, after one that failed; else long ago, as the next.
    not_before: Instant,
    /// The last error was final; it is repeated until this.
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
    /// Nothing held yet.
    pub fn new(windows: Windows) -> Self {
        Self { windows, ..Self::default() }
    }

    /// What to do at `now`.
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

    /// A fetch brought credentials that live for `lifetime_ms` milliseconds from `now` (`None`: for
    /// ever). Returns whether they are to be used: expired ones are a failed refresh while others
    /// are held.
    ///
    /// The refresh is due at a point drawn uniformly from the advisory window by `entropy`, so that
    /// devices that booted together do not ask together; 0 is the window's start.
    #[must_use]
    pub fn succeeded(&mut self, now: Instant, lifetime_ms: Option<u64>, entropy: u32) -> bool {
        if lifetime_ms == Some(0) {
            self.failed(now, true, entropy);
            return false;
        }
        let advisory_seconds = self.windows.advisory_seconds.unwrap_or_else(|| advisory_window(lifetime_ms));
        let early = self.windows.spread && !self.held;
        self.due = lifetime_ms.map_or(Due::NEVER, |lifetime_ms| {
            // What lives shorter than its windows is refreshed in the second half of its life.
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

    /// A fetch failed. `recoverable` says whether trying again may help.
    #[cfg_attr(target_os = "none", inline(never))]
    pub fn failed(&mut self, now: Instant, recoverable: bool, entropy: u32) {
        let after = |least: u32, width| now.after_ms(draw_short(entropy, width).saturating_add(least).into());
        if !recoverable {
            self.error_until = after(1_000, 4_000);
        } else if self.held {
            self.not_before = after(300_000, 300_000);
        }
    }

    /// A service refused the held credentials (`ExpiredToken`, `ExpiredTokenException`,
    /// `InvalidToken`): the next call has to fetch, unless one failed just before. Call it only if
    /// the refused access key id is the one held.
    pub fn invalidate(&mut self) {
        self.invalidated = self.held;
    }

    /// Whether a service has refused what is held, and nothing was fetched since.
    pub fn is_invalidated(&self) -> bool {
        self.invalidated
    }

    /// The advisory window of what is held, in seconds.
    pub fn advisory_seconds(&self) -> Option<u32> {
        self.held.then_some(self.advisory_seconds)
    }

    /// When [`Refresh::decide`] will next answer otherwise, if ever: a device may sleep until then.
    pub fn next_change(&self, now: Instant) -> Option<Instant> {
        let times = [self.error_until, self.not_before, self.due.advised, self.due.required];
        let decision = self.decide(now);
        let changes =
            |time: &Instant| *time > now && *time != Due::NEVER.required && self.decide(*time) != decision;
        times.into_iter().filter(changes).min()
    }
}

/// The advisory window in seconds for credentials that live `lifetime_ms` milliseconds, or for ever.
pub fn advisory_window(lifetime_ms: Option<u64>) -> u32 {
    const MINUTE: u64 = 60_000;
    match lifetime_ms {
        Some(lifetime_ms) if lifetime_ms <= 20 * MINUTE => 5 * 60,
        Some(lifetime_ms) if lifetime_ms < 90 * MINUTE => 15 * 60,
        _ => 60 * 60,
    }
}
