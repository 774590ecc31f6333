//! Errors, and what kind they are of to a client.

use std::fmt;

use rolecall::core::error::ErrorKind;

/// An error of this crate. Its text includes the errors below it, says what to do, and never holds a secret.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Error {
    /// There are no credentials.
    Provider(rolecall::Error),
    /// The executor ended, or dropped the fetch, or the fetch panicked.
    NotRun,
}

/// What a client makes of an error.
#[cfg_attr(not(any(feature = "sdk", feature = "reqsign")), allow(dead_code, reason = "one has no kinds"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No source is configured: a chain of the client's goes on to its next.
    Absent,
    /// A setting cannot be used.
    Setting,
    /// A service refused.
    Refused,
    /// Anything else.
    Failed,
}

impl Error {
    #[cfg_attr(not(any(feature = "sdk", feature = "reqsign")), allow(dead_code, reason = "one has no kinds"))]
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Provider(rolecall::Error::NoCredentials { .. }) => Kind::Absent,
            Self::Provider(rolecall::Error::Source { error, .. }) if error.is_absent() => Kind::Absent,
            Self::Provider(error) => kind(error),
            Self::NotRun => Kind::Failed,
        }
    }
}

fn kind(error: &rolecall::Error) -> Kind {
    match error {
        rolecall::Error::Configuration(_) | rolecall::Error::Sign(_) => Kind::Setting,
        rolecall::Error::Profile { error, .. } | rolecall::Error::Chain { error, .. } => kind(error),
        rolecall::Error::Source { error, .. } => match error.kind {
            ErrorKind::Invalid(_) => Kind::Setting,
            ErrorKind::Refused { recoverable: false, .. } | ErrorKind::Status(401 | 403) => Kind::Refused,
            _ => Kind::Failed,
        },
        _ => Kind::Failed,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Provider(error) => error.fmt(f),
            Self::NotRun => f.write_str(
                "credentials were not fetched: the executor ended or dropped the fetch, or the fetch panicked; keep the \
                 runtime running until every request is done",
            ),
        }
    }
}

impl std::error::Error for Error {}
