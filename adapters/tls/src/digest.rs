//! The hashes that signatures are made of.

use sha2::{Sha256, Sha384, Sha512};

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// The length of its digests.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// A digest.
pub(crate) struct Digest {
    bytes: [u8; 64],
    len: usize,
}

impl Digest {
    /// That of these parts together.
    pub(crate) fn of(hash: Hash, parts: &[&[u8]]) -> Self {
        fn fill<D: sha2::Digest>(parts: &[&[u8]], bytes: &mut [u8; 64]) {
            let mut hasher = D::new();
            parts.iter().for_each(|part| hasher.update(part));
            bytes.iter_mut().zip(hasher.finalize()).for_each(|(to, from)| *to = from);
        }
        let mut bytes = [0; 64];
        match hash {
            Hash::Sha256 => fill::<Sha256>(parts, &mut bytes),
            Hash::Sha384 => fill::<Sha384>(parts, &mut bytes),
            Hash::Sha512 => fill::<Sha512>(parts, &mut bytes),
        }
        Self { bytes, len: hash.len() }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}
