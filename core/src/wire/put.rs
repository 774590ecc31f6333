//! The sink of the writers.

use core::fmt;

use super::device::utf8;

/// A sink for bytes that cannot fail: a buffer, a counter, a hash.
///
/// Writers in this crate are generic over it, so that the same text can be counted, hashed and written
/// without being held anywhere in between.
pub trait Put {
    /// Appends bytes.
    fn put(&mut self, bytes: &[u8]);
}

impl<P: Put + ?Sized> Put for &mut P {
    fn put(&mut self, bytes: &[u8]) {
        (**self).put(bytes);
    }
}

/// Writes into a buffer and counts past its end, so that the size that would have sufficed is known.
///
/// ```
/// use rolecall_core::wire::{Cursor, Put};
/// let mut buffer = [0; 4];
/// let mut out = Cursor::new(&mut buffer);
/// out.put(b"hello");
/// assert_eq!(out.finish().unwrap_err().needed, 5);
/// ```
#[derive(Debug)]
pub struct Cursor<'a> {
    buffer: &'a mut [u8],
    len: usize,
}

impl<'a> Cursor<'a> {
    /// Starts at the front of `buffer`.
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    /// Bytes written so far, including those that did not fit.
    pub fn needed(&self) -> usize {
        self.len
    }

    /// Returns the bytes written.
    ///
    /// # Errors
    /// [`BufferTooSmall`] with the size that would have held them all.
    pub fn finish(self) -> Result<&'a mut [u8], BufferTooSmall> {
        let needed = self.len;
        self.buffer.get_mut(..needed).ok_or(BufferTooSmall { needed })
    }
}

impl Put for Cursor<'_> {
    fn put(&mut self, bytes: &[u8]) {
        let end = self.len.saturating_add(bytes.len());
        // A zipped copy: `copy_from_slice` would keep a panic path for unequal lengths.
        if let Some(room) = self.buffer.get_mut(self.len..end) {
            for (to, from) in room.iter_mut().zip(bytes) {
                *to = *from;
            }
        }
        self.len = end;
    }
}

/// Counts bytes and drops them.
#[derive(Debug, Default, Clone, Copy)]
pub struct Count(pub usize);

impl Put for Count {
    fn put(&mut self, bytes: &[u8]) {
        self.0 = self.0.saturating_add(bytes.len());
    }
}

/// The error of a buffer that cannot hold what is written to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct BufferTooSmall {
    /// The length in bytes that suffices for this content.
    pub needed: usize,
}

impl fmt::Display for BufferTooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "buffer too small: {} bytes needed", self.needed)
    }
}

impl core::error::Error for BufferTooSmall {}

/// A short ASCII text of fixed length, by value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ascii<const N: usize>([u8; N]);

impl<const N: usize> Ascii<N> {
    /// Wraps `text`, which is ASCII.
    pub(crate) const fn new(text: [u8; N]) -> Self {
        Self(text)
    }

    #[cfg(feature = "sigv4")]
    pub(crate) const fn to_bytes(self) -> [u8; N] {
        self.0
    }

    /// The text as bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text as a string of `N` characters.
    pub fn as_str(&self) -> &str {
        utf8(&self.0).unwrap_or_default()
    }
}

impl Ascii<64> {
    /// Parses a SHA-256 in 64 digits of lower-case hexadecimal; `None` for any other text.
    pub fn hexadecimal(text: &str) -> Option<Self> {
        let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let digits = <[u8; 64]>::try_from(text.as_bytes()).ok()?;
        digits.iter().all(is_digit).then_some(Self(digits))
    }
}

impl<const N: usize> fmt::Display for Ascii<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<const N: usize> fmt::Debug for Ascii<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The Debug of text has panic paths.
        write!(f, "\"{self}\"")
    }
}

/// Writes `value` in decimal digits.
pub fn decimal(mut value: u32, out: &mut (impl Put + ?Sized)) {
    let mut digits = [b'0'; 10];
    let mut used = 0usize;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' | (value % 10) as u8;
        value /= 10;
        used = used.wrapping_add(1);
        if value == 0 {
            break;
        }
    }
    out.put(digits.get(digits.len().wrapping_sub(used)..).unwrap_or_default());
}

/// Writes `value` in decimal digits, as [`decimal`], for lengths beyond 32 bits.
pub fn long_decimal(value: u64, out: &mut (impl Put + ?Sized)) {
    big_decimal(&value.to_be_bytes(), &mut [0; 20], out);
}

/// Writes a number, given big endian, in as many decimal digits as `digits` has room for.
pub(crate) fn big_decimal(number: &[u8], digits: &mut [u8], out: &mut (impl Put + ?Sized)) {
    // Bit by bit, as each digit doubles: 32-bit machines have no wide division.
    for byte in number {
        for shift in (0..8u32).rev() {
            let mut carry = byte >> shift & 1;
            for digit in digits.iter_mut().rev() {
                let doubled = (*digit << 1) | carry;
                carry = u8::from(doubled > 9);
                *digit = if doubled > 9 { doubled.wrapping_sub(10) } else { doubled };
            }
        }
    }
    let last = digits.len().wrapping_sub(1);
    let start = digits.iter().position(|digit| *digit != 0).unwrap_or(last);
    digits.iter_mut().for_each(|digit| *digit |= b'0');
    out.put(digits.get(start..).unwrap_or_default());
}
