//! The signature of a request, as it is sent.

use core::fmt;

use crate::wire::Ascii;
use crate::wire::device::utf8;

/// The longest signature: a hash, or a point of a curve and a number in DER.
#[cfg(feature = "sigv4a")]
const MAX: usize = 144;

/// A signature in lower-case hexadecimal: 64 digits, or up to 144 where it is for a set of regions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    #[cfg(not(feature = "sigv4a"))]
    code: Ascii<64>,
    #[cfg(feature = "sigv4a")]
    text: [u8; MAX],
    #[cfg(feature = "sigv4a")]
    len: u8,
}

/// In a build that signs with hashes alone.
#[cfg(not(feature = "sigv4a"))]
impl Signature {
    /// The digits.
    pub fn as_bytes(&self) -> &[u8] {
        self.code.as_bytes()
    }

    /// The signature by a hash, and no other.
    pub(super) fn code(&self) -> Option<Ascii<64>> {
        Some(self.code)
    }
}

#[cfg(not(feature = "sigv4a"))]
impl From<Ascii<64>> for Signature {
    fn from(code: Ascii<64>) -> Self {
        Self { code }
    }
}

#[cfg(feature = "sigv4a")]
impl Signature {
    /// The signature with these bytes; what is too long has no digits.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut text = [b'0'; MAX];
        for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
            pair.iter_mut().zip(super::hash::hex_of(*byte)).for_each(|(to, digit)| *to = digit);
        }
        let len = bytes.len().saturating_mul(2);
        Self { text, len: u8::try_from(len).ok().filter(|_| len <= MAX).unwrap_or_default() }
    }

    /// The digits.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The signature by a hash, and no other.
    pub(super) fn code(&self) -> Option<Ascii<64>> {
        self.text.first_chunk().filter(|_| self.len == 64).map(|text| Ascii::new(*text))
    }
}

#[cfg(feature = "sigv4a")]
impl From<Ascii<64>> for Signature {
    fn from(code: Ascii<64>) -> Self {
        let mut text = [b'0'; MAX];
        text.iter_mut().zip(code.as_bytes()).for_each(|(to, digit)| *to = *digit);
        Self { text, len: 64 }
    }
}

impl Signature {
    /// The digits as text.
    pub fn as_str(&self) -> &str {
        utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The Debug of text has panic paths.
        write!(f, "\"{self}\"")
    }
}
