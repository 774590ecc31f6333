//! What went wrong with an exchange, by the error of ureq.

use std::io;

use rolecall_core::error::{Failure, FailureKind, Phase};
use ureq::Timeout;

use super::resolve::is_no_name_server;
#[cfg(feature = "tls")]
use super::tls;
use super::tunnel;

/// Maps a ureq error. `phase` is where it occurred, unless the error itself says so.
pub(super) fn failure(error: &ureq::Error, phase: Phase) -> Failure {
    use ureq::Error;
    if let Error::Io(error) = error
        && let Some(kind) = tunnel::kind_of(error)
    {
        return Failure { phase: Phase::Connect, kind };
    }
    if let Error::Io(error) = error
        && is_no_name_server(error)
    {
        return Failure { phase: Phase::Resolve, kind: FailureKind::Unsupported };
    }
    #[cfg(feature = "tls")]
    if let Error::Io(error) = error
        && let Some(kind) = tls::kind_of(error)
    {
        // Except for a body, it is the handshake that fails.
        let phase = if phase == Phase::Body { phase } else { Phase::Connect };
        return Failure { phase, kind };
    }
    let (phase, kind) = match error {
        Error::Timeout(timeout) => (phase_of(*timeout).unwrap_or(phase), FailureKind::Timeout),
        Error::HostNotFound => (Phase::Resolve, FailureKind::NotFound),
        Error::ConnectionFailed => (Phase::Connect, FailureKind::NotFound),
        Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::AddrNotAvailable => (Phase::Connect, FailureKind::NotFound),
            io::ErrorKind::PermissionDenied => (Phase::Connect, FailureKind::Denied),
            io::ErrorKind::TimedOut => (phase, FailureKind::Timeout),
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => (phase, FailureKind::Closed),
            _ => (phase, FailureKind::Other),
        },
        // The stream ended within the line of a chunk, with input left that ureq cannot use.
        Error::BodyStalled => (phase, FailureKind::Closed),
        Error::LargeResponseHeader(..) | Error::BodyExceedsLimit(_) => (phase, FailureKind::TooLarge),
        Error::Protocol(_) => (phase, FailureKind::Protocol),
        Error::TlsRequired => (Phase::Connect, FailureKind::Unsupported),
        Error::Tls(_) => (Phase::Connect, FailureKind::Untrusted),
        _ => (phase, FailureKind::Other),
    };
    Failure { phase, kind }
}

fn phase_of(timeout: Timeout) -> Option<Phase> {
    match timeout {
        Timeout::Resolve => Some(Phase::Resolve),
        Timeout::Connect => Some(Phase::Connect),
        Timeout::SendRequest | Timeout::SendBody | Timeout::PerWrite => Some(Phase::Send),
        Timeout::RecvResponse => Some(Phase::FirstByte),
        Timeout::RecvBody => Some(Phase::Body),
        _ => None,
    }
}
