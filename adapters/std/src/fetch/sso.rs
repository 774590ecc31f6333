//! Sign-in with IAM Identity Center: the role's credentials, and the token they are requested with.

use rolecall_core::error::{Error as SourceError, Failure, FailureKind, Origin};
use rolecall_core::flow::{Report, Slot};
use rolecall_core::sources::{OidcClient, OidcGrant, OidcRequest, Sso, SsoOidc};
use rolecall_core::wire::time::UnixTime;
use sha1::{Digest, Sha1};

use super::sign_in::{SignIn, quoted};
use super::sso_token::{Renewed, TokenFile};
use super::{Fetched, Fetcher};
use crate::driver::EXCHANGE;
use crate::host::{Buffer, Streams};
use crate::settings::profiles::SsoSession;
use crate::{Error, Settings};

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
        fetched.map_err(|error| sign_in(session).advise(error))
    }

    /// Renews the token of a file if it is about to end, or has ended, and can be renewed.
    fn renew(&self, session: &SsoSession, path: &str) -> Result<(), Error> {
        let token = match self.read_token(path) {
            Ok(token) => token,
            // The flow that reads it has the error.
            Err(failure) if failure.kind == FailureKind::NotFound => return Ok(()),
            Err(failure) => return Err(sign_in(session).of_file(path, failure, "")),
        };
        token.check(path, &sign_in(session).command)?;
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
        let sign_in = sign_in(session);
        // A refresh token may be good for one use: one process at a time has it.
        let held = self.host.lock_file(path).map_err(|failure| sign_in.of_lock(path, failure))?;
        let token = self.read_token(path).map_err(|failure| sign_in.of_file(path, failure, ""))?;
        if !self.is_due(&token) {
            // Another process has renewed it meanwhile.
            return Ok(());
        }
        let renewed = self.exchange_token(session, &token)?;
        let document = token.with(&renewed, self.time());
        let document = document.ok_or_else(|| {
            Error::invalid(path, &format!("not a JSON object; sign in again: {}", sign_in.command))
        })?;
        let written = "the renewed token cannot be kept: this user has to be able to write to its folder";
        self.host.replace_file(path, &document).map_err(|failure| sign_in.of_file(path, failure, written))?;
        drop(held);
        Ok(())
    }

    fn exchange_token(&self, session: &SsoSession, token: &TokenFile) -> Result<Renewed, Error> {
        let client = OidcClient { id: token.client_id(), secret: token.client_secret() };
        let grant = OidcGrant::Refresh(token.refresh_token());
        self.oidc(session, OidcRequest::Token { client, grant }, EXCHANGE + token.len(), Renewed::of_reply)
    }

    /// Sends a request of at most `room` bytes to the token service, and returns what `read` makes of the reply.
    pub(super) fn oidc<T>(
        &self,
        session: &SsoSession,
        request: OidcRequest<'_>,
        room: usize,
        read: impl FnOnce(&[u8]) -> Result<T, SourceError>,
    ) -> Result<T, Error> {
        let url = self.settings.sign_in_url("sso-oidc", "oidc", &session.region)?;
        let mut flow = SsoOidc::new(self.settings.parsed("sso-oidc", &url)?, request);
        let driver = self.driver(room);
        let (mut buffer, mut report, mut nothing) = (Buffer::new(), Report::new(), []);
        let mut slots = [Slot::new(&mut nothing)];
        let sent = driver.drive_in(&mut buffer, &mut Streams::default(), &mut flow, &mut slots, &mut report);
        sent.map_err(|error| self.failed(&driver, error, report))?;
        read(buffer.bytes().get(flow.source().reply()).unwrap_or_default()).map_err(Error::from)
    }

    /// When the token of a session ends; `None` if there is none.
    pub(super) fn token_end(&self, session: &SsoSession) -> Option<UnixTime> {
        let path = token_file(self.settings, session)?;
        self.read_token(&path).ok()?.end()
    }

    pub(super) fn read_token(&self, path: &str) -> Result<TokenFile, Failure> {
        self.read_shared(path).map(TokenFile::new)
    }
}

/// The sign-in to the session of a profile.
pub(super) fn sign_in(session: &SsoSession) -> SignIn {
    let of_session = match &session.session {
        Some(name) => format!(" (sso-session {name})"),
        None => String::new(),
    };
    let plain = "aws sso login";
    let profile = quoted(&session.profile);
    let command = format!("{plain} --profile {profile}{of_session}, or rolecall login --profile {profile}");
    SignIn { origin: Origin::Sso, step: "access token", plain, command }
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
}
