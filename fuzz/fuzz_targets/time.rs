//! Times compared with `time` and `jiff`, and seconds in JSON with serde_json: accepted texts are read as the
//! same second; texts that are rejected but accepted by another crate have one of the reasons listed here;
//! every second is written as they write it, and read back.
//!
//! An input is a text. Its first eight bytes are also used as a number of seconds.

#![no_main]

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::{Error, Kind};
use rolecall_fuzz::refused_no_earlier;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

type Ours = fn(&[u8]) -> Result<UnixTime, Error>;
/// The results of `time` and of `jiff`.
type Theirs = fn(&str) -> [Option<i64>; 2];

fuzz_target!(|input: &[u8]| {
    if let Some(seconds) = input.first_chunk() {
        // 253 billion seconds are 38 bits.
        write(u64::from_le_bytes(*seconds) >> 26);
    }
    let readers: [(Ours, Theirs); 3] = [
        (UnixTime::from_rfc3339, their_rfc3339),
        (UnixTime::from_http_date, their_http_date),
        (UnixTime::from_compact, their_compact),
    ];
    epoch(input);
    let lenient = checked(UnixTime::from_iso8601, input);
    for strict in [UnixTime::from_rfc3339, UnixTime::from_compact] {
        assert!(strict(input).is_err() || strict(input) == lenient, "{input:?}");
    }
    for (ours, theirs) in readers {
        let read = checked(ours, input);
        let text = str::from_utf8(input).ok();
        let theirs = text.map_or([None; 2], theirs);
        for theirs in theirs {
            match (read, theirs) {
                (Ok(ours), Some(theirs)) => assert_eq!(ours.as_secs() as i64, theirs, "{text:?}"),
                (Ok(_), None) => assert!(is_wider(text.expect("ASCII")), "{text:?}"),
                (Err(error), Some(seconds)) => {
                    assert!(is_stricter(text.expect("UTF-8"), error, seconds), "{error}: {text:?}");
                }
                (Err(_), None) => {}
            }
        }
    }
});

/// Parses a time; checks that the text before the error offset is a valid prefix.
fn checked(ours: Ours, input: &[u8]) -> Result<UnixTime, Error> {
    ours(input).inspect_err(|error| {
        // The range is only checked once the format is valid.
        let refused = |text: &[u8]| ours(text).err().filter(|error| error.kind != Kind::OutOfRange);
        refused_no_earlier(input, *error, |text| Some(refused(text)?.offset));
    })
}

fn epoch(input: &[u8]) {
    let theirs = serde_json::from_slice::<f64>(input).ok();
    match (checked(UnixTime::from_epoch, input), theirs) {
        (Ok(ours), Some(theirs)) => {
            // A value close to a whole second may be rounded to it.
            let rounded = if (theirs - theirs.round()).abs() < 1e-3 { 1.0 } else { 0.0 };
            assert!((theirs.floor() - ours.as_secs() as f64).abs() <= rounded, "{ours:?}: {theirs}");
        }
        // Permitted difference: leading zeroes. In a document, the JSON reader rejects them.
        (Ok(_), None) => assert!(input.starts_with(b"0"), "{input:?}"),
        (Err(error), Some(theirs)) => {
            let late = error.kind == Kind::OutOfRange && theirs > UnixTime::MAX.as_secs() as f64;
            let padded = input != input.trim_ascii();
            assert!(late || padded || input.starts_with(b"-"), "{error}: {theirs}");
        }
        (Err(_), None) => {}
    }
}

/// Permitted differences: a leap second in any minute (`time` only accepts possible ones, `jiff` none in some
/// formats), more than nine fraction digits, the last hours of the year 9999, which `jiff` does not support,
/// and a weekday that does not match the date.
fn is_wider(text: &str) -> bool {
    let leap = text.contains(":60");
    let fine = text.split_once('.').is_some_and(|(_, digits)| digits.len() > 9);
    let last = text.contains("9999");
    let weekday = text.contains(',');
    leap || fine || last || weekday
}

/// Permitted differences: times outside 1970 to 9999; offsets beyond a day; a leap second in the compact
/// format; formats other than RFC 3339 and IMF-fixdate, of which the other crates accept more.
fn is_stricter(text: &str, error: Error, seconds: i64) -> bool {
    match error.kind {
        Kind::OutOfRange => {
            let year = !(0..=UnixTime::MAX.as_secs() as i64).contains(&seconds);
            // Before 1970 in the local time of the text, but not in UTC.
            let local = !text.contains("GMT") && seconds < 2 * 86_400;
            let offset = text.len() > 20 && text.contains(['+', '-']);
            let leap = text.len() == 16 && text.ends_with("60Z");
            year || local || offset || leap
        }
        Kind::UnexpectedByte | Kind::UnexpectedEnd | Kind::TrailingData => true,
        _ => false,
    }
}

fn their_rfc3339(text: &str) -> [Option<i64>; 2] {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp);
    let jiff = text.parse::<Timestamp>().ok().map(|time| time.as_second());
    // Permitted difference: `jiff` accepts many more formats.
    [time, jiff]
}

fn their_http_date(text: &str) -> [Option<i64>; 2] {
    let form = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let time = PrimitiveDateTime::parse(text, &form).ok().map(|time| time.assume_utc().unix_timestamp());
    let reader = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    let jiff = reader.parse_timestamp(text).ok().map(|time| time.as_second());
    [time, jiff]
}

fn their_compact(text: &str) -> [Option<i64>; 2] {
    let form = format_description!("[year][month][day]T[hour][minute][second]Z");
    let time = PrimitiveDateTime::parse(text, &form).ok().map(|time| time.assume_utc().unix_timestamp());
    let jiff = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok();
    let jiff =
        jiff.and_then(|time| time.to_zoned(TimeZone::UTC).ok()).map(|time| time.timestamp().as_second());
    [time, jiff]
}

fn write(seconds: u64) {
    let time = UnixTime::from_secs(seconds);
    assert_eq!(format!("{:?}", time.rfc3339()), format!("\"{}\"", time.rfc3339()));
    assert_eq!(time.as_secs(), seconds.min(UnixTime::MAX.as_secs()));
    assert_eq!(UnixTime::from_rfc3339(time.rfc3339().as_bytes()), Ok(time));
    assert_eq!(UnixTime::from_compact(time.compact().as_bytes()), Ok(time));
    assert_eq!(UnixTime::from_http_date(time.http_date().as_bytes()), Ok(time));
    assert_eq!(UnixTime::EPOCH.saturating_add(time.as_secs() as i64), time);
    assert_eq!(time.seconds_since(UnixTime::EPOCH), time.as_secs() as i64);

    let other = OffsetDateTime::from_unix_timestamp(time.as_secs() as i64).expect("in range");
    assert_eq!(other.format(&Rfc3339).expect("a text"), time.rfc3339().as_str());
    // Permitted difference: the range of `jiff` ends a day before the year 9999 does.
    if let Ok(other) = Timestamp::from_second(time.as_secs() as i64) {
        assert_eq!(other.to_string(), time.rfc3339().to_string());
        assert_eq!(other.strftime("%Y%m%dT%H%M%SZ").to_string(), time.compact().as_str());
        assert_eq!(other.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(), time.http_date().as_str());
    }
}
