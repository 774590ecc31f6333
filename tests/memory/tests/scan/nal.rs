//! The adapter for devices: every source, with a success, a truncated response, and a refusal.

use crate::scenario::{Scenario, reply, serve, truncated};
use crate::secrets::{Forms, of_secret_key, of_text, text};
use crate::user::PoolUser;
use crate::{DAY, clean};

const ID: &str = "ASIAEXAMPLE";
const END: &str = "2099-01-01T00:00:00Z";
/// The identity pool's response before the credentials.
pub(crate) const IDENTITY: &str = r#"{"IdentityId":"eu-west-1:d68b413e-0000-4000-8000-0123456789ab"}"#;
const MODES: [&str; 2] = ["blocking", "async"];

/// Credentials issued by a service.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) secret: String,
    pub(crate) token: String,
}

impl Issued {
    pub(crate) fn new() -> Self {
        Self { secret: text(40), token: text(400) }
    }

    /// The response of instance metadata or a container endpoint.
    pub(crate) fn document(&self) -> String {
        format!(
            r#"{{"Code":"Success","AccessKeyId":"{ID}","SecretAccessKey":"{}","Token":"{}","Expiration":"{END}"}}"#,
            self.secret, self.token
        )
    }

    /// The response of STS.
    pub(crate) fn markup(&self, action: &str) -> String {
        format!(
            "<{action}Response><{action}Result><Credentials><AccessKeyId>{ID}</AccessKeyId>\
             <SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken>\
             <Expiration>{END}</Expiration></Credentials></{action}Result></{action}Response>",
            self.secret, self.token
        )
    }

    /// The response of an identity pool.
    pub(crate) fn of_identity(&self) -> String {
        format!(
            r#"{{"IdentityId":"id","Credentials":{{"AccessKeyId":"{ID}","SecretKey":"{}","SessionToken":"{}","Expiration":4070908800.0}}}}"#,
            self.secret, self.token
        )
    }

    pub(crate) fn forms(&self) -> Forms {
        let mut forms = of_text("secret key", self.secret.as_bytes());
        forms.extend(of_text("session token", self.token.as_bytes()));
        forms
    }
}

/// The result of the last step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Success,
    /// The response is truncated within the secret key or the token.
    Truncated,
    /// An error whose message contains the secrets of the request.
    Refused,
}

impl Ending {
    pub(crate) fn reply(self, document: &str, secret: &str, refusal: &str) -> String {
        match self {
            Self::Success => reply(200, document),
            Self::Truncated => truncated(document, secret),
            Self::Refused => reply(403, refusal),
        }
    }

    pub(crate) fn ended(self) -> &'static str {
        match self {
            Self::Success => ID,
            Self::Truncated => "close",
            Self::Refused => "403",
        }
    }
}

/// Runs a source in both modes, with each result.
#[track_caller]
fn check(
    source: &str,
    scenario: Scenario,
    answer: impl Fn(&str, Ending) -> String + Clone + Send + Sync + 'static,
) {
    let scenario = &scenario;
    for ending in [Ending::Success, Ending::Truncated, Ending::Refused] {
        let answer = answer.clone();
        let url = serve(move |request| answer(request, ending));
        let result = if matches!(ending, Ending::Success) { "success" } else { "failure" };
        let scenario = scenario.clone().set("url", &url).set("result", result);
        for mode in MODES {
            let ended = if matches!(source, "sign-in" | "password") && matches!(ending, Ending::Success) {
                "a token"
            } else {
                ending.ended()
            };
            clean(&format!("{source}, {mode}, {ending:?}"), &scenario.run(source, mode), ended);
        }
    }
}

#[test]
fn instance_metadata() {
    let (issued, token) = (Issued::new(), text(56));
    let scenario =
        Scenario::default().search(issued.forms()).search(of_text("metadata token", token.as_bytes()));
    check("imds", scenario, move |request, ending| match request {
        request if request.starts_with("PUT") => reply(200, &token),
        request if request.contains("credentials/ ") => reply(200, "a-role"),
        _ => ending.reply(&issued.document(), &issued.secret, &format!("no: {token}")),
    });
}

#[test]
fn container_endpoint() {
    let (issued, token) = (Issued::new(), text(64));
    let scenario = Scenario::default()
        .lend("authorization", &token)
        .search(issued.forms())
        .search(of_text("authorization", token.as_bytes()));
    check("container", scenario, move |_, ending| {
        let refusal = format!(r#"{{"code":"AccessDenied","message":"{token} is not it"}}"#);
        ending.reply(&issued.document(), &issued.secret, &refusal)
    });
}

#[test]
fn assume_role() {
    let (issued, own) = (Issued::new(), text(40));
    let scenario = Scenario::default().lend("own secret", &own).search(issued.forms()).search(of_secret_key(
        "own secret",
        &own,
        &[DAY],
        "eu-west-1",
        "sts",
    ));
    check("assume-role", scenario, move |_, ending| {
        let refusal =
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
        ending.reply(&issued.markup("AssumeRole"), &issued.secret, refusal)
    });
}

#[test]
fn web_identity() {
    let (issued, token) = (Issued::new(), text(300));
    let scenario = Scenario::default()
        .lend("web token", &token)
        .search(issued.forms())
        .search(of_text("web token", token.as_bytes()));
    check("web-identity", scenario, move |_, ending| {
        let refusal = format!(
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>{token}</Message></Error></ErrorResponse>"
        );
        ending.reply(&issued.markup("AssumeRoleWithWebIdentity"), &issued.secret, &refusal)
    });
}

#[test]
fn identity_pool() {
    let (issued, token) = (Issued::new(), text(300));
    let scenario = Scenario::default()
        .lend("web token", &token)
        .search(issued.forms())
        .search(of_text("web token", token.as_bytes()));
    check("identity-pool", scenario, move |request, ending| {
        if request.contains(".GetId\r") {
            return reply(200, IDENTITY);
        }
        let refusal = format!(r#"{{"__type":"NotAuthorizedException","message":"{token}"}}"#);
        ending.reply(&issued.of_identity(), &issued.secret, &refusal)
    });
}

/// Signs in; the last response contains tokens.
fn sign_in(source: &'static str) {
    let user = PoolUser::new();
    check(source, user.scenario(), move |request, ending| user.answer(request, ending));
}

#[test]
fn sign_in_with_srp() {
    sign_in("sign-in");
}

#[test]
fn sign_in_with_the_password_sent() {
    sign_in("password");
}
