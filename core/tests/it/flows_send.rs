//! Signing and sending any request: what is sent, what is retried, and how replies are reported.

use crate::common::*;
use rolecall_core::call::{Answered, Content, Outgoing, SendRequest};
use rolecall_core::credentials::Credentials;
use rolecall_core::error::{Error, ErrorKind, Failure, FailureKind, Phase};
use rolecall_core::flow::{Endpoint, RetryPolicy};
use rolecall_core::sigv4::{
    DeriveEach, Payload, Request, Rules, Scope, SignError, Signer, SigningKey, sha256_hex,
};
use rolecall_core::sources::{Fixed, Held};
use rolecall_core::wire::Cursor;
use rolecall_core::wire::time::UnixTime;

const S3: Scope<'static> = Scope { region: "eu-west-1", service: "s3", rules: Rules::S3 };
const TARGET: &str = "/key?versionId=1";

fn given() -> Credentials<'static> {
    Credentials::new("AKIDGIVEN", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", Some("token")).unwrap()
}

fn outgoing(method: &'static str) -> Outgoing<'static> {
    let endpoint = Endpoint::parse("https://bucket.s3.eu-west-1.amazonaws.com").unwrap();
    Outgoing::new(method, endpoint, TARGET, S3)
}

fn retrying(method: &'static str) -> Outgoing<'static> {
    let mut request = outgoing(method);
    request.retries = RetryPolicy::new(3, 60_000);
    request
}

fn send(world: &mut World, request: Outgoing<'static>) -> Result<Answered, Error> {
    world.leaves_reply = true;
    world.run(&mut SendRequest::new(Fixed::new(Some(given())), request))
}

/// The value of `Authorization`, computed with the signer directly.
fn authorization(request: &Outgoing<'_>, payload: Payload<'_>, time: u64) -> String {
    let (credentials, time) = (given(), UnixTime::from_secs(time));
    let key = SigningKey::derive(credentials.secret_access_key(), time, S3.region, S3.service);
    let mut signable = Request::new(request.method, request.target, payload).unwrap();
    signable.header("host", request.endpoint.authority().as_bytes()).unwrap();
    for (name, value) in request.headers {
        signable.header(name, value).unwrap();
    }
    let signer = Signer::new(&credentials, &key, S3.rules, time).unwrap();
    let mut text = [0; 512];
    let mut out = Cursor::new(&mut text);
    signer.sign(&signable).unwrap().put_authorization(&mut out);
    String::from_utf8(out.finish().unwrap().to_vec()).unwrap()
}

#[test]
fn head_signature_and_body_belong_to_the_same_request() {
    let mut request = outgoing("PUT");
    request.headers = &[("Content-Type", b"text/plain"), ("User-Agent", b"unsigned")];
    request.content = Content::Bytes(b"hello");
    let mut world = World::new();
    world.on("PUT /key?versionId=1 HTTP/1.1\r\n", ok("stored").at(world.time()));
    let time = world.time();
    let answered = send(&mut world, request).unwrap();
    assert_eq!((answered.reply.status, answered.credentials_ended), (200, false));
    assert_eq!(answered.reply.body(&world.exchange), b"stored");
    let recorded = &world.needs[0];
    assert_eq!(recorded.body(), "hello");
    assert_eq!(recorded.header("Content-Length"), Some("5"));
    // The caller's User-Agent replaces the library's.
    assert_eq!(recorded.text.to_ascii_lowercase().matches("user-agent:").count(), 1);
    assert_eq!(recorded.header("User-Agent"), Some("unsigned"));
    assert_eq!(recorded.header("X-Amz-Security-Token"), Some("token"));
    assert_eq!(recorded.header("x-amz-content-sha256"), Some(sha256_hex(b"hello").as_str()));
    let expected = authorization(&request, Payload::Bytes(b"hello"), time);
    assert_eq!(recorded.header("Authorization"), Some(expected.as_str()));
    // Another body has another signature.
    assert_ne!(
        recorded.header("Authorization"),
        Some(&*authorization(&request, Payload::Bytes(b"hellp"), time))
    );
}

#[test]
fn a_body_is_hashed_in_advance_streamed_or_unsigned() {
    let mut request = outgoing("PUT");
    request.content = Content::Streamed { len: 1 << 33, sha256: Some(sha256_hex(b"x")), rewinds: true };
    request.streams_reply = true;
    let mut world = World::new();
    world.on("8589934592 BYTES", ok(""));
    send(&mut world, request).unwrap();
    assert_eq!(world.needs[0].header("Content-Length"), Some("8589934592"));
    assert_eq!(world.needs[0].header("x-amz-content-sha256"), Some(sha256_hex(b"x").as_str()));
    assert!(world.needs[0].exchange.as_ref().unwrap().streams_reply);

    request.content = Content::Unsigned(b"hello");
    request.scope.rules = Rules::STANDARD;
    let mut world = World::new();
    world.on("hello", ok(""));
    send(&mut world, request).unwrap();
    assert_eq!(world.needs[0].header("x-amz-content-sha256"), Some("UNSIGNED-PAYLOAD"));
}

#[test]
fn any_status_is_a_reply_and_only_one_attempt_is_made() {
    for status in [204, 301, 400, 404, 429, 500, 503] {
        let mut world = World::new();
        world.on("GET", reply(status, refusal("Some", "words")));
        assert_eq!(send(&mut world, outgoing("GET")).unwrap().reply.status, status);
        assert_eq!(world.needs.len(), 1, "{status}");
        let said = if status >= 300 { "Some" } else { "" };
        assert_eq!(world.report.code(), said, "{status}");
    }
    let mut world = World::new();
    world.on("GET", Act::Fail(Phase::Connect, FailureKind::Timeout));
    let failure = Failure { phase: Phase::Connect, kind: FailureKind::Timeout };
    assert_eq!(send(&mut world, outgoing("GET")).unwrap_err().kind, ErrorKind::Transport(failure));
}

#[test]
fn retries_that_the_caller_allows_are_made() {
    for status in [429, 500, 503] {
        let mut world = World::new();
        world.on("GET", reply(status, "")).on("GET", reply(status, "")).on("GET", ok("at last"));
        assert_eq!(send(&mut world, retrying("GET")).unwrap().reply.status, 200, "{status}");
        world.finished();
        // The last reply is returned.
        let mut world = World::new();
        world.always(|_| reply(503, "busy"));
        let answered = send(&mut world, retrying("GET")).unwrap();
        assert_eq!((answered.reply.status, world.needs.len()), (503, 3));
        assert_eq!(answered.reply.body(&world.exchange), b"busy");
    }
    let mut world = World::new();
    world.on("GET", reply(400, refusal("SlowDown", ""))).on("GET", ok(""));
    send(&mut world, retrying("GET")).unwrap();
    world.finished();
    let mut world = World::new();
    world.on("GET", Act::Fail(Phase::Body, FailureKind::Closed)).on("GET", ok(""));
    send(&mut world, retrying("GET")).unwrap();
    world.finished();
}

#[test]
fn a_request_that_may_have_been_executed_is_not_sent_again() {
    // A request that is not idempotent is retried only if it was certainly not executed.
    for (act, attempts) in [
        (reply(500, ""), 1),
        (reply(503, ""), 1),
        (Act::Fail(Phase::FirstByte, FailureKind::Timeout), 1),
        (Act::Fail(Phase::Body, FailureKind::Closed), 1),
        (reply(429, ""), 2),
        (reply(400, refusal("ThrottlingException", "")), 2),
        (Act::Fail(Phase::Connect, FailureKind::Timeout), 2),
        (Act::Fail(Phase::Resolve, FailureKind::NotFound), 2),
    ] {
        let mut world = World::new();
        world.on("POST", act);
        if attempts == 2 {
            world.on("POST", ok(""));
        }
        let _ = send(&mut world, retrying("POST"));
        assert_eq!(world.needs.len(), attempts);
        world.finished();
    }
    // The caller declares the request idempotent.
    let mut request = retrying("POST");
    request.idempotent = true;
    let mut world = World::new();
    world.on("POST", reply(500, "")).on("POST", ok(""));
    send(&mut world, request).unwrap();
    world.finished();
    // A stream that cannot be repeated.
    for (rewinds, attempts) in [(false, 1), (true, 2)] {
        let mut request = retrying("PUT");
        request.content = Content::Streamed { len: 5, sha256: None, rewinds };
        let mut world = World::new();
        world.always(|_| reply(503, ""));
        request.retries.attempts = 2;
        send(&mut world, request).unwrap();
        assert_eq!(world.needs.len(), attempts);
    }
}

#[test]
fn a_streamed_reply_that_breaks_off_is_not_retried() {
    for (phase, starts_over, attempts) in
        [(Phase::Body, false, 1), (Phase::Body, true, 2), (Phase::FirstByte, false, 2)]
    {
        let mut request = retrying("GET");
        request.streams_reply = true;
        request.reply_starts_over = starts_over;
        let mut world = World::new();
        world.on("GET", Act::Fail(phase, FailureKind::Closed));
        if attempts == 2 {
            world.on("GET", ok(""));
        }
        assert_eq!(send(&mut world, request).is_ok(), attempts == 2, "{phase:?}");
        world.finished();
    }
}

#[test]
fn a_wrong_clock_is_corrected_once() {
    let late = |world: &World| world.time() + 3_600;
    // The error code shows it, or the status alone where there is no body, as for HEAD.
    for (method, body) in
        [("GET", refusal("RequestTimeTooSkewed", "")), ("HEAD", String::new()), ("POST", String::new())]
    {
        let mut world = World::new();
        let time = late(&world);
        world.on(method, reply(403, body.clone()).at(time)).on(method, ok("").at(time));
        assert_eq!(send(&mut world, outgoing(method)).unwrap().reply.status, 200, "{method}");
        let dates: Vec<_> =
            world.needs.iter().map(|recorded| recorded.header("X-Amz-Date").unwrap()).collect();
        assert!(dates[0] < dates[1], "{dates:?}");
        // The correction is made only once.
        let mut world = World::new();
        let time = late(&world);
        world.on(method, reply(403, body.clone()).at(time)).on(method, reply(403, body).at(time + 7_200));
        assert_eq!(send(&mut world, outgoing(method)).unwrap().reply.status, 403, "{method}");
    }
    // A refusal with the right time, or for another reason, is returned.
    for (body, off) in [("", 200), (&*refusal("AccessDenied", ""), 3_600)] {
        let mut world = World::new();
        let time = world.time() + off;
        world.on("GET", reply(403, body).at(time));
        assert_eq!(send(&mut world, outgoing("GET")).unwrap().reply.status, 403);
    }
    // A stream that was sent cannot be repeated.
    let mut request = outgoing("PUT");
    request.content = Content::Streamed { len: 5, sha256: None, rewinds: false };
    let mut world = World::new();
    let time = late(&world);
    world.on("PUT", reply(403, "").at(time));
    assert_eq!(send(&mut world, request).unwrap().reply.status, 403);
    // A device without a wall clock learns the time from the first refusal.
    let mut world = World::new();
    world.wall = None;
    world
        .on("X-Amz-Date: 19700101T000000Z", reply(403, "").at(START))
        .on("X-Amz-Date: 2026", ok("").at(START));
    assert_eq!(send(&mut world, outgoing("GET")).unwrap().reply.status, 200);
}

#[test]
fn expired_credentials_are_reported() {
    for (code, ended) in [
        ("ExpiredToken", true),
        ("ExpiredTokenException", true),
        ("InvalidToken", true),
        ("AccessDenied", false),
    ] {
        let mut world = World::new();
        world.on("GET", reply(400, refusal(code, "")));
        assert_eq!(send(&mut world, outgoing("GET")).unwrap().credentials_ended, ended, "{code}");
        let mut world = World::new();
        world.on("GET", reply(400, format!(r#"{{"__type":"x#{code}","message":"m"}}"#)));
        assert_eq!(send(&mut world, outgoing("GET")).unwrap().credentials_ended, ended, "{code}");
    }
}

#[test]
fn the_base_is_a_flow_or_the_credentials_in_the_slot() {
    let mut world = World::new();
    token_and_role(&mut world).on(CREDENTIALS, ok(document("ASIABASE", START + 3_600)));
    world.on("Credential=ASIABASE/", ok("fine"));
    world.leaves_reply = true;
    assert_eq!(world.run(&mut SendRequest::new(imds(), outgoing("GET"))).unwrap().reply.status, 200);

    // Expired credentials are sent too, because the service decides.
    let mut world = World::new();
    let old = given().with_expiration(Some(UnixTime::from_secs(START - 60)));
    world.slots[0].store(&old).unwrap();
    world.leaves_reply = true;
    world.on("Credential=AKIDGIVEN/", ok("fine"));
    assert_eq!(world.run(&mut SendRequest::new(Held, outgoing("GET"))).unwrap().reply.status, 200);
    assert_eq!(world.keys().0, "AKIDGIVEN");

    let mut world = World::new();
    assert_eq!(
        world.run(&mut SendRequest::new(Held, outgoing("GET"))).unwrap_err().kind,
        ErrorKind::Missing("credentials")
    );
}

#[test]
fn invalid_requests_are_an_error_before_anything_is_sent() {
    let mut line_break = outgoing("GET");
    line_break.headers = &[("X-A", b"a\r\nX-B: b")];
    let mut own = outgoing("GET");
    own.headers = &[("x-amz-date", b"20260101T000000Z")];
    let mut space = outgoing("GET");
    space.target = "/a b";
    let mut relative = outgoing("GET");
    relative.target = "key";
    let mut scope = outgoing("GET");
    scope.scope.region = "eu west";
    let mut requests = vec![outgoing("GE T"), outgoing("CONNECT"), line_break, own, space, relative, scope];
    const RESERVED: [[(&str, &[u8]); 1]; 9] = [
        [("authorization", b"AWS4-HMAC-SHA256 x")],
        [("Content-Length", b"3")],
        [("transfer-encoding", b"chunked")],
        [("Connection", b"close")],
        [("TE", b"trailers")],
        [("Trailer", b"x")],
        [("Upgrade", b"h2c")],
        [("Expect", b"100-continue")],
        [("Proxy-Authorization", b"Basic x")],
    ];
    for headers in &RESERVED {
        let mut request = outgoing("GET");
        request.headers = headers;
        requests.push(request);
    }
    for request in requests {
        let mut world = World::new();
        let error = send(&mut world, request).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Invalid(_) | ErrorKind::Sign(_)), "{error}");
    }
}

#[test]
fn no_report_repeats_the_credentials() {
    let mut world = World::new();
    let message = "the key wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    world.on("GET", reply(403, refusal("Denied", message)));
    send(&mut world, outgoing("GET")).unwrap();
    assert_eq!((world.report.code(), world.report.message()), ("Denied", ""));
}

#[test]
fn lent_room_holds_more_headers_and_parameters() {
    let names: &[String] = (0..40).map(|number| format!("x-{}", number * 7 % 41)).collect::<Vec<_>>().leak();
    let headers: &[(&str, &[u8])] =
        names.iter().map(|name| (name.as_str(), &b"1"[..])).collect::<Vec<_>>().leak();
    let query: Vec<String> = (0..100).map(|number| format!("n{}=v", number * 7 % 101)).collect();
    let target: &str = format!("/key?{}", query.join("&")).leak();
    for (headers, target, sorted, fits) in [
        (&headers[..31], TARGET, 0, true),
        (headers, TARGET, 0, true),
        (headers, target, 100, true),
        (headers, target, 99, false),
        (headers, target, 0, false),
    ] {
        let request = with!(retrying("GET"), headers = headers, target = target);
        let mut table = vec![0; sorted];
        let mut flow: SendRequest<'_, _, _, 41> =
            SendRequest::with_room(Fixed::new(Some(given())), request, DeriveEach, &mut table);
        let mut world = World::new();
        world.leaves_reply = true;
        if !fits {
            let error = world.run(&mut flow).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Sign(SignError::TooManyParameters));
            continue;
        }
        // The table serves each attempt.
        world.on("GET /key", reply(503, "")).on("GET /key", ok(""));
        world.run(&mut flow).unwrap();
        for recorded in &world.needs {
            let Some(signed) = recorded.header("authorization") else { continue };
            let listed = signed.split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap();
            assert_eq!(listed.split(';').count(), headers.len() + 4);
        }
        let Some(last) = world.needs.last().filter(|_| headers.len() < 32) else { continue };
        let as_usual = authorization(&request, Payload::Bytes(b""), START + last.at / 1000);
        assert_eq!(last.header("authorization"), Some(as_usual.as_str()));
    }
    let mut world = World::new();
    let error = send(&mut world, with!(outgoing("GET"), headers = &headers[..32])).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Sign(SignError::TooManyHeaders));
}
