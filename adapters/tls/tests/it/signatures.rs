//! The verification of signatures beside that of ring: good ones, others, and each bit of some changed.
//!
//! `tests/lib/signatures.py` makes them into the folder in `ROLECALL_CHAINS`.

use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use rustls::crypto::{self, WebPkiSupportedAlgorithms};
use rustls::pki_types::{AlgorithmIdentifier, SignatureVerificationAlgorithm, alg_id};
use sha2::{Digest, Sha256};

use crate::board::random;
use crate::chains::folder;

/// What ring accepts and the board does not, and why.
const DIFFERENCES: [(&str, &str); 2] = [
    ("size-2047", "ring counts the bits of a key in whole bytes"),
    ("size-4104", "ring takes keys of up to 8,192 bits, for which a board would need twice the memory"),
];

/// A line of the list.
struct Case {
    label: String,
    is_good: bool,
    board: &'static dyn SignatureVerificationAlgorithm,
    ring: &'static dyn SignatureVerificationAlgorithm,
    key: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl Case {
    fn all() -> Option<Vec<Self>> {
        let list = std::fs::read_to_string(folder()?.join("signatures")).expect("the list of signatures");
        let board = rolecall_tls::provider(random).signature_verification_algorithms;
        let ring = crypto::ring::default_provider().signature_verification_algorithms;
        let case = |line: &str| {
            let fields: Vec<&str> = line.split(' ').collect();
            let [label, expected, algorithm, key, message, signature] = fields[..] else { panic!("{line}") };
            Self {
                label: label.to_owned(),
                is_good: expected == "ok",
                board: find(&board, algorithm),
                ring: find(&ring, algorithm),
                key: bytes(key),
                message: bytes(message),
                signature: bytes(signature),
            }
        };
        Some(list.lines().map(case).collect())
    }

    /// The verdicts of the board and of ring.
    fn verdicts(&self) -> [bool; 2] {
        let Self { key, message, signature, .. } = self;
        [self.board, self.ring].map(|one| one.verify_signature(key, message, signature).is_ok())
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.trim_matches('-').as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

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

#[test]
fn signatures_are_verified_as_by_ring() {
    let Some(cases) = Case::all() else { return };
    let mut wrong = Vec::new();
    for case in &cases {
        let by_ring = case.is_good || DIFFERENCES.iter().any(|(label, _)| *label == case.label);
        let found = case.verdicts();
        if found != [case.is_good, by_ring] {
            wrong.push(format!("{}: board and ring: {found:?}", case.label));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    for (label, why) in DIFFERENCES {
        assert!(cases.iter().any(|case| case.label == label), "{label}, {why}: not in the list");
    }
    assert!(cases.len() > 500, "{}", cases.len());
}

#[test]
fn every_bit_counts() {
    let Some(cases) = Case::all() else { return };
    // One key of whole bytes, and one whose signatures begin with a byte that has a single bit.
    for (label, algorithm) in [
        ("rsa-2048", alg_id::RSA_PKCS1_SHA256),
        ("rsa-2048", alg_id::RSA_PSS_SHA384),
        ("rsa-2049", alg_id::RSA_PSS_SHA256),
        ("ecdsa-random", alg_id::ECDSA_SHA256),
        ("ecdsa-random", alg_id::ECDSA_SHA384),
    ] {
        let is = |case: &&Case| case.label == label && case.board.signature_alg_id() == algorithm;
        let Case { board, key, message, signature, .. } = cases.iter().find(is).expect("in the list");
        board.verify_signature(key, message, signature).unwrap();
        let mut changed = signature.clone();
        for bit in 0..signature.len() * 8 {
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(board.verify_signature(key, message, &changed).is_err(), "{label}: bit {bit}");
            changed[bit / 8] ^= 1 << (bit % 8);
        }
        let mut changed = key.clone();
        for bit in 0..key.len() * 8 {
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(
                board.verify_signature(&changed, message, signature).is_err(),
                "{label}: bit {bit} of the key"
            );
            changed[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
