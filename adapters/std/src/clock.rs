//! The clocks and the random source of this machine.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::time::{Duration, Instant as StdInstant, SystemTime};

use rolecall_core::skew::{Instant, Now};
use rolecall_core::wire::time::UnixTime;

/// The start of the year in which this version was released, 2026: a clock before that was never set.
pub(crate) const RELEASED: UnixTime = UnixTime::from_secs(1_767_225_600);

/// Reads both clocks.
pub(crate) fn now() -> Now {
    Now { monotonic: monotonic(), wall: UnixTime::from_system_time(SystemTime::now()) }
}

/// Reads the monotonic clock.
pub(crate) fn monotonic() -> Instant {
    static START: OnceLock<StdInstant> = OnceLock::new();
    Instant::from_millis(START.get_or_init(StdInstant::now).elapsed().as_millis() as u64)
}

/// Sleeps until `instant`.
pub(crate) fn sleep_until(instant: Instant) {
    std::thread::sleep(Duration::from_millis(instant.ms_since(monotonic())));
}

/// Draws 32 bits for jitter: the standard library seeds each `RandomState` with new ones.
pub(crate) fn entropy() -> u32 {
    RandomState::new().hash_one(0u8) as u32
}

/// [`UnixTime`] from and to the standard library's [`SystemTime`].
///
/// ```
/// use std::time::SystemTime;
/// use rolecall::{UnixTime, UnixTimeExt};
///
/// let time = UnixTime::from_secs(1_440_938_160);
/// assert_eq!(UnixTime::from_system_time(time.to_system_time()), Some(time));
/// assert_eq!(UnixTime::from_system_time(SystemTime::UNIX_EPOCH), Some(UnixTime::EPOCH));
/// ```
pub trait UnixTimeExt: Sized {
    /// Converts a time, dropping its fraction of a second. `None` for a time before 1970, and
    /// [`UnixTime::MAX`] for one after the year 9999.
    fn from_system_time(time: SystemTime) -> Option<Self>;

    /// Converts back, exactly.
    fn to_system_time(self) -> SystemTime;
}

impl UnixTimeExt for UnixTime {
    fn from_system_time(time: SystemTime) -> Option<Self> {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(Self::from_secs(since.as_secs()))
    }

    fn to_system_time(self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.as_secs())
    }
}

/// `7 h behind`, `5 min ahead`: how far off a clock is to which `behind` seconds have to be added.
pub(crate) fn off_by(behind: i64) -> String {
    let seconds = behind.unsigned_abs();
    let amount = match (seconds / 3600, seconds % 3600 / 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours @ 1..=47, 0) => format!("{hours} h"),
        (hours @ 1..=47, minutes) => format!("{hours} h {minutes} min"),
        (hours, _) => format!("{} days", hours / 24),
    };
    format!("{amount} {}", if behind < 0 { "ahead" } else { "behind" })
}
