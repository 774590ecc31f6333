//! Files that processes share: locked, and replaced as a whole.

use std::fs::{DirBuilder, File, Permissions, canonicalize, remove_file, rename};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rolecall_core::error::{Failure, Phase};
use rustix::fs::OFlags;

use crate::clock;
use crate::files::{failed, kind_of, lock_exclusively};

/// How long another process may hold a lock, below the ten seconds that an error may take.
const PATIENCE: Duration = Duration::from_secs(8);

/// Locks a file beside the one at `path`, which is replaced and cannot be locked itself.
pub(super) fn lock(path: &str) -> Result<Box<dyn Send>, Failure> {
    let failure = |error: io::Error| failed(Phase::File, kind_of(&error));
    let lock = Path::new(path).with_extension("lock");
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let open = || {
        File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(flags.bits().cast_signed())
            .open(&lock)
    };
    let file = match (open(), lock.parent()) {
        // Before the first sign-in there is no folder.
        (Err(error), Some(folder)) if error.kind() == io::ErrorKind::NotFound => {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).and_then(|()| open())
        }
        (opened, _) => opened,
    };
    let file = file.map_err(failure)?;
    lock_exclusively(&file, Instant::now() + PATIENCE).map_err(failure)?;
    // Dropping the file releases the lock.
    Ok(Box::new(file))
}

/// Writes a new file beside the one at `path`, and renames it. A link stays one, and its target is replaced.
pub(super) fn replace(path: &str, content: &[u8]) -> Result<(), Failure> {
    let target = canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
    let fresh = target.with_extension(format!("{}-{:08x}.new", std::process::id(), clock::entropy()));
    let written = write(&fresh, content).and_then(|()| rename(&fresh, &target));
    written.map_err(|error| {
        let _ = remove_file(&fresh);
        failed(Phase::File, kind_of(&error))
    })
}

/// Removes a file.
pub(super) fn remove(path: &str) -> Result<(), Failure> {
    remove_file(path).map_err(|error| failed(Phase::File, kind_of(&error)))
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    // Whatever the umask.
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(content)?;
    file.sync_all()
}
