//! Timestamps, compared with the crates jiff and time.

use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::{Error, Kind};
use time::format_description::well_known::Rfc3339;

const DAY: u64 = 86_400;

fn rfc3339(text: &str) -> Result<u64, Error> {
    UnixTime::from_rfc3339(text.as_bytes()).map(UnixTime::as_secs)
}

fn http(text: &str) -> Result<u64, Error> {
    UnixTime::from_http_date(text.as_bytes()).map(UnixTime::as_secs)
}

fn compact(text: &str) -> Result<u64, Error> {
    UnixTime::from_compact(text.as_bytes()).map(UnixTime::as_secs)
}

/// Every day from 1970 to 2400, each at another second, then larger steps up to 9999.
fn days() -> impl Iterator<Item = u64> {
    let near = (0..157_054).map(|day| day * DAY + day * 7_919 % DAY);
    // The range of jiff ends a day before the end of 9999.
    let far = (157_054..UnixTime::MAX.as_secs() / DAY - 1).step_by(97).map(|day| day * DAY + DAY - 1);
    near.chain(far).chain([0, 59, 60, 3_599, 3_600, DAY - 1])
}

#[test]
fn every_day_is_written_like_jiff_and_time_and_parsed_back() {
    for seconds in days() {
        let time = UnixTime::from_secs(seconds);
        let jiff = jiff::Timestamp::from_second(seconds as i64).unwrap();
        let other = time::OffsetDateTime::from_unix_timestamp(seconds as i64).unwrap();

        let text = time.rfc3339();
        assert_eq!(text.as_str(), jiff.to_string());
        assert_eq!(text.as_str(), other.format(&Rfc3339).unwrap());
        assert_eq!(rfc3339(text.as_str()), Ok(seconds));

        let text = time.compact();
        assert_eq!(text.as_str(), jiff.strftime("%Y%m%dT%H%M%SZ").to_string());
        assert_eq!(compact(text.as_str()), Ok(seconds));

        let text = time.http_date();
        assert_eq!(text.as_str(), jiff.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
        assert_eq!(http(text.as_str()), Ok(seconds));
    }
}

#[test]
fn only_existing_days_are_accepted() {
    for year in (1970..=2400).chain([9998]) {
        for month in 0..=13 {
            for day in [0, 1, 28, 29, 30, 31, 32] {
                let text = format!("{year:04}-{month:02}-{day:02}T00:00:00Z");
                let theirs = jiff::civil::Date::new(year, month, day).ok().map(|date| {
                    date.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_second() as u64
                });
                assert_eq!(rfc3339(&text).ok(), theirs, "{text}");
                assert_eq!(compact(&text.replace(['-', ':'], "")).ok(), theirs, "{text}");
            }
        }
    }
}

#[test]
fn all_forms_of_rfc_3339_are_parsed() {
    const NOON: u64 = 1_440_938_160; // 2015-08-30T12:36:00Z
    for text in [
        "2015-08-30T12:36:00Z",
        "2015-08-30t12:36:00z",
        "2015-08-30T12:36:00.9Z",
        "2015-08-30T12:36:00.123456789012345678Z",
        "2015-08-30T12:36:00+00:00",
        "2015-08-30T12:36:00-00:00",
        "2015-08-30T14:06:00.5+01:30",
        "2015-08-29T12:37:00-23:59",
        "2015-08-31T12:35:00+23:59",
    ] {
        assert_eq!(rfc3339(text), Ok(NOON), "{text}");
        let theirs =
            jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%:z", text.to_uppercase().replace('Z', "+00:00"));
        if let Ok(theirs) = theirs {
            assert_eq!(theirs.as_second() as u64, NOON, "{text}");
        }
    }
    assert_eq!(
        rfc3339("2016-12-31T23:59:60Z"),
        Ok(1_483_228_799),
        "a leap second is not the second before it"
    );
    assert_eq!(rfc3339("1970-01-01T00:00:00+00:01").unwrap_err().kind, Kind::OutOfRange);
    assert_eq!(rfc3339("9999-12-31T23:59:59-00:01").unwrap_err().kind, Kind::OutOfRange);
}

#[test]
fn invalid_timestamps_are_rejected_with_their_offset() {
    use Kind::*;
    let cases = [
        ("2015-8-30T12:36:00Z", 6, UnexpectedByte),
        ("2015-08-30 12:36:00Z", 10, UnexpectedByte),
        ("20150830T123600Z", 4, UnexpectedByte),
        ("2015-08-30T12:36Z", 16, UnexpectedByte),
        ("2015-08-30T12:36:00", 19, UnexpectedEnd),
        ("2015-08-30T12:36:00.Z", 20, UnexpectedByte),
        ("2015-08-30T12:36:00,5Z", 19, UnexpectedByte),
        ("2015-08-30T12:36:00+0100", 22, UnexpectedByte),
        ("2015-08-30T12:36:00+01", 22, UnexpectedEnd),
        ("2015-08-30T12:36:00Zulu", 20, TrailingData),
        ("2015-08-30T12:36:00Z\n", 20, TrailingData),
        ("2015-08-30T24:00:00Z", 11, OutOfRange),
        ("2015-08-30T12:60:00Z", 11, OutOfRange),
        ("2015-08-30T12:36:61Z", 11, OutOfRange),
        ("2015-08-30T12:36:00+24:00", 20, OutOfRange),
        ("1969-12-31T23:59:59Z", 0, OutOfRange),
        ("2015-02-29T00:00:00Z", 0, OutOfRange),
        ("+2015-08-30T12:36:00Z", 0, UnexpectedByte),
        (" 2015-08-30T12:36:00Z", 0, UnexpectedByte),
        ("", 0, UnexpectedEnd),
    ];
    for (text, offset, kind) in cases {
        assert_eq!(rfc3339(text), Err(Error { offset, kind }), "{text}");
    }
    let whole = "2015-08-30T12:36:00.5+01:30";
    for len in 0..whole.len() {
        assert_eq!(
            rfc3339(&whole[..len]),
            Err(Error { offset: len, kind: UnexpectedEnd }),
            "{}",
            &whole[..len]
        );
    }
}

#[test]
fn http_dates_are_parsed_in_the_preferred_form_only() {
    assert_eq!(http("Sun, 30 Aug 2015 12:36:00 GMT"), Ok(1_440_938_160));
    for text in [
        "Sunday, 30-Aug-15 12:36:00 GMT",
        "Sun Aug 30 12:36:00 2015",
        "Sun, 30 Aug 2015 12:36:00 UTC",
        "Sun, 30 Aug 2015 12:36:00 +0000",
        "Sun, 30 Aug 2015 12:36:00",
        "Sun, 30 Aug 2015 12:36:00 GMT ",
        "Sun, 3 Aug 2015 12:36:00 GMT",
        "sun, 30 aug 2015 12:36:00 gmt",
        "Sun, 30 Foo 2015 12:36:00 GMT",
        "Sun, 30 Aug 1969 12:36:00 GMT",
        "Sun, 31 Feb 2015 12:36:00 GMT",
        "1440938160",
        "",
    ] {
        assert!(http(text).is_err(), "{text}");
    }
    assert_eq!(http("Sun, 31 Feb 2015 12:36:00 GMT"), Err(Error { offset: 5, kind: Kind::OutOfRange }));
    let whole = "Sun, 30 Aug 2015 12:36:00 GMT";
    for len in 0..whole.len() {
        assert!(http(&whole[..len]).unwrap_err().offset <= len);
    }
}

#[test]
fn seconds_since_1970_are_parsed_up_to_the_end_of_9999() {
    let epoch = |text: &str| UnixTime::from_epoch(text.as_bytes()).map(UnixTime::as_secs);
    for (text, seconds) in [
        ("0", 0),
        ("1440938160.999", 1_440_938_160),
        ("1.44093816E9", 1_440_938_160),
        ("14409381600e-1", 1_440_938_160),
        ("1e-400", 0),
        ("253402300799.9", UnixTime::MAX.as_secs()),
    ] {
        assert_eq!(epoch(text), Ok(seconds), "{text}");
    }
    // These include values in milliseconds.
    for late in ["253402300800", "1440938160000", "1e12", "1e300", "1e99999999999", "99999999999999999999999"]
    {
        assert_eq!(epoch(late).unwrap_err().kind, Kind::OutOfRange, "{late}");
    }
    for none in ["", "-1", "+1", " 1", "1.", ".5", "1e", "0x1", "1 "] {
        assert!(epoch(none).is_err(), "{none}");
    }
}

#[test]
fn the_compact_form_is_exact() {
    assert_eq!(compact("20150830T123600Z"), Ok(1_440_938_160));
    for text in [
        "20150830T123660Z",
        "20150830T1236Z",
        "20150830t123600z",
        "20150830T123600",
        "20150830",
        "2015-08-30T12:36:00Z",
    ] {
        assert!(compact(text).is_err(), "{text}");
    }
}

#[test]
fn arithmetic_stays_in_range() {
    let time = UnixTime::from_secs(1_000);
    assert_eq!(time.saturating_add(-5_000), UnixTime::EPOCH);
    assert_eq!(time.saturating_add(i64::MIN), UnixTime::EPOCH);
    assert_eq!(time.saturating_add(i64::MAX), UnixTime::MAX);
    assert_eq!(UnixTime::from_secs(u64::MAX), UnixTime::MAX);
    assert_eq!(UnixTime::MAX.rfc3339().as_str(), "9999-12-31T23:59:59Z");
    assert_eq!(UnixTime::EPOCH.seconds_since(UnixTime::MAX), -253_402_300_799);
}
