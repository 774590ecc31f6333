//! Private keys that sign, and are not shown.

use std::fmt;
use std::sync::Arc;

use rolecall_core::error::{Failure, FailureKind, Phase};
#[cfg(feature = "roles-anywhere")]
use rolecall_core::sigv4::Hasher;
#[cfg(feature = "roles-anywhere")]
use rolecall_core::wire::Put;
use rolecall_core::wire::x509::Scheme;
use rustls::pki_types::PrivateKeyDer;
#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
use rustls::sign::Signer;
use rustls::sign::SigningKey;
use rustls::{SignatureAlgorithm, SignatureScheme};

/// A private key that signs messages and does not leave where it is: in a secure element, in a PKCS#11 token, behind an
/// agent. It may take its time.
///
/// ```
/// use rolecall::Key;
/// use rolecall::core::error::{Failure, FailureKind, Phase};
/// use rolecall::core::wire::x509::Scheme;
///
/// /// A key on P-256 in a secure element.
/// #[derive(Debug)]
/// struct SecureElement;
///
/// impl Key for SecureElement {
///     fn schemes(&self) -> &[Scheme] {
///         &[Scheme::EcdsaP256Sha256]
///     }
///
///     fn sign(&self, _: Scheme, _message: &[u8]) -> Result<Vec<u8>, Failure> {
///         // Asks the element here, and returns the signature in DER.
///         Err(Failure { phase: Phase::Sign, kind: FailureKind::NotFound })
///     }
/// }
/// ```
pub trait Key: Send + Sync + fmt::Debug {
    /// The schemes that it signs with, the preferred one first.
    fn schemes(&self) -> &[Scheme];

    /// Signs `message`: the result is in DER for ECDSA, the number, big endian, for RSA.
    ///
    /// # Errors
    /// A key that cannot be reached or does not sign, with [`Phase::Sign`].
    fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, Failure>;
}

/// What rustls calls a scheme; `None` for one that TLS does not have.
fn in_tls(scheme: Scheme) -> Option<SignatureScheme> {
    Some(match scheme {
        Scheme::EcdsaP256Sha256 => SignatureScheme::ECDSA_NISTP256_SHA256,
        Scheme::EcdsaP384Sha384 => SignatureScheme::ECDSA_NISTP384_SHA384,
        Scheme::RsaPkcs1Sha256 => SignatureScheme::RSA_PKCS1_SHA256,
        Scheme::RsaPkcs1Sha384 => SignatureScheme::RSA_PKCS1_SHA384,
        Scheme::RsaPkcs1Sha512 => SignatureScheme::RSA_PKCS1_SHA512,
        Scheme::RsaPssSha256 => SignatureScheme::RSA_PSS_SHA256,
        Scheme::RsaPssSha384 => SignatureScheme::RSA_PSS_SHA384,
        Scheme::RsaPssSha512 => SignatureScheme::RSA_PSS_SHA512,
        _ => return None,
    })
}

const ALL: [Scheme; 9] = [
    Scheme::EcdsaP256Sha256,
    Scheme::EcdsaP384Sha384,
    Scheme::EcdsaP384Sha256,
    Scheme::RsaPssSha256,
    Scheme::RsaPssSha384,
    Scheme::RsaPssSha512,
    Scheme::RsaPkcs1Sha256,
    Scheme::RsaPkcs1Sha384,
    Scheme::RsaPkcs1Sha512,
];

fn failed(kind: FailureKind) -> Failure {
    Failure { phase: Phase::Sign, kind }
}

/// A key from a file: by ring, but for P-384 with SHA-256, which ring does not have.
pub(super) struct FileKey {
    by_ring: Arc<dyn SigningKey>,
    #[cfg(feature = "roles-anywhere")]
    p384: Option<p384::ecdsa::SigningKey>,
    schemes: Vec<Scheme>,
}

impl FileKey {
    /// Takes the key in `der`.
    ///
    /// # Errors
    /// A key of another kind, or of a length that is not in use.
    pub(super) fn new(der: &PrivateKeyDer<'_>) -> Result<Self, &'static str> {
        const EXPECTED: &str =
            "not a key that can be used: expected ECDSA on P-256 or P-384, or RSA of 2048 to 4096 bits";
        let by_ring = rustls::crypto::ring::sign::any_supported_type(der).map_err(|_| EXPECTED)?;
        if by_ring.algorithm() == SignatureAlgorithm::ED25519 {
            return Err(EXPECTED);
        }
        let has =
            |scheme: &Scheme| in_tls(*scheme).is_some_and(|tls| by_ring.choose_scheme(&[tls]).is_some());
        #[cfg_attr(not(feature = "roles-anywhere"), expect(unused_mut, reason = "one more scheme"))]
        let mut schemes: Vec<_> = ALL.into_iter().filter(has).collect();
        #[cfg(feature = "roles-anywhere")]
        let p384 = p384_of(der);
        #[cfg(feature = "roles-anywhere")]
        if p384.is_some() {
            schemes.push(Scheme::EcdsaP384Sha256);
        }
        Ok(Self {
            by_ring,
            #[cfg(feature = "roles-anywhere")]
            p384,
            schemes,
        })
    }

    /// The key as rustls has it, to compare its public part with that of a certificate.
    pub(super) fn in_tls(&self) -> Arc<dyn SigningKey> {
        self.by_ring.clone()
    }
}

#[cfg(feature = "roles-anywhere")]
fn p384_of(der: &PrivateKeyDer<'_>) -> Option<p384::ecdsa::SigningKey> {
    use pkcs8::DecodePrivateKey;
    let secret = match der {
        PrivateKeyDer::Pkcs8(der) => p384::SecretKey::from_pkcs8_der(der.secret_pkcs8_der()).ok(),
        PrivateKeyDer::Sec1(der) => p384::SecretKey::from_sec1_der(der.secret_sec1_der()).ok(),
        _ => None,
    };
    secret.map(Into::into)
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileKey({:?})", self.by_ring.algorithm())
    }
}

impl Key for FileKey {
    fn schemes(&self) -> &[Scheme] {
        &self.schemes
    }

    fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, Failure> {
        #[cfg(feature = "roles-anywhere")]
        if let (Scheme::EcdsaP384Sha256, Some(key)) = (scheme, &self.p384) {
            use p384::ecdsa::signature::hazmat::PrehashSigner;
            let mut hasher = Hasher::new();
            hasher.put(message);
            let signature: Result<p384::ecdsa::DerSignature, _> = key.sign_prehash(&hasher.finish());
            let signature = signature.map_err(|_| failed(FailureKind::Other))?;
            return Ok(signature.as_bytes().to_vec());
        }
        let signer = in_tls(scheme).and_then(|scheme| self.by_ring.choose_scheme(&[scheme]));
        let signer = signer.ok_or(failed(FailureKind::Unsupported))?;
        signer.sign(message).map_err(|_| failed(FailureKind::Other))
    }
}

/// A key as rustls uses it in a handshake.
#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
#[derive(Debug)]
pub(crate) struct TlsKey(pub(crate) Arc<dyn Key>);

#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
#[derive(Debug)]
struct TlsSigner {
    key: Arc<dyn Key>,
    scheme: Scheme,
    in_tls: SignatureScheme,
}

#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
impl SigningKey for TlsKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let (scheme, in_tls) = self.0.schemes().iter().find_map(|scheme| {
            let in_tls = in_tls(*scheme).filter(|in_tls| offered.contains(in_tls))?;
            Some((*scheme, in_tls))
        })?;
        Some(Box::new(TlsSigner { key: self.0.clone(), scheme, in_tls }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.0.schemes().first() {
            Some(Scheme::EcdsaP256Sha256 | Scheme::EcdsaP384Sha256 | Scheme::EcdsaP384Sha384) => {
                SignatureAlgorithm::ECDSA
            }
            _ => SignatureAlgorithm::RSA,
        }
    }
}

#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
impl Signer for TlsSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        self.key.sign(self.scheme, message).map_err(|failure| rustls::Error::General(failure.to_string()))
    }

    fn scheme(&self) -> SignatureScheme {
        self.in_tls
    }
}
