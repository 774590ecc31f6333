//! The verification of a request that is signed in headers, its body hashed.

#![no_std]
#![no_main]

use core::hint::black_box;

use rolecall_core::credentials::Secret;
use rolecall_core::sigv4::verify::{Received, Verifier};
use rolecall_core::sigv4::{Rules, Scope, SigningKey, sha256_hex};
use rolecall_core::wire::time::UnixTime;
use sizes::image::call;

sizes::image!(|| {
    let call = call();
    let scope = Scope { region: call.region, service: call.service, rules: Rules::S3 };
    let lines = [("", &b""[..])];
    let lines = black_box(&lines).iter().copied();
    let received = Received::new(call.method, call.target, lines);
    let Ok(claim) = Verifier::new(scope).claim(received) else { return };
    let secret = Secret::new(black_box(""));
    let key = SigningKey::derive(&secret, claim.time(), scope.region, scope.service);
    let (now, hash) = (UnixTime::from_secs(black_box(0)), sha256_hex(call.body));
    black_box(claim.verify(&key, now, Some(&hash)).is_ok_and(|verified| verified.covers_token()));
});
