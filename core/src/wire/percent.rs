//! Percent-encoding (RFC 3986, section 2), as SigV4 and form bodies use it.

use super::Put;
use super::device::ON_DEVICE;
use super::words;

/// The bytes that are not encoded, besides the unreserved `A-Z a-z 0-9 - . _ ~`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// None: names and values of a query or a form.
    Unreserved,
    /// The slash too: a path.
    Slash,
    /// Every visible ASCII character: only bytes that cannot be sent at all are encoded.
    Visible,
}

impl Keep {
    #[cfg_attr(target_os = "none", inline(never))]
    pub(crate) fn keeps(self, byte: u8) -> bool {
        // The smallest set of a byte decides, as each set includes the ones before it. A device has no room
        // for a table.
        let class = if ON_DEVICE { class(byte) } else { *CLASSES.get(usize::from(byte)).unwrap_or(&3) };
        class <= self as u8
    }

    /// Of each byte of `block`, 1 where it is not kept. All are compared, without a branch or a table, so that many are at
    /// once.
    #[inline(always)]
    fn stops(self, block: &[u8; BLOCK]) -> [u8; BLOCK] {
        let mut stops = [0; BLOCK];
        let is = |yes: bool| u8::from(yes);
        for (stop, byte) in stops.iter_mut().zip(block) {
            let letter = is((byte | 0x20).wrapping_sub(b'a') < 26);
            let digit = is(byte.wrapping_sub(b'0') < 10);
            let mark = is(*byte == b'-') | is(*byte == b'.') | is(*byte == b'_') | is(*byte == b'~');
            *stop = 1 ^ (letter | digit | mark);
        }
        if self != Self::Unreserved {
            for (stop, byte) in stops.iter_mut().zip(block) {
                let visible = is(self == Self::Visible) & is(byte.wrapping_sub(b'!') < 94);
                *stop &= is(*byte != b'/') & (1 ^ visible);
            }
        }
        stops
    }

    /// The number of bytes at the front of `block` that are kept.
    fn front(self, block: &[u8; BLOCK]) -> usize {
        let mut front = 0usize;
        for word in self.stops(block).as_chunks().0 {
            let word = u64::from_le_bytes(*word);
            if word != 0 {
                return front.wrapping_add(words::first(word));
            }
            front = front.wrapping_add(8);
        }
        front
    }
}

/// Bytes that are compared at once.
const BLOCK: usize = 32;

/// The first of the sets of [`Keep`] that has the byte; 3 if none has.
const fn class(byte: u8) -> u8 {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => Keep::Unreserved as u8,
        b'/' => Keep::Slash as u8,
        b'!'..=b'~' => Keep::Visible as u8,
        _ => 3,
    }
}

/// The class of each byte.
const CLASSES: [u8; 256] = {
    let mut classes = [3; 256];
    let mut rest: &mut [u8] = &mut classes;
    let mut byte = 0u8;
    while let Some((to, after)) = rest.split_first_mut() {
        *to = class(byte);
        byte = byte.wrapping_add(1);
        rest = after;
    }
    classes
};

/// Each byte as it is encoded where none but the unreserved are kept: three bytes, the first of which comes first in
/// memory, and how many of them count.
const ENCODED: [u32; 256] = {
    let mut encoded = [0; 256];
    let mut rest: &mut [u32] = &mut encoded;
    let mut byte = 0u8;
    while let Some((to, after)) = rest.split_first_mut() {
        let [percent, high, low] = escape(byte);
        let four = if class(byte) == 0 { [byte, 0, 0, 1] } else { [percent, high, low, 3] };
        *to = u32::from_le_bytes(four);
        byte = byte.wrapping_add(1);
        rest = after;
    }
    encoded
};

/// Encodes `bytes`: everything that is not kept becomes `%XX`, in upper case.
///
/// ```
/// use rolecall_core::wire::{Cursor, percent};
/// let mut buffer = [0; 16];
/// let mut out = Cursor::new(&mut buffer);
/// percent::encode(b"a b/c", percent::Keep::Unreserved, &mut out);
/// assert_eq!(out.finish()?, b"a%20b%2Fc");
/// # Ok::<(), rolecall_core::wire::BufferTooSmall>(())
/// ```
pub fn encode(bytes: &[u8], keep: Keep, out: &mut (impl Put + ?Sized)) {
    if ON_DEVICE || keep != Keep::Unreserved {
        put_until(bytes, keep, None, out);
        return;
    }
    let mut rest = bytes;
    while let Some((block, after)) = rest.split_first_chunk() {
        if Keep::Unreserved.stops(block) == [0; BLOCK] {
            out.put(block)
        } else {
            put_block(block, out)
        }
        rest = after;
    }
    // A short text seldom has a byte to escape: a region, a service.
    if front(rest, keep) == rest.len() { out.put(rest) } else { put_block(rest, out) }
}

/// Encodes at most [`BLOCK`] bytes, without a branch for each: where one is to be escaped, more are.
#[inline(never)]
fn put_block(block: &[u8], out: &mut (impl Put + ?Sized)) {
    let mut text = [0; 3 * BLOCK + 1];
    let mut len = 0usize;
    for byte in block {
        let four = ENCODED.get(usize::from(*byte)).copied().unwrap_or_default();
        if let Some(to) = text.get_mut(len..len.wrapping_add(4)) {
            to.copy_from_slice(&four.to_le_bytes());
        }
        len = len.wrapping_add((four >> 24) as usize);
    }
    out.put(text.get(..len).unwrap_or_default());
    // A token may have been there. Without the hint, the compiler would leave this out.
    text.fill(0);
    core::hint::black_box(&text);
}

/// Normalizes `text`, which is encoded to some degree: an escape of a kept byte becomes that byte,
/// hexadecimal digits become upper case, and every byte that should have been encoded is. A `%` that starts
/// no escape is literal, and so is a `+`.
pub fn canonical(text: &[u8], keep: Keep, out: &mut (impl Put + ?Sized)) {
    put_until(text, keep, Some(&[]), out);
}

/// As [`canonical`], up to the first of the bytes `ends`, which are not kept; returns the rest of the text.
#[cfg(feature = "sigv4")]
pub(crate) fn canonical_until<'t>(
    text: &'t [u8],
    keep: Keep,
    ends: &[u8],
    out: &mut (impl Put + ?Sized),
) -> &'t [u8] {
    put_until(text, keep, Some(ends), out)
}

/// Dynamic dispatch on devices, to avoid monomorphization.
fn put_until<'t>(
    text: &'t [u8],
    keep: Keep,
    encoded: Option<&[u8]>,
    mut out: &mut (impl Put + ?Sized),
) -> &'t [u8] {
    if ON_DEVICE {
        put_runs::<dyn Put>(text, keep, encoded, &mut out)
    } else {
        put_runs(text, keep, encoded, out)
    }
}

/// Most text needs no change up to the first escape: runs are written, not bytes. Text that is `encoded` ends where it says.
fn put_runs<'t, P: Put + ?Sized>(
    text: &'t [u8],
    keep: Keep,
    encoded: Option<&[u8]>,
    out: &mut P,
) -> &'t [u8] {
    let mut rest = text;
    loop {
        let mut kept = front(rest, keep);
        // An escape as it is to be is no end of a run, where many bytes are searched at once.
        while !ON_DEVICE
            && encoded.is_some()
            && let Some(tail) = rest.get(kept..)
            && let Some(after) = after_escape(tail, keep)
        {
            kept = kept.wrapping_add(tail.len().wrapping_sub(after.len())).wrapping_add(front(after, keep));
        }
        let (run, tail) = rest.split_at_checked(kept).unwrap_or((rest, &[]));
        if !run.is_empty() {
            out.put(run);
        }
        if tail.first().is_some_and(|byte| encoded.is_some_and(|ends| ends.contains(byte))) {
            return tail;
        }
        let Some((byte, tail)) = first(tail, encoded.is_some()) else { return tail };
        if stays(byte, keep) {
            out.put(&[byte]);
        } else {
            out.put(&escape(byte));
        }
        rest = tail;
    }
}

/// Whether a byte that was an escape is written as it is. An escaped slash in a path is data, not a separator.
fn stays(byte: u8, keep: Keep) -> bool {
    keep.keeps(byte) && byte != b'/'
}

/// What is behind the escape at the front of `text`, if it has to be one and is in upper case.
fn after_escape(text: &[u8], keep: Keep) -> Option<&[u8]> {
    let [b'%', high, low, rest @ ..] = text else { return None };
    let is_upper = |digit: u8| matches!(digit, b'0'..=b'9' | b'A'..=b'F');
    let byte = (hex(*high)? << 4) | hex(*low)?;
    (is_upper(*high) && is_upper(*low) && !stays(byte, keep)).then_some(rest)
}

/// The number of bytes before the first that is not kept.
fn front(bytes: &[u8], keep: Keep) -> usize {
    let mut kept = 0usize;
    if !ON_DEVICE {
        // Many at a time: tokens are long.
        while let Some(block) = bytes.get(kept..).and_then(<[u8]>::first_chunk) {
            let before = keep.front(block);
            kept = kept.wrapping_add(before);
            if before < BLOCK {
                return kept;
            }
        }
    }
    let rest = bytes.get(kept..).unwrap_or_default();
    kept.wrapping_add(rest.iter().position(|byte| !keep.keeps(*byte)).unwrap_or(rest.len()))
}

/// Decodes `text`. A `%` that starts no escape is literal.
pub fn decode(text: &[u8]) -> Decode<'_> {
    Decode { rest: text }
}

/// The iterator of [`decode`].
#[derive(Debug, Clone)]
pub struct Decode<'a> {
    rest: &'a [u8],
}

impl<'a> Decode<'a> {
    /// The part that is not decoded yet.
    #[cfg(feature = "sigv4")]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl Iterator for Decode<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (byte, rest) = first(self.rest, true)?;
        self.rest = rest;
        Some(byte)
    }
}

/// The first decoded byte of `text`, and the rest.
fn first(text: &[u8], encoded: bool) -> Option<(u8, &[u8])> {
    if let [b'%', high, low, rest @ ..] = text
        && encoded
        && let (Some(high), Some(low)) = (hex(*high), hex(*low))
    {
        return Some(((high << 4) | low, rest));
    }
    let (byte, rest) = text.split_first()?;
    Some((*byte, rest))
}

pub(crate) const fn escape(byte: u8) -> [u8; 3] {
    [b'%', digit(byte >> 4), digit(byte & 15)]
}

const fn digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' | nibble } else { (b'A' - 10).wrapping_add(nibble) }
}

pub(crate) fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit & 15),
        b'a'..=b'f' | b'A'..=b'F' => Some((digit & 7).wrapping_add(9)),
        _ => None,
    }
}
