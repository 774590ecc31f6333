//! Sign-in with IAM Identity Center: the role's credentials, and the token they are requested with.

use rolecall_core::error::{Error as SourceError, ErrorKind, Failure, FailureKind, Origin};
use rolecall_core::flow::{Report, Slot};
use rolecall_core::sources::{Sso, SsoRefresh, SsoToken};
use rolecall_core::wire::time::UnixTime;
use sha1::{Digest, Sha1};

use super::sso_token::{Renewed, TokenFile};
use super::{Fetched, Fetcher};
use crate::driver::EXCHANGE;
use crate::host::{Buffer, Streams};
use crate::settings::profiles::SsoSession;
use crate::{Error, Settings, lock};

/// A token is renewed in the last quarter of an hour of its life, as by the AWS CLI.
const RENEWED_BEFORE: i64 = 15 * 60;

impl Fetcher<'_> {
    /// The credentials of the role that the profile names.
    pub(super) fn sso(&self, session: &SsoSession) -> Result<Fetched, Error> {
        let settings = self.settings;
        let (Some(account), Some(role)) = (&session.account_id, &session.role_name) else {
            return Err(Error::Configuration(
                "it has an sso_session but neither sso_account_id nor sso_role_name".to_owned(),
            ));
        };
        let Some(path) = token_file(settings, session) else {
            return Err(Error::Configuration("no home folder: HOME is not set".to_owned()));
        };
        let url = settings.sign_in_url("sso", "portal.sso", &session.region)?;
        let renewed = self.renew(session, &path);
        let fetched = renewed.and_then(|()| {
            self.credentials(&mut Sso::new(settings.parsed("sso", &url)?, &path, account, role))
        });
        fetched.map_err(|error| with_advice(error, session))
    }

    /// Renews the token of a file if it is about to end, or has ended, and can be renewed.
    fn renew(&self, session: &SsoSession, path: &str) -> Result<(), Error> {
        let token = match self.read_token(path) {
            Ok(token) => token,
            // The flow that reads it has the error.
            Err(failure) if failure.kind == FailureKind::NotFound => return Ok(()),
            Err(failure) => return Err(of_file(path, failure, "")),
        };
        token.check(path, &sign_in(session))?;
        if !self.is_due(&token) {
            return Ok(());
        }
        match self.renew_now(session, path) {
            // The one there is will do for some minutes.
            Err(_) if token.left(self.time()).is_some_and(|left| left > 0) => Ok(()),
            result => result,
        }
    }

    /// Whether the token ends within minutes, and has what it takes to renew it.
    fn is_due(&self, token: &TokenFile) -> bool {
        let time = self.time();
        token.left(time).is_some_and(|left| left <= RENEWED_BEFORE) && token.is_renewable(time)
    }

    fn renew_now(&self, session: &SsoSession, path: &str) -> Result<(), Error> {
        // A refresh token may be good for one use: one process at a time has it.
        let held = self.host.lock_file(path).map_err(|failure| of_lock(path, failure))?;
        let token = self.read_token(path).map_err(|failure| of_file(path, failure, ""))?;
        if !self.is_due(&token) {
            // Another process has renewed it meanwhile.
            return Ok(());
        }
        let renewed = self.exchange_token(session, &token)?;
        let document = token.with(&renewed, self.time());
        let document = document.ok_or_else(|| {
            Error::invalid(path, &format!("not a JSON object; sign in again: {}", sign_in(session)))
        })?;
        let written = "the renewed token cannot be kept: this user has to be able to write to its folder";
        self.host.replace_file(path, &document).map_err(|failure| of_file(path, failure, written))?;
        drop(held);
        Ok(())
    }

    fn exchange_token(&self, session: &SsoSession, token: &TokenFile) -> Result<Renewed, Error> {
        let url = self.settings.sign_in_url("sso-oidc", "oidc", &session.region)?;
        let client = SsoToken {
            client_id: token.client_id(),
            client_secret: token.client_secret(),
            refresh_token: token.refresh_token(),
        };
        let mut flow = SsoRefresh::new(self.settings.parsed("sso-oidc", &url)?, client);
        let driver = self.driver(EXCHANGE + token.len());
        let (mut buffer, mut report, mut nothing) = (Buffer::new(), Report::new(), []);
        let mut slots = [Slot::new(&mut nothing)];
        let sent = driver.drive_in(&mut buffer, &mut Streams::default(), &mut flow, &mut slots, &mut report);
        sent.map_err(|error| self.failed(&driver, error, report))?;
        let reply = buffer.bytes().get(flow.source().reply()).unwrap_or_default();
        Renewed::parse(reply).ok_or_else(|| {
            SourceError::new(Origin::Sso, "CreateToken", ErrorKind::Unusable("accessToken or expiresIn"))
                .into()
        })
    }

    fn read_token(&self, path: &str) -> Result<TokenFile, Failure> {
        let mut buffer = Buffer::new();
        self.host.read_file(path, &mut buffer)?;
        Ok(TokenFile::new(buffer))
    }

    fn time(&self) -> Option<UnixTime> {
        lock(self.clock).time(self.host.now())
    }
}

/// The error of a token file, with what to do if the failure itself does not say it.
fn of_file(path: &str, failure: Failure, advice: &str) -> Error {
    let error = SourceError::new(Origin::Sso, "access token", ErrorKind::Transport(failure));
    let mut error = Error::from(error);
    if let Error::Source { detail, .. } = &mut error {
        path.clone_into(&mut detail.about);
        advice.clone_into(&mut detail.advice);
    }
    error
}

/// The error of the lock beside a token file.
fn of_lock(path: &str, failure: Failure) -> Error {
    let advice = match failure.kind {
        FailureKind::Unsupported => {
            "the token has ended, and this program cannot lock its file here: aws sso login"
        }
        FailureKind::Timeout => "another process has been renewing the token for seconds; try again",
        _ => "the token has ended, and the lock that renewing it takes cannot be made beside its file",
    };
    let lock = std::path::Path::new(path).with_extension("lock");
    of_file(&lock.to_string_lossy(), failure, advice)
}

/// The command that signs in to the session of a profile.
fn sign_in(session: &SsoSession) -> String {
    let of_session = match &session.session {
        Some(name) => format!(" (sso-session {name})"),
        None => String::new(),
    };
    format!("aws sso login --profile {}{of_session}", quoted(&session.profile))
}

/// Says how to sign in again, with the names of profile and session.
fn with_advice(mut error: Error, session: &SsoSession) -> Error {
    let advice = error.advice().to_owned();
    if let (Error::Source { detail, .. }, Some(before)) = (&mut error, advice.strip_suffix("aws sso login")) {
        detail.advice = format!("{before}{}", sign_in(session));
    }
    error
}

/// A name as an argument of a command line.
fn quoted(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./+@:".contains(&byte));
    if plain { name.to_owned() } else { format!("'{}'", name.replace('\'', "'\\''")) }
}

/// The path of the file that AWS clients keep the session's access token in; `None` without a home folder.
pub(crate) fn token_file(settings: &Settings, session: &SsoSession) -> Option<String> {
    let folder = settings.sso_cache.as_ref()?;
    Some(format!("{folder}/{}", file_name(session.session.as_ref().unwrap_or(&session.start_url))))
}

/// The name of the file that AWS clients keep a session's access token in.
fn file_name(session: &str) -> String {
    let hash = Sha1::digest(session.as_bytes());
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    hex + ".json"
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_cache_file_name_is_derived_from_the_start_url() {
        // From the published vector chain/sso_assume_role.
        let name = super::file_name("https://ssotest.awsapps.com/start");
        assert_eq!(name, "dace00cba5f8355ec9d274ceb2bcebdfbeed0e12.json");
    }

    #[test]
    fn a_name_is_one_argument_of_a_command_line() {
        for (name, argument) in [("dev", "dev"), ("My MacBook", "'My MacBook'"), ("it's", "'it'\\''s'")] {
            assert_eq!(super::quoted(name), argument);
        }
    }
}
