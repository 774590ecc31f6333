//! Signing with query parameters: a URL that carries its own authorization.

use core::fmt;
use core::ops::RangeInclusive;

use crate::wire::{Ascii, Put, decimal};

use super::canonical::{self, HeaderLines, SignedHeaders};
use super::query::{Added, Parameter, put_added};
use super::request::View;
use super::sign::Signer;
use super::target::Target;
use super::{Hasher, Request, SignError, Signature};

/// How long a presigned URL lives, in seconds.
pub(super) const LIFETIMES: RangeInclusive<u32> = 1..=604_800;

impl Signer<'_> {
    /// Signs `request` for its query: any holder of the URL may send it for `lifetime` seconds, 1 to 604,800.
    /// The header lines of `request` have to be sent with it.
    ///
    /// # Errors
    /// [`SignError::InvalidLifetime`], [`SignError::AlreadySigned`], and limits of the request.
    pub fn presign<'r, const H: usize>(
        &'r self,
        request: &'r Request<'r, H>,
        lifetime: u32,
    ) -> Result<Presigned<'r>, SignError> {
        Presigned::new(self, request.view(), lifetime)
    }
}

/// A presigned URL's query, and what is signed. Any holder may send the request, so `Debug` shows nothing of
/// it.
pub struct Presigned<'r> {
    signer: &'r Signer<'r>,
    request: View<'r>,
    lifetime: u32,
    signature: Signature,
}

impl fmt::Debug for Presigned<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Presigned({:?})", self.request.parts)
    }
}

impl Added for Presigned<'_> {
    fn parameters(&self) -> &'static [Parameter] {
        use Parameter::*;
        match self.signer.signed_token() {
            #[cfg(feature = "sigv4a")]
            "" if self.signer.rules.region_set => {
                &[Algorithm, Credential, Date, Expires, RegionSet, SignedHeaders]
            }
            #[cfg(feature = "sigv4a")]
            _ if self.signer.rules.region_set => {
                &[Algorithm, Credential, Date, Expires, RegionSet, SecurityToken, SignedHeaders]
            }
            "" => &[Algorithm, Credential, Date, Expires, SignedHeaders],
            _ if self.signer.rules.s3_session => {
                &[Algorithm, Credential, Date, Expires, S3SessionToken, SignedHeaders]
            }
            _ => &[Algorithm, Credential, Date, Expires, SecurityToken, SignedHeaders],
        }
    }

    fn put_value(&self, parameter: Parameter, out: &mut dyn Put) {
        let credentials = self.signer.credentials;
        match parameter {
            Parameter::Algorithm => out.put(self.signer.key.algorithm()),
            #[cfg(feature = "sigv4a")]
            Parameter::RegionSet => out.put(self.signer.key.region_set().as_bytes()),
            Parameter::Credential => {
                out.put(credentials.access_key_id().as_bytes());
                out.put(b"/");
                self.signer.key.put_scope(out);
            }
            Parameter::Date => out.put(self.signer.date.as_bytes()),
            Parameter::Expires => decimal(self.lifetime, out),
            Parameter::SecurityToken | Parameter::S3SessionToken => {
                out.put(credentials.session_token().map_or(b"", |token| token.expose().as_bytes()));
            }
            Parameter::Signature => out.put(self.signature.as_bytes()),
            Parameter::SignedHeaders => SignedHeaders::new(self.request, []).put_names(out),
        }
    }
}

impl<'r> Presigned<'r> {
    pub(super) fn new(signer: &'r Signer<'r>, request: View<'r>, lifetime: u32) -> Result<Self, SignError> {
        if !LIFETIMES.contains(&lifetime) {
            return Err(SignError::InvalidLifetime);
        }
        // S3 would not know the hash, and takes no chunks with a URL.
        let payload = &request.parts.payload;
        if payload.is_in_chunks() || (signer.rules.is_s3() && !payload.is_unsigned()) {
            return Err(SignError::PresignedPayload);
        }
        let mut presigned = Self { signer, request, lifetime, signature: Ascii::new([b'0'; 64]).into() };
        let hash = presigned.canonical_hash()?;
        presigned.signature = signer.key.sign(|mac| signer.put_string_to_sign(&hash, mac));
        Ok(presigned)
    }

    /// The signature.
    pub fn signature(&self) -> Signature {
        self.signature
    }

    /// Writes the signed request target: the request's own path and query as they were given, then the
    /// parameters of the signature.
    pub fn put_target(&self, out: &mut (impl Put + ?Sized)) {
        let Target { path, query, .. } = self.request.parts.target;
        out.put(path.as_bytes());
        out.put(b"?");
        out.put(query.as_bytes());
        let mut separator: &[u8] = if query.is_empty() { b"" } else { b"&" };
        for parameter in [
            Parameter::Algorithm,
            Parameter::Credential,
            Parameter::Date,
            Parameter::SignedHeaders,
            Parameter::Expires,
            self.token_parameter(),
            #[cfg(feature = "sigv4a")]
            Parameter::RegionSet,
            Parameter::Signature,
        ] {
            let due = match parameter {
                // Sent even where it is not signed.
                Parameter::SecurityToken | Parameter::S3SessionToken => {
                    self.signer.credentials.session_token().is_some()
                }
                #[cfg(feature = "sigv4a")]
                Parameter::RegionSet => self.signer.rules.region_set,
                _ => true,
            };
            if due {
                put_added(&mut separator, self, parameter, out);
            }
        }
    }

    fn token_parameter(&self) -> Parameter {
        if self.signer.rules.s3_session { Parameter::S3SessionToken } else { Parameter::SecurityToken }
    }

    /// The hash of the canonical request.
    #[inline(never)]
    fn canonical_hash(&self) -> Result<Ascii<64>, SignError> {
        let mut hasher = Hasher::new();
        self.put_canonical_request(&mut hasher)?;
        Ok(hasher.end_hex())
    }

    /// Writes the canonical request.
    pub fn put_canonical_request(&self, out: &mut (impl Put + ?Sized)) -> Result<(), SignError> {
        let headers = SignedHeaders::new(self.request, []);
        canonical::put(self.request, |target, out| target.put(self.signer.rules, self, out), &headers, out)
    }

    /// Writes the string to sign.
    pub fn put_string_to_sign(&self, mut out: &mut (impl Put + ?Sized)) -> Result<(), SignError> {
        let hash = self.canonical_hash()?;
        self.signer.put_string_to_sign(&hash, &mut out);
        Ok(())
    }
}
