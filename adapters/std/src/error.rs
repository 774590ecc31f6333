//! What went wrong, with what the peer said about it.

use std::fmt;

use rolecall_core::error::{Error as SourceError, Failure, Fault};
use rolecall_core::sigv4::SignError;
use rolecall_core::sources::Report;

/// An error of this crate. Its text says what was being done, what happened, and what to do next;
/// it never holds a secret.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Error {
    /// A setting is missing or cannot be used.
    Configuration(String),
    /// A source or a call failed.
    Source {
        /// What failed, and how.
        error: SourceError,
        /// What the service said.
        report: Box<Report>,
    },
    /// No source of the chain is set up here.
    NoCredentials {
        /// Why each was passed over.
        tried: Vec<SourceError>,
    },
    /// The request cannot be signed.
    Sign(SignError),
    /// A request was not answered.
    Send(Failure),
}

impl Error {
    /// Who can mend it.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Configuration(_) | Self::NoCredentials { .. } | Self::Sign(_) => Fault::Configuration,
            Self::Source { error, .. } => error.fault(),
            Self::Send(_) => Fault::Transport,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration(what) => f.write_str(what),
            Self::Source { error, report } => {
                error.fmt(f)?;
                if report.is_empty() { Ok(()) } else { write!(f, "; the service says: {report}") }
            }
            Self::NoCredentials { tried } => {
                f.write_str("no credentials found")?;
                for error in tried {
                    write!(f, "; {error}")?;
                }
                f.write_str(
                    "; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached",
                )
            }
            Self::Sign(error) => write!(f, "cannot sign: {error}"),
            Self::Send(failure) => failure.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<SignError> for Error {
    fn from(error: SignError) -> Self {
        Self::Sign(error)
    }
}
