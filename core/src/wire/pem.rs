//! PEM: certificates and keys as text (RFC 7468).

use super::base64;
use super::device::utf8;
use super::{Error, Kind};

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// Reads the blocks of a file, one after the other. Text before, between and after them is skipped, as the tools that
/// write it expect.
///
/// ```
/// use rolecall_core::wire::pem::Reader;
/// let text = b"subject=gateway-7\n-----BEGIN CERTIFICATE-----\nMAMC\nAQU=\n-----END CERTIFICATE-----\n";
/// let mut blocks = Reader::new(text);
/// let block = blocks.next_block()?.expect("there is one");
/// assert_eq!(block.label, "CERTIFICATE");
/// let mut buffer = [0; 8];
/// assert_eq!(block.decode(&mut buffer)?, [0x30, 3, 2, 1, 5]);
/// assert!(blocks.next_block()?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    text: &'a [u8],
    /// Where the next line starts.
    at: usize,
}

/// A block of a file.
#[derive(Clone, Copy)]
pub struct Block<'a> {
    /// What it is: `CERTIFICATE`, `PRIVATE KEY`, `EC PRIVATE KEY`.
    pub label: &'a str,
    /// Where it starts in the file, in bytes.
    pub offset: usize,
    /// The lines between its first and its last.
    text: &'a [u8],
    /// Where these start.
    text_offset: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the front of `text`.
    pub fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// Returns the next block; `None` at the end of the file. After an error, the rest of the file can be read.
    ///
    /// # Errors
    /// `UnexpectedEnd` for a block without its last line, with the offset of its first; `Mismatch` for one whose last line
    /// has another label; `UnexpectedByte` for a first line that is not complete, or that is inside of a block.
    pub fn next_block(&mut self) -> Result<Option<Block<'a>>, Error> {
        while let Some((offset, line)) = self.line() {
            if line.starts_with(BEGIN) {
                let label = label_of(BEGIN, line).ok_or(Error::new(offset, Kind::UnexpectedByte))?;
                return self.block(offset, label).map(Some);
            }
        }
        Ok(None)
    }

    /// The block whose first line was read.
    fn block(&mut self, offset: usize, label: &'a str) -> Result<Block<'a>, Error> {
        let text_offset = self.at;
        while let Some((at, line)) = self.line() {
            if line.starts_with(BEGIN) {
                self.at = at;
                return Err(Error::new(at, Kind::UnexpectedByte));
            }
            if !line.starts_with(END) {
                continue;
            }
            if label_of(END, line) != Some(label) {
                return Err(Error::new(at, Kind::Mismatch));
            }
            let text = self.text.get(text_offset..at).unwrap_or_default();
            return Ok(Block { label, offset, text, text_offset });
        }
        Err(Error::new(offset, Kind::UnexpectedEnd))
    }

    /// The next line, and where it starts.
    fn line(&mut self) -> Option<(usize, &'a [u8])> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let start = self.at;
        self.at = start.saturating_add(line.len()).saturating_add(1);
        Some((start, line))
    }
}

/// The label of a first or last line, which may have white space at its end.
fn label_of<'a>(start: &[u8], line: &'a [u8]) -> Option<&'a str> {
    let label = line.trim_ascii_end().strip_prefix(start)?.strip_suffix(DASHES)?;
    utf8(label).ok().filter(|label| label.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()))
}

impl Block<'_> {
    /// Whether the block has headers, as private keys have that OpenSSL encrypted before PKCS#8 (RFC 1421). Such a
    /// block is not decoded.
    #[allow(clippy::manual_contains, reason = "brings a search of 140 bytes to a device")]
    pub fn has_headers(&self) -> bool {
        self.text.iter().any(|byte| *byte == b':')
    }

    /// The length of a buffer that suffices for [`Block::decode`], in bytes.
    pub fn decoded_len(&self) -> usize {
        base64::decoded_len(self.text.len())
    }

    /// Decodes its content to the front of `buffer`, and returns that.
    ///
    /// # Errors
    /// As [`base64::decode`], with offsets into the file. `buffer` has a part of the content then.
    pub fn decode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b mut [u8], base64::DecodeError> {
        base64::decode(self.text, buffer).map_err(|error| match error {
            base64::DecodeError::Malformed(Error { offset, kind }) => {
                base64::DecodeError::Malformed(Error::new(offset.saturating_add(self.text_offset), kind))
            }
            other => other,
        })
    }
}

impl core::fmt::Debug for Block<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Block({}, {} bytes)", self.label, self.text.len())
    }
}

/// The number of the line that has byte `offset` of `text`, from 1: for errors.
///
/// ```
/// use rolecall_core::wire::pem;
/// assert_eq!(pem::line_of(b"one\ntwo\n", 4), 2);
/// ```
pub fn line_of(text: &[u8], offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1)
}
