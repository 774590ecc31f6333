//! What a request says of its body, and what of it is covered.

use crate::wire::Ascii;
use crate::wire::device::utf8;

use super::super::chunked::{Checksum, Chunks};
use super::super::request::UNSIGNED;
use super::carried::Value;
use super::covered::{Covered, same};
use super::error::{Part, VerifyError};
use super::verifier::Verifier;

/// The headers that a body is announced with, each once.
#[derive(Clone, Copy, Default)]
pub(super) struct Announced<'r> {
    /// `x-amz-content-sha256`.
    pub(super) content: Option<Value<'r>>,
    /// `x-amz-decoded-content-length`.
    pub(super) decoded: Option<Value<'r>>,
    /// `x-amz-trailer`.
    pub(super) trailer: Option<Value<'r>>,
}

impl Announced<'_> {
    /// What the signature of the request covers of the body, if `verifier` accepts that. A hash that the caller has has to be the
    /// one that the request has.
    pub(super) fn covered(
        &self,
        verifier: &Verifier<'_>,
        presigned: bool,
        body: Option<&Ascii<64>>,
    ) -> Result<Covered, VerifyError> {
        let s3 = verifier.scope.rules.content_sha256;
        let content = self.content.map(|value| value.raw);
        let unsigned = |covered| match verifier.unsigned_payload {
            true => Ok(covered),
            false => Err(VerifyError::PayloadUnsigned),
        };
        match content {
            Some(value) if value.starts_with(b"STREAMING-") => {
                if presigned || !s3 {
                    return Err(VerifyError::Streaming);
                }
                if body.is_some() {
                    return Err(VerifyError::InChunks);
                }
                let (chunks, len) = self.chunks(value)?;
                match chunks.trailer().filter(|_| !chunks.are_signed()) {
                    Some(checksum) => unsigned(Covered::UnsignedChunks { checksum, len }),
                    None => Ok(Covered::Chunks { chunks, len }),
                }
            }
            // Announced as what it is not: one reader would take the chunks apart, another would keep them.
            _ if self.trailer.is_some() => Err(VerifyError::Malformed(Part::Trailer)),
            _ if self.decoded.is_some() => Err(VerifyError::Malformed(Part::DecodedLength)),
            Some(value) if value == UNSIGNED.as_bytes() => unsigned(Covered::Unsigned),
            Some(value) => {
                let hash = utf8(value).ok().and_then(Ascii::hexadecimal);
                let hash = hash.ok_or(VerifyError::Malformed(Part::ContentSha256))?;
                match body {
                    Some(body) if !same(body, &hash) => Err(VerifyError::Body),
                    _ => Ok(Covered::Hashed(hash)),
                }
            }
            None if s3 && presigned => unsigned(Covered::Unsigned),
            None if s3 => Err(VerifyError::Missing(Part::ContentSha256)),
            None => Ok(body.map_or(Covered::Unsigned, |hash| Covered::Hashed(*hash))),
        }
    }

    /// How the chunks are signed, and the length of their data.
    fn chunks(&self, content: &[u8]) -> Result<(Chunks, u64), VerifyError> {
        // It has to be there and known where there is a trailer, and must not be where there is none.
        let trailer = self.trailer.map(|value| text(value, Part::Trailer)).transpose()?;
        let checksum = || {
            let name = trailer.ok_or(VerifyError::Missing(Part::Trailer))?;
            Checksum::named(name).ok_or(match name.starts_with("x-amz-checksum-") {
                true => VerifyError::UnknownChecksum,
                false => VerifyError::Malformed(Part::Trailer),
            })
        };
        let chunks = if content == Chunks::SIGNED.as_str().as_bytes() {
            trailer.map_or(Ok(Chunks::SIGNED), |_| Err(VerifyError::Malformed(Part::Trailer)))?
        } else if content == Chunks::signed_with(Checksum::Sha256).as_str().as_bytes() {
            Chunks::signed_with(checksum()?)
        } else if content == Chunks::unsigned_with(Checksum::Sha256).as_str().as_bytes() {
            Chunks::unsigned_with(checksum()?)
        } else {
            return Err(VerifyError::Streaming);
        };
        let len = self.decoded.ok_or(VerifyError::Missing(Part::DecodedLength))?;
        let len = text(len, Part::DecodedLength)?;
        // `parse` takes a sign, too.
        let digits = !len.is_empty() && len.bytes().all(|byte| byte.is_ascii_digit());
        let len = len.parse().ok().filter(|_| digits).ok_or(VerifyError::Malformed(Part::DecodedLength))?;
        Ok((chunks, len))
    }
}

fn text<'r>(value: Value<'r>, part: Part) -> Result<&'r str, VerifyError> {
    utf8(value.raw).map(str::trim_ascii).map_err(|_| VerifyError::Malformed(part))
}
