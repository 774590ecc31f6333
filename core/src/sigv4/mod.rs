//! AWS Signature Version 4 (*Signature Version 4 signing process*, AWS General Reference).
//!
//! Every part of the canonical request goes straight into SHA-256: it is not buffered, and
//! its length has no limit but the request's own. What is signed is what is sent: the signer reads
//! the bytes of the request line and of the header lines, and rewrites none of them. In a query a
//! `+` is a plus sign, signed as `%2B`; a space has to be sent as `%20`.
//!
//! ```
//! use rolecall_core::credentials::Credentials;
//! use rolecall_core::sigv4::{Payload, Request, Rules, Signer, SigningKey};
//! use rolecall_core::wire::time::UnixTime;
//!
//! let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None)?;
//! let time = UnixTime::from_compact(b"20150830T123600Z")?;
//! let key = SigningKey::derive(credentials.secret_access_key(), time, "us-east-1", "service");
//!
//! let mut request = Request::new("GET", "/", Payload::Bytes(b""))?;
//! request.header("Host", b"example.amazonaws.com")?;
//!
//! let signer = Signer::new(&credentials, &key, Rules::STANDARD, time)?;
//! let signed = signer.sign(&request)?;
//! assert!(signed.signature().as_str().starts_with("5fa00fa31553b73ebf1942676e86291e"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Limits: 32 signed header lines unless [`Request::with_room`] has more, 64 query parameters unless
//! [`Request::sort_parameters_in`] is lent room for more, a request target of 65,535 bytes.

mod canonical;
mod certificate;
pub mod chunked;
#[cfg(test)]
mod counts;
mod hash;
mod key;
mod mqtt;
mod order;
mod path;
mod presign;
mod query;
#[cfg(feature = "sigv4a")]
mod regions;
mod request;
mod ring;
mod rules;
mod sign;
mod signature;
mod target;
pub mod verify;

pub use certificate::{CertificateSigner, CertificateTexts};
pub use hash::{Hasher, sha256_hex};
#[cfg(feature = "sources")]
pub(crate) use hash::{hash_of, hex_of, hmac};
pub use key::SigningKey;
pub use mqtt::mqtt_url;
pub use presign::Presigned;
pub use request::{Payload, Request, is_never_signed};
pub use ring::{DeriveEach, KeyRing, SigningKeys};
pub use rules::{Rules, Scope};
pub use sign::{Signed, Signer, TokenPlacement};
pub use signature::Signature;

use core::fmt;

/// Why a request cannot be signed. The fault is always in the caller's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SignError {
    /// The method is not a token.
    InvalidMethod,
    /// The request target does not start with `/` or has a control character.
    InvalidTarget,
    /// The request target is longer than 65,535 bytes.
    TargetTooLong,
    /// A header's name or value cannot be sent.
    InvalidHeader,
    /// A header that the signer itself adds.
    ReservedHeader,
    /// More header lines to sign than the request has room for, 32 by default.
    TooManyHeaders,
    /// A region or service with a space, a control character, `/` or `,`, or outside ASCII.
    InvalidScope,
    /// More query parameters than there is room for, 64 by default.
    TooManyParameters,
    /// More than 64 path segments before 64 or more `..`, where a service has them resolved.
    TooManySegments,
    /// No `host` header.
    MissingHost,
    /// A path other than `/`, or a query, where only the signature of `/` was asked for.
    NotRoot,
    /// The query has a parameter that presigning adds: the URL is signed already.
    AlreadySigned,
    /// A lifetime outside 1 to 604,800 seconds.
    InvalidLifetime,
    /// The signing key belongs to another day.
    StaleKey,
    /// A chunk outside 8,192 bytes to 16 MiB, a buffer that does not hold one, or a body of more than 2^63 bytes.
    InvalidChunk,
    /// A body, a hash of one or chunks for a presigned URL of S3, which covers none: any may be sent with it.
    PresignedPayload,
    /// A signature for a set of regions, which needs the feature `sigv4a`, or one that does not go with it: of chunks, or by a key of
    /// one region.
    RegionSet,
    /// A certificate whose key is neither on P-256 nor on P-384 nor of RSA.
    InvalidKey,
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidMethod => "the method is not a token",
            Self::InvalidTarget => "the request target must start with `/` and have no control character",
            Self::TargetTooLong => "the request target is longer than 65,535 bytes",
            Self::InvalidHeader => "a header's name or value has a character that is not allowed there",
            Self::ReservedHeader => {
                "x-amz-date, x-amz-security-token (x-amz-s3session-token) and x-amz-content-sha256 are added by the signer"
            }
            Self::TooManyHeaders => "more header lines to sign than the request has room for",
            Self::InvalidScope => "region or service has a character that is not allowed there",
            Self::TooManyParameters => {
                "more query parameters to sign than there is room for, 64 unless more is lent"
            }
            Self::TooManySegments => {
                "more than 64 path segments before 64 or more `..`; send the path without dot segments"
            }
            Self::MissingHost => "no host header",
            Self::NotRoot => "the request has a path other than `/`, or a query; sign it with Signer::sign",
            Self::AlreadySigned => "the URL carries a signature already",
            Self::InvalidLifetime => "a presigned URL lives 1 to 604,800 seconds",
            Self::StaleKey => "the signing key is of another day",
            Self::InvalidChunk => "chunks have 8,192 bytes to 16 MiB, and need a buffer of 93 bytes more",
            Self::PresignedPayload => {
                "a presigned URL covers no body at S3: pass Payload::Unsigned, or sign with a header"
            }
            Self::RegionSet => {
                "a set of regions needs SigV4a, which this build or this request has not; name one region"
            }
            Self::InvalidKey => "the certificate's key is neither ECDSA on P-256 or P-384 nor RSA",
        })
    }
}

impl core::error::Error for SignError {}
