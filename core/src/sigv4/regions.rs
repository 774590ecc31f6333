//! Signing for a set of regions (SigV4a): ECDSA on P-256 with SHA-256, by a key that is derived from the secret (*Signing
//! AWS API requests*, IAM User Guide; the derivation is that of NIST SP 800-108 in counter mode).

use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::elliptic_curve::PrimeField;
use p256::{NonZeroScalar, Scalar, SecretKey};
use zeroize::{Zeroizing, zeroize_stack};

use crate::credentials::Credentials;
use crate::wire::Put;

use super::hash::{Hasher, Mac, set_key};
use super::{SignError, Signature};

/// The algorithm, which the key is derived for.
pub(super) const ALGORITHM: &[u8] = b"AWS4-ECDSA-P256-SHA256";

/// The stack that is wiped below a derivation and a signature, in bytes.
const STACK: usize = 16 * 1024;

/// The private key of some credentials, the same for every day, region and service. It is wiped when dropped.
pub(super) struct RegionsKey(SigningKey);

impl RegionsKey {
    pub(super) fn derive(credentials: &Credentials<'_>) -> Result<Self, SignError> {
        let key = derive(credentials);
        zeroize_stack::<STACK>();
        key.map(Self).ok_or(SignError::InvalidKey)
    }

    /// Signs what `text` writes. The signature is the same each time (RFC 6979).
    pub(super) fn sign(&self, text: &mut dyn FnMut(&mut dyn Put)) -> Signature {
        let mut hasher = Hasher::new();
        text(&mut hasher);
        let signature = sign(&self.0, &hasher.finish());
        zeroize_stack::<STACK>();
        signature
    }

    /// The public key, as a point of the curve: 4, x, y.
    pub(super) fn public(&self) -> [u8; 65] {
        let point = self.0.verifying_key().to_sec1_point(false);
        point.as_bytes().try_into().unwrap_or([0; 65])
    }
}

/// Tries one counter after the other until the number is a key: the first is one but for one time in 2^32.
#[inline(never)]
fn derive(credentials: &Credentials<'_>) -> Option<SigningKey> {
    let mut block = Zeroizing::new([0; 64]);
    set_key(&mut block, &[b"AWS4A", credentials.secret_access_key().expose().as_bytes()]);
    let mac = Mac::new(&block);
    (1..=254u8).find_map(|counter| {
        let mut number = Zeroizing::new([0; 32]);
        mac.of(&mut number, &mut |out| {
            out.put(&1u32.to_be_bytes());
            out.put(ALGORITHM);
            out.put(&[0]);
            out.put(credentials.access_key_id().as_bytes());
            out.put(&[counter]);
            out.put(&256u32.to_be_bytes());
        });
        // Numbers above the order less two are left out: below it, and one more is not zero.
        let scalar = Zeroizing::new(Option::<Scalar>::from(Scalar::from_repr((*number).into()))?);
        let scalar =
            Zeroizing::new(Option::<NonZeroScalar>::from(NonZeroScalar::new(scalar.add(&Scalar::ONE)))?);
        Some(SigningKey::from(SecretKey::from(&*scalar)))
    })
}

#[inline(never)]
fn sign(key: &SigningKey, hash: &[u8; 32]) -> Signature {
    let signature: Option<p256::ecdsa::Signature> = key.sign_prehash(hash).ok();
    signature.map_or(Signature::of(&[]), |signature| Signature::of(signature.to_der().as_bytes()))
}
