//! A hostile credential provider of AWS IoT (`rolecall_fuzz::hostile` describes the script): the flow ends within its
//! bounds with any amount of memory; every request presents the certificate; the credentials are those of the last
//! document.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::flow::Endpoint;
use rolecall_core::sources::Iot;
use rolecall_fuzz::hostile::{self, Script};
use rolecall_fuzz::{json, same};

const HOST: &str = "c2example.credentials.iot.eu-west-1.amazonaws.com";
const THING: &str = "x-amzn-iot-thingname";

fuzz_target!(|input: &[u8]| {
    let script = Script::read(input);
    let (alias, thing) = (script.setting("alias").unwrap_or("gateways"), script.setting("thing"));
    let outcome = hostile::run(&script, || {
        let provider = Endpoint::parse("https://c2example.credentials.iot.eu-west-1.amazonaws.com");
        Iot::new(provider.expect("a URL"), alias, thing)
    });
    let is_name = |text: &str, marks: &str| {
        let allowed = |char: char| char.is_ascii_alphanumeric() || marks.contains(char);
        (1..=128).contains(&text.len()) && text.chars().all(allowed)
    };
    let valid = is_name(alias, "_=,@-") && thing.is_none_or(|thing| is_name(thing, ":_-"));
    assert_eq!(outcome.requests.is_empty(), !valid);
    for sent in &outcome.requests {
        assert!(sent.https && sent.host == HOST && sent.method == "GET" && sent.presents_certificate);
        assert_eq!(sent.target, format!("/role-aliases/{alias}/credentials"));
        assert_eq!(sent.header(THING), thing);
        assert!(sent.header("authorization").is_none() && sent.body.is_empty());
    }
    let secret = outcome.keys.as_ref().map_or("", |keys| &keys.secret);
    outcome.is_clean(&[secret]);
    if outcome.result.is_ok() {
        let served = outcome.served.last().expect("a document");
        assert_eq!(served.status, 200);
        let [credentials] = &json::named(&served.body, "credentials")[..] else {
            panic!("not exactly one set of credentials")
        };
        if let Some(keys) = json::credentials(credentials.get().as_bytes()) {
            same(&outcome, keys);
        }
    }
});
