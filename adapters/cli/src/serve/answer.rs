//! Answers: a head without secrets, and a body that may be one, which is wiped after the last connection has sent it.

use std::io::{self, IoSlice, Write};
use std::rc::Rc;

use zeroize::Zeroizing;

use crate::json;

/// A status code and its reason.
pub(crate) type Status = (u16, &'static str);

pub(crate) const OK: Status = (200, "OK");
pub(crate) const BAD_REQUEST: Status = (400, "Bad Request");
pub(crate) const UNAUTHORIZED: Status = (401, "Unauthorized");
pub(crate) const FORBIDDEN: Status = (403, "Forbidden");
pub(crate) const NOT_FOUND: Status = (404, "Not Found");
pub(crate) const NOT_ALLOWED: Status = (405, "Method Not Allowed");
pub(crate) const TOO_LARGE: Status = (413, "Content Too Large");
pub(crate) const HEAD_TOO_LARGE: Status = (431, "Request Header Fields Too Large");
pub(crate) const FAILED: Status = (500, "Internal Server Error");

/// The longest text of an error, in characters.
const MAX_MESSAGE: usize = 1_000;

/// An answer, as it is before the connection is known that sends it. A clone shares the body.
#[derive(Clone)]
pub(crate) struct Answer {
    status: Status,
    content_type: &'static str,
    /// A header more.
    header: Option<(&'static str, String)>,
    body: Rc<Zeroizing<Vec<u8>>>,
}

impl Answer {
    /// A document.
    pub(crate) fn json(document: Zeroizing<Vec<u8>>) -> Self {
        Self { status: OK, content_type: "application/json", header: None, body: Rc::new(document) }
    }

    /// A text.
    pub(crate) fn text(text: Zeroizing<Vec<u8>>) -> Self {
        Self { status: OK, content_type: "text/plain", header: None, body: Rc::new(text) }
    }

    /// An error as SDKs show it.
    pub(crate) fn error(status: Status, code: &str, message: &str) -> Self {
        let shown: String = message.chars().take(MAX_MESSAGE).collect();
        let document = json::object(None, &[("code", Some(code)), ("message", Some(&shown))]);
        Self { status, ..Self::json(document) }
    }

    /// Whether it is an error.
    pub(crate) fn is_error(&self) -> bool {
        self.status != OK
    }

    /// The same with one header more, of visible ASCII.
    pub(crate) fn with_header(self, name: &'static str, value: impl Into<String>) -> Self {
        Self { header: Some((name, value.into())), ..self }
    }

    /// Starts to send it. HEAD has the same head, and no body.
    pub(crate) fn sending(&self, closes: bool, is_head: bool) -> Sending {
        let (code, reason) = self.status;
        let mut head = format!(
            "HTTP/1.1 {code} {reason}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n",
            self.content_type,
            self.body.len()
        );
        if let Some((name, value)) = &self.header {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(if closes { "Connection: close\r\n\r\n" } else { "\r\n" });
        let body = if is_head { Rc::default() } else { self.body.clone() };
        Sending { head, body, sent: 0 }
    }
}

/// An answer that is being sent.
pub(crate) struct Sending {
    head: String,
    body: Rc<Zeroizing<Vec<u8>>>,
    sent: usize,
}

impl Sending {
    /// Writes as much as `out` takes, and returns whether that was all of it.
    pub(crate) fn write(&mut self, out: &mut impl Write) -> io::Result<bool> {
        loop {
            let head = self.head.as_bytes().get(self.sent..).unwrap_or_default();
            let body = self.body.get(self.sent.saturating_sub(self.head.len())..).unwrap_or_default();
            if head.is_empty() && body.is_empty() {
                return Ok(true);
            }
            match out.write_vectored(&[IoSlice::new(head), IoSlice::new(body)]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
