//! Signing for a set of regions (SigV4a): every signature is right by the key that is published for the credentials, and by no
//! other; the same request has the same signature.
//!
//! An input is a line `SERVICE REGIONS SECONDS TOKEN LIFETIME SECRET`, then a request, as for `sigv4`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use rolecall_core::credentials::Credentials;
use rolecall_core::sigv4::{Hasher, Payload, Request, Rules, Signer, SigningKey, sha256_hex};
use rolecall_core::wire::Put;
use rolecall_core::wire::time::UnixTime;
use rolecall_fuzz::text;

fuzz_target!(|input: &str| {
    let Some((scope, request)) = input.split_once('\n') else { return };
    let words: Vec<&str> = scope.split(' ').collect();
    let &[service, regions, seconds, ref rest @ ..] = &words[..] else { return };
    let Ok(seconds) = seconds.parse::<u64>() else { return };
    let time = UnixTime::from_secs(seconds.min(UnixTime::MAX.as_secs()));
    let token = rest.first().copied().filter(|token| *token != "-");
    let lifetime = rest.get(1).and_then(|lifetime| lifetime.parse().ok());
    let secret = rest.get(2).copied().unwrap_or("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    let Ok(credentials) = Credentials::new("AKIDEXAMPLE", secret, token) else { return };
    let key = SigningKey::for_regions(&credentials, time, regions, service).expect("a key");
    let rules = Rules { region_set: true, ..Rules::of(service) };
    let Ok(signer) = Signer::new(&credentials, &key, rules, time) else { return };

    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let mut lines = head.split('\n');
    let Some((method, target)) = lines.next().and_then(|line| line.split_once(' ')) else { return };
    let payload = if lifetime.is_some() { Payload::Unsigned } else { Payload::Bytes(body.as_bytes()) };
    let Ok(mut request) = Request::new(method, target, payload) else { return };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if request.header(name, value.as_bytes()).is_err() {
            return;
        }
    }
    let (signature, again, to_sign, shown) = match lifetime {
        Some(lifetime) => {
            let Ok(presigned) = signer.presign(&request, lifetime) else { return };
            let again = signer.presign(&request, lifetime).expect("the same");
            let to_sign = text(|mut out| presigned.put_string_to_sign(&mut out).expect("it is signed"));
            let target = text(|out| presigned.put_target(&mut { out }));
            (presigned.signature(), again.signature(), to_sign, target)
        }
        None => {
            let Ok(signed) = signer.sign(&request) else { return };
            let again = signer.sign(&request).expect("the same");
            let to_sign = text(|mut out| signed.put_string_to_sign(&mut out).expect("it is signed"));
            let canonical = text(|mut out| signed.put_canonical_request(&mut out).expect("it is signed"));
            assert!(to_sign.ends_with(sha256_hex(canonical.as_bytes()).as_str()));
            (
                signed.signature(),
                again.signature(),
                to_sign,
                text(|mut out| signed.put_header_lines(&mut out)),
            )
        }
    };
    assert_eq!(signature.as_str(), again.as_str());
    assert!(to_sign.starts_with("AWS4-ECDSA-P256-SHA256\n") && shown.contains(signature.as_str()), "{shown}");
    assert!(!shown.contains(secret) || input.matches(secret).count() > 1 || secret.len() < 16, "{shown}");
    let public = key.public_key().expect("a key for regions");
    let public = VerifyingKey::from_sec1_bytes(&public).expect("a point");
    let bytes = (0..signature.as_str().len() / 2)
        .map(|at| u8::from_str_radix(&signature.as_str()[2 * at..][..2], 16).expect("digits"))
        .collect::<Vec<u8>>();
    let signature = Signature::from_der(&bytes).expect("a signature in DER");
    let hash = |text: &str| {
        let mut hasher = Hasher::new();
        hasher.put(text.as_bytes());
        hasher.finish()
    };
    assert!(public.verify_prehash(&hash(&to_sign), &signature).is_ok());
    assert!(public.verify_prehash(&hash(&format!("{to_sign}0")), &signature).is_err());
});
