//! Kept connections that a server closes while the next request is on its way.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rolecall::core::error::FailureKind;
use rolecall::{Environment, Error, Provider, Request, Settings};

/// The methods that it was asked with, by connection.
type Asked = Arc<Mutex<Vec<Vec<String>>>>;

/// Answers so many requests of the first connection, and of each of the others; reads the next one and closes it.
fn serve(first: usize, others: usize) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/object", listener.local_addr().expect("an address"));
    let asked = Asked::default();
    let log = asked.clone();
    std::thread::spawn(move || {
        for (index, stream) in listener.incoming().flatten().enumerate() {
            let answered = if index == 0 { first } else { others };
            log.lock().expect("the lock is not poisoned").push(Vec::new());
            let mut reader = BufReader::new(&stream);
            for number in 0.. {
                let Some(method) = request(&mut reader) else { break };
                log.lock().expect("the lock is not poisoned").last_mut().expect("pushed").push(method);
                if number == answered {
                    break;
                }
                (&stream).write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").expect("sent");
            }
        }
    });
    (url, asked)
}

/// Reads a request, and returns its method.
fn request(reader: &mut BufReader<&TcpStream>) -> Option<String> {
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let start = head.len();
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
        if let Some((name, value)) = head[start..].split_once(": ")
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    Some(head.split(' ').next()?.to_owned())
}

fn provider() -> Provider {
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_CONFIG_FILE", "/nowhere"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere"),
    ];
    let settings = Settings::from_environment(&Environment::from_iter(variables)).expect("settings");
    Provider::builder(settings).build()
}

fn send(provider: &Provider, method: &str, url: &str) -> Result<u16, Error> {
    let request = Request::new(method, url)?.service("s3");
    let request = if method == "GET" || method == "HEAD" { request } else { request.body("body") };
    provider.send(&request).map(|reply| reply.status)
}

#[track_caller]
fn is_closed(result: Result<u16, Error>) {
    let Err(Error::Send { failure, .. }) = result else { panic!("{result:?}") };
    assert_eq!(failure.kind, FailureKind::Closed);
}

#[track_caller]
fn were(asked: &Asked, methods: &[&[&str]]) {
    assert_eq!(*asked.lock().expect("the lock is not poisoned"), methods);
}

#[test]
fn what_changes_nothing_is_sent_once_more() {
    for method in ["GET", "HEAD"] {
        let ((url, asked), provider) = (serve(1, 1), provider());
        assert_eq!(send(&provider, "GET", &url).expect("a reply"), 200);
        assert_eq!(send(&provider, method, &url).expect("a reply"), 200);
        were(&asked, &[&["GET", method], &[method]]);
    }
}

#[test]
fn what_may_have_been_carried_out_is_not() {
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let ((url, asked), provider) = (serve(1, 1), provider());
        assert_eq!(send(&provider, "GET", &url).expect("a reply"), 200);
        is_closed(send(&provider, method, &url));
        were(&asked, &[&["GET", method]]);
    }
}

#[test]
fn a_new_connection_that_is_closed_is_an_error() {
    let ((url, asked), provider) = (serve(0, 1), provider());
    is_closed(send(&provider, "GET", &url));
    were(&asked, &[&["GET"]]);
    // So is the one of the second attempt.
    let ((url, asked), provider) = (serve(1, 0), provider);
    assert_eq!(send(&provider, "GET", &url).expect("a reply"), 200);
    is_closed(send(&provider, "GET", &url));
    were(&asked, &[&["GET", "GET"], &["GET"]]);
}
