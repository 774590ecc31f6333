//! Attempts at one step, bounded in number and in time.

use crate::skew::Instant;

/// How many attempts a source makes, and for how long.
///
/// ```
/// use rolecall_core::flow::RetryPolicy;
/// // For a machine that is still booting: ten attempts, a second and more apart, each of which may take five.
/// let patient = RetryPolicy::until_ready(10, 5_000);
/// assert!(patient.budget_ms >= 10 * 5_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Attempts at each step, including the first; at least one is made.
    pub attempts: u16,
    /// Milliseconds from the source's first step to its end, waits included.
    pub budget_ms: u32,
    /// The wait before the second attempt in milliseconds; each further one is a tenth of it longer. With 0, waits are
    /// drawn up to 0.2 seconds, and twice as much each time.
    pub pause_ms: u32,
    /// Whether a service that is not ready yet gets another attempt too: one that refuses connections or does not
    /// answer, an instance without a role, half of a document.
    pub until_ready: bool,
}

impl RetryPolicy {
    /// Three attempts within 9.5 seconds.
    pub const DEFAULT: Self = Self::new(3, 9_500);

    /// This many attempts within a budget in milliseconds, for failures that may pass in a moment.
    pub const fn new(attempts: u16, budget_ms: u32) -> Self {
        Self { attempts, budget_ms, pause_ms: 0, until_ready: false }
    }

    /// This many attempts, a second and more apart, for a service that may not be ready yet. The budget suffices for
    /// all of them at each of three steps, if one takes `attempt_ms`.
    pub const fn until_ready(attempts: u16, attempt_ms: u32) -> Self {
        let pause_ms = 1_000;
        // The last wait is the longest, and a tenth of the pause is added by chance.
        let longest = (attempts as u32).saturating_mul(pause_ms / 10).saturating_add(pause_ms);
        let each = longest.saturating_add(attempt_ms);
        let budget_ms = each.saturating_mul(attempts as u32).saturating_mul(3);
        Self { attempts, budget_ms, pause_ms, until_ready: true }
    }

    /// Sets the wait before the second attempt, in milliseconds.
    pub const fn with_pause(self, pause_ms: u32) -> Self {
        Self { pause_ms, ..self }
    }
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
    made: u16,
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
        let before = u32::from(self.made.saturating_sub(1));
        let wait = match policy.pause_ms {
            0 => draw_short(entropy, FIRST_WAIT_MS << before.min(6)),
            pause => {
                let step = pause / 10;
                let grown = step.saturating_mul(before).saturating_add(pause);
                draw_short(entropy, step).saturating_add(grown)
            }
        };
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
