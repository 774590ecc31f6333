//! SHA-256's compressions: how many a signature needs, and what they cost alone.
//!
//! Every number here is a count of 64-byte blocks. [`Compressor`] computes the same signature from
//! nothing but the compression function, counting, so that the formulas are known to be exact.

use sha2::block_api::compress256;

use crate::operation::{Operation, SECRET};

/// SHA-256's initial state (FIPS 180-4, section 5.3.3).
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Compressions of hashing `len` bytes: a 0x80 and the length in 8 bytes are added.
pub const fn hash(len: usize) -> usize {
    (len + 1 + 8).div_ceil(64)
}

/// Compressions of an HMAC over `len` bytes whose two pads are absorbed already: the rest of the
/// inner hash, and one block of the outer.
pub const fn keyed(len: usize) -> usize {
    (hash(64 + len) - 1) + (hash(64 + 32) - 1)
}

/// Compressions of an HMAC's two pads.
pub const PADS: usize = 2;

/// What one signature needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needed {
    /// From the secret to the signing key with its pads absorbed: what a kept key saves.
    pub key: usize,
    /// The body; none where it is empty, whose hash is a constant, or not signed.
    pub payload: usize,
    /// The canonical request.
    pub canonical_request: usize,
    /// The HMAC of the string to sign.
    pub signature: usize,
}

impl Needed {
    /// By formula, from the lengths of what is hashed.
    pub fn of(operation: &Operation) -> Self {
        let (canonical, to_sign) = operation.texts();
        let body = if operation.lifetime.is_some() { 0 } else { operation.body.len() };
        let scope = [8, "eu-west-1".len(), operation.service.len(), "aws4_request".len()];
        Self {
            key: scope.iter().map(|len| PADS + keyed(*len)).sum::<usize>() + PADS,
            payload: if body == 0 { 0 } else { hash(body) },
            canonical_request: hash(canonical.len()),
            signature: keyed(to_sign.len()),
        }
    }

    /// With the key to derive.
    pub const fn cold(&self) -> usize {
        self.key + self.kept()
    }

    /// With a kept key.
    pub const fn kept(&self) -> usize {
        self.payload + self.canonical_request + self.signature
    }
}

/// SHA-256 and HMAC out of [`compress256`], counting.
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
        for part in [day, "eu-west-1", operation.service, "aws4_request"] {
            key = self.hmac(&key, part.as_bytes()).to_vec();
        }
        hex(&self.hmac(&key, to_sign.as_bytes()))
    }
}

/// Runs `count` compressions and nothing else: of blocks in a row, the quickest there can be.
pub fn run(blocks: &[[u8; 64]], count: usize) -> [u32; 8] {
    let mut state = INITIAL;
    compress256(&mut state, &blocks[..count]);
    state
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
