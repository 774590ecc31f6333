//! How the readers walk their input: by `get`, never by index.
//!
//! Lengths of slices are added and subtracted with `wrapping_add` and `wrapping_sub`: the sums are lengths
//! too, and saturating operations take six bytes more on a device.

use super::device::utf8;
use super::percent::hex;
use super::words::{before, split};
use super::{Error, Kind, Put};

/// Input with a position that never passes its end, and the error that ended the reading: a method that fails
/// returns `None`, and [`Scan::result`] has the reason.
#[derive(Debug, Clone)]
pub(crate) struct Scan<'a> {
    rest: &'a [u8],
    len: usize,
    /// The front of the input that is known to be UTF-8.
    #[cfg(not(target_os = "none"))]
    text: &'a str,
    error: Error,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self {
            rest: input,
            len: input.len(),
            #[cfg(not(target_os = "none"))]
            text: "",
            error: Error::new(0, Kind::UnexpectedEnd),
        }
    }

    /// As [`Scan::new`], of a document in UTF-8. It is checked as a whole, which takes less time than part by part; a
    /// device checks parts, which takes less code.
    #[cfg(not(target_os = "none"))]
    pub(crate) fn of_text(input: &'a [u8]) -> Self {
        let text = utf8(input).or_else(|valid| utf8(input.get(..valid).unwrap_or_default()));
        Self { text: text.unwrap_or_default(), ..Self::new(input) }
    }

    #[cfg(target_os = "none")]
    pub(crate) fn of_text(input: &'a [u8]) -> Self {
        Self::new(input)
    }

    pub(crate) fn offset(&self) -> usize {
        // What is left is part of what there was.
        self.len.wrapping_sub(self.rest.len())
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Skips `count` bytes, or as many as there are, and returns them.
    #[cfg_attr(target_os = "none", inline(never))]
    pub(crate) fn skip(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    pub(crate) fn next(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    /// Reads the longest run of bytes that `accept` accepts. One loop for all callers on a device, one for
    /// each elsewhere.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline(always))]
    pub(crate) fn take_while(&mut self, accept: fn(u8) -> bool) -> &'a [u8] {
        let len = self.rest.iter().position(|byte| !accept(*byte)).unwrap_or(self.rest.len());
        self.skip(len)
    }

    /// Skips `literal` if it is next.
    pub(crate) fn take(&mut self, literal: &[u8]) -> bool {
        let behind = self.rest.strip_prefix(literal);
        self.rest = behind.unwrap_or(self.rest);
        behind.is_some()
    }

    /// Reads everything before `literal`, and skips the literal itself.
    pub(crate) fn take_through(&mut self, literal: &[u8]) -> Option<&'a [u8]> {
        let mut windows = self.rest.windows(literal.len().max(1));
        let Some(len) = windows.position(|window| window == literal) else {
            self.rest = &[];
            return self.unexpected();
        };
        let before = self.skip(len);
        self.skip(literal.len());
        Some(before)
    }

    /// Skips `literal`, or fails at the first byte that differs.
    pub(crate) fn require(&mut self, literal: &[u8]) -> Option<()> {
        literal.iter().try_for_each(|wanted| self.expect_byte(*wanted))
    }

    pub(crate) fn expect_byte(&mut self, wanted: u8) -> Option<()> {
        match self.rest {
            [byte, rest @ ..] if *byte == wanted => {
                self.rest = rest;
                Some(())
            }
            _ => self.unexpected(),
        }
    }

    /// Reads exactly `count` decimal digits, at most nine.
    pub(crate) fn digits(&mut self, count: usize) -> Option<u32> {
        let mut value = 0u32;
        for _ in 0..count {
            match self.rest {
                [byte @ b'0'..=b'9', rest @ ..] => {
                    value = value.wrapping_mul(10).wrapping_add(u32::from(byte & 15));
                    self.rest = rest;
                }
                _ => return self.unexpected(),
            }
        }
        Some(value)
    }

    /// Fails here.
    pub(crate) fn fail<T>(&mut self, kind: Kind) -> Option<T> {
        self.set_failed(kind);
        None
    }

    #[cfg_attr(target_os = "none", inline(never))]
    fn set_failed(&mut self, kind: Kind) {
        self.error = Error::new(self.offset(), kind);
    }

    pub(crate) fn fail_at<T>(&mut self, offset: usize, kind: Kind) -> Option<T> {
        self.error = Error::new(offset, kind);
        None
    }

    /// Fails because of the byte here, or of its absence.
    pub(crate) fn unexpected<T>(&mut self) -> Option<T> {
        self.set_unexpected();
        None
    }

    #[cfg_attr(target_os = "none", inline(never))]
    fn set_unexpected(&mut self) {
        let kind = if self.rest.is_empty() { Kind::UnexpectedEnd } else { Kind::UnexpectedByte };
        self.set_failed(kind);
    }

    /// Fails unless all input is read.
    pub(crate) fn end(&mut self) -> Option<()> {
        if self.rest.is_empty() { Some(()) } else { self.fail(Kind::TrailingData) }
    }

    /// `text`, which begins at `start`, as UTF-8.
    pub(crate) fn utf8(&mut self, text: &'a [u8], start: usize) -> Option<&'a str> {
        #[cfg(not(target_os = "none"))]
        if let Some(text) = self.text.get(start..start.wrapping_add(text.len())) {
            return Some(text);
        }
        match utf8(text) {
            Ok(text) => Some(text),
            Err(at) => self.fail_at(start.wrapping_add(at), Kind::NotUtf8),
        }
    }

    /// What was read, or why it could not be.
    #[inline(always)]
    pub(crate) fn result<T>(&self, read: Option<T>) -> Result<T, Error> {
        match read {
            Some(read) => Ok(read),
            None => Err(self.error),
        }
    }
}

/// White space between tokens of JSON and XML.
pub(crate) fn white_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// A byte of a header line: no control character but the tab.
pub(crate) fn text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

/// Parses `digits` to the base `radix`, 10 or 16: at least one, and nothing else.
pub(crate) fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let mut value = if digits.is_empty() { None } else { Some(0u32) };
    for digit in digits {
        let digit = u32::from(hex(*digit)?);
        value = value?.checked_mul(radix)?.checked_add(digit).filter(|_| digit < radix);
    }
    value
}

/// The parts of `text` before and after the first `byte`. The standard library's search for a character keeps
/// a panic path.
pub(crate) fn split_once(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = before(text.as_bytes(), byte);
    Some((text.get(..at)?, text.get(at.wrapping_add(1)..)?))
}

/// Whether `name` is one of `names`, which are separated by spaces. A list of slices would take eight bytes
/// more for each.
#[cfg(feature = "sigv4")]
pub(crate) fn is_one_of(names: &str, name: &str) -> bool {
    index_of(names.as_bytes(), name.as_bytes()).is_some()
}

/// The index of `name` in `names`, which are separated by spaces.
pub(crate) fn index_of(names: &[u8], name: &[u8]) -> Option<usize> {
    split(names, b' ').position(|one| one == name)
}

/// Writes `text` with what follows each `mark` resolved: `resolve` returns the character, and the length of
/// its escape after the mark. Not generic: texts are written in few pieces.
pub(crate) fn put_resolved(
    text: &str,
    mark: u8,
    resolve: fn(&[u8]) -> Option<(char, usize)>,
    out: &mut dyn Put,
) {
    let mut rest = text;
    while let Some((plain, marked)) = split_once(rest, mark) {
        out.put(plain.as_bytes());
        let Some((char, len)) = resolve(marked.as_bytes()) else { break };
        out.put(char.encode_utf8(&mut [0; 4]).as_bytes());
        rest = marked.get(len..).unwrap_or_default();
    }
    out.put(rest.as_bytes());
}
