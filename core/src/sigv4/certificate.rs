//! Signing with the key of a certificate (*Signing process for IAM Roles Anywhere*, IAM Roles Anywhere User Guide): the
//! canonical request of SigV4, with the certificate as a header, and a signature by the certificate's key.

use crate::wire::time::UnixTime;
use crate::wire::x509::{Certificate, KeyKind, Scheme};
use crate::wire::{Ascii, Put};

use super::canonical::{self, HeaderLines, SignedHeaders};
use super::key::{is_scope, put_scope, put_string_to_sign};
use super::{Hasher, Request, Rules, SignError};

/// The credential scope and the certificate that a request is signed with. The signature is the caller's: the key may be
/// in a secure element.
#[derive(Debug, Clone, Copy)]
pub struct CertificateSigner<'a> {
    certificate: Certificate<'a>,
    texts: CertificateTexts<'a>,
    region: &'a str,
    service: &'a str,
    date: Ascii<16>,
}

/// A certificate and those between it and the trust anchor, each as base64 of its DER.
#[derive(Debug, Clone, Copy)]
pub struct CertificateTexts<'a> {
    /// The certificate: the value of `X-Amz-X509`.
    pub certificate: &'a [u8],
    /// The others, separated by commas: the value of `X-Amz-X509-Chain`, which is left out if it is empty.
    pub chain: &'a [u8],
}

impl<'a> CertificateSigner<'a> {
    /// A signer at `time`.
    ///
    /// # Errors
    /// [`SignError::InvalidScope`]; [`SignError::InvalidKey`] for a certificate whose key is neither on P-256 nor on P-384
    /// nor of RSA; [`SignError::InvalidHeader`] for texts that are not base64.
    pub fn new(
        certificate: Certificate<'a>,
        texts: CertificateTexts<'a>,
        region: &'a str,
        service: &'a str,
        time: UnixTime,
    ) -> Result<Self, SignError> {
        if !is_scope(region, service) {
            return Err(SignError::InvalidScope);
        }
        if certificate.key == KeyKind::Other {
            return Err(SignError::InvalidKey);
        }
        // They are signed as they are: white space would make a signature that differs from the service's.
        let digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        let in_chain = |byte: &u8| digit(byte) || *byte == b',';
        let CertificateTexts { certificate: own, chain } = texts;
        if own.is_empty() || !own.iter().all(digit) || !chain.iter().all(in_chain) {
            return Err(SignError::InvalidHeader);
        }
        Ok(Self { certificate, texts, region, service, date: time.compact() })
    }

    /// The scheme that the string to sign is signed with: SHA-256 with every key.
    pub fn scheme(&self) -> Scheme {
        match self.certificate.key {
            KeyKind::P256 => Scheme::EcdsaP256Sha256,
            KeyKind::P384 => Scheme::EcdsaP384Sha256,
            KeyKind::Rsa | KeyKind::Other => Scheme::RsaPkcs1Sha256,
        }
    }

    /// The value of `X-Amz-Date`.
    pub fn date(&self) -> &[u8] {
        self.date.as_bytes()
    }

    /// Writes the string to sign.
    ///
    /// # Errors
    /// As [`Signer::sign`](super::Signer::sign).
    pub fn put_string_to_sign<const H: usize>(
        &self,
        request: &Request<'_, H>,
        out: &mut dyn Put,
    ) -> Result<(), SignError> {
        let mut hasher = Hasher::new();
        self.put_canonical_request(request, &mut hasher)?;
        let hash = hasher.end_hex();
        put_string_to_sign(self.algorithm(), &self.date, Some(self.region), self.service, &hash, out);
        Ok(())
    }

    /// Writes the canonical request.
    ///
    /// # Errors
    /// As [`CertificateSigner::put_string_to_sign`].
    pub fn put_canonical_request<const H: usize>(
        &self,
        request: &Request<'_, H>,
        mut out: &mut dyn Put,
    ) -> Result<(), SignError> {
        let headers = self.headers(request);
        canonical::put(
            request.view(),
            |target, out| target.put(Rules::STANDARD, &(), out),
            &headers,
            &mut out,
        )
    }

    /// Writes the value of `Authorization`. `signature` is that of the string to sign, in lower-case hexadecimal.
    pub fn put_authorization<const H: usize>(
        &self,
        request: &Request<'_, H>,
        signature: &str,
        out: &mut dyn Put,
    ) {
        out.put(self.algorithm());
        out.put(b" Credential=");
        self.certificate.put_serial(out);
        out.put(b"/");
        put_scope(&self.date, Some(self.region), self.service, out);
        out.put(b", SignedHeaders=");
        self.headers(request).put_names(out);
        out.put(b", Signature=");
        out.put(signature.as_bytes());
    }

    fn algorithm(&self) -> &'static [u8] {
        match self.certificate.key {
            KeyKind::P256 | KeyKind::P384 => b"AWS4-X509-ECDSA-SHA256",
            KeyKind::Rsa | KeyKind::Other => b"AWS4-X509-RSA-SHA256",
        }
    }

    fn headers<'r, const H: usize>(&'r self, request: &'r Request<'_, H>) -> SignedHeaders<'r, 3> {
        let CertificateTexts { certificate, chain } = self.texts;
        let own =
            [("x-amz-date", self.date.as_bytes()), ("x-amz-x509", certificate), ("x-amz-x509-chain", chain)];
        SignedHeaders::new(request.view(), own)
    }
}
