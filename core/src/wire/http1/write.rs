//! Writing the head of a request, so that no part of it can become a line of its own.

use core::fmt;

use crate::wire::device::ON_DEVICE;
use crate::wire::{Put, scan, words};

/// Writes a request's head. A part that would break the grammar - a space in the target, a line break in a
/// value - is left out and makes [`HeadWriter::finish`] fail.
///
/// ```
/// use rolecall_core::wire::{Cursor, http1::HeadWriter};
/// let mut buffer = [0; 64];
/// let mut out = Cursor::new(&mut buffer);
/// let mut head = HeadWriter::new(&mut out, "GET", &["/latest"]);
/// head.header("Host", b"169.254.169.254");
/// head.finish()?;
/// assert_eq!(out.finish().unwrap(), b"GET /latest HTTP/1.1\r
/// Host: 169.254.169.254\r
/// \r
/// ");
/// # Ok::<(), rolecall_core::wire::http1::InvalidHead>(())
/// ```
#[derive(Debug)]
pub struct HeadWriter<'p, P: ?Sized> {
    out: &'p mut P,
    invalid: Option<&'static str>,
}

impl<'p, P: Put + ?Sized> HeadWriter<'p, P> {
    /// Writes the request line; the target is given in parts.
    pub fn new(out: &'p mut P, method: &str, target: &[&str]) -> Self {
        let mut invalid = None;
        // Both are tokens.
        if !is_header_name(method) {
            invalid = Some("method");
        }
        let mut empty = true;
        for part in target.iter().filter(|part| !part.is_empty()) {
            empty = false;
            if !is_target(part) {
                invalid = Some("target");
            }
        }
        if empty {
            invalid = Some("target");
        }
        if invalid.is_none() {
            out.put(method.as_bytes());
            out.put(b" ");
            for part in target {
                out.put(part.as_bytes());
            }
            out.put(b" HTTP/1.1\r\n");
        }
        Self { out, invalid }
    }

    /// Writes a header line: `name: value`. Bytes outside ASCII are allowed in the value.
    pub fn header(&mut self, name: &str, value: &[u8]) {
        if !is_header_name(name) || !is_header_value(value) {
            self.invalid = Some("header");
            return;
        }
        self.out.put(name.as_bytes());
        self.out.put(b": ");
        self.out.put(value);
        self.out.put(b"\r\n");
    }

    /// Writes the empty line.
    ///
    /// # Errors
    /// [`InvalidHead`] with the first part that was left out.
    pub fn finish(self) -> Result<(), InvalidHead> {
        self.out.put(b"\r\n");
        self.invalid.map_or(Ok(()), |part| Err(InvalidHead { part }))
    }

    /// Leaves the head open, for header lines that the caller writes.
    ///
    /// # Errors
    /// As [`HeadWriter::finish`].
    pub fn suspend(self) -> Result<(), InvalidHead> {
        self.invalid.map_or(Ok(()), |part| Err(InvalidHead { part }))
    }
}

/// A part of a request's head with a character that is not allowed there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct InvalidHead {
    /// `method`, `target` or `header`.
    pub part: &'static str,
}

impl fmt::Display for InvalidHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request's {} has a character that is not allowed there", self.part)
    }
}

impl core::error::Error for InvalidHead {}

/// Whether `name` can be the name of a header (RFC 9110, section 5.6.2: a token).
pub fn is_header_name(name: &str) -> bool {
    // Most have nothing but these.
    let plain = !ON_DEVICE && words::all_within(name.as_bytes(), [(b'a', b'z'), (b'A', b'Z'), (b'-', b'-')]);
    !name.is_empty() && (plain || name.bytes().all(is_token_byte))
}

/// Whether `value` can be the value of a header: no control character but the tab.
pub fn is_header_value(value: &[u8]) -> bool {
    if ON_DEVICE {
        return value.iter().all(|byte| scan::text(*byte));
    }
    // Every byte is compared without a branch, so that many are at once.
    value.iter().fold(true, |all, byte| all & scan::text(*byte))
}

/// Whether `target` can be (part of) a request target: not empty, no space, no control character.
pub fn is_target(target: &str) -> bool {
    !target.is_empty() && target.bytes().all(|byte| byte > b' ' && byte != 0x7f)
}

pub(super) fn is_token_byte(byte: u8) -> bool {
    // A device has no room for a table.
    if ON_DEVICE { is_token(byte) } else { *TOKENS.get(usize::from(byte)).unwrap_or(&false) }
}

/// Whether each byte is one of a token.
const TOKENS: [bool; 256] = {
    let mut tokens = [false; 256];
    let mut rest: &mut [bool] = &mut tokens;
    let mut byte = 0u8;
    while let Some((to, after)) = rest.split_first_mut() {
        *to = is_token(byte);
        byte = byte.wrapping_add(1);
        rest = after;
    }
    tokens
};

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}
