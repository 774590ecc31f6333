//! Chunks, written around data where it lies.

use core::fmt;
use core::ops::Range;

use crate::sigv4::SignError;
use crate::wire::{Ascii, Cursor, Put};

use super::layout::{BACK, FRONT};
use super::{ChunkLayout, ChunkSigner, RunningChecksum};

/// Encodes a body in chunks, in a lent buffer and without a copy of the data: the caller reads data to
/// [`ChunkEncoder::room`], says how much with [`ChunkEncoder::filled`], and sends what is [`ChunkEncoder::ready`].
pub struct ChunkEncoder<'b> {
    buffer: &'b mut [u8],
    layout: ChunkLayout,
    checksum: Option<RunningChecksum>,
    /// Bytes of data that were not filled yet, the current chunk's included.
    left: u64,
    /// Those of the current chunk that were.
    filled: usize,
    ready: Range<usize>,
    ended: bool,
}

impl<'b> ChunkEncoder<'b> {
    /// An encoder at the start of a body, in a buffer of [`ChunkLayout::buffer_len`] bytes.
    ///
    /// # Errors
    /// [`SignError::InvalidChunk`] for a buffer that is too small.
    pub fn new(layout: ChunkLayout, buffer: &'b mut [u8]) -> Result<Self, SignError> {
        if buffer.len() < layout.buffer_len() {
            return Err(SignError::InvalidChunk);
        }
        let mut encoder =
            Self { buffer, layout, checksum: None, left: 0, filled: 0, ready: 0..0, ended: false };
        encoder.restart();
        Ok(encoder)
    }

    /// Starts again, for another attempt.
    pub fn restart(&mut self) {
        self.checksum = self.layout.chunks().trailer().map(|checksum| checksum.start());
        self.left = self.layout.decoded_len();
        (self.filled, self.ready, self.ended) = (0, 0..0, false);
    }

    /// Where the next data of the body goes. It is empty if there is something ready, and after the last data: then
    /// [`ChunkEncoder::filled`] with 0 makes the end of the body ready.
    pub fn room(&mut self) -> &mut [u8] {
        let count = if self.ready.is_empty() { self.wanted() } else { 0 };
        let start = FRONT.wrapping_add(self.filled);
        self.buffer.get_mut(start..start.wrapping_add(count)).unwrap_or_default()
    }

    /// Bytes that the current chunk needs.
    fn wanted(&self) -> usize {
        let chunk = (self.layout.chunk_len() as usize).saturating_sub(self.filled);
        usize::try_from(self.left).unwrap_or(usize::MAX).min(chunk)
    }

    /// Takes the first `count` bytes of the room as data; they are signed with the rest of their chunk when it is full.
    pub fn filled(&mut self, count: usize, signer: &mut ChunkSigner) {
        if !self.ready.is_empty() || self.ended {
            return;
        }
        let count = count.min(self.wanted());
        self.filled = self.filled.wrapping_add(count);
        self.left = self.left.saturating_sub(count as u64);
        if self.wanted() > 0 {
            return;
        }
        if self.filled > 0 {
            self.end_chunk(signer);
        } else {
            self.end_body(signer);
        }
    }

    /// Makes a chunk ready.
    fn end_chunk(&mut self, signer: &mut ChunkSigner) {
        let end = FRONT.wrapping_add(self.filled);
        let data = self.buffer.get(FRONT..end).unwrap_or_default();
        if let Some(checksum) = &mut self.checksum {
            checksum.put(data);
        }
        let signature = self.layout.chunks().are_signed().then(|| signer.chunk(data));
        let mut head = [0; FRONT];
        let mut out = Cursor::new(&mut head);
        put_chunk_head(self.filled as u32, signature, &mut out);
        let head: &[u8] = out.finish().unwrap_or_default();
        // It ends where the data starts.
        let start = FRONT.saturating_sub(head.len());
        put_at(self.buffer, start, head);
        put_at(self.buffer, end, b"\r\n");
        self.ready = start..end.wrapping_add(BACK);
        self.filled = 0;
    }

    /// Makes the last chunk, the trailer and the empty line ready.
    fn end_body(&mut self, signer: &mut ChunkSigner) {
        let chunks = self.layout.chunks();
        let mut out = Cursor::new(self.buffer);
        put_chunk_head(0, chunks.are_signed().then(|| signer.chunk(b"")), &mut out);
        if let Some((checksum, running)) = chunks.trailer().zip(self.checksum.take()) {
            let mut value = [0; 44];
            let mut written = Cursor::new(&mut value);
            running.put_value(&mut written);
            let value: &[u8] = written.finish().unwrap_or_default();
            [checksum.header().as_bytes(), b":", value, b"\r\n"].iter().for_each(|part| out.put(part));
            if chunks.are_signed() {
                let signature = signer.trailer(checksum.header(), value);
                [b"x-amz-trailer-signature:", signature.as_bytes(), b"\r\n"]
                    .iter()
                    .for_each(|part| out.put(part));
            }
        }
        out.put(b"\r\n");
        self.ready = 0..out.needed();
        self.ended = true;
    }

    /// What is to be sent next.
    pub fn ready(&self) -> &[u8] {
        self.buffer.get(self.ready.clone()).unwrap_or_default()
    }

    /// Drops the first `count` bytes of what is ready: they were sent.
    pub fn consumed(&mut self, count: usize) {
        self.ready.start = self.ready.start.saturating_add(count).min(self.ready.end);
    }

    /// Whether all was sent.
    pub fn is_complete(&self) -> bool {
        self.ended && self.ready.is_empty()
    }
}

impl fmt::Debug for ChunkEncoder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChunkEncoder({} bytes left)", self.left)
    }
}

fn put_chunk_head(count: u32, signature: Option<Ascii<64>>, out: &mut Cursor<'_>) {
    let shifts = [28u32, 24, 20, 16, 12, 8, 4, 0];
    // At least one digit.
    let digits = shifts.iter().filter(|shift| **shift == 0 || count >> **shift != 0);
    digits.for_each(|shift| out.put(&[hex_digit(count >> shift & 15)]));
    if let Some(signature) = signature {
        out.put(b";chunk-signature=");
        out.put(signature.as_bytes());
    }
    out.put(b"\r\n");
}

fn hex_digit(nibble: u32) -> u8 {
    let [_, digit] = crate::sigv4::hash::hex_of(nibble as u8);
    digit
}

fn put_at(buffer: &mut [u8], at: usize, bytes: &[u8]) {
    let room = buffer.get_mut(at..).unwrap_or_default();
    room.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
}
