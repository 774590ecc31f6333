//! Signing with query parameters: a URL that carries its own authorization.

use core::fmt;

use heapless::Vec;

use crate::wire::device::ON_DEVICE;
use crate::wire::percent::{self, Keep};
use crate::wire::{Ascii, Put, decimal};

use super::canonical::{self, SignedHeaders};
use super::query::Extra;
use super::request::View;
use super::sign::Signer;
use super::{Hasher, Request, SignError};

/// Room for the names of the signed headers.
const NAMES: usize = if ON_DEVICE { 384 } else { 8_192 };

/// A text composed for the query, and whether it did not fit.
#[derive(Debug, Clone, Default)]
struct Composed<const N: usize>(Vec<u8, N>, bool);

impl<const N: usize> Put for Composed<N> {
    fn put(&mut self, bytes: &[u8]) {
        self.1 |= self.0.extend_from_slice(bytes).is_err();
    }
}

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
    credential: Composed<256>,
    lifetime: Composed<10>,
    names: Composed<NAMES>,
    signature: Ascii<64>,
}

impl fmt::Debug for Presigned<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Presigned({:?})", self.request.parts)
    }
}

impl<'r> Presigned<'r> {
    pub(super) fn new(signer: &'r Signer<'r>, request: View<'r>, lifetime: u32) -> Result<Self, SignError> {
        if !(1..=604_800).contains(&lifetime) {
            return Err(SignError::InvalidLifetime);
        }
        let mut presigned = Self {
            signer,
            request,
            credential: Composed::default(),
            lifetime: Composed::default(),
            names: Composed::default(),
            signature: Ascii::new([b'0'; 64]),
        };
        presigned.credential.put(signer.credentials.access_key_id().as_bytes());
        presigned.credential.put(b"/");
        signer.key.put_scope(&mut presigned.credential);
        decimal(lifetime, &mut presigned.lifetime);
        SignedHeaders::new(request, []).put_names(b";", &mut presigned.names);
        if presigned.credential.1 {
            return Err(SignError::ScopeTooLong);
        }
        if presigned.names.1 {
            return Err(SignError::TooManyHeaders);
        }
        let mut hasher = Hasher::new();
        presigned.put_canonical_request(&mut hasher)?;
        let hash = hasher.finish_hex();
        presigned.signature = signer.key.sign(|mac| signer.put_string_to_sign(&hash, mac));
        Ok(presigned)
    }

    /// The signature, in lower-case hexadecimal.
    pub fn signature(&self) -> Ascii<64> {
        self.signature
    }

    /// Writes the signed request target: the request's own path and query as they were given, then the
    /// parameters of the signature.
    pub fn put_target(&self, out: &mut (impl Put + ?Sized)) {
        let query = self.request.parts.query;
        out.put(self.request.parts.path.as_bytes());
        out.put(b"?");
        if !query.is_empty() {
            out.put(query.as_bytes());
            out.put(b"&");
        }
        let token = self.signer.credentials.session_token().map(|token| token.expose().as_bytes());
        let parameters: [(&str, Option<&[u8]>); 7] = [
            ("X-Amz-Algorithm=", Some(b"AWS4-HMAC-SHA256")),
            ("&X-Amz-Credential=", Some(&self.credential.0)),
            ("&X-Amz-Date=", Some(self.signer.date.as_bytes())),
            ("&X-Amz-SignedHeaders=", Some(&self.names.0)),
            ("&X-Amz-Expires=", Some(&self.lifetime.0)),
            ("&X-Amz-Security-Token=", token),
            ("&X-Amz-Signature=", Some(self.signature.as_bytes())),
        ];
        for (name, value) in parameters {
            if let Some(value) = value {
                out.put(name.as_bytes());
                percent::encode(value, Keep::Unreserved, out);
            }
        }
    }

    /// Writes the canonical request.
    pub fn put_canonical_request(&self, out: &mut (impl Put + ?Sized)) -> Result<(), SignError> {
        let token = self.signer.signed_token();
        let extra: Extra<'_, 6> = [
            ("X-Amz-Algorithm", b"AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", &self.credential.0),
            ("X-Amz-Date", self.signer.date.as_bytes()),
            ("X-Amz-Expires", &self.lifetime.0),
            ("X-Amz-Security-Token", token.as_bytes()),
            ("X-Amz-SignedHeaders", &self.names.0),
        ];
        let headers = SignedHeaders::new(self.request, []);
        canonical::put(self.request, self.signer.rules, extra, &headers, out)
    }

    /// Writes the string to sign.
    pub fn put_string_to_sign(&self, mut out: &mut (impl Put + ?Sized)) -> Result<(), SignError> {
        let mut hasher = Hasher::new();
        self.put_canonical_request(&mut hasher)?;
        self.signer.put_string_to_sign(&hasher.finish_hex(), &mut out);
        Ok(())
    }
}
