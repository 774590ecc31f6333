//! Requests of the caller, sent through a host: the exact bytes sent and the handling of replies.

use std::collections::VecDeque;
use std::io::{Cursor, Read, Write};
use std::net::{IpAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rolecall::core::error::{Failure, FailureKind, Phase};
use rolecall::core::flow::{Answer, Body, Exchange, Reply as Received};
use rolecall::core::skew::{Instant, Now};
use rolecall::{
    Buffer, Credentials, Environment, Error, Fault, Host, Once, Provider, Request, Settings, Streams, System,
    UnixTime,
};

pub(crate) const TIME: u64 = 1_767_323_045;
const URL: &str = "https://reports.s3.eu-west-1.amazonaws.com/2026/11.csv?versionId=7";

/// A host without a socket: it replies from a list and records the requests.
#[derive(Clone, Default)]
pub(crate) struct Fake(Arc<Mutex<State>>);

/// Status, header lines, body.
type Given = (u16, String, Vec<u8>);

#[derive(Default)]
struct State {
    sent: Vec<Vec<u8>>,
    replies: VecDeque<Result<Given, FailureKind>>,
    waited: u64,
}

impl Fake {
    pub(crate) fn reply(&self, status: u16, headers: &str, body: &[u8]) -> &Self {
        self.0.lock().unwrap().replies.push_back(Ok((status, headers.to_owned(), body.to_vec())));
        self
    }

    fn fail(&self, kind: FailureKind) -> &Self {
        self.0.lock().unwrap().replies.push_back(Err(kind));
        self
    }

    pub(crate) fn sent(&self) -> Vec<String> {
        let state = self.0.lock().unwrap();
        assert!(state.replies.is_empty(), "{} replies were not used", state.replies.len());
        state.sent.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    }

    pub(crate) fn provider(&self) -> Provider {
        let variables = [
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            ("AWS_SESSION_TOKEN", "token/of+the==session"),
            ("AWS_CONFIG_FILE", "/nowhere"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere"),
        ];
        let settings = Settings::from_environment(&Environment::from_iter(variables)).expect("settings");
        Provider::builder(settings).host(self.clone()).build()
    }
}

impl Host for Fake {
    fn exchange(
        &self,
        exchange: &Exchange<'_>,
        buffer: &mut Buffer,
        streams: &mut Streams<'_>,
    ) -> Answer<'static> {
        let mut sent = exchange.request.bytes(buffer.bytes()).to_vec();
        match exchange.body {
            Body::Bytes(bytes) => sent.extend_from_slice(bytes),
            Body::Streamed(len) => {
                let upload = streams.upload.as_mut().expect("a body");
                let Ok(reader) = upload.start() else {
                    return Answer::Failed(Failure { phase: Phase::Send, kind: FailureKind::Unsupported });
                };
                let read = reader.take(len).read_to_end(&mut sent).expect("a body");
                assert_eq!(read as u64, len);
            }
            _ => {}
        }
        let mut state = self.0.lock().unwrap();
        state.sent.push(sent);
        let (status, headers, body) = match state.replies.pop_front().expect("one more reply") {
            Ok(reply) => reply,
            Err(kind) => return Answer::Failed(Failure { phase: Phase::FirstByte, kind }),
        };
        buffer.clear();
        buffer.append(headers.as_bytes());
        let end = headers.len();
        match streams.download.as_mut().filter(|_| exchange.streams_reply && status < 300) {
            Some(out) => out.write(&body).expect("written"),
            None => buffer.append(&body),
        }
        let body = end..buffer.bytes().len();
        drop(state);
        Answer::Reply(Received { status, headers: 0..end, body, sent: self.now(), received: self.now() })
    }

    fn read_file(&self, _: &str, _: &mut Buffer) -> Result<(), Failure> {
        Err(Failure { phase: Phase::File, kind: FailureKind::NotFound })
    }

    fn run(&self, _: &str, _: &[(&str, &str)], _: &mut Buffer) -> Result<(), Failure> {
        Err(Failure { phase: Phase::Process, kind: FailureKind::NotFound })
    }

    fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, Failure> {
        Err(Failure { phase: Phase::Resolve, kind: FailureKind::NotFound })
    }

    fn prompt(&self, _: &str, _: bool, _: &mut Buffer) -> Result<(), Failure> {
        Err(Failure { phase: Phase::Prompt, kind: FailureKind::Unsupported })
    }

    fn now(&self) -> Now {
        let waited = self.0.lock().unwrap().waited;
        Now { monotonic: Instant::from_millis(waited), wall: Some(UnixTime::from_secs(TIME)) }
    }

    fn sleep_until(&self, instant: Instant) {
        self.0.lock().unwrap().waited = instant.as_millis();
    }

    fn entropy(&self) -> u32 {
        4
    }

    fn random(&self, _: &mut [u8]) -> Result<(), Failure> {
        Err(Failure { phase: Phase::Prompt, kind: FailureKind::Unsupported })
    }
}

fn put() -> Request {
    let request = Request::new("PUT", URL).expect("a URL").header("Content-Type", "text/csv");
    request.expect("a header").body("a,b\n")
}

#[test]
fn a_signed_put_is_sent_byte_for_byte_without_a_socket() {
    let fake = Fake::default();
    fake.reply(200, "etag: \"1\"\r\nx-amz-id-2: x\r\n", b"stored");
    let provider = fake.provider();
    let reply = provider.send(&put()).expect("a reply");
    assert_eq!((reply.status, reply.body.as_slice()), (200, &b"stored"[..]));
    assert_eq!(reply.headers, [("etag".into(), "\"1\"".into()), ("x-amz-id-2".into(), "x".into())]);

    // The signature headers equal those of a direct call of the signer.
    let signed = provider.sign(&put()).expect("a signature");
    let line = |name: &str| {
        let found = signed.headers().find(|(found, _)| found.eq_ignore_ascii_case(name));
        format!("{name}: {}\r\n", found.expect("a line").1)
    };
    let expected = format!(
        "PUT /2026/11.csv?versionId=7 HTTP/1.1\r\nHost: reports.s3.eu-west-1.amazonaws.com\r\n\
         User-Agent: rolecall/{}\r\nContent-Type: text/csv\r\nContent-Length: 4\r\n{}{}{}{}\r\na,b\n",
        env!("CARGO_PKG_VERSION"),
        line("X-Amz-Security-Token"),
        line("X-Amz-Date"),
        line("x-amz-content-sha256"),
        line("Authorization"),
    );
    assert_eq!(fake.sent(), [expected]);
    assert!(line("Authorization").contains("/20260102/eu-west-1/s3/aws4_request"));
}

#[test]
fn paths_for_s3_are_sent_in_canonical_form() {
    let fake = Fake::default();
    fake.reply(200, "", b"").reply(200, "", b"");
    let send = |url: &str| fake.provider().send(&Request::new("GET", url).expect("a URL")).expect("a reply");
    send("https://b.s3.eu-west-1.amazonaws.com/a=b/%7e?x=%7e");
    send("https://sqs.eu-west-1.amazonaws.com?Action=ListQueues");
    let sent = fake.sent();
    assert!(sent[0].starts_with("GET /a%3Db/~?x=%7e HTTP/1.1\r\n"), "{}", sent[0]);
    assert!(sent[1].starts_with("GET /?Action=ListQueues HTTP/1.1\r\n"), "{}", sent[1]);
}

#[test]
fn many_headers_and_parameters_are_sent_as_they_are_signed() {
    let query: Vec<String> = (0..1_024).map(|number| format!("n{}=v", number * 7919 % 5_003)).collect();
    let url = format!("https://reports.s3.eu-west-1.amazonaws.com/11.csv?{}", query.join("&"));
    // Their names alone, which are sent twice, do not fit the usual buffer.
    let name = |number: usize| format!("x-amz-meta-{}-{}", "n".repeat(60), number * 7919 % 5_003);
    let named = |request: Request, number| request.header(&name(number), "v").unwrap();
    let request = (0..256).fold(Request::new("GET", &url).unwrap(), named);
    let fake = Fake::default();
    fake.reply(200, "", b"");
    let provider = fake.provider();
    assert_eq!(provider.send(&request).expect("a reply").status, 200);
    let [sent] = &fake.sent()[..] else { panic!("one request") };
    assert!(sent.starts_with(&format!("GET /11.csv?{} HTTP/1.1\r\n", query.join("&"))));
    let signed = provider.sign(&request).expect("it fits");
    for (name, value) in signed.headers() {
        assert!(sent.contains(&format!("{name}: {value}\r\n")), "{name}: {value}");
    }
    assert_eq!(sent.lines().filter(|line| line.starts_with("x-amz-meta-")).count(), 256);
}

#[test]
fn only_one_attempt_is_made_unless_the_caller_allows_more() {
    let fake = Fake::default();
    fake.reply(503, "", b"busy");
    assert_eq!(fake.provider().send(&put()).expect("a reply").status, 503);
    assert_eq!(fake.sent().len(), 1);

    let fake = Fake::default();
    fake.reply(503, "", b"busy").fail(FailureKind::Closed).reply(200, "", b"");
    let retrying = put().attempts(3, Duration::from_secs(10));
    assert_eq!(fake.provider().send(&retrying).expect("a reply").status, 200);
    assert_eq!(fake.sent().len(), 3);

    // A POST may have been executed, so it is not retried.
    let fake = Fake::default();
    let post = || Request::new("POST", "https://sqs.eu-west-1.amazonaws.com/").expect("a URL");
    let post = || post().attempts(3, Duration::from_secs(10));
    fake.reply(500, "", b"");
    assert_eq!(fake.provider().send(&post()).expect("a reply").status, 500);
    fake.reply(500, "", b"").reply(200, "", b"");
    assert_eq!(fake.provider().send(&post().idempotent(true)).expect("a reply").status, 200);
    assert_eq!(fake.sent().len(), 3);

    let fake = Fake::default();
    fake.fail(FailureKind::Timeout);
    let error = fake.provider().send(&put()).expect_err("no reply");
    assert!(
        matches!(error, Error::Send { failure: Failure { kind: FailureKind::Timeout, .. }, .. }),
        "{error:?}"
    );
}

#[test]
fn a_head_request_rejected_for_its_time_is_signed_again() {
    let fake = Fake::default();
    let late = format!("date: {}\r\n", UnixTime::from_secs(TIME + 3_600).http_date());
    fake.reply(403, &late, b"").reply(200, &late, b"");
    let provider = fake.provider();
    assert_eq!(provider.send(&Request::new("HEAD", URL).expect("a URL")).expect("a reply").status, 200);
    let dates: Vec<_> = fake
        .sent()
        .iter()
        .map(|sent| sent.lines().find(|line| line.starts_with("X-Amz-Date")).expect("a date").to_owned())
        .collect();
    assert_eq!(dates, ["X-Amz-Date: 20260102T030405Z", "X-Amz-Date: 20260102T040405Z"]);
    assert_eq!(provider.clock_skew(), 3_600);
}

#[test]
fn bodies_are_streamed_in_both_directions() {
    let fake = Fake::default();
    fake.reply(200, "", b"the whole object").reply(404, "", b"<Error><Code>NoSuchKey</Code></Error>");
    let provider = fake.provider();
    let get = Request::new("GET", URL).expect("a URL");
    let mut out = Vec::new();
    let reply = provider.send_to(&get, &mut out).expect("a reply");
    assert_eq!((reply.body.len(), out.as_slice()), (0, &b"the whole object"[..]));
    let reply = provider.send_to(&get, &mut out).expect("a reply");
    assert_eq!((reply.status, out.len()), (404, 16));
    assert!(String::from_utf8_lossy(&reply.body).contains("NoSuchKey"));

    // Only a body that can be read again is sent again.
    let body = b"x".repeat(100_000);
    let hash = rolecall::core::sigv4::sha256_hex(&body);
    let retrying = || Request::new("PUT", URL).expect("a URL").attempts(2, Duration::from_secs(10));
    fake.reply(503, "", b"").reply(200, "", b"").reply(503, "", b"");
    let len = body.len() as u64;
    let (file, hash) = (&mut Cursor::new(&body), Some(hash.as_str()));
    let reply = provider.send_from(&retrying(), file, len, hash, &mut std::io::sink()).expect("a reply");
    assert_eq!(reply.status, 200);
    let mut pipe = Once::new(body.as_slice());
    let reply = provider.send_from(&retrying(), &mut pipe, len, None, &mut std::io::sink()).expect("a reply");
    assert_eq!(reply.status, 503);
    let sent = fake.sent();
    assert!(sent[2].contains(hash.unwrap()) && sent[2].ends_with(&"x".repeat(100_000)));
    assert_eq!(sent[2].len(), sent[3].len());
    assert!(sent[4].contains("x-amz-content-sha256: UNSIGNED-PAYLOAD"));
    for no_hash in ["", "abc", &"A".repeat(64)] {
        let sent =
            provider.send_from(&retrying(), &mut Cursor::new(b""), 0, Some(no_hash), &mut std::io::sink());
        assert!(matches!(sent, Err(Error::Configuration(_))), "{sent:?}");
    }
}

#[test]
fn framing_and_routing_headers_are_rejected_before_anything_is_sent() {
    let fake = Fake::default();
    for (name, value) in [
        ("Content-Length", "30"),
        ("content-length", "0"),
        ("Transfer-Encoding", "gzip, chunked"),
        ("Connection", "close"),
        ("TE", "trailers"),
        ("Trailer", "x"),
        ("Upgrade", "h2c"),
        ("Expect", "100-continue"),
        ("Keep-Alive", "timeout=5"),
        ("Proxy-Authorization", "Basic x"),
        ("PROXY-Anything", "x"),
    ] {
        let request = put().header(name, value).expect("a valid header");
        let error = fake.provider().send(&request).expect_err(name);
        assert!(error.to_string().starts_with(&format!("header {name}: ")), "{error}");
        assert_eq!(error.fault(), Fault::Configuration);
        // A signature may cover it.
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None).expect("credentials");
        let signed = request.region("eu-west-1").sign(&credentials, UnixTime::from_secs(TIME));
        assert!(signed.is_ok() || name == "Authorization", "{name}: {signed:?}");
    }
    for method in ["CONNECT", "connect"] {
        let connect = Request::new(method, URL).expect("a URL");
        let error = fake.provider().send(&connect).expect_err(method).to_string();
        assert!(error.contains("method CONNECT"), "{error}");
    }
    assert_eq!(fake.sent().len(), 0);
}

/// Any token is a method (RFC 9110, section 9.1).
#[test]
fn other_methods_are_sent_and_texts_that_are_not_tokens_are_refused() {
    let fake = Fake::default();
    for method in ["PROPFIND", "REPORT", "purge", "M-SEARCH"] {
        fake.reply(200, "", b"");
        let request = Request::new(method, URL).expect("a token");
        fake.provider().send(&request).expect(method);
        assert!(fake.sent().last().expect("sent").starts_with(&format!("{method} /")));
    }
    for method in ["", "GE T", "GET\r\n", "GÉT", "GET:"] {
        let error = Request::new(method, URL).expect_err(method).to_string();
        assert!(error.contains(&format!("{method:?}")), "{error}");
    }
}

/// The request line holds only what a URL can hold, and the signature is for that.
#[test]
fn characters_that_a_url_cannot_hold_are_sent_percent_encoded() {
    for (service, url, target) in [
        ("sts", "https://x.example/p?q=é\"<>", "/p?q=%C3%A9%22%3C%3E"),
        ("sts", "https://x.example/é/{a}|b?x", "/%C3%A9/%7Ba%7D%7Cb?x"),
        ("sts", "https://x.example?ü=^`\\", "/?%C3%BC=%5E%60%5C"),
        ("s3", "https://x.example/é{?q=é", "/%C3%A9%7B?q=%C3%A9"),
        ("s3", "https://x.example/a?q=%41&r=[1]'!*", "/a?q=%41&r=[1]'!*"),
    ] {
        let fake = Fake::default();
        fake.reply(200, "", b"");
        let given = Request::new("GET", url).expect(url).service(service).region("eu-west-1");
        fake.provider().send(&given).expect(url);
        let sent = fake.sent().remove(0);
        assert!(sent.starts_with(&format!("GET {target} HTTP/1.1\r\n")), "{sent}");
        let encoded = Request::new("GET", &format!("https://x.example{target}")).expect(target);
        fake.reply(200, "", b"");
        fake.provider().send(&encoded.service(service).region("eu-west-1")).expect(target);
        assert_eq!(fake.sent()[1], sent);
    }
    for url in ["https://x.example/a b", "https://x.example/a?b\tc", "https://x.example/\r\n"] {
        assert!(Request::new("GET", url).expect_err(url).to_string().starts_with("URL: "));
    }
}

#[test]
fn the_system_streams_through_its_client() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let peer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut got = Vec::new();
        let mut piece = [0; 65_536];
        let wanted = 3_000_000;
        while !got.windows(4).any(|end| end == b"\r\n\r\n") {
            let len = stream.read(&mut piece).expect("a head");
            got.extend_from_slice(&piece[..len]);
        }
        let head = got.windows(4).position(|end| end == b"\r\n\r\n").expect("its end") + 4;
        let mut body = got.len() - head;
        while body < wanted {
            body += stream.read(&mut piece).expect("a body");
        }
        let head = String::from_utf8_lossy(&got[..head]).to_ascii_lowercase();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n").expect("a head");
        stream.write_all(&b"y".repeat(5_000_000)).expect("a body");
        (head, body)
    });
    let variables = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let settings = Settings::from_environment(&Environment::from_iter(variables)).expect("settings");
    let system = System::new(&settings);
    let provider = Provider::builder(settings).host(system).build();
    let url = format!("http://127.0.0.1:{port}/object");
    let request = Request::new("PUT", &url).expect("a URL").service("s3").region("eu-west-1");
    let (mut body, mut out) = (Cursor::new(b"x".repeat(3_000_000)), Vec::new());
    let reply = provider.send_from(&request, &mut body, 3_000_000, None, &mut out).expect("a reply");
    assert_eq!((reply.status, reply.body.len(), out.len()), (200, 0, 5_000_000));
    let (head, body) = peer.join().expect("a peer");
    assert_eq!(body, 3_000_000);
    assert!(head.contains("content-length: 3000000\r\n") && !head.contains("transfer-encoding"), "{head}");
}

/// A reader or writer that fails after its first bytes.
struct Full(bool);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if std::mem::replace(&mut self.0, true) {
            Err(std::io::ErrorKind::StorageFull.into())
        } else {
            Ok(bytes.len().min(10))
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Read for Full {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        if std::mem::replace(&mut self.0, true) {
            Err(std::io::ErrorKind::StorageFull.into())
        } else {
            Ok(bytes.len().min(10))
        }
    }
}

/// The peer is not blamed for a full disk, or for a header that cannot be sent.
#[test]
fn what_fails_on_this_side_is_named_and_is_not_the_fault_of_the_peer() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://127.0.0.1:{}/", listener.local_addr().expect("an address").port());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut piece = [0; 4096];
            let _ = stream.read(&mut piece);
            let _ = stream.write_all(
                format!("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n{}", "x".repeat(9000)).as_bytes(),
            );
            while stream.read(&mut piece).is_ok_and(|len| len > 0) {}
        }
    });
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-west-1"),
    ];
    let provider = Provider::from_environment(&variables.into_iter().collect()).expect("a provider");
    let request = |method| Request::new(method, &url).expect("a URL").service("s3");

    let error = provider.send_to(&request("GET"), &mut Full(false)).expect_err("a full disk");
    assert!(error.to_string().starts_with("writing the body of the reply: "), "{error}");
    assert_eq!((error.fault(), error.is_recoverable()), (Fault::Configuration, false));

    let mut upload = Once::new(Full(false));
    let put = request("PUT");
    let error = provider.send_from(&put, &mut upload, 9000, None, &mut std::io::sink()).expect_err("no body");
    assert!(error.to_string().starts_with("reading the body of the request: "), "{error}");
    assert_eq!((error.fault(), error.is_recoverable()), (Fault::Configuration, false));

    let accented = request("GET").header("x-amz-meta-name", "é").expect("it may be signed");
    let error = provider.send(&accented).expect_err("ASCII alone");
    assert!(
        error.to_string().starts_with("sending the request: the method, the target or a header"),
        "{error}"
    );
    assert_eq!((error.fault(), error.is_recoverable()), (Fault::Configuration, false));
}

/// The longest heads are written whole: a line of 50 KB, and one with the names of 256 headers.
#[test]
fn a_head_with_as_many_parameters_and_headers_as_permitted_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let peer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let (mut got, mut piece) = (Vec::new(), vec![0; 65_536]);
        while !got.ends_with(b"\r\n\r\n") {
            let len = stream.read(&mut piece).expect("a head");
            assert!(len > 0, "it ends after {} bytes", got.len());
            got.extend_from_slice(&piece[..len]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").expect("sent");
        String::from_utf8(got).expect("text")
    });
    let query: Vec<String> = (0..1024).map(|index| format!("{index:04}{}={index}", "p".repeat(36))).collect();
    let url = format!("http://127.0.0.1:{port}/k?{}", query.join("&"));
    let mut request = Request::new("GET", &url).expect("a URL").service("s3");
    for index in 0..256 {
        request = request.header(&format!("x-{index:03}-{}", "h".repeat(74)), "value").expect("a header");
    }
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-west-1"),
    ];
    let provider = Provider::from_environment(&variables.into_iter().collect()).expect("a provider");
    assert_eq!(provider.send(&request).expect("a reply").body, b"ok");
    let head = peer.join().expect("a head");
    assert!(head.starts_with(&format!("GET /k?{} HTTP/1.1\r\n", query.join("&"))));
    assert_eq!(head.lines().filter(|line| line.starts_with("x-") && line.ends_with(": value")).count(), 256);
}
