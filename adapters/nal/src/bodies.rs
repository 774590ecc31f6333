//! Streamed bodies: from a reader, into a writer of the caller's.

use embedded_io::ErrorKind;
use rolecall_core::call::{Content, Outgoing};
use rolecall_core::error::FailureKind;

/// What [`Driver::send_with`](crate::Driver::send_with) streams: the request's body out of a reader `U`, the
/// reply's into a writer `D`, or both. They are readers and writers of `embedded-io`, or of
/// `embedded-io-async` for `Driver::send_with_async`; a `&mut` of one will do.
///
/// Both are used from where they are, which is their start as far as another attempt is concerned.
///
/// A failure of theirs is one of the exchange, [`FailureKind::Other`]. A call that fails with
/// [`ErrorKind::TimedOut`] or [`ErrorKind::Interrupted`] is repeated until the limits of the exchange, which
/// are looked at between two calls (an awaited one is dropped when it takes too long). A blocking call should
/// therefore not wait for long, and has to feed the board's watchdog itself.
///
/// ```
/// use rolecall_nal::Bodies;
///
/// /// A log in flash memory.
/// struct Log<'a> {
///     flash: &'a [u8],
///     at: usize,
/// }
///
/// impl embedded_io::ErrorType for Log<'_> {
///     type Error = core::convert::Infallible;
/// }
///
/// impl embedded_io::Read for Log<'_> {
///     fn read(&mut self, room: &mut [u8]) -> Result<usize, Self::Error> {
///         let count = room.len().min(self.flash.len() - self.at);
///         room[..count].copy_from_slice(&self.flash[self.at..][..count]);
///         self.at += count;
///         Ok(count)
///     }
/// }
///
/// let log = Log { flash: b"started\n", at: 0 };
/// // For another attempt it is read once more.
/// let bodies = Bodies::upload(log).rewinding(|log| {
///     log.at = 0;
///     true
/// });
/// # let _ = bodies;
/// ```
#[derive(Debug)]
pub struct Bodies<U = NoStream, D = NoStream> {
    pub(crate) upload: Option<U>,
    pub(crate) download: Option<D>,
    rewind: Option<fn(&mut U) -> bool>,
    start_over: Option<fn(&mut D) -> bool>,
}

impl<U> Bodies<U> {
    /// The body of the request is read from here, as many bytes as its
    /// [`Content::Streamed`](rolecall_core::call::Content::Streamed) has; not one more is asked for.
    pub const fn upload(reader: U) -> Self {
        Self { upload: Some(reader), download: None, rewind: None, start_over: None }
    }

    /// And the body of the reply is written there.
    pub fn and_download<D>(self, writer: D) -> Bodies<U, D> {
        Bodies { upload: self.upload, rewind: self.rewind, download: Some(writer), start_over: None }
    }
}

impl<D> Bodies<NoStream, D> {
    /// Writes the body of a reply of status 2xx to the writer. The body of any other status goes into the
    /// exchange buffer.
    pub const fn download(writer: D) -> Self {
        Self { upload: None, download: Some(writer), rewind: None, start_over: None }
    }
}

impl<U, D> Bodies<U, D> {
    /// Adds a function that rewinds the reader and returns whether it could. Without it, a request is not
    /// sent again once its body was read from.
    #[must_use]
    pub fn rewinding(self, rewind: fn(&mut U) -> bool) -> Self {
        Self { rewind: Some(rewind), ..self }
    }

    /// Adds a function that makes the writer drop what it was given and returns whether it could. Without it,
    /// a reply that breaks off is not requested again.
    #[must_use]
    pub fn starting_over(self, start_over: fn(&mut D) -> bool) -> Self {
        Self { start_over: Some(start_over), ..self }
    }

    /// The reader and the writer.
    pub fn into_inner(self) -> (Option<U>, Option<D>) {
        (self.upload, self.download)
    }

    pub(crate) fn given(&self) -> Given {
        Given {
            upload: self.upload.is_some(),
            rewinds: self.rewind.is_some(),
            download: self.download.is_some(),
            starts_over: self.start_over.is_some(),
        }
    }

    pub(crate) fn rewind(&mut self) -> bool {
        self.rewind.zip(self.upload.as_mut()).is_some_and(|(rewind, upload)| rewind(upload))
    }

    pub(crate) fn start_over(&mut self) -> bool {
        self.start_over.zip(self.download.as_mut()).is_some_and(|(start, download)| start(download))
    }
}

/// Stands for an absent reader or writer.
#[derive(Debug, Clone, Copy)]
pub enum NoStream {}

impl embedded_io::ErrorType for NoStream {
    type Error = ErrorKind;
}

impl embedded_io::Read for NoStream {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, ErrorKind> {
        match *self {}
    }
}

impl embedded_io::Write for NoStream {
    fn write(&mut self, _: &[u8]) -> Result<usize, ErrorKind> {
        match *self {}
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        match *self {}
    }
}

#[cfg(feature = "async")]
impl embedded_io_async::Read for NoStream {
    async fn read(&mut self, _: &mut [u8]) -> Result<usize, ErrorKind> {
        match *self {}
    }
}

#[cfg(feature = "async")]
impl embedded_io_async::Write for NoStream {
    async fn write(&mut self, _: &[u8]) -> Result<usize, ErrorKind> {
        match *self {}
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        match *self {}
    }
}

/// Which streams there are, and what they support.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given {
    pub(crate) upload: bool,
    pub(crate) rewinds: bool,
    pub(crate) download: bool,
    pub(crate) starts_over: bool,
}

/// No streams.
pub(crate) const NONE: Given = Given { upload: false, rewinds: false, download: false, starts_over: false };

impl Given {
    /// Copies what the streams support into a request.
    pub(crate) fn fit(self, request: &mut Outgoing<'_>) {
        if let Content::Streamed { rewinds, .. } | Content::Chunked { rewinds, .. } = &mut request.content {
            *rewinds &= self.rewinds;
        }
        request.streams_reply |= self.download;
        request.reply_starts_over = self.starts_over;
    }
}

/// The streams that are no longer at their start.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Used {
    pub(crate) upload: bool,
    pub(crate) download: bool,
}

/// A reader that reports more than there was room for must not make bytes go out that are not its own.
pub(crate) fn no_more_than(room: usize, count: usize) -> Result<usize, FailureKind> {
    if count <= room { Ok(count) } else { Err(FailureKind::Other) }
}

/// Maps the error of a stream of the caller's; `None` if the operation may be repeated.
pub(crate) fn own_failure(error: &impl embedded_io::Error) -> Option<FailureKind> {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::Interrupted => None,
        _ => Some(FailureKind::Other),
    }
}
