//! The body of a request that is read while it is sent.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek};
use std::path::Path;

use rolecall::core::sigv4::Hasher;
use rolecall::core::sigv4::chunked::{ChunkLayout, Chunks};
use rolecall::core::wire::Put;
use rolecall::{Download, Error, Once, Provider, Reply, Request};

use super::progress::Progress;
use crate::arguments::Target;
use crate::failure::Failure;
use crate::files::{Bounds, read, stream};
use crate::input::file_of;
use crate::output::{note, shown};

/// The data of a chunk, in bytes.
const CHUNK: u32 = 64 * 1024;

/// The file or the pipe that has the body.
pub(super) struct Body<'a> {
    path: &'a OsStr,
    /// The option that named it.
    option: &'static str,
    /// Whether it may be signed while it is read: an upload.
    is_upload: bool,
}

impl<'a> Body<'a> {
    /// The body of `target`, if it is not on the command line itself.
    pub(super) fn of(target: &'a Target) -> Option<Self> {
        if let Some(path) = &target.transfer.upload {
            return Some(Self { path, option: "--upload-file", is_upload: true });
        }
        let path = file_of(target.body.as_ref()?)?;
        Some(Self { path, option: "--data", is_upload: false })
    }
}

/// A body to send.
pub(super) struct Upload<'a> {
    pub(super) body: Body<'a>,
    /// The length of what a pipe gives, in bytes.
    pub(super) length: Option<u64>,
    pub(super) verbose: bool,
}

impl Upload<'_> {
    /// Sends `request` with the body, and writes the body of the reply to `out`. What is stored at S3 is signed in chunks while
    /// it is read; else a file is hashed before it is sent, and a pipe held in memory.
    pub(super) fn send(
        &self,
        provider: &Provider,
        request: &Request,
        sent: Progress,
        out: &mut dyn Download,
    ) -> Result<Reply, Failure> {
        let request = &provider.complete(request)?;
        let in_chunks = self.body.is_upload && request.takes_chunks();
        let is_input = self.body.path == "-";
        let path = if is_input { OsStr::new("/dev/stdin") } else { self.body.path };
        let found = Path::new(path).metadata().map_err(|error| self.failed(error))?;
        if found.is_dir() {
            return Err(self.failed(io::ErrorKind::IsADirectory.into()));
        }
        // The system's own files say that they are empty; standard input may be anywhere in a file.
        let is_file = found.is_file() && found.len() > 0 && !is_input;
        match (is_file, self.length) {
            (true, Some(_)) => Err(Failure::Usage(format!(
                "--length is for a pipe, and {} is a file, whose length is known; leave it out",
                self.shown()
            ))),
            (true, None) => self.send_file(provider, request, in_chunks, &found, sent, out),
            (false, Some(length)) if in_chunks => {
                let reader = stream(path);
                let mut upload = Once::new(reader);
                self.chunked(provider, request, &mut Counted::new(&mut upload, length, sent), length, out)
            }
            (false, Some(_)) => Err(Failure::Usage(
                "--length: only S3, signed for one region, takes a body that is signed while it is read; leave it out, or \
                 name a file"
                    .to_owned(),
            )),
            (false, None) => {
                let body = read(path, Bounds::PIPE).map_err(|error| match error.kind() {
                    kind @ io::ErrorKind::InvalidData => {
                        let more = "; with -T and --length BYTES, S3 takes more";
                        self.failed(io::Error::new(kind, format!("{error}{more}")))
                    }
                    _ => self.failed(error),
                })?;
                Ok(provider.send_to(&request.clone().body(body.to_vec()), out)?)
            }
        }
    }

    fn send_file(
        &self,
        provider: &Provider,
        request: &Request,
        in_chunks: bool,
        found: &Metadata,
        sent: Progress,
        out: &mut dyn Download,
    ) -> Result<Reply, Failure> {
        let mut file = self.open()?;
        let reply = if in_chunks {
            let upload = &mut Counted::new(&mut file, found.len(), sent);
            self.chunked(provider, request, upload, found.len(), out)?
        } else {
            let (hash, len) = hash(&mut file).map_err(|error| self.failed(error))?;
            if len != found.len() {
                let problem =
                    format!("{}: it has {len} bytes, and its size is {}", self.shown(), found.len());
                return Err(Error::Configuration(problem).into());
            }
            let upload = &mut Counted::new(&mut file, len, sent);
            provider.send_from(request, upload, len, Some(&hash), out)?
        };
        let now = file.metadata().map_err(|error| self.failed(error))?;
        if now.len() != found.len() || now.modified().ok() != found.modified().ok() {
            let (name, status) = (self.shown(), reply.status);
            let problem = format!(
                "{name}: it changed while it was sent (HTTP status {status}): what was stored may be neither; send it again"
            );
            return Err(Error::Configuration(problem).into());
        }
        Ok(reply)
    }

    fn chunked(
        &self,
        provider: &Provider,
        request: &Request,
        upload: &mut dyn rolecall::Upload,
        length: u64,
        out: &mut dyn Download,
    ) -> Result<Reply, Failure> {
        let layout = ChunkLayout::new(Chunks::SIGNED, length).and_then(|layout| layout.with_chunk(CHUNK));
        if self.verbose {
            note(format_args!(
                "{}: {length} bytes, signed in chunks of {CHUNK} while they are sent",
                self.shown()
            ));
        }
        Ok(provider.send_chunked(request, upload, layout.map_err(Error::Sign)?, out)?)
    }

    fn open(&self) -> Result<File, Failure> {
        File::open(self.body.path).map_err(|error| self.failed(error))
    }

    fn shown(&self) -> String {
        shown(&self.body.path.to_string_lossy())
    }

    fn failed(&self, error: io::Error) -> Failure {
        Failure::Input(format!("{} {}", self.body.option, self.body.path.display()), error)
    }
}

/// A body whose bytes are counted as they are read.
struct Counted<'a> {
    upload: &'a mut dyn rolecall::Upload,
    length: u64,
    progress: Progress,
}

impl<'a> Counted<'a> {
    fn new(upload: &'a mut dyn rolecall::Upload, length: u64, progress: Progress) -> Self {
        Self { upload, length, progress }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.progress.clear();
    }
}

impl rolecall::Upload for Counted<'_> {
    fn start(&mut self) -> io::Result<Box<dyn Read + '_>> {
        self.progress.start(Some(self.length));
        Ok(Box::new(Counting { reader: self.upload.start()?, progress: &mut self.progress }))
    }

    fn rewinds(&self) -> bool {
        self.upload.rewinds()
    }
}

struct Counting<'a> {
    reader: Box<dyn Read + 'a>,
    progress: &'a mut Progress,
}

impl Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.progress.add(count);
        Ok(count)
    }
}

/// The SHA-256 and the length of a file, which is read piece by piece and then rewound.
fn hash(file: &mut File) -> io::Result<(String, u64)> {
    let (mut hasher, mut piece, mut len) = (Hasher::new(), vec![0; 64 * 1024], 0);
    loop {
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => {
                hasher.put(piece.get(..count).unwrap_or_default());
                len += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    file.rewind()?;
    Ok((hasher.finish_hex().as_str().to_owned(), len))
}
