//! Access tokens of IAM Identity Center, refreshed (*CreateToken*, IAM Identity Center OIDC API reference).

use core::ops::Range;

use super::sso::REPLY_HEADERS;
use crate::call::read_json_error;
use crate::error::{ErrorKind, Origin};
use crate::flow::request::{Draft, write_signed};
use crate::flow::{Ask, Endpoint, Next, Outcome, Retries, Sequence, Source, Stage, Trouble, Workspace};
use crate::wire::Put;
use crate::wire::json::{self, Token, Writer};

/// The flow that exchanges a refresh token for an access token. It is sent once: a refresh token may be good for one
/// use alone.
///
/// Slots: one, which stays empty. Exchange buffer: 2 KB and twice the length of the tokens. The reply, a JSON document
/// with `accessToken`, `expiresIn` in seconds and often a new `refreshToken`, stays in the exchange buffer, at
/// [`TokenRefresh::reply`]; the caller wipes it.
///
/// ```
/// use rolecall_core::flow::Endpoint;
/// use rolecall_core::sources::{SsoRefresh, SsoToken};
///
/// let oidc = Endpoint::parse("https://oidc.eu-west-1.amazonaws.com")?;
/// let client = SsoToken { client_id: "id", client_secret: "secret", refresh_token: "token" };
/// let flow = SsoRefresh::new(oidc, client);
/// assert!(flow.source().reply().is_empty()); // not sent yet
/// # Ok::<(), rolecall_core::wire::Error>(())
/// ```
pub type SsoRefresh<'c> = Sequence<TokenRefresh<'c>>;

/// A refresh token, and the client that it was issued to.
#[derive(Clone, Copy)]
pub struct SsoToken<'c> {
    /// `clientId` of the registration.
    pub client_id: &'c str,
    /// `clientSecret` of the registration.
    pub client_secret: &'c str,
    /// `refreshToken`.
    pub refresh_token: &'c str,
}

/// The step of [`SsoRefresh`].
#[derive(Debug)]
pub struct TokenRefresh<'c> {
    endpoint: Endpoint<'c>,
    token: SsoToken<'c>,
    reply: Range<usize>,
}

impl<'c> SsoRefresh<'c> {
    /// A refresh at `oidc` (`https://oidc.REGION.amazonaws.com`).
    pub fn new(oidc: Endpoint<'c>, token: SsoToken<'c>) -> Self {
        Self::of(TokenRefresh { endpoint: oidc, token, reply: 0..0 })
    }
}

impl TokenRefresh<'_> {
    /// The position of the reply's document in the exchange buffer, after a run that succeeded.
    pub fn reply(&self) -> Range<usize> {
        self.reply.clone()
    }
}

impl<'c> Source<'c> for TokenRefresh<'c> {
    fn origin(&self) -> Origin {
        Origin::Sso
    }

    fn stage(&self, _: u8) -> &'static Stage {
        static CREATE: Stage = Stage {
            leaves_reply: true,
            repeatable: false,
            ..Stage::service("CreateToken").retries(Retries::Unsent).reply_headers(&REPLY_HEADERS)
        };
        &CREATE
    }

    fn ask(&mut self, _: u8, work: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind> {
        work.slot()?.clear();
        self.reply = 0..0;
        let SsoToken { client_id, client_secret, refresh_token } = self.token;
        let members = [
            ("clientId", client_id),
            ("clientSecret", client_secret),
            ("grantType", "refresh_token"),
            ("refreshToken", refresh_token),
        ];
        let body = |mut out: &mut dyn Put| {
            let mut json = Writer::new(&mut out);
            json.begin_object();
            for (name, value) in members {
                json.key(name);
                json.string(value);
            }
            json.end_object();
        };
        let headers = [("Content-Type", &b"application/json"[..])];
        let draft =
            Draft { method: "POST", target: "/token", headers: &headers, ..Draft::new(&self.endpoint) };
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
            for secret in [self.token.client_secret, self.token.refresh_token] {
                work.report.redact(secret);
            }
            let recoverable = matches!(reply.status, 429 | 500..);
            return Err(ErrorKind::Refused { status: reply.status, recoverable }.into());
        }
        match json::member(body, "accessToken").map_err(ErrorKind::Malformed)? {
            Some(Token::Str(text)) if !text.is("") => {}
            Some(_) => return Err(ErrorKind::Unusable("accessToken").into()),
            None => return Err(ErrorKind::Missing("accessToken").into()),
        }
        self.reply = reply.body.clone();
        Ok(Next::Done)
    }
}

impl core::fmt::Debug for SsoToken<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SsoToken({:?})", self.client_id)
    }
}
