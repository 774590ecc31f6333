//! Why a command failed.

use std::fmt;
use std::io::ErrorKind::NotFound;
use std::process::ExitCode;

use rolecall::Error;
use rolecall::core::error::{ErrorKind, Failure as Failed, Origin, Phase};
#[cfg(feature = "setup")]
use rolecall::setup::SetupError;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    Library(Error),
    /// A value of the command line that cannot be used.
    Usage(String),
    #[cfg(feature = "setup")]
    Setup(Box<SetupError>),
    /// A request whose signature is not accepted.
    #[cfg(feature = "verify")]
    Refused(String),
    Input(String, std::io::Error),
    Output(std::io::Error),
    /// A program that does not run, as it is to be shown behind the command that was to run it, and what to do.
    Program(String, &'static str, std::io::Error),
    #[cfg(feature = "demo")]
    Demo(String),
}

impl Failure {
    /// 2 for a value of the command line that cannot be used, 127 and 126 for a program as a shell has them, and 1 for
    /// everything else.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            #[cfg(feature = "setup")]
            Self::Setup(error) if error.is_refusal() => ExitCode::from(2),
            Self::Usage(_) => ExitCode::from(2),
            Self::Program(_, _, error) if error.kind() == NotFound => ExitCode::from(127),
            Self::Program(..) => ExitCode::from(126),
            _ => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Library(error) => write!(f, "{error}{}", in_place_of_prompt(error)),
            #[cfg(feature = "setup")]
            Self::Setup(error) => write!(f, "{error}{}", in_place_of_prompt(&error.error)),
            Self::Input(what, error) => write!(f, "{what}: {error}"),
            Self::Output(error) => write!(f, "standard output: {error}"),
            Self::Program(program, what, error) => write!(f, "{program}: {what} ({error})"),
            Self::Usage(what) => f.write_str(what),
            #[cfg(feature = "verify")]
            Self::Refused(what) => f.write_str(what),
            #[cfg(feature = "demo")]
            Self::Demo(what) => f.write_str(what),
        }
    }
}

#[cfg(feature = "setup")]
impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        Self::Setup(Box::new(error))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

/// The options that answer what could not be asked for at a terminal; empty for other errors.
fn in_place_of_prompt(error: &Error) -> &'static str {
    let error = match error {
        Error::Profile { error, .. } | Error::Chain { error, .. } => return in_place_of_prompt(error),
        Error::Source { error, .. } => error,
        _ => return "",
    };
    match (error.kind, error.origin) {
        (ErrorKind::Transport(Failed { phase: Phase::Prompt, .. }), Origin::UserPool) => {
            "; a password is read by --password-stdin or from AWS_COGNITO_PASSWORD, a code at a terminal alone"
        }
        (ErrorKind::Transport(Failed { phase: Phase::Prompt, .. }), _) => {
            "; a code is passed by --mfa-code CODE, with --role-arn and --mfa-serial"
        }
        _ => "",
    }
}
