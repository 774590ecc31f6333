//! Verifying whatever arrives: no request makes it panic, what is accepted has the signature of its canonical request,
//! and each refusal has a description.
//!
//! An input is a head as it is received.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::credentials::Secret;
use rolecall_core::sigv4::verify::{Covered, Received, Verifier, VerifyError};
use rolecall_core::sigv4::{Rules, Scope, SigningKey, sha256_hex};
use rolecall_core::wire::http1::{RequestHead, head_len};
use rolecall_fuzz::text;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fuzz_target!(|input: &[u8]| {
    let Some(len) = head_len(input, 0) else { return };
    let Ok(head) = RequestHead::parse(&input[..len]) else { return };
    for (service, rules) in [("s3", Rules::S3), ("service", Rules::STANDARD)] {
        let scope = Scope { region: "us-east-1", service, rules };
        for lenient in [false, true] {
            let verifier =
                Verifier::new(scope).with_unsigned_payload(lenient).with_token_after_signing(lenient);
            if let Err(error) = verify(verifier, scope, head, lenient) {
                assert!(!error.to_string().is_empty());
            }
        }
    }
});

fn verify(
    verifier: Verifier<'_>,
    scope: Scope<'_>,
    head: RequestHead<'_>,
    lenient: bool,
) -> Result<(), VerifyError> {
    let claim = verifier.claim(Received::new(head.method, head.target, head.headers.iter()))?;
    let body = sha256_hex(b"");
    let body = claim.needs_body_hash().then_some(&body);
    let key = SigningKey::derive(&Secret::new(SECRET), claim.time(), scope.region, scope.service);
    let verified = claim.verify(&key, claim.time(), body)?;
    assert!(lenient || verified.payload() != Covered::Unsigned);
    assert!(lenient || !claim.has_token() || verified.covers_token());
    assert!(verified.covers("host"));
    for (name, _) in head.headers.iter().filter(|(name, _)| name.to_ascii_lowercase().starts_with("x-amz-")) {
        assert!(
            verified.covers(name) || lenient && name.eq_ignore_ascii_case("x-amz-security-token"),
            "{name}"
        );
    }
    // The time of a check is not part of what is signed.
    let later = claim.time().saturating_add(604_801 + 900);
    assert!(claim.verify(&key, later, body).is_err());
    let other = SigningKey::derive(&Secret::new("other"), claim.time(), scope.region, scope.service);
    assert_eq!(claim.verify(&other, claim.time(), body).err(), Some(VerifyError::Signature));
    let canonical = text(|out| claim.put_canonical_request(body, out).expect("it was verified"));
    assert!(canonical.starts_with(head.method) && canonical.contains(verified.signed_headers()));
    Ok(())
}
