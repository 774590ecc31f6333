//! SHA-256 and HMAC for the key schedule.

use alloc::boxed::Box;

use hmac::{Hmac, KeyInit, Mac};
use rustls::crypto::hash::{Context, Hash, HashAlgorithm, Output};
use rustls::crypto::hmac::{Hmac as HmacAlgorithm, Key, Tag};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

/// SHA-256 as a hash of the transcript.
pub(super) struct Sha256Hash;

impl Hash for Sha256Hash {
    fn start(&self) -> Box<dyn Context> {
        Box::new(Transcript(Sha256::new()))
    }

    fn hash(&self, bytes: &[u8]) -> Output {
        Output::new(&Sha256::digest(bytes))
    }

    fn output_len(&self) -> usize {
        32
    }

    fn algorithm(&self) -> HashAlgorithm {
        HashAlgorithm::SHA256
    }
}

struct Transcript(Sha256);

impl Context for Transcript {
    fn fork_finish(&self) -> Output {
        Output::new(&self.0.clone().finalize())
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(Self(self.0.clone()))
    }

    fn finish(self: Box<Self>) -> Output {
        Output::new(&self.0.finalize())
    }

    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// HMAC with SHA-256.
pub(super) struct Sha256Hmac;

impl HmacAlgorithm for Sha256Hmac {
    fn with_key(&self, key: &[u8]) -> Box<dyn Key> {
        // As RFC 2104 pads and shortens it.
        let mut block = Zeroizing::new([0; 64]);
        if key.len() > block.len() {
            block.iter_mut().zip(Sha256::digest(key)).for_each(|(to, from)| *to = from);
        } else {
            block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        }
        Box::new(Keyed(Hmac::new((&*block).into())))
    }

    fn hash_output_len(&self) -> usize {
        32
    }
}

struct Keyed(Hmac<Sha256>);

impl Key for Keyed {
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> Tag {
        let mut mac = self.0.clone();
        mac.update(first);
        for part in middle {
            mac.update(part);
        }
        mac.update(last);
        let mut code = mac.finalize().into_bytes();
        let tag = Tag::new(&code);
        code.as_mut_slice().zeroize();
        tag
    }

    fn tag_len(&self) -> usize {
        32
    }
}
