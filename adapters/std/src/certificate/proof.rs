//! The key that proves who holds a session.

use rolecall_core::wire::x509::Scheme;

use super::key::{FileKey, Key};
use super::pem::KeyDer;

/// A private key on P-256, and its public part.
pub(crate) struct ProofKey {
    key: FileKey,
    coordinates: [[u8; 32]; 2],
}

impl ProofKey {
    /// Reads the key in a PEM text: SEC1 or PKCS#8.
    pub(crate) fn read(text: &[u8]) -> Result<Self, String> {
        const EXPECTED: &str = "not a key on P-256, which is expected";
        let key = FileKey::new(&KeyDer::read(text)?.der())?;
        if !key.schemes().contains(&Scheme::EcdsaP256Sha256) {
            return Err(EXPECTED.to_owned());
        }
        let in_tls = key.in_tls();
        let public = in_tls.public_key().ok_or(EXPECTED)?;
        // It ends with the point: a byte that says that both coordinates follow, and these.
        let (before, y) = public.split_last_chunk().ok_or(EXPECTED)?;
        let (before, x) = before.split_last_chunk().ok_or(EXPECTED)?;
        if before.last() != Some(&4) {
            return Err(EXPECTED.to_owned());
        }
        let coordinates = [*x, *y];
        Ok(Self { key, coordinates })
    }

    /// The coordinates of the public key.
    pub(crate) fn coordinates(&self) -> [[u8; 32]; 2] {
        self.coordinates
    }

    pub(crate) fn key(&self) -> &dyn Key {
        &self.key
    }
}
