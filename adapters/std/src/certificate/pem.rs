//! Certificates and keys in PEM files.

use rolecall_core::wire::base64::DecodeError;
use rolecall_core::wire::pem::{Block, Reader, line_of};
use rolecall_core::wire::{Error as WireError, Kind};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use zeroize::{Zeroizing, zeroize_stack};

/// The longest chain of certificates.
const MAX_CHAIN: usize = 16;

/// The stack that decrypting uses at most, in bytes: `tests/memory` finds what is left if it is more.
const STACK: usize = 48 * 1024;

/// What is supported, and how to get there.
const CONVERT: &str =
    "expected PBES2 with AES; convert it: openssl pkcs8 -topk8 -v2 aes256 -in FILE -out NEW";

/// The work that a file may ask for: two seconds, and 32 MiB.
const MOST_ITERATIONS: u32 = 5_000_000;
const MOST_MEMORY: u64 = 32 * 1024 * 1024;
const MOST_PARALLEL: u16 = 16;

/// Refuses an encryption that would take too long, or too much memory.
fn check_cost(scheme: &pkcs8::pkcs5::EncryptionScheme) -> Result<(), String> {
    use pkcs8::pkcs5::EncryptionScheme;
    use pkcs8::pkcs5::pbes2::{Kdf, Pbkdf2Prf};
    let EncryptionScheme::Pbes2(parameters) = scheme else {
        return Err(format!("encrypted with PBES1, which is not supported: {CONVERT}"));
    };
    match &parameters.kdf {
        Kdf::Pbkdf2(kdf) if kdf.iteration_count > MOST_ITERATIONS => Err(format!(
            "encrypted with {} iterations of PBKDF2: expected {MOST_ITERATIONS} at most",
            kdf.iteration_count
        )),
        Kdf::Pbkdf2(kdf) if matches!(kdf.prf, Pbkdf2Prf::HmacWithSha1 | Pbkdf2Prf::HmacWithSha224) => {
            Err(format!("encrypted with PBKDF2 over SHA-1 or SHA-224, which is not supported: {CONVERT}"))
        }
        Kdf::Pbkdf2(_) => Ok(()),
        Kdf::Scrypt(kdf) => {
            let (n, r, p) = (kdf.cost_parameter, kdf.block_size, kdf.parallelization);
            let memory = n.saturating_mul(u64::from(r)).saturating_mul(128);
            if memory <= MOST_MEMORY && p <= MOST_PARALLEL {
                return Ok(());
            }
            Err(format!(
                "encrypted with scrypt of N {n}, r {r}, p {p}: expected 128 x N x r of at most {MOST_MEMORY} bytes, and p of \
                 at most {MOST_PARALLEL}"
            ))
        }
        _ => Err(format!("encrypted in a way that is not supported: {CONVERT}")),
    }
}

/// What is wrong with a file of text, with the line.
fn wrong(text: &[u8], error: WireError) -> String {
    let line = line_of(text, error.offset);
    match error.kind {
        Kind::UnexpectedEnd => {
            format!(
                "line {line}: the block that begins here, or is read here, has no end: the file is cut off"
            )
        }
        Kind::Mismatch => format!("line {line}: this END is of another block than the BEGIN before it"),
        _ => format!("line {line}: not PEM: expected BEGIN and END lines, and base64 between them"),
    }
}

fn decoded(text: &[u8], block: &Block<'_>) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut der = Zeroizing::new(vec![0; block.decoded_len()]);
    let len = match block.decode(&mut der) {
        Ok(content) => content.len(),
        Err(DecodeError::Malformed(error)) => return Err(wrong(text, error)),
        Err(error) => return Err(error.to_string()),
    };
    der.truncate(len);
    Ok(der)
}

/// The blocks of a file.
fn blocks(text: &[u8]) -> impl Iterator<Item = Result<Block<'_>, String>> {
    let mut reader = Reader::new(text);
    std::iter::from_fn(move || reader.next_block().map_err(|error| wrong(text, error)).transpose())
}

/// The labels that a file has, for errors.
fn found(text: &[u8], labels: &[&str]) -> String {
    if text.first() == Some(&0x30) {
        return "found DER or PKCS#12; convert it: openssl x509 (or pkey) -inform DER, or openssl pkcs12 -nodes".to_owned();
    }
    if labels.is_empty() {
        "found no block at all".to_owned()
    } else {
        format!("found {}", labels.join(", "))
    }
}

/// The certificates of a file, in their order.
pub(super) fn certificates(text: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let (mut all, mut labels) = (Vec::new(), Vec::new());
    for block in blocks(text) {
        let block = block?;
        labels.push(block.label);
        if block.label == "CERTIFICATE" {
            all.push(decoded(text, &block)?.to_vec());
        }
        if all.len() > MAX_CHAIN {
            return Err(format!(
                "more than {MAX_CHAIN} certificates: expected one, and those between it and its root"
            ));
        }
    }
    if all.is_empty() {
        return Err(format!("no certificate in it: expected BEGIN CERTIFICATE, {}", found(text, &labels)));
    }
    Ok(all)
}

/// The content of a private key's block, wiped when it is dropped.
pub(super) struct KeyDer {
    kind: KeyForm,
    der: Zeroizing<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyForm {
    Pkcs8,
    Encrypted,
    Pkcs1,
    Sec1,
}

impl KeyDer {
    /// The one private key of a file.
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        let (mut key, mut labels) = (None, Vec::new());
        for block in blocks(text) {
            let block = block?;
            labels.push(block.label);
            let kind = match block.label {
                "PRIVATE KEY" => KeyForm::Pkcs8,
                "ENCRYPTED PRIVATE KEY" => KeyForm::Encrypted,
                "RSA PRIVATE KEY" => KeyForm::Pkcs1,
                "EC PRIVATE KEY" => KeyForm::Sec1,
                _ => continue,
            };
            if key.is_some() {
                return Err("more than one private key in it: expected one".to_owned());
            }
            if block.has_headers() {
                return Err("encrypted in the form of OpenSSL before PKCS#8; convert it: openssl pkcs8 -topk8 -v2 aes256 \
                            -in FILE -out NEW"
                    .to_owned());
            }
            key = Some(Self { kind, der: decoded(text, &block)? });
        }
        key.ok_or_else(|| {
            format!("no private key in it: expected BEGIN PRIVATE KEY or its like, {}", found(text, &labels))
        })
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.kind == KeyForm::Encrypted
    }

    /// Decrypts it (PKCS#8 with PBES2: PBKDF2 or scrypt, and AES).
    pub(super) fn decrypt(self, passphrase: &[u8]) -> Result<Self, String> {
        let decrypted = self.decrypt_below(passphrase);
        // The cipher leaves blocks of the key there.
        zeroize_stack::<STACK>();
        decrypted
    }

    // Not inlined, so that what it leaves is below the caller.
    #[inline(never)]
    fn decrypt_below(self, passphrase: &[u8]) -> Result<Self, String> {
        let encrypted = pkcs8::EncryptedPrivateKeyInfoRef::try_from(self.der.as_slice())
            .map_err(|_| format!("encrypted in a way that is not supported: {CONVERT}"))?;
        check_cost(&encrypted.encryption_algorithm)?;
        let decrypted = encrypted.decrypt(passphrase).map_err(|_| "the passphrase is wrong".to_owned())?;
        Ok(Self { kind: KeyForm::Pkcs8, der: Zeroizing::new(decrypted.as_bytes().to_vec()) })
    }

    /// As rustls takes it.
    pub(super) fn der(&self) -> PrivateKeyDer<'_> {
        match self.kind {
            KeyForm::Pkcs8 | KeyForm::Encrypted => PrivatePkcs8KeyDer::from(self.der.as_slice()).into(),
            KeyForm::Pkcs1 => PrivatePkcs1KeyDer::from(self.der.as_slice()).into(),
            KeyForm::Sec1 => PrivateSec1KeyDer::from(self.der.as_slice()).into(),
        }
    }
}
