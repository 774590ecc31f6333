//! The adapter for devices: every source, served well, broken off, and refused.

use crate::person::Person;
use crate::scene::{Scene, cut, reply, serve};
use crate::secrets::{Forms, of_secret_key, of_text, text};
use crate::{DAY, clean};

const ID: &str = "ASIAEXAMPLE";
const END: &str = "2099-01-01T00:00:00Z";
/// An identity pool's answer that comes before the credentials.
pub(crate) const IDENTITY: &str = r#"{"IdentityId":"eu-west-1:d68b413e-0000-4000-8000-0123456789ab"}"#;
const WAYS: [&str; 2] = ["blocking", "async"];

/// What a service gives out.
#[derive(Clone)]
pub(crate) struct Handed {
    pub(crate) secret: String,
    pub(crate) token: String,
}

impl Handed {
    pub(crate) fn new() -> Self {
        Self { secret: text(40), token: text(400) }
    }

    /// As instance metadata and container endpoints have it.
    pub(crate) fn document(&self) -> String {
        format!(
            r#"{{"Code":"Success","AccessKeyId":"{ID}","SecretAccessKey":"{}","Token":"{}","Expiration":"{END}"}}"#,
            self.secret, self.token
        )
    }

    /// As STS has it.
    pub(crate) fn markup(&self, action: &str) -> String {
        format!(
            "<{action}Response><{action}Result><Credentials><AccessKeyId>{ID}</AccessKeyId>\
             <SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken>\
             <Expiration>{END}</Expiration></Credentials></{action}Result></{action}Response>",
            self.secret, self.token
        )
    }

    /// As an identity pool has it.
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

/// How the last step goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Turn {
    Well,
    /// The reply breaks off within the secret key, or the token that is asked for.
    Cut,
    /// An error whose message repeats the secrets of the request.
    Refused,
}

impl Turn {
    pub(crate) fn reply(self, document: &str, secret: &str, refusal: &str) -> String {
        match self {
            Self::Well => reply(200, document),
            Self::Cut => cut(document, secret),
            Self::Refused => reply(403, refusal),
        }
    }

    pub(crate) fn ended(self) -> &'static str {
        match self {
            Self::Well => ID,
            Self::Cut => "close",
            Self::Refused => "403",
        }
    }
}

/// Runs a source in both ways, three times each.
#[track_caller]
fn look(source: &str, scene: Scene, answer: impl Fn(&str, Turn) -> String + Clone + Send + Sync + 'static) {
    let scene = &scene;
    for turn in [Turn::Well, Turn::Cut, Turn::Refused] {
        let answer = answer.clone();
        let url = serve(move |asked| answer(asked, turn));
        let ends = if matches!(turn, Turn::Well) { "well" } else { "badly" };
        let scene = scene.clone().set("url", &url).set("ends", ends);
        for way in WAYS {
            let ended = if matches!(source, "sign-in" | "password") && matches!(turn, Turn::Well) {
                "a token"
            } else {
                turn.ended()
            };
            clean(&format!("{source}, {way}, {turn:?}"), &scene.run(source, way), ended);
        }
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run it with --release")]
fn instance_metadata() {
    let (handed, token) = (Handed::new(), text(56));
    let scene = Scene::default().seek(handed.forms()).seek(of_text("metadata token", token.as_bytes()));
    look("imds", scene, move |asked, turn| match asked {
        asked if asked.starts_with("PUT") => reply(200, &token),
        asked if asked.contains("credentials/ ") => reply(200, "a-role"),
        _ => turn.reply(&handed.document(), &handed.secret, &format!("no: {token}")),
    });
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run it with --release")]
fn container_endpoint() {
    let (handed, token) = (Handed::new(), text(64));
    let scene = Scene::default()
        .lend("authorization", &token)
        .seek(handed.forms())
        .seek(of_text("authorization", token.as_bytes()));
    look("container", scene, move |_, turn| {
        let refusal = format!(r#"{{"code":"AccessDenied","message":"{token} is not it"}}"#);
        turn.reply(&handed.document(), &handed.secret, &refusal)
    });
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run it with --release")]
fn assume_role() {
    let (handed, own) = (Handed::new(), text(40));
    let scene = Scene::default().lend("own secret", &own).seek(handed.forms()).seek(of_secret_key(
        "own secret",
        &own,
        &[DAY],
        "eu-west-1",
        "sts",
    ));
    look("assume-role", scene, move |_, turn| {
        let refusal =
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
        turn.reply(&handed.markup("AssumeRole"), &handed.secret, refusal)
    });
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run it with --release")]
fn web_identity() {
    let (handed, token) = (Handed::new(), text(300));
    let scene = Scene::default()
        .lend("web token", &token)
        .seek(handed.forms())
        .seek(of_text("web token", token.as_bytes()));
    look("web-identity", scene, move |_, turn| {
        let refusal = format!(
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>{token}</Message></Error></ErrorResponse>"
        );
        turn.reply(&handed.markup("AssumeRoleWithWebIdentity"), &handed.secret, &refusal)
    });
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run it with --release")]
fn identity_pool() {
    let (handed, token) = (Handed::new(), text(300));
    let scene = Scene::default()
        .lend("web token", &token)
        .seek(handed.forms())
        .seek(of_text("web token", token.as_bytes()));
    look("identity-pool", scene, move |asked, turn| {
        if asked.contains(".GetId\r") {
            return reply(200, IDENTITY);
        }
        let refusal = format!(r#"{{"__type":"NotAuthorizedException","message":"{token}"}}"#);
        turn.reply(&handed.of_identity(), &handed.secret, &refusal)
    });
}

/// Signing in, whose last answer is tokens.
fn sign_in(source: &'static str) {
    let person = Person::new();
    look(source, person.scene(), move |asked, turn| person.answer(asked, turn));
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run it with --release")]
fn a_password_that_is_proved() {
    sign_in("sign-in");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run it with --release")]
fn a_password_that_is_sent() {
    sign_in("password");
}
