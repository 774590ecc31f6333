//! Requests of other clients, signed: verified as a service does.

use std::io::{Read, Write};
use std::net::TcpListener;

use rolecall::core::credentials::Secret;
use rolecall::core::sigv4::verify::{Covered, Received, Verifier, VerifyError};
use rolecall::core::sigv4::{Rules, Scope, SigningKey, sha256_hex};
use rolecall::{Environment, HttpSigner, Provider};

fn signer() -> HttpSigner {
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "to//ken=="),
        ("AWS_REGION", "eu-west-1"),
    ];
    HttpSigner::new(Provider::from_environment(&Environment::from_iter(variables)).expect("settings"))
}

/// Verifies a request as it arrives, and returns what its signature covers.
fn verify(
    method: &str,
    target: &str,
    lines: &[(String, String)],
    body: &[u8],
    service: &str,
) -> Result<(Covered, String), VerifyError> {
    let scope = Scope { region: "eu-west-1", service, rules: Rules::of(service) };
    let lines = lines.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let verifier = Verifier::new(scope).with_unsigned_payload(true);
    let claim = verifier.claim(Received::new(method, target, lines))?;
    let key = SigningKey::derive(&Secret::new("secret"), claim.time(), scope.region, scope.service);
    let hash = sha256_hex(body);
    let verified = claim.verify(&key, claim.time(), claim.needs_body_hash().then_some(&hash))?;
    assert!(verified.covers_token());
    match verified.payload() {
        Covered::Hashed(signed) if signed != hash => Err(VerifyError::Body),
        covered => Ok((covered, verified.signed_headers().to_owned())),
    }
}

fn arrived<B: AsRef<[u8]>>(
    request: &http::Request<B>,
    service: &str,
) -> Result<(Covered, String), VerifyError> {
    let mut lines: Vec<(String, String)> =
        vec![("host".into(), request.uri().authority().unwrap().to_string())];
    for (name, value) in request.headers() {
        lines.push((name.to_string(), value.to_str().unwrap().to_owned()));
    }
    let target = request.uri().path_and_query().unwrap().as_str();
    verify(request.method().as_str(), target, &lines, request.body().as_ref(), service)
}

fn put(url: &str) -> http::Request<Vec<u8>> {
    http::Request::put(url).header("content-type", "text/csv").body(b"a,b".to_vec()).expect("a request")
}

#[test]
fn a_request_is_signed_in_place() {
    let mut request = put("https://reports.s3.eu-west-1.amazonaws.com/a!b/11.csv?b=2&a=1");
    signer().sign(&mut request).expect("it is signed");
    let (covered, headers) = arrived(&request, "s3").expect("a right signature");
    assert!(matches!(covered, Covered::Hashed(_)));
    assert_eq!(headers, "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token");
    // S3 compares the canonical encoding: it is what is sent.
    assert_eq!(request.uri().path(), "/a%21b/11.csv");
    assert!(
        request.headers()["authorization"].is_sensitive()
            && request.headers()["x-amz-security-token"].is_sensitive()
    );

    let mut changed = request.clone();
    changed.body_mut().push(b'x');
    assert_eq!(arrived(&changed, "s3"), Err(VerifyError::Body));
    let mut changed = request.clone();
    changed.headers_mut().insert("content-type", http::HeaderValue::from_static("text/html"));
    assert_eq!(arrived(&changed, "s3"), Err(VerifyError::Signature));

    // Sent again, it is signed again, with what is in it by then.
    signer().sign(&mut changed).expect("it is signed");
    arrived(&changed, "s3").expect("a right signature");
    assert_eq!(changed.headers().get_all("authorization").iter().count(), 1);
}

#[test]
fn service_and_region_can_be_set_and_a_stream_is_left_unsigned() {
    let mut request = put("http://127.0.0.1:9000/11.csv");
    let error = signer().sign(&mut request).expect_err("no service").to_string();
    assert!(error.contains("127.0.0.1"), "{error}");
    signer().service("execute-api").region("eu-west-1").sign(&mut request).expect("it is signed");
    arrived(&request, "execute-api").expect("a right signature");

    let (mut parts, body) = put("https://reports.s3.eu-west-1.amazonaws.com/11.csv").into_parts();
    signer().sign_parts(&mut parts, None).expect("it is signed");
    let request = http::Request::from_parts(parts, body);
    assert_eq!(arrived(&request, "s3").expect("a right signature").0, Covered::Unsigned);
}

#[test]
fn what_cannot_be_signed_is_refused() {
    for (uri, name, value, said) in [
        ("/relative", "a", "b", "an absolute one is expected"),
        ("https://a.s3.eu-west-1.amazonaws.com/", "authorization", "Bearer x", "is no signature of AWS"),
        (
            "https://a.s3.eu-west-1.amazonaws.com/",
            "host",
            "b.s3.eu-west-1.amazonaws.com",
            "differs from the URI's",
        ),
    ] {
        let mut request = http::Request::get(uri).header(name, value).body("").expect("a request");
        let before = request.headers().clone();
        let error = signer().sign(&mut request).expect_err(said).to_string();
        assert!(error.contains(said), "{error}");
        assert_eq!(*request.headers(), before, "it is left as it was");
    }
    let same = "a.s3.eu-west-1.amazonaws.com";
    let mut request =
        http::Request::get(format!("https://{same}/")).header("host", same).body("").expect("a request");
    signer().sign(&mut request).expect("it is signed");
}

/// Receives one request, and returns method, target, header lines and body.
fn receive(listener: &TcpListener) -> (String, String, Vec<(String, String)>, Vec<u8>) {
    let (mut stream, _) = listener.accept().expect("a client");
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a head");
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("text");
    let mut lines = head.lines();
    let mut words = lines.next().expect("a line").split(' ').map(str::to_owned);
    let (method, target) = (words.next().expect("a method"), words.next().expect("a target"));
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().expect("a number"))];
    stream.read_exact(&mut body).expect("a body");
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        .expect("it is read");
    (method, target, headers, body)
}

#[test]
fn an_agent_of_ureq_signs_what_it_sends() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/key?a=b%20c", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || [receive(&listener), receive(&listener)]);
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .middleware(signer().service("execute-api"))
        .max_redirects(0)
        .build()
        .into();
    assert_eq!(agent.get(&url).call().expect("a reply").body_mut().read_to_string().expect("text"), "ok");
    agent.post(&url).header("x-amz-meta-a", "b").send("the body").expect("a reply");
    let [get, post] = server.join().expect("two requests");
    for (method, target, lines, body) in [&get, &post] {
        verify(method, target, lines, body, "execute-api").expect("a right signature");
    }
    assert_eq!((post.0.as_str(), post.3.as_slice()), ("POST", &b"the body"[..]));
    // As long as it is sent as it was: no more than it says, and whole.
    assert!(
        post.2.iter().any(|(name, value)| name.eq_ignore_ascii_case("content-length") && value == "8"),
        "{post:?}"
    );

    // What no service takes unsigned, and is too long to be held, is not sent.
    let long = vec![0; (8 << 20) + 1];
    let error = agent.post(&url).send(&long[..]).expect_err("too long").to_string();
    assert!(error.contains("more than 8 MiB"), "{error}");
}

#[test]
fn events_reach_the_crate_log() {
    use std::sync::Mutex;
    static SEEN: Mutex<Vec<(log::Level, String)>> = Mutex::new(Vec::new());
    struct Log;
    impl log::Log for Log {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &log::Record<'_>) {
            if record.target() == "rolecall" {
                SEEN.lock().expect("no panic").push((record.level(), record.args().to_string()));
            }
        }
        fn flush(&self) {}
    }
    log::set_logger(&Log).expect("the first");
    log::set_max_level(log::LevelFilter::Debug);
    let variables = [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1"),
        ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1"),
    ];
    let settings =
        rolecall::Settings::from_environment(&Environment::from_iter(variables)).expect("settings");
    Provider::builder(settings).log().build().credentials().expect_err("nothing there");
    let seen = SEEN.lock().expect("no panic");
    assert!(
        seen.iter().any(|(level, text)| *level == log::Level::Debug && text.contains("http://127.0.0.1:1")),
        "{seen:?}"
    );
}
