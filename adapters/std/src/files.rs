//! Reading files whole.

use std::fs::File;
use std::io::{self, Read};

use rolecall_core::error::{Failure, FailureKind, Phase};
use zeroize::Zeroizing;

use crate::host::Buffer;

/// The longest file that is read, and the longest output of a command, in bytes.
pub(crate) const MAX_CONTENT: usize = 256 * 1024;

/// Reads a file into a buffer.
pub(crate) type ReadFile<'a> = dyn Fn(&str, &mut Buffer) -> Result<(), Failure> + 'a;

/// Appends the content of a file.
pub(crate) fn read_file(path: &str, buffer: &mut Buffer) -> Result<(), Failure> {
    let failure = |error: io::Error| failed(Phase::File, kind_of(&error));
    let mut file = File::open(path).map_err(failure)?;
    read_all(&mut file, buffer)
}

/// Appends all of an open file.
pub(crate) fn read_all(from: &mut impl Read, buffer: &mut Buffer) -> Result<(), Failure> {
    let start = buffer.0.len();
    let mut piece = Zeroizing::new([0; 4096]);
    loop {
        match from.read(piece.as_mut_slice()) {
            Ok(0) => return Ok(()),
            Ok(len) => buffer.append(&piece[..len]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(Phase::File, kind_of(&error))),
        }
        if buffer.0.len() - start > MAX_CONTENT {
            return Err(failed(Phase::File, FailureKind::TooLarge));
        }
    }
}

pub(crate) fn failed(phase: Phase, kind: FailureKind) -> Failure {
    Failure { phase, kind }
}

pub(crate) fn kind_of(error: &io::Error) -> FailureKind {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FailureKind::NotFound,
        io::ErrorKind::PermissionDenied => FailureKind::Denied,
        _ => FailureKind::Other,
    }
}
