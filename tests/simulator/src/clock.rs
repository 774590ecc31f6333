//! The simulator's clock, which may differ from this machine's, and the three formats for timestamps.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use time::{Date, Month, OffsetDateTime, Time};

/// Seconds since 1970-01-01T00:00:00Z.
pub(crate) type Seconds = i64;

/// 8000-01-01: the clock stops here, so that every expiration has a four-digit year.
const LATEST: Seconds = 190_288_396_800;

pub(crate) struct Clock {
    offset: AtomicI64,
}

impl Clock {
    pub(crate) fn new(offset: i64) -> Self {
        Self { offset: AtomicI64::new(offset) }
    }

    pub(crate) fn now(&self) -> Seconds {
        // A machine whose clock is before 1970 counts as 1970.
        let real = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let real = Seconds::try_from(real.as_secs()).unwrap_or(LATEST);
        real.saturating_add(self.offset.load(Ordering::Relaxed)).clamp(0, LATEST)
    }

    pub(crate) fn shift(&self, seconds: i64) {
        // The closure always returns `Some`, so the update cannot fail.
        let _ = self.offset.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |offset| {
            Some(offset.saturating_add(seconds))
        });
    }
}

/// `2015-08-30T12:36:00Z`
pub(crate) fn rfc3339(seconds: Seconds) -> String {
    let t = calendar(seconds);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        t.year(),
        u8::from(t.month()),
        t.day(),
        t.hour(),
        t.minute(),
        t.second()
    )
}

/// `Sun, 30 Aug 2015 12:36:00 GMT`
pub(crate) fn http_date(seconds: Seconds) -> String {
    let t = calendar(seconds);
    let (weekday, month) = (t.weekday().to_string(), t.month().to_string());
    format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
        &weekday[..3],
        t.day(),
        &month[..3],
        t.year(),
        t.hour(),
        t.minute(),
        t.second()
    )
}

/// `20150830T123600Z`
pub(crate) fn amz_date(seconds: Seconds) -> String {
    rfc3339(seconds).chars().filter(|c| !matches!(c, '-' | ':')).collect()
}

/// Parses what [`amz_date`] writes, and nothing else.
pub(crate) fn parse_amz_date(text: &str) -> Option<Seconds> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    if date.len() != 8 || clock.len() != 6 {
        return None;
    }
    if !date.bytes().chain(clock.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let two = |text: &str, at: usize| text[at..at + 2].parse::<u8>().ok();
    let month = Month::try_from(two(date, 4)?).ok()?;
    let date = Date::from_calendar_date(date[..4].parse().ok()?, month, two(date, 6)?).ok()?;
    let time = Time::from_hms(two(clock, 0)?, two(clock, 2)?, two(clock, 4)?).ok()?;
    Some(date.with_time(time).assume_utc().unix_timestamp())
}

/// Converts a configured lifetime, which is at most ten years, to seconds.
pub(crate) fn seconds(lifetime: Duration) -> Seconds {
    Seconds::try_from(lifetime.as_secs()).unwrap_or(Seconds::from(u32::MAX))
}

/// Converts to `SystemTime`; `None` before 1970.
pub(crate) fn system_time(seconds: Seconds) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))
}

fn calendar(seconds: Seconds) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_formats_agree() {
        let seconds = 1_440_938_160;
        assert_eq!(rfc3339(seconds), "2015-08-30T12:36:00Z");
        assert_eq!(http_date(seconds), "Sun, 30 Aug 2015 12:36:00 GMT");
        assert_eq!(amz_date(seconds), "20150830T123600Z");
        assert_eq!(parse_amz_date("20150830T123600Z"), Some(seconds));
        assert_eq!(rfc3339(LATEST), "8000-01-01T00:00:00Z");
    }

    #[test]
    fn only_the_basic_format_is_parsed() {
        for text in [
            "",
            "Z",
            "T",
            "TZ",
            "20150830T123600",
            "20150830T1236000Z",
            "2015-08-30T12:36:00Z",
            "20150230T123600Z",
            "20151330T123600Z",
            "20150830T243600Z",
            "2015083é123600Z",
            "20150830T+23600Z",
            "é0150830T12360Z",
        ] {
            assert_eq!(parse_amz_date(text), None, "{text}");
        }
    }

    #[test]
    fn the_clock_shifts_and_is_clamped_to_its_range() {
        let clock = Clock::new(0);
        let before = clock.now();
        clock.shift(3600);
        assert!((3600..3700).contains(&(clock.now() - before)));
        clock.shift(i64::MAX);
        assert_eq!(clock.now(), LATEST);
        clock.shift(i64::MIN);
        clock.shift(i64::MIN);
        assert_eq!(clock.now(), 0);
    }
}
