//! A process that is looked at, and a service on loopback for it to ask.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::secrets::Forms;

/// As in the subject: no byte goes there as it is.
const MASK: u8 = 0xa5;

/// What a case is called with, and what is looked for.
#[derive(Default, Clone)]
pub(crate) struct Scene {
    told: String,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Look, name, part and place.
    pub(crate) found: Vec<String>,
    pub(crate) ended: String,
}

impl Scene {
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.told += &format!("set\t{name}\t{value}\n");
        self
    }

    pub(crate) fn lend(mut self, name: &str, secret: impl AsRef<[u8]>) -> Self {
        self.told += &format!("lend\t{name}\t{}\n", masked(secret.as_ref()));
        self
    }

    pub(crate) fn seek(mut self, forms: Forms) -> Self {
        for (name, bytes) in forms {
            self.told += &format!("seek\t{name}\t{}\n", masked(&bytes));
        }
        self
    }

    /// Runs the case in a process of its own.
    #[track_caller]
    pub(crate) fn run(&self, case: &str, way: &str) -> Seen {
        let mut subject = Command::new(env!("CARGO_BIN_EXE_subject"))
            .args([case, way])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the subject starts");
        let mut input = subject.stdin.take().expect("piped");
        input.write_all(self.told.as_bytes()).expect("it listens");
        drop(input);
        let output = subject.wait_with_output().expect("it ends");
        let output = String::from_utf8(output.stdout).expect("text");
        let told = |what: &str| {
            output.lines().filter_map(|line| line.strip_prefix(what)).map(str::to_owned).collect()
        };
        let ended: Vec<String> = told("ended ");
        let looked: Vec<String> = told("looked at ");
        let [ended] = ended.try_into().unwrap_or_else(|_| panic!("{case} {way} does not end: {output}"));
        let bytes = looked.first().and_then(|line| line.split(' ').next()?.parse::<u64>().ok());
        assert!(bytes.is_some_and(|bytes| bytes > 1 << 20), "{case} {way} does not look: {looked:?}");
        Seen { found: told("found\t"), ended }
    }
}

/// Answers requests, each told as its head and body, until the test ends; the answer is put on the wire as
/// it is, and one without `Connection: close` is followed by others.
pub(crate) fn serve(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            std::thread::spawn(move || converse(&stream, &*answer));
        }
    });
    url
}

fn converse(mut stream: &TcpStream, answer: &dyn Fn(&str) -> String) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut request = String::new();
        while !request.ends_with("\r\n\r\n") {
            if reader.read_line(&mut request).ok()? == 0 {
                return None;
            }
        }
        let length = request.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then(|| value.parse().ok())?
        });
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        request += std::str::from_utf8(&body).ok()?;
        let reply = answer(&request);
        stream.write_all(reply.as_bytes()).ok()?;
        if reply.contains("Connection: close") {
            return None;
        }
    }
}

/// A reply with this status and body.
pub(crate) fn reply(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} As it is\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// A reply that is broken off in the middle of its body.
pub(crate) fn cut(body: &str, after: &str) -> String {
    let end = body.find(after).expect("it is there") + after.len() * 2 / 3;
    format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}", body.len(), &body[..end])
}

fn masked(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{:02x}", byte ^ MASK)).collect()
}
