//! The credential provider of AWS IoT (*Authorizing direct calls to AWS services using AWS IoT Core credential provider*,
//! AWS IoT Core Developer Guide).

use crate::call::read_json_error;
use crate::error::{CodeClass, ErrorKind, Origin};
use crate::flow::source::NO_SLOT;
use crate::flow::{
    Ask, Endpoint, Limits, Next, Outcome, Received, Sequence, Source, Stage, Trouble, Workspace,
};

use super::document::{self, Document};
use super::sso::REPLY_HEADERS;
use super::sts::limits;

/// The flow that exchanges the certificate of a device for credentials, by a role alias. The driver presents the
/// certificate in the TLS handshake ([`Exchange::presents_certificate`](crate::flow::Exchange::presents_certificate)).
///
/// Slots: one. Exchange buffer: at least 1.5 KB; 8 KB for tokens of 4 KB.
///
/// ```
/// use rolecall_core::flow::Endpoint;
/// use rolecall_core::sources::Iot;
///
/// // `aws iot describe-endpoint --endpoint-type iot:CredentialProvider` has it.
/// let provider = Endpoint::parse("https://c2example.credentials.iot.eu-west-1.amazonaws.com")?;
/// let flow = Iot::new(provider, "gateways", Some("gateway-7"));
/// # let _ = flow;
/// # Ok::<(), rolecall_core::wire::Error>(())
/// ```
pub type Iot<'c> = Sequence<RoleAlias<'c>>;

/// The step of [`Iot`].
#[derive(Debug)]
pub struct RoleAlias<'c> {
    endpoint: Endpoint<'c>,
    role_alias: &'c str,
    thing_name: Option<&'c str>,
}

impl<'c> Iot<'c> {
    /// Three seconds to connect, ten to the first byte, fifteen for an exchange, 16 KiB of body.
    pub const LIMITS: Limits = Limits { body_bytes: 16 * 1024, ..Self::DEFAULT_LIMITS };

    /// The role of `role_alias` (1 to 128 letters, digits and characters of `_=,@-`), from the account's credential provider.
    /// `thing_name` (1 to 128 letters, digits and characters of `:_-`) is a thing that the certificate is attached to; its
    /// name and attributes are variables in policies then.
    pub const fn new(endpoint: Endpoint<'c>, role_alias: &'c str, thing_name: Option<&'c str>) -> Self {
        Self::of(RoleAlias { endpoint, role_alias, thing_name }).with_limits(Self::LIMITS)
    }
}

impl<'c> Source<'c> for RoleAlias<'c> {
    fn origin(&self) -> Origin {
        Origin::Iot
    }

    fn stage(&self, _: u8) -> &'static Stage {
        const { &Stage::service("credentials").presents_certificate().reply_headers(&REPLY_HEADERS) }
    }

    fn ask(&mut self, _: u8, work: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind> {
        limits::require(
            limits::is_of(self.role_alias, 1..=128, b"_=,@-"),
            "role alias: 1 to 128 letters, digits and characters of _=,@-",
        )?;
        limits::require(
            self.thing_name.is_none_or(|name| limits::is_of(name, 1..=128, b":_-")),
            "thing name: 1 to 128 letters, digits and characters of :_-",
        )?;
        let thing = self.thing_name.unwrap_or_default();
        let headers = [("x-amzn-iot-thingname", thing.as_bytes())];
        let headers = headers.get(..usize::from(self.thing_name.is_some())).unwrap_or_default();
        work.get(self.endpoint, &["/role-aliases/", self.role_alias, "/credentials"], headers)
    }

    fn take(&mut self, _: u8, work: &mut Workspace<'_, '_>, outcome: Outcome<'_>) -> Result<Next, Trouble> {
        let received = outcome.reply()?;
        if received.reply.status != 200 {
            return Err(refused(work, &received));
        }
        let body = received.reply.body(work.exchange);
        let slot = work.slots.first_mut().ok_or(NO_SLOT)?;
        let document = document::object(body, "credentials");
        document.and_then(|document| Document::Metadata.read(document, slot, work.report))?;
        Ok(Next::Done)
    }
}

/// Reads the error of a service that answers in JSON, and returns whether another attempt may help.
pub(super) fn refused(work: &mut Workspace<'_, '_>, received: &Received<'_>) -> Trouble {
    let reply = received.reply;
    let code = reply.headers(work.exchange).text("x-amzn-errortype").unwrap_or_default();
    // What is not JSON is reported by its status.
    let _ = read_json_error(reply.body(work.exchange), code, work.report);
    let passing =
        matches!(reply.status, 429 | 500..) || CodeClass::of(work.report.code()) == CodeClass::Throttled;
    let kind = match work.report.code() {
        "" => ErrorKind::Status(reply.status),
        _ => ErrorKind::Refused { status: reply.status, recoverable: passing },
    };
    Trouble { kind, retry: passing }
}
