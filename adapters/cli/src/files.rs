//! Files that the command line names, read within a limit. A pipe or a terminal that stays silent is not waited for.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

/// How long a file that is no regular one may stay silent, and how long it may take for a text.
const PATIENCE: Duration = Duration::from_secs(8);
/// How much is read at once.
const PIECE: usize = 64 * 1024;

/// How much a file may hold, and how long it may take if it is no regular one.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    regular: u64,
    other: u64,
    time: Duration,
}

impl Bounds {
    /// For policies and tokens: as much as the library reads of a file.
    pub(crate) const TEXT: Self = Self { regular: 256 * 1024, other: 256 * 1024, time: PATIENCE };
    /// For bodies: what S3 takes in one request, and of a pipe, whose length is not known, what fits into memory.
    pub(crate) const BODY: Self =
        Self { regular: 5 << 30, other: 256 << 20, time: Duration::from_secs(60 * 60) };
    /// For what is sent out of a pipe whose length is not known.
    #[cfg(feature = "upload")]
    pub(crate) const PIPE: Self =
        Self { regular: 8 << 20, other: 8 << 20, time: Duration::from_secs(60 * 60) };
}

/// What the file at `path` holds.
pub(crate) fn read(path: &OsStr, bounds: Bounds) -> io::Result<Zeroizing<Vec<u8>>> {
    let path = Path::new(path);
    let found = path.metadata()?;
    if !found.is_file() {
        return read_other(path.to_owned(), bounds);
    }
    let len = usize::try_from(found.len()).ok().filter(|_| found.len() <= bounds.regular);
    // One byte more shows the end without growing, which would leave copies of a secret behind.
    let mut content = Zeroizing::new(Vec::with_capacity(len.ok_or_else(|| too_long(bounds.regular))? + 1));
    File::open(path)?.take(bounds.regular + 1).read_to_end(&mut content)?;
    if content.len() as u64 > bounds.regular { Err(too_long(bounds.regular)) } else { Ok(content) }
}

/// What a pipe, a terminal or a device holds. Opening it or reading from it may block for ever, so that a thread does
/// it, which is left behind then.
fn read_other(path: PathBuf, bounds: Bounds) -> io::Result<Zeroizing<Vec<u8>>> {
    let (sender, pieces) = sync_channel(1);
    thread::spawn(move || send_pieces(&path, &sender));
    let end = Instant::now() + bounds.time;
    let mut content = Zeroizing::new(Vec::new());
    loop {
        let wait = PATIENCE.min(end.saturating_duration_since(Instant::now()));
        let piece: Zeroizing<Vec<u8>> = match pieces.recv_timeout(wait) {
            Ok(piece) => piece?,
            Err(RecvTimeoutError::Disconnected) => return Ok(content),
            Err(RecvTimeoutError::Timeout) => return Err(silent()),
        };
        if (content.len() + piece.len()) as u64 > bounds.other {
            return Err(too_long(bounds.other));
        }
        append(&mut content, &piece);
    }
}

/// Reads a pipe, a terminal or a device piece by piece. One that stays silent is not waited for, as in [`read`].
#[cfg(feature = "upload")]
pub(crate) fn stream(path: &OsStr) -> impl Read + use<> {
    let (sender, pieces) = sync_channel(1);
    let path = PathBuf::from(path);
    thread::spawn(move || send_pieces(&path, &sender));
    Pieces { pieces, piece: Zeroizing::new(Vec::new()), used: 0 }
}

#[cfg(feature = "upload")]
struct Pieces {
    pieces: std::sync::mpsc::Receiver<io::Result<Zeroizing<Vec<u8>>>>,
    piece: Zeroizing<Vec<u8>>,
    used: usize,
}

#[cfg(feature = "upload")]
impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.used == self.piece.len() {
            self.piece = match self.pieces.recv_timeout(PATIENCE) {
                Ok(piece) => piece?,
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
                Err(RecvTimeoutError::Timeout) => return Err(silent()),
            };
            self.used = 0;
        }
        let count = self.piece.get(self.used..).unwrap_or_default().read(buffer)?;
        self.used += count;
        Ok(count)
    }
}

/// Sends what is read, piece by piece, or the error that ends it.
fn send_pieces(path: &Path, sender: &SyncSender<io::Result<Zeroizing<Vec<u8>>>>) {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) => return sender.send(Err(error)).unwrap_or_default(),
    };
    loop {
        let mut piece = Zeroizing::new(vec![0; PIECE]);
        let read = match file.read(&mut piece) {
            Ok(0) => return,
            Ok(len) => {
                piece.truncate(len);
                Ok(piece)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let ended = read.is_err();
        if sender.send(read).is_err() || ended {
            return;
        }
    }
}

/// Appends, and wipes the memory that becomes too small.
fn append(content: &mut Zeroizing<Vec<u8>>, piece: &[u8]) {
    let len = content.len() + piece.len();
    if content.capacity() < len {
        let mut larger = Zeroizing::new(Vec::with_capacity(2 * len));
        larger.extend_from_slice(content);
        *content = larger;
    }
    content.extend_from_slice(piece);
}

fn too_long(most: u64) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("expected at most {most} bytes, and it has more"))
}

fn silent() -> io::Error {
    io::Error::new(
        ErrorKind::TimedOut,
        "it stayed silent, or did not end in time; name a file, or write to it sooner",
    )
}
