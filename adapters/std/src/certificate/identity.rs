//! A certificate and its key, in use.

use std::fmt;
use std::sync::Arc;

use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::x509::Certificate;
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;

use super::key::{Key, TlsKey};
use crate::Error;

/// A certificate that was read, and its key: what a host presents in a TLS
/// handshake ([`Host::exchange_as`](crate::Host::exchange_as)).
#[derive(Clone)]
pub struct Identity {
    /// DER: the certificate, then those between it and its root.
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) key: Arc<dyn Key>,
    pub(super) ca: Option<String>,
    pub(super) not_before: UnixTime,
    pub(super) not_after: UnixTime,
    /// The file that it is from.
    pub(super) path: String,
}

impl Identity {
    /// The certificates in DER: the one that is presented, then those between it and its root.
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// The key of the first certificate.
    pub fn key(&self) -> &dyn Key {
        &*self.key
    }

    /// The PEM file of the roots that the server's certificate is verified with; `None` for those of the settings.
    pub fn ca_file(&self) -> Option<&str> {
        self.ca.as_deref()
    }

    /// The certificate.
    #[cfg(feature = "roles-anywhere")]
    pub(crate) fn leaf(&self) -> Result<Certificate<'_>, Error> {
        let first = self.certificates.first().map(Vec::as_slice).unwrap_or_default();
        parse(&self.path, first)
    }

    /// As rustls takes it.
    pub(crate) fn in_tls(&self) -> CertifiedKey {
        let certificates = self.certificates.iter().map(|der| CertificateDer::from(der.clone())).collect();
        CertifiedKey::new(certificates, Arc::new(TlsKey(self.key.clone())))
    }

    /// What is wrong with its dates at `time`.
    pub(crate) fn date_problem(&self, time: UnixTime) -> Option<String> {
        let Self { path, not_before, not_after, .. } = self;
        if time > *not_after {
            Some(format!("the certificate in {path} expired at {}: renew it", not_after.rfc3339()))
        } else if time < *not_before {
            Some(format!(
                "the certificate in {path} is valid from {} on, and this machine's clock says {}",
                not_before.rfc3339(),
                time.rfc3339()
            ))
        } else {
            None
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({}, until {})", self.path, self.not_after.rfc3339())
    }
}

/// Parses the certificate from the file at `path`.
pub(super) fn parse<'d>(path: &str, der: &'d [u8]) -> Result<Certificate<'d>, Error> {
    Certificate::parse(der)
        .map_err(|error| Error::invalid(path, &format!("its first certificate is not one of X.509: {error}")))
}
