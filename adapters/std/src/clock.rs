//! The clocks and the random source of this machine.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::time::{Duration, Instant as StdInstant, SystemTime};

use rolecall_core::skew::{Instant, Now};
use rolecall_core::wire::time::UnixTime;

/// What the clocks say.
pub(crate) fn now() -> Now {
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok();
    Now { monotonic: monotonic(), wall: wall.map(|wall| UnixTime::from_secs(wall.as_secs())) }
}

/// What the monotonic clock says.
pub(crate) fn monotonic() -> Instant {
    static START: OnceLock<StdInstant> = OnceLock::new();
    Instant::from_millis(START.get_or_init(StdInstant::now).elapsed().as_millis() as u64)
}

/// Sleeps until `instant`.
pub(crate) fn sleep_until(instant: Instant) {
    std::thread::sleep(Duration::from_millis(instant.since(monotonic())));
}

/// 32 bits for jitter: the standard library seeds each `RandomState` anew.
pub(crate) fn entropy() -> u32 {
    RandomState::new().hash_one(0u8) as u32
}
