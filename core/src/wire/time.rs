//! Times in the formats of AWS: RFC 3339, the HTTP `Date`, and SigV4's compact form.
//!
//! Resolution is a second, the range 1970 to 9999. Each reader takes the whole text.

use core::fmt;
use core::num::NonZeroU64;

use super::scan::Scan;
use super::{Ascii, Error, Kind};

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds, up to the end of the year 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(
    /// Plus one, so that an optional time is no larger.
    NonZeroU64,
);

/// [`UnixTime::MAX`] in seconds.
const MAX: u64 = 253_402_300_799;

const DAY: u32 = 86_400;
const MONTHS: [[u8; 3]; 12] = [
    *b"Jan", *b"Feb", *b"Mar", *b"Apr", *b"May", *b"Jun", *b"Jul", *b"Aug", *b"Sep", *b"Oct", *b"Nov",
    *b"Dec",
];
const WEEKDAYS: [[u8; 3]; 7] = [*b"Thu", *b"Fri", *b"Sat", *b"Sun", *b"Mon", *b"Tue", *b"Wed"];

impl UnixTime {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self::of(0);
    /// 9999-12-31T23:59:59Z.
    pub const MAX: Self = Self::of(MAX);

    const fn of(seconds: u64) -> Self {
        Self(NonZeroU64::MIN.saturating_add(seconds))
    }

    /// The time `seconds` after 1970, or [`UnixTime::MAX`] if that is earlier.
    pub const fn from_secs(seconds: u64) -> Self {
        if seconds > MAX { Self::MAX } else { Self::of(seconds) }
    }

    /// Seconds since 1970.
    pub const fn as_secs(self) -> u64 {
        self.0.get().wrapping_sub(1)
    }

    /// This time moved by `seconds`, kept in range.
    pub const fn saturating_add(self, seconds: i64) -> Self {
        Self::from_secs(self.as_secs().saturating_add_signed(seconds))
    }

    /// Seconds from `earlier` to this time; negative if it is later.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        // Both are below 2^38.
        (self.as_secs() as i64).wrapping_sub(earlier.as_secs() as i64)
    }

    /// Reads RFC 3339 (`2015-08-30T12:36:00Z`), with any number of fractional digits, which are
    /// dropped, and any offset. A leap second counts as the second before it.
    ///
    /// ```
    /// use rolecall_core::wire::time::UnixTime;
    /// let time = UnixTime::from_rfc3339(b"2015-08-30T14:36:00.25+02:00")?;
    /// assert_eq!(time.as_secs(), 1440938160);
    /// # Ok::<(), rolecall_core::wire::Error>(())
    /// ```
    pub fn from_rfc3339(text: &[u8]) -> Result<Self, Error> {
        let mut scan = Scan::new(text);
        let read = read_date_time::<false>(&mut scan, false);
        scan.result(read)
    }

    /// Reads the forms of ISO 8601 that programs print for a time with a zone: RFC 3339, also with a space for the
    /// `T`, a comma before the fraction, and an offset without colon or minutes; and the basic form.
    ///
    /// ```
    /// use rolecall_core::wire::time::UnixTime;
    /// for text in ["2015-08-30 14:36:00+02:00", "2015-08-30T12:36:00,5+0000", "20150830T123600Z"] {
    ///     assert_eq!(UnixTime::from_iso8601(text.as_bytes())?.as_secs(), 1440938160);
    /// }
    /// # Ok::<(), rolecall_core::wire::Error>(())
    /// ```
    pub fn from_iso8601(text: &[u8]) -> Result<Self, Error> {
        let mut scan = Scan::new(text);
        let is_basic = text.get(4) != Some(&b'-');
        let read = read_date_time::<true>(&mut scan, is_basic);
        scan.result(read)
    }

    /// Reads SigV4's compact form, `20150830T123600Z`.
    pub fn from_compact(text: &[u8]) -> Result<Self, Error> {
        let mut scan = Scan::new(text);
        let read = read_compact(&mut scan);
        scan.result(read)
    }

    /// Reads an HTTP date in the one form that senders may use, IMF-fixdate (RFC 9110, section
    /// 5.6.7): `Sun, 30 Aug 2015 12:36:00 GMT`. The two obsolete forms are refused; that the
    /// weekday belongs to the date is not checked.
    pub fn from_http_date(text: &[u8]) -> Result<Self, Error> {
        let mut scan = Scan::new(text);
        let read = read_http_date(&mut scan);
        scan.result(read)
    }

    /// Reads seconds since 1970 as JSON services write them, with fraction and exponent or without:
    /// `1440938160`, `1.44093816E9`. The fraction of a second is dropped. A time after [`UnixTime::MAX`] is
    /// an
    /// error, as in the other formats.
    ///
    /// ```
    /// use rolecall_core::wire::time::UnixTime;
    /// assert_eq!(UnixTime::from_epoch(b"1.44093816E9")?, UnixTime::from_rfc3339(b"2015-08-30T12:36:00Z")?);
    /// # Ok::<(), rolecall_core::wire::Error>(())
    /// ```
    pub fn from_epoch(number: &[u8]) -> Result<Self, Error> {
        let mut scan = Scan::new(number);
        let read = read_epoch(&mut scan);
        scan.result(read)
    }

    /// Formats as RFC 3339: `2015-08-30T12:36:00Z`.
    pub fn rfc3339(self) -> Ascii<20> {
        let civil = self.civil();
        let mut text = *b"0000-00-00T00:00:00Z";
        fill(&mut text, &[(6, civil.time), (8, civil.date())]);
        Ascii::new(text)
    }

    /// Formats as SigV4 does: `20150830T123600Z`; its first eight bytes are the date of a credential scope.
    pub fn compact(self) -> Ascii<16> {
        let civil = self.civil();
        let mut text = *b"00000000T000000Z";
        fill(&mut text, &[(6, civil.time), (8, civil.date())]);
        Ascii::new(text)
    }

    /// As [`UnixTime::compact`], on the same day as another time in that form.
    #[cfg(feature = "sigv4")]
    pub(crate) fn compact_on(self, other: &Ascii<16>) -> Ascii<16> {
        let digits = |number: u32| [b'0' | (number / 10 % 10) as u8, b'0' | (number % 10) as u8];
        let second = self.second_of_day();
        let ([a, b], [c, d], [e, f]) = (digits(second / 3600), digits(second / 60 % 60), digits(second % 60));
        let mut text = other.to_bytes();
        if let Some(end) = text.last_chunk_mut() {
            *end = [b'T', a, b, c, d, e, f, b'Z'];
        }
        Ascii::new(text)
    }

    /// Formats as HTTP does: `Sun, 30 Aug 2015 12:36:00 GMT`.
    pub fn http_date(self) -> Ascii<29> {
        let Civil { days, year, month, day, time } = self.civil();
        let mut text = *b"Thu, 00 Jan 0000 00:00:00 GMT";
        fill(&mut text, &[(6, time), (4, year), (2, day)]);
        let weekday = WEEKDAYS.get((days % 7) as usize);
        let month = MONTHS.get(month.wrapping_sub(1) as usize);
        for (at, name) in [(0usize, weekday), (8, month)] {
            for (to, from) in text.iter_mut().skip(at).zip(name.copied().unwrap_or(*b"   ")) {
                *to = from;
            }
        }
        Ascii::new(text)
    }

    /// Whole days since 1970.
    pub(crate) fn days(self) -> u32 {
        // 86,400 is 128 times 675, and the whole range shifted by 7 fits 32 bits: no wide division.
        ((self.as_secs() >> 7) as u32) / (DAY >> 7)
    }

    fn second_of_day(self) -> u32 {
        self.as_secs().wrapping_sub(u64::from(self.days()).wrapping_mul(u64::from(DAY))) as u32
    }

    fn civil(self) -> Civil {
        let (days, second) = (self.days(), self.second_of_day());
        // Years have 366 days at most and months 31, so the first guesses are early: by less than a year in
        // 1,000, and by a month at most.
        let mut year = (days / 366).wrapping_add(1970);
        while first_day(year.wrapping_add(1), 1) <= days {
            year = year.wrapping_add(1);
        }
        let mut month = (days.wrapping_sub(first_day(year, 1)) / 31).wrapping_add(1);
        if first_day(year, month.wrapping_add(1)) <= days {
            month = month.wrapping_add(1);
        }
        let day = days.wrapping_sub(first_day(year, month));
        // Each hour counts 10,000 in place of 3,600, and each minute 100 in place of 60.
        let (hours, minutes) = (second / 3600, second / 60);
        let time = second.wrapping_add(minutes.wrapping_mul(40)).wrapping_add(hours.wrapping_mul(4000));
        Civil { days, year, month, day: day.wrapping_add(1), time }
    }
}

impl fmt::Debug for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UnixTime").field(&self.as_secs()).finish()
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for UnixTime {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "UnixTime({=u64})", self.as_secs());
    }
}

#[cfg(feature = "sigv4")]
impl Ascii<16> {
    /// The day of [`UnixTime::compact`].
    pub(crate) fn day(&self) -> &[u8] {
        self.as_bytes().get(..8).unwrap_or_default()
    }
}

struct Civil {
    days: u32,
    year: u32,
    month: u32,
    day: u32,
    /// `hhmmss`.
    time: u32,
}

impl Civil {
    /// `yyyymmdd`.
    fn date(&self) -> u32 {
        self.year.wrapping_mul(100).wrapping_add(self.month).wrapping_mul(100).wrapping_add(self.day)
    }
}

/// Writes numbers over the zeroes of `text`, the last first, each with its count of digits.
fn fill(text: &mut [u8], numbers: &[(usize, u32)]) {
    let mut places = text.iter_mut().rev().filter(|byte| **byte == b'0');
    for (digits, number) in numbers {
        let mut rest = *number;
        for place in places.by_ref().take(*digits) {
            *place = b'0' | (rest % 10) as u8;
            rest /= 10;
        }
    }
}

/// RFC 3339, or if `LENIENT` more of ISO 8601.
fn read_date_time<const LENIENT: bool>(scan: &mut Scan<'_>, is_basic: bool) -> Option<UnixTime> {
    let [year, month, day] = fields(scan, if LENIENT && is_basic { &b"422"[..] } else { b"4-2-2" })?;
    if !(scan.take(b"T") || scan.take(b"t") || LENIENT && scan.take(b" ")) {
        return scan.unexpected();
    }
    let second = time_of_day(scan, if LENIENT && is_basic { &b"222"[..] } else { b"2:2:2" })?;
    if (scan.take(b".") || LENIENT && scan.take(b","))
        && scan.take_while(|byte| byte.is_ascii_digit()).is_empty()
    {
        return scan.unexpected();
    }
    let offset = match scan.peek() {
        Some(b'Z' | b'z') => {
            scan.skip(1);
            0
        }
        Some(sign @ (b'+' | b'-')) => {
            scan.skip(1);
            let at = scan.offset();
            let [hours, minutes, _] = match scan.rest() {
                [_, _] if LENIENT => fields(scan, b"2"),
                [_, _, byte, ..] if LENIENT && *byte != b':' => fields(scan, b"22"),
                _ => fields(scan, b"2:2"),
            }?;
            if hours > 23 || minutes > 59 {
                return scan.fail_at(at, Kind::OutOfRange);
            }
            let east = i64::from(hours.wrapping_mul(3600).wrapping_add(minutes.wrapping_mul(60)));
            if sign == b'+' { east.wrapping_neg() } else { east }
        }
        _ => return scan.unexpected(),
    };
    scan.end()?;
    let local = from_civil(year, month, day, second);
    let seconds = local.and_then(|local| local.checked_add_signed(offset));
    match seconds.filter(|seconds| *seconds <= MAX) {
        Some(seconds) => Some(UnixTime::of(seconds)),
        None => scan.fail_at(0, Kind::OutOfRange),
    }
}

fn read_epoch(scan: &mut Scan<'_>) -> Option<UnixTime> {
    let digits = |scan: &mut Scan<'_>| {
        let run = scan.take_while(|byte| byte.is_ascii_digit());
        if run.is_empty() { scan.unexpected() } else { Some(run.len()) }
    };
    let (all, start) = (scan.rest(), scan.offset());
    digits(scan)?;
    let mut fraction = 0;
    if scan.take(b".") {
        fraction = digits(scan)?;
    }
    let mantissa = all.get(..scan.offset().saturating_sub(start)).unwrap_or_default();
    let mut exponent = 0i32;
    if scan.take(b"e") || scan.take(b"E") {
        let negative = !scan.take(b"+") && scan.take(b"-");
        let at = scan.rest();
        let length = digits(scan)?;
        for digit in at.get(..length).unwrap_or_default() {
            exponent = exponent.saturating_mul(10).saturating_add(i32::from(digit & 15));
        }
        exponent = if negative { exponent.saturating_neg() } else { exponent };
    }
    scan.end()?;
    // Of the digits, those that are whole seconds; behind the last as many zeroes as are missing.
    let shift = exponent.saturating_sub_unsigned(u32::try_from(fraction).unwrap_or(u32::MAX));
    let digits = mantissa.iter().filter(|byte| **byte != b'.');
    let dropped = usize::try_from(shift.saturating_neg()).unwrap_or(0);
    let whole = digits.clone().count().saturating_sub(dropped);
    let mut seconds = 0u64;
    for digit in digits.take(whole) {
        seconds = seconds.saturating_mul(10).saturating_add(u64::from(digit & 15));
    }
    // Twelve more make a time of one second too late for any clock.
    for _ in 0..shift.clamp(0, 20) {
        seconds = seconds.saturating_mul(10);
    }
    // Thousandths of a second by mistake would be a time of the year 50,000.
    if seconds > MAX { scan.fail_at(0, Kind::OutOfRange) } else { Some(UnixTime::of(seconds)) }
}

fn read_compact(scan: &mut Scan<'_>) -> Option<UnixTime> {
    let [year, month, day] = fields(scan, b"422T")?;
    let [hour, minute, second] = fields(scan, b"222Z")?;
    scan.end()?;
    if hour > 23 || minute > 59 || second > 59 {
        return scan.fail_at(9, Kind::OutOfRange);
    }
    let second = hour.wrapping_mul(3600).wrapping_add(minute.wrapping_mul(60)).wrapping_add(second);
    match from_civil(year, month, day, second) {
        Some(seconds) => Some(UnixTime::of(seconds)),
        None => scan.fail_at(0, Kind::OutOfRange),
    }
}

fn read_http_date(scan: &mut Scan<'_>) -> Option<UnixTime> {
    if !WEEKDAYS.iter().any(|name| scan.take(name)) {
        return scan.unexpected();
    }
    let [day, ..] = fields(scan, b", 2 ")?;
    let Some((month, _)) = (1..).zip(&MONTHS).find(|(_, name)| scan.take(name.as_slice())) else {
        return scan.unexpected();
    };
    let [year, ..] = fields(scan, b" 4 ")?;
    let second = time_of_day(scan, b"2:2:2")?;
    scan.require(b" GMT")?;
    scan.end()?;
    match from_civil(year, month, day, second) {
        Some(seconds) => Some(UnixTime::of(seconds)),
        None => scan.fail_at(5, Kind::OutOfRange),
    }
}

/// Up to three numbers: a digit of `pattern` is the length of one, any other byte stands for itself.
fn fields(scan: &mut Scan<'_>, pattern: &[u8]) -> Option<[u32; 3]> {
    let mut values = [0; 3];
    let mut places = values.iter_mut();
    for byte in pattern {
        if byte.is_ascii_digit() {
            let value = scan.digits(usize::from(byte & 15))?;
            places.next().into_iter().for_each(|place| *place = value);
        } else {
            scan.expect_byte(*byte)?;
        }
    }
    Some(values)
}

/// `hh:mm:ss`, or by another pattern, as seconds of the day.
fn time_of_day(scan: &mut Scan<'_>, pattern: &[u8]) -> Option<u32> {
    let at = scan.offset();
    let [hour, minute, second] = fields(scan, pattern)?;
    if hour > 23 || minute > 59 || second > 60 {
        return scan.fail_at(at, Kind::OutOfRange);
    }
    Some(hour.wrapping_mul(3600).wrapping_add(minute.wrapping_mul(60)).wrapping_add(second.min(59)))
}

/// Seconds since 1970, if there is such a day.
fn from_civil(year: u32, month: u32, day: u32, second: u32) -> Option<u64> {
    if year < 1970 || !(1..=12).contains(&month) || day == 0 {
        return None;
    }
    let days = first_day(year, month).wrapping_add(day).wrapping_sub(1);
    if days >= first_day(year, month.wrapping_add(1)) {
        return None;
    }
    Some(u64::from(days).wrapping_mul(u64::from(DAY)).wrapping_add(u64::from(second)))
}

/// Days from 1970 to the first day of a month, from 1970 on. The month behind December is the next year's
/// first.
#[cfg_attr(target_os = "none", inline(never))]
fn first_day(year: u32, month: u32) -> u32 {
    // Counted from March, the leap day is the last of its year, and five months have 153 days.
    let (year, month) =
        if month < 3 { (year.wrapping_sub(1), month.wrapping_add(9)) } else { (year, month.wrapping_sub(3)) };
    let leap_days = (year / 4).wrapping_sub(year / 100).wrapping_add(year / 400);
    let months = month.wrapping_mul(153).wrapping_add(2) / 5;
    year.wrapping_mul(365).wrapping_add(leap_days).wrapping_add(months).wrapping_sub(719_468)
}
