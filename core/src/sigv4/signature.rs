//! The signature of a request, as it is sent.

use core::fmt;

use crate::wire::Ascii;
use crate::wire::device::utf8;

/// The longest signature: a hash, or a point of a curve and a number in DER.
const MAX: usize = if cfg!(feature = "sigv4a") { 144 } else { 64 };

/// A signature in lower-case hexadecimal: 64 digits, or up to 144 where it is for a set of regions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    text: [u8; MAX],
    len: u8,
}

impl Signature {
    /// Zeroes, in the place of a signature.
    pub(super) const NONE: Self = Self { text: [b'0'; MAX], len: 64 };

    /// The signature of which this is a digit after the other; what is too long has no digits.
    #[cfg(feature = "sigv4a")]
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut text = [b'0'; MAX];
        for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
            pair.iter_mut().zip(super::hash::hex_of(*byte)).for_each(|(to, digit)| *to = digit);
        }
        let len = u8::try_from(bytes.len().saturating_mul(2)).unwrap_or_default();
        Self { text, len }
    }

    /// The digits.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The digits as text.
    pub fn as_str(&self) -> &str {
        utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The signature by a hash, and no other.
    pub(super) fn code(&self) -> Option<Ascii<64>> {
        self.text.first_chunk().filter(|_| self.len == 64).map(|text| Ascii::new(*text))
    }
}

impl From<Ascii<64>> for Signature {
    fn from(code: Ascii<64>) -> Self {
        let mut text = [b'0'; MAX];
        text.iter_mut().zip(code.as_bytes()).for_each(|(to, digit)| *to = *digit);
        Self { text, len: 64 }
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
