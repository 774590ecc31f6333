//! The key that proves who holds a session.

use rolecall_core::wire::x509::Scheme;
use rustls::pki_types::PrivatePkcs8KeyDer;

use super::key::{FileKey, Key};
use super::pem::{KeyDer, KeyForm};
use crate::secret::Wiped;

/// A private key on P-256, and its public part.
pub(crate) struct ProofKey {
    key: FileKey,
    coordinates: [[u8; 32]; 2],
}

impl ProofKey {
    /// Reads the key in a PEM text: SEC1 or PKCS#8.
    pub(crate) fn read(text: &[u8]) -> Result<Self, String> {
        const EXPECTED: &str = "not a key on P-256, which is expected";
        let der = KeyDer::read(text)?;
        let key = match der.kind {
            KeyForm::Sec1 => {
                let der = in_pkcs8(&der.der).ok_or(EXPECTED)?;
                FileKey::new(&PrivatePkcs8KeyDer::from(der.as_slice()).into())?
            }
            _ => FileKey::new(&der.der())?,
        };
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

/// A key on P-256 in SEC1, the form that the AWS CLI writes, as PKCS#8: rustls would do this in memory that it does not wipe.
fn in_pkcs8(sec1: &[u8]) -> Option<Wiped<Vec<u8>>> {
    // The version, which is 0, and the algorithm: id-ecPublicKey on prime256v1.
    const FRONT: &[u8] =
        b"\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
    // A longer one is on another curve.
    let len = u8::try_from(sec1.len()).ok().filter(|len| *len < 0x80)?;
    let all = u8::try_from(FRONT.len() + 2 + sec1.len()).ok()?;
    let mut der = Wiped::new(Vec::with_capacity(3 + usize::from(all)));
    for part in [&[0x30, 0x81, all], FRONT, &[0x04, len], sec1] {
        der.extend_from_slice(part);
    }
    Some(der)
}
