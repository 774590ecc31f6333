//! The signatures of certificates and handshakes that are verified.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use rustls::SignatureScheme;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

use super::rsa::{self, Padding};
use crate::digest::{Digest, Hash};

/// What servers and their issuers may sign with. A handshake is not signed by PKCS#1 (RFC 8446, section 4.2.3), and no
/// signature by SHA-1.
pub(crate) static VERIFIED: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[
        &Ecdsa(Hash::Sha256),
        &Ecdsa(Hash::Sha384),
        &Rsa(Padding::Pkcs1, Hash::Sha256),
        &Rsa(Padding::Pkcs1, Hash::Sha384),
        &Rsa(Padding::Pkcs1, Hash::Sha512),
        &Rsa(Padding::Pss, Hash::Sha256),
        &Rsa(Padding::Pss, Hash::Sha384),
        &Rsa(Padding::Pss, Hash::Sha512),
    ],
    mapping: &[
        (SignatureScheme::ECDSA_NISTP256_SHA256, &[&Ecdsa(Hash::Sha256)]),
        (SignatureScheme::RSA_PSS_SHA256, &[&Rsa(Padding::Pss, Hash::Sha256)]),
        (SignatureScheme::RSA_PSS_SHA384, &[&Rsa(Padding::Pss, Hash::Sha384)]),
        (SignatureScheme::RSA_PSS_SHA512, &[&Rsa(Padding::Pss, Hash::Sha512)]),
        // For certificates alone: rustls refuses them in a handshake of TLS 1.3.
        (SignatureScheme::RSA_PKCS1_SHA256, &[&Rsa(Padding::Pkcs1, Hash::Sha256)]),
        (SignatureScheme::RSA_PKCS1_SHA384, &[&Rsa(Padding::Pkcs1, Hash::Sha384)]),
        (SignatureScheme::RSA_PKCS1_SHA512, &[&Rsa(Padding::Pkcs1, Hash::Sha512)]),
    ],
};

/// ECDSA on P-256.
#[derive(Debug)]
struct Ecdsa(Hash);

impl SignatureVerificationAlgorithm for Ecdsa {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        // Points in the other forms of SEC 1 are no keys of TLS, and a host takes none.
        let key = Some(key).filter(|key| key.first() == Some(&4)).ok_or(InvalidSignature)?;
        let key = VerifyingKey::from_sec1_bytes(key).map_err(|_| InvalidSignature)?;
        let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        let digest = Digest::of(self.0, &[message]);
        key.verify_prehash(digest.bytes(), &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        match self.0 {
            Hash::Sha256 => alg_id::ECDSA_SHA256,
            Hash::Sha384 => alg_id::ECDSA_SHA384,
            Hash::Sha512 => alg_id::ECDSA_SHA512,
        }
    }
}

/// RSA.
#[derive(Debug)]
struct Rsa(Padding, Hash);

impl SignatureVerificationAlgorithm for Rsa {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        rsa::verify(key, self.0, self.1, message, signature).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        match (self.0, self.1) {
            (Padding::Pkcs1, Hash::Sha256) => alg_id::RSA_PKCS1_SHA256,
            (Padding::Pkcs1, Hash::Sha384) => alg_id::RSA_PKCS1_SHA384,
            (Padding::Pkcs1, Hash::Sha512) => alg_id::RSA_PKCS1_SHA512,
            (Padding::Pss, Hash::Sha256) => alg_id::RSA_PSS_SHA256,
            (Padding::Pss, Hash::Sha384) => alg_id::RSA_PSS_SHA384,
            (Padding::Pss, Hash::Sha512) => alg_id::RSA_PSS_SHA512,
        }
    }
}
