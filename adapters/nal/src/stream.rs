//! Errors of streams as failures of exchanges.

use embedded_io::{Error, ErrorKind};
use rolecall_core::error::FailureKind;

/// Maps the error of a connection attempt, for an [`Open`](crate::blocking::Open) of the caller's.
pub fn connect_failure(error: &impl Error) -> FailureKind {
    match error.kind() {
        ErrorKind::TimedOut => FailureKind::Timeout,
        ErrorKind::PermissionDenied => FailureKind::Denied,
        ErrorKind::OutOfMemory | ErrorKind::Unsupported | ErrorKind::AddrInUse => FailureKind::Other,
        _ => FailureKind::NotFound,
    }
}

/// Maps the error of an open stream; `None` if the operation may be repeated.
pub(crate) fn stream_failure(error: &impl Error) -> Option<FailureKind> {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::Interrupted => None,
        ErrorKind::InvalidData => Some(FailureKind::Protocol),
        ErrorKind::PermissionDenied => Some(FailureKind::Denied),
        ErrorKind::OutOfMemory | ErrorKind::Unsupported => Some(FailureKind::Other),
        _ => Some(FailureKind::Closed),
    }
}
