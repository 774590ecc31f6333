//! Instance metadata from a hostile server (`rolecall_fuzz::hostile` tells how one is written): the
//! flow ends within its bounds, whatever the memory; what comes out is what the last document says,
//! asked for with the token and the role that were served.

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
    for asked in &outcome.asked {
        assert!(!asked.https && asked.host == "169.254.169.254" && asked.address.is_none());
        let own = ["host", "user-agent", "content-length", TOKEN, "x-aws-ec2-metadata-token-ttl-seconds"];
        assert!(asked.headers.iter().all(|(name, _)| own.iter().any(|own| own.eq_ignore_ascii_case(name))));
        // A request may have failed: what it asks for is told by what was served up to it.
        let known = |text: &str, first_line: bool| {
            outcome.served.iter().filter(|served| served.status == 200).any(|served| {
                let line = served.body.split(|byte| *byte == b'\n').next().filter(|_| first_line);
                line.unwrap_or(&served.body).trim_ascii() == text.as_bytes()
            })
        };
        match (&*asked.method, asked.target.strip_prefix(ROLES)) {
            ("PUT", None) => assert_eq!(asked.target, "/latest/api/token"),
            ("GET", Some(name)) => {
                assert!(known(asked.header(TOKEN).expect("a token"), false));
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
    outcome.is_clean(&[outcome.told(TOKEN), secret]);
    if outcome.result.is_ok() {
        assert!(role.is_some());
        let document = served.next_back().expect("a document");
        assert_eq!(document.status, 200);
        if let Some(said) = json::credentials(&document.body) {
            same(&outcome, said);
        }
    }
});
