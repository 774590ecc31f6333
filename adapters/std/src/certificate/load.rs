//! Reading a certificate and its key.

use std::sync::Arc;

use rolecall_core::error::{Failure, FailureKind};
use rolecall_core::wire::x509::KeyKind;
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;

use super::identity::{Identity, parse};
use super::key::FileKey;
use super::pem::{KeyDer, certificates};
use super::place::{ClientCertificate, KeyPlace};
use crate::Error;
use crate::files::without_mark;
use crate::host::{Buffer, Host};
use crate::secret::Wiped;
use crate::sink::Sink;

/// What to do about a file of a secret that others may read.
const SHARED: &str =
    ": chmod 600, or allow it (--allow-shared-key, or private_key_shared = true in the profile)";

impl ClientCertificate {
    /// Reads the files, and checks that the key belongs to the certificate.
    ///
    /// # Errors
    /// A file that cannot be read or used, with its path, and the line where that is known.
    pub(crate) fn load(&self, host: &dyn Host) -> Result<Identity, Error> {
        let mut all = self.certificates_of(&self.certificate, host)?;
        if let Some(path) = &self.chain {
            all.extend(self.certificates_of(path, host)?);
        }
        let first = all.first().map(Vec::as_slice).unwrap_or_default();
        let leaf = parse(&self.certificate, first)?;
        let (not_before, not_after) = (leaf.not_before, leaf.not_after);
        let key = match &self.key {
            KeyPlace::Given(key) => key.clone(),
            KeyPlace::File { path, passphrase, shared } => {
                let key = self.read_key(path, passphrase.as_deref(), *shared, host)?;
                let certificate = vec![CertificateDer::from(first.to_vec())];
                if let Err(rustls::Error::InconsistentKeys(_)) =
                    CertifiedKey::new(certificate, key.in_tls()).keys_match()
                {
                    let problem =
                        format!("this key does not belong to the certificate in {}", self.certificate);
                    return Err(Error::invalid(path, &problem));
                }
                Arc::new(key)
            }
        };
        let (path, ca) = (self.certificate.clone(), self.ca.clone());
        Ok(Identity { certificates: all, key, ca, not_before, not_after, path })
    }

    /// What the certificate is for, without its key: for people.
    pub(crate) fn describe(&self, host: &dyn Host) -> Result<String, Error> {
        let all = self.certificates_of(&self.certificate, host)?;
        let leaf = all.first().map(Vec::as_slice).unwrap_or_default();
        let leaf = parse(&self.certificate, leaf)?;
        let kind = match leaf.key {
            KeyKind::P256 => "ECDSA P-256",
            KeyKind::P384 => "ECDSA P-384",
            KeyKind::Rsa => "RSA",
            _ => "another kind of key",
        };
        let mut serial = Vec::new();
        leaf.put_serial(&mut Sink(&mut serial));
        Ok(format!(
            "{kind}, serial number {}, valid from {} until {}",
            String::from_utf8_lossy(&serial),
            leaf.not_before.rfc3339(),
            leaf.not_after.rfc3339()
        ))
    }

    fn certificates_of(&self, path: &str, host: &dyn Host) -> Result<Vec<Vec<u8>>, Error> {
        let text = content(path, "the certificate", host)?;
        certificates(without_mark(text.bytes())).map_err(|problem| Error::invalid(path, &problem))
    }

    fn read_key(
        &self,
        path: &str,
        passphrase: Option<&str>,
        shared: bool,
        host: &dyn Host,
    ) -> Result<FileKey, Error> {
        let wrong = |problem: &str| Error::invalid(path, problem);
        if !shared && host.is_shared(path) {
            return Err(wrong(&format!("other users may read this private key{SHARED}")));
        }
        let text = content(path, "the private key", host)?;
        let mut key = KeyDer::read(without_mark(text.bytes())).map_err(|problem| wrong(&problem))?;
        if key.is_encrypted() {
            if let Some(file) = passphrase.filter(|file| !shared && host.is_shared(file)) {
                return Err(Error::invalid(file, &format!("other users may read this passphrase{SHARED}")));
            }
            let passphrase = self.passphrase(path, passphrase, host)?;
            key = key.decrypt(&passphrase).map_err(|problem| wrong(&problem))?;
        }
        FileKey::new(&key.der()).map_err(wrong)
    }

    /// The passphrase of a key: the first line of its file, or the user's answer.
    fn passphrase(&self, key: &str, file: Option<&str>, host: &dyn Host) -> Result<Wiped<Vec<u8>>, Error> {
        let mut text = Buffer::new();
        match file {
            Some(path) => text = content(path, "the passphrase of the private key", host)?,
            None => host.prompt(&format!("Passphrase of {key}: "), true, &mut text).map_err(|failure| {
                Error::invalid(
                    key,
                    &format!("it is encrypted, and the passphrase cannot be asked for ({failure}): --key-passphrase-file"),
                )
            })?,
        }
        let line = without_mark(text.bytes()).split(|byte| *byte == b'\n').next().unwrap_or_default();
        Ok(Wiped::new(line.strip_suffix(b"\r").unwrap_or(line).to_vec()))
    }
}

/// The content of a file that has `what`.
fn content(path: &str, what: &str, host: &dyn Host) -> Result<Buffer, Error> {
    let mut text = Buffer::new();
    let read = host.read_file(path, &mut text);
    read.map(|()| text).map_err(|failure: Failure| {
        let more = match failure.kind {
            FailureKind::TooLarge => ": 256 KiB at most",
            _ => "",
        };
        Error::invalid(path, &format!("{what} cannot be read: {failure}{more}"))
    })
}
