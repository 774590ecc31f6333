//! SHA-256 compressions: how many a signature needs, and their cost alone.
//!
//! Every number here is a count of 64-byte blocks. [`Compressor`] computes the same signature from
//! the compression function alone and counts the calls, which proves the formulas exact.

use sha2::block_api::compress256;

use crate::operation::{Operation, REGION, SECRET};

/// SHA-256's initial state (FIPS 180-4, section 5.3.3).
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Compressions to hash `len` bytes: padding adds a 0x80 byte and the length in 8 bytes.
pub const fn hash(len: usize) -> usize {
    (len + 1 + 8).div_ceil(64)
}

/// Compressions of an HMAC over `len` bytes with the two pads already absorbed: the rest of the
/// inner hash, and one block of the outer.
pub const fn keyed(len: usize) -> usize {
    (hash(64 + len) - 1) + (hash(64 + 32) - 1)
}

/// Compressions for the two pads of an HMAC.
pub const PADS: usize = 2;

/// The compressions that one signature needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needed {
    /// From the secret to the signing key with its pads absorbed: saved if the key is cached.
    pub key: usize,
    /// The body; 0 if it is empty, because that hash is a constant, or not signed.
    pub payload: usize,
    /// The canonical request.
    pub canonical_request: usize,
    /// The HMAC of the string to sign.
    pub signature: usize,
}

impl Needed {
    /// Computes the counts from the lengths of the hashed texts.
    pub fn of(operation: &Operation) -> Self {
        let (canonical, to_sign) = operation.texts();
        let body = if operation.lifetime.is_some() { 0 } else { operation.body.len() };
        let scope = [8, REGION.len(), operation.service.len(), "aws4_request".len()];
        Self {
            key: scope.iter().map(|len| PADS + keyed(*len)).sum::<usize>() + PADS,
            payload: if body == 0 { 0 } else { hash(body) },
            canonical_request: hash(canonical.len()),
            signature: keyed(to_sign.len()),
        }
    }

    /// The total, if the key is derived.
    pub const fn cold(&self) -> usize {
        self.key + self.kept()
    }

    /// The total, if the key is cached.
    pub const fn kept(&self) -> usize {
        self.payload + self.canonical_request + self.signature
    }
}

/// SHA-256 and HMAC built on [`compress256`], with a counter.
#[derive(Debug, Default)]
pub struct Compressor {
    /// Compressions so far.
    pub count: usize,
}

impl Compressor {
    /// The hash of `message`.
    pub fn hash(&mut self, message: &[u8]) -> [u8; 32] {
        let mut padded = message.to_vec();
        padded.push(0x80);
        padded.resize(padded.len().next_multiple_of(64), 0);
        if padded.len() < message.len() + 9 {
            padded.resize(padded.len() + 64, 0);
        }
        let end = padded.len() - 8;
        padded[end..].copy_from_slice(&(message.len() as u64 * 8).to_be_bytes());
        let (blocks, []) = padded.as_chunks() else { unreachable!("padded to whole blocks") };
        let mut state = INITIAL;
        compress256(&mut state, blocks);
        self.count += blocks.len();
        let mut hash = [0; 32];
        for (to, word) in hash.chunks_exact_mut(4).zip(state) {
            to.copy_from_slice(&word.to_be_bytes());
        }
        hash
    }

    /// The HMAC of `message` with a key of at most 64 bytes.
    pub fn hmac(&mut self, key: &[u8], message: &[u8]) -> [u8; 32] {
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(key);
        let inner = self.hash(&[&block.map(|byte| byte ^ 0x36)[..], message].concat());
        self.hash(&[&block.map(|byte| byte ^ 0x5c)[..], &inner].concat())
    }

    /// The signature of `operation`, in hexadecimal, from its string to sign.
    pub fn signature(&mut self, operation: &Operation) -> String {
        let (canonical, to_sign) = operation.texts();
        if operation.lifetime.is_none() && !operation.body.is_empty() {
            assert!(canonical.ends_with(&hex(&self.hash(operation.body.as_bytes()))));
        }
        assert!(to_sign.ends_with(&hex(&self.hash(canonical.as_bytes()))));
        let day = &to_sign["AWS4-HMAC-SHA256\n".len()..][..8];
        let mut key = [b"AWS4", SECRET.as_bytes()].concat();
        for part in [day, REGION, operation.service, "aws4_request"] {
            key = self.hmac(&key, part.as_bytes()).to_vec();
        }
        hex(&self.hmac(&key, to_sign.as_bytes()))
    }
}

/// Runs `count` compressions of consecutive blocks and nothing else: the lower bound.
pub fn run(blocks: &[[u8; 64]], count: usize) -> [u32; 8] {
    let mut state = INITIAL;
    compress256(&mut state, &blocks[..count]);
    state
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
