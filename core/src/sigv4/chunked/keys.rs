//! The way from the flow that signs a request to the reader that signs its body.

use core::cell::RefCell;
use core::fmt;

use crate::credentials::Credentials;
use crate::sigv4::hash::wipe_below;
use crate::sigv4::{Scope, SignError, Signature, Signer, SigningKeys};
use crate::wire::time::UnixTime;

use super::ChunkSigner;

/// Signing keys that keep the signer of a body in chunks: the flow that sends the request takes its keys from here, and
/// the reader of the body has its chunks signed here.
pub struct ChunkKeys<K> {
    keys: K,
    signer: RefCell<Option<ChunkSigner>>,
}

impl<K> ChunkKeys<K> {
    /// Takes signing keys from `keys`.
    pub const fn new(keys: K) -> Self {
        Self { keys, signer: RefCell::new(None) }
    }

    /// Calls `sign` with the signer of the chunks that follow the last signed request. `None` if there was none.
    pub fn with_chunks<T>(&self, sign: impl FnOnce(&mut ChunkSigner) -> T) -> Option<T> {
        self.signer.try_borrow_mut().ok()?.as_mut().map(sign)
    }
}

impl<K> ChunkKeys<K> {
    // In a frame of its own, so that the copies of a key that is moved into its place are wiped with it.
    #[inline(never)]
    fn keep(&self, signer: &Signer<'_>, seed: &Signature) -> Result<(), SignError> {
        if let Ok(mut kept) = self.signer.try_borrow_mut() {
            *kept = Some(ChunkSigner::of(signer, seed)?);
        }
        Ok(())
    }
}

impl<K: SigningKeys> SigningKeys for ChunkKeys<K> {
    fn with_signer(
        &self,
        credentials: &Credentials<'_>,
        scope: Scope<'_>,
        time: UnixTime,
        sign: &mut dyn FnMut(&Signer<'_>) -> Result<(), SignError>,
    ) -> Result<(), SignError> {
        self.keys.with_signer(credentials, scope, time, sign)
    }

    fn start_chunks(&self, signer: &Signer<'_>, seed: &Signature) -> Result<(), SignError> {
        let kept = self.keep(signer, seed);
        wipe_below();
        kept
    }
}

impl<K> fmt::Debug for ChunkKeys<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChunkKeys")
    }
}
