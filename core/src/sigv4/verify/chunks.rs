//! A body in chunks, checked as it goes by.

use core::fmt;

use heapless::Vec;

use crate::wire::device::utf8;
use crate::wire::scan::{number, split_once};
use crate::wire::{Ascii, Cursor, Put};

use super::super::SigningKey;
use super::super::chunked::{Chain, Checksum, Chunks, RunningChecksum};
use super::super::key::put_scope;
use super::covered::{Covered, Verified, same};
use super::error::VerifyError;

/// Checks and decodes a body in chunks: the data of a chunk is released once its signature was compared. Chunks that are not
/// signed are released as they come, and [`ChunkDecoder::finish`] compares their checksum.
///
/// Limits: the lent buffer holds the data of one signed chunk, and a head or a trailer's line has 160 bytes.
pub struct ChunkDecoder<'b> {
    key: &'b SigningKey<'b>,
    buffer: &'b mut [u8],
    chain: Chain,
    chunks: Chunks,
    /// Bytes of data that no chunk has had yet.
    left: u64,
    checksum: Option<RunningChecksum>,
    state: State,
    line: Vec<u8, 160>,
    /// What the trailer says the checksum is.
    claimed: Vec<u8, 64>,
}

/// What is read next.
#[derive(Clone, Copy)]
enum State {
    Head,
    /// The data of a chunk, of which so much was read.
    Data {
        signature: Ascii<64>,
        size: usize,
        filled: usize,
    },
    DataEnd,
    Trailer,
    TrailerSignature,
    /// The empty line.
    End,
    Complete,
    Refused(VerifyError),
}

/// What was read of the input.
#[derive(Debug, Clone, Copy)]
pub struct Released<'s> {
    /// Bytes of the input that were read; pass the rest again, with more.
    pub used: usize,
    /// Data of the body that may be used.
    pub data: &'s [u8],
}

impl Verified<'_> {
    /// Starts to check a body in chunks, with the `key` that the request was verified with, in a buffer that holds a chunk: 64 KiB
    /// and more where clients are not known.
    ///
    /// # Errors
    /// [`VerifyError::NotInChunks`].
    pub fn chunks<'b>(
        &self,
        key: &'b SigningKey<'b>,
        buffer: &'b mut [u8],
    ) -> Result<ChunkDecoder<'b>, VerifyError> {
        let (chunks, left) = match self.payload {
            Covered::Chunks { chunks, len } => (chunks, len),
            Covered::UnsignedChunks { checksum, len } => (Chunks::unsigned_with(checksum), len),
            Covered::Hashed(_) | Covered::Unsigned => return Err(VerifyError::NotInChunks),
        };
        Ok(ChunkDecoder {
            key,
            buffer,
            chain: self.chain,
            chunks,
            left,
            checksum: chunks.trailer().map(Checksum::start),
            state: State::Head,
            line: Vec::new(),
            claimed: Vec::new(),
        })
    }
}

impl ChunkDecoder<'_> {
    /// Reads `input` up to the end of the next data or of the input. Call it again with what was not used, until the body is
    /// complete.
    ///
    /// # Errors
    /// Those of chunks in [`VerifyError`]. After one, every call returns it.
    pub fn advance<'s>(&'s mut self, input: &'s [u8]) -> Result<Released<'s>, VerifyError> {
        let mut used = 0usize;
        while let Some(rest) = input.get(used..).filter(|rest| !rest.is_empty()) {
            match self.state {
                State::Refused(error) => return Err(error),
                State::Complete => return self.refuse(VerifyError::TrailingBytes),
                State::Data { signature, size, filled } => {
                    let count = rest.len().min(size.saturating_sub(filled));
                    let (piece, end) = (rest.get(..count).unwrap_or_default(), filled.saturating_add(count));
                    used = used.saturating_add(count);
                    self.state = if end == size {
                        State::DataEnd
                    } else {
                        State::Data { signature, size, filled: end }
                    };
                    if !self.chunks.are_signed() {
                        self.checksum(piece);
                        return Ok(Released { used, data: piece });
                    }
                    let room = self.buffer.get_mut(filled..end).unwrap_or_default();
                    room.iter_mut().zip(piece).for_each(|(to, from)| *to = *from);
                    if end == size {
                        if let Err(error) = self.compare_chunk(size, &signature) {
                            return self.refuse(error);
                        }
                        let data = self.buffer.get(..size).unwrap_or_default();
                        if let Some(checksum) = &mut self.checksum {
                            checksum.put(data);
                        }
                        return Ok(Released { used, data });
                    }
                }
                _ => {
                    let count = rest.iter().position(|byte| *byte == b'\n').map(|at| at.saturating_add(1));
                    let piece = rest.get(..count.unwrap_or(rest.len())).unwrap_or_default();
                    used = used.saturating_add(piece.len());
                    let fits = self.line.extend_from_slice(piece).is_ok();
                    match count {
                        _ if !fits => return self.refuse(VerifyError::ChunkMalformed),
                        None => {}
                        Some(_) => {
                            let line = core::mem::take(&mut self.line);
                            match line.strip_suffix(b"\r\n").ok_or(VerifyError::ChunkMalformed) {
                                Ok(line) => match self.line(line) {
                                    Ok(state) => self.state = state,
                                    Err(error) => return self.refuse(error),
                                },
                                Err(error) => return self.refuse(error),
                            }
                        }
                    }
                }
            }
        }
        if let State::Refused(error) = self.state {
            return Err(error);
        }
        Ok(Released { used, data: &[] })
    }

    fn refuse<T>(&mut self, error: VerifyError) -> Result<T, VerifyError> {
        self.state = State::Refused(error);
        Err(error)
    }

    fn checksum(&mut self, data: &[u8]) {
        if let Some(checksum) = &mut self.checksum {
            checksum.put(data);
        }
    }

    /// Compares the signature of a chunk whose data is in the buffer.
    fn compare_chunk(&mut self, size: usize, signature: &Ascii<64>) -> Result<(), VerifyError> {
        let date = self.chain.date;
        let key = self.key;
        let scope = move |out: &mut dyn Put| put_scope(&date, Some(key.region()), key.service(), out);
        let data = self.buffer.get(..size).unwrap_or_default();
        let mac = key.view().derived.mac().ok_or(VerifyError::Key)?;
        let computed = self.chain.chunk(mac, &scope, data);
        if same(&computed, signature) { Ok(()) } else { Err(VerifyError::ChunkSignature) }
    }

    /// Reads a line without its end, and returns what is next.
    fn line(&mut self, line: &[u8]) -> Result<State, VerifyError> {
        match self.state {
            State::Head => self.head(line),
            State::DataEnd if line.is_empty() => Ok(State::Head),
            State::End if line.is_empty() => {
                self.compare_checksum()?;
                Ok(State::Complete)
            }
            State::Trailer => {
                let (name, value) = split_line(line)?;
                if Checksum::named(name) != self.chunks.trailer() {
                    return Err(VerifyError::TrailerMalformed);
                }
                self.claimed.extend_from_slice(value).map_err(|_| VerifyError::TrailerMalformed)?;
                Ok(if self.chunks.are_signed() { State::TrailerSignature } else { State::End })
            }
            State::TrailerSignature => {
                let (name, value) = split_line(line)?;
                let signature = utf8(value).ok().and_then(Ascii::hexadecimal);
                let signature = signature.ok_or(VerifyError::TrailerMalformed)?;
                if !name.eq_ignore_ascii_case("x-amz-trailer-signature") {
                    return Err(VerifyError::TrailerMalformed);
                }
                self.compare_trailer(&signature)?;
                Ok(State::End)
            }
            _ => Err(VerifyError::ChunkMalformed),
        }
    }

    /// Reads the head of a chunk: its size and its signature.
    fn head(&mut self, line: &[u8]) -> Result<State, VerifyError> {
        let malformed = VerifyError::ChunkMalformed;
        let text = utf8(line).map_err(|_| malformed)?;
        let (digits, signature) = match split_once(text, b';') {
            Some((digits, extension)) if self.chunks.are_signed() => {
                let signature = extension.strip_prefix("chunk-signature=").and_then(Ascii::hexadecimal);
                (digits, signature.ok_or(malformed)?)
            }
            None if !self.chunks.are_signed() => (text, Ascii::new([b'0'; 64])),
            _ => return Err(malformed),
        };
        let size = number(digits.as_bytes(), 16).ok_or(malformed)?;
        self.left = self.left.checked_sub(u64::from(size)).ok_or(VerifyError::DecodedLength)?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size > 0 {
            if self.chunks.are_signed() && size > self.buffer.len() {
                return Err(VerifyError::ChunkTooLong);
            }
            return Ok(State::Data { signature, size, filled: 0 });
        }
        if self.left > 0 {
            return Err(VerifyError::DecodedLength);
        }
        if self.chunks.are_signed() {
            self.compare_chunk(0, &signature)?;
        }
        Ok(if self.chunks.trailer().is_some() { State::Trailer } else { State::End })
    }

    fn compare_trailer(&mut self, signature: &Ascii<64>) -> Result<(), VerifyError> {
        let (date, key) = (self.chain.date, self.key);
        let scope = move |out: &mut dyn Put| put_scope(&date, Some(key.region()), key.service(), out);
        let name = self.chunks.trailer().map_or("", Checksum::header);
        let mac = key.view().derived.mac().ok_or(VerifyError::Key)?;
        let computed = self.chain.trailer(mac, &scope, name.as_bytes(), &self.claimed);
        if same(&computed, signature) { Ok(()) } else { Err(VerifyError::TrailerSignature) }
    }

    fn compare_checksum(&mut self) -> Result<(), VerifyError> {
        let Some(checksum) = self.checksum.take() else { return Ok(()) };
        let mut value = [0; 44];
        let mut out = Cursor::new(&mut value);
        checksum.put_value(&mut out);
        let value: &[u8] = out.finish().unwrap_or_default();
        if value == self.claimed.as_slice() { Ok(()) } else { Err(VerifyError::Checksum) }
    }

    /// Whether all of the body was read, and is right.
    pub fn is_complete(&self) -> bool {
        matches!(self.state, State::Complete)
    }

    /// Ends the body.
    ///
    /// # Errors
    /// [`VerifyError::Incomplete`] if there should have been more; an error of before.
    pub fn finish(self) -> Result<(), VerifyError> {
        match self.state {
            State::Complete => Ok(()),
            State::Refused(error) => Err(error),
            _ => Err(VerifyError::Incomplete),
        }
    }
}

impl fmt::Debug for ChunkDecoder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChunkDecoder({:?}, {} bytes left)", self.chunks, self.left)
    }
}

/// Name and value of a trailer's line.
fn split_line(line: &[u8]) -> Result<(&str, &[u8]), VerifyError> {
    let text = utf8(line).map_err(|_| VerifyError::TrailerMalformed)?;
    let (name, value) = split_once(text, b':').ok_or(VerifyError::TrailerMalformed)?;
    Ok((name, value.trim_ascii().as_bytes()))
}
