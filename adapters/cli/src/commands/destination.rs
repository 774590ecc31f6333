//! Where the reply of `rolecall request` goes: standard output, or a file that is there whole or not at all.

use std::ffi::{OsStr, OsString};
use std::fs::{File, remove_file, rename};
use std::io::{self, Stdout, Write, stdout};
use std::path::{Path, PathBuf};

use rolecall::{Download, Reply};

use super::progress::Progress;
use crate::failure::Failure;
use crate::output::printable;

/// Where the reply goes, and what of it.
pub(super) struct Destination {
    to: To,
    /// Whether status and headers go before the body.
    has_head: bool,
    progress: Progress,
}

enum To {
    Output(Stdout),
    File(Part),
}

impl Destination {
    pub(super) fn new(path: Option<&OsStr>, has_head: bool, progress: Progress) -> Result<Self, Failure> {
        let to = match path {
            Some(path) => To::File(Part::create(Path::new(path)).map_err(|error| failed(path, error))?),
            None => To::Output(stdout()),
        };
        Ok(Self { to, has_head, progress })
    }

    /// Keeps the file. Without this call it is removed.
    pub(super) fn keep(self) -> Result<(), Failure> {
        self.progress.clear();
        match self.to {
            To::File(part) => {
                let path = part.path.clone();
                part.keep().map_err(|error| failed(path.as_os_str(), error))
            }
            To::Output(_) => Ok(()),
        }
    }

    /// Prints a reply whose body was not streamed: it is an error, and never goes into the file.
    pub(super) fn print(self, reply: &Reply) -> Result<(), Failure> {
        self.progress.clear();
        let mut out = stdout().lock();
        let head = if self.has_head { head(reply.status, &reply.headers) } else { String::new() };
        out.write_all(head.as_bytes())
            .and_then(|()| out.write_all(&reply.body))
            .and_then(|()| out.flush())
            .map_err(Failure::Output)
    }
}

fn failed(path: &OsStr, error: io::Error) -> Failure {
    Failure::Input(format!("--output {}", path.display()), error)
}

impl Download for Destination {
    fn start(&mut self, status: u16, headers: &[(String, String)]) -> io::Result<()> {
        let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        self.progress.start(length.and_then(|(_, value)| value.parse().ok()));
        if self.has_head { self.put(head(status, headers).as_bytes()) } else { Ok(()) }
    }

    fn write(&mut self, part: &[u8]) -> io::Result<()> {
        self.put(part)?;
        self.progress.add(part.len());
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::Output(out) => out.flush(),
            To::File(part) => part.file.flush(),
        }
    }
}

impl Destination {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.to {
            To::Output(out) => out.write_all(bytes),
            To::File(part) => part.file.write_all(bytes),
        }
    }
}

/// Status and headers in lines, and an empty one.
fn head(status: u16, headers: &[(String, String)]) -> String {
    let mut head = format!("HTTP/1.1 {status}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {}\r\n", printable(value)));
    }
    head + "\r\n"
}

/// A file beside the one that it becomes.
struct Part {
    file: File,
    path: PathBuf,
    /// `None` for what is no regular file, and is written as it is.
    part: Option<PathBuf>,
}

impl Part {
    fn create(path: &Path) -> io::Result<Self> {
        let found = path.metadata().ok();
        if let Some(found) = found.as_ref().filter(|found| !found.is_file()) {
            if found.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            let file = File::options().write(true).open(path)?;
            return Ok(Self { file, path: path.to_owned(), part: None });
        }
        // A link stays one, and its target is replaced.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.part", std::process::id()));
        let part = path.with_file_name(hidden);
        let file = File::options().write(true).create_new(true).open(&part)?;
        remove_when_stopped(&part);
        let this = Self { file, path, part: Some(part) };
        if let Some(found) = found {
            this.file.set_permissions(found.permissions())?;
        }
        Ok(this)
    }

    fn keep(mut self) -> io::Result<()> {
        let Some(part) = &self.part else { return Ok(()) };
        self.file.sync_all()?;
        rename(part, &self.path)?;
        self.part = None;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            let _ = remove_file(part);
        }
    }
}

/// Removes the file at Ctrl-C and its like, and ends as if nothing had been in their way.
#[cfg(unix)]
fn remove_when_stopped(part: &Path) {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    let part = part.to_owned();
    // Without it the file stays, which has a name that says what it is.
    let Ok(mut signals) = Signals::new([SIGHUP, SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let _ = remove_file(&part);
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
}

#[cfg(not(unix))]
fn remove_when_stopped(_: &Path) {}
