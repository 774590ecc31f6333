//! Why a command failed.

use std::fmt;

use rolecall::Error;
#[cfg(feature = "setup")]
use rolecall::setup::SetupError;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    Library(Error),
    #[cfg(feature = "setup")]
    Setup(Box<SetupError>),
    Body(String, std::io::Error),
    Output(std::io::Error),
    #[cfg(feature = "demo")]
    Demo(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Library(error) => error.fmt(f),
            #[cfg(feature = "setup")]
            Self::Setup(error) => error.fmt(f),
            Self::Body(path, error) => write!(f, "{path}: {error}"),
            Self::Output(error) => write!(f, "standard output: {error}"),
            #[cfg(feature = "demo")]
            Self::Demo(what) => f.write_str(what),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}
