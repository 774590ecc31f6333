//! Signing keys that are kept: a few, each for a day, a region and a service.

use core::cell::RefCell;
use core::fmt;

use heapless::String;

use crate::credentials::Credentials;
use crate::wire::time::UnixTime;

use super::hash::wipe_below;
use super::key::{Derived, Key};
use super::{Rules, Scope, SignError, Signature, Signer, SigningKey};

/// A provider of signing keys, which derives each or keeps some.
pub trait SigningKeys {
    /// Makes the signer of `credentials` at `time`, and calls `sign` with it.
    ///
    /// # Errors
    /// [`SignError::InvalidScope`]; what `sign` returns.
    fn with_signer(
        &self,
        credentials: &Credentials<'_>,
        scope: Scope<'_>,
        time: UnixTime,
        sign: &mut dyn FnMut(&Signer<'_>) -> Result<(), SignError>,
    ) -> Result<(), SignError>;

    /// Is called with the signature of a request whose body follows in chunks, within [`SigningKeys::with_signer`].
    /// [`ChunkKeys`](super::chunked::ChunkKeys) keeps the signer of the chunks; other keys do nothing.
    ///
    /// # Errors
    /// [`SignError::InvalidScope`].
    fn start_chunks(&self, signer: &Signer<'_>, seed: &Signature) -> Result<(), SignError> {
        let _ = (signer, seed);
        Ok(())
    }
}

/// Keys by reference, for one request after another.
impl<K: SigningKeys + ?Sized> SigningKeys for &K {
    fn with_signer(
        &self,
        credentials: &Credentials<'_>,
        scope: Scope<'_>,
        time: UnixTime,
        sign: &mut dyn FnMut(&Signer<'_>) -> Result<(), SignError>,
    ) -> Result<(), SignError> {
        (**self).with_signer(credentials, scope, time, sign)
    }

    fn start_chunks(&self, signer: &Signer<'_>, seed: &Signature) -> Result<(), SignError> {
        (**self).start_chunks(signer, seed)
    }
}

/// Keeps the signing keys of the last `N` scopes, for the credentials that were last signed with. Each is
/// wiped when another replaces it, when other credentials sign, and when the ring is dropped.
///
/// Credentials are identified by their access key id: a caller that replaces a wrong secret of the same id
/// calls
/// [`KeyRing::clear`].
///
/// Keys for a region or service of more than 64 characters, or an access key id of more than 128, are
/// derived each time.
///
/// ```
/// use rolecall_core::credentials::Credentials;
/// use rolecall_core::sigv4::{KeyRing, Payload, Request, Rules, Scope};
/// use rolecall_core::wire::time::UnixTime;
///
/// let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None)?;
/// let time = UnixTime::from_compact(b"20150830T123600Z")?;
/// let mut request = Request::new("GET", "/", Payload::Bytes(b""))?;
/// request.header("Host", b"example.amazonaws.com")?;
///
/// let mut ring = KeyRing::<4>::new();
/// let scope = Scope { region: "us-east-1", service: "service", rules: Rules::STANDARD };
/// let signer = ring.signer(&credentials, scope, time)?;
/// assert!(signer.sign(&request)?.signature().as_str().starts_with("5fa00fa31553b73ebf1942676e86291e"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct KeyRing<const N: usize> {
    /// The credentials that the keys belong to.
    access_key_id: String<128>,
    kept: [Option<Kept>; N],
    /// The index of the next key to replace.
    next: usize,
    /// A key whose names are too long to be kept.
    once: Option<Derived>,
}

struct Kept {
    region: String<64>,
    service: String<64>,
    derived: Derived,
}

impl<const N: usize> KeyRing<N> {
    /// An empty ring, which takes `N` keys.
    pub const fn new() -> Self {
        Self { access_key_id: String::new(), kept: [const { None }; N], next: 0, once: None }
    }

    /// Wipes every key: call it when a secret of the same access key id was replaced.
    pub fn clear(&mut self) {
        self.access_key_id.clear();
        self.once = None;
        for kept in &mut self.kept {
            *kept = None;
        }
    }

    /// A signer of `credentials` at `time`, with a key that is kept or derived now.
    ///
    /// # Errors
    /// [`SignError::InvalidScope`].
    pub fn signer<'a>(
        &'a mut self,
        credentials: &'a Credentials<'a>,
        scope: Scope<'a>,
        time: UnixTime,
    ) -> Result<Signer<'a>, SignError> {
        let Scope { region, service, rules } = scope;
        if self.access_key_id != credentials.access_key_id() {
            self.clear();
            // An id that is too long equals none, so that nothing is kept for it.
            let _ = self.access_key_id.push_str(credentials.access_key_id());
        }
        let is_of = |kept: &Kept| {
            let same = kept.region == region && kept.service == service;
            same && kept.derived.is_for_regions() == rules.region_set
        };
        let found = self.kept.iter().position(|kept| kept.as_ref().is_some_and(is_of));
        let at = found.unwrap_or(self.next);
        let good =
            |kept: &Option<Kept>| kept.as_ref().is_some_and(|kept| is_of(kept) && kept.derived.is_for(time));
        if !self.kept.get(at).is_some_and(good) {
            let known = self.access_key_id == credentials.access_key_id();
            let names = String::try_from(region).ok().zip(String::try_from(service).ok()).filter(|_| known);
            match (names, self.kept.get_mut(at)) {
                (Some((region, service)), Some(place)) => {
                    keep(place, (region, service), credentials, rules, time);
                    if found.is_none() {
                        self.next = at.saturating_add(1);
                        if self.next >= N {
                            self.next = 0;
                        }
                    }
                }
                _ => keep_once(&mut self.once, credentials, scope, time),
            }
            wipe_below();
        }
        let kept = self.kept.get(at).and_then(Option::as_ref).filter(|kept| is_of(kept));
        let derived = kept.map(|kept| &kept.derived).or(self.once.as_ref()).ok_or(SignError::StaleKey)?;
        Signer::of(credentials, Key { derived, region, service }, rules, time)
    }
}

// Each in a frame of its own, so that the copy of a key that is moved into its place is wiped with it.
#[inline(never)]
fn keep(
    place: &mut Option<Kept>,
    names: (String<64>, String<64>),
    credentials: &Credentials<'_>,
    rules: Rules,
    time: UnixTime,
) {
    let (region, service) = names;
    let derived = Derived::for_scope(credentials, time, Scope { region: &region, service: &service, rules });
    *place = derived.map(|derived| Kept { region, service, derived });
}

#[inline(never)]
fn keep_once(place: &mut Option<Derived>, credentials: &Credentials<'_>, scope: Scope<'_>, time: UnixTime) {
    *place = Derived::for_scope(credentials, time, scope);
}

impl<const N: usize> Default for KeyRing<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Debug for KeyRing<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing({} of {N} keys)", self.kept.iter().flatten().count())
    }
}

impl<const N: usize> SigningKeys for RefCell<KeyRing<N>> {
    fn with_signer(
        &self,
        credentials: &Credentials<'_>,
        scope: Scope<'_>,
        time: UnixTime,
        sign: &mut dyn FnMut(&Signer<'_>) -> Result<(), SignError>,
    ) -> Result<(), SignError> {
        match self.try_borrow_mut() {
            Ok(mut ring) => sign(&ring.signer(credentials, scope, time)?),
            // A signer that signs within another has a key of its own.
            Err(_) => DeriveEach.with_signer(credentials, scope, time, sign),
        }
    }
}

/// Derives a key for each signature, and keeps none.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeriveEach;

impl SigningKeys for DeriveEach {
    fn with_signer(
        &self,
        credentials: &Credentials<'_>,
        scope: Scope<'_>,
        time: UnixTime,
        sign: &mut dyn FnMut(&Signer<'_>) -> Result<(), SignError>,
    ) -> Result<(), SignError> {
        let Scope { region, service, rules } = scope;
        #[cfg(feature = "sigv4a")]
        if rules.region_set {
            let key = SigningKey::for_regions(credentials, time, region, service)?;
            return sign(&Signer::new(credentials, &key, rules, time)?);
        }
        let key = SigningKey::derive(credentials.secret_access_key(), time, region, service);
        sign(&Signer::new(credentials, &key, rules, time)?)
    }
}
