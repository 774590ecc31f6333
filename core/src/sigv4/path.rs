//! The canonical path.

use crate::wire::Put;
use crate::wire::percent::{self, Keep};
use crate::wire::words;

use super::{Rules, SignError};

/// Segments of a path that are held because a later `..` may remove them, at most.
const MAX_HELD: usize = 64;

/// Writes the path by `rules`: dot segments and empty segments resolved or not, encoded once more or as it is
/// sent.
pub(super) fn put_path(path: &[u8], rules: Rules, out: &mut (impl Put + ?Sized)) -> Result<(), SignError> {
    let keep = if rules.double_encode { Keep::Slash } else { Keep::Visible };
    if !rules.normalize_path {
        percent::encode(path, keep, out);
        return Ok(());
    }
    put_resolved(path, words::split(path, b'/'), keep, out)
}

/// Writes the `segments` of `path` but those that dot segments remove (RFC 3986, section 5.2.4). It walks them
/// twice: to count the `..`, and to write.
pub(super) fn put_resolved<'a>(
    path: &[u8],
    segments: impl Iterator<Item = &'a [u8]> + Clone,
    keep: Keep,
    out: &mut (impl Put + ?Sized),
) -> Result<(), SignError> {
    let mut climbs = segments.clone().filter(|segment| *segment == b"..").count();
    // The offsets of those that may still be removed, in a ring: at most one for each `..` to come.
    let mut held = [0u16; MAX_HELD];
    let (mut first, mut next) = (0usize, 0usize);
    let (mut start, mut empty) = (0usize, true);
    for segment in segments {
        match segment {
            b"" | b"." => {}
            b".." => {
                climbs = climbs.wrapping_sub(1);
                next = next.wrapping_sub(usize::from(next != first));
            }
            _ => {
                if next.wrapping_sub(first) >= MAX_HELD {
                    return Err(SignError::TooManySegments);
                }
                if let Some(place) = held.get_mut(next % MAX_HELD) {
                    *place = start as u16;
                }
                next = next.wrapping_add(1);
            }
        }
        start = start.wrapping_add(segment.len()).wrapping_add(1);
        while next.wrapping_sub(first) > climbs
            && let Some(at) = held.get(first % MAX_HELD)
        {
            first = first.wrapping_add(1);
            out.put(b"/");
            let kept = words::split(path.get(usize::from(*at)..).unwrap_or_default(), b'/')
                .next()
                .unwrap_or_default();
            percent::encode(kept, keep, out);
            empty = false;
        }
    }
    if empty || path.ends_with(b"/") {
        out.put(b"/");
    }
    Ok(())
}
