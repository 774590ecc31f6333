//! SHA-256 as a place to put bytes, and HMAC with it.

use hmac::digest::{FixedOutput, FixedOutputReset};
use hmac::{Hmac, KeyInit, Mac as _};
use sha2::{Digest, Sha256};

use zeroize::Zeroize;

use crate::wire::{Ascii, Cursor, Put};

/// SHA-256 over what is put. It is wiped when dropped.
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
    pub fn finish(mut self) -> [u8; 32] {
        self.0.finalize_fixed_reset().into()
    }

    /// The hash in lower-case hexadecimal.
    pub fn finish_hex(mut self) -> Ascii<64> {
        self.end_hex()
    }

    /// As [`Hasher::finish_hex`], without a copy of the hasher.
    pub(super) fn end_hex(&mut self) -> Ascii<64> {
        hex(&self.0.finalize_fixed_reset().into())
    }
}

impl Put for Hasher {
    fn put(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// HMAC-SHA-256 of one key, whose two pads are absorbed already. It is wiped when dropped.
pub(super) struct Mac(Hmac<Sha256>);

impl Mac {
    /// A key that fills a block cannot be refused, and zeroes at its end change nothing.
    pub(super) fn new(key: &[u8; 64]) -> Self {
        Self(Hmac::new(key.into()))
    }

    /// The code of what `text` puts.
    #[inline(never)]
    pub(super) fn of(&self, text: &mut dyn FnMut(&mut dyn Put)) -> [u8; 32] {
        Running(self.0.clone()).end(text)
    }

    /// The code of `text` with a key that is used no more.
    #[inline(never)]
    pub(super) fn once(key: &[u8; 64], text: &[u8]) -> [u8; 32] {
        Running(Hmac::new(key.into())).end(&mut |out| out.put(text))
    }
}

/// A key as one block with zeroes behind it; the hash of one that is longer than a block (RFC 2104).
#[inline(never)]
pub(super) fn key_block(parts: &[&[u8]]) -> [u8; 64] {
    let mut key = [0; 64];
    let mut block = Cursor::new(&mut key);
    parts.iter().for_each(|part| block.put(part));
    if block.finish().is_err() {
        let mut hasher = Hasher::new();
        parts.iter().for_each(|part| hasher.put(part));
        set(&mut key, &mut hasher.finish());
    }
    key
}

/// Makes a key of a hash, which is wiped.
pub(super) fn set(key: &mut [u8; 64], hash: &mut [u8; 32]) {
    key.as_mut_slice().zeroize();
    if let Some(front) = key.first_chunk_mut() {
        *front = *hash;
    }
    hash.as_mut_slice().zeroize();
}

/// HMAC-SHA-256 of what `text` puts, with a key of any length.
#[cfg(feature = "sources")]
pub(crate) fn hmac(key: &[u8], text: &mut dyn FnMut(&mut dyn Put)) -> [u8; 32] {
    let key = zeroize::Zeroizing::new(key_block(&[key]));
    Running(Hmac::new((&*key).into())).end(text)
}

/// A code in the making.
struct Running(Hmac<Sha256>);

impl Running {
    /// What `text` makes of it.
    #[inline(always)]
    fn end(mut self, text: &mut dyn FnMut(&mut dyn Put)) -> [u8; 32] {
        text(&mut self);
        self.0.finalize_fixed().into()
    }
}

impl Put for Running {
    fn put(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// SHA-256 of `bytes`, in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> Ascii<64> {
    hash_of(&mut |hasher| hasher.put(bytes))
}

/// SHA-256 of what `text` puts, in lower-case hexadecimal. One hasher for all, in a frame of its own.
#[inline(never)]
pub(crate) fn hash_of(text: &mut dyn FnMut(&mut Hasher)) -> Ascii<64> {
    let mut hasher = Hasher::new();
    text(&mut hasher);
    hasher.end_hex()
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
