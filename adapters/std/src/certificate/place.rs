//! Where a certificate and its key are.

use std::fmt;
use std::sync::Arc;

use super::key::Key;

/// A certificate and its private key, in files or with a [`Key`] of the caller's. Files are read at each fetch, so that a
/// renewed certificate is used without a restart.
///
/// ```
/// use rolecall::ClientCertificate;
/// let certificate = ClientCertificate::files("/etc/device/certificate.pem", "/etc/device/key.pem")
///     .ca_file("/etc/device/AmazonRootCA1.pem");
/// assert!(format!("{certificate:?}").contains("/etc/device/key.pem"));
/// ```
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    /// PEM: the certificate, then those between it and its root, if there are any.
    pub(crate) certificate: String,
    /// More of those.
    pub(crate) chain: Option<String>,
    pub(crate) key: KeyPlace,
    /// PEM: the roots that the server's certificate is verified with.
    pub(crate) ca: Option<String>,
}

/// Where a private key is.
#[derive(Clone)]
pub(crate) enum KeyPlace {
    File {
        path: String,
        /// The file of its passphrase.
        passphrase: Option<String>,
        /// Whether other users may be able to read it.
        shared: bool,
    },
    Given(Arc<dyn Key>),
}

impl fmt::Debug for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, passphrase, shared } => write!(f, "File({path}, {passphrase:?}, {shared})"),
            // What it shows of itself is its own affair.
            Self::Given(_) => f.write_str("Given"),
        }
    }
}

impl ClientCertificate {
    /// The certificate in the PEM file `certificate`, and its private key in the PEM file `key`: PKCS#8, PKCS#1 or SEC1.
    /// The passphrase of an encrypted key is prompted for, unless [`ClientCertificate::passphrase_file`] has it.
    pub fn files(certificate: impl Into<String>, key: impl Into<String>) -> Self {
        let key = KeyPlace::File { path: key.into(), passphrase: None, shared: false };
        Self { certificate: certificate.into(), chain: None, key, ca: None }
    }

    /// The certificate in a PEM file, and a key that signs and is not shown: in a secure element, for example.
    pub fn with_key(certificate: impl Into<String>, key: Arc<dyn Key>) -> Self {
        Self { certificate: certificate.into(), chain: None, key: KeyPlace::Given(key), ca: None }
    }

    /// Adds the certificates of a PEM file: those between this one and its root.
    pub fn chain_file(mut self, path: impl Into<String>) -> Self {
        self.chain = Some(path.into());
        self
    }

    /// Sets the PEM file of the roots that the server's certificate is verified with, in place of `AWS_CA_BUNDLE`.
    pub fn ca_file(mut self, path: impl Into<String>) -> Self {
        self.ca = Some(path.into());
        self
    }

    /// Sets the file whose first line is the passphrase of the key's file.
    pub fn passphrase_file(mut self, path: impl Into<String>) -> Self {
        if let KeyPlace::File { passphrase, .. } = &mut self.key {
            *passphrase = Some(path.into());
        }
        self
    }

    /// Uses the key's file although other users of this machine may read it, which is an error otherwise.
    pub fn shared_key_file(mut self) -> Self {
        if let KeyPlace::File { shared, .. } = &mut self.key {
            *shared = true;
        }
        self
    }
}
