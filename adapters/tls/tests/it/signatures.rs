//! The verification of signatures.

use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{AlgorithmIdentifier, SignatureVerificationAlgorithm, alg_id};
use sha2::{Digest, Sha256};

use crate::board::random;

/// The algorithm of this name, by its identifiers.
fn find(among: &WebPkiSupportedAlgorithms, name: &str) -> &'static dyn SignatureVerificationAlgorithm {
    let (key, signature): (AlgorithmIdentifier, AlgorithmIdentifier) = match name {
        "ecdsa-sha256" => (alg_id::ECDSA_P256, alg_id::ECDSA_SHA256),
        "ecdsa-sha384" => (alg_id::ECDSA_P256, alg_id::ECDSA_SHA384),
        "pkcs1-sha256" => (alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA256),
        "pkcs1-sha384" => (alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA384),
        "pkcs1-sha512" => (alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA512),
        "pss-sha256" => (alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA256),
        "pss-sha384" => (alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA384),
        "pss-sha512" => (alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA512),
        _ => panic!("{name}"),
    };
    let is = |one: &&&dyn SignatureVerificationAlgorithm| {
        one.public_key_alg_id() == key && one.signature_alg_id() == signature
    };
    *among.all.iter().find(is).expect("every algorithm of the list")
}

#[test]
fn keys_are_uncompressed_points() {
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let signature: Signature = key.sign_prehash(&Sha256::digest(b"message")).unwrap();
    let point = |is_compressed| key.verifying_key().to_sec1_point(is_compressed);
    let all = rolecall_tls::provider(random).signature_verification_algorithms;
    let verify = |key: &[u8]| {
        find(&all, "ecdsa-sha256").verify_signature(key, b"message", signature.to_der().as_bytes())
    };
    verify(point(false).as_bytes()).unwrap();
    verify(point(true).as_bytes()).unwrap_err();
}
