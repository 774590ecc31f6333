//! Base64 (RFC 4648, section 4), in a time that does not depend on the content: keys are written in it.

use super::{BufferTooSmall, Error, Kind, Put};

/// Writes `bytes` in base64, with padding.
///
/// ```
/// use rolecall_core::wire::{Cursor, base64};
/// let mut buffer = [0; 8];
/// let mut out = Cursor::new(&mut buffer);
/// base64::encode(b"role", &mut out);
/// assert_eq!(out.finish()?, b"cm9sZQ==");
/// # Ok::<(), rolecall_core::wire::BufferTooSmall>(())
/// ```
pub fn encode(bytes: &[u8], out: &mut (impl Put + ?Sized)) {
    for group in bytes.chunks(3) {
        let bits =
            group.iter().zip([16u32, 8, 0]).fold(0, |bits, (byte, shift)| bits | u32::from(*byte) << shift);
        let mut digits = [b'='; 4];
        for (digit, shift) in digits.iter_mut().zip([18u32, 12, 6, 0]).take(group.len().wrapping_add(1)) {
            *digit = digit_of((bits >> shift & 63) as u8);
        }
        out.put(&digits);
    }
}

/// Writes `bytes` in the alphabet for URLs (section 5), without padding, as JSON Web Tokens have them.
///
/// ```
/// use rolecall_core::wire::{Cursor, base64};
/// let mut buffer = [0; 8];
/// let mut out = Cursor::new(&mut buffer);
/// base64::encode_url(&[0xfb, 0xff], &mut out);
/// assert_eq!(out.finish()?, b"-_8");
/// # Ok::<(), rolecall_core::wire::BufferTooSmall>(())
/// ```
pub fn encode_url(bytes: &[u8], out: &mut (impl Put + ?Sized)) {
    encode(bytes, &mut ForUrls(out));
}

/// Replaces the two digits that mean something else in a URL, and drops the padding.
struct ForUrls<'o, P: ?Sized>(&'o mut P);

impl<P: Put + ?Sized> Put for ForUrls<'_, P> {
    fn put(&mut self, digits: &[u8]) {
        for digit in digits {
            match digit {
                b'+' => self.0.put(b"-"),
                b'/' => self.0.put(b"_"),
                b'=' => {}
                digit => self.0.put(core::slice::from_ref(digit)),
            }
        }
    }
}

/// The length in bytes of what `digits` digits of base64 encode, at most.
pub const fn decoded_len(digits: usize) -> usize {
    digits.div_ceil(4).saturating_mul(3)
}

/// Decodes `text` to the front of `buffer`, and returns that. White space between digits is skipped; padding is required.
/// [`decoded_len`] bytes of buffer suffice.
///
/// # Errors
/// `Malformed` with the offset of a byte that is no digit, or of an end that is too early; `TooSmall`.
pub fn decode<'b>(text: &[u8], buffer: &'b mut [u8]) -> Result<&'b mut [u8], DecodeError> {
    let (mut bits, mut digits, mut padding, mut len) = (0u32, 0u32, 0u32, 0usize);
    for (offset, byte) in text.iter().enumerate() {
        let refused = Err(DecodeError::Malformed(Error::new(offset, Kind::UnexpectedByte)));
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => continue,
            // The third or fourth of a group, and nothing after them.
            b'=' if digits.wrapping_add(padding) >= 2 && padding < 2 => padding = padding.wrapping_add(1),
            _ if padding > 0 => return refused,
            byte => {
                let Ok(value) = u8::try_from(value_of(*byte)) else { return refused };
                bits = bits << 6 | u32::from(value);
                digits = digits.wrapping_add(1);
            }
        }
        if digits.wrapping_add(padding) < 4 {
            continue;
        }
        let group = bits.wrapping_shl(6u32.wrapping_mul(padding));
        let [_, bytes @ ..] = group.to_be_bytes();
        let count = 3usize.wrapping_sub(padding as usize);
        let end = len.wrapping_add(count);
        // Bits that no byte has are zero in what an encoder writes.
        if bytes.iter().skip(count).any(|byte| *byte != 0) {
            return refused;
        }
        if let Some(room) = buffer.get_mut(len..end) {
            for (to, from) in room.iter_mut().zip(bytes) {
                *to = from;
            }
        }
        len = end;
        (bits, digits) = (0, 0);
        // Nothing may follow the padding.
        padding = if padding > 0 { 4 } else { 0 };
    }
    if digits > 0 || matches!(padding, 1..=3) {
        return Err(DecodeError::Malformed(Error::new(text.len(), Kind::UnexpectedEnd)));
    }
    buffer.get_mut(..len).ok_or(DecodeError::TooSmall(BufferTooSmall { needed: len }))
}

/// Why a text was not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum DecodeError {
    /// It is not base64.
    Malformed(Error),
    /// The buffer is too small for it.
    TooSmall(BufferTooSmall),
}

impl core::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::TooSmall(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for DecodeError {}

/// All bits if `low <= value <= high`, else none. The values are below 256.
const fn within(value: i16, low: i16, high: i16) -> i16 {
    // Both differences are negative outside of the range alone.
    !(value.wrapping_sub(low) >> 15) & !(high.wrapping_sub(value) >> 15)
}

/// The value of a digit; -1 for any other byte.
fn value_of(byte: u8) -> i16 {
    let byte = i16::from(byte);
    let of = |low: u8, high: u8, first: i16| {
        let low = i16::from(low);
        within(byte, low, i16::from(high)) & byte.wrapping_sub(low).wrapping_add(first).wrapping_add(1)
    };
    let found =
        of(b'A', b'Z', 0) | of(b'a', b'z', 26) | of(b'0', b'9', 52) | of(b'+', b'+', 62) | of(b'/', b'/', 63);
    found.wrapping_sub(1)
}

/// The digit of a value below 64.
fn digit_of(value: u8) -> u8 {
    let value = i16::from(value);
    let of = |low: i16, high: i16, first: u8| {
        within(value, low, high) & value.wrapping_sub(low).wrapping_add(i16::from(first))
    };
    let digit = of(0, 25, b'A') | of(26, 51, b'a') | of(52, 61, b'0') | of(62, 62, b'+') | of(63, 63, b'/');
    digit as u8
}
