//! A server on loopback that sends scripted responses, byte for byte and at a scripted pace.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// The reaction to one request.
#[derive(Clone)]
pub enum Act {
    /// A complete response: status, header lines (each terminated by CRLF), body. `Content-Length` is added.
    Reply(u16, String, Vec<u8>),
    /// These exact bytes, and how the connection ends.
    Raw(Vec<u8>, Then),
    /// These bytes one at a time, with a pause after each; then nothing, and the connection stays open.
    Drip(Vec<u8>, Duration),
    /// The first bytes once, then the second ones repeatedly.
    Endless(Vec<u8>, Vec<u8>),
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is closed normally.
    Close,
    /// It is reset.
    Reset,
    /// It stays open, and nothing more is sent.
    Stall,
}

/// A request, without its body.
pub struct Request {
    /// `GET`
    pub method: String,
    /// `/latest/api/token`
    pub target: String,
    headers: String,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Act {
    /// Never responds.
    pub const STALL: Self = Self::Raw(Vec::new(), Then::Stall);
    /// Closes the connection immediately.
    pub const CLOSE: Self = Self::Raw(Vec::new(), Then::Close);

    /// Responds with status 200 and this body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Reply(200, String::new(), body.into())
    }

    /// Responds with this status and an HTML page, as proxies and web servers do.
    pub fn page(status: u16) -> Self {
        Self::Reply(
            status,
            "Content-Type: text/html\r\n".to_owned(),
            b"<html><body>no</body></html>".to_vec(),
        )
    }
}

/// A server that responds according to a function of the request, until it is dropped.
pub struct Peer {
    url: String,
    count: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Peer {
    /// Starts the server.
    pub fn start(answer: impl Fn(&Request) -> Act + Send + Sync + 'static) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), answer)
    }

    /// Starts the server at this address.
    pub fn start_at(address: SocketAddr, answer: impl Fn(&Request) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (count, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let peer = Self { url, count: count.clone(), stop: stop.clone() };
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let (answer, count, stop) = (answer.clone(), count.clone(), stop.clone());
                std::thread::spawn(move || {
                    let _ = serve(stream, &*answer, &count, &stop);
                });
            }
        });
        peer
    }

    /// Starts an instance metadata service that serves `document` as the credentials of its role.
    pub fn imds(document: Act) -> Self {
        Self::start(move |request| match (request.method.as_str(), request.target.as_str()) {
            ("PUT", "/latest/api/token") => Act::Reply(
                200,
                "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n".to_owned(),
                b"TOKEN-OF-THE-TEST==".to_vec(),
            ),
            ("GET", "/latest/meta-data/iam/security-credentials/") => Act::ok("a-role"),
            ("GET", "/latest/meta-data/iam/security-credentials/a-role") => document.clone(),
            _ => Act::page(404),
        })
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The number of requests so far.
    pub fn requests(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the listener.
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
    }
}

fn serve(
    mut stream: TcpStream,
    answer: &(dyn Fn(&Request) -> Act + Send + Sync),
    count: &AtomicUsize,
    stop: &AtomicBool,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let idle = || {
        while !stop.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    loop {
        let Some(request) = read_head(&mut stream)? else { return Ok(()) };
        count.fetch_add(1, Ordering::Relaxed);
        let act = answer(&request);
        if let Act::Raw(bytes, Then::Reset) = act {
            // Leave the end of the request unread: closing a socket with unread bytes resets the connection.
            return stream.write_all(&bytes);
        }
        let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        stream.read_exact(&mut vec![0; 1 + length])?;
        match act {
            Act::Reply(status, headers, body) => {
                let head = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
                stream.write_all(head.as_bytes())?;
                stream.write_all(&body)?;
            }
            Act::Raw(bytes, then) => {
                stream.write_all(&bytes)?;
                if then == Then::Stall {
                    idle();
                }
                return Ok(());
            }
            Act::Drip(bytes, pause) => {
                for byte in bytes {
                    stream.write_all(&[byte])?;
                    std::thread::sleep(pause);
                }
                idle();
                return Ok(());
            }
            Act::Endless(first, again) => {
                stream.write_all(&first)?;
                while !stop.load(Ordering::Relaxed) {
                    stream.write_all(&again)?;
                }
                return Ok(());
            }
        }
    }
}

/// Reads the head of a request except for its last byte; `None` at the end of the stream.
fn read_head(stream: &mut TcpStream) -> std::io::Result<Option<Request>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let (line, headers) = head.split_once("\r\n").unwrap_or_default();
    let mut words = line.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    Ok(Some(Request { method, target, headers: headers.to_owned() }))
}
