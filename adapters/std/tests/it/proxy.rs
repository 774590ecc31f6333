//! Proxies that refuse, break off or never finish their reply: an error that names the reason, within the time of one
//! connection.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
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
    let proxy = format!("http://user:hunter2@127.0.0.1:{port}");
    let environment: Environment = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        (variable, &proxy),
    ]
    .into_iter()
    .collect();
    Provider::from_environment(&environment).expect("a provider")
}

/// The errors of a request over plain http and of a call of STS over https.
fn errors(port: u16) -> [Error; 2] {
    let request = Request::new("GET", "http://bucket.example/k").expect("a request").service("s3");
    let sent = provider("HTTP_PROXY", port).send(&request).expect_err("no tunnel");
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
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "(status 407)", "user and a password"),
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
            errors(port).iter().zip(["bucket.example:80", "sts.eu-west-1.amazonaws.com:443"])
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
