//! AssumeRole with a hostile server (`rolecall_fuzz::hostile` describes its scripts): the flow ends within
//! its bounds with any amount of memory; the credentials are those of the last document, as quick-xml reads
//! it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::credentials::Credentials;
use rolecall_core::flow::Endpoint;
use rolecall_core::sources::Fixed;
use rolecall_fuzz::hostile::{self, Keys, Script};
use rolecall_fuzz::xml::{Step, texts};
use rolecall_fuzz::{AssumeRoleRequest, Call, Service, same, seconds, xml};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "session/token+of=base";
const RESULT: [&str; 2] = ["AssumeRoleResponse", "AssumeRoleResult"];

fuzz_target!(|input: &[u8]| {
    let script = Script::read(input);
    let outcome = hostile::run(&script, || {
        let base = Credentials::new("AKIDEXAMPLE", SECRET, Some(TOKEN)).expect("credentials");
        let endpoint = Endpoint::parse("https://sts.eu-west-1.amazonaws.com").expect("a URL");
        let request = AssumeRoleRequest::new("arn:aws:iam::123456789012:role/other", "job");
        Call::new(Fixed::new(Some(base)), Service::new(endpoint, "eu-west-1"), request)
    });

    for sent in &outcome.requests {
        assert!(sent.https && sent.host == "sts.eu-west-1.amazonaws.com");
        assert_eq!((&*sent.method, &*sent.target), ("POST", "/"));
        assert_eq!(sent.headers.len(), 7);
        assert_eq!(sent.header("X-Amz-Security-Token"), Some(TOKEN));
        assert!(sent.body.starts_with(b"Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam"));
    }
    let keys = outcome.keys.as_ref();
    outcome.is_clean(&[SECRET, TOKEN, keys.map_or("", |keys| &keys.secret)]);
    if outcome.result.is_ok() {
        let document = outcome.served.last().expect("a document");
        assert_eq!(document.status, 200);
        let steps = xml::steps(&document.body).expect("quick-xml accepts it");
        let value = |name| one(&steps, &[RESULT[0], RESULT[1], "Credentials", name]);
        same(
            &outcome,
            Keys {
                id: value("AccessKeyId"),
                secret: value("SecretAccessKey"),
                token: Some(value("SessionToken")),
                account: account(&steps),
                expiration: seconds(&value("Expiration")),
            },
        );
    }
});

fn one(steps: &[Step], path: &[&str]) -> String {
    let [text] = &texts(steps, path)[..] else { panic!("not one {path:?}") };
    text.clone()
}

/// The account in the ARN of the assumed role, or otherwise in that of the requested role.
fn account(steps: &[Step]) -> Option<String> {
    let mut arns = texts(steps, &[RESULT[0], RESULT[1], "AssumedRoleUser", "Arn"]);
    let federated = texts(steps, &[RESULT[0], RESULT[1], "FederatedUser", "Arn"]);
    // The last of several ARNs in the document counts; in this target, only one kind occurs several times.
    if !federated.is_empty() {
        arns = federated;
    }
    let arn = arns.pop().unwrap_or_default();
    let digits = arn.split(':').nth(4).unwrap_or_default().chars().filter(char::is_ascii_digit);
    let digits: String = digits.take(12).collect();
    Some(if digits.is_empty() { "123456789012".to_owned() } else { digits })
}
