//! A server on loopback that answers what a test tells it to, byte for byte, at the pace it tells.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// What to do with one request.
#[derive(Clone)]
pub enum Act {
    /// A whole response: status, header lines (each ended by CRLF), body. The length is added.
    Reply(u16, String, Vec<u8>),
    /// These bytes, then close.
    Raw(Vec<u8>),
    /// These bytes, one every so often, then nothing for ever.
    Drip(Vec<u8>, Duration),
    /// These bytes first, and then the second ones again and again.
    Endless(Vec<u8>, Vec<u8>),
    /// Nothing, for ever.
    Stall,
    /// Close at once.
    Close,
}

impl Act {
    /// Status 200 and this body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Reply(200, String::new(), body.into())
    }

    /// This status, and a page as proxies and servers have it.
    pub fn page(status: u16) -> Self {
        Self::Reply(
            status,
            "Content-Type: text/html\r\n".to_owned(),
            b"<html><body>no</body></html>".to_vec(),
        )
    }
}

/// Answers requests by a function of the request line, until it is dropped.
pub struct Peer {
    url: String,
    asked: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Peer {
    /// Starts to answer. The function is given method and target.
    pub fn start(answer: impl Fn(&str, &str) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (asked, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let peer = Self { url, asked: asked.clone(), stop: stop.clone() };
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let (answer, asked, stop) = (answer.clone(), asked.clone(), stop.clone());
                std::thread::spawn(move || {
                    let _ = serve(stream, &*answer, &asked, &stop);
                });
            }
        });
        peer
    }

    /// An instance's metadata service whose role credentials are these.
    pub fn imds(document: Act) -> Self {
        Self::start(move |method, target| match (method, target) {
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

    /// Requests so far.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
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
    answer: &(dyn Fn(&str, &str) -> Act + Send + Sync),
    asked: &AtomicUsize,
    stop: &AtomicBool,
) -> std::io::Result<()> {
    loop {
        let Some(line) = read_request(&mut stream)? else { return Ok(()) };
        asked.fetch_add(1, Ordering::Relaxed);
        let mut words = line.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let idle = || !stop.load(Ordering::Relaxed);
        match answer(method, target) {
            Act::Reply(status, headers, body) => {
                let head = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
                stream.write_all(head.as_bytes())?;
                stream.write_all(&body)?;
            }
            Act::Raw(bytes) => return stream.write_all(&bytes),
            Act::Drip(bytes, pause) => {
                for byte in bytes {
                    stream.write_all(&[byte])?;
                    std::thread::sleep(pause);
                }
                while idle() {
                    std::thread::sleep(Duration::from_millis(50));
                }
                return Ok(());
            }
            Act::Endless(first, again) => {
                stream.write_all(&first)?;
                while idle() {
                    stream.write_all(&again)?;
                }
                return Ok(());
            }
            Act::Stall => {
                while idle() {
                    std::thread::sleep(Duration::from_millis(50));
                }
                return Ok(());
            }
            Act::Close => return Ok(()),
        }
    }
}

/// Reads a request and returns its first line; `None` at the end of the stream.
fn read_request(stream: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body)?;
    Ok(head.lines().next().map(str::to_owned))
}
