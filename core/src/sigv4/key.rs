//! The signing key of one day, region and service.

use core::fmt;

use zeroize::Zeroizing;

use crate::credentials::Secret;
use crate::wire::time::UnixTime;
use crate::wire::{Ascii, Put};

use super::hash::{Mac, hex, key_block, set};

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
        let mut key = Zeroizing::new(key_block(&[b"AWS4", secret.expose().as_bytes()]));
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
