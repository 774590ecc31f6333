//! The signing key of one day, region and service.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::credentials::Secret;
use crate::wire::time::UnixTime;
use crate::wire::{Ascii, Put};

use super::hash::hex;

/// The key that a credential scope signs with, its HMAC pads already absorbed.
///
/// Deriving it takes 16 of SHA-256's compressions, so whoever signs often keeps it: it is good for
/// one day (UTC), region and service. It is wiped when dropped.
pub struct SigningKey<'s> {
    mac: Hmac<Sha256>,
    day: Ascii<8>,
    region: &'s str,
    service: &'s str,
}

impl<'s> SigningKey<'s> {
    /// Derives the key for the day of `time`.
    pub fn derive(secret: &Secret<'_>, time: UnixTime, region: &'s str, service: &'s str) -> Self {
        let day = day(time);
        let mut mac = keyed(&[b"AWS4", secret.expose().as_bytes()]);
        for part in [day.as_bytes(), region.as_bytes(), service.as_bytes(), b"aws4_request"] {
            mac.update(part);
            mac = keyed(&[&mac.finalize().into_bytes()]);
        }
        Self { mac, day, region, service }
    }

    /// Whether the key signs requests of `time`.
    pub fn is_for(&self, time: UnixTime) -> bool {
        self.day == day(time)
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

/// HMAC with the key given in parts; one longer than a block is hashed first (RFC 2104).
fn keyed(parts: &[&[u8]]) -> Hmac<Sha256> {
    use sha2::Digest;
    use zeroize::Zeroize;

    let mut block = [0; 64];
    let mut len = 0usize;
    for (to, from) in block.iter_mut().zip(parts.iter().copied().flatten()) {
        *to = *from;
        len = len.saturating_add(1);
    }
    if parts.iter().fold(0usize, |sum, part| sum.saturating_add(part.len())) > len {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        block = [0; 64];
        for (to, from) in block.iter_mut().zip(hasher.finalize()) {
            *to = from;
        }
    }
    // A key of exactly one block, padded with zeroes, is the same key, and cannot be refused.
    let mac = Hmac::new(&block.into());
    block.zeroize();
    mac
}
