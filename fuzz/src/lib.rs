//! What the fuzz targets share.

pub mod hostile;
pub mod json;
pub mod xml;

use rolecall_core::flow::Lease;
use rolecall_core::wire::{BufferTooSmall, Count, Cursor, Error, Put};

use crate::hostile::{Keys, Outcome};

// The one place that names where calls are.
pub use rolecall_core::call::{Call, Service};
pub use rolecall_core::sources::sts::AssumeRoleRequest;

/// Sizes of pieces, 1 to 16 bytes each, as `seed` decides.
pub fn pieces(seed: u8) -> impl FnMut() -> usize {
    let mut state = u64::from(seed) | 0x9e37_79b9_0000_0000;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        1 + (state % 16) as usize
    }
}

/// What `write` puts, which has to be the same whatever the buffer, or the size that would do.
pub fn put(write: impl Fn(&mut dyn Put)) -> Vec<u8> {
    let mut count = Count::default();
    write(&mut count);
    let needed = count.0;
    let mut whole = vec![0; needed];
    let mut out = Cursor::new(&mut whole);
    write(&mut out);
    out.finish().expect("what was counted suffices");
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

/// As [`put`], of what is text.
pub fn text(write: impl Fn(&mut dyn Put)) -> String {
    String::from_utf8(put(write)).expect("UTF-8")
}

/// What is wrong is at the offset: the text before it is the start of some text that is right.
/// `refused` reads one, and tells where it refuses it.
pub fn refused_no_earlier(text: &[u8], error: Error, refused: impl Fn(&[u8]) -> Option<usize>) {
    let before = text.get(..error.offset).expect("an offset within the text");
    if let Some(earlier) = refused(before) {
        assert!(earlier >= error.offset, "{error}, but without the rest at {earlier}");
    }
    is_told(error);
}

/// What is wrong is told, and where.
pub fn is_told(error: Error) {
    let text = error.to_string();
    let what = text.strip_suffix(&format!(" at byte {}", error.offset)).expect("the place");
    assert!(!what.is_empty());
}

/// The second that `text` tells, as `time` reads RFC 3339.
pub fn seconds(text: &str) -> Option<u64> {
    let time = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok()?;
    u64::try_from(time.unix_timestamp()).ok()
}

/// Credentials that came out are those that were served, and live as long as the time of the reply
/// leaves them.
pub fn same(outcome: &Outcome<Lease>, said: Keys) {
    let lease = outcome.result.expect("credentials");
    let keys = outcome.keys.as_ref().expect("credentials");
    // Permitted difference: `time` has leap seconds in fewer places.
    let said = if said.expiration.is_none() { Keys { expiration: keys.expiration, ..said } } else { said };
    assert_eq!(*keys, said);
    let end = lease.expiration.expect("an end").as_secs();
    assert_eq!(keys.expiration, Some(end));
    let lifetime = lease.lifetime_ms.expect("an end");
    assert!(lifetime > 0);
    if let Some(time) = outcome.served.last().expect("a reply").time {
        assert_eq!(lifetime, (end - time) * 1000);
    }
}
