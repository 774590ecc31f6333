//! Requests that signing rejects, and secrets that `Debug` must not show.

use rolecall_core::credentials::Credentials;
use rolecall_core::sigv4::{Payload, Request, Rules, SignError, Signer, SigningKey, TokenPlacement};
use rolecall_core::wire::time::UnixTime;

const SECRET: &str = "rolecall+signing/cases=made/by+botocore=";
const TOKEN: &str = "the-session-token";

fn credentials() -> Credentials<'static> {
    Credentials::new("AKIAROLECALLEXAMPLE0", SECRET, Some(TOKEN)).expect("credentials")
}

fn time() -> UnixTime {
    UnixTime::from_compact(b"20260301T120000Z").expect("a time")
}

/// Presigns `target`, with the session token signed or not.
fn presign(target: &str, placement: TokenPlacement) -> Result<(), SignError> {
    let credentials = credentials();
    let key = SigningKey::derive(credentials.secret_access_key(), time(), "eu-west-1", "s3");
    let signer = Signer::new(&credentials, &key, Rules::S3, time())?.with_token(placement);
    let mut request = Request::new("GET", target, Payload::Unsigned)?;
    request.header("host", b"example.com")?;
    signer.presign(&request, 60).map(drop)
}

#[test]
fn sigv4_rejects_a_presigned_url() {
    for name in [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-Security-Token",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
        "X%2dAmz-%44ate",
    ] {
        for target in [format!("/?{name}=1"), format!("/?a=b&{name}"), format!("/?{name}=&z")] {
            for placement in [TokenPlacement::Signed, TokenPlacement::AfterSigning] {
                assert_eq!(presign(&target, placement), Err(SignError::AlreadySigned), "{target}");
            }
        }
    }
    assert_eq!(presign("/?X-Amz-Datee=1&Date=2", TokenPlacement::Signed), Ok(()));
}

#[test]
fn sigv4_rejects_a_scope_with_invalid_characters() {
    let credentials = credentials();
    let signer = |region: &str, service: &str| {
        let key = SigningKey::derive(credentials.secret_access_key(), time(), region, service);
        Signer::new(&credentials, &key, Rules::STANDARD, time()).map(drop)
    };
    assert_eq!(signer("eu-west-1", "sts"), Ok(()));
    for bad in ["eu-west-1\r\nX-Evil: 1", "eu west", "a/b", "a,b", "\u{e9}", "\0", "\x7f"] {
        assert_eq!(signer(bad, "sts"), Err(SignError::InvalidScope), "{bad:?}");
        assert_eq!(signer("eu-west-1", bad), Err(SignError::InvalidScope), "{bad:?}");
    }
}

#[test]
fn sigv4_rejects_a_key_of_another_day() {
    let credentials = credentials();
    let key = SigningKey::derive(credentials.secret_access_key(), time(), "eu-west-1", "sts");
    let signer = |text: &[u8]| {
        let time = UnixTime::from_compact(text).expect("a time");
        Signer::new(&credentials, &key, Rules::STANDARD, time).map(drop)
    };
    assert_eq!(signer(b"20260301T000000Z"), Ok(()));
    assert_eq!(signer(b"20260301T235959Z"), Ok(()));
    assert_eq!(signer(b"20260228T235959Z"), Err(SignError::StaleKey));
    assert_eq!(signer(b"20260302T000000Z"), Err(SignError::StaleKey));
    assert_eq!(signer(b"20270301T120000Z"), Err(SignError::StaleKey));
}

#[test]
fn sigv4_shows_no_secret_in_debug() {
    let credentials = credentials();
    let key = SigningKey::derive(credentials.secret_access_key(), time(), "eu-west-1", "s3");
    let signer = Signer::new(&credentials, &key, Rules::S3, time()).expect("a signer");
    let with = |payload| {
        let mut request = Request::new("PUT", "/key?password=in-the-query", payload).expect("a request");
        request.header("Host", b"example.com").expect("a header");
        request.header("x-amz-server-side-encryption-customer-key", b"in-a-header").expect("a header");
        request
    };
    let (request, for_url) = (with(Payload::Bytes(b"in-the-body")), with(Payload::Unsigned));
    let signed = signer.sign(&request).expect("a signature");
    let presigned = signer.presign(&for_url, 60).expect("a presigned URL");
    let shown = format!("{credentials:?} {key:?} {signer:?} {request:?} {signed:?} {presigned:?}");
    let signatures = [signed.signature(), presigned.signature()];
    for secret in [SECRET, TOKEN, "in-the-query", "in-the-body", "in-a-header", "[105, 110"]
        .into_iter()
        .chain(signatures.iter().map(|signature| signature.as_str()))
    {
        assert!(!shown.contains(secret), "{secret} is in {shown}");
    }
    assert!(shown.contains("AKIAROLECALLEXAMPLE0") && shown.contains("PUT /key"), "{shown}");
}
