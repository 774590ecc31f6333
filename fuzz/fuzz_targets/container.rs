//! A hostile container endpoint (`rolecall_fuzz::hostile` describes its scripts): the flow ends within its
//! bounds with any amount of memory; plain http is only used for the container's own addresses; the
//! credentials are those of the last document.
//!
//! Settings: `url=URL` or `path=PATH`, and `token=TEXT` or `token-file=PATH`.

#![no_main]

use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;
use rolecall_core::sources::{Authorization, Container};
use rolecall_fuzz::hostile::{self, Script};
use rolecall_fuzz::{json, same};

fuzz_target!(|input: &[u8]| {
    let script = Script::read(input);
    let authorization = match (script.setting("token"), script.setting("token-file")) {
        (Some(token), _) => Authorization::Token(token),
        (None, Some(path)) => Authorization::File(path),
        (None, None) => Authorization::None,
    };
    let make = || match (script.setting("url"), script.setting("path")) {
        (Some(url), _) => Container::full(url, authorization),
        (None, Some(path)) => Container::relative(path, authorization),
        (None, None) => Ok(Container::absent()),
    };
    if make().is_err() {
        return;
    }
    let outcome = hostile::run(&script, || make().expect("it succeeded before"));

    for sent in &outcome.requests {
        let address = sent.address.or(sent.host.parse::<IpAddr>().ok());
        assert!(sent.https || address.is_some_and(is_the_containers), "plain http to {address:?}");
        assert_eq!(sent.method, "GET");
        let own = ["host", "user-agent", "accept", "authorization"];
        assert!(sent.headers.iter().all(|(name, _)| own.iter().any(|own| own.eq_ignore_ascii_case(name))));
        let token = sent.header("authorization");
        match authorization {
            Authorization::None => assert_eq!(token, None),
            Authorization::Token(text) => assert_eq!(token, Some(text.trim_ascii())),
            Authorization::File(_) => {
                let token = token.expect("a token");
                let contents = outcome.served.iter().filter(|served| served.status == 0);
                let mut tokens = contents.map(|served| served.body.trim_ascii());
                assert!(tokens.any(|content| content == token.as_bytes()));
            }
        }
    }
    // A token in a file is read again for each attempt.
    let token = outcome.last_sent("authorization");
    let secret = outcome.keys.as_ref().map_or("", |keys| &keys.secret);
    outcome.is_clean(&[script.setting("token").unwrap_or_default(), token, secret]);
    if outcome.result.is_ok() {
        let document = outcome.served.last().expect("a document");
        assert_eq!(document.status, 200);
        if let Some(expected) = json::credentials(&document.body) {
            same(&outcome, expected);
        }
    }
});

fn is_the_containers(address: IpAddr) -> bool {
    address.is_loopback()
        || ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"].map(str::parse).contains(&Ok(address))
}
