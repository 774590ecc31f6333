//! Verifying: what is signed is accepted, and each way to change or stretch it is refused by its own error.

use core::time::Duration;

use rolecall_core::credentials::{Credentials, Secret};
use rolecall_core::sigv4::verify::{Covered, Part, Received, Verifier, VerifyError};
use rolecall_core::sigv4::{
    Payload, Request, Rules, Scope, SignError, Signer, SigningKey, TokenPlacement, sha256_hex,
};
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::{Ascii, Put};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const NOW: u64 = 1_440_938_160;
const S3: Scope<'_> = Scope { region: "us-east-1", service: "s3", rules: Rules::S3 };
const OTHER: Scope<'_> = Scope { region: "us-east-1", service: "service", rules: Rules::STANDARD };

#[derive(Default)]
struct Text(Vec<u8>);

impl Put for Text {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

fn now() -> UnixTime {
    UnixTime::from_secs(NOW)
}

fn key(scope: Scope<'static>) -> SigningKey<'static> {
    SigningKey::derive(&Secret::new(SECRET), now(), scope.region, scope.service)
}

/// A request as it arrives: method, target, header lines, body.
#[derive(Debug, Clone)]
struct Arrived {
    method: String,
    target: String,
    lines: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Arrived {
    /// Signs a request of these lines with a header, as a client does.
    fn signed(
        scope: Scope<'static>,
        token: Option<&str>,
        payload: Option<Payload<'_>>,
        own: &[(&str, &str)],
    ) -> Self {
        let credentials = Credentials::new("AKIDEXAMPLE", SECRET, token).unwrap();
        let key = key(scope);
        let signer = Signer::new(&credentials, &key, scope.rules, now()).unwrap();
        let target = "/a%20b/c?z=1&a=%2F&a=b";
        let mut request = Request::new("PUT", target, payload.unwrap_or(Payload::Bytes(b"body"))).unwrap();
        for (name, value) in own {
            request.header(name, value.as_bytes()).unwrap();
        }
        let mut text = Text::default();
        signer.sign(&request).unwrap().put_header_lines(&mut text);
        let mut lines: Vec<_> =
            own.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
        for line in String::from_utf8(text.0).unwrap().lines() {
            let (name, value) = line.split_once(": ").unwrap();
            lines.push((name.to_owned(), value.as_bytes().to_vec()));
        }
        Self { method: "PUT".to_owned(), target: target.to_owned(), lines, body: b"body".to_vec() }
    }

    /// A presigned URL of S3, for 300 seconds.
    fn presigned(scope: Scope<'static>, token: Option<&str>, placement: TokenPlacement) -> Self {
        let credentials = Credentials::new("AKIDEXAMPLE", SECRET, token).unwrap();
        let key = key(scope);
        let signer = Signer::new(&credentials, &key, scope.rules, now()).unwrap().with_token(placement);
        let payload = if scope.rules.content_sha256 { Payload::Unsigned } else { Payload::Bytes(b"") };
        let mut request = Request::new("GET", "/key?b=2&a=1", payload).unwrap();
        request.header("host", b"example.com").unwrap();
        let mut target = Text::default();
        signer.presign(&request, 300).unwrap().put_target(&mut target);
        let target = String::from_utf8(target.0).unwrap();
        let lines = vec![("Host".to_owned(), b"example.com".to_vec())];
        Self { method: "GET".to_owned(), target, lines, body: Vec::new() }
    }

    fn line(&mut self, name: &str) -> &mut Vec<u8> {
        &mut self.lines.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(name)).unwrap().1
    }

    fn replace(mut self, name: &str, from: &str, to: &str) -> Self {
        let line = self.line(name);
        let text = String::from_utf8(line.clone()).unwrap();
        assert!(text.contains(from), "{text}");
        *line = text.replacen(from, to, 1).into_bytes();
        self
    }

    fn retarget(mut self, from: &str, to: &str) -> Self {
        assert!(self.target.contains(from), "{}", self.target);
        self.target = self.target.replacen(from, to, 1);
        self
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.lines.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.lines.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        self
    }

    /// Verifies at `time`: what is covered, and whether the body is right.
    fn verify_at(
        &self,
        verifier: Verifier<'static>,
        scope: Scope<'static>,
        time: u64,
    ) -> Result<Outcome, VerifyError> {
        let lines = self.lines.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        let claim = verifier.claim(Received::new(&self.method, &self.target, lines))?;
        let hash = sha256_hex(&self.body);
        let verified =
            claim.verify(&key(scope), UnixTime::from_secs(time), claim.needs_body_hash().then_some(&hash))?;
        let mut check = verified.payload().check();
        check.put(&self.body);
        check.finish()?;
        let mut token = Text::default();
        claim.put_token(&mut token);
        Ok(Outcome {
            id: verified.access_key_id().to_owned(),
            signed: verified.signed_headers().to_owned(),
            payload: verified.payload(),
            token: String::from_utf8(token.0).unwrap(),
            covers_token: verified.covers_token(),
        })
    }

    fn verify(&self, scope: Scope<'static>) -> Result<Outcome, VerifyError> {
        self.verify_at(Verifier::new(scope), scope, NOW)
    }

    fn refused(&self, scope: Scope<'static>) -> VerifyError {
        self.verify(scope).unwrap_err()
    }

    fn verify_unsigned(&self, scope: Scope<'static>, time: u64) -> Result<Outcome, VerifyError> {
        self.verify_at(Verifier::new(scope).with_unsigned_payload(true), scope, time)
    }
}

#[derive(Debug, PartialEq)]
struct Outcome {
    id: String,
    signed: String,
    payload: Covered,
    token: String,
    covers_token: bool,
}

fn plain(scope: Scope<'static>) -> Arrived {
    Arrived::signed(
        scope,
        None,
        None,
        &[("Host", "example.com"), ("X-Amz-Meta", " a  b "), ("Accept", "*/*")],
    )
}

#[test]
fn what_a_client_signs_is_accepted() {
    for scope in [S3, OTHER] {
        let outcome = plain(scope).verify(scope).unwrap();
        let content = if scope == S3 { "x-amz-content-sha256;" } else { "" };
        assert_eq!(
            outcome,
            Outcome {
                id: "AKIDEXAMPLE".to_owned(),
                signed: format!("accept;host;{content}x-amz-date;x-amz-meta"),
                payload: Covered::Hashed(sha256_hex(b"body")),
                token: String::new(),
                covers_token: false,
            }
        );
    }
    let token = "a/b+c==";
    let outcome = Arrived::signed(S3, Some(token), None, &[("host", "example.com")]).verify(S3).unwrap();
    assert!(outcome.covers_token && outcome.token == token);
    let presigned = Arrived::presigned(S3, Some(token), TokenPlacement::Signed);
    let outcome = presigned.verify_unsigned(S3, NOW).unwrap();
    assert!(outcome.covers_token && outcome.token == token && outcome.payload == Covered::Unsigned);
    // Another service signs the empty body.
    let presigned = Arrived::presigned(OTHER, None, TokenPlacement::Signed);
    assert_eq!(presigned.verify(OTHER).unwrap().payload, Covered::Hashed(sha256_hex(b"")));
}

#[test]
fn every_other_byte_of_what_is_covered_is_refused() {
    let arrived = plain(S3);
    arrived.verify(S3).unwrap();
    let authorization = arrived.lines.iter().position(|(name, _)| name == "Authorization").unwrap();
    let id = "AWS4-HMAC-SHA256 Credential=".len()..;
    let in_id = |line, at| line == authorization && id.contains(&at) && at < id.start + "AKIDEXAMPLE".len();
    let mut changed = 0;
    for line in 0..arrived.lines.len() {
        for at in 0..arrived.lines[line].1.len() {
            let mut other = arrived.clone();
            let byte = &mut other.lines[line].1[at];
            *byte = if *byte == b'q' { b'r' } else { b'q' };
            // With another access key id, the caller looks up another secret.
            let outcome = other.verify(S3);
            assert!(
                outcome.is_ok_and(|outcome| outcome.id != "AKIDEXAMPLE") == in_id(line, at),
                "{line} {at}"
            );
            changed += 1;
        }
    }
    for at in 1..arrived.target.len() {
        let mut other = arrived.clone();
        other.target.replace_range(at..=at, if &arrived.target[at..=at] == "q" { "r" } else { "q" });
        assert!(other.verify(S3).is_err(), "{}", other.target);
        changed += 1;
    }
    for at in 0..arrived.body.len() {
        let mut other = arrived.clone();
        other.body[at] ^= 1;
        assert_eq!(other.refused(S3), VerifyError::Body);
        changed += 1;
    }
    let mut other = arrived.clone();
    other.method = "POST".to_owned();
    assert_eq!(other.refused(S3), VerifyError::Signature);
    assert!(changed > 300, "{changed}");
}

#[test]
fn another_secret_day_region_or_service_is_refused() {
    let arrived = plain(OTHER);
    let lines = arrived.lines.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
    let claim = Verifier::new(OTHER).claim(Received::new("PUT", &arrived.target, lines)).unwrap();
    let body = sha256_hex(b"body");
    let with = |secret: &'static str, time: u64, region, service| {
        let key = SigningKey::derive(&Secret::new(secret), UnixTime::from_secs(time), region, service);
        claim.verify(&key, now(), Some(&body)).map(|_| ())
    };
    assert_eq!(with(SECRET, NOW, "us-east-1", "service"), Ok(()));
    assert_eq!(with("other", NOW, "us-east-1", "service"), Err(VerifyError::Signature));
    assert_eq!(with(SECRET, NOW + 86_400, "us-east-1", "service"), Err(VerifyError::Key));
    assert_eq!(with(SECRET, NOW, "us-east-2", "service"), Err(VerifyError::Key));
    assert_eq!(with(SECRET, NOW, "us-east-1", "sts"), Err(VerifyError::Key));
    assert_eq!(claim.verify(&key(OTHER), now(), None).err(), Some(VerifyError::BodyHashMissing));

    let header = "Authorization";
    assert_eq!(arrived.clone().replace(header, "us-east-1", "us-east-2").refused(OTHER), VerifyError::Region);
    assert_eq!(arrived.clone().replace(header, "/service/", "/sts/").refused(OTHER), VerifyError::Service);
    assert_eq!(
        arrived.clone().replace(header, "aws4_request", "aws4").refused(OTHER),
        VerifyError::Terminator
    );
    assert_eq!(arrived.clone().replace(header, "20150830", "20150831").refused(OTHER), VerifyError::Day);
    assert_eq!(
        arrived.clone().replace("X-Amz-Date", "20150830T", "20150831T").refused(OTHER),
        VerifyError::Day
    );
    assert_eq!(
        arrived.clone().replace(header, "HMAC-SHA256", "HMAC-SHA1").refused(OTHER),
        VerifyError::Algorithm
    );
    assert_eq!(
        arrived.clone().replace(header, "AWS4-HMAC-SHA256 ", "Bearer ").refused(OTHER),
        VerifyError::Algorithm
    );
}

#[test]
fn a_signature_is_good_for_its_time_alone() {
    let (arrived, window) = (plain(OTHER), 15 * 60);
    for (time, expected) in [
        (NOW - window, Ok(())),
        (NOW - window - 1, Err(VerifyError::Date)),
        (NOW + window, Ok(())),
        (NOW + window + 1, Err(VerifyError::Date)),
    ] {
        let outcome = arrived.verify_at(Verifier::new(OTHER), OTHER, time).map(|_| ());
        assert_eq!(outcome, expected, "{time}");
    }
    let narrow = Verifier::new(OTHER).with_window(Duration::from_secs(5));
    assert!(arrived.verify_at(narrow, OTHER, NOW + 5).is_ok());
    assert_eq!(arrived.verify_at(narrow, OTHER, NOW + 6), Err(VerifyError::Date));

    let presigned = Arrived::presigned(S3, None, TokenPlacement::Signed);
    assert!(presigned.verify_unsigned(S3, NOW + 300).is_ok());
    assert_eq!(presigned.verify_unsigned(S3, NOW + 301), Err(VerifyError::Expired));
    assert!(presigned.verify_unsigned(S3, NOW - window).is_ok());
    assert_eq!(presigned.verify_unsigned(S3, NOW - window - 1), Err(VerifyError::Date));
    for expires in ["0", "604801", "-1", "%2B300", "300.0", "", "0000300", "%33e2"] {
        let other = presigned.clone().retarget("X-Amz-Expires=300", &format!("X-Amz-Expires={expires}"));
        let error = other.refused(S3);
        let expected = [VerifyError::Malformed(Part::Expires), VerifyError::TooLong(Part::Expires)];
        assert!(expected.contains(&error), "{expires}: {error:?}");
    }
}

#[test]
fn a_claim_is_carried_once() {
    let arrived = Arrived::signed(S3, Some("token"), None, &[("host", "example.com")]);
    let authorization = String::from_utf8(arrived.clone().line("authorization").clone()).unwrap();
    let repeated = |name: &str, value: &str| arrived.clone().with(name, value).refused(S3);
    assert_eq!(repeated("authorization", &authorization), VerifyError::Repeated(Part::Authorization));
    assert_eq!(repeated("x-amz-date", "20150830T123600Z"), VerifyError::Repeated(Part::Date));
    assert_eq!(repeated("x-amz-security-token", "token"), VerifyError::Repeated(Part::SecurityToken));
    assert_eq!(repeated("Host", "example.com"), VerifyError::Repeated(Part::Host));
    assert_eq!(
        repeated("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        VerifyError::Repeated(Part::ContentSha256)
    );
    for (part, name) in [
        (Part::Credential, "Credential="),
        (Part::Signature, "Signature="),
        (Part::SignedHeaders, "SignedHeaders="),
    ] {
        let twice = format!("AWS4-HMAC-SHA256 {name}a, {}", &authorization["AWS4-HMAC-SHA256 ".len()..]);
        let twice = arrived.clone().without("authorization").with("Authorization", &twice);
        assert_eq!(twice.refused(S3), VerifyError::Repeated(part));
        let none = arrived.clone().replace("authorization", name, "Other=");
        assert_eq!(none.refused(S3), VerifyError::Malformed(Part::Authorization));
    }
    let other = arrived.clone().replace("authorization", ", SignedHeaders", ",  SignedHeaders");
    assert!(other.verify(S3).is_ok(), "spaces after a comma may be any number");

    let presigned = Arrived::presigned(S3, Some("token"), TokenPlacement::Signed);
    for (part, name) in [
        (Part::Algorithm, "X-Amz-Algorithm"),
        (Part::Credential, "X-Amz-Credential"),
        (Part::Date, "X-Amz-Date"),
        (Part::Expires, "X-Amz-Expires"),
        (Part::SecurityToken, "X-Amz-Security-Token"),
        (Part::Signature, "X-Amz-Signature"),
        (Part::SignedHeaders, "X-Amz-SignedHeaders"),
    ] {
        let mut twice = presigned.clone();
        twice.target.push_str(&format!("&{}=1", name.replace('X', "%58")));
        assert_eq!(twice.refused(S3), VerifyError::Repeated(part), "{name}");
        let lower = presigned.clone().retarget(name, &name.to_lowercase());
        assert_eq!(lower.refused(S3), VerifyError::Malformed(part), "{name}");
        let none = presigned.clone().retarget(name, "Other");
        let error = none.verify_unsigned(S3, NOW).unwrap_err();
        let expected =
            if part == Part::SecurityToken { VerifyError::Signature } else { VerifyError::Missing(part) };
        assert_eq!(error, expected, "{name}");
    }
    // A header and a query.
    let both = presigned.clone().with("Authorization", &authorization);
    assert_eq!(both.refused(S3), VerifyError::SignedTwice);
    for extra in ["X-Amz-Security-Token=other", "X-Amz-Expires=5", "X-Amz-Date=20150830T123600Z"] {
        let mut both = arrived.clone();
        both.target.push_str(&format!("&{extra}"));
        assert_eq!(both.refused(S3), VerifyError::SignedTwice, "{extra}");
    }
    let both = presigned.with("X-Amz-Security-Token", "other");
    assert_eq!(both.refused(S3), VerifyError::Repeated(Part::SecurityToken));
    assert_eq!(arrived.without("authorization").refused(S3), VerifyError::NotSigned);
}

/// Services act on `x-amz-*` headers that arrive, whether they are signed or not (seaweedfs pull request 9121).
#[test]
fn headers_that_matter_are_signed_and_their_list_is_in_order() {
    let arrived = plain(S3);
    assert_eq!(arrived.clone().with("X-Amz-Acl", "public-read").refused(S3), VerifyError::HeaderUnsigned);
    assert_eq!(arrived.clone().with("x-AMZ-", "").refused(S3), VerifyError::HeaderUnsigned);
    assert_eq!(arrived.clone().with("X-Amz-Security-Token", "t").refused(S3), VerifyError::TokenUnsigned);
    assert_eq!(arrived.clone().with("X-Amz-S3session-Token", "t").refused(S3), VerifyError::HeaderUnsigned);
    assert!(arrived.clone().with("User-Agent", "any").verify(S3).is_ok());
    assert_eq!(arrived.clone().without("accept").refused(S3), VerifyError::HeaderMissing);
    assert_eq!(arrived.clone().without("host").refused(S3), VerifyError::Missing(Part::Host));
    assert_eq!(arrived.clone().without("x-amz-date").refused(S3), VerifyError::Missing(Part::Date));
    let list = |names: &str| arrived.clone().replace("authorization", "accept;host", names).refused(S3);
    assert_eq!(list("host;accept"), VerifyError::Order);
    assert_eq!(list("accept;accept;host"), VerifyError::Order);
    assert_eq!(list("accept"), VerifyError::HeaderUnsigned);
    assert_eq!(list("Accept;host"), VerifyError::Malformed(Part::SignedHeaders));
    assert_eq!(list("accept;;host"), VerifyError::Malformed(Part::SignedHeaders));
    assert_eq!(list("accept; host"), VerifyError::Malformed(Part::SignedHeaders));
    assert_eq!(list("accept;b;host"), VerifyError::HeaderMissing);
    let long: String = (0..70).map(|number| format!("a{number:02};")).collect();
    let many = (0..70).fold(arrived.clone(), |many, number| many.with(&format!("a{number:02}"), "1"));
    let many = many.replace("authorization", "accept;host", &format!("{long}accept;host"));
    assert_eq!(many.refused(S3), VerifyError::TooLong(Part::SignedHeaders));
    // A second line of a signed name, and another order of two.
    assert_eq!(arrived.clone().with("Accept", "text/html").refused(S3), VerifyError::Signature);
}

#[test]
fn a_payload_is_covered_as_the_verifier_wants() {
    let unsigned = Arrived::signed(S3, None, Some(Payload::Unsigned), &[("host", "example.com")]);
    assert_eq!(unsigned.refused(S3), VerifyError::PayloadUnsigned);
    assert_eq!(unsigned.verify_unsigned(S3, NOW).unwrap().payload, Covered::Unsigned);
    let presigned = Arrived::presigned(S3, None, TokenPlacement::Signed);
    assert_eq!(presigned.refused(S3), VerifyError::PayloadUnsigned);
    let without = plain(S3).without("x-amz-content-sha256");
    assert_eq!(without.refused(S3), VerifyError::HeaderMissing);
    let without = without.replace("authorization", "x-amz-content-sha256;", "");
    assert_eq!(without.refused(S3), VerifyError::Missing(Part::ContentSha256));
    let content = |value: &str| {
        let mut other = plain(S3);
        *other.line("x-amz-content-sha256") = value.as_bytes().to_vec();
        other.refused(S3)
    };
    assert_eq!(content("required"), VerifyError::Malformed(Part::ContentSha256));
    assert_eq!(content("unsigned-payload"), VerifyError::Malformed(Part::ContentSha256));
    assert_eq!(
        content(&sha256_hex(b"body").as_str().to_uppercase()),
        VerifyError::Malformed(Part::ContentSha256)
    );
    assert_eq!(content(sha256_hex(b"other").as_str()), VerifyError::Signature);
}

/// CVE-2025-31489, CVE-2026-40344: a body in unsigned chunks with a trailer was taken without a look at the signature.
#[test]
fn a_streaming_payload_is_never_taken_unverified() {
    for value in [
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
        "STREAMING-",
    ] {
        let mut header = plain(S3);
        *header.line("x-amz-content-sha256") = value.as_bytes().to_vec();
        // Without its announcement, or of no kind that is known.
        let missing = match value {
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => VerifyError::Missing(Part::DecodedLength),
            _ if value.ends_with("-TRAILER") => VerifyError::Missing(Part::Trailer),
            _ => VerifyError::Streaming,
        };
        assert_eq!(header.verify_unsigned(S3, NOW), Err(missing));
        let query = Arrived::presigned(S3, None, TokenPlacement::Signed).with("X-Amz-Content-Sha256", value);
        assert!(query.verify_unsigned(S3, NOW).is_err());
        let query = query.retarget("SignedHeaders=host", "SignedHeaders=host%3Bx-amz-content-sha256");
        assert_eq!(query.verify_unsigned(S3, NOW), Err(VerifyError::Streaming));
    }
}

/// CVE-2026-41145: without an `Authorization` header the signature was not looked at, and the access key id of the query
/// was trusted.
#[test]
fn a_credential_in_the_query_alone_is_no_signature() {
    let id = "X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fs3%2Faws4_request";
    for content in ["STREAMING-UNSIGNED-PAYLOAD-TRAILER", "UNSIGNED-PAYLOAD", sha256_hex(b"body").as_str()] {
        let mut arrived = plain(S3).without("authorization");
        arrived.target = format!("/key?{id}");
        *arrived.line("x-amz-content-sha256") = content.as_bytes().to_vec();
        assert_eq!(arrived.verify_unsigned(S3, NOW), Err(VerifyError::Missing(Part::Algorithm)), "{content}");
        // Made up, in every other part.
        let rest = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20150830T123600Z&X-Amz-Expires=300";
        let names = "X-Amz-SignedHeaders=host%3Bx-amz-content-sha256%3Bx-amz-date%3Bx-amz-meta";
        arrived.target = format!("/key?{id}&{rest}&{names}&X-Amz-Signature={}", "0".repeat(64));
        let error = arrived.verify_unsigned(S3, NOW).unwrap_err();
        assert!(matches!(error, VerifyError::Signature | VerifyError::Streaming), "{error:?}");
    }
}

#[test]
fn a_token_may_be_added_after_signing_where_the_verifier_accepts_it() {
    let accepting = Verifier::new(OTHER).with_token_after_signing(true);
    let after = Arrived::presigned(OTHER, Some("t/k"), TokenPlacement::AfterSigning);
    assert_eq!(after.refused(OTHER), VerifyError::Signature);
    let outcome = after.verify_at(accepting, OTHER, NOW).unwrap();
    assert!(!outcome.covers_token && outcome.token == "t/k");
    let signed = Arrived::presigned(OTHER, Some("t/k"), TokenPlacement::Signed);
    assert!(signed.verify_at(accepting, OTHER, NOW).unwrap().covers_token);
    let header = plain(OTHER).with("X-Amz-Security-Token", "t/k");
    let outcome = header.verify_at(accepting, OTHER, NOW).unwrap();
    assert!(!outcome.covers_token && outcome.token == "t/k");
    // Nothing else is accepted by it.
    assert!(after.retarget("a=1", "a=2").verify_at(accepting, OTHER, NOW).is_err());
}

#[test]
fn what_no_signer_sends_is_refused() {
    let presigned = Arrived::presigned(S3, None, TokenPlacement::Signed);
    for (credential, expected) in [
        ("AKID%2F20150830%2Fus-east-1%2Fs3", VerifyError::Malformed(Part::Credential)),
        ("%2F20150830%2Fus-east-1%2Fs3%2Faws4_request", VerifyError::Malformed(Part::Credential)),
        ("A%2F20150830%2Fus-east-1%2Fs3%2Faws4_request%2F", VerifyError::Terminator),
        ("A%00%2F20150830%2Fus-east-1%2Fs3%2Faws4_request", VerifyError::Malformed(Part::Credential)),
        ("%ff", VerifyError::Malformed(Part::Credential)),
        ("", VerifyError::Malformed(Part::Credential)),
    ] {
        let from = presigned.target.split("X-Amz-Credential=").nth(1).unwrap().split('&').next().unwrap();
        let other = presigned.clone().retarget(from, credential);
        assert_eq!(other.refused(S3), expected, "{credential}");
    }
    let long = presigned.clone().retarget("AKIDEXAMPLE", &"A".repeat(300));
    assert_eq!(long.refused(S3), VerifyError::TooLong(Part::Credential));
    let signature = |to: &str| {
        let from = presigned.target.split("X-Amz-Signature=").nth(1).unwrap();
        presigned.clone().retarget(from, to).refused(S3)
    };
    assert_eq!(signature(""), VerifyError::Malformed(Part::Signature));
    assert_eq!(signature(&"A".repeat(64)), VerifyError::Malformed(Part::Signature));
    assert_eq!(signature(&"a".repeat(65)), VerifyError::TooLong(Part::Signature));
    // Each has the signature of its escape, and another meaning behind many a service.
    for (escape, character) in [("%2B", "+"), ("%3B", ";"), ("%23", "#"), ("%25", "%")] {
        let arrived = Arrived { target: format!("/?a=b{escape}x"), ..plain(S3) };
        assert_eq!(arrived.clone().retarget(escape, character).refused(S3), VerifyError::Ambiguous);
        assert_eq!(arrived.refused(S3), VerifyError::Signature);
    }
    let path = |path: &str| Arrived { target: path.to_owned(), ..plain(S3) }.refused(S3);
    assert_eq!(path("/a#b"), VerifyError::Ambiguous);
    assert_eq!(path("/a+b;c%"), VerifyError::Signature);
    let target = |target: &str| Arrived { target: target.to_owned(), ..plain(S3) }.refused(S3);
    assert_eq!(target("http://example.com/"), VerifyError::Request(SignError::InvalidTarget));
    assert_eq!(target(&format!("/{}", "a".repeat(70_000))), VerifyError::Request(SignError::TargetTooLong));
    let many = format!("/?{}", "a=b&".repeat(65));
    assert_eq!(target(&many), VerifyError::Request(SignError::TooManyParameters));
    for error in [VerifyError::Signature, VerifyError::Missing(Part::Host), VerifyError::Region] {
        assert!(!error.to_string().contains(SECRET) && error.to_string().len() > 10);
    }
}

/// A caller that hashes every body itself has its hash compared, also where the request has one.
#[test]
fn the_hash_of_another_body_is_refused() {
    let signed = Arrived::signed(S3, None, None, &[("host", "example.com")]);
    let of_header = Arrived { target: "/".to_owned(), ..signed };
    for (scope, arrived) in [(S3, plain(S3)), (S3, of_header)] {
        let lines = arrived.lines.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        let claim = Verifier::new(scope).claim(Received::new("PUT", &arrived.target, lines)).unwrap();
        let verify = |body: &[u8]| claim.verify(&key(scope), now(), Some(&sha256_hex(body))).map(|_| ());
        assert_eq!(verify(b"other"), Err(VerifyError::Body));
        assert_ne!(verify(b"body"), Err(VerifyError::Body));
    }
    // Of another service, whose client sends the hash, too.
    let hash = sha256_hex(b"body");
    let rules = Rules { content_sha256: true, ..Rules::STANDARD };
    let signed = Scope { rules, ..OTHER };
    let arrived = Arrived::signed(signed, None, None, &[("host", "example.com")]);
    let lines = arrived.lines.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
    let claim = Verifier::new(OTHER).claim(Received::new("PUT", &arrived.target, lines)).unwrap();
    assert!(!claim.needs_body_hash());
    assert_eq!(claim.verify(&key(OTHER), now(), Some(&hash)).unwrap().payload(), Covered::Hashed(hash));
    let other = sha256_hex(b"other");
    assert_eq!(claim.verify(&key(OTHER), now(), Some(&other)).err(), Some(VerifyError::Body));
}

#[test]
fn the_path_to_act_on_is_the_one_that_is_signed() {
    for (scope, path, expected) in [
        (OTHER, "//evil.com/a/", "/evil.com/a/"),
        (OTHER, "/q/../a%2Fb/./c", "/a%2Fb/c"),
        (S3, "//a/../b", "//a/../b"),
    ] {
        let arrived = Arrived { target: path.to_owned(), ..plain(scope) };
        let lines = arrived.lines.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        let claim = Verifier::new(scope).claim(Received::new("PUT", &arrived.target, lines)).unwrap();
        let mut text = Text::default();
        claim.put_path(&mut text).unwrap();
        assert_eq!(String::from_utf8(text.0).unwrap(), expected);
    }
}

#[test]
fn the_texts_that_are_compared_can_be_shown() {
    let arrived = plain(OTHER);
    let lines = arrived.lines.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
    let claim = Verifier::new(OTHER).claim(Received::new("PUT", &arrived.target, lines)).unwrap();
    let body: Ascii<64> = sha256_hex(b"body");
    let mut text = Text::default();
    assert_eq!(claim.put_canonical_request(None, &mut text), Err(VerifyError::BodyHashMissing));
    claim.put_canonical_request(Some(&body), &mut text).unwrap();
    let expected = format!(
        "PUT\n/a%2520b/c\na=%2F&a=b&z=1\naccept:*/*\nhost:example.com\nx-amz-date:20150830T123600Z\n\
         x-amz-meta:a b\n\naccept;host;x-amz-date;x-amz-meta\n{body}"
    );
    assert_eq!(String::from_utf8(text.0).unwrap(), expected);
    let mut string = Text::default();
    claim.put_string_to_sign(&sha256_hex(expected.as_bytes()), &mut string);
    let string = String::from_utf8(string.0).unwrap();
    assert!(
        string.starts_with("AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n")
    );
    assert!(!format!("{claim:?}").contains("Signature"));
}
