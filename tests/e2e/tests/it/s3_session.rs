//! Sessions of S3 Express One Zone, by the command: no local server has them, so a peer plays the bucket, and checks what the
//! command signs. `verify_botocore` compares such signatures with botocore's.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use e2e::command::rolecall;
use rolecall_core::credentials::Secret;
use rolecall_core::sigv4::verify::{Received, Verifier, VerifyError};
use rolecall_core::sigv4::{Rules, Scope, SigningKey, sha256_hex};

const KEYS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_REGION", "us-west-2")];
const SESSION: &str = "<CreateSessionResult><Credentials><SessionToken>session//token==</SessionToken>\
    <SecretAccessKey>secret/of+session</SecretAccessKey><AccessKeyId>ASIASESSION</AccessKeyId>\
    <Expiration>2099-01-02T03:04:05Z</Expiration></Credentials></CreateSessionResult>";

/// A bucket that answers `count` requests, and returns their heads.
fn bucket(count: usize) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let peer = std::thread::spawn(move || {
        let mut heads = Vec::new();
        for _ in 0..count {
            let (mut stream, _) = listener.accept().expect("a client");
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") {
                stream.read_exact(&mut byte).expect("a head");
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).expect("text");
            let body = if head.starts_with("GET /?session ") { SESSION } else { "object" };
            let reply = format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(reply.as_bytes()).expect("it is read");
            heads.push(head);
        }
        heads
    });
    (url, peer)
}

/// Verifies a request with the secret of `id`, and returns its session token.
fn verify(
    method: &str,
    target: &str,
    lines: &str,
    rules: Rules,
    id: &str,
    secret: &str,
) -> Result<String, VerifyError> {
    let scope = Scope { region: "us-west-2", service: "s3express", rules };
    let lines = lines.lines().filter_map(|line| line.split_once(": "));
    let lines = lines.map(|(name, value)| (name, value.as_bytes()));
    let claim =
        Verifier::new(scope).with_unsigned_payload(true).claim(Received::new(method, target, lines))?;
    assert_eq!(claim.access_key_id(), id);
    let key = SigningKey::derive(&Secret::new(secret), claim.time(), scope.region, scope.service);
    let hash = sha256_hex(b"");
    let verified = claim.verify(&key, claim.time(), claim.needs_body_hash().then_some(&hash))?;
    assert!(verified.covers_token() || !claim.has_token());
    let mut token = [0; 64];
    let mut out = rolecall_core::wire::Cursor::new(&mut token);
    claim.put_token(&mut out);
    Ok(String::from_utf8(out.finish().expect("room").to_vec()).expect("text"))
}

#[test]
fn a_request_is_signed_with_a_session_at_the_bucket() {
    let (url, peer) = bucket(2);
    let arguments = ["request", "GET", &format!("{url}/11.csv"), "--service", "s3express", "--s3-session"];
    assert_eq!(rolecall(&arguments, KEYS).ok(), "object");
    let heads = peer.join().expect("a peer");
    let [(_, create), (line, get)] =
        [&heads[0], &heads[1]].map(|head| head.split_once("\r\n").expect("a line"));
    assert_eq!(line, "GET /11.csv HTTP/1.1");
    assert_eq!(verify("GET", "/?session", create, Rules::S3, "AKIDEXAMPLE", "secret"), Ok(String::new()));
    let check =
        |lines: &str, secret: &str| verify("GET", "/11.csv", lines, Rules::S3_SESSION, "ASIASESSION", secret);
    assert_eq!(check(get, "secret/of+session"), Ok("session//token==".to_owned()));
    assert!(get.to_lowercase().contains("x-amz-s3session-token: session//token=="), "{get}");
    assert!(!get.to_lowercase().contains("x-amz-security-token"), "{get}");
    assert_eq!(check(get, "secret"), Err(VerifyError::Signature));
    assert_eq!(
        check(&get.replace("session//token", "session//other"), "secret/of+session"),
        Err(VerifyError::Signature)
    );
}

#[test]
fn a_url_is_presigned_with_a_session() {
    let (url, peer) = bucket(1);
    let arguments =
        ["presign", &format!("{url}/11.csv"), "--service", "s3express", "--s3-session", "--expires", "60"];
    let run = rolecall(&arguments, KEYS);
    let presigned = run.ok();
    drop(peer.join().expect("a peer"));
    let target = presigned.trim().strip_prefix(&url).expect("its URL");
    assert!(target.contains("&X-Amz-S3session-Token=session%2F%2Ftoken%3D%3D&"), "{target}");
    let host = format!("host: {}", url.strip_prefix("http://").expect("a scheme"));
    let check =
        |target: &str| verify("GET", target, &host, Rules::S3_SESSION, "ASIASESSION", "secret/of+session");
    assert_eq!(check(target), Ok("session//token==".to_owned()));
    assert_eq!(check(&target.replace("token%3D", "token%3E")), Err(VerifyError::Signature));
}

#[test]
fn a_session_signs_for_its_service_alone() {
    let run = rolecall(&["request", "GET", "http://127.0.0.1:1/", "--service", "s3", "--s3-session"], KEYS);
    let message = run.failed();
    assert!(
        message.contains("signs for the service s3express in one region (--service s3express)"),
        "{message}"
    );
}
