//! The signing key of one day, region and service.

use core::fmt;

use zeroize::Zeroizing;

use crate::credentials::Secret;
use crate::wire::device::utf8;
use crate::wire::time::UnixTime;
use crate::wire::{Ascii, Put};

use super::hash::{self, Mac, hex, set_key, wipe_below, wipe_below_signature};

/// The signing key of one credential scope, its HMAC pads already absorbed.
///
/// Deriving it takes 18 of SHA-256's compressions, so a caller that signs often keeps it, in a
/// [`KeyRing`](super::KeyRing) for instance: it is good for one day (UTC), region and service. It is wiped
/// when dropped, but not where it was moved from: drop it where it was derived.
pub struct SigningKey<'s> {
    derived: Derived,
    region: &'s str,
    service: &'s str,
}

/// The key derived from a secret for one scope, without the names of that scope.
pub(super) struct Derived {
    pub(super) mac: Mac,
    /// Days since 1970, and the same as text, with a time after it.
    days: u32,
    date: Ascii<16>,
}

impl Derived {
    // Not inlined, so that the derivation leaves nothing in the frame of the caller that signs.
    #[inline(never)]
    pub(super) fn of(secret: &Secret<'_>, time: UnixTime, region: &str, service: &str) -> Self {
        let date = time.compact();
        let mut key = Zeroizing::new([0; 64]);
        set_key(&mut key, &[b"AWS4", secret.expose().as_bytes()]);
        for part in [date.day(), region.as_bytes(), service.as_bytes(), b"aws4_request"] {
            hash::derive(&mut key, part);
        }
        Self { mac: Mac::new(&key), days: time.days(), date }
    }

    pub(super) fn is_for(&self, time: UnixTime) -> bool {
        self.days == time.days()
    }
}

/// A signing key as the signer uses it, wherever it is kept.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    pub(super) derived: &'a Derived,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

impl Key<'_> {
    /// Writes the credential scope, its parts joined by slashes.
    pub(super) fn put_scope(&self, out: &mut dyn Put) {
        put_scope(&self.derived.date, self.region, self.service, out);
    }

    /// Signs what `string_to_sign` writes.
    pub(super) fn sign(&self, mut string_to_sign: impl FnMut(&mut dyn Put)) -> Ascii<64> {
        let mut code = [0; 32];
        self.derived.mac.of(&mut code, &mut string_to_sign);
        wipe_below_signature();
        hex(&code)
    }
}

impl fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = utf8(self.derived.date.day()).unwrap_or_default();
        write!(f, "SigningKey({day}/{}/{})", self.region, self.service)
    }
}

/// Whether region and service can go into a header line as they are.
pub(super) fn is_scope(region: &str, service: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b',');
    region.bytes().chain(service.bytes()).all(plain)
}

/// The algorithm of every signature with a signing key.
pub(super) const ALGORITHM: &[u8] = b"AWS4-HMAC-SHA256";

/// Writes the string to sign of the canonical request with the SHA-256 `hash`.
pub(super) fn put_string_to_sign(
    algorithm: &[u8],
    date: &Ascii<16>,
    region: &str,
    service: &str,
    hash: &Ascii<64>,
    out: &mut dyn Put,
) {
    out.put(algorithm);
    out.put(b"\n");
    out.put(date.as_bytes());
    out.put(b"\n");
    put_scope(date, region, service, out);
    out.put(b"\n");
    out.put(hash.as_bytes());
}

/// Writes a credential scope on the day of `date`, its parts joined by slashes.
pub(super) fn put_scope(date: &Ascii<16>, region: &str, service: &str, out: &mut dyn Put) {
    for part in [date.day(), region.as_bytes(), service.as_bytes()] {
        out.put(part);
        out.put(b"/");
    }
    out.put(b"aws4_request");
}

impl<'s> SigningKey<'s> {
    /// Derives the key for the day of `time`.
    pub fn derive(secret: &Secret<'_>, time: UnixTime, region: &'s str, service: &'s str) -> Self {
        let key = Self { derived: Derived::of(secret, time, region, service), region, service };
        wipe_below();
        key
    }

    /// Whether the key signs requests of `time`.
    pub fn is_for(&self, time: UnixTime) -> bool {
        self.derived.is_for(time)
    }

    /// The region of the credential scope.
    pub fn region(&self) -> &'s str {
        self.region
    }

    /// The service of the credential scope.
    pub fn service(&self) -> &'s str {
        self.service
    }

    pub(super) fn view(&self) -> Key<'_> {
        Key { derived: &self.derived, region: self.region, service: self.service }
    }
}

impl fmt::Debug for SigningKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}
