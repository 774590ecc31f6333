//! XML 1.0 as AWS services write it: elements, text, the five entities, numeric references, CDATA, comments.
//! A bounded reader that never recurses and expands no entities: a document type is refused. Attributes are
//! validated and skipped; prefixes are dropped from names.
//!
//! The reader takes a whole document, in UTF-8. In a document that was read to its end (`Ok(None)`), every
//! open tag is closed by its own name.

use super::scan::{Scan, index_of, number, put_resolved, split_once, white_space};
use super::words::Stops;
use super::{Error, Kind, Put};

/// How deeply elements may be nested.
pub const MAX_DEPTH: usize = 32;

/// One event of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
// A word, which is copied in one piece.
#[repr(usize)]
pub enum Event<'a> {
    /// An open tag: the element's name without its prefix.
    Start(&'a str),
    /// Text between tags. Comments, CDATA sections and children split an element's text into several pieces;
    /// [`Reader::text`] joins them.
    Text(Text<'a>),
    /// A close tag, or the end of an empty element.
    End(&'a str),
}

/// Text as written; known to be well-formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<'a> {
    raw: &'a str,
    form: Form,
}

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
// A word, which is copied in one piece.
#[repr(usize)]
enum Form {
    References,
    /// In a section where an ampersand is literal.
    Cdata,
}

impl Text<'_> {
    /// Writes the text, references resolved, to `out`.
    pub fn put(&self, mut out: &mut (impl Put + ?Sized)) {
        self.put_dyn(&mut out);
    }

    fn put_dyn(&self, out: &mut dyn Put) {
        match self.form {
            Form::References => put_resolved(self.raw, b'&', reference, out),
            Form::Cdata => out.put(self.raw.as_bytes()),
        }
    }

    /// Whether it is white space alone.
    pub fn is_white_space(&self) -> bool {
        self.raw.bytes().all(white_space)
    }
}

/// Reads the events of one document.
///
/// ```
/// use rolecall_core::wire::{Cursor, xml::{Event, Reader}};
/// let mut reader = Reader::new(b"<a><b>x &amp; y</b></a>");
/// let mut buffer = [0; 16];
/// let mut out = Cursor::new(&mut buffer);
/// while let Some(event) = reader.next_event()? {
///     if event == Event::Start("b") {
///         reader.text(&mut out)?;
///     }
/// }
/// assert_eq!(out.finish().unwrap(), b"x & y");
/// # Ok::<(), rolecall_core::wire::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    scan: Scan<'a>,
    /// Full names of the open elements.
    open: [&'a str; MAX_DEPTH],
    depth: usize,
    /// Whether the root was opened.
    rooted: bool,
    /// The end of an empty element has to be returned next.
    empty: bool,
}

impl<'a> Reader<'a> {
    /// Reads `document`, which has to be complete.
    pub fn new(document: &'a [u8]) -> Self {
        Self { scan: Scan::of_text(document), open: [""; MAX_DEPTH], depth: 0, rooted: false, empty: false }
    }

    /// The offset of the next byte.
    pub fn offset(&self) -> usize {
        self.scan.offset()
    }

    /// The number of open elements, at most [`MAX_DEPTH`].
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Returns the next event, or `None` at the end of a complete document.
    ///
    /// # Errors
    /// The offset and kind of the first fault; later calls return the same.
    pub fn next_event(&mut self) -> Result<Option<Event<'a>>, Error> {
        let event = self.step();
        self.scan.result(event)
    }

    fn step(&mut self) -> Option<Option<Event<'a>>> {
        if core::mem::take(&mut self.empty) {
            return Some(Some(Event::End(self.pop())));
        }
        loop {
            if self.depth == 0 {
                self.scan.take_while(white_space);
                match self.scan.peek() {
                    None if self.rooted => return Some(None),
                    Some(b'<') => {}
                    _ => return self.scan.unexpected(),
                }
            }
            if self.scan.peek() != Some(b'<') {
                return self.characters().map(Some);
            }
            if self.scan.take(b"<?") {
                self.name()?;
                self.through(b"?>")?;
            } else if self.scan.take(b"<!--") {
                self.through(b"--")?;
                self.scan.expect_byte(b'>')?;
            } else if self.depth > 0 && self.scan.take(b"<![CDATA[") {
                return self.through(b"]]>").map(|raw| Some(Event::Text(Text { raw, form: Form::Cdata })));
            } else if self.scan.rest().starts_with(b"<!DOCTYPE") {
                return self.scan.fail(Kind::Doctype);
            } else if self.scan.take(b"</") {
                return self.close().map(Some);
            } else {
                return self.start().map(Some);
            }
        }
    }

    /// Writes the text of the element whose [`Event::Start`] was just returned, and reads up to its end.
    ///
    /// # Errors
    /// A child element, or any fault of the document.
    pub fn text(&mut self, mut out: &mut (impl Put + ?Sized)) -> Result<(), Error> {
        let read = self.text_dyn(&mut out);
        self.scan.result(read)
    }

    fn text_dyn(&mut self, out: &mut dyn Put) -> Option<()> {
        loop {
            let at = self.scan.offset();
            match self.step()? {
                Some(Event::Text(text)) => text.put_dyn(out),
                Some(Event::End(_)) => return Some(()),
                Some(Event::Start(_)) | None => return self.scan.fail_at(at, Kind::UnexpectedByte),
            }
        }
    }

    fn start(&mut self) -> Option<Event<'a>> {
        let at = self.scan.offset();
        if self.depth == 0 && self.rooted {
            return self.scan.fail(Kind::TrailingData);
        }
        self.scan.expect_byte(b'<')?;
        let name = self.name()?;
        loop {
            let parted = !self.scan.take_while(white_space).is_empty();
            if self.scan.take(b">") {
                break;
            }
            if self.scan.take(b"/") {
                self.scan.expect_byte(b'>')?;
                self.empty = true;
                break;
            }
            if !parted {
                return self.scan.unexpected();
            }
            self.attribute()?;
        }
        let Some(place) = self.open.get_mut(self.depth) else {
            return self.scan.fail_at(at, Kind::TooDeep);
        };
        *place = name;
        self.depth = self.depth.wrapping_add(1);
        self.rooted = true;
        Some(Event::Start(local(name)))
    }

    fn close(&mut self) -> Option<Event<'a>> {
        let at = self.scan.offset();
        let open = self.depth.checked_sub(1).and_then(|top| self.open.get(top)).copied().unwrap_or_default();
        let same = !open.is_empty() && self.scan.take(open.as_bytes());
        if !same || self.scan.peek().is_some_and(is_name_byte) {
            self.name()?;
            self.scan.take_while(white_space);
            self.scan.expect_byte(b'>')?;
            return self.scan.fail_at(at, Kind::Mismatch);
        }
        self.scan.take_while(white_space);
        self.scan.expect_byte(b'>')?;
        Some(Event::End(self.pop()))
    }

    fn pop(&mut self) -> &'a str {
        self.depth = self.depth.saturating_sub(1);
        local(self.open.get(self.depth).copied().unwrap_or_default())
    }

    fn name(&mut self) -> Option<&'a str> {
        let (start, rest) = (self.scan.offset(), self.scan.rest());
        if matches!(self.scan.peek(), Some(b'0'..=b'9' | b'-' | b'.' | b':')) {
            return self.scan.unexpected();
        }
        self.scan.take_while(is_name_byte);
        let name = rest.get(..self.scan.offset().wrapping_sub(start)).unwrap_or_default();
        if name.is_empty() {
            return self.scan.unexpected();
        }
        self.scan.utf8(name, start)
    }

    fn attribute(&mut self) -> Option<()> {
        self.name()?;
        self.scan.take_while(white_space);
        self.scan.expect_byte(b'=')?;
        self.scan.take_while(white_space);
        if self.scan.take(b"'") {
            self.run(|text| Stops(*b" '<&").front(text))?;
            return self.scan.expect_byte(b'\'');
        }
        self.scan.expect_byte(b'"')?;
        self.run(|text| Stops(*b" \"<&").front(text))?;
        self.scan.expect_byte(b'"')
    }

    fn characters(&mut self) -> Option<Event<'a>> {
        let raw = self.run(|text| Stops(*b" <&").front(text))?;
        if raw.is_empty() {
            return self.scan.unexpected();
        }
        Some(Event::Text(Text { raw, form: Form::References }))
    }

    /// Reads text up to a stop that is no white space and starts no reference, or to the end. `front` is the length of
    /// what has no stop.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn run(&mut self, front: fn(&[u8]) -> usize) -> Option<&'a str> {
        let (start, rest) = (self.scan.offset(), self.scan.rest());
        let fault = loop {
            self.scan.skip(front(self.scan.rest()));
            match self.scan.peek() {
                Some(byte) if white_space(byte) => self.scan.skip(1),
                Some(byte) if byte < b' ' => break Some(Kind::ControlCharacter),
                Some(b'&') => match self.scan.rest().get(1..).and_then(reference) {
                    Some((_, len)) => self.scan.skip(len.wrapping_add(1)),
                    None => break Some(Kind::BadEscape),
                },
                _ => break None,
            };
        };
        let at = self.scan.offset();
        // Of two errors the first is reported.
        let text = self.scan.utf8(rest.get(..at.wrapping_sub(start)).unwrap_or_default(), start)?;
        fault.map_or(Some(text), |kind| self.scan.fail_at(at, kind))
    }

    /// Reads text before `literal`, without control characters, and skips the literal itself.
    fn through(&mut self, literal: &[u8]) -> Option<&'a str> {
        let start = self.scan.offset();
        let text = self.scan.take_through(literal)?;
        let control = |byte: &u8| *byte < b' ' && !white_space(*byte);
        let at = text.iter().position(control).unwrap_or(text.len());
        // Of two errors the first is reported.
        let before = self.scan.utf8(text.get(..at).unwrap_or_default(), start)?;
        if at < text.len() {
            return self.scan.fail_at(start.wrapping_add(at), Kind::ControlCharacter);
        }
        Some(before)
    }
}

fn is_name_byte(byte: u8) -> bool {
    let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    // From the hyphen to the colon, but for the slash.
    let digit = (byte.wrapping_sub(b'-') < 14) & (byte != b'/');
    letter | digit | (byte == b'_') | (byte >= 0x80)
}

fn local(name: &str) -> &str {
    split_once(name, b':').map_or(name, |(_, local)| local)
}

/// The character of the reference at the front of `text`, after the `&`, and the length of the reference with
/// its `;`.
fn reference(text: &[u8]) -> Option<(char, usize)> {
    // The longest: `#x10FFFF` or `#1114111`.
    let len = text.iter().take(10).position(|byte| *byte == b';')?;
    let name = text.get(..len)?;
    let char = match name {
        [b'#', digits @ ..] => {
            let (digits, radix) = match digits {
                [b'x', digits @ ..] => (digits, 16),
                _ => (digits, 10),
            };
            let code = number(digits, radix)?;
            // The characters that XML 1.0 allows at all (section 2.2).
            let allowed = matches!(code, 9 | 10 | 13 | 0x20..=0xfffd | 0x1_0000..);
            char::from_u32(code).filter(|_| allowed)?
        }
        _ => char::from(*b"&<>\"'".get(index_of(b"amp lt gt quot apos", name)?)?),
    };
    Some((char, len.wrapping_add(1)))
}
