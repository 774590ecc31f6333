//! The signing key of one day, region and service.

use core::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::credentials::Secret;
use crate::wire::time::UnixTime;
use crate::wire::{Ascii, Cursor, Put};

use super::Hasher;
use super::hash::{Mac, hex};

/// The key that a credential scope signs with, its HMAC pads already absorbed.
///
/// Deriving it takes 18 of SHA-256's compressions, so whoever signs often keeps it: it is good for
/// one day (UTC), region and service. It is wiped when dropped.
pub struct SigningKey<'s> {
    mac: Mac,
    /// Days since 1970, and the same as text, with a time behind it.
    days: u32,
    date: Ascii<16>,
    region: &'s str,
    service: &'s str,
}

impl<'s> SigningKey<'s> {
    /// Derives the key for the day of `time`.
    // Not inlined, so that nothing of it is on the stack of what signs.
    #[inline(never)]
    pub fn derive(secret: &Secret<'_>, time: UnixTime, region: &'s str, service: &'s str) -> Self {
        let date = time.compact();
        let mut key = Zeroizing::new(first_key(secret));
        for part in [date.day(), region.as_bytes(), service.as_bytes(), b"aws4_request"] {
            let mut derived = Mac::once(&key, part);
            set(&mut key, &mut derived);
        }
        Self { mac: Mac::new(&key), days: time.days(), date, region, service }
    }

    /// Whether the key signs requests of `time`.
    pub fn is_for(&self, time: UnixTime) -> bool {
        self.days == time.days()
    }

    /// The region of the credential scope.
    pub fn region(&self) -> &'s str {
        self.region
    }

    /// The service of the credential scope.
    pub fn service(&self) -> &'s str {
        self.service
    }

    /// Puts the credential scope, its parts joined by slashes.
    pub(super) fn put_scope(&self, out: &mut dyn Put) {
        for part in [self.date.day(), self.region.as_bytes(), self.service.as_bytes()] {
            out.put(part);
            out.put(b"/");
        }
        out.put(b"aws4_request");
    }

    /// Signs what `string_to_sign` puts.
    pub(super) fn sign(&self, mut string_to_sign: impl FnMut(&mut dyn Put)) -> Ascii<64> {
        hex(&self.mac.of(&mut string_to_sign))
    }
}

impl fmt::Debug for SigningKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = core::str::from_utf8(self.date.day()).unwrap_or_default();
        write!(f, "SigningKey({day}/{}/{})", self.region, self.service)
    }
}

/// What derivation starts with, as one block of zeroes after it; the hash of what is longer than a
/// block (RFC 2104).
#[inline(never)]
fn first_key(secret: &Secret<'_>) -> [u8; 64] {
    let parts = [b"AWS4", secret.expose().as_bytes()];
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
fn set(key: &mut [u8; 64], hash: &mut [u8; 32]) {
    key.as_mut_slice().zeroize();
    if let Some(front) = key.first_chunk_mut() {
        *front = *hash;
    }
    hash.as_mut_slice().zeroize();
}
