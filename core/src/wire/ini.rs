//! Shared configuration files of AWS clients (`~/.aws/config`; *Shared config and credentials files*, AWS
//! SDKs and Tools Reference Guide): sections, properties, continuation lines, comments.
//!
//! | line | meaning |
//! |---|---|
//! | `[name]` | a section; anything after the bracket is a comment |
//! | `name = value` | a property; a `#` or `;` after a space starts a comment |
//! | ` text` | starts with a space: continues the property above, with an optional comment |
//! | `# text`, `; text`, also indented | a comment |
//!
//! The reader takes the whole file, in UTF-8 or with comments in any encoding, line by line. Its caller
//! decides what sections and properties mean, and what a repeated name does.

use super::device::utf8;
use super::{Error, Kind};

/// A line that is not empty and not a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// The text between the brackets, without the spaces around it.
    Section(&'a str),
    /// A property of the section above.
    Property {
        /// Its name, as written: never empty.
        name: &'a str,
        /// Its value, without the spaces around it; empty if sub-properties follow.
        value: &'a str,
    },
    /// A continuation of the property above, without the spaces around it. Below an empty value it is a
    /// sub-property, `name = value` ([`sub_property`] splits it).
    Continuation(&'a str),
}

/// The line that a continuation line follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Above {
    Nothing,
    Section,
    /// A property with a value.
    Value,
    /// A property without a value: sub-properties follow.
    Empty,
}

/// Reads the lines of one file.
///
/// ```
/// use rolecall_core::wire::ini::{Event, Reader};
/// let mut reader = Reader::new(b"[profile build]
/// region = eu-west-1 # Dublin
/// ");
/// assert_eq!(reader.next_event()?, Some(Event::Section("profile build")));
/// assert_eq!(reader.next_event()?, Some(Event::Property { name: "region", value: "eu-west-1" }));
/// assert_eq!(reader.next_event()?, None);
/// # Ok::<(), rolecall_core::wire::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// Offset of `rest` in the file.
    offset: usize,
    above: Above,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl<'a> Reader<'a> {
    /// Reads `file`, which has to be complete.
    pub fn new(file: &'a [u8]) -> Self {
        let rest = file.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file);
        Self { rest, offset: file.len().saturating_sub(rest.len()), above: Above::Nothing }
    }

    /// The offset of the next line, in bytes.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the next event, or `None` at the end of the file. After an error, the next call continues with
    /// the next line.
    pub fn next_event(&mut self) -> Result<Option<Event<'a>>, Error> {
        while !self.rest.is_empty() {
            let start = self.offset;
            let line = self.line();
            match line.first() {
                // A comment may be indented: it never continues a value.
                _ if matches!(trim(line).first(), None | Some(b'#' | b';')) => {}
                Some(b'[') => return self.section(line, start).map(Some),
                Some(b' ' | b'\t') => return self.continuation(line, start).map(Some),
                _ => return self.property(line, start).map(Some),
            }
        }
        Ok(None)
    }

    /// Reads a line, without its end.
    fn line(&mut self) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| *byte == b'\n').unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, &[]));
        let rest = rest.get(1..).unwrap_or_default();
        self.offset = self.offset.saturating_add(self.rest.len().saturating_sub(rest.len()));
        self.rest = rest;
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    fn section(&mut self, line: &'a [u8], start: usize) -> Result<Event<'a>, Error> {
        let (name, behind) = split(line.get(1..).unwrap_or_default(), b']')
            .ok_or(Error::new(start.saturating_add(line.len()), Kind::UnclosedSection))?;
        let at = start.saturating_add(name.len()).saturating_add(2);
        match trim(behind).first() {
            None | Some(b'#' | b';') => {}
            Some(_) => return Err(Error::new(at, Kind::UnexpectedByte)),
        }
        let name = text(name, start.saturating_add(1))?;
        self.above = Above::Section;
        Ok(Event::Section(name))
    }

    fn property(&mut self, line: &'a [u8], start: usize) -> Result<Event<'a>, Error> {
        if self.above == Above::Nothing {
            return Err(Error::new(start, Kind::MissingSection));
        }
        let line = without_comment(line);
        let (name, value) = split(line, b'=').ok_or(Error::new(start, Kind::MissingEquals))?;
        let at = start.saturating_add(name.len()).saturating_add(1);
        let (name, value) = (text(name, start)?, text(value, at)?);
        if name.is_empty() {
            return Err(Error::new(start, Kind::MissingName));
        }
        self.above = if value.is_empty() { Above::Empty } else { Above::Value };
        Ok(Event::Property { name, value })
    }

    fn continuation(&self, line: &'a [u8], start: usize) -> Result<Event<'a>, Error> {
        match self.above {
            Above::Nothing => return Err(Error::new(start, Kind::MissingSection)),
            Above::Section => return Err(Error::new(start, Kind::MissingProperty)),
            Above::Value => {}
            Above::Empty => match split(line, b'=') {
                None => return Err(Error::new(start, Kind::MissingEquals)),
                Some((name, _)) if trim(name).is_empty() => {
                    return Err(Error::new(start, Kind::MissingName));
                }
                Some(_) => {}
            },
        }
        Ok(Event::Continuation(text(line, start)?))
    }
}

/// Splits a sub-property into name and value, without the spaces around them.
///
/// ```
/// use rolecall_core::wire::ini::sub_property;
/// assert_eq!(sub_property("endpoint_url = http://[::1]:9000"), Some(("endpoint_url", "http://[::1]:9000")));
/// ```
pub fn sub_property(line: &str) -> Option<(&str, &str)> {
    let (name, value) = super::scan::split_once(line, b'=')?;
    Some((name.trim_ascii(), value.trim_ascii())).filter(|(name, _)| !name.is_empty())
}

/// The part before the first `#` or `;` that follows a space.
fn without_comment(line: &[u8]) -> &[u8] {
    let starts = |pair: &[u8]| matches!(pair, [before, b'#' | b';'] if space_or_tab(before));
    let end = line.windows(2).position(starts).unwrap_or(line.len());
    line.get(..end).unwrap_or_default()
}

/// `bytes` without the spaces and tabs around them. Other white space is refused.
fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && space_or_tab(first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && space_or_tab(last)
    {
        bytes = rest;
    }
    bytes
}

fn space_or_tab(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn split(line: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let at = line.iter().position(|found| *found == byte)?;
    Some((line.get(..at)?, line.get(at.saturating_add(1)..)?))
}

/// `bytes`, which begin at `start`, as UTF-8 without the spaces around them and without control characters.
fn text(bytes: &[u8], start: usize) -> Result<&str, Error> {
    let trimmed = trim(bytes);
    let spaces = bytes.iter().take_while(|byte| space_or_tab(byte)).count();
    let start = start.saturating_add(spaces);
    let control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
    let at = trimmed.iter().position(control).unwrap_or(trimmed.len());
    // Of two errors the first is reported.
    let before = utf8(trimmed.get(..at).unwrap_or_default())
        .map_err(|at| Error::new(start.saturating_add(at), Kind::NotUtf8))?;
    if at < trimmed.len() {
        return Err(Error::new(start.saturating_add(at), Kind::ControlCharacter));
    }
    Ok(before)
}
