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
fn found(labels: &[&str]) -> String {
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
        return Err(format!("no certificate in it: expected BEGIN CERTIFICATE, {}", found(&labels)));
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
            format!("no private key in it: expected BEGIN PRIVATE KEY or its like, {}", found(&labels))
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
            .map_err(|_| "not an encrypted key in PKCS#8".to_owned())?;
        let decrypted = encrypted.decrypt(passphrase).map_err(|_| {
            "the passphrase is wrong, or it is encrypted in another way than PBES2 with AES: openssl pkcs8 -topk8 -v2 aes256"
                .to_owned()
        })?;
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
