//! Requests signed by botocore 1.43, so that the verifier is not only tested with the crate that it
//! is built on. The simulator's clock is set to their date.

use crate::client::{Reply, Request, spoil, start};
use rolecall_simulator::{Config, Simulator, User};
use std::time::{SystemTime, UNIX_EPOCH};

/// 2026-01-02T03:04:05Z
const DATE: i64 = 1_767_323_045;
const OBJECT: &str = "/rolecall-bucket/a%20b/../%C3%A9//c%2Bd";
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

fn simulator() -> Simulator {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("now");
    start(Config {
        users: vec![User {
            arn: "arn:aws:iam::444455556666:user/example".into(),
            access_key_id: "AKIDSIMULATOREXAMPLE".into(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
        }],
        clock_offset: DATE - i64::try_from(now.as_secs()).expect("seconds"),
        ..Config::default()
    })
}

fn signed(service: &str, request: Request, names: &str, signature: &str) -> Request {
    request
        .header("Host", &format!("{service}.eu-central-1.example"))
        .header("X-Amz-Date", "20260102T030405Z")
        .header(
            "Authorization",
            &format!(
                "AWS4-HMAC-SHA256 Credential=AKIDSIMULATOREXAMPLE/20260102/eu-central-1/{service}/\
                 aws4_request, SignedHeaders={names}, Signature={signature}"
            ),
        )
}

fn put_object() -> Request {
    let request = Request::new("PUT", OBJECT)
        .header("x-amz-meta-note", "  two   words ")
        .header("X-Amz-Content-SHA256", HELLO)
        .body(b"hello");
    signed(
        "s3",
        request,
        "host;x-amz-content-sha256;x-amz-date;x-amz-meta-note",
        "bd26d62615d8af05420b35f8ad240b2e56585a11648e7302fc56e0f172179d03",
    )
}

fn list() -> Request {
    let target = "/rolecall-bucket/?list-type=2&prefix=a%20b%2F&max-keys=7";
    let request = Request::new("GET", target).header("X-Amz-Content-SHA256", EMPTY);
    signed(
        "s3",
        request,
        "host;x-amz-content-sha256;x-amz-date",
        "d628d8fe4eb60547f4cc82eab70b7d5889309f3d3678aa57bdcf11b4c1cece69",
    )
}

fn presigned_get() -> Request {
    let target = format!(
        "{OBJECT}?response-content-type=text%2Fplain&X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIDSIMULATOREXAMPLE%2F20260102%2Feu-central-1%2Fs3%2Faws4_request\
         &X-Amz-Date=20260102T030405Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=\
         4e3a8d9648debb2bf9f8f2206e681c2c61af91b7160eb4e624cf8ecf4ee665fd"
    );
    Request::new("GET", &target).header("Host", "s3.eu-central-1.example")
}

fn who_am_i() -> Request {
    let content_type = "application/x-www-form-urlencoded; charset=utf-8";
    let request = Request::new("POST", "/")
        .header("Content-Type", content_type)
        .body(b"Action=GetCallerIdentity&Version=2011-06-15");
    signed(
        "sts",
        request,
        "content-type;host;x-amz-date",
        "9d172ade9cedf767d75ea32ac3d581126ff6cbf0c34b35c6be99cbc4cab4359f",
    )
}

fn presigned_who_am_i() -> Request {
    let target = "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256\
        &X-Amz-Credential=AKIDSIMULATOREXAMPLE%2F20260102%2Feu-central-1%2Fsts%2Faws4_request\
        &X-Amz-Date=20260102T030405Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=\
        726af3e2e6afcedb28912c4c53a058cc1fa4295b9f074ff64d32d57793ace3b1";
    Request::new("GET", target).header("Host", "sts.eu-central-1.example")
}

/// Signers usually leave this header out, but a request that signs it is still valid.
fn who_am_i_with_a_signed_user_agent() -> Request {
    let request = Request::new("POST", "/")
        .header("User-Agent", "simulator-test")
        .body(b"Action=GetCallerIdentity&Version=2011-06-15");
    signed(
        "sts",
        request,
        "host;user-agent;x-amz-date",
        "68cad3dcefdce93c7e86f94c472dad8d9ccb50c4df7f06b945206b6814719fdd",
    )
}

#[test]
fn s3_requests_are_accepted() {
    let simulator = simulator();
    let url = simulator.s3_url();
    assert_eq!(put_object().send(&url).verdict(), (200, "OK"));
    let got = presigned_get().send(&url);
    assert_eq!((got.status, got.body.as_str()), (200, "hello"));
    assert_eq!(got.header("x-amz-meta-note"), "two   words");
    assert_eq!(got.header("date"), "Fri, 02 Jan 2026 03:04:05 GMT");
    let listed = list().send(&url);
    assert_eq!(listed.xml("Key"), "a b/../é//c+d");
}

#[test]
fn sts_requests_are_accepted() {
    let simulator = simulator();
    for request in [who_am_i(), presigned_who_am_i(), who_am_i_with_a_signed_user_agent()] {
        let reply = request.send(&simulator.sts_url());
        assert_eq!(reply.verdict(), (200, "OK"));
        assert_eq!(reply.xml("Arn"), "arn:aws:iam::444455556666:user/example");
    }
}

#[test]
fn changed_requests_are_rejected() {
    let simulator = simulator();
    let refused = |url: &str, good: &Request, change: &dyn Fn(&mut Request)| {
        let mut request = good.clone();
        change(&mut request);
        let reply: Reply = request.send(url);
        assert_eq!(reply.verdict(), (403, "SignatureDoesNotMatch"));
    };
    let url = simulator.s3_url();
    for good in [put_object(), list(), presigned_get()] {
        refused(&url, &good, &|r| r.method = "DELETE".into());
        refused(&url, &good, &|r| r.target = r.target.replacen("%20", "%21", 1));
        refused(&url, &good, &|r| r.target = r.target.replacen("bucket", "bucked", 1));
        refused(&url, &good, &|r| spoil(r.value("host")));
    }
    refused(&url, &put_object(), &|r| spoil(r.value("x-amz-meta-note")));
    refused(&url, &presigned_get(), &|r| spoil(&mut r.target));
    let url = simulator.sts_url();
    refused(&url, &who_am_i(), &|r| spoil(r.value("content-type")));
    refused(&url, &who_am_i(), &|r| spoil(r.value("authorization")));
    refused(&url, &who_am_i(), &|r| r.body[0] = b'a');
    refused(&url, &presigned_who_am_i(), &|r| {
        r.target = r.target.replacen("Expires=60", "Expires=61", 1);
    });
}
