//! The board as flows see it.

use board::clock;
use rolecall_core::skew::Now;
use rolecall_core::wire::time::UnixTime;
use rolecall_nal::{Board, Ticks};

/// The milliseconds of the board, which wrap after 49 days.
static TICKS: Ticks = Ticks::new();

/// The board: it knows its uptime, but usually not the time of day.
#[derive(Debug)]
pub struct Device {
    /// The seed of its jitter.
    pub random: u32,
    /// The time of day at its start, if it is known.
    pub boot: Option<UnixTime>,
}

impl Board for Device {
    fn now(&mut self) -> Now {
        let monotonic = TICKS.instant(clock::milliseconds());
        let wall = self.boot.map(|boot| boot.saturating_add((monotonic.as_millis() / 1000) as i64));
        Now { monotonic, wall }
    }

    fn entropy(&mut self) -> u32 {
        self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.random
    }
}
