//! A hostile token service of IAM Identity Center (`rolecall_fuzz::hostile` describes its scripts): a request of each kind ends
//! within its bounds with any amount of memory; it goes to the service alone, a token is asked for once unless the question
//! was surely not received, and no secret is reported.
//!
//! The length of the input decides the kind of the request.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::flow::Endpoint;
use rolecall_core::sources::{OidcClient, OidcGrant, OidcRequest, SsoOidc};
use rolecall_fuzz::hostile::{self, Script};
use rolecall_fuzz::json;
use serde_json::Value;

const HOST: &str = "oidc.eu-west-1.amazonaws.com";
const CLIENT: OidcClient<'_> = OidcClient { id: "client", secret: "the-secret-of-the-client" };
const TOKEN: &str = "the-token-to-exchange";

fuzz_target!(|input: &[u8]| {
    let script = Script::read(input);
    let (request, target, needed) = match input.len() % 4 {
        0 => (OidcRequest::Register { name: "n", scopes: &["a:b", "c"] }, "/client/register", "clientId"),
        1 => (
            OidcRequest::Authorize { client: CLIENT, start_url: "https://x.awsapps.com/start" },
            "/device_authorization",
            "deviceCode",
        ),
        2 => {
            (OidcRequest::Token { client: CLIENT, grant: OidcGrant::Refresh(TOKEN) }, "/token", "accessToken")
        }
        _ => {
            (OidcRequest::Token { client: CLIENT, grant: OidcGrant::Device(TOKEN) }, "/token", "accessToken")
        }
    };
    let outcome = hostile::run_leaving(&script, || {
        SsoOidc::new(Endpoint::parse("https://oidc.eu-west-1.amazonaws.com").expect("a URL"), request)
    });
    for sent in &outcome.requests {
        assert!(sent.https && sent.host == HOST && sent.header("authorization").is_none());
        assert_eq!((&*sent.method, &*sent.target), ("POST", target));
        let body: Value = serde_json::from_slice(&sent.body).expect("JSON");
        assert!(body.is_object());
    }
    // What was not sent, a service that guesses it may say.
    match request {
        OidcRequest::Register { .. } => outcome.reports_none_of(&[]),
        OidcRequest::Authorize { .. } => outcome.reports_none_of(&[CLIENT.secret]),
        _ => outcome.reports_none_of(&[CLIENT.secret, TOKEN]),
    }
    assert!(outcome.keys.is_none(), "a token is no credentials");
    if outcome.result.is_ok() {
        let document = outcome.served.last().expect("a document");
        assert_eq!(document.status, 200);
        let Some(members) = json::members(&document.body) else { return };
        let (_, value) = members.iter().rfind(|(name, _)| name == needed).expect("a member");
        assert!(value.as_str().is_some_and(|text| !text.is_empty()), "{value}");
    }
});
