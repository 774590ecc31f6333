//! The cache as files in a folder of one user.

use std::fs::{DirBuilder, File};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rolecall_core::sigv4::sha256_hex;
use rolecall_core::wire::json::{Token, Writer, member};
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::{Cursor, Put};
use rustix::fs::{AtFlags, Mode, OFlags, openat, renameat, statat, unlinkat};

use super::{CacheError, CredentialCache, Entry, Lock};
use crate::files::{lock_exclusively, read_all};
use crate::host::Buffer;
use crate::json::text;
use crate::secret::Wiped;
use crate::{Credentials, Environment, Error, clock};

/// A folder with one file for each set of credentials, named by a hash of its cache key.
///
/// The key has everything that decides the identity: the settings, tokens by their hash, for metadata and container
/// endpoints the machine, its name and when it was booted, and for a `credential_process` the folder it runs in and
/// its environment. Two configurations that may lead to different credentials never share a file.
///
/// Files have mode 0600 and are replaced as a whole. A file that is malformed, that others can read or that
/// belongs to another user is not used, and neither is a folder that others can write to. Each operation opens the
/// folder, checks it, and reaches the files through that handle, so that another folder cannot take its place.
/// Processes that fetch for the same key take turns by an advisory lock (`flock`) on a file beside it.
#[derive(Debug, Clone)]
pub struct FileCache {
    folder: PathBuf,
}

/// How long to wait for another process's fetch: longer than a command without a terminal may take. After that, this
/// process fetches for itself.
const PATIENCE: Duration = Duration::from_secs(75);
/// A file that was not touched for this long is removed: no session lives longer.
const KEPT: Duration = Duration::from_secs(48 * 3600);

impl FileCache {
    /// The cache in `folder`, which is created when it is first needed. The path is used as it is.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The cache in the folder that the setting `name` has as its value. `~/` at its start is the home folder, as in
    /// a shell.
    ///
    /// # Errors
    /// [`Error::Configuration`], with `name`, for an empty path, and for `~` without a home folder or before the name
    /// of a user.
    pub fn at(name: &str, folder: &str, environment: &Environment) -> Result<Self, Error> {
        if folder.trim().is_empty() {
            return Err(Error::invalid(name, "the path is empty; name the folder of the cache"));
        }
        let Some(rest) = folder.strip_prefix('~') else { return Ok(Self::new(folder)) };
        if !rest.is_empty() && !rest.starts_with('/') {
            let problem = format!("{folder}: only ~/ is expanded; write the path of that home folder");
            return Err(Error::invalid(name, &problem));
        }
        match environment.get("HOME") {
            Some(home) => Ok(Self::new(format!("{home}{rest}"))),
            None => Err(Error::invalid(name, &format!("{folder}: HOME is not set; write the whole path"))),
        }
    }

    /// Opens the folder, after creating it if it does not exist.
    fn create(&self) -> Result<Folder<'_>, CacheError> {
        if let Some(folder) = self.open()? {
            return Ok(folder);
        }
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(|error| problem(&self.folder, &error))?;
        let gone = || CacheError(format!("{}: it was removed meanwhile", self.folder.display()));
        self.open()?.ok_or_else(gone)
    }

    /// Opens the folder, if it exists; an error if others may have written to it.
    fn open(&self) -> Result<Option<Folder<'_>>, CacheError> {
        if self.folder.as_os_str().is_empty() {
            return Err(CacheError("the path of the folder is empty".to_owned()));
        }
        let handle = match File::open(&self.folder) {
            Ok(handle) => handle,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(problem(&self.folder, &error)),
        };
        let meta = handle.metadata().map_err(|error| problem(&self.folder, &error))?;
        if !meta.is_dir() {
            return Err(CacheError(format!("{}: not a folder", self.folder.display())));
        }
        if meta.uid() != own_id() || meta.permissions().mode() & 0o022 != 0 {
            return Err(CacheError(format!(
                "{}: others can write to it, or it belongs to another user",
                self.folder.display()
            )));
        }
        Ok(Some(Folder { path: &self.folder, handle }))
    }
}

/// A folder that was opened and checked.
struct Folder<'a> {
    path: &'a Path,
    handle: File,
}

impl Folder<'_> {
    /// Opens a regular file itself, without following a link and without waiting for a FIFO.
    fn file(&self, name: &str, flags: OFlags) -> io::Result<File> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(openat(self.handle.as_fd(), name, flags, Mode::from_raw_mode(0o600))?.into())
    }

    /// Removes a file, if it exists.
    fn remove(&self, name: &str) -> io::Result<()> {
        match unlinkat(self.handle.as_fd(), name, AtFlags::empty()) {
            Err(error) if error != rustix::io::Errno::NOENT => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Removes outdated files. One that cannot be removed stays.
    fn sweep(&self) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let oldest = i64::try_from(now.saturating_sub(KEPT.as_secs())).unwrap_or(0);
        for entry in rustix::fs::Dir::read_from(&self.handle).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().to_str() else { continue };
            let changed =
                statat(self.handle.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW).map(|stat| stat.st_mtime);
            if is_own_name(name) && changed.is_ok_and(|changed| changed < oldest) {
                let _ = self.remove(name);
            }
        }
    }

    fn problem(&self, name: &str, error: &io::Error) -> CacheError {
        problem(&self.path.join(name), error)
    }
}

fn name_of(key: &str, ending: &str) -> String {
    format!("{}{ending}", sha256_hex(key.as_bytes()))
}

/// Whether a file has a name of this cache's.
fn is_own_name(name: &str) -> bool {
    let hash = name.split('.').next().unwrap_or_default();
    hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) && name.len() > 64
}

impl CredentialCache for FileCache {
    fn load(&self, key: &str) -> Result<Option<Entry>, CacheError> {
        let Some(folder) = self.open()? else { return Ok(None) };
        let name = name_of(key, ".json");
        let mut file = match folder.file(&name, OFlags::RDONLY) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(folder.problem(&name, &error)),
        };
        let path = folder.path.join(&name);
        private(&file, &path)?;
        let mut content = Buffer::new();
        read_all(&mut file, &mut content)
            .map_err(|failure| CacheError(format!("{}: {failure}", path.display())))?;
        let broken = || CacheError(format!("{}: malformed", path.display()));
        parse(content.bytes()).map(Some).ok_or_else(broken)
    }

    fn store(&self, key: &str, entry: &Entry) -> Result<(), CacheError> {
        let folder = self.create()?;
        folder.sweep();
        let name = name_of(key, ".json");
        let fresh = name_of(key, &format!(".{}-{:08x}", std::process::id(), clock::entropy()));
        let written = folder
            .file(&fresh, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)
            .and_then(|mut file| file.write_all(&print(entry)))
            .and_then(|()| Ok(renameat(&folder.handle, &fresh, &folder.handle, &name)?));
        written.map_err(|error| {
            let _ = folder.remove(&fresh);
            folder.problem(&name, &error)
        })
    }

    fn lock(&self, key: &str) -> Result<Box<dyn Lock>, CacheError> {
        let folder = self.create()?;
        let name = name_of(key, ".lock");
        let file = folder.file(&name, OFlags::WRONLY | OFlags::CREATE);
        let file = file.map_err(|error| folder.problem(&name, &error))?;
        let path = folder.path.join(&name);
        private(&file, &path)?;
        match lock_exclusively(&file, Instant::now() + PATIENCE) {
            Ok(()) => Ok(Box::new(Held(file))),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                let waited = PATIENCE.as_secs();
                let problem = format!("{}: another process has been fetching for {waited} s", path.display());
                Err(CacheError(problem))
            }
            Err(error) => Err(problem(&path, &error)),
        }
    }

    fn remove(&self, key: &str) -> Result<(), CacheError> {
        let Some(folder) = self.open()? else { return Ok(()) };
        let name = name_of(key, ".json");
        folder.remove(&name).map_err(|error| folder.problem(&name, &error))
    }
}

/// Dropping the file releases the lock.
struct Held(#[expect(dead_code, reason = "held, not used")] File);

impl Lock for Held {}

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
fn print(entry: &Entry) -> Wiped<Vec<u8>> {
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
    let mut document = Wiped::new(vec![0; len + 64]);
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
    let text = |name| text(document, name);
    let number = |name| match member(document, name).ok()?? {
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
