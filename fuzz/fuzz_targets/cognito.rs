//! A hostile Cognito (`rolecall_fuzz::hostile` describes its scripts): signing in to a user pool, getting an
//! identity and its credentials. The flow ends within its bounds with any amount of memory; the password is
//! only sent to the user pool, and with SRP not at all; identities and tokens that are sent were served.
//!
//! Settings: `guest=1` for an unauthenticated identity; otherwise `password=TEXT`, without which there is a
//! prompt, `prove=1` for SRP, and `client-secret=TEXT`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::flow::{Endpoint, Flow, Lease};
use rolecall_core::sources::Unsigned;
use rolecall_core::sources::cognito::{Client, Identity, Logins, Password, SignIn};
use rolecall_fuzz::hostile::{self, Keys, Outcome, Script, SentRequest, Served};
use rolecall_fuzz::{Call, Service, json, same};
use serde_json::Value;

const USERS: &str = "cognito-idp.eu-west-1.amazonaws.com";
const IDENTITIES: &str = "cognito-identity.eu-west-1.amazonaws.com";
const PROVIDER: &str = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aBcDeFgHi";
const POOL: &str = "eu-west-1:5b22ff62-98c3-4b4b-9a4b-2b8b8c2f7f0d";
/// Texts that are sent independently of the secrets.
const OWN: [&str; 5] = ["USER_PASSWORD_AUTH", "USER_SRP_AUTH", "PASSWORD_VERIFIER", "client", POOL];
/// Exchanges of a sign-in, with the three of an app's setup for each of six challenges, GetId, and
/// GetCredentialsForIdentity.
const CALLS: usize = 21;

fuzz_target!(|input: &[u8]| {
    let script = Script::read(input);
    let password = script.setting("password");
    let proves = script.setting("prove").is_some();
    let client = Client::new("client", "ada").with_secret(script.setting("client-secret"));
    let given = password.map_or(Password::Asked("Password: "), Password::Given);
    let outcome = if script.setting("guest").is_some() {
        run(&script, "", || Unsigned)
    } else if proves {
        let users = service("https://cognito-idp.eu-west-1.amazonaws.com");
        run(&script, PROVIDER, || SignIn::proving(users, client, given, "eu-west-1_aBcDeFgHi", &[7; 32]))
    } else {
        let users = service("https://cognito-idp.eu-west-1.amazonaws.com");
        run(&script, PROVIDER, || SignIn::sending(users, client, given))
    };

    let mut signed_in = false;
    for sent in &outcome.requests {
        assert!(sent.https && sent.method == "POST" && sent.target == "/");
        assert_eq!(sent.header("authorization"), None);
        let body: Value = serde_json::from_slice(&sent.body).expect("an object");
        let of_users = sent.host == USERS;
        assert!(of_users != (sent.host == IDENTITIES) && !(of_users && signed_in), "{}", sent.host);
        signed_in |= !of_users;
        for secret in [password, client.secret].into_iter().flatten().filter(|secret| secret.len() >= 8) {
            let may = of_users && !proves && password.is_some_and(|password| password.contains(secret));
            let is_own = OWN.iter().any(|own| own.contains(secret));
            let sent = holds(&body, secret) && !served_text(&outcome, secret);
            assert!(may || is_own || !sent, "{secret} is sent");
        }
        check(&outcome, sent, &body);
    }
    let secret = outcome.keys.as_ref().map_or("", |keys| &keys.secret);
    // The identity service does not receive the sign-in secrets, so its messages cannot reveal them.
    let [password, client_secret] =
        [password, client.secret].map(|secret| secret.filter(|_| !signed_in).unwrap_or_default());
    outcome.is_clean(&[password, client_secret, secret]);
    if outcome.result.is_ok() {
        let document = outcome.served.last().expect("a document");
        assert_eq!(document.status, 200);
        let Some(document) = json::members(&document.body) else { return };
        let mut found = document.iter().filter(|(name, _)| name == "Credentials");
        let (Some((_, credentials)), None) = (found.next(), found.next()) else {
            panic!("not exactly one set of credentials")
        };
        let text = |name: &str| credentials[name].as_str().expect("a text").to_owned();
        let end = credentials["Expiration"].as_f64().expect("a number");
        // A fraction close to a whole second may be rounded to it.
        let exact = end.fract() == 0.0 || (end - end.round()).abs() > 1e-3;
        same(
            &outcome,
            Keys {
                id: text("AccessKeyId"),
                secret: text("SecretKey"),
                token: Some(text("SessionToken")),
                account: None,
                expiration: exact.then_some(end as u64),
            },
        );
    }
});

fn run<'c, B: Flow<'c, Output = Lease>>(
    script: &Script<'_>,
    provider: &'c str,
    base: impl Fn() -> B,
) -> Outcome<Lease> {
    let logins = Logins::of(provider);
    let identities = service("https://cognito-identity.eu-west-1.amazonaws.com");
    hostile::run_calls(CALLS, script, || {
        Call::new(Identity::in_pool(base(), identities, POOL, logins), identities, logins.credentials())
    })
}

fn service(url: &'static str) -> Service<'static> {
    Service::new(Endpoint::parse(url).expect("a URL"), "eu-west-1")
}

/// Checks that identity and token were served.
fn check(outcome: &Outcome<Lease>, sent: &SentRequest, body: &Value) {
    if sent.host == USERS {
        return;
    }
    // Permitted difference: the first of duplicate members is used.
    let served = |path: &[&str], sent: &str| {
        let texts = |reply: &Served| json::texts(&reply.body, path);
        outcome.served.iter().flat_map(texts).any(|text| text == sent)
    };
    match body["IdentityId"].as_str() {
        Some(id) => assert!(served(&["IdentityId"], id), "{id}"),
        None => assert_eq!(body["IdentityPoolId"], POOL),
    }
    if let Some(token) = body["Logins"][PROVIDER].as_str() {
        assert!(served(&["AuthenticationResult", "IdToken"], token), "{token}");
    }
}

/// Whether a string in the document contains `text`.
fn holds(document: &Value, text: &str) -> bool {
    match document {
        Value::String(found) => found.contains(text),
        Value::Object(members) => members.values().any(|member| holds(member, text)),
        _ => false,
    }
}

/// Whether a server has sent `text`, which may then be sent back to it.
fn served_text(outcome: &Outcome<Lease>, text: &str) -> bool {
    outcome.served.iter().any(|reply| {
        let as_written = reply.body.windows(text.len()).any(|window| window == text.as_bytes());
        as_written || json::every_text(&reply.body).iter().any(|found| found.contains(text))
    })
}
