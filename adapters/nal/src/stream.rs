//! What the errors of a stream come to.

use embedded_io::{Error, ErrorKind};
use rolecall_core::error::FailureKind;

/// What it means that a connection could not be made. For an [`Open`](crate::blocking::Open) of the
/// caller's own.
pub fn connect_failure(error: &impl Error) -> FailureKind {
    match error.kind() {
        ErrorKind::TimedOut => FailureKind::Timeout,
        ErrorKind::PermissionDenied => FailureKind::Denied,
        ErrorKind::OutOfMemory | ErrorKind::Unsupported | ErrorKind::AddrInUse => FailureKind::Other,
        _ => FailureKind::NotFound,
    }
}

/// What it means that an open stream fails; `None`: nothing, and it may go on.
pub(crate) fn stream_failure(error: &impl Error) -> Option<FailureKind> {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::Interrupted => None,
        ErrorKind::InvalidData => Some(FailureKind::Protocol),
        ErrorKind::OutOfMemory | ErrorKind::Unsupported => Some(FailureKind::Other),
        _ => Some(FailureKind::Closed),
    }
}
