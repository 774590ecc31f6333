//! Searches of texts, eight bytes at a time; on a device one at a time, which is smaller.

use super::device::ON_DEVICE;

const ONES: u64 = u64::from_ne_bytes([1; 8]);

/// Bytes that end a run of others: all below the first, which is at most 128, and the others, which are of ASCII.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stops<const N: usize>(pub(crate) [u8; N]);

impl<const N: usize> Stops<N> {
    #[inline(always)]
    pub(crate) fn has(&self, byte: u8) -> bool {
        let (below, bytes) = self.parts();
        bytes.iter().fold(byte < below, |has, stop| has | (byte == *stop))
    }

    #[inline(always)]
    fn parts(&self) -> (u8, &[u8]) {
        self.0.split_first().map_or((0, &[]), |(below, bytes)| (*below, bytes))
    }

    /// The length of the front of `text` before the first of these bytes, or of all of it.
    #[inline(always)]
    pub(crate) fn front(&self, text: &[u8]) -> usize {
        if ON_DEVICE {
            return front_of_bytes(text, &self.0);
        }
        let Some(last) = text.last_chunk() else {
            return text.iter().position(|byte| self.has(*byte)).unwrap_or(text.len());
        };
        let mut at = 0usize;
        while let Some(eight) = text.get(at..).and_then(<[u8]>::first_chunk) {
            let marks = self.marks(*eight);
            if marks != 0 {
                return at.wrapping_add(first(marks));
            }
            at = at.wrapping_add(8);
            // In a long run, four times eight with one branch.
            while at & 31 == 0
                && let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk::<32>)
                && block.as_chunks().0.iter().fold(0, |marks, eight| marks | self.marks(*eight)) == 0
            {
                at = at.wrapping_add(32);
            }
        }
        // The last eight: those of them that were searched have no mark.
        text.len().wrapping_sub(8).wrapping_add(first(self.marks(*last)))
    }

    /// The highest bit of each byte that is one of these, and of none before the first of them.
    #[inline(always)]
    fn marks(&self, eight: [u8; 8]) -> u64 {
        let word = u64::from_le_bytes(eight);
        // A byte below is one from which the subtraction borrows; only bytes behind it see that.
        let below = |word: u64, byte: u8| word.wrapping_sub(ONES.wrapping_mul(u64::from(byte))) & !word;
        let same = |byte: &u8| below(word ^ ONES.wrapping_mul(u64::from(*byte)), 1);
        let (first, bytes) = self.parts();
        let marks = bytes.iter().fold(below(word, first), |marks, byte| marks | same(byte));
        marks & (ONES << 7)
    }
}

/// The length of the front of `text` before the first `byte`, or of all of it. One copy for all callers.
#[inline(never)]
pub(crate) fn before(text: &[u8], byte: u8) -> usize {
    if ON_DEVICE {
        return text.iter().position(|found| *found == byte).unwrap_or(text.len());
    }
    Stops([0, byte]).front(text)
}

/// The parts of `text` between the bytes `separator`: one more than there are of these.
pub(crate) fn split(text: &[u8], separator: u8) -> Split<'_> {
    Split { rest: Some(text), separator }
}

/// The iterator of [`split`]. The standard library's is another one for each separator.
#[derive(Debug, Clone)]
pub(crate) struct Split<'a> {
    rest: Option<&'a [u8]>,
    separator: u8,
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a [u8];

    #[inline(never)]
    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let (part, tail) = rest.split_at_checked(before(rest, self.separator))?;
        self.rest = tail.split_first().map(|(_, tail)| tail);
        Some(part)
    }
}

/// As [`Stops::front`], one loop for all.
#[inline(never)]
fn front_of_bytes(text: &[u8], stops: &[u8]) -> usize {
    let Some((below, bytes)) = stops.split_first() else { return text.len() };
    text.iter().position(|byte| byte < below || bytes.iter().any(|stop| stop == byte)).unwrap_or(text.len())
}

/// Whether all bytes of `text` are within one of `ranges`, each of a first and a last byte of ASCII.
#[inline(always)]
pub(crate) fn all_within<const N: usize>(text: &[u8], ranges: [(u8, u8); N]) -> bool {
    // No sum of seven bits reaches the next byte, so every mark is exact.
    let outside = |eight: [u8; 8]| {
        let word = u64::from_le_bytes(eight);
        let low = word & (ONES * 0x7f);
        let from = |byte: u8| low.wrapping_add(ONES.wrapping_mul(u64::from(0x80u8.wrapping_sub(byte))));
        let within = ranges
            .iter()
            .fold(0, |within, (first, last)| within | (from(*first) & !from(last.wrapping_add(1))));
        (word | !within) & (ONES << 7)
    };
    let (eights, _) = text.as_chunks();
    let Some(last) = text.last_chunk() else {
        return short(text).is_none_or(|eight| outside(eight) == 0);
    };
    eights.iter().fold(outside(*last), |marks, eight| marks | outside(*eight)) == 0
}

/// The bytes of a text of up to seven, some of them twice; `None` without any. It is not copied into a buffer, from which
/// a processor could not read eight bytes before those that were written one by one have left it.
#[inline(always)]
fn short(text: &[u8]) -> Option<[u8; 8]> {
    if let (Some([a, b, c, d]), Some([e, f, g, h])) = (text.first_chunk(), text.last_chunk()) {
        return Some([*a, *b, *c, *d, *e, *f, *g, *h]);
    }
    let (first, middle, last) = (*text.first()?, *text.get(text.len() / 2)?, *text.last()?);
    Some([first, middle, last, last, first, middle, last, last])
}

/// The index of the byte with the first mark.
pub(crate) fn first(marks: u64) -> usize {
    marks.trailing_zeros() as usize / 8
}

/// The number of bytes at the front of both texts that are equal.
#[cfg(feature = "sigv4")]
pub(crate) fn common(a: &[u8], b: &[u8]) -> usize {
    let (eights, others) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    let mut same = 0usize;
    for (a, b) in eights.iter().zip(others) {
        let differ = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differ != 0 {
            return same.wrapping_add(first(differ));
        }
        same = same.wrapping_add(8);
    }
    let (a, b) = (a.get(same..).unwrap_or_default(), b.get(same..).unwrap_or_default());
    same.wrapping_add(a.iter().zip(b).take_while(|(a, b)| a == b).count())
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    #[cfg(feature = "sigv4")]
    use super::common;
    use super::{Stops, all_within};

    /// Texts of up to 100 bytes, of few different ones, so that runs have all lengths.
    fn texts() -> impl Iterator<Item = Vec<u8>> {
        let mut state = 1u32;
        let mut random = move |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        (0..20_000).map(move |_| {
            let seldom = 1 + random(60);
            let len = random(100);
            let byte = |random: &mut dyn FnMut(u32) -> u32| match random(seldom) {
                0 => b"\"\\<&\n\x7f\x80\xff\x1f #!]["[random(13) as usize],
                _ => b"aZ"[random(2) as usize],
            };
            (0..len).map(|_| byte(&mut random)).collect()
        })
    }

    #[test]
    fn a_front_ends_where_a_search_byte_by_byte_ends() {
        let stops = Stops(*b" \"\\");
        for text in texts() {
            let expected = text.iter().position(|byte| *byte < b' ' || b"\"\\".contains(byte));
            assert_eq!(stops.front(&text), expected.unwrap_or(text.len()), "{text:?}");
            let expected = text.iter().position(|byte| *byte == b'&');
            assert_eq!(Stops(*b"\0&").front(&text), expected.unwrap_or(text.len()), "{text:?}");
        }
    }

    #[test]
    fn ranges_are_as_byte_by_byte() {
        for text in texts() {
            let within = |byte: &u8| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'#' | b'!'..=b'"');
            let ranges = [(b'a', b'z'), (b'A', b'Z'), (b'#', b'#'), (b'!', b'"')];
            assert_eq!(all_within(&text, ranges), text.iter().all(within), "{text:?}");
        }
    }

    #[cfg(feature = "sigv4")]
    #[test]
    fn common_fronts_are_as_byte_by_byte() {
        let mut before = Vec::new();
        for text in texts() {
            let same = text.iter().zip(&before).take_while(|(a, b)| a == b).count();
            assert_eq!(common(&text, &before), same, "{text:?}");
            let mut longer = text.clone();
            longer.extend(&before);
            assert_eq!(common(&text, &longer), text.len());
            before = text;
        }
    }
}
