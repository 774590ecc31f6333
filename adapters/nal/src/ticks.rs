//! A counter of 32 bits that wraps, extended to 64.

use core::num::NonZero;
use core::sync::atomic::{AtomicU32, Ordering};

use rolecall_core::skew::Instant;

/// Extends a counter of 32 bits that wraps, `HZ` ticks a second, to the clock that [`Board::now`](crate::Board::now)
/// asks for. A counter of milliseconds wraps after 49.7 days, one of microseconds after 71 minutes: without this, time
/// would start over there, and nothing be refreshed until it has caught up.
///
/// It has to see the counter at least once in each wrap, less 0.8 %: in 49 days at a thousand ticks a second. Each run
/// of a driver reads the clock, and a refresh each hour is enough for milliseconds; for a faster counter, read the clock
/// from a timer as well. Where it misses a wrap, time stands still for as long.
///
/// It may be shared: between tasks, interrupts and boards, as a `static`. All that share it read one counter. A reading
/// that is a little earlier than another before it, because an interrupt came between the counter and here, is that
/// earlier instant, and no wrap: up to 0.4 % of a wrap, which is 4.6 hours of milliseconds.
///
/// ```
/// use rolecall_core::skew::Now;
/// use rolecall_nal::Ticks;
///
/// static TICKS: Ticks = Ticks::new();
///
/// struct Board {
///     milliseconds: fn() -> u32, // a timer's, since any start
///     seed: u32,
/// }
///
/// impl rolecall_nal::Board for Board {
///     fn now(&mut self) -> Now {
///         Now { monotonic: TICKS.instant((self.milliseconds)()), wall: None }
///     }
///
///     fn entropy(&mut self) -> u32 {
///         self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
///         self.seed
///     }
/// }
/// ```
///
/// Another frequency, that of a real-time clock's crystal:
///
/// ```
/// use rolecall_nal::Ticks;
///
/// let crystal = Ticks::<32_768>::new();
/// assert_eq!(crystal.instant(u32::MAX).as_millis(), 131_071_999);
/// assert_eq!(crystal.instant(32_767).as_millis(), 131_072_999); // after a wrap
/// ```
#[derive(Debug)]
pub struct Ticks<const HZ: u32 = 1_000> {
    /// The latest count without its last [`COARSE`] bits. Each writer stores what it has just read, so that a plain
    /// load and store will do, which every processor has: where two cross, the older stays until the next reading.
    high: AtomicU32,
}

/// Bits of a count that are not remembered: readings may go back by as many ticks.
const COARSE: u32 = 24;

impl<const HZ: u32> Ticks<HZ> {
    const RATE: NonZero<u64> = match NonZero::new(HZ as u64) {
        Some(rate) => rate,
        // Refused by `new`.
        None => NonZero::<u64>::MIN,
    };

    /// A counter that has not wrapped yet, wherever it starts.
    pub const fn new() -> Self {
        const { assert!(HZ > 0, "a counter that stands still") };
        Self { high: AtomicU32::new(0) }
    }

    /// The instant at which the counter shows `counter`.
    pub fn instant(&self, counter: u32) -> Instant {
        let count = self.count(counter);
        if HZ == 1_000 {
            // Without this, a division of 64 bits would be linked.
            return Instant::from_millis(count);
        }
        let (seconds, rest) = (count / Self::RATE, count % Self::RATE);
        Instant::from_millis(seconds.wrapping_mul(1_000).wrapping_add(rest.wrapping_mul(1_000) / Self::RATE))
    }

    /// The ticks since the counter was 0 for the first time, when it shows `counter`.
    pub fn count(&self, counter: u32) -> u64 {
        let high = self.high.load(Ordering::Relaxed);
        let seen = u64::from(high) << COARSE;
        let ahead = counter.wrapping_sub(seen as u32);
        let behind = ahead.wrapping_neg();
        if (1..=1 << COARSE).contains(&behind)
            && let Some(earlier) = seen.checked_sub(behind.into())
        {
            return earlier;
        }
        let count = seen.wrapping_add(ahead.into());
        let reached = (count >> COARSE) as u32;
        if reached != high {
            self.high.store(reached, Ordering::Relaxed);
        }
        count
    }
}

impl<const HZ: u32> Default for Ticks<HZ> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRAP: u64 = 1 << 32;

    #[test]
    fn a_count_goes_on_over_several_wraps() {
        // An hour; 49 days; almost the longest that is allowed; and a few that share no factor with a wrap.
        for step in [3_600_000, 49 * 86_400_000, WRAP - (2 << COARSE), 1, 65_537, 16_777_213] {
            for start in [0, 1, 1 << COARSE, WRAP / 2, WRAP - (1 << COARSE), WRAP - 1] {
                let ticks = Ticks::<1_000>::new();
                let mut at = start;
                for _ in 0..5_000 {
                    assert_eq!(ticks.count(at as u32), at, "{step} from {start}");
                    at += step;
                }
            }
        }
    }

    #[test]
    fn a_reading_that_goes_back_adds_no_wrap() {
        for at in [1 << COARSE, WRAP - 1, WRAP, WRAP + 5, 3 * WRAP, 3 * WRAP + (1 << COARSE)] {
            for back in [0, 1, 2, 1_000, 1 << COARSE] {
                let ticks = Ticks::<1_000>::new();
                let mut before = 0;
                while before + WRAP / 2 < at {
                    before += WRAP / 2;
                    ticks.count(before as u32);
                }
                assert_eq!(ticks.count(at as u32), at);
                assert_eq!(ticks.count((at - back) as u32), at - back, "{back} before {at}");
                assert_eq!(ticks.count(at as u32), at, "after {back} before {at}");
            }
        }
    }

    #[test]
    fn a_writer_that_was_interrupted_leaves_no_wrap_behind() {
        for at in [WRAP - 3, WRAP - 1, WRAP, 2 * WRAP - 1] {
            let ticks = Ticks::<1_000>::new();
            for quarter in (0..=at).step_by(1 << 30) {
                ticks.count(quarter as u32);
            }
            let before = ticks.high.load(Ordering::Relaxed);
            ticks.count(at as u32);
            let interrupted = ticks.high.load(Ordering::Relaxed);
            // The interrupt is later, and the writer stores what it had read before.
            ticks.count((at + 5) as u32);
            for stored in [before, interrupted] {
                ticks.high.store(stored, Ordering::Relaxed);
                assert_eq!(ticks.count((at + 6) as u32), at + 6);
            }
        }
    }

    #[test]
    fn a_missed_wrap_is_a_time_that_stood_still() {
        let ticks = Ticks::<1_000>::new();
        assert_eq!(ticks.count(5), 5);
        assert_eq!(ticks.count((WRAP + 7) as u32), 7);
    }

    #[test]
    fn ticks_of_any_rate_are_milliseconds() {
        fn over_wraps<const HZ: u32>() {
            let ticks = Ticks::<HZ>::new();
            for third in 0..30 {
                let at = third * (WRAP / 3) + third;
                let expected = u128::from(at) * 1_000 / u128::from(HZ);
                assert_eq!(u128::from(ticks.instant(at as u32).as_millis()), expected, "{HZ} Hz, {third}");
            }
        }
        over_wraps::<1>();
        over_wraps::<100>();
        over_wraps::<1_000>();
        over_wraps::<32_768>();
        over_wraps::<1_000_000>();
        over_wraps::<{ u32::MAX }>();
    }

    #[test]
    fn the_largest_count_is_far_away() {
        // 56 bits: 2,284 years of microseconds.
        let ticks = Ticks::<1_000_000>::new();
        ticks.high.store(u32::MAX, Ordering::Relaxed);
        assert_eq!(ticks.instant(u32::MAX).as_millis(), ((1u64 << 56) - 1) / 1_000);
        assert_eq!(ticks.count(0), 1 << 56);
    }
}
