//! The signing key of one day, region and service.

use core::fmt;

use zeroize::Zeroizing;

use crate::credentials::{Credentials, Secret};
use crate::wire::device::{ON_DEVICE, utf8};
use crate::wire::time::UnixTime;
use crate::wire::words::all_within;
use crate::wire::{Ascii, Put};

#[cfg(feature = "sigv4a")]
use super::SignError;
use super::hash::{self, Mac, hex, set_key, wipe_below, wipe_below_signature};
#[cfg(feature = "sigv4a")]
use super::regions::RegionsKey;
use super::{Scope, Signature};

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
    secret: Derivation,
    /// Days since 1970, and the same as text, with a time after it.
    days: u32,
    date: Ascii<16>,
}

/// What signs.
enum Derivation {
    Code(Mac),
    #[cfg(feature = "sigv4a")]
    Regions(RegionsKey),
}

impl Derived {
    /// The key for a scope; `None` for a set of regions for which there is none.
    #[inline]
    pub(super) fn for_scope(credentials: &Credentials<'_>, time: UnixTime, scope: Scope<'_>) -> Option<Self> {
        #[cfg(feature = "sigv4a")]
        if scope.rules.region_set {
            return Self::for_regions(credentials, time).ok();
        }
        Some(Self::of(credentials.secret_access_key(), time, scope.region, scope.service))
    }

    #[cfg(feature = "sigv4a")]
    fn for_regions(credentials: &Credentials<'_>, time: UnixTime) -> Result<Self, SignError> {
        let secret = Derivation::Regions(RegionsKey::derive(credentials)?);
        Ok(Self { secret, days: time.days(), date: time.compact() })
    }

    /// Whether it signs for a set of regions.
    pub(super) fn is_for_regions(&self) -> bool {
        self.mac().is_none()
    }

    /// The key of one region.
    pub(super) fn mac(&self) -> Option<&Mac> {
        match &self.secret {
            Derivation::Code(mac) => Some(mac),
            #[cfg(feature = "sigv4a")]
            Derivation::Regions(_) => None,
        }
    }

    // Not inlined, so that the derivation leaves nothing in the frame of the caller that signs.
    #[inline(never)]
    pub(super) fn of(secret: &Secret<'_>, time: UnixTime, region: &str, service: &str) -> Self {
        let date = time.compact();
        let mut key = Zeroizing::new([0; 64]);
        set_key(&mut key, &[b"AWS4", secret.expose().as_bytes()]);
        for part in [date.day(), region.as_bytes(), service.as_bytes(), b"aws4_request"] {
            hash::derive(&mut key, part);
        }
        Self { secret: Derivation::Code(Mac::new(&key)), days: time.days(), date }
    }

    pub(super) fn is_for(&self, time: UnixTime) -> bool {
        self.days == time.days()
    }

    /// The compact form of a time on the key's day.
    pub(super) fn date_of(&self, time: UnixTime) -> Ascii<16> {
        if ON_DEVICE { time.compact() } else { time.compact_on(&self.date) }
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
        put_scope(&self.derived.date, self.scope_region(), self.service, out);
    }

    /// The region in the credential scope; a set of regions is not in it.
    pub(super) fn scope_region(&self) -> Option<&str> {
        if self.derived.is_for_regions() { None } else { Some(self.region) }
    }

    /// The value of `x-amz-region-set`; empty without one.
    #[cfg(feature = "sigv4a")]
    pub(super) fn region_set(&self) -> &str {
        if self.derived.is_for_regions() { self.region } else { "" }
    }

    pub(super) fn algorithm(&self) -> &'static [u8] {
        match &self.derived.secret {
            Derivation::Code(_) => ALGORITHM,
            #[cfg(feature = "sigv4a")]
            Derivation::Regions(_) => super::regions::ALGORITHM,
        }
    }

    /// Signs what `string_to_sign` writes.
    pub(super) fn sign(&self, mut string_to_sign: impl FnMut(&mut dyn Put)) -> Signature {
        match &self.derived.secret {
            Derivation::Code(mac) => {
                let mut code = [0; 32];
                mac.of(&mut code, &mut string_to_sign);
                wipe_below_signature();
                hex(&code).into()
            }
            #[cfg(feature = "sigv4a")]
            Derivation::Regions(key) => key.sign(&mut string_to_sign),
        }
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
    is_scope_part(region) && is_scope_part(service)
}

#[inline(never)]
fn is_scope_part(text: &str) -> bool {
    // Most have nothing but these.
    let few = !ON_DEVICE && all_within(text.as_bytes(), [(b'a', b'z'), (b'0', b'9'), (b'-', b'-')]);
    few || text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b','))
}

/// Whether `set` is `*`, or regions separated by commas, and the service is as in [`is_scope`].
pub(super) fn is_region_set(set: &str, service: &str) -> bool {
    is_scope("", service) && set.split(',').all(|region| !region.is_empty() && is_scope(region, ""))
}

/// The algorithm of every signature with a signing key.
pub(super) const ALGORITHM: &[u8] = b"AWS4-HMAC-SHA256";

/// Writes the string to sign of the canonical request with the SHA-256 `hash`.
pub(super) fn put_string_to_sign(
    algorithm: &[u8],
    date: &Ascii<16>,
    region: Option<&str>,
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
pub(super) fn put_scope(date: &Ascii<16>, region: Option<&str>, service: &str, out: &mut dyn Put) {
    out.put(date.day());
    out.put(b"/");
    if let Some(region) = region {
        out.put(region.as_bytes());
        out.put(b"/");
    }
    out.put(service.as_bytes());
    out.put(b"/aws4_request");
}

impl<'s> SigningKey<'s> {
    /// Derives the key for the day of `time`.
    pub fn derive(secret: &Secret<'_>, time: UnixTime, region: &'s str, service: &'s str) -> Self {
        let key = Self { derived: Derived::of(secret, time, region, service), region, service };
        wipe_below();
        key
    }

    /// Derives the key for a set of regions (SigV4a): `*`, or a list separated by commas.
    ///
    /// # Errors
    /// [`SignError::InvalidKey`] for credentials without a key, which there are none of in practice.
    #[cfg(feature = "sigv4a")]
    pub fn for_regions(
        credentials: &Credentials<'_>,
        time: UnixTime,
        regions: &'s str,
        service: &'s str,
    ) -> Result<Self, SignError> {
        let key =
            Derived::for_regions(credentials, time).map(|derived| Self { derived, region: regions, service });
        wipe_below();
        key
    }

    /// The public key of one for a set of regions, a point of P-256 (4, x, y): it verifies the signatures.
    #[cfg(feature = "sigv4a")]
    pub fn public_key(&self) -> Option<[u8; 65]> {
        match &self.derived.secret {
            Derivation::Code(_) => None,
            Derivation::Regions(key) => Some(key.public()),
        }
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
