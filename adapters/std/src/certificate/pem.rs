//! Certificates and keys in PEM files.

use rolecall_core::wire::base64::DecodeError;
use rolecall_core::wire::pem::{Block, Reader, line_of};
use rolecall_core::wire::{Error as WireError, Kind};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};

use crate::secret::Wiped;

/// The longest chain of certificates.
#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
const MAX_CHAIN: usize = 16;

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

fn decoded(text: &[u8], block: &Block<'_>) -> Result<Wiped<Vec<u8>>, String> {
    let mut der = Wiped::new(vec![0; block.decoded_len()]);
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
#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
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
    pub(super) kind: KeyForm,
    pub(super) der: Wiped<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyForm {
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

    #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
    pub(super) fn is_encrypted(&self) -> bool {
        self.kind == KeyForm::Encrypted
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
