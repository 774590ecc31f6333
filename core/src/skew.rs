//! The time to sign with: the caller's clocks, and what replies teach about them.
//!
//! The behaviour is the one that the AWS SDKs agreed on in 2026: the skew is the reply's `Date` minus the
//! middle of the exchange; a reply with an `Age`, without a usable `Date`, or after a round trip of more than
//! 15 minutes is ignored; every other reply counts, errors too. Beyond that, a board without a clock takes
//! the time from the first reply that has one.

use crate::wire::scan::is_one_of;
use crate::wire::time::UnixTime;

/// A point on a clock that only moves forward, in milliseconds since any start, such as boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Instant(u64);

impl Instant {
    /// The instant `milliseconds` after the start.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since the start.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the start.
    fn as_secs(self) -> u64 {
        // Digit by digit to the base 2^16: 32-bit machines have no wide division.
        let (mut seconds, mut left) = (0u64, 0u32);
        for digit in [self.0 >> 48, self.0 >> 32, self.0 >> 16, self.0] {
            let digit = (left << 16) | (digit as u32 & 0xffff);
            seconds = (seconds << 16) | u64::from(digit / 1000);
            left = digit % 1000;
        }
        seconds
    }

    /// The instant `milliseconds` after this one.
    #[cfg_attr(target_os = "none", inline(never))]
    pub const fn after_ms(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// Milliseconds since `earlier`; 0 if that is later.
    #[cfg_attr(target_os = "none", inline(never))]
    pub const fn ms_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A reading of the caller's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Now {
    /// The clock of refresh, deadlines and retries.
    pub monotonic: Instant,
    /// The time of day, if the board has a clock that it trusts.
    pub wall: Option<UnixTime>,
}

/// The sender of a `Date`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// A word, which a device copies in one piece.
#[repr(u32)]
pub enum Authority {
    /// A metadata or container endpoint: it sets the time where there is no clock at all, but does not
    /// correct a clock.
    Metadata,
    /// A service that checks signatures by the same clock.
    Service,
}

/// The time to sign with: the caller's clocks, corrected by what replies taught.
#[derive(Debug, Clone)]
pub struct Clock {
    corrects: bool,
    /// Seconds to add to the wall clock.
    skew: i64,
    /// Unix time at the start of the monotonic clock, and its authority.
    start: Option<(i64, Authority)>,
}

/// The most that a clock may be off before an error can be blamed on it, in seconds.
const TOLERANCE: u64 = 240;
/// The longest round trip whose reply counts, in milliseconds.
const MAX_ROUND_TRIP: u64 = 15 * 60 * 1000;

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock {
    /// A clock that learns the time from replies.
    pub const fn new() -> Self {
        Self { corrects: true, skew: 0, start: None }
    }

    /// A clock that takes the wall clock as it is (`AWS_DISABLE_CLOCK_SKEW_CORRECTION`).
    pub const fn uncorrected() -> Self {
        Self { corrects: false, ..Self::new() }
    }

    /// Starts with a skew measured earlier: the seconds by which the wall clock is behind; negative if it is ahead.
    pub const fn with_skew(self, seconds: i64) -> Self {
        Self { skew: seconds, ..self }
    }

    /// Whether it learns from replies.
    pub fn learns(&self) -> bool {
        self.corrects
    }

    /// The time, as well as it is known; `None` on a board that has no clock and has not learned the time.
    pub fn time(&self, now: Now) -> Option<UnixTime> {
        match (now.wall, self.start) {
            (Some(wall), _) => Some(wall.saturating_add(self.skew)),
            (None, Some((start, _))) => {
                let elapsed = now.monotonic.as_secs() as i64;
                u64::try_from(start.wrapping_add(elapsed)).ok().map(UnixTime::from_secs)
            }
            (None, None) => None,
        }
    }

    /// Seconds by which the wall clock is behind (negative: ahead), as far as replies showed.
    pub fn skew(&self) -> i64 {
        self.skew
    }

    /// Learns from a reply: the value of its `Date`, whether it has an `Age`, and the clocks when the request
    /// was sent and the reply received. Returns the seconds by which the caller's wall clock was off, if the
    /// reply shows it.
    pub fn observe(
        &mut self,
        date: Option<&[u8]>,
        has_age: bool,
        sent: Now,
        received: Now,
        authority: Authority,
    ) -> Option<i64> {
        let date = date.filter(|_| !has_age).and_then(|date| UnixTime::from_http_date(date).ok());
        self.learn(date, sent, received, authority)
    }

    /// As [`Clock::observe`], for a reply without an `Age`, whose `Date` is parsed already.
    pub(crate) fn learn(
        &mut self,
        date: Option<UnixTime>,
        sent: Now,
        received: Now,
        authority: Authority,
    ) -> Option<i64> {
        if received.monotonic.ms_since(sent.monotonic) > MAX_ROUND_TRIP {
            return None;
        }
        let date = date?.as_secs() as i64;
        // Seconds of either clock are below 2^55.
        let middle = |sent: u64, received: u64| (sent.wrapping_add(received) / 2) as i64;
        let uptime = middle(sent.monotonic.as_secs(), received.monotonic.as_secs());
        let better = !matches!(self.start, Some((_, Authority::Service)));
        if self.corrects && (better || authority == Authority::Service) {
            self.start = Some((date.wrapping_sub(uptime), authority));
        }
        let skew = date.wrapping_sub(middle(sent.wall?.as_secs(), received.wall?.as_secs()));
        if self.corrects && authority == Authority::Service {
            self.skew = skew;
        }
        Some(skew)
    }

    /// Whether an error with this code may be the clock's fault, given the skew of its reply: then the
    /// request is signed and sent once more.
    pub fn explains(&self, code: &str, skew: Option<i64>) -> bool {
        self.is_off(skew) && may_be_meant(code)
    }

    /// Whether a skew is more than a service tolerates, and is to be corrected.
    pub(crate) fn is_off(&self, skew: Option<i64>) -> bool {
        self.corrects && skew.is_some_and(|skew| skew.unsigned_abs() > TOLERANCE)
    }
}

/// Whether an error with this code may be the fault of a clock.
pub(crate) fn may_be_meant(code: &str) -> bool {
    const CODES: &str = "InvalidSignatureException SignatureDoesNotMatch AuthFailure RequestTimeTooSkewed \
                         AccessDeniedException";
    is_one_of(CODES, code)
}
