//! The board's own certificate and key.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use p256::SecretKey;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::DecodePrivateKey;
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, alg_id};
use rustls::sign::{CertifiedKey, Signer, SigningKey as RustlsKey, public_key_to_spki};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};

use crate::Arc;
use crate::digest::{Digest, Hash};

/// A certificate and its key, for mutual TLS.
#[derive(Debug, Clone)]
pub struct Identity(pub(crate) Arc<CertifiedKey>);

impl Identity {
    /// A certificate in DER, those between it and its root, and its key: one of [`P256Key`], or any of [`rustls::sign`], as
    /// that of a secure element.
    pub fn new<'d>(chain: impl IntoIterator<Item = &'d [u8]>, key: impl RustlsKey + 'static) -> Self {
        let chain: Vec<_> = chain.into_iter().map(|der| CertificateDer::from(der.to_vec())).collect();
        Self(Arc::new(CertifiedKey::new(chain, Arc::new(key))))
    }
}

/// A function that signs a SHA-256 digest by ECDSA on P-256, into the front of the buffer in DER, and returns the length.
pub type Sign = fn(&[u8; 32], &mut [u8; 72]) -> Option<usize>;

/// A private key on P-256: in memory, or in a secure element.
#[derive(Clone)]
pub struct P256Key(Held);

#[derive(Clone)]
enum Held {
    Here(SigningKey),
    Element(Sign),
}

impl P256Key {
    /// A key in DER: PKCS#8, or SEC 1.
    ///
    /// # Errors
    /// `None` for anything else, and for keys on other curves.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let key = SecretKey::from_pkcs8_der(der).ok().or_else(|| SecretKey::from_sec1_der(der).ok())?;
        Some(Self(Held::Here(SigningKey::from(key))))
    }

    /// A key that is used by calling `sign`, which may take its time: nothing else happens meanwhile.
    pub fn of_element(sign: Sign) -> Self {
        Self(Held::Element(sign))
    }
}

impl fmt::Debug for P256Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P256Key")
    }
}

impl RustlsKey for P256Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let signer = || Box::new(self.clone()) as Box<dyn Signer>;
        offered.contains(&SignatureScheme::ECDSA_NISTP256_SHA256).then(signer)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        let Held::Here(key) = &self.0 else { return None };
        Some(public_key_to_spki(&alg_id::ECDSA_P256, key.verifying_key().to_sec1_point(false).as_bytes()))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for P256Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let digest = Digest::of(Hash::Sha256, &[message]);
        let failed = || Error::General("the key of the board does not sign".into());
        match &self.0 {
            Held::Here(key) => {
                let signature: Signature = key.sign_prehash(digest.bytes()).map_err(|_| failed())?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Held::Element(sign) => {
                let mut signature = [0; 72];
                let digest = digest.bytes().try_into().map_err(|_| failed())?;
                let len = sign(digest, &mut signature).ok_or_else(failed)?;
                signature.get(..len).map(<[u8]>::to_vec).ok_or_else(failed)
            }
        }
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP256_SHA256
    }
}
