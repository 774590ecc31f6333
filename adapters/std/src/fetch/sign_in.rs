//! Sign-ins that processes share by a file: what is said about the file, and how to sign in again.

use std::path::Path;

use rolecall_core::error::{Error as SourceError, ErrorKind, Failure, FailureKind, Origin};
use rolecall_core::wire::time::UnixTime;

use super::Fetcher;
use crate::host::Buffer;
use crate::sessions::sso::SignInState;
use crate::settings::profiles::Base;
use crate::{Error, lock};

/// A sign-in, for errors about it.
pub(super) struct SignIn {
    pub(super) origin: Origin,
    /// What its file has.
    pub(super) step: &'static str,
    /// The command that signs in, without arguments.
    pub(super) plain: &'static str,
    /// The same for the profile.
    pub(super) command: String,
}

impl SignIn {
    /// The error of its file, with what to do if the failure itself does not say it.
    pub(super) fn of_file(&self, path: &str, failure: Failure, advice: &str) -> Error {
        let error = SourceError::new(self.origin, self.step, ErrorKind::Transport(failure));
        let mut error = Error::from(error);
        if let Error::Source { detail, .. } = &mut error {
            path.clone_into(&mut detail.about);
            advice.clone_into(&mut detail.advice);
        }
        error
    }

    /// The error of the lock beside its file.
    pub(super) fn of_lock(&self, path: &str, failure: Failure) -> Error {
        let step = self.step;
        let advice = match failure.kind {
            FailureKind::Unsupported => {
                format!("the {step} has ended, and this program cannot lock its file here: {}", self.command)
            }
            FailureKind::Timeout => {
                format!("another process has been renewing the {step} for seconds; try again")
            }
            _ => {
                format!(
                    "the {step} has ended, and the lock that renewing it takes cannot be made beside its file"
                )
            }
        };
        self.of_file(&Path::new(path).with_extension("lock").to_string_lossy(), failure, &advice)
    }

    /// Names the profile in the command that an error advises.
    pub(super) fn advise(&self, mut error: Error) -> Error {
        let advice = error.advice().to_owned();
        if let (Error::Source { detail, .. }, Some(before)) = (&mut error, advice.strip_suffix(self.plain)) {
            detail.advice = format!("{before}{}", self.command);
        }
        error
    }
}

impl Fetcher<'_> {
    /// When the sign-in of the profile ends, as its file says.
    pub(crate) fn sign_in_state(&self) -> SignInState {
        let plan = self.settings.profile.as_ref().ok().and_then(Option::as_ref);
        let end = match plan.map(|plan| &plan.base) {
            #[cfg(feature = "sso")]
            Some(Base::Sso(session)) => self.token_end(session),
            #[cfg(feature = "login")]
            Some(Base::Login(session)) => self.session_end(session),
            _ => return SignInState::NotNeeded,
        };
        end.map_or(SignInState::SignedOut, SignInState::Until)
    }

    pub(super) fn read_shared(&self, path: &str) -> Result<Buffer, Failure> {
        let mut buffer = Buffer::new();
        self.host.read_file(path, &mut buffer)?;
        Ok(buffer)
    }

    pub(super) fn time(&self) -> Option<UnixTime> {
        lock(self.clock).time(self.host.now())
    }
}

/// A name as an argument of a command line.
pub(super) fn quoted(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./+@:".contains(&byte));
    if plain { name.to_owned() } else { format!("'{}'", name.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_is_one_argument_of_a_command_line() {
        for (name, argument) in [("dev", "dev"), ("My MacBook", "'My MacBook'"), ("it's", "'it'\\''s'")] {
            assert_eq!(super::quoted(name), argument);
        }
    }
}
