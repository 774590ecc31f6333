//! CreateSession of S3 Express One Zone: what is sent, and which replies are accepted.

use crate::common::*;
use rolecall_core::call::Service;
use rolecall_core::credentials::Credentials;
use rolecall_core::error::{ErrorKind, Origin};
use rolecall_core::flow::Endpoint;
use rolecall_core::sources::{CreateSession, CreateSessionRequest, Fixed};
use rolecall_core::wire::time::UnixTime;

const BUCKET: &str = "https://logs--usw2-az1--x-s3.s3express-usw2-az1.us-west-2.amazonaws.com";
const CREATE: &str = "GET /?session HTTP/1.1\r\n";

/// A reply as in the API reference.
fn session(expiration: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<CreateSessionResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Credentials><SessionToken>AgV4//token==</SessionToken>
<SecretAccessKey>secret/of+session</SecretAccessKey><AccessKeyId>ASIASESSION</AccessKeyId>{expiration}</Credentials>
</CreateSessionResult>"#
    )
}

fn in_five_minutes() -> String {
    format!("<Expiration>{}</Expiration>", UnixTime::from_secs(START + 300).rfc3339().as_str())
}

fn flow(endpoint: &'static str, request: CreateSessionRequest) -> CreateSession<'static, Fixed<'static>> {
    let base =
        Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", Some("base/token"));
    let service = Service::new(Endpoint::parse(endpoint).unwrap(), "us-west-2");
    CreateSession::new(Fixed::new(Some(base.unwrap())), service, request)
}

#[test]
fn a_session_is_created_by_a_signed_get() {
    let mut world = World::new();
    world.on(CREATE, ok(session(&in_five_minutes())).at(START));
    let lease = world.run(&mut flow(BUCKET, CreateSessionRequest::default())).unwrap();
    let sent = &world.needs[0];
    assert_eq!(sent.body(), "");
    assert_eq!(sent.header("Host"), BUCKET.strip_prefix("https://"));
    assert_eq!(sent.header("X-Amz-Security-Token"), Some("base/token"));
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(sent.header("x-amz-content-sha256"), Some(empty));
    assert_eq!((sent.header("Content-Type"), sent.header("x-amz-create-session-mode")), (None, None));
    let authorization = sent.header("Authorization").unwrap();
    assert!(authorization.contains("/us-west-2/s3express/aws4_request, "), "{authorization}");
    assert!(
        authorization.contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, "),
        "{authorization}"
    );
    assert_eq!(world.keys(), ("ASIASESSION", "secret/of+session", "AgV4//token=="));
    assert_eq!(lease.lifetime_ms, Some(300_000));
}

#[test]
fn a_session_for_reading_says_so_in_a_signed_header() {
    let mut world = World::new();
    world.on(CREATE, ok(session(&in_five_minutes())));
    let reading = with!(CreateSessionRequest::default(), read_only = true);
    world.run(&mut flow(BUCKET, reading)).unwrap();
    assert_eq!(world.needs[0].header("x-amz-create-session-mode"), Some("ReadOnly"));
    assert!(world.needs[0].header("Authorization").unwrap().contains(";x-amz-create-session-mode;"));
}

#[test]
fn what_is_no_session_is_an_error() {
    for (reply, wanted) in [
        (session(""), ErrorKind::Missing("Expiration")),
        (
            session(&in_five_minutes()).replace("CreateSessionResult", "Other"),
            ErrorKind::Missing("CreateSessionResult"),
        ),
        (session(&in_five_minutes()).replace("Credentials>", "Others>"), ErrorKind::Missing("AccessKeyId")),
        (session(&in_five_minutes()).replace("SessionToken>", "Token>"), ErrorKind::Missing("session token")),
        (
            session(&in_five_minutes()).replace("<AccessKeyId>", "<AccessKeyId>A</AccessKeyId><AccessKeyId>"),
            ErrorKind::Unusable("AccessKeyId"),
        ),
    ] {
        let mut world = World::new();
        world.on(CREATE, ok(reply.clone()));
        let error = world.run(&mut flow(BUCKET, CreateSessionRequest::default())).unwrap_err();
        assert_eq!((error.origin, error.kind), (Origin::S3Session, wanted), "{reply}");
    }
}

#[test]
fn a_refusal_has_the_words_of_the_service() {
    let mut world = World::new();
    let document = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    world.on(CREATE, reply(403, document));
    let error = world.run(&mut flow(BUCKET, CreateSessionRequest::default())).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused { status: 403, recoverable: false });
    assert_eq!(world.report.code(), "AccessDenied");
}

/// The path would be that of an object.
#[test]
fn an_endpoint_with_a_path_is_refused_before_anything_is_sent() {
    let mut world = World::new();
    let error =
        world.run(&mut flow("http://127.0.0.1:9000/bucket", CreateSessionRequest::default())).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid("endpoint: without a path"));
    assert!(world.needs.is_empty());
}
