//! Attempts at one step, bounded in number and in time.

use crate::skew::Instant;

/// How many attempts a source makes, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RetryPolicy {
    /// Attempts at each step, including the first; at least one is made.
    pub attempts: u8,
    /// Milliseconds from the source's first step to its end, waits included.
    pub budget_ms: u32,
}

impl RetryPolicy {
    /// Three attempts within 9.5 seconds.
    pub const DEFAULT: Self = Self { attempts: 3, budget_ms: 9_500 };
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The first wait is drawn up to this, in milliseconds; each further one up to twice as much.
const FIRST_WAIT_MS: u32 = 200;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempts {
    made: u8,
    began: bool,
    /// The end of the budget.
    end: Instant,
    /// When the next attempt is due, after one that failed.
    not_before: Instant,
}

impl Attempts {
    pub(crate) const NONE: Self =
        Self { made: 0, began: false, end: Instant::from_millis(0), not_before: Instant::from_millis(0) };

    /// Starts the budget, at the first call, and returns whether there is any left.
    pub(crate) fn proceed(&mut self, now: Instant, policy: RetryPolicy) -> bool {
        if !self.began {
            self.began = true;
            self.end = now.after_ms(policy.budget_ms.into());
        }
        now < self.end
    }

    /// The end of the wait before the next attempt, if one has failed.
    pub(crate) fn pause(&self, now: Instant) -> Option<Instant> {
        Some(self.not_before).filter(|until| now < *until)
    }

    /// Counts a failed attempt, and returns whether there is another, after a wait.
    pub(crate) fn record_failure(&mut self, now: Instant, policy: RetryPolicy, entropy: u32) -> bool {
        self.made = self.made.saturating_add(1);
        let doubled = FIRST_WAIT_MS << self.made.saturating_sub(1).min(6);
        let wait = draw_short(entropy, doubled);
        if self.made >= policy.attempts || wait >= self.left(now, policy) {
            return false;
        }
        self.not_before = now.after_ms(wait.into());
        true
    }

    /// Counts attempts from zero for the next step, within the same budget.
    pub(crate) fn next_step(&mut self) {
        self.made = 0;
        self.not_before = Instant::from_millis(0);
    }

    /// Milliseconds left in the budget.
    pub(crate) fn left(&self, now: Instant, policy: RetryPolicy) -> u32 {
        if !self.began {
            return policy.budget_ms;
        }
        u32::try_from(self.end.ms_since(now)).unwrap_or(u32::MAX)
    }
}

/// As [`draw`], for widths of up to seven weeks.
pub(crate) fn draw_short(entropy: u32, width: u32) -> u32 {
    (u64::from(width).wrapping_add(1).wrapping_mul(u64::from(entropy)) >> 32) as u32
}

/// Draws a point uniformly from 0 to `width`, both included.
#[cfg_attr(target_os = "none", inline(never))]
pub(crate) fn draw(entropy: u32, width: u64) -> u64 {
    // The upper half of a product of 96 bits, by halves.
    let (entropy, width) = (u64::from(entropy), width.saturating_add(1));
    let low = (width & 0xffff_ffff).wrapping_mul(entropy) >> 32;
    (width >> 32).wrapping_mul(entropy).wrapping_add(low)
}
