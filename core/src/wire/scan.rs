//! The one way the readers walk their input: by `get`, never by index.

use super::percent::hex;
use super::{Error, Kind};

/// Input with a position that never passes its end.
#[derive(Debug, Clone)]
pub(crate) struct Scan<'a> {
    input: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self { input, at: 0 }
    }

    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    /// Moves on by `count`, to the end at most.
    #[cfg_attr(target_os = "none", inline(never))]
    pub(crate) fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count).min(self.input.len());
    }

    pub(crate) fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.skip(1);
        Some(byte)
    }

    /// Takes the longest run of bytes that `accept` accepts. One loop for all of them on a device,
    /// one for each where there is room.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline(always))]
    pub(crate) fn take_while(&mut self, accept: fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let len = rest.iter().position(|byte| !accept(*byte)).unwrap_or(rest.len());
        self.skip(len);
        rest.get(..len).unwrap_or_default()
    }

    /// Takes `literal` if it is next.
    pub(crate) fn take(&mut self, literal: &[u8]) -> bool {
        let found = self.rest().starts_with(literal);
        if found {
            self.skip(literal.len());
        }
        found
    }

    /// Takes everything before `literal` and the literal itself.
    pub(crate) fn take_through(&mut self, literal: &[u8]) -> Result<&'a [u8], Error> {
        let rest = self.rest();
        match rest.windows(literal.len().max(1)).position(|window| window == literal) {
            Some(len) => {
                self.skip(len.saturating_add(literal.len()));
                Ok(rest.get(..len).unwrap_or_default())
            }
            None => {
                self.skip(rest.len());
                Err(self.error(Kind::UnexpectedEnd))
            }
        }
    }

    /// Takes `literal` or fails at the first byte that differs.
    pub(crate) fn require(&mut self, literal: &[u8]) -> Result<(), Error> {
        for wanted in literal {
            self.expect_byte(*wanted)?;
        }
        Ok(())
    }

    pub(crate) fn expect_byte(&mut self, wanted: u8) -> Result<(), Error> {
        match self.peek() {
            Some(byte) if byte == wanted => {
                self.skip(1);
                Ok(())
            }
            _ => Err(self.unexpected()),
        }
    }

    /// Exactly `count` decimal digits, at most nine.
    pub(crate) fn digits(&mut self, count: usize) -> Result<u32, Error> {
        let mut value = 0u32;
        for _ in 0..count {
            match self.peek() {
                Some(byte @ b'0'..=b'9') => {
                    value = value.saturating_mul(10).saturating_add(u32::from(byte & 15));
                    self.skip(1);
                }
                _ => return Err(self.unexpected()),
            }
        }
        Ok(value)
    }

    pub(crate) fn error(&self, kind: Kind) -> Error {
        Error::new(self.at, kind)
    }

    /// The error for the byte here, or for its absence.
    pub(crate) fn unexpected(&self) -> Error {
        let kind = if self.peek().is_some() { Kind::UnexpectedByte } else { Kind::UnexpectedEnd };
        self.error(kind)
    }

    /// Fails unless the input is used up.
    pub(crate) fn end(&self) -> Result<(), Error> {
        if self.peek().is_some() { Err(self.error(Kind::TrailingData)) } else { Ok(()) }
    }
}

/// What parts tokens in JSON and XML.
pub(crate) fn blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// What a header line may hold: no control character but the tab.
pub(crate) fn text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

/// The number that `digits` are to the base `radix`, 10 or 16: at least one, and nothing else.
pub(crate) fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let mut value = if digits.is_empty() { None } else { Some(0u32) };
    for digit in digits {
        let digit = u32::from(hex(*digit)?);
        value = value?.checked_mul(radix)?.checked_add(digit).filter(|_| digit < radix);
    }
    value
}

/// What is before the first `byte` of `text` and what is behind it. The standard library's search
/// for a character keeps a panic path.
pub(crate) fn split_once(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|found| found == byte)?;
    Some((text.get(..at)?, text.get(at.saturating_add(1)..)?))
}
