//! SHA-256 as a place to put bytes, and HMAC made of it.

use core::{fmt, slice};

use sha2::block_api::compress256;
use zeroize::Zeroize;

use crate::wire::{Ascii, Put};

/// What SHA-256 starts with (FIPS 180-4, section 5.3.3).
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// SHA-256 over what is put. It is wiped when dropped.
///
/// ```
/// use rolecall_core::{sigv4::Hasher, wire::Put};
/// let mut hasher = Hasher::new();
/// hasher.put(b"");
/// assert!(hasher.finish_hex().as_str().starts_with("e3b0c442"));
/// ```
#[derive(Clone)]
pub struct Hasher {
    state: [u32; 8],
    /// What does not fill a block yet.
    block: [u8; 64],
    /// Bytes put so far.
    len: u64,
}

impl Hasher {
    /// Starts over nothing.
    pub fn new() -> Self {
        Self::resumed(INITIAL, 0)
    }

    /// Goes on after whole blocks of `len` bytes.
    fn resumed(state: [u32; 8], len: u64) -> Self {
        Self { state, block: [0; 64], len }
    }

    /// The hash.
    pub fn finish(mut self) -> [u8; 32] {
        self.end()
    }

    /// The hash of what was put, with nothing to be put after it.
    fn end(&mut self) -> [u8; 32] {
        // A one, zeroes up to where the length in bits fills the last block.
        let used = self.len as usize & 63;
        if let Some([one, zeroes @ ..]) = self.block.get_mut(used..) {
            *one = 0x80;
            zeroes.fill(0);
        }
        if used >= 56 {
            compress256(&mut self.state, slice::from_ref(&self.block));
            self.block.fill(0);
        }
        if let Some(length) = self.block.last_chunk_mut() {
            *length = (self.len << 3).to_be_bytes();
        }
        compress256(&mut self.state, slice::from_ref(&self.block));
        let mut hash = [0; 32];
        for (to, word) in hash.as_chunks_mut().0.iter_mut().zip(&self.state) {
            *to = word.to_be_bytes();
        }
        hash
    }

    /// The hash in lower-case hexadecimal.
    pub fn finish_hex(mut self) -> Ascii<64> {
        self.end_hex()
    }

    /// As [`Hasher::finish_hex`], without a copy of the hasher.
    pub(crate) fn end_hex(&mut self) -> Ascii<64> {
        hex(&self.end())
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

impl Put for Hasher {
    fn put(&mut self, bytes: &[u8]) {
        let used = self.len as usize & 63;
        self.len = self.len.wrapping_add(bytes.len() as u64);
        let mut rest = bytes;
        let mut room = self.block.get_mut(used..).unwrap_or_default();
        if let Some((first, tail)) = bytes.split_at_checked(room.len()) {
            copy(room, first);
            compress256(&mut self.state, slice::from_ref(&self.block));
            let (blocks, tail) = tail.as_chunks();
            if !blocks.is_empty() {
                compress256(&mut self.state, blocks);
            }
            (room, rest) = (&mut self.block, tail);
        }
        copy(room, rest);
    }
}

/// To the front of what has room for it.
fn copy(to: &mut [u8], from: &[u8]) {
    if let Some(to) = to.get_mut(..from.len()) {
        to.copy_from_slice(from);
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        self.state.as_mut_slice().zeroize();
        self.block.as_mut_slice().zeroize();
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hasher({} bytes)", self.len)
    }
}

/// HMAC-SHA-256 (RFC 2104) of one key, whose two pads are absorbed already. It is wiped when dropped.
pub(super) struct Mac {
    inner: [u32; 8],
    outer: [u32; 8],
}

impl Mac {
    /// The key fills a block; zeroes at its end change nothing.
    pub(super) fn new(key: &[u8; 64]) -> Self {
        let absorbed = |pad: u8| {
            let mut state = INITIAL;
            let mut block = *key;
            block.iter_mut().for_each(|byte| *byte ^= pad);
            compress256(&mut state, slice::from_ref(&block));
            block.as_mut_slice().zeroize();
            state
        };
        Self { inner: absorbed(0x36), outer: absorbed(0x5c) }
    }

    /// The code of what `text` puts.
    pub(super) fn of(&self, text: &mut dyn FnMut(&mut Hasher)) -> [u8; 32] {
        let mut hasher = Hasher::resumed(self.inner, 64);
        text(&mut hasher);
        let hash = hasher.end();
        hasher.state = self.outer;
        hasher.len = 64;
        hasher.put(&hash);
        hasher.end()
    }
}

impl Drop for Mac {
    fn drop(&mut self) {
        self.inner.as_mut_slice().zeroize();
        self.outer.as_mut_slice().zeroize();
    }
}

/// SHA-256 of `bytes`, in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> Ascii<64> {
    let mut hasher = Hasher::new();
    hasher.put(bytes);
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
