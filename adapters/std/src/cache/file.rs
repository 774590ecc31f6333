//! The cache as files in a folder of one user.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rolecall_core::sigv4::sha256_hex;
use rolecall_core::wire::json::{Token, Writer, member};
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::{Cursor, Put};
use rustix::fs::{FlockOperation, OFlags, flock};
use zeroize::Zeroizing;

use super::{CacheError, CredentialCache, Entry, Lock};
use crate::files::read_all;
use crate::host::Buffer;
use crate::{Credentials, clock};

/// A folder with one file for each set of credentials, named by a hash of its cache key.
///
/// Files have mode 0600 and are replaced as a whole. A file that is malformed, that others can read or that
/// belongs to another user is not used, and neither is a folder that others can write to. Processes that
/// fetch for the same key take turns by an advisory lock (`flock`) on a file beside it.
#[derive(Debug, Clone)]
pub struct FileCache {
    folder: PathBuf,
}

/// How long to wait for another process's fetch: longer than a command may take.
const PATIENCE: Duration = Duration::from_secs(75);
/// A file that was not touched for this long is removed: no session lives longer.
const KEPT: Duration = Duration::from_secs(48 * 3600);
/// How often to check whether that fetch has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

impl FileCache {
    /// The cache in `folder`, which is created when it is first needed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn path(&self, key: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{}{ending}", sha256_hex(key.as_bytes())))
    }

    /// Creates the folder if it does not exist, and checks that it is this user's.
    fn folder(&self) -> Result<(), CacheError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(|error| problem(&self.folder, &error))?;
        self.own_folder().map(|_| ())
    }

    /// Whether the folder exists; an error if others may have written to it.
    fn own_folder(&self) -> Result<bool, CacheError> {
        let meta = match self.folder.metadata() {
            Ok(meta) => meta,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(problem(&self.folder, &error)),
        };
        if meta.uid() != own_id() || meta.permissions().mode() & 0o022 != 0 {
            return Err(CacheError(format!(
                "{}: others can write to it, or it belongs to another user",
                self.folder.display()
            )));
        }
        Ok(true)
    }

    /// Removes outdated files. One that cannot be removed stays.
    fn sweep(&self) {
        let old = |path: &Path| {
            let changed = path.symlink_metadata().and_then(|meta| meta.modified());
            changed.is_ok_and(|changed| changed.elapsed().is_ok_and(|age| age > KEPT))
        };
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if old(&path) && is_own_name(&path) {
                let _ = std::fs::remove_file(&path);
            }
        }
    }
}

/// Whether a file has a name of this cache's.
fn is_own_name(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let hash = name.split('.').next().unwrap_or_default();
    hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) && name.len() > 64
}

impl CredentialCache for FileCache {
    fn load(&self, key: &str) -> Result<Option<Entry>, CacheError> {
        if !self.own_folder()? {
            return Ok(None);
        }
        let path = self.path(key, ".json");
        let mut file = match open(OpenOptions::new().read(true), &path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(problem(&path, &error)),
        };
        private(&file, &path)?;
        let mut content = Buffer::new();
        read_all(&mut file, &mut content)
            .map_err(|failure| CacheError(format!("{}: {failure}", path.display())))?;
        let broken = || CacheError(format!("{}: malformed", path.display()));
        parse(content.bytes()).map(Some).ok_or_else(broken)
    }

    fn store(&self, key: &str, entry: &Entry) -> Result<(), CacheError> {
        self.folder()?;
        self.sweep();
        let path = self.path(key, ".json");
        let fresh = self.path(key, &format!(".{}-{:08x}", std::process::id(), clock::entropy()));
        let written = open(OpenOptions::new().write(true).create_new(true).mode(0o600), &fresh)
            .and_then(|mut file| file.write_all(&print(entry)))
            .and_then(|()| std::fs::rename(&fresh, &path));
        written.map_err(|error| {
            // It may not exist.
            let _ = std::fs::remove_file(&fresh);
            problem(&path, &error)
        })
    }

    fn lock(&self, key: &str) -> Result<Box<dyn Lock>, CacheError> {
        self.folder()?;
        let path = self.path(key, ".lock");
        let file = open(OpenOptions::new().write(true).create(true).truncate(false).mode(0o600), &path);
        let file = file.map_err(|error| problem(&path, &error))?;
        private(&file, &path)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Box::new(Held(file))),
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) if Instant::now() < deadline => {
                    std::thread::sleep(LOOK_AGAIN);
                }
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    let waited = PATIENCE.as_secs();
                    let problem =
                        format!("{}: another process has been fetching for {waited} s", path.display());
                    return Err(CacheError(problem));
                }
                Err(error) => return Err(problem(&path, &error.into())),
            }
        }
    }

    fn remove(&self, key: &str) -> Result<(), CacheError> {
        let path = self.path(key, ".json");
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(problem(&path, &error)),
            _ => Ok(()),
        }
    }
}

/// Dropping the file releases the lock.
struct Held(#[expect(dead_code, reason = "held, not used")] File);

impl Lock for Held {}

/// Opens a regular file itself, without following a link and without waiting for a FIFO.
fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32).open(path)
}

/// Fails for a file that others can read, or that belongs to another user.
fn private(file: &File, path: &Path) -> Result<(), CacheError> {
    let meta = file.metadata().map_err(|error| problem(path, &error))?;
    if !meta.is_file() || meta.uid() != own_id() {
        return Err(CacheError(format!("{}: it belongs to another user", path.display())));
    }
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(CacheError(format!("{}: others can read it", path.display())));
    }
    Ok(())
}

fn own_id() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn problem(path: &Path, error: &io::Error) -> CacheError {
    CacheError(format!("{}: {error}", path.display()))
}

/// The entry as a document: that of `credential_process`, and the lifetime.
fn print(entry: &Entry) -> Zeroizing<Vec<u8>> {
    let credentials = &entry.credentials;
    let expiration = credentials.expiration().map(|expiration| expiration.rfc3339());
    let members = [
        ("AccessKeyId", Some(credentials.access_key_id())),
        ("SecretAccessKey", Some(credentials.expose_secret_access_key())),
        ("SessionToken", credentials.expose_session_token()),
        ("Expiration", expiration.as_ref().map(|expiration| expiration.as_str())),
        ("AccountId", credentials.account_id()),
    ];
    // Visible ASCII, of which an escape takes two bytes.
    let len: usize = members.iter().map(|(_, value)| 2 * value.unwrap_or_default().len() + 24).sum();
    let mut document = Zeroizing::new(vec![0; len + 64]);
    let mut out = Cursor::new(&mut document);
    let mut json = Writer::new(&mut out);
    json.begin_object();
    json.key("Version");
    json.number(1);
    for (name, value) in members {
        if let Some(value) = value {
            json.key(name);
            json.string(value);
        }
    }
    json.key("Lifetime");
    json.number(u32::try_from(entry.lifetime).unwrap_or(u32::MAX));
    json.end_object();
    out.put(b"\n");
    let written = out.needed();
    document.truncate(written);
    document
}

/// Parses a document; `None` if this crate did not write it.
fn parse(document: &[u8]) -> Option<Entry> {
    let member = |name| member(document, name).ok().flatten();
    let text = |name| {
        let text = member(name)?.as_str()?;
        let mut buffer = Zeroizing::new(vec![0; document.len()]);
        text.decode(&mut buffer).ok().map(|text| Zeroizing::new(text.to_owned()))
    };
    let number = |name| match member(name)? {
        Token::Number(digits) => digits.parse::<u64>().ok(),
        _ => None,
    };
    if number("Version")? != 1 {
        return None;
    }
    let expiration = UnixTime::from_rfc3339(text("Expiration")?.as_bytes()).ok()?;
    let token = text("SessionToken");
    let token = token.as_ref().map(|token| token.as_str());
    let credentials = Credentials::new(&text("AccessKeyId")?, &text("SecretAccessKey")?, token).ok()?;
    let account = text("AccountId").map(|account| account.as_str().to_owned());
    Some(Entry {
        credentials: credentials.with_account_id(account).with_expiration(Some(expiration)),
        lifetime: number("Lifetime")?,
    })
}
