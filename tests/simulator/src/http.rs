//! HTTP/1.1 requests and responses, bounded in size and time.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) const MAX_HEAD: usize = 64 * 1024;
pub(crate) const MAX_BODY: usize = 16 * 1024 * 1024;
const MAX_HEADERS: usize = 128;
/// The time limit for receiving a whole request, and for sending a response.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// A request as received.
pub(crate) struct Request {
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    /// In the order sent, names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub keep_alive: bool,
}

impl Request {
    pub(crate) fn path(&self) -> &str {
        self.target.split_once('?').map_or(&self.target, |(path, _)| path)
    }

    /// The query as sent; empty when there is none.
    pub(crate) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    pub(crate) fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The first header of this name.
    pub(crate) fn header<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.headers(name).next()
    }
}

pub(crate) struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }.with("Content-Type", content_type)
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The HTML error page of a generic web server.
    pub(crate) fn html(status: u16) -> Self {
        let title = format!("{status} - {}", reason(status));
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n\
             <!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \
             \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n\
             <html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"en\" lang=\"en\">\n \
             <head>\n  <title>{title}</title>\n </head>\n \
             <body>\n  <h1>{title}</h1>\n </body>\n</html>\n"
        );
        Self::new(status, "text/html", body)
    }
}

/// Why no request could be read.
pub(crate) enum Failure {
    /// The client disconnected, or is too slow.
    Disconnected,
    /// The request is rejected with this status, and the connection is closed.
    Bad(u16),
}

impl From<io::Error> for Failure {
    fn from(_: io::Error) -> Self {
        Self::Disconnected
    }
}

/// A connection, with the bytes that were received but not yet parsed.
pub(crate) struct Connection<'a> {
    stream: &'a TcpStream,
    arrived: Vec<u8>,
}

impl<'a> Connection<'a> {
    pub(crate) fn new(stream: &'a TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(TIME_LIMIT))?;
        Ok(Self { stream, arrived: Vec::new() })
    }

    pub(crate) fn read(&mut self) -> Result<Request, Failure> {
        let deadline = Instant::now() + TIME_LIMIT;
        let (mut request, head_length, body_length) = loop {
            if let Some(head) = parse_head(&self.arrived)? {
                break head;
            }
            self.receive(deadline)?;
        };
        let waits =
            |(name, value): &(String, String)| name == "expect" && value.eq_ignore_ascii_case("100-continue");
        if self.arrived.len() == head_length && request.headers.iter().any(waits) {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        while self.arrived.len() < head_length + body_length {
            self.receive(deadline)?;
        }
        request.body = self.arrived.drain(..head_length + body_length).skip(head_length).collect();
        Ok(request)
    }

    /// Waits for the next request to begin; `false` if the client closes the connection instead.
    pub(crate) fn waits_for_more(&self) -> io::Result<bool> {
        self.stream.set_read_timeout(Some(TIME_LIMIT))?;
        Ok(!self.arrived.is_empty() || self.stream.peek(&mut [0])? > 0)
    }

    /// Waits until the client disconnects.
    pub(crate) fn wait_for_disconnect(&mut self) {
        let deadline = Instant::now() + TIME_LIMIT;
        while self.receive(deadline).is_ok() {}
    }

    /// Writes a response, pausing after each byte if `pause` is given.
    pub(crate) fn write(
        &mut self,
        response: &Response,
        head_only: bool,
        pause: Option<Duration>,
    ) -> io::Result<()> {
        let status = response.status;
        let mut message = format!("HTTP/1.1 {status} {}\r\n", reason(status)).into_bytes();
        for (name, value) in &response.headers {
            message.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        // A 204 has no body and no Content-Length.
        if status != 204 {
            let length = response.body.len();
            message.extend_from_slice(format!("Content-Length: {length}\r\n").as_bytes());
        }
        message.extend_from_slice(b"\r\n");
        if !head_only {
            message.extend_from_slice(&response.body);
        }
        let Some(pause) = pause else { return self.stream.write_all(&message) };
        for byte in message {
            self.stream.write_all(&[byte])?;
            thread::sleep(pause);
        }
        Ok(())
    }

    /// Closes the connection gracefully: closing with unread bytes would reset it, and the client
    /// could lose the response.
    pub(crate) fn close(mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        let deadline = Instant::now() + Duration::from_secs(1);
        self.arrived.clear();
        while self.receive(deadline).is_ok() {
            self.arrived.clear();
        }
        Ok(())
    }

    fn receive(&mut self, deadline: Instant) -> Result<(), Failure> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Failure::Disconnected);
        }
        self.stream.set_read_timeout(Some(left))?;
        let mut chunk = [0; 8192];
        match self.stream.read(&mut chunk) {
            Ok(0) => Err(Failure::Disconnected),
            Ok(length) => {
                self.arrived.extend_from_slice(&chunk[..length]);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Parses the head; returns the request, and the lengths of head and body. `None` while it is incomplete.
fn parse_head(bytes: &[u8]) -> Result<Option<(Request, usize, usize)>, Failure> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let head_length = match parsed.parse(&bytes[..bytes.len().min(MAX_HEAD)]) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD => return Ok(None),
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
            return Err(Failure::Bad(431));
        }
        Err(_) => return Err(Failure::Bad(400)),
    };
    let mut headers = Vec::new();
    for header in parsed.headers.iter() {
        let value = str::from_utf8(header.value).map_err(|_| Failure::Bad(400))?;
        headers.push((header.name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        target: parsed.path.unwrap_or_default().to_owned(),
        headers,
        body: Vec::new(),
        keep_alive: parsed.version == Some(1),
    };
    let graphic = request.target.bytes().all(|byte| byte.is_ascii_graphic());
    if !graphic || !request.target.starts_with('/') || request.target.contains('#') {
        return Err(Failure::Bad(400));
    }
    if request.headers("host").count() != 1 {
        return Err(Failure::Bad(400));
    }
    if request.header("transfer-encoding").is_some() {
        return Err(Failure::Bad(501));
    }
    let ends = request
        .headers("connection")
        .flat_map(|value| value.split(',').map(str::trim))
        .any(|value| value.eq_ignore_ascii_case("close"));
    request.keep_alive &= !ends;
    let body_length = body_length(&request)?;
    Ok(Some((request, head_length, body_length)))
}

fn body_length(request: &Request) -> Result<usize, Failure> {
    let mut lengths = request.headers("content-length");
    let Some(length) = lengths.next() else {
        return Ok(0);
    };
    let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || lengths.next().is_some() {
        return Err(Failure::Bad(400));
    }
    match length.parse() {
        Ok(length) if length <= MAX_BODY => Ok(length),
        _ => Err(Failure::Bad(413)),
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        507 => "Insufficient Storage",
        _ => "Unknown",
    }
}
