//! The signing key of one day, region and service.

use core::fmt;

use hmac::digest::FixedOutput;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroize;

use crate::credentials::Secret;
use crate::wire::time::UnixTime;
use crate::wire::{Ascii, Cursor, Put};

use super::Hasher;
use super::hash::hex;

/// The key that a credential scope signs with, its HMAC pads already absorbed.
///
/// Deriving it takes 18 of SHA-256's compressions, so whoever signs often keeps it: it is good for
/// one day (UTC), region and service. It is wiped when dropped.
pub struct SigningKey<'s> {
    mac: Hmac<Sha256>,
    /// Days since 1970, and the same as text.
    days: u32,
    day: Ascii<8>,
    region: &'s str,
    service: &'s str,
}

impl<'s> SigningKey<'s> {
    /// Derives the key for the day of `time`.
    pub fn derive(secret: &Secret<'_>, time: UnixTime, region: &'s str, service: &'s str) -> Self {
        let day = day(time);
        let mut key = first_key(secret);
        for part in [day.as_bytes(), region.as_bytes(), service.as_bytes(), b"aws4_request"] {
            let mut mac = keyed(&key);
            mac.update(part);
            key.zeroize();
            if let Some(hash) = key.first_chunk_mut::<32>() {
                mac.finalize_into(hash.into());
            }
        }
        let mac = keyed(&key);
        key.zeroize();
        Self { mac, days: time.days(), day, region, service }
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

    /// Puts the credential scope, its parts joined by `separator`.
    pub(super) fn put_scope(&self, separator: &[u8], out: &mut (impl Put + ?Sized)) {
        for part in [self.day.as_bytes(), self.region.as_bytes(), self.service.as_bytes()] {
            out.put(part);
            out.put(separator);
        }
        out.put(b"aws4_request");
    }

    /// Signs what `string_to_sign` puts.
    pub(super) fn sign(&self, string_to_sign: impl FnOnce(&mut MacPut)) -> Ascii<64> {
        let mut mac = MacPut(self.mac.clone());
        string_to_sign(&mut mac);
        hex(&mac.0.finalize().into_bytes().into())
    }
}

impl fmt::Debug for SigningKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}/{}/{})", self.day, self.region, self.service)
    }
}

pub(super) struct MacPut(Hmac<Sha256>);

impl Put for MacPut {
    fn put(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

fn day(time: UnixTime) -> Ascii<8> {
    let mut day = [0; 8];
    for (to, from) in day.iter_mut().zip(time.compact().as_bytes()) {
        *to = *from;
    }
    Ascii::new(day)
}

/// What derivation starts with, as one block of zeroes after it; the hash of what is longer than a
/// block (RFC 2104).
fn first_key(secret: &Secret<'_>) -> [u8; 64] {
    let parts = [b"AWS4", secret.expose().as_bytes()];
    let mut key = [0; 64];
    let mut block = Cursor::new(&mut key);
    parts.iter().for_each(|part| block.put(part));
    if block.finish().is_err() {
        let mut hasher = Hasher::new();
        parts.iter().for_each(|part| hasher.put(part));
        key.zeroize();
        if let Some(hash) = key.first_chunk_mut::<32>() {
            *hash = hasher.finish();
        }
    }
    key
}

/// A key that fills a block cannot be refused, and zeroes at its end change nothing.
fn keyed(key: &[u8; 64]) -> Hmac<Sha256> {
    Hmac::new(key.into())
}
