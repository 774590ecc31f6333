//! A credential process with arbitrary output (`rolecall_fuzz::hostile` describes its scripts): the
//! credentials are those of the document, with any amount of memory.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::sources::Process;
use rolecall_fuzz::hostile::{self, Keys, Script};
use rolecall_fuzz::{json, seconds};

fuzz_target!(|input: &[u8]| {
    let script = Script::read(input);
    let outcome = hostile::run(&script, || Process::new("print-credentials"));
    assert!(outcome.requests.is_empty());
    outcome.is_clean(&[outcome.keys.as_ref().map_or("", |keys| &keys.secret)]);
    let (Ok(lease), Some(keys)) = (outcome.result, &outcome.keys) else { return };
    let Some(members) = json::members(&outcome.served.last().expect("a document").body) else { return };
    assert!(
        members
            .iter()
            .any(|(name, value)| name.eq_ignore_ascii_case("Version") && value.as_f64() == Some(1.0))
    );
    let end = json::optional(&members, &["Expiration", "ExpiresAt"]).map(seconds);
    let expected = Keys {
        id: json::one(&members, &["AccessKeyId"]).to_owned(),
        secret: json::one(&members, &["SecretAccessKey"]).to_owned(),
        // An empty token counts as absent.
        token: json::optional(&members, &["Token", "SessionToken"])
            .filter(|token| !token.is_empty())
            .map(str::to_owned),
        // The account of an ARN is checked by the target `container`.
        account: keys.account.clone(),
        // Permitted difference: `time` accepts fewer leap seconds.
        expiration: end.and_then(|end| end.or(keys.expiration)),
    };
    assert_eq!(*keys, expected);
    assert_eq!(keys.expiration, lease.expiration.map(|time| time.as_secs()));
});
