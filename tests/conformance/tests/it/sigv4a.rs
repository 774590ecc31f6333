//! The third-party SigV4a signing cases: key, canonical request and string to sign; their signatures and ours are verified
//! with the published public key, by ring.

use std::path::Path;

use conformance::{json, say, text, vectors};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rolecall_core::credentials::Credentials;
use rolecall_core::sigv4::{
    DeriveEach, KeyRing, Payload, Request, Rules, Scope, SignError, Signer, SigningKey, SigningKeys,
    TokenPlacement,
};
use rolecall_core::wire::time::UnixTime;

use crate::sigv4::{Case, Message};

#[test]
fn sigv4a() {
    let Some(folder) = vectors("sigv4a") else { return };
    let (mut cases, mut unchecked) = (0, 0);
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            // Two cases have neither a key nor a result.
            if path.join("public-key.json").exists() {
                check(&path);
                cases += 1;
            } else {
                Message::read(&path.join("request.txt"));
                unchecked += 1;
            }
        }
    }
    say(&format!("sigv4a: {cases} published signing cases, {unchecked} without a key"));
    assert_eq!((cases, unchecked), (38, 2));
}

fn bytes(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "{hex}");
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("digits")).collect()
}

fn check(path: &Path) {
    let name = path.display();
    let case = Case::read(path);
    let expected = |file: &str| case.expected(file);
    let (credentials, time, message, placement) =
        (case.credentials(), case.time, &case.message, case.placement);
    let (regions, service) = (case.string("/region"), case.string("/service"));
    let rules = Rules { region_set: true, ..case.rules };

    let key = SigningKey::for_regions(&credentials, time, regions, service).expect("a key");
    let published = json(&path.join("public-key.json"));
    let point = |part: &str| bytes(published[part].as_str().expect("digits"));
    let public = key.public_key().expect("a public key");
    assert_eq!(public.as_slice(), [&[4], &point("X")[..], &point("Y")].concat(), "{name}");
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public);
    let verify = |what: &str, string_to_sign: &str, signature: &str| {
        let signature = bytes(signature.trim());
        public.verify(string_to_sign.as_bytes(), &signature).unwrap_or_else(|_| panic!("{name}: {what}"));
        let other = string_to_sign.replacen("2015", "2016", 1);
        assert!(public.verify(other.as_bytes(), &signature).is_err(), "{name}: {what}, another text");
    };

    let signer = Signer::new(&credentials, &key, rules, time).expect("a signer").with_token(placement);
    let request = case.request();

    let signed = signer.sign(&request).expect("a signature");
    let canonical = text(|out| signed.put_canonical_request(out).unwrap());
    assert_eq!(canonical, expected("header-canonical-request.txt"), "{name}");
    let string_to_sign = text(|out| signed.put_string_to_sign(out).unwrap());
    assert_eq!(string_to_sign, expected("header-string-to-sign.txt"), "{name}");
    verify("theirs", &string_to_sign, &expected("header-signature.txt"));
    verify("ours", &string_to_sign, signed.signature().as_str());
    // The same each time, by any keys.
    let scope = Scope { region: regions, service, rules };
    let again = std::cell::RefCell::new(KeyRing::<2>::new());
    for keys in [&DeriveEach as &dyn SigningKeys, &again, &again] {
        let sign = &mut |other: &Signer<'_>| {
            let same = other.sign(&request)?.signature() == signed.signature();
            assert!(same || placement != TokenPlacement::Signed, "{name}");
            Ok::<(), SignError>(())
        };
        keys.with_signer(&credentials, scope, time, sign).expect("a signature");
    }
    // But for the signature, the request is theirs.
    let wanted = Message::read(&path.join("header-signed-request.txt"));
    let mut headers = message.headers.clone();
    for line in text(|out| signed.put_header_lines(out)).lines() {
        let (name, value) = line.split_once(": ").expect("a header line");
        headers.push((name.to_owned(), value.to_owned()));
    }
    let unsigned = |headers: &[(String, String)]| {
        let cut =
            |value: &str| value.split_once(", Signature=").map_or(value, |(before, _)| before).to_owned();
        let mut lines: Vec<_> =
            headers.iter().map(|(name, value)| (name.to_lowercase(), cut(value.trim()))).collect();
        lines.sort();
        lines
    };
    assert_eq!(unsigned(&headers), unsigned(&wanted.headers), "{name}");

    let presigned = signer.presign(&request, case.lifetime()).expect("a presigned URL");
    let canonical = text(|out| presigned.put_canonical_request(out).unwrap());
    assert_eq!(canonical, expected("query-canonical-request.txt"), "{name}");
    let string_to_sign = text(|out| presigned.put_string_to_sign(out).unwrap());
    assert_eq!(string_to_sign, expected("query-string-to-sign.txt"), "{name}");
    verify("theirs, in the query", &string_to_sign, &expected("query-signature.txt"));
    verify("ours, in the query", &string_to_sign, presigned.signature().as_str());
    let wanted = Message::read(&path.join("query-signed-request.txt"));
    let until = |target: &str| target.split_once("&X-Amz-Signature=").expect("a signature").0.to_owned();
    assert_eq!(until(&text(|out| presigned.put_target(out))), until(wanted.method_and_target().1), "{name}");
}

/// A key of one kind does not sign for the other, and a set has to be one.
#[test]
fn kinds_are_not_mixed() {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None).expect("credentials");
    let time = UnixTime::from_secs(1_440_938_160);
    let regions = Rules { region_set: true, ..Rules::S3 };
    let one = SigningKey::derive(credentials.secret_access_key(), time, "eu-west-1", "s3");
    assert_eq!(Signer::new(&credentials, &one, regions, time).unwrap_err(), SignError::RegionSet);
    assert_eq!(one.public_key(), None);
    let set = |regions| SigningKey::for_regions(&credentials, time, regions, "s3").expect("a key");
    assert_eq!(Signer::new(&credentials, &set("*"), Rules::S3, time).unwrap_err(), SignError::RegionSet);
    for right in ["*", "eu-west-1", "eu-west-1,us-east-1", "us-west-*"] {
        assert!(Signer::new(&credentials, &set(right), regions, time).is_ok(), "{right}");
    }
    for wrong in ["", ",", "eu-west-1,", "eu-west-1, us-east-1", "eu/west", "é"] {
        let error = Signer::new(&credentials, &set(wrong), regions, time).unwrap_err();
        assert_eq!(error, SignError::InvalidScope, "{wrong}");
    }
    // A ring with the key of a region has none for the set of it alone.
    let ring = std::cell::RefCell::new(KeyRing::<2>::new());
    let mut request = Request::new("GET", "/", Payload::Bytes(b"")).expect("a request");
    request.header("host", b"example.com").expect("a header");
    let mut lengths = Vec::new();
    for rules in [Rules::S3, regions, Rules::S3] {
        let scope = Scope { region: "eu-west-1", service: "s3", rules };
        ring.with_signer(&credentials, scope, time, &mut |signer| {
            lengths.push(signer.sign(&request)?.signature().as_str().len() > 64);
            Ok(())
        })
        .expect("a signature");
    }
    assert_eq!(lengths, [false, true, false]);
}
