//! Whatever botocore signs is accepted, with one byte of it changed refused, and signed here as it is there: random requests,
//! the same each time.

use std::process::Command;

use rolecall_core::credentials::{Credentials, Secret};
use rolecall_core::sigv4::verify::{Covered, Received, Verifier, VerifyError};
use rolecall_core::sigv4::{Payload, Request, Rules, Scope, Signer, SigningKey, sha256_hex};
use rolecall_core::wire::Put;
use rolecall_core::wire::time::UnixTime;
use serde_json::Value;

const COUNT: usize = 3_000;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

struct Text<'a>(&'a mut String);

impl Put for Text<'_> {
    fn put(&mut self, bytes: &[u8]) {
        self.0.push_str(std::str::from_utf8(bytes).expect("ASCII"));
    }
}

/// A request, and the hash of its body.
struct Sent {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
    service: String,
    token: Option<String>,
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
            service: text(&document["service"]),
            token: document["token"].as_str().map(str::to_owned),
        }
    }

    fn scope(&self) -> Scope<'_> {
        let s3_session = self.service == "s3express";
        let rules = Rules { s3_session, ..Rules::of(&self.service) };
        Scope { region: "eu-west-1", service: &self.service, rules }
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> + Clone {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
    }

    /// The parameter of a presigned URL, and the lifetime of one.
    fn parameter(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    fn header(&self, wanted: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.as_str())
    }

    /// The signature that this crate makes of what botocore signed.
    fn signature(&self) -> String {
        let scope = self.scope();
        let token = self.token.as_deref();
        let credentials = Credentials::new("AKIDEXAMPLE", SECRET, token).expect("credentials");
        let date = self.parameter("X-Amz-Date").or_else(|| self.header("x-amz-date")).expect("a date");
        let time = UnixTime::from_compact(date.as_bytes()).expect("a time");
        let key = SigningKey::derive(credentials.secret_access_key(), time, scope.region, scope.service);
        let lifetime = self.parameter("X-Amz-Expires").map(|text| text.parse().expect("seconds"));
        let unsigned = self.header("x-amz-content-sha256") == Some("UNSIGNED-PAYLOAD");
        let payload = match lifetime {
            Some(_) if scope.rules.content_sha256 => Payload::Unsigned,
            _ if unsigned => Payload::Unsigned,
            _ => Payload::Bytes(self.body.as_bytes()),
        };
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let own = query.split('&').filter(|pair| !pair.starts_with("X-Amz-")).collect::<Vec<_>>().join("&");
        let target = if own.is_empty() { path.to_owned() } else { format!("{path}?{own}") };
        let mut request = Request::new(&self.method, &target, payload).expect("a request");
        for (name, value) in self.lines() {
            let added = ["authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"];
            let is = |own: &str| name.eq_ignore_ascii_case(own);
            if !added.into_iter().any(is) && !is("x-amz-s3session-token") {
                request.header(name, value).expect("a header");
            }
        }
        let signer = Signer::new(&credentials, &key, scope.rules, time).expect("a signer");
        match lifetime {
            Some(lifetime) => {
                signer.presign(&request, lifetime).expect("it is signed").signature().to_string()
            }
            None => signer.sign(&request).expect("it is signed").signature().to_string(),
        }
    }

    fn verify(&self) -> Result<(), VerifyError> {
        let scope = self.scope();
        let verifier = Verifier::new(scope).with_unsigned_payload(true);
        let claim = verifier.claim(Received::new(&self.method, &self.target, self.lines()))?;
        let secret = Secret::new(SECRET);
        let key = SigningKey::derive(&secret, claim.time(), scope.region, scope.service);
        let hash = sha256_hex(self.body.as_bytes());
        let verified = claim.verify(&key, claim.time(), claim.needs_body_hash().then_some(&hash))?;
        let mut token = String::new();
        claim.put_token(&mut Text(&mut token));
        assert_eq!(token, self.token.as_deref().unwrap_or_default());
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
    let (mut accepted, mut presigned, mut refused, mut express) = (0, 0, 0, 0);
    for line in output.lines() {
        let sent = Sent::of(&serde_json::from_str(line).expect("a document"));
        assert_eq!(sent.verify(), Ok(()), "{line}");
        assert!(line.contains(&sent.signature()), "another signature: {line}");
        express += usize::from(sent.service == "s3express");
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
    assert!(accepted == COUNT && presigned > COUNT / 4 && express > COUNT / 20);
}
