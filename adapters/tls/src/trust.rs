//! Whom a board trusts, and at which date: the verification of servers' certificates.

use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::x509::Certificate;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{self, CertificateDer, ServerName};
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::Arc;
use crate::no_path::NoPath;
use crate::provider::VERIFIED;
use crate::usage::{DIGITAL_SIGNATURE, KEY_CERT_SIGN, allows};

/// The date of which the board is sure, in seconds since 1970, or 0; shared with the clock of rustls.
#[derive(Debug, Default)]
pub(crate) struct Today(AtomicU32);

impl Today {
    pub(crate) fn set(&self, date: Option<UnixTime>) {
        let seconds = date.map_or(0, |date| u32::try_from(date.as_secs()).unwrap_or(u32::MAX));
        self.0.store(seconds, Ordering::Relaxed);
    }

    /// As far as it can be kept: not before 1970, and not beyond 2106.
    pub(crate) fn get(&self) -> Option<UnixTime> {
        let seconds = self.0.load(Ordering::Relaxed);
        (seconds > 0).then(|| UnixTime::from_secs(seconds.into()))
    }
}

/// The certificates that a server may send beside its own. Each can be the issuer of each other one, so that the paths to try
/// are many more; these are tried before the server has shown that it has any key. AWS sends three.
const MOST_ISSUERS: usize = 4;

/// Verifies certificates: paths, names, constraints, usages and signatures by webpki, at a date that is known, or at one at
/// which the certificate can be valid.
pub(crate) struct Trust {
    webpki: Arc<WebPkiServerVerifier>,
    roots: Arc<RootCertStore>,
    /// The last [`NoPath`], by its number: the errors of rustls have it with std alone.
    no_path: AtomicU8,
    /// The date before which nothing can be: that of the firmware.
    floor: UnixTime,
    today: Arc<Today>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("floor", &self.floor).finish_non_exhaustive()
    }
}

/// Why there is no verifier; `format!` has a panic path.
fn reason(error: &VerifierBuilderError) -> &'static str {
    match error {
        VerifierBuilderError::NoRootAnchors => "no root is trusted: add at least one by Config::root",
        _ => "the verifier of certificates cannot be made",
    }
}

impl Trust {
    pub(crate) fn new(
        roots: RootCertStore,
        provider: Arc<CryptoProvider>,
        floor: UnixTime,
        today: Arc<Today>,
    ) -> Result<Self, Error> {
        let roots = Arc::new(roots);
        let webpki = WebPkiServerVerifier::builder_with_provider(roots.clone(), provider).build();
        let webpki = webpki.map_err(|error| Error::General(reason(&error).into()))?;
        Ok(Self { webpki, roots, no_path: AtomicU8::new(u8::MAX), floor, today })
    }

    /// The date at which a chain is verified while the date is not known: the latest of the floor and the days from which its
    /// certificates are valid. What expired before the floor is refused at it.
    fn possible(&self, leaf: &Certificate<'_>, chain: &[CertificateDer<'_>]) -> UnixTime {
        let later = chain.iter().filter_map(|der| Certificate::parse(der).ok()).map(|found| found.not_before);
        // One that is not of this path may be of any time.
        let later = later.filter(|date| *date <= leaf.not_after);
        later.fold(self.floor.max(leaf.not_before), UnixTime::max)
    }

    /// Verifies the chain of a session at a date.
    pub(crate) fn verify_at(
        &self,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        date: UnixTime,
    ) -> Result<(), Error> {
        if date < self.floor {
            return Err(CertificateError::NotValidYet.into());
        }
        let (leaf, rest) = chain.split_first().ok_or(Error::NoCertificatesPresented)?;
        self.verify(leaf, rest, name, &[], date).map(|_| ())
    }

    /// By webpki, and by the key usages: it does not read them.
    fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        date: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.leads_to_a_root(leaf, rest, name, ocsp, date)?;
        if !allows(leaf, DIGITAL_SIGNATURE) {
            return Err(CertificateError::InvalidPurpose.into());
        }
        // What may issue nothing may have been sent without need: there has to be a path without it.
        let issuers = rest.iter().filter(|der| allows(der, KEY_CERT_SIGN));
        let issuers: Vec<_> = issuers.map(|der| CertificateDer::from(&der[..])).collect();
        if issuers.len() == rest.len() {
            return Ok(verified);
        }
        self.leads_to_a_root(leaf, &issuers, name, ocsp, date)
    }

    fn leads_to_a_root(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        date: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if rest.len() > MOST_ISSUERS {
            self.keep(NoPath::TooMany);
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        let found = self.webpki.verify_server_cert(leaf, rest, name, ocsp, seconds(date));
        if matches!(found, Err(Error::InvalidCertificate(CertificateError::Other(_)))) {
            self.keep_reason(leaf, rest, date);
        }
        found
    }

    /// Asks webpki itself, of which rustls has passed on that there is an error.
    #[cold]
    fn keep_reason(&self, leaf: &CertificateDer<'_>, rest: &[CertificateDer<'_>], date: UnixTime) {
        let (algorithms, usage) = (VERIFIED.all, webpki::KeyUsage::server_auth());
        let found = webpki::EndEntityCert::try_from(leaf).and_then(|leaf| {
            let anchors = &self.roots.roots;
            leaf.verify_for_usage(algorithms, anchors, rest, seconds(date), usage, None, None).map(|_| ())
        });
        let reason = found.err().map_or(NoPath::Other, |error| NoPath::of(&error));
        self.keep(reason);
    }

    fn keep(&self, reason: NoPath) {
        let number = NoPath::ALL.iter().position(|one| *one == reason);
        let number = number.and_then(|number| u8::try_from(number).ok());
        self.no_path.store(number.unwrap_or(u8::MAX), Ordering::Relaxed);
    }

    /// Why the last chain for which rustls had no reason was refused.
    pub(crate) fn no_path(&self) -> NoPath {
        let number = usize::from(self.no_path.load(Ordering::Relaxed));
        NoPath::ALL.get(number).copied().unwrap_or(NoPath::Other)
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        _: pki_types::UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let date = match self.today.get() {
            Some(today) => today,
            None => {
                let found = Certificate::parse(leaf).map_err(|_| CertificateError::BadEncoding)?;
                self.possible(&found, rest)
            }
        };
        self.verify(leaf, rest, name, ocsp, date)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// The clock of rustls. It is not what certificates are verified by.
#[derive(Debug)]
pub(crate) struct RustlsClock(pub(crate) Arc<Today>);

impl TimeProvider for RustlsClock {
    fn current_time(&self) -> Option<pki_types::UnixTime> {
        Some(seconds(self.0.get().unwrap_or(UnixTime::from_secs(0))))
    }
}

fn seconds(date: UnixTime) -> pki_types::UnixTime {
    pki_types::UnixTime::since_unix_epoch(core::time::Duration::from_secs(date.as_secs()))
}
