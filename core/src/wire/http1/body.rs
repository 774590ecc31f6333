//! Bodies: their length, and the transfer coding.

use crate::wire::percent::hex;
use crate::wire::{Error, Kind, scan};

/// Bytes of a whole body that are skipped at most: chunk extensions, trailers, leading zeroes of chunk sizes.
const MAX_IGNORED: u32 = 8 * 1024;

/// How the end of a body is determined (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
// A word, which a device copies in one piece.
#[repr(u32)]
pub enum Framing {
    /// By its length in bytes.
    Length(u64),
    /// By the last chunk.
    Chunked,
    /// By the end of the stream.
    Close,
}

/// Decodes a body from a stream, in pieces of any size.
///
/// ```
/// use rolecall_core::wire::http1::{Body, Framing};
/// let mut body = Body::new(Framing::Chunked);
/// let mut stream = &b"4\r
/// role\r
/// 4\r
/// call\r
/// 0\r
/// \r
/// "[..];
/// let mut text = String::new();
/// while !body.is_complete() {
///     let step = body.advance(stream)?;
///     text.push_str(std::str::from_utf8(&stream[step.data.clone()]).unwrap());
///     stream = &stream[step.used..];
/// }
/// assert_eq!(text, "rolecall");
/// # Ok::<(), rolecall_core::wire::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    state: State,
    /// Bytes left in the body or the chunk, or the chunk size read so far.
    left: u64,
    ignored: u32,
    /// Bytes of the stream used so far, for the offset of an error.
    offset: usize,
}

/// The result of [`Body::advance`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    /// Bytes of the input that were read; pass the rest again, with more.
    pub used: usize,
    /// The part of the input that belongs to the body. It ends where `used` ends, or is empty.
    pub data: core::ops::Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Length,
    Close,
    /// At the first digit of a chunk size.
    SizeStart,
    Size,
    Extension,
    SizeEnd,
    Chunk,
    ChunkCr,
    ChunkLf,
    /// At the start of a trailer line or of the empty line.
    TrailerStart,
    Trailer,
    TrailerEnd,
    LastLf,
    Complete,
}

/// Where each byte of the framing leads. A table is half the size of a match of pairs.
static STEPS: [(State, u8, State); 12] = [
    (State::Size, b'\r', State::SizeEnd),
    (State::SizeEnd, b'\n', State::Chunk),
    (State::ChunkCr, b'\r', State::ChunkLf),
    (State::ChunkLf, b'\n', State::SizeStart),
    (State::Size, b';', State::Extension),
    (State::Size, b' ', State::Extension),
    (State::Size, b'\t', State::Extension),
    (State::Extension, b'\r', State::SizeEnd),
    (State::TrailerStart, b'\r', State::LastLf),
    (State::Trailer, b'\r', State::TrailerEnd),
    (State::TrailerEnd, b'\n', State::TrailerStart),
    (State::LastLf, b'\n', State::Complete),
];

impl Body {
    /// A body with this framing.
    pub fn new(framing: Framing) -> Self {
        let (state, left) = match framing {
            Framing::Length(0) => (State::Complete, 0),
            Framing::Length(length) => (State::Length, length),
            Framing::Chunked => (State::SizeStart, 0),
            Framing::Close => (State::Close, 0),
        };
        Self { state, left, ignored: 0, offset: 0 }
    }

    /// Whether the end was read. A body that is ended by the end of the stream is never complete before
    /// [`Body::finish`].
    pub fn is_complete(&self) -> bool {
        self.state == State::Complete
    }

    /// Reports the end of the stream.
    ///
    /// # Errors
    /// [`Kind::UnexpectedEnd`] if the body is not complete.
    pub fn finish(&mut self) -> Result<(), Error> {
        if self.state == State::Close {
            self.state = State::Complete;
        }
        if self.is_complete() { Ok(()) } else { Err(Error::new(self.offset, Kind::UnexpectedEnd)) }
    }

    /// Bytes still to come, if that is known.
    pub fn remaining(&self) -> Option<u64> {
        match self.state {
            State::Length => Some(self.left),
            State::Complete => Some(0),
            _ => None,
        }
    }

    /// Reads `input` up to the end of the next run of data or of the input. Call it again with what was not
    /// used until the body is complete; after that nothing is used.
    ///
    /// # Errors
    /// Malformed framing, with its offset in the body.
    pub fn advance(&mut self, input: &[u8]) -> Result<Advance, Error> {
        let mut used = 0usize;
        while let Some(byte) = input.get(used).copied() {
            match self.state {
                State::Complete => break,
                State::Length | State::Chunk | State::Close => {
                    let available = input.len().wrapping_sub(used);
                    let len = match self.state {
                        State::Close => available,
                        _ => usize::try_from(self.left).unwrap_or(usize::MAX).min(available),
                    };
                    self.left = self.left.saturating_sub(len as u64);
                    if self.left == 0 {
                        self.state = match self.state {
                            State::Length => State::Complete,
                            State::Chunk => State::ChunkCr,
                            other => other,
                        };
                    }
                    let end = used.wrapping_add(len);
                    self.offset = self.offset.saturating_add(len);
                    return Ok(Advance { used: end, data: used..end });
                }
                _ => self.state = self.framing_byte(byte)?,
            }
            used = used.wrapping_add(1);
            self.offset = self.offset.saturating_add(1);
        }
        Ok(Advance { used, data: used..used })
    }

    /// `chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF`, the last one of size 0 and followed
    /// by `trailer-section CRLF` (RFC 9112, section 7.1).
    fn framing_byte(&mut self, byte: u8) -> Result<State, Error> {
        let error = |kind| Err(Error::new(self.offset, kind));
        let digit = hex(byte);
        let next = match (self.state, byte) {
            (State::SizeStart | State::Size, _) if digit.is_some() => {
                if self.left >> 60 != 0 {
                    return error(Kind::BadNumber);
                }
                self.left = (self.left << 4) | u64::from(digit.unwrap_or_default());
                State::Size
            }
            (State::Extension | State::Trailer, byte) if scan::text(byte) => self.state,
            (State::TrailerStart, byte) if scan::text(byte) && byte > b' ' => State::Trailer,
            (State::SizeEnd, b'\n') if self.left == 0 => State::TrailerStart,
            (state, byte) => match STEPS.iter().find(|(from, over, _)| (*from, *over) == (state, byte)) {
                Some((.., to)) => *to,
                None => return error(Kind::UnexpectedByte),
            },
        };
        if matches!(next, State::Extension | State::Trailer) || (next == State::Size && self.left == 0) {
            self.ignored = self.ignored.wrapping_add(1);
            if self.ignored > MAX_IGNORED {
                return error(Kind::TooLong);
            }
        }
        Ok(next)
    }
}
