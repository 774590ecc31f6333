//! The token service of IAM Identity Center (*RegisterClient*, *StartDeviceAuthorization*, *CreateToken*, IAM Identity Center
//! OIDC API reference).

use core::fmt;
use core::ops::Range;

use super::sso::REPLY_HEADERS;
use crate::call::read_json_error;
use crate::error::{ErrorKind, Origin};
use crate::flow::request::{Draft, write_signed};
use crate::flow::{Ask, Endpoint, Next, Outcome, Retries, Sequence, Source, Stage, Trouble, Workspace};
use crate::wire::Put;
use crate::wire::json::{self, Token, Writer};

/// The flow of one request to the token service. Signing in takes three kinds: a program registers, asks for a code that the
/// user confirms in a browser, and then for the token, again and again until that is done (RFC 8628). A refresh token, which
/// may be good for one use alone, is sent once.
///
/// Slots: one, which stays empty. Exchange buffer: 2 KB and twice the length of the texts. The reply, a JSON document,
/// stays in the exchange buffer, at [`OidcCall::reply`]; the caller wipes it.
///
/// ```
/// use rolecall_core::flow::Endpoint;
/// use rolecall_core::sources::{OidcClient, OidcGrant, OidcRequest, SsoOidc};
///
/// let oidc = Endpoint::parse("https://oidc.eu-west-1.amazonaws.com")?;
/// let client = OidcClient { id: "id", secret: "secret" };
/// let flow = SsoOidc::new(oidc, OidcRequest::Token { client, grant: OidcGrant::Refresh("token") });
/// assert!(flow.source().reply().is_empty()); // not sent yet
/// # Ok::<(), rolecall_core::wire::Error>(())
/// ```
pub type SsoOidc<'c> = Sequence<OidcCall<'c>>;

/// A registered client.
#[derive(Clone, Copy)]
pub struct OidcClient<'c> {
    /// `clientId` of the registration.
    pub id: &'c str,
    /// `clientSecret` of the registration.
    pub secret: &'c str,
}

/// What a token is issued for.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum OidcGrant<'c> {
    /// A `refreshToken`.
    Refresh(&'c str),
    /// A `deviceCode`, which the user may not have confirmed yet.
    Device(&'c str),
}

/// A request to the token service, and what the reply has.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum OidcRequest<'c> {
    /// RegisterClient: `clientId`, `clientSecret`, and `clientSecretExpiresAt` in seconds since 1970.
    Register {
        /// The name that the user sees.
        name: &'c str,
        /// What the token is to be good for: `sso:account:access`.
        scopes: &'c [&'c str],
    },
    /// StartDeviceAuthorization: `deviceCode`, `userCode`, `verificationUri`, `verificationUriComplete`, `expiresIn` and
    /// `interval` in seconds.
    Authorize {
        /// The client.
        client: OidcClient<'c>,
        /// The portal of the organization.
        start_url: &'c str,
    },
    /// CreateToken: `accessToken`, `expiresIn` in seconds, and often a `refreshToken`. Until a device code is confirmed, the
    /// error is `AuthorizationPendingException`, or `SlowDownException`.
    Token {
        /// The client.
        client: OidcClient<'c>,
        /// What it is issued for.
        grant: OidcGrant<'c>,
    },
}

/// The step of [`SsoOidc`].
#[derive(Debug)]
pub struct OidcCall<'c> {
    endpoint: Endpoint<'c>,
    request: OidcRequest<'c>,
    reply: Range<usize>,
}

impl<'c> SsoOidc<'c> {
    /// A request to `oidc` (`https://oidc.REGION.amazonaws.com`).
    pub fn new(oidc: Endpoint<'c>, request: OidcRequest<'c>) -> Self {
        Self::of(OidcCall { endpoint: oidc, request, reply: 0..0 })
    }
}

impl OidcCall<'_> {
    /// The position of the reply's document in the exchange buffer, after a run that succeeded.
    pub fn reply(&self) -> Range<usize> {
        self.reply.clone()
    }
}

impl OidcRequest<'_> {
    fn target(&self) -> &'static str {
        match self {
            Self::Register { .. } => "/client/register",
            Self::Authorize { .. } => "/device_authorization",
            Self::Token { .. } => "/token",
        }
    }

    /// A member that the reply has to have.
    fn needed(&self) -> &'static str {
        match self {
            Self::Register { .. } => "clientId",
            Self::Authorize { .. } => "deviceCode",
            Self::Token { .. } => "accessToken",
        }
    }

    fn put(&self, mut out: &mut dyn Put) {
        let mut json = Writer::new(&mut out);
        let text = |json: &mut Writer<'_, &mut dyn Put>, name, value| {
            json.key(name);
            json.string(value);
        };
        json.begin_object();
        match self {
            Self::Register { name, scopes } => {
                text(&mut json, "clientName", name);
                text(&mut json, "clientType", "public");
                json.key("scopes");
                json.begin_array();
                scopes.iter().for_each(|scope| json.string(scope));
                json.end_array();
            }
            Self::Authorize { client, start_url } => {
                text(&mut json, "clientId", client.id);
                text(&mut json, "clientSecret", client.secret);
                text(&mut json, "startUrl", start_url);
            }
            Self::Token { client, grant } => {
                text(&mut json, "clientId", client.id);
                text(&mut json, "clientSecret", client.secret);
                let (kind, name, value) = match grant {
                    OidcGrant::Refresh(token) => ("refresh_token", "refreshToken", token),
                    OidcGrant::Device(code) => {
                        ("urn:ietf:params:oauth:grant-type:device_code", "deviceCode", code)
                    }
                };
                text(&mut json, "grantType", kind);
                text(&mut json, name, value);
            }
        }
        json.end_object();
    }

    /// Texts that no report may repeat.
    fn secrets(&self) -> [&str; 2] {
        match self {
            Self::Register { .. } => [""; 2],
            Self::Authorize { client, .. } => [client.secret, ""],
            Self::Token { client, grant: OidcGrant::Refresh(secret) | OidcGrant::Device(secret) } => {
                [client.secret, secret]
            }
        }
    }
}

impl<'c> Source<'c> for OidcCall<'c> {
    fn origin(&self) -> Origin {
        Origin::Sso
    }

    fn stage(&self, _: u8) -> &'static Stage {
        const fn stage(name: &'static str) -> Stage {
            Stage { leaves_reply: true, ..Stage::service(name).reply_headers(&REPLY_HEADERS) }
        }
        static REGISTER: Stage = stage("RegisterClient");
        static AUTHORIZE: Stage = stage("StartDeviceAuthorization");
        static TOKEN: Stage = Stage { repeatable: false, ..stage("CreateToken").retries(Retries::Unsent) };
        match self.request {
            OidcRequest::Register { .. } => &REGISTER,
            OidcRequest::Authorize { .. } => &AUTHORIZE,
            OidcRequest::Token { .. } => &TOKEN,
        }
    }

    fn ask(&mut self, _: u8, work: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind> {
        work.slot()?.clear();
        self.reply = 0..0;
        let body = |out: &mut dyn Put| self.request.put(out);
        let headers = [("Content-Type", &b"application/json"[..])];
        let target = self.request.target();
        let draft = Draft { method: "POST", target, headers: &headers, ..Draft::new(&self.endpoint) };
        let request = write_signed::<1>(work.exchange, &draft, Some(&body), None, &mut [])?;
        Ok(Ask::Exchange { endpoint: self.endpoint, address: None, request })
    }

    fn take(&mut self, _: u8, work: &mut Workspace<'_, '_>, outcome: Outcome<'_>) -> Result<Next, Trouble> {
        let reply = outcome.reply()?.reply;
        let body = reply.body(work.exchange);
        if reply.status != 200 {
            let header = reply.headers(work.exchange).text("x-amzn-errortype").unwrap_or_default();
            // What is not JSON is reported by its status.
            let _ = read_json_error(body, header, work.report);
            if let (true, Ok(Some(Token::Str(text)))) =
                (work.report.code().is_empty(), json::member(body, "error"))
            {
                text.put(&mut work.report.new_code());
            }
            if let Ok(Some(Token::Str(text))) = json::member(body, "error_description") {
                text.put(&mut work.report.new_message());
            }
            for secret in self.request.secrets() {
                work.report.redact(secret);
            }
            let recoverable = matches!(reply.status, 429 | 500..);
            return Err(ErrorKind::Refused { status: reply.status, recoverable }.into());
        }
        let needed = self.request.needed();
        match json::member(body, needed).map_err(ErrorKind::Malformed)? {
            Some(Token::Str(text)) if !text.is("") => {}
            Some(_) => return Err(ErrorKind::Unusable(needed).into()),
            None => return Err(ErrorKind::Missing(needed).into()),
        }
        self.reply = reply.body.clone();
        Ok(Next::Done)
    }
}

impl fmt::Debug for OidcClient<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OidcClient({:?})", self.id)
    }
}

impl fmt::Debug for OidcGrant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refresh(_) => "Refresh",
            Self::Device(_) => "Device",
        })
    }
}
