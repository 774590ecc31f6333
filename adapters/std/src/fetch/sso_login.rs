//! Signing in at IAM Identity Center by a code that the user confirms in a browser, and signing out (*OAuth 2.0 Device
//! Authorization Grant*, RFC 8628).

use std::time::Duration;

use rolecall_core::error::{Error as SourceError, ErrorKind, FailureKind, Origin};
use rolecall_core::flow::{Ask, Endpoint, Next, Outcome, Sequence, Source, Stage, Trouble, Workspace};
use rolecall_core::sources::{OidcClient, OidcGrant, OidcRequest};
use rolecall_core::wire::json::{Token, member};
use rolecall_core::wire::time::UnixTime;

use super::Fetcher;
use super::sso::{sign_in, token_file};
use super::sso_token::{Renewed, TokenFile};
use crate::Error;
use crate::driver::EXCHANGE;
use crate::host::Buffer;
use crate::json::text;
use crate::members::{replaced, string};
use crate::secret::Wiped;
use crate::sessions::sso::{DeviceCode, SignedIn, SignedOut};
use crate::settings::profiles::{Base, SsoSession};

/// The name that the user sees in the browser.
const CLIENT: &str = "rolecall";
/// Seconds between two questions for the token, and more of them where the service says that it is asked too often.
const INTERVAL: u64 = 5;
/// Seconds that a code is good for, at most.
const LONGEST: u64 = 3_600;

/// A client, as it was registered.
struct Registered {
    id: Wiped<String>,
    secret: Wiped<String>,
    /// Seconds since 1970.
    end: Option<u64>,
}

/// A code, and what is asked with it.
struct Authorized {
    shown: DeviceCode,
    device_code: Wiped<String>,
    interval: u64,
}

impl Fetcher<'_> {
    /// Signs in to the session of the profile, and keeps the token where AWS clients look for it.
    pub(crate) fn sso_sign_in(&self, show: &mut dyn FnMut(&DeviceCode)) -> Result<SignedIn, Error> {
        let session = self.sso_session()?;
        let path = self.sso_file(session)?;
        // Before the user confirms anything: where the token cannot be kept, that would be for nothing.
        let cannot = |failure| sign_in(session).of_file(&path, failure, CANNOT_KEEP);
        drop(self.host.lock_file(&path).map_err(cannot)?);
        let registered = self.register(session)?;
        let authorized = self.authorize(session, &registered)?;
        show(&authorized.shown);
        let token = self.confirmed(session, &registered, &authorized)?;
        let time = self.time();
        let document = registered.file(session).with(&token, time);
        let (Some(document), Some(time)) = (document, time) else {
            return Err(Error::Configuration("the clock has no time; set it".to_owned()));
        };
        let held = self.host.lock_file(&path).map_err(cannot)?;
        self.host.replace_file(&path, &document).map_err(cannot)?;
        drop(held);
        Ok(SignedIn { start_url: session.start_url.clone(), expiration: token.expiration(time), file: path })
    }

    /// Ends the session of the profile, and removes its token.
    pub(crate) fn sso_sign_out(&self) -> Result<SignedOut, Error> {
        let session = self.sso_session()?;
        let path = self.sso_file(session)?;
        let sign_in = sign_in(session);
        let token = match self.read_token(&path) {
            Ok(token) => token,
            Err(failure) if failure.kind == FailureKind::NotFound => return Ok(SignedOut { file: None }),
            Err(failure) => return Err(sign_in.of_file(&path, failure, "")),
        };
        let ended = self.end_session(session, &token.access_token());
        let held = self.host.lock_file(&path).map_err(|failure| sign_in.of_lock(&path, failure))?;
        self.host.remove_file(&path).map_err(|failure| sign_in.of_file(&path, failure, ""))?;
        drop(held);
        match ended {
            // A token that has ended ends no session.
            Err(Error::Source { error: SourceError { kind: ErrorKind::Status(401 | 403), .. }, .. }) => {}
            Err(error) => return Err(error),
            Ok(()) => {}
        }
        Ok(SignedOut { file: Some(path) })
    }

    fn sso_session(&self) -> Result<&SsoSession, Error> {
        let name = &self.settings.profile_name;
        let plan = self.settings.profile.as_ref().map_err(Clone::clone)?;
        match plan.as_ref().map(|plan| &plan.base) {
            Some(Base::Sso(session)) => Ok(session),
            _ => Err(Error::Configuration(format!(
                "profile {name}: it has no sign-in with IAM Identity Center (sso_session, or sso_start_url and \
                 sso_region); name one that has, with --profile or AWS_PROFILE"
            ))),
        }
    }

    fn sso_file(&self, session: &SsoSession) -> Result<String, Error> {
        let missing = || Error::Configuration("no home folder: HOME is not set".to_owned());
        token_file(self.settings, session).ok_or_else(missing)
    }

    fn register(&self, session: &SsoSession) -> Result<Registered, Error> {
        let scopes: Vec<&str> = session.scopes.iter().map(String::as_str).collect();
        let request = OidcRequest::Register { name: CLIENT, scopes: &scopes };
        self.oidc(session, request, EXCHANGE, |reply| {
            let (Some(id), Some(secret)) = (text(reply, "clientId"), text(reply, "clientSecret")) else {
                return Err(unusable("RegisterClient", "clientId or clientSecret"));
            };
            Ok(Registered { id, secret, end: number(reply, "clientSecretExpiresAt") })
        })
    }

    fn authorize(&self, session: &SsoSession, registered: &Registered) -> Result<Authorized, Error> {
        let request = OidcRequest::Authorize { client: registered.client(), start_url: &session.start_url };
        self.oidc(session, request, EXCHANGE + registered.len(), |reply| {
            let unusable = |what| unusable("StartDeviceAuthorization", what);
            let shown = |name, most: usize| {
                let text = text(reply, name)?;
                // It is printed at a terminal.
                let plain =
                    text.bytes().all(|byte| byte.is_ascii_graphic()) && (1..=most).contains(&text.len());
                plain.then(|| text.to_string())
            };
            let url = |name| shown(name, 2_048).filter(|url| url.starts_with("https://"));
            let expected = "verificationUri, which has to start with https:// and to be printable ASCII,";
            let verification_url = url("verificationUri").ok_or_else(|| unusable(expected))?;
            let user_code = shown("userCode", 64).ok_or_else(|| unusable("userCode"))?;
            let device_code = text(reply, "deviceCode").ok_or_else(|| unusable("deviceCode"))?;
            let life = number(reply, "expiresIn").unwrap_or(600).clamp(1, LONGEST);
            Ok(Authorized {
                shown: DeviceCode {
                    user_code,
                    verification_url,
                    complete_url: url("verificationUriComplete"),
                    lifetime: Duration::from_secs(life),
                },
                device_code,
                interval: number(reply, "interval").unwrap_or(INTERVAL).clamp(1, 60),
            })
        })
    }

    /// Asks for the token until the user has confirmed the code, or it has ended.
    fn confirmed(
        &self,
        session: &SsoSession,
        registered: &Registered,
        authorized: &Authorized,
    ) -> Result<Renewed, Error> {
        let life = u64::try_from(authorized.shown.lifetime.as_millis()).unwrap_or(u64::MAX);
        let end = self.host.monotonic().after_ms(life);
        let mut interval = authorized.interval;
        let grant = OidcGrant::Device(&authorized.device_code);
        let request = OidcRequest::Token { client: registered.client(), grant };
        let room = EXCHANGE + registered.len() + authorized.device_code.len();
        loop {
            let next = self.host.monotonic().after_ms(interval.saturating_mul(1_000));
            if next > end {
                return Err(Error::Configuration(
                    "the code was not confirmed before it ended; run rolecall login again".to_owned(),
                ));
            }
            self.host.sleep_until(next);
            let error = match self.oidc(session, request, room, Renewed::of_reply) {
                Ok(token) => return Ok(token),
                Err(error) => error,
            };
            let Error::Source { error: source, report, .. } = &error else { return Err(error) };
            match (report.code(), source.kind) {
                ("AuthorizationPendingException" | "authorization_pending", _) => {}
                ("SlowDownException" | "slow_down", _) => interval = interval.saturating_add(INTERVAL),
                ("AccessDeniedException" | "access_denied", _) => {
                    return Err(Error::Configuration("the user refused the code in the browser".to_owned()));
                }
                ("ExpiredTokenException" | "expired_token", _) => {
                    return Err(Error::Configuration(
                        "the code was not confirmed before it ended; run rolecall login again".to_owned(),
                    ));
                }
                // The network may come back while the user is reading.
                (_, ErrorKind::Transport(failure)) if failure.is_passing() => {}
                (_, ErrorKind::Refused { recoverable: true, .. }) => {}
                _ => return Err(error),
            }
        }
    }

    fn end_session(&self, session: &SsoSession, access_token: &str) -> Result<(), Error> {
        let url = self.settings.sign_in_url("sso", "portal.sso", &session.region)?;
        let endpoint = self.settings.parsed("sso", &url)?;
        self.run_in(
            EXCHANGE + access_token.len(),
            1,
            &mut Sequence::of(Logout { endpoint, access_token }),
            |_, _| Some(()),
        )
    }
}

/// What is said where the token cannot be kept.
const CANNOT_KEEP: &str = "the token is kept there: this user has to be able to write to that folder, and the system to lock a \
    file; where it cannot, sign in with aws sso login";

impl Registered {
    fn client(&self) -> OidcClient<'_> {
        OidcClient { id: &self.id, secret: &self.secret }
    }

    fn len(&self) -> usize {
        self.id.len() + self.secret.len()
    }

    /// The file that AWS clients read, without a token.
    fn file(&self, session: &SsoSession) -> TokenFile {
        let mut members = vec![
            ("startUrl", string(&session.start_url)),
            ("region", string(&session.region)),
            ("clientId", string(&self.id)),
            ("clientSecret", string(&self.secret)),
        ];
        if let Some(end) = self.end {
            let end = UnixTime::from_secs(end.min(UnixTime::MAX.as_secs()));
            members.push(("registrationExpiresAt", string(end.rfc3339().as_str())));
        }
        let mut content = Buffer::new();
        content.append(&replaced(b"{}", members).unwrap_or_default());
        TokenFile::new(content)
    }
}

fn unusable(step: &'static str, what: &'static str) -> SourceError {
    SourceError::new(Origin::Sso, step, ErrorKind::Unusable(what))
}

/// The whole part of a number, if there is one.
fn number(document: &[u8], name: &str) -> Option<u64> {
    match member(document, name).ok()?? {
        Token::Number(digits) => digits.split('.').next()?.parse().ok(),
        _ => None,
    }
}

/// The request that ends a session at the portal.
struct Logout<'c> {
    endpoint: Endpoint<'c>,
    access_token: &'c str,
}

impl<'c> Source<'c> for Logout<'c> {
    fn origin(&self) -> Origin {
        Origin::Sso
    }

    fn stage(&self, _: u8) -> &'static Stage {
        const { &Stage::service("Logout") }
    }

    fn ask(&mut self, _: u8, work: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind> {
        let token = [("x-amz-sso_bearer_token", self.access_token.as_bytes())];
        work.request("POST", self.endpoint, &["/logout"], &token)
    }

    fn take(&mut self, _: u8, _: &mut Workspace<'_, '_>, outcome: Outcome<'_>) -> Result<Next, Trouble> {
        outcome.reply()?.expect(200)?;
        Ok(Next::Done)
    }
}
