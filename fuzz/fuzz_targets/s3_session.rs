//! CreateSession of S3 Express One Zone with a hostile server (`rolecall_fuzz::hostile` describes its scripts): the flow ends
//! within its bounds with any amount of memory; the credentials are those of the last document, as quick-xml reads it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::call::Service;
use rolecall_core::credentials::Credentials;
use rolecall_core::flow::Endpoint;
use rolecall_core::sources::{CreateSession, CreateSessionRequest, Fixed};
use rolecall_fuzz::hostile::{self, Keys, Script};
use rolecall_fuzz::xml::texts;
use rolecall_fuzz::{same, seconds, xml};

const HOST: &str = "logs--usw2-az1--x-s3.s3express-usw2-az1.us-west-2.amazonaws.com";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "session/token+of=base";

fuzz_target!(|input: &[u8]| {
    let script = Script::read(input);
    let bucket = format!("https://{HOST}");
    let outcome = hostile::run(&script, || {
        let base = Credentials::new("AKIDEXAMPLE", SECRET, Some(TOKEN)).expect("credentials");
        let service = Service::new(Endpoint::parse(&bucket).expect("a URL"), "us-west-2");
        CreateSession::new(Fixed::new(Some(base)), service, CreateSessionRequest::default())
    });

    for sent in &outcome.requests {
        assert!(sent.https && sent.host == HOST && sent.body.is_empty());
        assert_eq!((&*sent.method, &*sent.target), ("GET", "/?session"));
        assert_eq!(sent.header("X-Amz-Security-Token"), Some(TOKEN));
    }
    let keys = outcome.keys.as_ref();
    outcome.is_clean(&[SECRET, TOKEN, keys.map_or("", |keys| &keys.secret)]);
    if outcome.result.is_ok() {
        let document = outcome.served.last().expect("a document");
        assert_eq!(document.status, 200);
        let steps = xml::steps(&document.body).expect("quick-xml accepts it");
        let value = |name| {
            let [text] = &texts(&steps, &["CreateSessionResult", "Credentials", name])[..] else {
                panic!("not one {name}")
            };
            text.clone()
        };
        same(
            &outcome,
            Keys {
                id: value("AccessKeyId"),
                secret: value("SecretAccessKey"),
                token: Some(value("SessionToken")),
                account: None,
                expiration: seconds(&value("Expiration")),
            },
        );
    }
});
