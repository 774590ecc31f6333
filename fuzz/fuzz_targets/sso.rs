//! A hostile portal of IAM Identity Center, and a token file with any content (`rolecall_fuzz::hostile`
//! describes their scripts): the flow ends within its bounds with any amount of memory; the token is only
//! sent to the portal; the credentials are those of the last document.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::flow::Endpoint;
use rolecall_core::sources::Sso;
use rolecall_fuzz::hostile::{self, Keys, Script};
use rolecall_fuzz::{json, same, seconds};
use serde_json::Value;

const PORTAL: &str = "portal.sso.eu-west-1.amazonaws.com";
const TOKEN: &str = "x-amz-sso_bearer_token";
const ACCOUNT: &str = "123456789012";

fuzz_target!(|input: &[u8]| {
    let script = Script::read(input);
    let outcome = hostile::run(&script, || {
        let portal = Endpoint::parse("https://portal.sso.eu-west-1.amazonaws.com").expect("a URL");
        Sso::new(portal, "/token.json", ACCOUNT, "Read & write")
    });

    for sent in &outcome.requests {
        assert!(sent.https && sent.host == PORTAL && sent.method == "GET");
        assert_eq!(
            sent.target,
            "/federation/credentials?account_id=123456789012&role_name=Read%20%26%20write"
        );
        let token = sent.header(TOKEN).expect("a token");
        let mut files = outcome.served.iter().filter(|served| served.status == 0);
        let is_it = |value: &Value| value.as_str().is_some_and(|text| text.trim_ascii() == token);
        let holds = |file: &[u8]| {
            json::members(file).is_none_or(|members| {
                members.iter().any(|(name, value)| name == "accessToken" && is_it(value))
            })
        };
        assert!(files.any(|file| holds(&file.body)), "{token} is in no file");
    }
    let secret = outcome.keys.as_ref().map_or("", |keys| &keys.secret);
    outcome.is_clean(&[outcome.last_sent(TOKEN), secret]);
    if outcome.result.is_ok() {
        let document = outcome.served.last().expect("a document");
        assert_eq!(document.status, 200);
        let Some(document) = json::members(&document.body) else { return };
        let mut credentials = document.iter().filter(|(name, _)| name == "roleCredentials");
        let (Some((_, credentials)), None) = (credentials.next(), credentials.next()) else {
            panic!("not exactly one set of credentials")
        };
        let members: Vec<_> = credentials.as_object().expect("an object").clone().into_iter().collect();
        let end = members.iter().find(|(name, value)| {
            ["expiration", "expiresat"].contains(&&*name.to_ascii_lowercase()) && !value.is_null()
        });
        let (_, end) = end.expect("an end");
        same(
            &outcome,
            Keys {
                id: json::one(&members, &["AccessKeyId"]).to_owned(),
                secret: json::one(&members, &["SecretAccessKey"]).to_owned(),
                token: Some(json::one(&members, &["Token", "SessionToken"]).to_owned()),
                account: Some(ACCOUNT.to_owned()),
                expiration: end.as_str().map_or(end.as_u64().map(|end| end / 1000), seconds),
            },
        );
    }
});
