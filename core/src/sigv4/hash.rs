//! SHA-256 as a sink of the writers, and HMAC with it.

use hmac::KeyInit;
use hmac::block_api::HmacCore;
use hmac::digest::FixedOutputReset;
use hmac::digest::block_api::{Buffer, FixedOutputCore, UpdateCore};
use sha2::{Digest, Sha256};
#[cfg(feature = "sources")]
use zeroize::Zeroizing;
use zeroize::{Zeroize, zeroize_stack};

use crate::wire::{Ascii, Cursor, Put};

/// SHA-256 of what is written to it. It is wiped when dropped.
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
    /// Starts with no bytes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the hash, 32 bytes.
    pub fn finish(mut self) -> [u8; 32] {
        let mut hash = [0; 32];
        self.end(&mut hash);
        hash
    }

    /// The hash in lower-case hexadecimal.
    pub fn finish_hex(mut self) -> Ascii<64> {
        self.end_hex()
    }

    /// As [`Hasher::finish_hex`], without a copy of the hasher.
    pub(super) fn end_hex(&mut self) -> Ascii<64> {
        let mut hash = [0; 32];
        self.end(&mut hash);
        hex(&hash)
    }

    /// As [`Hasher::finish`], to where the hash is to be, and nowhere else.
    fn end(&mut self, hash: &mut [u8; 32]) {
        FixedOutputReset::finalize_into_reset(&mut self.0, hash.into());
    }
}

impl Put for Hasher {
    #[cfg_attr(target_os = "none", inline(never))]
    fn put(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// HMAC-SHA-256 of one key, whose two pads are absorbed already. It is wiped when dropped.
pub(super) struct Mac(HmacCore<Sha256>);

impl Mac {
    /// A key that fills a block cannot be refused, and zeroes at its end change nothing.
    #[inline(never)]
    pub(super) fn new(key: &[u8; 64]) -> Self {
        Self(HmacCore::new(key.into()))
    }

    /// Another one of the same key.
    pub(super) fn copy(&self) -> Self {
        Self(self.0.clone())
    }

    /// The HMAC of what `text` writes.
    #[inline(never)]
    pub(super) fn of(&self, code: &mut [u8; 32], text: &mut dyn FnMut(&mut dyn Put)) {
        let mut running = Running { core: self.0.clone(), buffer: Buffer::<HmacCore<Sha256>>::default() };
        text(&mut running);
        // Where it is: whole, it would be moved first.
        running.core.finalize_fixed_core(&mut running.buffer, code.into());
    }
}

/// Pads a key to one block with zeroes; a key longer than a block is replaced by its hash (RFC 2104).
#[inline(never)]
pub(super) fn set_key(key: &mut [u8; 64], parts: &[&[u8]]) {
    key.as_mut_slice().zeroize();
    let mut block = Cursor::new(key);
    parts.iter().for_each(|part| block.put(part));
    if block.finish().is_err() {
        let mut hasher = Hasher::new();
        parts.iter().for_each(|part| hasher.put(part));
        key.as_mut_slice().zeroize();
        if let Some(front) = key.first_chunk_mut() {
            hasher.end(front);
        }
    }
}

/// Replaces a key by the HMAC of `text` with it, the next key.
#[inline(never)]
pub(super) fn derive(key: &mut [u8; 64], text: &[u8]) {
    let mac = Mac::new(key);
    key.as_mut_slice().zeroize();
    if let Some(front) = key.first_chunk_mut() {
        mac.of(front, &mut |out| out.put(text));
    }
}

/// HMAC-SHA-256 of what `text` writes, with a key of any length.
#[cfg(feature = "sources")]
pub(crate) fn hmac(key: &[u8], text: &mut dyn FnMut(&mut dyn Put)) -> Zeroizing<[u8; 32]> {
    let mut code = Zeroizing::new([0; 32]);
    hmac_below(key, &mut code, text);
    wipe_below();
    code
}

#[cfg(feature = "sources")]
#[inline(never)]
fn hmac_below(key: &[u8], code: &mut [u8; 32], text: &mut dyn FnMut(&mut dyn Put)) {
    let mut block = Zeroizing::new([0; 64]);
    set_key(&mut block, &[key]);
    Mac::new(&block).of(code, text);
}

/// The stack that the derivation of a key uses at most, in bytes: `tests/memory` finds what is left if it is
/// more.
const DERIVATION: usize = 288 * size_of::<usize>();

/// The stack that the rest of a signature uses at most, in bytes. It is called from a deeper frame, so that
/// both end at about the same depth.
const SIGNATURE: usize = 192 * size_of::<usize>();

/// Wipes the stack below the caller: the functions that have just returned left parts of keys there, which
/// the compiler moved or spilled.
pub(super) fn wipe_below() {
    zeroize_stack::<DERIVATION>();
}

/// As [`wipe_below`], where a signature has returned.
pub(super) fn wipe_below_signature() {
    zeroize_stack::<SIGNATURE>();
}

/// An HMAC that is being computed.
struct Running {
    core: HmacCore<Sha256>,
    buffer: Buffer<HmacCore<Sha256>>,
}

impl Put for Running {
    #[cfg_attr(target_os = "none", inline(never))]
    fn put(&mut self, bytes: &[u8]) {
        self.buffer.digest_blocks(bytes, |blocks| self.core.update_blocks(blocks));
    }
}

/// SHA-256 of `bytes`, in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> Ascii<64> {
    hash_of(&mut |hasher| hasher.put(bytes))
}

/// SHA-256 of what `text` writes, in lower-case hexadecimal. One hasher for all callers, in a frame of its
/// own.
#[inline(never)]
pub(crate) fn hash_of(text: &mut dyn FnMut(&mut Hasher)) -> Ascii<64> {
    let mut hasher = Hasher::new();
    text(&mut hasher);
    hasher.end_hex()
}

pub(super) fn hex(bytes: &[u8; 32]) -> Ascii<64> {
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        if let [high, low] = pair {
            [*high, *low] = hex_of(*byte);
        }
    }
    Ascii::new(text)
}

/// A byte in lower-case hexadecimal.
pub(crate) fn hex_of(byte: u8) -> [u8; 2] {
    let digit = |nibble: u8| if nibble < 10 { b'0' | nibble } else { (b'a' - 10).wrapping_add(nibble) };
    [digit(byte >> 4), digit(byte & 15)]
}
