//! Heads: the start line and the header lines.

use crate::wire::device::{ON_DEVICE, utf8};
use crate::wire::scan::{self, Scan};
use crate::wire::words::{self, Stops, before};
use crate::wire::{Error, Kind};

use super::body::Framing;
use super::write::{is_target, is_token_byte};

/// The length of the head at the front of `received`, including the empty line that ends it, or `None` until
/// that is received. The first `searched` bytes were searched by an earlier call and are not again.
pub fn head_len(received: &[u8], searched: usize) -> Option<usize> {
    // The end may overlap the searched part by three bytes.
    let from = searched.saturating_sub(3);
    let fresh = received.get(from..)?;
    let mut at = 0usize;
    if ON_DEVICE {
        at = fresh.windows(4).position(|window| window == b"\r\n\r\n")?;
    } else {
        // From one end of a line to the next.
        while let rest = fresh.get(at..)?
            && !rest.starts_with(b"\r\n\r\n")
        {
            let line = before(rest.get(1..)?, b'\r');
            at = at.wrapping_add(line).wrapping_add(1);
        }
    }
    Some(from.wrapping_add(at).wrapping_add(4))
}

/// The head of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseHead<'a> {
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    pub minor: u8,
    /// The status code, 100 to 999.
    pub status: u16,
    /// The header lines, in the order received.
    pub headers: Headers<'a>,
}

impl<'a> ResponseHead<'a> {
    /// Parses a complete head, including the empty line ([`head_len`] finds its length).
    ///
    /// `status-line = HTTP-version SP status-code SP [ reason-phrase ]` (RFC 9112, section 4); the space
    /// before an absent reason may be absent too, as some servers omit it.
    ///
    /// # Errors
    /// The offset of the first byte that breaks the grammar.
    pub fn parse(head: &'a [u8]) -> Result<Self, Error> {
        let mut scan = Scan::new(head);
        let read = Self::read(&mut scan, head);
        scan.result(read)
    }

    fn read(scan: &mut Scan<'a>, head: &[u8]) -> Option<Self> {
        let minor = version(scan)?;
        scan.expect_byte(b' ')?;
        let at = scan.offset();
        let status = scan.digits(3)?;
        if status < 100 {
            return scan.fail_at(at, Kind::BadNumber);
        }
        if scan.take(b" ") {
            scan.take_while(scan::text);
        }
        scan.require(b"\r\n")?;
        let headers = Headers::read(scan)?;
        // A head that is cut off between two lines may lack the one with the body's length.
        if !head.ends_with(b"\r\n\r\n") {
            return scan.unexpected();
        }
        Some(Self { minor, status: status as u16, headers })
    }

    /// The framing of the body (RFC 9112, section 6.3), for a response to any method but HEAD and CONNECT.
    ///
    /// # Errors
    /// [`Kind::AmbiguousLength`], and transfer codings other than `chunked`.
    #[cfg_attr(target_os = "none", inline(never))]
    pub fn framing(&self) -> Result<Framing, Error> {
        if self.status < 200 || self.status == 204 || self.status == 304 {
            return Ok(Framing::Length(0));
        }
        let length = content_length(self.headers)?;
        let mut codings = self.headers.named("transfer-encoding");
        match (codings.next(), length) {
            (None, Some(length)) => Ok(Framing::Length(length)),
            (None, None) => Ok(Framing::Close),
            (Some((at, coding)), length) => {
                let chunked = coding.eq_ignore_ascii_case(b"chunked") && codings.next().is_none();
                // A length beside a coding is used for request smuggling.
                if chunked && length.is_none() && self.minor == 1 {
                    Ok(Framing::Chunked)
                } else {
                    Err(Error::new(at, Kind::AmbiguousLength))
                }
            }
        }
    }

    /// Whether the connection may carry another exchange after this body.
    pub fn keeps_alive(&self) -> bool {
        let says = |what: &[u8]| {
            self.headers.all("connection").any(|value| {
                words::split(value, b',').any(|word| word.trim_ascii().eq_ignore_ascii_case(what))
            })
        };
        if self.minor == 0 { says(b"keep-alive") } else { !says(b"close") }
    }
}

/// The head of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestHead<'a> {
    /// The method, as written: a token.
    pub method: &'a str,
    /// The request target, as written.
    pub target: &'a str,
    /// The header lines, in the order received.
    pub headers: Headers<'a>,
}

impl<'a> RequestHead<'a> {
    /// Parses a complete head, including the empty line; or one that stops after a header line, as while it
    /// is being written.
    ///
    /// `request-line = method SP request-target SP HTTP-version` (RFC 9112, section 3). Bytes outside ASCII
    /// are accepted in the target, as UTF-8.
    ///
    /// # Errors
    /// The offset of the first byte that breaks the grammar.
    pub fn parse(head: &'a [u8]) -> Result<Self, Error> {
        let mut scan = Scan::new(head);
        let read = Self::read(&mut scan);
        scan.result(read)
    }

    fn read(scan: &mut Scan<'a>) -> Option<Self> {
        let method = scan.take_while(is_token_byte);
        let method = scan.utf8(method, 0)?;
        if method.is_empty() {
            return scan.unexpected();
        }
        scan.expect_byte(b' ')?;
        let at = scan.offset();
        let target = scan.take_while(|byte| byte > b' ' && byte != 0x7f);
        let target = scan.utf8(target, at)?;
        if !is_target(target) {
            return scan.unexpected();
        }
        scan.expect_byte(b' ')?;
        version(scan)?;
        scan.require(b"\r\n")?;
        Some(Self { method, target, headers: Headers::read(scan)? })
    }
}

/// Header lines, each known to be well-formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Headers<'a> {
    lines: &'a [u8],
    /// Where the lines start in the head, for the offset of an error.
    start: usize,
}

impl<'a> Headers<'a> {
    /// Parses header lines, each ended by CRLF; an empty line may follow the last.
    pub fn from_lines(lines: &'a [u8]) -> Result<Self, Error> {
        let mut scan = Scan::new(lines);
        let read = Self::read(&mut scan);
        scan.result(read)
    }

    fn read(scan: &mut Scan<'a>) -> Option<Self> {
        let lines = scan.rest();
        let start = scan.offset();
        loop {
            if matches!(scan.peek(), None | Some(b'\r')) {
                let len = scan.offset().wrapping_sub(start);
                if scan.peek().is_some() {
                    scan.require(b"\r\n")?;
                }
                scan.end()?;
                return Some(Self { lines: lines.get(..len).unwrap_or_default(), start });
            }
            if scan.take_while(is_token_byte).is_empty() {
                return scan.unexpected();
            }
            scan.expect_byte(b':')?;
            skip_text(scan);
            scan.require(b"\r\n")?;
        }
    }

    /// Name and value of each line in order; values without the white space around them.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, &'a [u8])> + Clone + 'a {
        self.lines().map_while(|(_, name, value)| Some((utf8(name).ok()?, value.trim_ascii())))
    }

    /// The offset in the head, the name, and the value with the white space around it, of each line.
    fn lines(self) -> impl Iterator<Item = (usize, &'a [u8], &'a [u8])> + Clone + 'a {
        let mut rest = self.lines;
        let mut next = self.start;
        core::iter::from_fn(move || {
            let at = next;
            let colon = before(rest, b':');
            let (name, [_, behind @ ..]) = rest.split_at_checked(colon)? else { return None };
            let (value, tail) = behind.split_at_checked(before(behind, b'\n').wrapping_add(1))?;
            next = next.wrapping_add(rest.len().wrapping_sub(tail.len()));
            rest = tail;
            Some((at, name, value))
        })
    }

    /// The offset in the head and the value of each line of that name.
    pub(super) fn named<'n>(self, name: &'n str) -> impl Iterator<Item = (usize, &'a [u8])> + use<'a, 'n> {
        let same = move |found: &[u8]| found.eq_ignore_ascii_case(name.as_bytes());
        self.lines().filter(move |(_, found, _)| same(found)).map(|(at, _, value)| (at, value.trim_ascii()))
    }

    /// The value of the first line of that name, in any case.
    pub fn get(self, name: &str) -> Option<&'a [u8]> {
        self.named(name).next().map(|(_, value)| value)
    }

    /// The values of all lines of that name.
    pub fn all<'n>(self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.named(name).map(|(_, value)| value)
    }

    /// The value of the first line of that name, if it is visible ASCII and spaces.
    pub fn text(self, name: &str) -> Option<&'a str> {
        let value = self.get(name)?;
        let shown = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~');
        if value.iter().all(shown) { utf8(value).ok() } else { None }
    }
}

/// Skips the bytes that a header's value may have.
fn skip_text(scan: &mut Scan<'_>) {
    const STOPS: Stops<2> = Stops(*b" \x7f");
    if ON_DEVICE {
        scan.take_while(scan::text);
        return;
    }
    loop {
        scan.skip(STOPS.front(scan.rest()));
        if !scan.take(b"\t") {
            return;
        }
    }
}

/// `HTTP/1.` and a digit, which it returns.
fn version(scan: &mut Scan<'_>) -> Option<u8> {
    scan.require(b"HTTP/")?;
    let at = scan.offset();
    match (scan.next(), scan.next(), scan.next()) {
        (Some(b'1'), Some(b'.'), Some(minor @ (b'0' | b'1'))) => Some(minor & 1),
        (.., None) => scan.fail(Kind::UnexpectedEnd),
        _ => scan.fail_at(at, Kind::Version),
    }
}

/// The length in the headers, if there is one: digits only, and the same in every line and every element of a
/// list (RFC 9112, section 6.3, rule 5).
fn content_length(headers: Headers<'_>) -> Result<Option<u64>, Error> {
    let mut length = None;
    for (at, value) in headers.named("content-length") {
        for digits in words::split(value, b',') {
            let mut stated = 0u64;
            let digits = digits.trim_ascii();
            for digit in digits {
                let next = stated.checked_mul(10).filter(|_| digit.is_ascii_digit());
                let next = next.and_then(|tens| tens.checked_add(u64::from(digit & 15)));
                stated = next.ok_or(Error::new(at, Kind::BadNumber))?;
            }
            if digits.is_empty() {
                return Err(Error::new(at, Kind::BadNumber));
            }
            if length.is_some_and(|length| length != stated) {
                return Err(Error::new(at, Kind::AmbiguousLength));
            }
            length = Some(stated);
        }
    }
    Ok(length)
}
