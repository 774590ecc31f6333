//! A body that is signed chunk by chunk while it is read.

use std::io::{self, Read};

use rolecall_core::sigv4::chunked::{ChunkEncoder, ChunkKeys, ChunkLayout};

use super::keys::Keys;
use crate::host::Upload;

/// The body of `upload`, encoded.
pub(super) struct Encoded<'a> {
    upload: &'a mut dyn Upload,
    layout: ChunkLayout,
    keys: &'a ChunkKeys<&'a Keys>,
    buffer: Vec<u8>,
}

impl<'a> Encoded<'a> {
    pub(super) fn new(
        upload: &'a mut dyn Upload,
        layout: ChunkLayout,
        keys: &'a ChunkKeys<&'a Keys>,
    ) -> Self {
        Self { upload, layout, keys, buffer: vec![0; layout.buffer_len()] }
    }
}

impl Upload for Encoded<'_> {
    fn start(&mut self) -> io::Result<Box<dyn Read + '_>> {
        let encoder = ChunkEncoder::new(self.layout, &mut self.buffer).map_err(io::Error::other)?;
        Ok(Box::new(Encoding { reader: self.upload.start()?, encoder, keys: self.keys }))
    }

    fn rewinds(&self) -> bool {
        self.upload.rewinds()
    }
}

struct Encoding<'a> {
    reader: Box<dyn Read + 'a>,
    encoder: ChunkEncoder<'a>,
    keys: &'a ChunkKeys<&'a Keys>,
}

impl Read for Encoding<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.encoder.ready().is_empty() && !self.encoder.is_complete() {
            let room = self.encoder.room();
            let count = match room.len() {
                0 => none(self.reader.read(&mut [0])?)?,
                _ => some(self.reader.read(room)?)?,
            };
            let Self { encoder, keys, .. } = self;
            keys.with_chunks(|signer| encoder.filled(count, signer)).ok_or(io::ErrorKind::InvalidInput)?;
        }
        let mut ready = self.encoder.ready();
        let count = ready.read(buffer)?;
        self.encoder.consumed(count);
        Ok(count)
    }
}

/// A body may not go on after its length.
fn none(count: usize) -> io::Result<usize> {
    match count {
        0 => Ok(0),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "it goes on after its announced length")),
    }
}

/// A body may not end before its length.
fn some(count: usize) -> io::Result<usize> {
    match count {
        0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ends before its announced length")),
        count => Ok(count),
    }
}
