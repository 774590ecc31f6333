//! What a right signature covers.

use core::fmt;

use crate::wire::{Ascii, Put};

use super::super::Hasher;
use super::super::chunked::{Chain, Checksum, Chunks};
use super::error::VerifyError;

/// What a signature covers of the body. There are no other ways, and a new one will not be added without breaking a
/// `match`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covered {
    /// The body with this SHA-256: [`Covered::check`] compares it with the body.
    Hashed(Ascii<64>),
    /// Nothing: any holder of the request can replace the body.
    Unsigned,
    /// The length of the data, and each chunk with its own signature: [`Verified::chunks`] checks them.
    Chunks {
        /// How they are signed.
        chunks: Chunks,
        /// The length of their data in bytes.
        len: u64,
    },
    /// The length of the data, and nothing of the data: any holder of the request can replace chunks and checksum.
    UnsignedChunks {
        /// The checksum in the trailer.
        checksum: Checksum,
        /// The length of their data in bytes.
        len: u64,
    },
}

impl Covered {
    /// Starts a check of the body against what is covered.
    pub fn check(self) -> BodyCheck {
        BodyCheck { hasher: Hasher::new(), covered: self }
    }
}

/// Compares a body, as it goes by, with what the signature covers.
#[derive(Debug)]
pub struct BodyCheck {
    hasher: Hasher,
    covered: Covered,
}

impl Put for BodyCheck {
    fn put(&mut self, bytes: &[u8]) {
        self.hasher.put(bytes);
    }
}

impl BodyCheck {
    /// Ends the body.
    ///
    /// # Errors
    /// [`VerifyError::Body`] if it is another than the signed one; [`VerifyError::InChunks`].
    pub fn finish(self) -> Result<(), VerifyError> {
        match self.covered {
            Covered::Hashed(hash) if !same(&hash, &self.hasher.finish_hex()) => Err(VerifyError::Body),
            Covered::Hashed(_) | Covered::Unsigned => Ok(()),
            Covered::Chunks { .. } | Covered::UnsignedChunks { .. } => Err(VerifyError::InChunks),
        }
    }
}

/// A signature that was compared and is right, and what it covers.
#[derive(Clone, Copy)]
pub struct Verified<'c> {
    pub(super) access_key_id: &'c str,
    pub(super) signed_headers: &'c str,
    pub(super) payload: Covered,
    pub(super) token: bool,
    /// What the signatures of chunks begin with.
    pub(super) chain: Chain,
}

impl<'c> Verified<'c> {
    /// Whose secret it was made with.
    pub fn access_key_id(&self) -> &'c str {
        self.access_key_id
    }

    /// The names of the headers that are covered, in lower case, sorted, separated by `;`. Others may have been added or
    /// changed on the way.
    pub fn signed_headers(&self) -> &'c str {
        self.signed_headers
    }

    /// Whether the header `name` is covered, in any case.
    pub fn covers(&self, name: &str) -> bool {
        lists(self.signed_headers.as_bytes(), name)
    }

    /// What is covered of the body.
    pub fn payload(&self) -> Covered {
        self.payload
    }

    /// Whether the request has a session token, and it is covered.
    pub fn covers_token(&self) -> bool {
        self.token
    }
}

impl fmt::Debug for Verified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verified({}, {}, {:?})", self.access_key_id, self.signed_headers, self.payload)
    }
}

/// Whether `names`, which are separated by `;`, have `name` in any case.
pub(super) fn lists(names: &[u8], name: &str) -> bool {
    names.split(|byte| *byte == b';').any(|one| one.eq_ignore_ascii_case(name.as_bytes()))
}

/// Compares in a time that does not depend on the content.
pub(super) fn same(a: &Ascii<64>, b: &Ascii<64>) -> bool {
    ctutils::CtEq::ct_eq(a.as_bytes(), b.as_bytes()).to_bool()
}
