//! The signing keys of a provider.

use std::fmt;
use std::sync::Mutex;

use rolecall_core::credentials::Credentials;
use rolecall_core::sigv4::{DeriveEach, KeyRing, Scope, SignError, Signer, SigningKeys};
use rolecall_core::wire::time::UnixTime;

use crate::lock;

/// As many scopes as a program signs for in turn.
const KEPT: usize = 4;

/// A ring of keys for any number of threads. It is cleared when the credentials change.
#[derive(Default)]
pub(super) struct Keys(Mutex<KeyRing<KEPT>>);

impl Keys {
    /// Wipes them.
    pub(super) fn clear(&self) {
        lock(&self.0).clear();
    }
}

impl SigningKeys for Keys {
    fn with_signer(
        &self,
        credentials: &Credentials<'_>,
        scope: Scope<'_>,
        time: UnixTime,
        sign: &mut dyn FnMut(&Signer<'_>) -> Result<(), SignError>,
    ) -> Result<(), SignError> {
        match self.0.try_lock() {
            Ok(mut ring) => sign(&ring.signer(credentials, scope, time)?),
            // Another thread is signing, and may have a long body to hash.
            Err(_) => DeriveEach.with_signer(credentials, scope, time, sign),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lock(&self.0).fmt(f)
    }
}
