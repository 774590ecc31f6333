//! Whatever botocore signs is accepted, and with one byte of it changed refused: random requests, the same each time.

use std::process::Command;

use rolecall_core::credentials::Secret;
use rolecall_core::sigv4::verify::{Covered, Received, Verifier, VerifyError};
use rolecall_core::sigv4::{Rules, Scope, SigningKey, sha256_hex};
use serde_json::Value;

const COUNT: usize = 3_000;

/// A request, and the hash of its body.
struct Sent {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
    s3: bool,
}

impl Sent {
    fn of(document: &Value) -> Self {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let headers = document["headers"].as_array().expect("a list");
        Self {
            method: text(&document["method"]),
            target: text(&document["target"]),
            headers: headers.iter().map(|line| (text(&line[0]), text(&line[1]))).collect(),
            body: text(&document["body"]),
            s3: document["s3"] == true,
        }
    }

    fn verify(&self) -> Result<(), VerifyError> {
        let (service, rules) = if self.s3 { ("s3", Rules::S3) } else { ("service", Rules::STANDARD) };
        let scope = Scope { region: "eu-west-1", service, rules };
        let verifier = Verifier::new(scope).with_unsigned_payload(true);
        let lines = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let claim = verifier.claim(Received::new(&self.method, &self.target, lines))?;
        let secret = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let key = SigningKey::derive(&secret, claim.time(), scope.region, scope.service);
        let hash = sha256_hex(self.body.as_bytes());
        let verified = claim.verify(&key, claim.time(), claim.needs_body_hash().then_some(&hash))?;
        match verified.payload() {
            Covered::Unsigned => Ok(()),
            Covered::Hashed(signed) if signed == hash => Ok(()),
            _ => Err(VerifyError::Body),
        }
    }
}

#[test]
fn what_botocore_signs_is_accepted_and_a_change_of_it_is_refused() {
    let Some(python) = std::env::var_os("ROLECALL_PYTHON") else {
        assert!(std::env::var_os("CI").is_none(), "CI is set, but ROLECALL_PYTHON is not");
        eprintln!(
            "NOTICE: ROLECALL_PYTHON is not set, requests of botocore are skipped: `tests/run e2e` sets it"
        );
        return;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../lib/signed_requests.py");
    let output = Command::new(python).args([script, "1", &COUNT.to_string()]).output().expect("Python");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = String::from_utf8(output.stdout).expect("text");
    let (mut accepted, mut presigned, mut refused) = (0, 0, 0);
    for line in output.lines() {
        let sent = Sent::of(&serde_json::from_str(line).expect("a document"));
        assert_eq!(sent.verify(), Ok(()), "{line}");
        accepted += 1;
        presigned += usize::from(sent.target.contains("X-Amz-Signature="));

        // Another digit of the signature, another key of the object, another header or another body.
        let mut changes: Vec<Sent> = Vec::new();
        let change = |change: &dyn Fn(&mut Sent)| {
            let mut changed = Sent::of(&serde_json::from_str(line).expect("a document"));
            change(&mut changed);
            changed
        };
        changes.push(change(&|sent| {
            let end = sent.target.find('?').unwrap_or(sent.target.len());
            sent.target.insert_str(end, "/x");
        }));
        changes.push(change(&|sent| sent.method.insert(0, 'X')));
        changes.push(change(&|sent| sent.headers[0].1.insert(0, 'x')));
        let at = accepted % 64;
        changes.push(change(&|sent| {
            let text = match sent.headers.iter_mut().find(|(name, _)| name == "Authorization") {
                Some((_, value)) => value,
                None => &mut sent.target,
            };
            let digit = text.len() - 64 + at;
            let other = if text.as_bytes()[digit] == b'0' { "1" } else { "0" };
            text.replace_range(digit..=digit, other);
        }));
        for (index, changed) in changes.iter().enumerate() {
            assert!(changed.verify().is_err(), "change {index}: {line}");
            refused += 1;
        }
    }
    println!(
        "{accepted} requests of botocore accepted, {presigned} of them presigned; {refused} changed ones refused"
    );
    assert!(accepted == COUNT && presigned > COUNT / 4);
}
