//! The body of a request that is read while it is sent.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek};
use std::path::Path;

use rolecall::core::sigv4::Hasher;
use rolecall::core::sigv4::chunked::{ChunkLayout, Chunks};
use rolecall::core::wire::Put;
use rolecall::{Error, Once, Provider, Reply, Request};

use crate::failure::Failure;
use crate::files::{Bounds, read};
use crate::output::{note, shown};

/// The data of a chunk, in bytes.
const CHUNK: u32 = 64 * 1024;

/// A body to send.
pub(super) struct Upload<'a> {
    pub(super) path: &'a OsStr,
    /// The length of what a pipe gives, in bytes.
    pub(super) length: Option<u64>,
    pub(super) verbose: bool,
}

impl Upload<'_> {
    /// Sends `request` with the body, and writes the body of the reply to `out`. To S3 the body is signed in chunks while it
    /// is read; for other services a file is hashed before it is sent, and a pipe held in memory.
    pub(super) fn send(
        &self,
        provider: &Provider,
        request: &Request,
        out: &mut dyn io::Write,
    ) -> Result<Reply, Failure> {
        let request = &provider.complete(request)?;
        let is_s3 = request.signs_as_s3();
        let is_input = self.path == "-";
        let found = if is_input {
            None
        } else {
            Some(Path::new(self.path).metadata().map_err(|error| self.failed(error))?)
        };
        match (found.filter(Metadata::is_file), self.length) {
            (Some(_), Some(_)) => Err(Failure::Usage(format!(
                "--length is for a pipe, and {} is a file, whose length is known; leave it out",
                self.shown()
            ))),
            (Some(found), None) => self.send_file(provider, request, is_s3, &found, out),
            (None, Some(length)) if is_s3 => {
                let reader: Box<dyn Read> =
                    if is_input { Box::new(io::stdin()) } else { Box::new(self.open()?) };
                self.chunked(provider, request, &mut Once::new(reader), length, out)
            }
            (None, Some(_)) => Err(Failure::Usage(
                "--length: only S3 takes a body that is signed while it is read; leave it out, or name a file".to_owned(),
            )),
            (None, None) => {
                let path = if is_input { OsStr::new("/dev/stdin") } else { self.path };
                let body = read(path, Bounds::PIPE).map_err(|error| self.failed(error))?;
                Ok(provider.send_to(&request.clone().body(body.to_vec()), out)?)
            }
        }
    }

    fn send_file(
        &self,
        provider: &Provider,
        request: &Request,
        is_s3: bool,
        found: &Metadata,
        out: &mut dyn io::Write,
    ) -> Result<Reply, Failure> {
        let mut file = self.open()?;
        let reply = if is_s3 {
            self.chunked(provider, request, &mut file, found.len(), out)?
        } else {
            let hash = hash(&mut file).map_err(|error| self.failed(error))?;
            provider.send_from(request, &mut file, found.len(), Some(&hash), out)?
        };
        let now = file.metadata().map_err(|error| self.failed(error))?;
        if now.len() != found.len() || now.modified().ok() != found.modified().ok() {
            let problem = format!("{}: it changed while it was sent; send it again", self.shown());
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
        out: &mut dyn io::Write,
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
        File::open(self.path).map_err(|error| self.failed(error))
    }

    fn shown(&self) -> String {
        shown(&self.path.to_string_lossy())
    }

    fn failed(&self, error: io::Error) -> Failure {
        Failure::Input(format!("--upload-file {}", self.path.display()), error)
    }
}

/// The SHA-256 of a file, which is read piece by piece and then rewound.
fn hash(file: &mut File) -> io::Result<String> {
    let (mut hasher, mut piece) = (Hasher::new(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => hasher.put(piece.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    file.rewind()?;
    Ok(hasher.finish_hex().as_str().to_owned())
}
