//! SHA-256 as a place to put bytes.

use sha2::{Digest, Sha256};

use crate::wire::{Ascii, Put};

/// SHA-256 over what is put.
///
/// ```
/// use rolecall_core::{sigv4::Hasher, wire::Put};
/// let mut hasher = Hasher::new();
/// hasher.put(b"");
/// assert!(hasher.finish_hex().as_str().starts_with("e3b0c442"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Starts over nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The hash.
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    /// The hash in lower-case hexadecimal.
    pub fn finish_hex(self) -> Ascii<64> {
        hex(&self.finish())
    }
}

impl Put for Hasher {
    fn put(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// SHA-256 of `bytes`, in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> Ascii<64> {
    let mut hasher = Hasher::new();
    hasher.put(bytes);
    hasher.finish_hex()
}

pub(super) fn hex(bytes: &[u8; 32]) -> Ascii<64> {
    let digit = |nibble: u8| if nibble < 10 { b'0' | nibble } else { (b'a' - 10).wrapping_add(nibble) };
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        if let [high, low] = pair {
            *high = digit(byte >> 4);
            *low = digit(byte & 15);
        }
    }
    Ascii::new(text)
}
