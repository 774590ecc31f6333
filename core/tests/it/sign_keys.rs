//! Cached signing keys sign like derived ones, and none outlives its credentials.

use std::cell::RefCell;

use rolecall_core::credentials::Credentials;
use rolecall_core::sigv4::{DeriveEach, KeyRing, Payload, Request, Rules, Scope, SigningKeys};
use rolecall_core::wire::time::UnixTime;

const NOON: u64 = 1_767_355_200;
const DAY: u64 = 86_400;

fn credentials(id: &'static str, secret: &'static str) -> Credentials<'static> {
    Credentials::new(id, secret, None).expect("well-formed")
}

fn ada() -> Credentials<'static> {
    credentials("AKIDADA", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
}

fn scope<'a>(region: &'a str, service: &'a str) -> Scope<'a> {
    Scope { region, service, rules: Rules::STANDARD }
}

fn signature(
    keys: &dyn SigningKeys,
    credentials: &Credentials<'_>,
    scope: Scope<'_>,
    seconds: u64,
) -> String {
    let mut request = Request::new("GET", "/", Payload::Bytes(b"")).expect("a valid request");
    request.header("Host", b"example.amazonaws.com").expect("a valid header");
    let mut made = String::new();
    keys.with_signer(credentials, scope, UnixTime::from_secs(seconds), &mut |signer| {
        made = signer.sign(&request)?.signature().as_str().to_owned();
        Ok(())
    })
    .expect("a signature");
    made
}

#[test]
fn a_cached_key_signs_like_a_derived_one() {
    let ring = RefCell::new(KeyRing::<2>::new());
    let long = "r".repeat(65);
    // Alternates between scopes, days and credentials, with three scopes for two cache entries.
    let scopes =
        [scope("eu-west-1", "s3"), scope("eu-west-1", "sts"), scope("us-east-1", "s3"), scope(&long, "s3")];
    for round in 0..3 {
        for whose in [ada(), credentials("AKIDGRACE", "another/secret")] {
            for seconds in [NOON, NOON + DAY, NOON] {
                for scope in scopes {
                    let derived = signature(&DeriveEach, &whose, scope, seconds);
                    assert_eq!(signature(&ring, &whose, scope, seconds), derived, "{round} {scope:?}");
                    assert_eq!(signature(&ring, &whose, scope, seconds), derived, "{round} {scope:?}");
                }
            }
        }
    }
}

#[test]
fn a_key_is_cached_for_its_credentials_only() {
    let ring = RefCell::new(KeyRing::<4>::new());
    let kept = || format!("{:?}", ring.borrow());
    for service in ["s3", "sts", "iam"] {
        signature(&ring, &ada(), scope("eu-west-1", service), NOON);
    }
    assert_eq!(kept(), "KeyRing(3 of 4 keys)");
    // The key of the next day replaces that of the day before.
    signature(&ring, &ada(), scope("eu-west-1", "s3"), NOON + DAY);
    assert_eq!(kept(), "KeyRing(3 of 4 keys)");
    for service in ["ec2", "ecs"] {
        signature(&ring, &ada(), scope("eu-west-1", service), NOON);
    }
    assert_eq!(kept(), "KeyRing(4 of 4 keys)");
    signature(&ring, &credentials("AKIDGRACE", "another/secret"), scope("eu-west-1", "s3"), NOON);
    assert_eq!(kept(), "KeyRing(1 of 4 keys)");
    // A key whose credentials are too long to be compared is not cached.
    let long = "A".repeat(129);
    let unknown = Credentials::new(&long, "secret", None).expect("well-formed");
    let first = signature(&ring, &unknown, scope("eu-west-1", "s3"), NOON);
    assert_eq!(
        (kept(), first),
        ("KeyRing(0 of 4 keys)".to_owned(), signature(&DeriveEach, &unknown, scope("eu-west-1", "s3"), NOON))
    );
}

#[test]
fn clearing_the_ring_drops_the_key_of_a_wrong_secret() {
    let ring = RefCell::new(KeyRing::<4>::new());
    let wrong = credentials("AKIDADA", "wrong");
    let of_wrong = signature(&ring, &wrong, scope("eu-west-1", "s3"), NOON);
    ring.borrow_mut().clear();
    let of_right = signature(&ring, &ada(), scope("eu-west-1", "s3"), NOON);
    assert_ne!(of_wrong, of_right);
    assert_eq!(of_right, signature(&DeriveEach, &ada(), scope("eu-west-1", "s3"), NOON));
}

#[test]
fn nested_signing_uses_its_own_key() {
    let ring = RefCell::new(KeyRing::<4>::new());
    let mut inner = String::new();
    let time = UnixTime::from_secs(NOON);
    ring.with_signer(&ada(), scope("eu-west-1", "s3"), time, &mut |_| {
        inner = signature(&ring, &ada(), scope("eu-west-1", "sts"), NOON);
        Ok(())
    })
    .expect("signed");
    assert_eq!(inner, signature(&DeriveEach, &ada(), scope("eu-west-1", "sts"), NOON));
}
