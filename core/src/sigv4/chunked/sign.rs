//! The signatures of chunks, each of which covers the one before.

use core::fmt;

use heapless::Vec;

use crate::sigv4::hash::{Mac, hash_of, hex, wipe_below, wipe_below_signature};
use crate::sigv4::request::EMPTY_SHA256;
use crate::sigv4::{SignError, Signature, Signer, sha256_hex};
use crate::wire::{Ascii, Put};

/// The first line of what is signed of a chunk.
const PAYLOAD: &[u8] = b"AWS4-HMAC-SHA256-PAYLOAD";
/// And of a trailer.
const TRAILER: &[u8] = b"AWS4-HMAC-SHA256-TRAILER";

/// The last signature, and the date of all.
#[derive(Clone, Copy)]
pub(in crate::sigv4) struct Chain {
    pub(in crate::sigv4) date: Ascii<16>,
    pub(in crate::sigv4) previous: Ascii<64>,
}

impl Chain {
    /// The signature of the next chunk with this data.
    pub(in crate::sigv4) fn chunk(
        &mut self,
        mac: &Mac,
        scope: &dyn Fn(&mut dyn Put),
        data: &[u8],
    ) -> Ascii<64> {
        // The first hash is of the chunk's own headers, of which there are none.
        self.sign(mac, scope, PAYLOAD, &[&EMPTY_SHA256, sha256_hex(data).as_bytes()])
    }

    /// The signature of a trailer of one line.
    pub(in crate::sigv4) fn trailer(
        &mut self,
        mac: &Mac,
        scope: &dyn Fn(&mut dyn Put),
        name: &[u8],
        value: &[u8],
    ) -> Ascii<64> {
        let hash = hash_of(&mut |hasher| [name, b":", value, b"\n"].iter().for_each(|part| hasher.put(part)));
        self.sign(mac, scope, TRAILER, &[hash.as_bytes()])
    }

    fn sign(
        &mut self,
        mac: &Mac,
        scope: &dyn Fn(&mut dyn Put),
        algorithm: &[u8],
        hashes: &[&[u8]],
    ) -> Ascii<64> {
        let mut code = [0; 32];
        mac.of(&mut code, &mut |out| {
            out.put(algorithm);
            out.put(b"\n");
            out.put(self.date.as_bytes());
            out.put(b"\n");
            scope(out);
            out.put(b"\n");
            out.put(self.previous.as_bytes());
            for hash in hashes {
                out.put(b"\n");
                out.put(hash);
            }
        });
        wipe_below_signature();
        self.previous = hex(&code);
        self.previous
    }
}

/// Signs the chunks of one body. It holds a copy of the signing key, which is wiped when it is dropped, but not where it
/// was moved from.
pub struct ChunkSigner {
    mac: Mac,
    scope: Vec<u8, 160>,
    chain: Chain,
}

impl ChunkSigner {
    /// A signer of the chunks that follow a request with the signature `seed`, which `signer` made.
    ///
    /// # Errors
    /// [`SignError::RegionSet`] for a signature of SigV4a; [`SignError::InvalidScope`] for a region and a service of more than 138 characters in all.
    pub fn new(signer: &Signer<'_>, seed: &Signature) -> Result<Self, SignError> {
        let made = Self::of(signer, seed);
        wipe_below();
        made
    }

    #[inline(never)]
    pub(super) fn of(signer: &Signer<'_>, seed: &Signature) -> Result<Self, SignError> {
        let mut scope = Bounded(Vec::new(), true);
        signer.key.put_scope(&mut scope);
        let mac = signer.key.derived.mac().ok_or(SignError::RegionSet)?;
        let previous = seed.code().ok_or(SignError::RegionSet)?;
        match scope {
            Bounded(scope, true) => {
                Ok(Self { mac: mac.copy(), scope, chain: Chain { date: signer.date, previous } })
            }
            Bounded(_, false) => Err(SignError::InvalidScope),
        }
    }

    /// Signs the next chunk.
    pub fn chunk(&mut self, data: &[u8]) -> Ascii<64> {
        let Self { mac, scope, chain } = self;
        chain.chunk(mac, &|out| out.put(scope), data)
    }

    /// Signs a trailer of one header line, whose name is in lower case.
    pub fn trailer(&mut self, name: &str, value: &[u8]) -> Ascii<64> {
        let Self { mac, scope, chain } = self;
        chain.trailer(mac, &|out| out.put(scope), name.as_bytes(), value)
    }
}

impl fmt::Debug for ChunkSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChunkSigner")
    }
}

/// What fits, and whether all did.
struct Bounded(Vec<u8, 160>, bool);

impl Put for Bounded {
    fn put(&mut self, bytes: &[u8]) {
        self.1 &= self.0.extend_from_slice(bytes).is_ok();
    }
}
