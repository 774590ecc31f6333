//! The bucket: objects, and the rejection of invalid requests.

use crate::client::{Keys, Reply, Request, Signing, hours, spoil, start, user};
use rolecall_simulator::{Config, Simulator};

const KEY: &str = "/rolecall-bucket/notes/a%20b";

/// Starts a simulator whose bucket the user `alice` may use.
fn with_alice() -> (Simulator, Keys) {
    let simulator = start(Config {
        users: vec![user("alice")],
        bucket_accounts: vec!["111122223333".into()],
        ..Config::default()
    });
    (simulator, Keys::of(&user("alice")))
}

fn call(simulator: &Simulator, keys: &Keys, request: Request) -> Reply {
    let url = simulator.s3_url();
    Signing::of(keys, "s3").sign(request, &url).send(&url)
}

#[test]
fn objects_are_returned_as_they_were_put() {
    let (simulator, alice) = with_alice();
    let put = Request::new("PUT", KEY)
        .header("Content-Type", "text/x-note")
        .header("x-amz-meta-colour", "blue")
        .body("héllo".as_bytes());
    let put = call(&simulator, &alice, put);
    assert_eq!((put.status, put.body.as_str()), (200, ""));

    let get = call(&simulator, &alice, Request::new("GET", KEY));
    assert_eq!((get.status, get.body.as_str()), (200, "héllo"));
    assert_eq!(get.header("content-type"), "text/x-note");
    assert_eq!(get.header("x-amz-meta-colour"), "blue");
    assert_eq!(get.header("etag"), put.header("etag"));

    let head = call(&simulator, &alice, Request::new("HEAD", KEY));
    assert_eq!((head.status, head.header("content-length")), (200, "6"));

    let delete = call(&simulator, &alice, Request::new("DELETE", KEY));
    assert_eq!(delete.status, 204);
    let gone = call(&simulator, &alice, Request::new("GET", KEY));
    assert_eq!(gone.verdict(), (404, "NoSuchKey"));
    assert_eq!(gone.xml("RequestId"), gone.header("x-amz-request-id"));

    let log: Vec<_> = simulator.events().iter().map(|e| e.operation).collect();
    let expected = ["PutObject", "GetObject", "HeadObject", "DeleteObject", "GetObject"];
    assert_eq!(log, expected);
}

#[test]
fn paths_are_not_normalised() {
    let (simulator, alice) = with_alice();
    for (number, key) in ["a", "b/../a", "./a", "/a", "a/", "%C3%A9+%2B"].iter().enumerate() {
        let target = format!("/rolecall-bucket/{key}");
        let put = Request::new("PUT", &target).body(number.to_string().as_bytes());
        assert_eq!(call(&simulator, &alice, put).status, 200, "{key}");
    }
    let get = call(&simulator, &alice, Request::new("GET", "/rolecall-bucket/b/../a"));
    assert_eq!(get.body, "1");
    let list = Request::new("GET", "/rolecall-bucket?list-type=2");
    let list = call(&simulator, &alice, list);
    assert_eq!(list.xml("KeyCount"), "6");
    assert!(list.body.contains("<Key>é++</Key>"), "{}", list.body);
}

#[test]
fn lists_support_prefixes_and_pages() {
    let (simulator, alice) = with_alice();
    for key in ["a/1", "a/2", "a/3", "b&c"] {
        let put = Request::new("PUT", &format!("/rolecall-bucket/{key}"));
        assert_eq!(call(&simulator, &alice, put).status, 200);
    }
    let list = |query: &str| {
        let target = format!("/rolecall-bucket?list-type=2{query}");
        call(&simulator, &alice, Request::new("GET", &target))
    };
    let keys = |reply: &Reply| {
        let parts = reply.body.split("<Key>").skip(1);
        let keys: Vec<_> = parts.filter_map(|part| part.split("</Key>").next()).collect();
        keys.join(" ")
    };
    assert_eq!(keys(&list("")), "a/1 a/2 a/3 b&amp;c");
    assert_eq!(keys(&list("&encoding-type=url&prefix=b")), "b%26c");
    assert_eq!(keys(&list("&prefix=none")), "");
    let first = list("&prefix=a%2F&max-keys=2");
    assert_eq!((keys(&first).as_str(), first.xml("IsTruncated")), ("a/1 a/2", "true"));
    let token: String =
        form_urlencoded::byte_serialize(first.xml("NextContinuationToken").as_bytes()).collect();
    let second = list(&format!("&prefix=a%2F&max-keys=2&continuation-token={token}"));
    assert_eq!((keys(&second).as_str(), second.xml("IsTruncated")), ("a/3", "false"));
    assert_eq!(keys(&list("&start-after=a%2F3")), "b&amp;c");
    assert_eq!(list("&delimiter=%2F").verdict(), (501, "NotImplemented"));
}

#[test]
fn only_allowed_accounts_may_use_the_bucket() {
    let simulator = start(Config::default());
    let instance = Keys::instance(&simulator);
    let list = Request::new("GET", "/rolecall-bucket?list-type=2");
    let reply = call(&simulator, &instance, list.clone());
    assert_eq!(reply.verdict(), (403, "AccessDenied"));

    let role = form_urlencoded::byte_serialize(simulator.role_arn().as_bytes()).collect::<String>();
    let form = format!("Action=AssumeRole&Version=2011-06-15&RoleSessionName=me&RoleArn={role}");
    let url = simulator.sts_url();
    let request = Request::new("POST", "/").body(form.as_bytes());
    let reply = Signing::of(&instance, "sts").sign(request, &url).send(&url);
    let assumed = Keys::assumed(&reply);
    assert_eq!(call(&simulator, &assumed, list).verdict(), (200, "OK"));
    assert_eq!(simulator.bucket(), "rolecall-bucket");
    let other = call(&simulator, &assumed, Request::new("GET", "/other?list-type=2"));
    assert_eq!(other.verdict(), (404, "NoSuchBucket"));
}

#[test]
fn unsupported_requests_are_rejected() {
    let (simulator, alice) = with_alice();
    let acl = Request::new("GET", &format!("{KEY}?acl"));
    assert_eq!(call(&simulator, &alice, acl).verdict(), (501, "NotImplemented"));
    let copy = Request::new("PUT", KEY).header("x-amz-copy-source", "a/b");
    assert_eq!(call(&simulator, &alice, copy).verdict(), (501, "NotImplemented"));
    let post = Request::new("POST", KEY);
    assert_eq!(call(&simulator, &alice, post).verdict(), (405, "MethodNotAllowed"));
}

#[test]
fn changed_requests_are_rejected() {
    let (simulator, _) = with_alice();
    // Temporary credentials, so that there is a token to change; the account is checked only after
    // the signature.
    let keys = Keys::instance(&simulator);
    let url = simulator.s3_url();
    let request = Request::new("PUT", &format!("{KEY}?x-id=PutObject"))
        .header("x-amz-meta-colour", "blue")
        .body(b"hello");
    let good = Signing::of(&keys, "s3").sign(request, &url);
    let verdict = |request: &Request| {
        let reply = request.send(&url);
        let (status, code) = reply.verdict();
        (status, code.to_owned())
    };
    assert_eq!(verdict(&good), (200, "OK".to_owned()));
    let changed = |change: &dyn Fn(&mut Request)| {
        let mut request = good.clone();
        change(&mut request);
        verdict(&request)
    };
    let refused = |status, code: &str| (status, code.to_owned());
    let mismatch = refused(403, "SignatureDoesNotMatch");
    assert_eq!(changed(&|r| r.method = "POST".into()), mismatch);
    assert_eq!(changed(&|r| r.target = r.target.replace("notes", "motes")), mismatch);
    assert_eq!(changed(&|r| r.target = r.target.replace("notes", "./notes")), mismatch);
    assert_eq!(changed(&|r| spoil(&mut r.target)), mismatch);
    assert_eq!(changed(&|r| spoil(r.value("x-amz-meta-colour"))), mismatch);
    assert_eq!(changed(&|r| spoil(r.value("host"))), mismatch);
    assert_eq!(changed(&|r| spoil(r.value("authorization"))), mismatch);
    assert_eq!(changed(&|r| r.body[0] = b'j'), refused(400, "XAmzContentSHA256Mismatch"));
    let other_hash = "0".repeat(64);
    assert_eq!(changed(&|r| *r.value("x-amz-content-sha256") = other_hash.clone()), mismatch);
    assert_eq!(changed(&|r| *r.value("x-amz-content-sha256") = "UNSIGNED-PAYLOAD".into()), mismatch);
    assert_eq!(changed(&|r| *r.value("x-amz-content-sha256") = "0".into()), refused(400, "InvalidArgument"));
    assert_eq!(
        changed(&|r| r.headers.retain(|(name, _)| name != "x-amz-content-sha256")),
        refused(400, "InvalidRequest")
    );
    let streaming = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
    assert_eq!(
        changed(&|r| *r.value("x-amz-content-sha256") = streaming.into()),
        refused(501, "NotImplemented")
    );
    assert_eq!(changed(&|r| spoil(r.value("x-amz-security-token"))), refused(400, "InvalidToken"));
    assert_eq!(
        changed(&|r| r.headers.retain(|(name, _)| name != "x-amz-security-token")),
        refused(403, "InvalidAccessKeyId")
    );
    assert_eq!(
        changed(&|r| r.headers.push(("x-amz-acl".into(), "public-read".into()))),
        refused(403, "AccessDenied")
    );
    assert_eq!(
        changed(&|r| r.headers.retain(|(name, _)| name != "authorization")),
        refused(403, "AccessDenied")
    );
    assert_eq!(
        changed(&|r| r.value("authorization").insert(0, 'X')),
        refused(400, "AuthorizationHeaderMalformed")
    );
    assert_eq!(changed(&|r| r.target += "&X-Amz-Signature=1"), refused(400, "InvalidArgument"));
    // An unsigned header that S3 does not require is allowed.
    assert_eq!(changed(&|r| r.headers.push(("User-Agent".into(), "test".into()))), (200, "OK".to_owned()));
}

#[test]
fn wrongly_signed_requests_are_rejected() {
    let (simulator, alice) = with_alice();
    let url = simulator.s3_url();
    let list = Request::new("GET", "/rolecall-bucket?list-type=2");
    let good = Signing::of(&alice, "s3");
    let verdict = |signing: &Signing| {
        let reply = signing.sign(list.clone(), &url).send(&url);
        let (status, code) = reply.verdict();
        (status, code.to_owned())
    };
    let refused = |status, code: &str| (status, code.to_owned());
    assert_eq!(verdict(&good), refused(200, "OK"));
    let unsigned = Signing { unsigned_payload: true, ..good.clone() };
    assert_eq!(verdict(&unsigned), refused(200, "OK"));

    let mut other = good.clone();
    spoil(&mut other.keys.secret);
    assert_eq!(verdict(&other), refused(403, "SignatureDoesNotMatch"));
    let mut other = good.clone();
    spoil(&mut other.keys.id);
    assert_eq!(verdict(&other), refused(403, "InvalidAccessKeyId"));
    let mut other = good.clone();
    other.keys.token = Some("a/token+of=mine".into());
    assert_eq!(verdict(&other), refused(400, "InvalidToken"));
    for time in [hours(-1), hours(1)] {
        let other = Signing { time, ..good.clone() };
        assert_eq!(verdict(&other), refused(403, "RequestTimeTooSkewed"));
    }
    let other = Signing { region: "us-east-1", ..good.clone() };
    assert_eq!(verdict(&other), refused(400, "AuthorizationHeaderMalformed"));
}

#[test]
fn presigned_requests_work_until_they_expire() {
    let (simulator, _) = with_alice();
    let url = simulator.s3_url();
    let keys = Keys::instance(&simulator);
    let put = Request::new("PUT", KEY).body(b"hello");
    let put = Signing::presigning(&keys, "s3", 600).sign(put, &url);
    assert_eq!(put.send(&url).verdict(), (200, "OK"));
    let good = Signing::presigning(&keys, "s3", 600).sign(Request::new("GET", KEY), &url);
    assert_eq!(good.send(&url).body, "hello");

    let changed = |from: &str, to: &str| {
        let mut request = good.clone();
        assert!(request.target.contains(from));
        request.target = request.target.replacen(from, to, 1);
        let reply = request.send(&url);
        let (status, code) = reply.verdict();
        (status, code.to_owned())
    };
    let refused = |status, code: &str| (status, code.to_owned());
    let mismatch = refused(403, "SignatureDoesNotMatch");
    let parameters = refused(400, "AuthorizationQueryParametersError");
    assert_eq!(changed("notes", "motes"), mismatch);
    assert_eq!(changed("X-Amz-Expires=600", "X-Amz-Expires=601"), mismatch);
    assert_eq!(changed("X-Amz-Algorithm", "more=1&X-Amz-Algorithm"), mismatch);
    assert_eq!(changed("X-Amz-Signature=", "X-Amz-Signature=0"), parameters);
    assert_eq!(changed("X-Amz-Expires=600", "X-Amz-Expires=0"), parameters);
    assert_eq!(changed("X-Amz-Expires=600", "X-Amz-Expires=604801"), parameters);
    assert_eq!(changed("X-Amz-Expires=600", "a=1"), parameters);
    assert_eq!(changed("X-Amz-Expires=600", "X-Amz-Expires=600&X-Amz-Expires=600"), parameters);
    assert_eq!(changed("eu-central-1", "eu-central-2"), parameters);
    assert_eq!(changed("X-Amz-Security-Token=I", "X-Amz-Security-Token=J"), refused(400, "InvalidToken"));
    let mut with_header = good.clone();
    with_header.headers.push(("x-amz-note".into(), "unsigned".into()));
    assert_eq!(with_header.send(&url).verdict(), (403, "AccessDenied"));

    simulator.shift_clock(598);
    assert_eq!(good.send(&url).body, "hello");
    simulator.shift_clock(4);
    let late = good.send(&url);
    assert_eq!(late.verdict(), (403, "AccessDenied"));
    assert_eq!(late.xml("Message"), "Request has expired");

    let early = Signing { time: hours(1), ..Signing::presigning(&keys, "s3", 600) };
    let early = early.sign(Request::new("GET", KEY), &url).send(&url);
    assert_eq!(early.verdict(), (403, "AccessDenied"));
    assert_eq!(early.xml("Message"), "Request is not yet valid");
}

#[test]
fn presigned_requests_are_valid_for_at_most_a_week() {
    let (simulator, alice) = with_alice();
    let url = simulator.s3_url();
    let list = Request::new("GET", "/rolecall-bucket?list-type=2");
    let expiring = |seconds| {
        let signed = Signing::presigning(&alice, "s3", seconds).sign(list.clone(), &url);
        signed.send(&url).status
    };
    assert_eq!(expiring(604_800), 200);
    assert_eq!(expiring(604_801), 400);
}

#[test]
fn expired_credentials_are_rejected() {
    let (simulator, _) = with_alice();
    let url = simulator.s3_url();
    let keys = Keys::instance(&simulator);
    simulator.shift_clock(6 * 3600 + 1);
    let late = Signing { time: hours(6), ..Signing::of(&keys, "s3") };
    let reply = late.sign(Request::new("GET", KEY), &url).send(&url);
    assert_eq!(reply.verdict(), (400, "ExpiredToken"));
}

#[test]
fn with_the_wrong_secret_every_signature_is_rejected() {
    let simulator =
        start(Config { verify_with_wrong_secret: true, users: vec![user("alice")], ..Config::default() });
    let alice = Keys::of(&user("alice"));
    let url = simulator.s3_url();
    for signing in [Signing::of(&alice, "s3"), Signing::presigning(&alice, "s3", 60)] {
        let reply = signing.sign(Request::new("GET", KEY), &url).send(&url);
        assert_eq!(reply.verdict(), (403, "SignatureDoesNotMatch"));
    }
}
