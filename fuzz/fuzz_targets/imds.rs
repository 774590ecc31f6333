//! Instance metadata from a hostile server (`rolecall_fuzz::hostile` describes its scripts): the flow ends
//! within its bounds with any amount of memory; the credentials are those of the last document, which was
//! requested with the served token and role.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::flow::Endpoint;
use rolecall_core::sources::Imds;
use rolecall_fuzz::hostile::{self, Script};
use rolecall_fuzz::{json, same};

const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
const TOKEN: &str = "X-aws-ec2-metadata-token";

fuzz_target!(|input: &[u8]| {
    let script = Script::read(input);
    let outcome = hostile::run(&script, || Imds::new(Endpoint::parse(Imds::ENDPOINT).expect("a URL")));

    let mut role = None;
    let mut served = outcome.served.iter();
    for sent in &outcome.requests {
        assert!(!sent.https && sent.host == "169.254.169.254" && sent.address.is_none());
        let own = ["host", "user-agent", "content-length", TOKEN, "x-aws-ec2-metadata-token-ttl-seconds"];
        assert!(sent.headers.iter().all(|(name, _)| own.iter().any(|own| own.eq_ignore_ascii_case(name))));
        // A request may have failed, so its inputs may be from any response before it.
        let known = |text: &str, first_line: bool| {
            outcome.served.iter().filter(|served| served.status == 200).any(|served| {
                let line = served.body.split(|byte| *byte == b'\n').next().filter(|_| first_line);
                line.unwrap_or(&served.body).trim_ascii() == text.as_bytes()
            })
        };
        match (&*sent.method, sent.target.strip_prefix(ROLES)) {
            ("PUT", None) => assert_eq!(sent.target, "/latest/api/token"),
            ("GET", Some(name)) => {
                assert!(known(sent.header(TOKEN).expect("a token"), false));
                if !name.is_empty() {
                    assert!(known(name, true) && !name.contains(['/', '?', '%']));
                    role = Some(name);
                }
            }
            other => panic!("{other:?}"),
        }
    }
    let keys = outcome.keys.as_ref();
    let secret = keys.map_or("", |keys| &keys.secret);
    outcome.is_clean(&[outcome.last_sent(TOKEN), secret]);
    if outcome.result.is_ok() {
        assert!(role.is_some());
        let document = served.next_back().expect("a document");
        assert_eq!(document.status, 200);
        if let Some(expected) = json::credentials(&document.body) {
            same(&outcome, expected);
        }
    }
});
