//! Cognito, hostile (`rolecall_fuzz::hostile` tells how it is written): signing in at a user pool, an
//! identity, its credentials. The flow ends within its bounds, whatever the memory; the password goes to
//! the user pool alone, or with a proof nowhere; what is told is what was served.
//!
//! Settings: `guest=1` for nobody who signs in; else `password=TEXT`, without which somebody is asked,
//! `prove=1` for SRP, `client-secret=TEXT`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::flow::{Endpoint, Flow, Lease};
use rolecall_core::sources::Unsigned;
use rolecall_core::sources::cognito::{Client, Identity, Logins, Password, SignIn};
use rolecall_fuzz::hostile::{self, Asked, Keys, Outcome, Script, Served};
use rolecall_fuzz::{Call, Service, json, same};
use serde_json::Value;

const USERS: &str = "cognito-idp.eu-west-1.amazonaws.com";
const IDENTITIES: &str = "cognito-identity.eu-west-1.amazonaws.com";
const PROVIDER: &str = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aBcDeFgHi";
const POOL: &str = "eu-west-1:5b22ff62-98c3-4b4b-9a4b-2b8b8c2f7f0d";
/// What is said whatever the secrets are.
const OWN: [&str; 5] = ["USER_PASSWORD_AUTH", "USER_SRP_AUTH", "PASSWORD_VERIFIER", "client", POOL];
/// Exchanges and questions of a sign-in, GetId, and GetCredentialsForIdentity.
const CALLS: usize = 9;

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
    for asked in &outcome.asked {
        assert!(asked.https && asked.method == "POST" && asked.target == "/");
        assert_eq!(asked.header("authorization"), None);
        let body: Value = serde_json::from_slice(&asked.body).expect("an object");
        let of_users = asked.host == USERS;
        assert!(of_users != (asked.host == IDENTITIES) && !(of_users && signed_in), "{}", asked.host);
        signed_in |= !of_users;
        for secret in [password, client.secret].into_iter().flatten().filter(|secret| secret.len() >= 8) {
            let may = of_users && !proves && password.is_some_and(|password| password.contains(secret));
            let is_own = OWN.iter().any(|own| own.contains(secret));
            let sent = holds(&body, secret) && !said_by_the_server(&outcome, secret);
            assert!(may || is_own || !sent, "{secret} is sent");
        }
        check(&outcome, asked, &body);
    }
    let secret = outcome.keys.as_ref().map_or("", |keys| &keys.secret);
    // Identities are not told who signs in: what their service says of it by itself is no secret of ours.
    let [password, client_secret] =
        [password, client.secret].map(|secret| secret.filter(|_| !signed_in).unwrap_or_default());
    outcome.is_clean(&[password, client_secret, secret]);
    if outcome.result.is_ok() {
        let document = outcome.served.last().expect("a document");
        assert_eq!(document.status, 200);
        let Some(document) = json::members(&document.body) else { return };
        let mut found = document.iter().filter(|(name, _)| name == "Credentials");
        let (Some((_, credentials)), None) = (found.next(), found.next()) else {
            panic!("not one set of credentials")
        };
        let text = |name: &str| credentials[name].as_str().expect("a text").to_owned();
        let end = credentials["Expiration"].as_f64().expect("a number");
        // Near a whole second, a fraction may be rounded to it.
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

/// Identity and token are those that were served.
fn check(outcome: &Outcome<Lease>, asked: &Asked, body: &Value) {
    if asked.host == USERS {
        return;
    }
    // Permitted difference: of a name that is there twice, the first is taken.
    let served = |path: &[&str], told: &str| {
        let texts = |reply: &Served| json::texts(&reply.body, path);
        outcome.served.iter().flat_map(texts).any(|text| text == told)
    };
    match body["IdentityId"].as_str() {
        Some(id) => assert!(served(&["IdentityId"], id), "{id}"),
        None => assert_eq!(body["IdentityPoolId"], POOL),
    }
    if let Some(token) = body["Logins"][PROVIDER].as_str() {
        assert!(served(&["AuthenticationResult", "IdToken"], token), "{token}");
    }
}

/// Whether a text in the document holds `text`.
fn holds(document: &Value, text: &str) -> bool {
    match document {
        Value::String(found) => found.contains(text),
        Value::Object(members) => members.values().any(|member| holds(member, text)),
        _ => false,
    }
}

/// What a server has said may be sent back to it.
fn said_by_the_server(outcome: &Outcome<Lease>, text: &str) -> bool {
    outcome.served.iter().any(|reply| {
        let as_written = reply.body.windows(text.len()).any(|window| window == text.as_bytes());
        as_written || json::every_text(&reply.body).iter().any(|said| said.contains(text))
    })
}
