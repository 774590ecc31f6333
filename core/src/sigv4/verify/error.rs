//! Why a request is not accepted.

use core::fmt;

use super::super::SignError;

/// A part of a request that carries the claim of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Part {
    /// The header `Authorization`.
    Authorization,
    /// Access key id and credential scope.
    Credential,
    /// The names of the signed headers.
    SignedHeaders,
    /// The 64 digits of the signature.
    Signature,
    /// `X-Amz-Date`, a header or a parameter.
    Date,
    /// The lifetime of a presigned URL.
    Expires,
    /// The session token.
    SecurityToken,
    /// `x-amz-content-sha256`.
    ContentSha256,
    /// `x-amz-decoded-content-length`.
    DecodedLength,
    /// `x-amz-trailer`: a checksum that this build computes.
    Trailer,
    /// The header `host`.
    Host,
    /// The algorithm.
    Algorithm,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Authorization => "Authorization",
            Self::Credential => "Credential",
            Self::SignedHeaders => "SignedHeaders",
            Self::Signature => "Signature",
            Self::Date => "X-Amz-Date",
            Self::Expires => "X-Amz-Expires",
            Self::SecurityToken => "X-Amz-Security-Token",
            Self::ContentSha256 => "x-amz-content-sha256",
            Self::DecodedLength => "x-amz-decoded-content-length",
            Self::Trailer => "x-amz-trailer",
            Self::Host => "host",
            Self::Algorithm => "X-Amz-Algorithm",
        }
    }
}

/// Why a request is not accepted. But for [`VerifyError::Key`] and [`VerifyError::BodyHashMissing`], the fault is in the
/// request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum VerifyError {
    /// No `Authorization` header, and no parameters of a presigned URL.
    NotSigned,
    /// Both of them: a service and what is in front of it could each check another one.
    SignedTwice,
    /// A part of the claim is not there.
    Missing(Part),
    /// A part of the claim is there more than once.
    Repeated(Part),
    /// A part of the claim is not written as signers write it.
    Malformed(Part),
    /// A part is longer than there is room for.
    TooLong(Part),
    /// Another algorithm than `AWS4-HMAC-SHA256`.
    Algorithm,
    /// A signature for another region.
    Region,
    /// A signature for another service.
    Service,
    /// A credential scope that does not end in `aws4_request`.
    Terminator,
    /// The day of the credential scope is not that of the date.
    Day,
    /// More than 1,024 header lines.
    TooManyHeaders,
    /// The names of the signed headers are not sorted, or one is there twice.
    Order,
    /// The target has a character that is read in two ways, and has one signature in both: a `#`; in the query a `+`, a `;`
    /// or a `%` that starts no escape.
    Ambiguous,
    /// A signed header is not in the request.
    HeaderMissing,
    /// `host`, or a header whose name starts with `x-amz-`, is not signed.
    HeaderUnsigned,
    /// The session token is not signed, and the verifier does not accept that.
    TokenUnsigned,
    /// The payload is not signed, and the verifier does not accept that.
    PayloadUnsigned,
    /// A payload in chunks (`STREAMING-...`) where there are none: in a presigned URL, for another service than S3, or of a kind
    /// that is not known.
    Streaming,
    /// The body is in chunks, and has no hash: [`Verified::chunks`](super::Verified::chunks) checks it.
    InChunks,
    /// The body is not in chunks: [`Covered::check`](super::Covered::check) checks it.
    NotInChunks,
    /// A date outside of the window around the time of the check.
    Date,
    /// A presigned URL whose lifetime has ended.
    Expired,
    /// The caller has to hash the body for this request, and passed no hash.
    BodyHashMissing,
    /// The caller's key is of another day, region or service than the claim.
    Key,
    /// The request could not have been signed: what a signer would say.
    Request(SignError),
    /// The signature is another one: a wrong secret, or a request that was changed.
    Signature,
    /// The body, or the hash that the caller passed, is another than the signed one.
    Body,
    /// A trailer with a checksum that this build does not compute: the feature `checksums` has more of them.
    UnknownChecksum,
    /// The head or the end of a chunk is not written as signers write it.
    ChunkMalformed,
    /// A signed chunk that the lent buffer does not hold.
    ChunkTooLong,
    /// The signature of a chunk is another one.
    ChunkSignature,
    /// More or less data than `x-amz-decoded-content-length` says.
    DecodedLength,
    /// A trailer that is not the announced checksum, or is not written as signers write it.
    TrailerMalformed,
    /// The signature of the trailer is another one.
    TrailerSignature,
    /// The checksum of the data is another than that of the trailer.
    Checksum,
    /// The body goes on after its end.
    TrailingBytes,
    /// The body ends too early.
    Incomplete,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Missing(part) => return write!(f, "the request has no {}", part.name()),
            Self::Repeated(part) => return write!(f, "the request has more than one {}", part.name()),
            Self::Malformed(part) => return write!(f, "the request's {} is malformed", part.name()),
            Self::TooLong(part) => return write!(f, "the request's {} is too long", part.name()),
            Self::Request(error) => return write!(f, "the request cannot be a signed one: {error}"),
            Self::NotSigned => {
                "the request is not signed: it has no Authorization header and no X-Amz-Signature"
            }
            Self::SignedTwice => "the request is signed by a header and by its query; send one of them",
            Self::Algorithm => "the algorithm is not AWS4-HMAC-SHA256",
            Self::Region => "the signature is for another region",
            Self::Service => "the signature is for another service",
            Self::Terminator => "the credential scope does not end in aws4_request",
            Self::Day => "the day of the credential scope is not that of the date",
            Self::TooManyHeaders => "the request has more than 1,024 header lines",
            Self::Order => "the names of the signed headers are not sorted and each there once",
            Self::Ambiguous => {
                "the target has a #, or its query a +, a ; or a lone %, which are read in two ways; encode it"
            }
            Self::HeaderMissing => "a signed header is not in the request",
            Self::HeaderUnsigned => "host or a header that starts with x-amz- is not signed",
            Self::TokenUnsigned => "the session token is not signed",
            Self::PayloadUnsigned => "the payload is not signed; sign its SHA-256",
            Self::Streaming => {
                "the payload is in chunks, which S3 alone takes, and not with a presigned URL; sign its SHA-256"
            }
            Self::InChunks => "the body is in chunks and has no hash; check it chunk by chunk",
            Self::NotInChunks => "the body is not in chunks; compare its hash",
            Self::Date => "the date of the signature is too far from now; set the clock of the client",
            Self::Expired => "the presigned URL has expired; make another one",
            Self::BodyHashMissing => {
                "the SHA-256 of the body has to be passed for a request without x-amz-content-sha256"
            }
            Self::Key => "the signing key is for another day, region or service than the request",
            Self::Signature => {
                "the signature does not match: a wrong secret, or a request that was changed on the way"
            }
            Self::Body => "the body is not the signed one",
            Self::UnknownChecksum => {
                "x-amz-trailer names a checksum that is not computed here; send one of CRC-32, CRC-32C, CRC-64/NVME, SHA-1 or SHA-256 to a build with all of them"
            }
            Self::ChunkMalformed => "a chunk of the body is malformed",
            Self::ChunkTooLong => {
                "a chunk of the body is longer than the buffer; lend more, or send shorter ones"
            }
            Self::ChunkSignature => {
                "the signature of a chunk does not match: the body was changed on the way"
            }
            Self::DecodedLength => {
                "the data of the body has another length than x-amz-decoded-content-length"
            }
            Self::TrailerMalformed => "the trailer of the body is not the announced checksum",
            Self::TrailerSignature => {
                "the signature of the trailer does not match: it was changed on the way"
            }
            Self::Checksum => "the checksum of the data is not that of the trailer",
            Self::TrailingBytes => "the body goes on after its end",
            Self::Incomplete => "the body ends too early",
        };
        f.write_str(text)
    }
}

impl core::error::Error for VerifyError {}

impl From<SignError> for VerifyError {
    fn from(error: SignError) -> Self {
        Self::Request(error)
    }
}
