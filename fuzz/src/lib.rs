//! Code shared by the fuzz targets.

pub mod hostile;
pub mod json;
pub mod xml;

use rolecall_core::flow::Lease;
use rolecall_core::wire::{BufferTooSmall, Count, Cursor, Error, Put};

use crate::hostile::{Keys, Outcome};

// The only place with the paths of calls.
pub use rolecall_core::call::{Call, Service};
pub use rolecall_core::sources::sts::AssumeRoleRequest;

/// Sizes of pieces, 1 to 16 bytes each, seeded by `seed`.
pub fn pieces(seed: u8) -> impl FnMut() -> usize {
    let mut state = u64::from(seed) | 0x9e37_79b9_0000_0000;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        1 + (state % 16) as usize
    }
}

/// Returns what `write` puts, checking that any buffer contains the same, or the error has the required size.
pub fn put(write: impl Fn(&mut dyn Put)) -> Vec<u8> {
    let mut count = Count::default();
    write(&mut count);
    let needed = count.0;
    let mut whole = vec![0; needed];
    let mut out = Cursor::new(&mut whole);
    write(&mut out);
    out.finish().expect("the counted size is sufficient");
    for size in [0, needed / 2, needed.saturating_sub(1), needed, needed + 9] {
        let mut buffer = vec![0xa5; size];
        let mut out = Cursor::new(&mut buffer);
        write(&mut out);
        match out.finish() {
            Ok(text) => assert!(size >= needed && *text == *whole, "in {size} bytes"),
            Err(small) => {
                assert_eq!((small, size < needed), (BufferTooSmall { needed }, true));
                assert!(small.to_string().contains(&needed.to_string()));
            }
        }
    }
    whole
}

/// The same as [`put`], for text.
pub fn text(write: impl Fn(&mut dyn Put)) -> String {
    String::from_utf8(put(write)).expect("UTF-8")
}

/// Checks that the text before the error offset is a valid prefix. `refused` parses a text and returns the
/// offset of its error.
pub fn refused_no_earlier(text: &[u8], error: Error, refused: impl Fn(&[u8]) -> Option<usize>) {
    let before = text.get(..error.offset).expect("an offset within the text");
    if let Some(earlier) = refused(before) {
        assert!(earlier >= error.offset, "{error}, but without the rest at {earlier}");
    }
    has_description(error);
}

/// Checks that the error has a description and its position.
pub fn has_description(error: Error) {
    let text = error.to_string();
    let what = text.strip_suffix(&format!(" at byte {}", error.offset)).expect("the position");
    assert!(!what.is_empty());
}

/// The time in `text` in seconds, as `time` parses RFC 3339.
pub fn seconds(text: &str) -> Option<u64> {
    let time = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok()?;
    u64::try_from(time.unix_timestamp()).ok()
}

/// Checks that the resulting credentials are the served ones, and that their lifetime is that at the time of
/// the response.
pub fn same(outcome: &Outcome<Lease>, expected: Keys) {
    let lease = outcome.result.expect("credentials");
    let keys = outcome.keys.as_ref().expect("credentials");
    // Permitted difference: `time` accepts fewer leap seconds.
    // Credentials that had expired are used for some minutes more.
    let expected = if expected.expiration.is_none() || lease.stale {
        Keys { expiration: keys.expiration, ..expected }
    } else {
        expected
    };
    assert_eq!(*keys, expected);
    let end = lease.expiration.expect("an end").as_secs();
    assert_eq!(keys.expiration, Some(end));
    let lifetime = lease.lifetime_ms.expect("an end");
    assert!(lifetime > 0);
    assert!(!lease.stale || (300_000..=600_000).contains(&lifetime), "{lifetime} ms");
    if let Some(time) = outcome.served.last().expect("a reply").time {
        assert_eq!(lifetime, (end - time) * 1000);
    }
}
