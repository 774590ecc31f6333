//! A body that is signed chunk by chunk while it is read.

use core::fmt;

use embedded_io::{Error, ErrorKind};
use rolecall_core::sigv4::SignError;
use rolecall_core::sigv4::chunked::{ChunkEncoder, ChunkKeys, ChunkLayout};

/// The body of a reader, encoded and signed in chunks for S3: an upload of
/// [`Driver::send_with_keys`](crate::Driver::send_with_keys), whose request has
/// [`Content::Chunked`](rolecall_core::call::Content::Chunked) with the announcement of the same layout and takes its keys from the same
/// [`ChunkKeys`].
///
/// It needs a buffer for one chunk, 8,285 bytes at least, as S3 takes no shorter ones.
///
/// ```
/// use rolecall_core::call::{Content, Outgoing};
/// use rolecall_core::flow::{Endpoint, Memory};
/// use rolecall_core::sigv4::chunked::{ChunkKeys, ChunkLayout, Chunks};
/// use rolecall_core::sigv4::{DeriveEach, Rules, Scope};
/// use rolecall_core::sources::Held;
/// use rolecall_nal::{Bodies, Board, ChunkedUpload, Driver, blocking::Link};
///
/// /// Stores `len` bytes of `log`, each signed.
/// # #[expect(dead_code)]
/// fn store<B: Board, L: Link<B>>(
///     driver: &mut Driver<B, L>,
///     bucket: Endpoint<'static>,
///     log: &mut impl embedded_io::Read,
///     len: u64,
///     chunk: &mut [u8; 8_285],
///     memory: &mut Memory<'_, '_>,
/// ) -> Result<bool, Box<dyn std::error::Error>> {
///     let scope = Scope { region: "eu-west-1", service: "s3", rules: Rules::S3 };
///     let (layout, keys) = (ChunkLayout::new(Chunks::SIGNED, len)?, ChunkKeys::new(DeriveEach));
///     let mut request = Outgoing::new("PUT", bucket, "/log", scope);
///     let announcement = layout.announcement();
///     request.content = Content::Chunked { announcement: &announcement, rewinds: false };
///     let mut bodies = Bodies::upload(ChunkedUpload::new(log, layout, &keys, chunk)?);
///     let answered = driver.send_with_keys(&mut Held, request, &keys, &mut bodies, memory)?;
///     Ok(answered.reply.status == 200)
/// }
/// ```
pub struct ChunkedUpload<'a, R, K> {
    reader: R,
    encoder: ChunkEncoder<'a>,
    keys: &'a ChunkKeys<K>,
}

impl<'a, R, K> ChunkedUpload<'a, R, K> {
    /// Encodes what `reader` has, in `buffer`.
    ///
    /// # Errors
    /// [`SignError::InvalidChunk`] for a buffer of less than [`ChunkLayout::buffer_len`] bytes.
    pub fn new(
        reader: R,
        layout: ChunkLayout,
        keys: &'a ChunkKeys<K>,
        buffer: &'a mut [u8],
    ) -> Result<Self, SignError> {
        Ok(Self { reader, encoder: ChunkEncoder::new(layout, buffer)?, keys })
    }

    /// Starts again for another attempt, for [`Bodies::rewinding`](crate::Bodies::rewinding): `rewind` rewinds the reader
    /// and returns whether it could.
    pub fn rewind(&mut self, rewind: impl FnOnce(&mut R) -> bool) -> bool {
        self.encoder.restart();
        rewind(&mut self.reader)
    }

    /// Whether there is nothing to send before more was read, if there is more.
    fn needs_data(&self) -> bool {
        self.encoder.ready().is_empty() && !self.encoder.is_complete()
    }

    /// Takes `count` bytes that were read for the `wanted` ones.
    fn take(&mut self, wanted: usize, count: usize) -> Result<(), ErrorKind> {
        if count > wanted || (count == 0 && wanted > 0) {
            // It ends before its announced length, or reports more than there was room for.
            return Err(ErrorKind::Other);
        }
        let encoder = &mut self.encoder;
        self.keys.with_chunks(|signer| encoder.filled(count, signer)).ok_or(ErrorKind::InvalidInput)
    }

    fn give(&mut self, room: &mut [u8]) -> usize {
        let ready = self.encoder.ready();
        let count = ready.len().min(room.len());
        room.iter_mut().zip(ready).for_each(|(to, from)| *to = *from);
        self.encoder.consumed(count);
        count
    }
}

impl<R, K> embedded_io::ErrorType for ChunkedUpload<'_, R, K> {
    type Error = ErrorKind;
}

impl<R: embedded_io::Read, K> embedded_io::Read for ChunkedUpload<'_, R, K> {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        while self.needs_data() {
            let free = self.encoder.room();
            let wanted = free.len();
            let count = if wanted == 0 { 0 } else { self.reader.read(free).map_err(|error| error.kind())? };
            self.take(wanted, count)?;
        }
        Ok(self.give(room))
    }
}

#[cfg(feature = "async")]
impl<R: embedded_io_async::Read, K> embedded_io_async::Read for ChunkedUpload<'_, R, K> {
    async fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        while self.needs_data() {
            let free = self.encoder.room();
            let wanted = free.len();
            let count =
                if wanted == 0 { 0 } else { self.reader.read(free).await.map_err(|error| error.kind())? };
            self.take(wanted, count)?;
        }
        Ok(self.give(room))
    }
}

impl<R, K> fmt::Debug for ChunkedUpload<'_, R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.encoder.fmt(f)
    }
}
