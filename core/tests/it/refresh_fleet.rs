//! The load that a fleet booted at the same time puts on the service in each refresh period.

use rolecall_core::refresh::{Refresh, Windows};
use rolecall_core::skew::Instant;

const DEVICES: u64 = 100_000;
const MINUTE: u64 = 60_000;

/// A pseudo-random generator (xorshift64*) with the same output in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }
}

/// The number of refreshes in each minute since the first boot, one list for each period. All devices
/// boot within a minute and get credentials for `lifetime` milliseconds.
fn refreshes(lifetime: u64, windows: Windows, periods: usize) -> Vec<Vec<u64>> {
    let minutes = (periods as u64 + 1) * lifetime / MINUTE + 2;
    let mut counts = vec![vec![0; minutes as usize]; periods];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..DEVICES {
        let mut now = Instant::from_millis((u64::from(random.next()) * MINUTE) >> 32);
        let mut refresh = Refresh::new(windows);
        for period in &mut counts {
            assert!(refresh.succeeded(now, Some(lifetime), random.next()));
            now = refresh.next_change(now).expect("a refresh of credentials that expire");
            period[(now.as_millis() / MINUTE) as usize] += 1;
        }
    }
    counts
}

fn peak(period: &[u64]) -> u64 {
    period.iter().copied().max().unwrap_or(0)
}

/// Minutes between the start of the advisory window and that of the mandatory one.
fn window(lifetime: u64) -> u64 {
    match lifetime / MINUTE {
        ..=20 => 4,
        21..90 => 14,
        _ => 59,
    }
}

#[test]
fn no_minute_exceeds_its_share_much_and_no_later_period_is_worse() {
    for hours in [1, 6, 12] {
        let lifetime = hours * 60 * MINUTE;
        let share = DEVICES / window(lifetime);
        let periods = refreshes(lifetime, Windows::default(), 5);
        let first = peak(&periods[0]);
        assert!(first * 100 <= share * 115, "{hours} h: {first} in one minute, the even share is {share}");
        for (period, counts) in periods.iter().enumerate().skip(1) {
            assert!(peak(counts) <= first, "{hours} h, period {period}: {} > {first}", peak(counts));
        }
    }
}

#[test]
fn spread_over_the_whole_lifetime_the_load_is_nearly_even() {
    for hours in [1, 6, 12] {
        let lifetime = hours * 60 * MINUTE;
        let windows = Windows { spread: true, ..Windows::default() };
        let periods = refreshes(lifetime, windows, 8);
        let all = |minute: usize| periods.iter().map(|period| period[minute]).sum::<u64>();
        // On average each device refreshes once per lifetime less half a window.
        let period = lifetime / MINUTE - window(lifetime) / 2 - 1;
        let mean = DEVICES / period;
        // From the second period until the first device has made all its eight refreshes.
        let shortest = lifetime / MINUTE - window(lifetime) - 1;
        for minute in period..7 * shortest {
            let count = all(minute as usize);
            assert!(count * 2 <= mean * 3, "{hours} h, minute {minute}: {count}, the mean is {mean}");
        }
    }
}

#[test]
fn only_the_first_refresh_is_spread() {
    let mut refresh = Refresh::new(Windows { spread: true, ..Windows::default() });
    let start = Instant::from_millis(0);
    assert!(refresh.succeeded(start, Some(60 * MINUTE), 0x1000_0000));
    let due = refresh.next_change(start).unwrap();
    assert!(due < Instant::from_millis(10 * MINUTE), "not a sixteenth of the lifetime");
    assert!(refresh.succeeded(due, Some(60 * MINUTE), 0x1000_0000));
    assert!(refresh.next_change(due).unwrap() >= due.after_ms(45 * MINUTE), "not in the advisory window");
}
