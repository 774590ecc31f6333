//! Proxies that refuse, break off or never finish their reply: an error that names the reason, within the time of one
//! connection.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rolecall::core::error::{ErrorKind, Failure, FailureKind, Phase};
use rolecall::{Environment, Error, Provider, Request};

const EVERY: Duration = Duration::from_millis(300);

/// A proxy on a port of 127.0.0.1.
fn proxy(answer: impl Fn(TcpStream) + Send + Sync + Clone + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = answer.clone();
            std::thread::spawn(move || {
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|len| len == 1) {
                    head.push(byte[0]);
                }
                answer(stream);
            });
        }
    });
    port
}

/// Sends `start`, and then `piece` again and again.
fn drips(start: &'static str, piece: &'static str) -> u16 {
    proxy(move |mut stream| {
        let mut sent = stream.write_all(start.as_bytes());
        while sent.is_ok() {
            std::thread::sleep(EVERY);
            sent = stream.write_all(piece.as_bytes());
        }
    })
}

fn answers(reply: &'static str) -> u16 {
    proxy(move |mut stream| _ = stream.write_all(reply.as_bytes()))
}

fn provider(variable: &str, port: u16) -> Provider {
    provider_by(variable, &format!("http://user:hunter2@127.0.0.1:{port}"))
}

fn provider_by(variable: &str, proxy: &str) -> Provider {
    let environment: Environment = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        (variable, proxy),
    ]
    .into_iter()
    .collect();
    Provider::from_environment(&environment).expect("a provider")
}

/// The errors of a request and of a call of STS, both over https.
fn errors(port: u16) -> [Error; 2] {
    let request = Request::new("GET", "https://bucket.example/k").expect("a request").service("s3");
    let sent = provider("HTTPS_PROXY", port).send(&request).expect_err("no tunnel");
    [sent, provider("HTTPS_PROXY", port).caller_identity().expect_err("no tunnel")]
}

fn failure(error: &Error) -> Failure {
    match error {
        Error::Send { failure, .. } => *failure,
        Error::Source { error, .. } => match error.kind {
            ErrorKind::Transport(failure) => failure,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// Every read brings something, so that none times out.
#[test]
fn a_proxy_that_never_finishes_its_reply_has_the_time_of_one_connection() {
    let peers = [
        drips("", "H"),
        drips("HTTP/1.1 200 OK\r\nX-A: ", "a"),
        drips("HTTP/1.1 200 OK\r\n", "X-A: a\r\n"),
        drips("HTTP/1.1 407 Proxy Authentication Required\r\n", "X"),
    ];
    let checks = peers.map(|port| {
        std::thread::spawn(move || {
            let began = Instant::now();
            for error in errors(port) {
                assert!(matches!(failure(&error).kind, FailureKind::Timeout), "{error:?}");
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        })
    });
    checks.into_iter().for_each(|check| check.join().expect("in time"));
}

#[test]
fn a_head_without_end_is_too_long() {
    let port = proxy(|mut stream| {
        let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while sent.is_ok() {
            sent = stream.write_all(&b"X-A: 0123456789\r\n".repeat(64));
        }
    });
    for error in errors(port) {
        assert_eq!(failure(&error), Failure { phase: Phase::Connect, kind: FailureKind::Protocol });
    }
}

#[test]
fn a_proxy_that_refuses_is_named_with_its_status() {
    let cases = [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "(status 407)",
            "does not accept the user and the password",
        ),
        (
            "HTTP/1.0 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
            "(status 403)",
            "permits this host and port",
        ),
        ("HTTP/1.1 405 Method Not Allowed\r\n\r\n", "(status 405)", "permits this host and port"),
    ];
    for (reply, status, advice) in cases {
        let port = answers(reply);
        for (error, target) in
            errors(port).iter().zip(["bucket.example:443", "sts.eu-west-1.amazonaws.com:443"])
        {
            let text = error.to_string();
            assert!(
                text.contains(&format!("the proxy 127.0.0.1:{port} refused to connect to {target}")),
                "{text}"
            );
            assert!(text.contains(status) && text.contains(advice), "{text}");
            assert!(!text.contains("hunter2") && !error.is_recoverable(), "{text}");
        }
    }
}

#[test]
fn a_proxy_that_cannot_reach_the_host_is_named_with_its_status() {
    for status in [500, 502, 503, 504] {
        let reply: &'static str = format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nno").leak();
        let port = answers(reply);
        for error in errors(port) {
            let text = error.to_string();
            let named = format!("the proxy 127.0.0.1:{port} refused to connect to");
            assert!(text.contains(&named) && text.contains(&format!("(status {status})")), "{text}");
            assert!(!text.contains("nothing listens") && error.is_recoverable(), "{text}");
        }
    }
    // One that is not there at all.
    let text = provider("HTTPS_PROXY", 9).caller_identity().expect_err("refused").to_string();
    assert!(
        text.contains("check that a proxy for this scheme listens at 127.0.0.1:9 of HTTPS_PROXY"),
        "{text}"
    );
}

#[test]
fn what_a_proxy_cannot_reach_may_be_there_later() {
    for reply in ["HTTP/1.1 502 Bad Gateway\r\n\r\n", "HTTP/1.1 503 Service Unavailable\r\n\r\n"] {
        for error in errors(answers(reply)) {
            assert_eq!(failure(&error), Failure { phase: Phase::Connect, kind: FailureKind::NotFound });
            assert!(error.is_recoverable(), "{error:?}");
        }
    }
}

#[test]
fn what_is_no_proxy_is_not_taken_for_one() {
    for reply in
        ["", "SSH-2.0-OpenSSH_9.6\r\n", "SSH-2.0-OpenSSH_9.6\r\n\r\n", "HTTP/1.1 200 OK\r\nbroken\r\n\r\n"]
    {
        for error in errors(answers(reply)) {
            assert_eq!(failure(&error).phase, Phase::Connect, "{reply:?}: {error:?}");
        }
    }
}

/// Reads one request with its body; `None` at the end.
fn read_request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("text");
    let length =
        head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some((head, body))
}

/// A proxy that answers every request of a connection with `status`, and reports connection, head and body of each.
fn forwards(status: u16) -> (u16, Receiver<(u32, String, Vec<u8>)>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (seen, requests) = channel();
    std::thread::spawn(move || {
        for (number, mut stream) in (0..).zip(listener.incoming().flatten()) {
            let seen = seen.clone();
            std::thread::spawn(move || {
                while let Some((head, body)) = read_request(&mut stream) {
                    let reply = format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nok");
                    let _ = (seen.send((number, head, body)), stream.write_all(reply.as_bytes()));
                }
            });
        }
    });
    (port, requests)
}

#[test]
fn plain_http_goes_to_a_proxy_with_its_whole_url() {
    let (port, requests) = forwards(200);
    let provider = provider("HTTP_PROXY", port);
    let large = vec![b'x'; 300_000];
    let cases = [
        ("GET", "http://bucket.example/k", &b""[..]),
        ("PUT", "http://bucket.example:8080/a/b?x-id=PutObject", b"a body"),
        ("PUT", "http://bucket.example/large", &large),
        ("GET", "http://bucket.example/with%20space?q=/%2F", b""),
    ];
    for (method, url, body) in cases {
        let request = Request::new(method, url).expect("a request").service("s3").body(body);
        assert_eq!(provider.send(&request).expect("a reply").body, b"ok");
        let (connection, head, received) = requests.recv_timeout(Duration::from_secs(5)).expect("a request");
        assert_eq!(connection, 0, "a connection to the proxy is kept");
        let line = head.lines().next().expect("a line");
        assert_eq!(line, format!("{method} {url} HTTP/1.1"));
        let host = url.split('/').nth(2).expect("a host");
        assert!(head.to_lowercase().contains(&format!("\r\nhost: {host}\r\n")), "{head}");
        // user:hunter2
        assert!(head.to_lowercase().contains("proxy-authorization: basic dxnlcjpodw50zxiy"), "{head}");
        assert_eq!(received, body, "{url}");
    }
}

#[test]
fn a_proxy_for_plain_http_that_requires_a_password_is_named() {
    let (port, _requests) = forwards(407);
    let request = Request::new("GET", "http://bucket.example/k").expect("a request").service("s3");
    let error = provider("HTTP_PROXY", port).send(&request).expect_err("refused");
    let text = error.to_string();
    assert!(text.contains(&format!("the proxy 127.0.0.1:{port}")) && text.contains("(status 407)"), "{text}");
    assert!(
        text.contains("does not accept the user") && !text.contains("hunter2") && !error.is_recoverable(),
        "{text}"
    );
    let without = |variable| provider_by(variable, &format!("127.0.0.1:{port}"));
    let text = without("HTTP_PROXY").send(&request).expect_err("refused").to_string();
    assert!(text.contains("requires a user and a password: http://USER:PASSWORD@HOST:PORT"), "{text}");
    let text = without("HTTPS_PROXY").caller_identity().expect_err("refused").to_string();
    assert!(text.contains("requires a user and a password: http://USER:PASSWORD@HOST:PORT"), "{text}");
    // A reply of the service is one, not of the proxy.
    let (port, _requests) = forwards(403);
    assert_eq!(provider("HTTP_PROXY", port).send(&request).expect("a reply").status, 403);
}

#[test]
fn an_error_names_the_url_and_the_proxy() {
    let port = answers("");
    let request =
        Request::new("GET", "http://bucket.example/secret/path?token=t").expect("a request").service("s3");
    let text = provider("HTTP_PROXY", port).send(&request).expect_err("closed").to_string();
    assert!(
        text.contains(&format!("http://bucket.example through the proxy 127.0.0.1:{port} of HTTP_PROXY")),
        "{text}"
    );
    assert!(
        !text.contains("hunter2") && !text.contains("secret/path") && !text.contains("token=t"),
        "{text}"
    );
    let text = provider("HTTPS_PROXY", port).caller_identity().expect_err("closed").to_string();
    let about =
        format!("https://sts.eu-west-1.amazonaws.com through the proxy 127.0.0.1:{port} of HTTPS_PROXY");
    assert!(text.contains(&about), "{text}");
}
