//! Kinds of bodies in chunks, and their lengths.

use core::fmt;

use crate::sigv4::SignError;
use crate::wire::{Cursor, long_decimal};

use super::Checksum;

/// How a body in chunks is signed.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Chunks {
    // Only the names of those that are used are linked.
    name: &'static str,
    signed: bool,
    trailer: Option<Checksum>,
}

impl Chunks {
    /// Each chunk is signed: `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`.
    pub const SIGNED: Self = Self { name: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", signed: true, trailer: None };

    /// Each chunk is signed, and a checksum after them: `STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER`.
    pub const fn signed_with(checksum: Checksum) -> Self {
        let name = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
        Self { name, signed: true, trailer: Some(checksum) }
    }

    /// None is signed, and a checksum follows: `STREAMING-UNSIGNED-PAYLOAD-TRAILER`. S3 accepts it over https.
    pub const fn unsigned_with(checksum: Checksum) -> Self {
        Self { name: "STREAMING-UNSIGNED-PAYLOAD-TRAILER", signed: false, trailer: Some(checksum) }
    }

    /// The value of the header `x-amz-content-sha256`.
    pub const fn as_str(self) -> &'static str {
        self.name
    }

    /// The checksum in the trailer.
    pub const fn trailer(self) -> Option<Checksum> {
        self.trailer
    }

    /// Whether each chunk is signed.
    pub const fn are_signed(self) -> bool {
        self.signed
    }
}

/// Its name, and the checksum.
impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The Debug of text has panic paths.
        f.write_str(self.name)?;
        self.trailer.map_or(Ok(()), |checksum| write!(f, ", {checksum:?}"))
    }
}

/// Bytes before the data of a chunk, at most: eight digits, `;chunk-signature=`, 64 digits, CRLF.
pub(super) const FRONT: usize = 8 + SIGNATURE + 2;
/// Bytes after it.
pub(super) const BACK: usize = 2;
/// Bytes of the extension of a chunk's head that has its signature.
const SIGNATURE: usize = ";chunk-signature=".len() + 64;
/// Bytes of the line that has the signature of a trailer.
const TRAILER_SIGNATURE: usize = "x-amz-trailer-signature:".len() + 64 + 2;

/// The shape of a body in chunks: how it is signed, the length of its data, and the length of each chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ChunkLayout {
    chunks: Chunks,
    len: u64,
    chunk: u32,
    encoded: u64,
}

impl ChunkLayout {
    /// The shortest chunk that S3 takes, but for the last one, in bytes.
    pub const SHORTEST_CHUNK: u32 = 8_192;
    /// The longest chunk, in bytes.
    pub const LONGEST_CHUNK: u32 = 16 * 1024 * 1024;

    /// A body whose data has `len` bytes, in chunks of [`ChunkLayout::SHORTEST_CHUNK`].
    ///
    /// # Errors
    /// [`SignError::InvalidChunk`] for a length that has no encoding of less than 2^63 bytes.
    pub fn new(chunks: Chunks, len: u64) -> Result<Self, SignError> {
        Self::of(chunks, len, Self::SHORTEST_CHUNK)
    }

    /// The same in chunks of `chunk` bytes: one hash and one signature for each.
    ///
    /// # Errors
    /// [`SignError::InvalidChunk`] outside of [`ChunkLayout::SHORTEST_CHUNK`] to [`ChunkLayout::LONGEST_CHUNK`].
    pub fn with_chunk(self, chunk: u32) -> Result<Self, SignError> {
        Self::of(self.chunks, self.len, chunk)
    }

    fn of(chunks: Chunks, len: u64, chunk: u32) -> Result<Self, SignError> {
        if !(Self::SHORTEST_CHUNK..=Self::LONGEST_CHUNK).contains(&chunk) {
            return Err(SignError::InvalidChunk);
        }
        let signature = if chunks.are_signed() { SIGNATURE } else { 0 };
        // Head and end of a chunk with data of `count` bytes.
        let frame = |count: u32| hex_digits(count).saturating_add(signature).saturating_add(4) as u64;
        let whole = len.checked_div(u64::from(chunk)).unwrap_or_default();
        let rest = len.checked_rem(u64::from(chunk)).unwrap_or_default() as u32;
        let rest = if rest == 0 { 0 } else { frame(rest) };
        // The last chunk has no end of its own: it is followed by the trailer, and by an empty line.
        let trailer = match chunks.trailer() {
            None => 0,
            Some(checksum) => {
                let line = checksum.header().len().saturating_add(checksum.value_len()).saturating_add(3);
                line.saturating_add(if chunks.are_signed() { TRAILER_SIGNATURE } else { 0 })
            }
        };
        let encoded = whole
            .checked_mul(frame(chunk))
            .and_then(|frames| frames.checked_add(len)?.checked_add(rest)?.checked_add(frame(0)))
            .and_then(|sum| sum.checked_add(trailer as u64))
            .filter(|sum| *sum <= i64::MAX as u64);
        encoded.map(|encoded| Self { chunks, len, chunk, encoded }).ok_or(SignError::InvalidChunk)
    }

    /// How it is signed.
    pub fn chunks(&self) -> Chunks {
        self.chunks
    }

    /// The length of the data in bytes, as it is in `x-amz-decoded-content-length`.
    pub fn decoded_len(&self) -> u64 {
        self.len
    }

    /// The length of the encoded body in bytes, as it is in `content-length`.
    pub fn encoded_len(&self) -> u64 {
        self.encoded
    }

    /// The length of each chunk's data but the last one's, in bytes.
    pub fn chunk_len(&self) -> u32 {
        self.chunk
    }

    /// The length in bytes of the buffer that [`ChunkEncoder`](super::ChunkEncoder) needs: one chunk, and 93 bytes around
    /// it.
    pub fn buffer_len(&self) -> usize {
        (self.chunk as usize).saturating_add(FRONT).saturating_add(BACK)
    }

    /// The header lines that announce the body.
    pub fn announcement(&self) -> Announcement {
        let mut decoded = [0; 20];
        let mut out = Cursor::new(&mut decoded);
        long_decimal(self.len, &mut out);
        let digits = out.needed();
        Announcement { chunks: self.chunks, encoded: self.encoded, decoded, digits }
    }
}

/// The header lines of a body in chunks: `content-encoding`, `x-amz-decoded-content-length`, and `x-amz-trailer` if
/// there is one.
#[derive(Debug, Clone)]
pub struct Announcement {
    chunks: Chunks,
    encoded: u64,
    decoded: [u8; 20],
    digits: usize,
}

impl Announcement {
    /// Names and values.
    pub fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> + Clone {
        let ([encoding, decoded, trailer], count) = self.written();
        let trailer = (count > 2).then_some(trailer);
        [Some(encoding), Some(decoded), trailer].into_iter().flatten()
    }

    /// Names and values, and how many there are.
    pub(crate) fn written(&self) -> ([(&str, &[u8]); 3], usize) {
        let decoded = self.decoded.get(..self.digits).unwrap_or_default();
        let trailer = self.chunks.trailer().map_or("", Checksum::header);
        let lines = [
            ("content-encoding", &b"aws-chunked"[..]),
            ("x-amz-decoded-content-length", decoded),
            ("x-amz-trailer", trailer.as_bytes()),
        ];
        (lines, if trailer.is_empty() { 2 } else { 3 })
    }

    /// How the body is signed.
    pub fn chunks(&self) -> Chunks {
        self.chunks
    }

    /// The length of the encoded body in bytes.
    pub fn encoded_len(&self) -> u64 {
        self.encoded
    }
}

/// The digits of `number` in hexadecimal.
fn hex_digits(number: u32) -> usize {
    (32u32.wrapping_sub(number.leading_zeros())).div_ceil(4).max(1) as usize
}
