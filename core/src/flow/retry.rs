//! How often, how long: attempts at one step, bounded in number and in time.

use crate::skew::Instant;

use crate::flow::Limits;

/// How often and how long a source tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Persistence {
    /// Attempts at each step, the first included; at least one is made.
    pub attempts: u8,
    /// Milliseconds from the source's first step to its end, waits included.
    pub budget: u32,
}

impl Persistence {
    /// Three attempts within ten seconds.
    pub const DEFAULT: Self = Self { attempts: 3, budget: 9_500 };
}

impl Default for Persistence {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The first wait is drawn up to this, in milliseconds; each further one up to twice as much.
const FIRST_WAIT_MS: u32 = 200;

/// Why no exchange may start.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pause {
    /// The next attempt is due then.
    Until(Instant),
    /// The budget is spent.
    OutOfTime,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Attempts {
    made: u8,
    /// When the source began.
    began: Option<Instant>,
    not_before: Option<Instant>,
}

impl Attempts {
    /// The limits of the exchange that may start now, or why none may. Called at each poll.
    pub(crate) fn proceed(
        &mut self,
        now: Instant,
        limits: Limits,
        persistence: Persistence,
    ) -> Result<Limits, Pause> {
        self.began.get_or_insert(now);
        if let Some(until) = self.pause(now) {
            return Err(Pause::Until(until));
        }
        self.not_before = None;
        match self.left(now, persistence) {
            0 => Err(Pause::OutOfTime),
            left => Ok(limits.within(left)),
        }
    }

    /// Until when to wait before the next attempt, if one has failed.
    pub(crate) fn pause(&self, now: Instant) -> Option<Instant> {
        self.not_before.filter(|until| now < *until)
    }

    /// Counts a failed attempt. Whether there is another; then it waits first.
    pub(crate) fn again(&mut self, now: Instant, persistence: Persistence, entropy: u32) -> bool {
        self.made = self.made.saturating_add(1);
        let doubled = FIRST_WAIT_MS << self.made.saturating_sub(1).min(6);
        let wait = draw(entropy, u64::from(doubled));
        if self.made >= persistence.attempts || wait >= self.left(now, persistence) {
            return false;
        }
        self.not_before = Some(now.after(wait));
        true
    }

    /// Starts to count anew for the next step, within the same budget.
    pub(crate) fn next_step(&mut self) {
        self.made = 0;
        self.not_before = None;
    }

    fn left(&self, now: Instant, persistence: Persistence) -> u64 {
        let spent = self.began.map_or(0, |began| now.since(began));
        u64::from(persistence.budget).saturating_sub(spent)
    }
}

/// A point drawn uniformly from 0 to `width`, both included.
#[cfg_attr(target_os = "none", inline(never))]
pub(crate) fn draw(entropy: u32, width: u64) -> u64 {
    // The upper half of a product of 96 bits, by halves.
    let (entropy, width) = (u64::from(entropy), width.saturating_add(1));
    let low = (width & 0xffff_ffff).wrapping_mul(entropy) >> 32;
    (width >> 32).wrapping_mul(entropy).wrapping_add(low)
}
