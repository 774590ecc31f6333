//! AssumeRole over a hostile server (`rolecall_fuzz::hostile` tells how one is written): the flow
//! ends within its bounds, whatever the memory; what comes out is what the last document says, as
//! quick-xml reads it.

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

    for asked in &outcome.asked {
        assert!(asked.https && asked.host == "sts.eu-west-1.amazonaws.com");
        assert_eq!((&*asked.method, &*asked.target), ("POST", "/"));
        assert_eq!(asked.headers.len(), 7);
        assert_eq!(asked.header("X-Amz-Security-Token"), Some(TOKEN));
        assert!(asked.body.starts_with(b"Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam"));
    }
    let keys = outcome.keys.as_ref();
    outcome.is_clean(&[SECRET, TOKEN, keys.map_or("", |keys| &keys.secret)]);
    if outcome.result.is_ok() {
        let document = outcome.served.last().expect("a document");
        assert_eq!(document.status, 200);
        let steps = xml::steps(&document.body).expect("quick-xml reads it");
        let said = |name| one(&steps, &[RESULT[0], RESULT[1], "Credentials", name]);
        same(
            &outcome,
            Keys {
                id: said("AccessKeyId"),
                secret: said("SecretAccessKey"),
                token: Some(said("SessionToken")),
                account: account(&steps),
                expiration: seconds(&said("Expiration")),
            },
        );
    }
});

fn one(steps: &[Step], path: &[&str]) -> String {
    let [text] = &texts(steps, path)[..] else { panic!("not one {path:?}") };
    text.clone()
}

/// The account of the assumed role's ARN, without one that of the role that was asked for.
fn account(steps: &[Step]) -> Option<String> {
    let mut arns = texts(steps, &[RESULT[0], RESULT[1], "AssumedRoleUser", "Arn"]);
    let federated = texts(steps, &[RESULT[0], RESULT[1], "FederatedUser", "Arn"]);
    // Of several, the last in the document counts: only one kind is made of several here.
    if !federated.is_empty() {
        arns = federated;
    }
    let arn = arns.pop().unwrap_or_default();
    let digits = arn.split(':').nth(4).unwrap_or_default().chars().filter(char::is_ascii_digit);
    let digits: String = digits.take(12).collect();
    Some(if digits.is_empty() { "123456789012".to_owned() } else { digits })
}
