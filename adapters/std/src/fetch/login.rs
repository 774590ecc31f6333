//! Sessions of `aws login`: their credentials, which last a quarter of an hour, and are renewed in the session's file.

use rolecall_core::error::Origin;
use rolecall_core::sigv4::sha256_hex;
use rolecall_core::sources::{Fixed, LoginRefresh, LoginToken};
use rolecall_core::wire::time::UnixTime;

use super::login_file::LoginFile;
use super::sign_in::{SignIn, quoted};
use super::{Fetched, Fetcher, SLOT, taken};
use crate::certificate::ProofKey;
use crate::driver::EXCHANGE;
use crate::secret::Wiped;
use crate::settings::checked_region;
use crate::settings::profiles::LoginSession;
use crate::{Error, Settings};

/// Credentials are renewed in the last five minutes of their life, as by the AWS CLI.
const RENEWED_BEFORE: i64 = 5 * 60;

impl Fetcher<'_> {
    /// The credentials of the session that the profile names.
    pub(super) fn login(&self, session: &LoginSession) -> Result<Fetched, Error> {
        let Some(path) = session_file(self.settings, session) else {
            let problem = "no home folder: set HOME, or AWS_LOGIN_CACHE_DIRECTORY";
            return Err(Error::Configuration(problem.to_owned()));
        };
        let plain = "aws login";
        let command = format!("{plain} --profile {}", quoted(&session.profile));
        let sign_in = SignIn { origin: Origin::Login, step: "session", plain, command };
        let file = self.read_session(&path, &sign_in)?;
        if !self.ends_soon(&file) {
            return self.held(&file);
        }
        match self.renew_session(&path, &sign_in) {
            // The ones there are will do for some minutes.
            Err(_) if file.left(self.time()).is_some_and(|left| left > 0) => self.held(&file),
            result => result.map_err(|error| sign_in.advise(error)),
        }
    }

    /// When the credentials of a session end; `None` if there are none.
    pub(super) fn session_end(&self, session: &LoginSession) -> Option<UnixTime> {
        let path = session_file(self.settings, session)?;
        LoginFile::read(self.read_shared(&path).ok()?).ok()?.credentials.expiration()
    }

    fn read_session(&self, path: &str, sign_in: &SignIn) -> Result<LoginFile, Error> {
        let advice = format!("sign in: {}", sign_in.command);
        let content = self.read_shared(path).map_err(|failure| sign_in.of_file(path, failure, &advice))?;
        LoginFile::read(content).map_err(|problem| unusable(path, &problem, sign_in))
    }

    fn ends_soon(&self, file: &LoginFile) -> bool {
        file.left(self.time()).is_some_and(|left| left <= RENEWED_BEFORE)
    }

    /// The credentials in a file.
    fn held(&self, file: &LoginFile) -> Result<Fetched, Error> {
        self.credentials(&mut Fixed::new(Some(file.credentials.borrow())))
    }

    fn renew_session(&self, path: &str, sign_in: &SignIn) -> Result<Fetched, Error> {
        // A refresh token may be good for one use: one process at a time has it.
        let held = self.host.lock_file(path).map_err(|failure| sign_in.of_lock(path, failure))?;
        let file = self.read_session(path, sign_in)?;
        if !self.ends_soon(&file) {
            // Another process has renewed it meanwhile.
            return self.held(&file);
        }
        let key = ProofKey::read(file.key.as_bytes())
            .map_err(|problem| unusable(path, &format!("its dpopKey: {problem}"), sign_in))?;
        let (fetched, refresh_token) = self.exchange_session(&file, &key)?;
        let document = file
            .with(&fetched.0, &refresh_token)
            .ok_or_else(|| unusable(path, "not an object of JSON", sign_in))?;
        let written = "the renewed session cannot be kept: this user has to be able to write to its folder";
        self.host.replace_file(path, &document).map_err(|failure| sign_in.of_file(path, failure, written))?;
        drop(held);
        Ok(fetched)
    }

    /// Requests the next credentials and the next refresh token.
    fn exchange_session(&self, file: &LoginFile, key: &ProofKey) -> Result<(Fetched, Wiped<String>), Error> {
        let region = match &file.region {
            Some(region) => checked_region("signInRegion of the session", region)?,
            None => self.settings.region()?,
        };
        let url = self.settings.console_url(region)?;
        let service = self.settings.parsed("signin", &url)?;
        let mut random = [0; 16];
        self.host.random(&mut random).map_err(|failure| {
            Error::Configuration(format!("random numbers, which renewing a session takes: {failure}"))
        })?;
        let token = LoginToken {
            client_id: &file.client_id,
            refresh_token: &file.refresh_token,
            account_id: file.credentials.account_id().unwrap_or_default(),
        };
        let mut flow = LoginRefresh::new(service, token, key.coordinates(), random);
        let renewing = Fetcher { key: Some(key.key()), ..*self };
        renewing.run_in(EXCHANGE + file.len(), SLOT, &mut flow, |lease, slot| {
            let next = Wiped::new(LoginRefresh::refresh_token(slot)?.to_owned());
            Some((taken(lease, slot)?, next))
        })
    }
}

/// The error of a file whose content is of no use.
fn unusable(path: &str, problem: &str, sign_in: &SignIn) -> Error {
    Error::invalid(path, &format!("{problem}; sign in again: {}", sign_in.command))
}

/// The path of the file that `aws login` keeps a session in; `None` without a folder for it.
fn session_file(settings: &Settings, session: &LoginSession) -> Option<String> {
    let folder = settings.login_cache.as_ref()?;
    let hash = sha256_hex(session.session.as_bytes());
    Some(format!("{folder}/{}.json", hash.as_str()))
}
