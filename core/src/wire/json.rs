//! JSON (RFC 8259): a bounded reader that never recurses, and a small writer.
//!
//! The reader takes a whole document and returns its tokens. It is strict: the part it has read is
//! well-formed, strings are UTF-8 and their escapes represent characters. A document that was read to its end
//! (`Ok(None)`) is valid.

use super::device::{ON_DEVICE, utf8};
use super::scan::{Scan, number, put_resolved, white_space};
use super::words::Stops;
use super::{BufferTooSmall, Cursor, Error, Kind, Put};

/// How deeply arrays and objects may be nested.
pub const MAX_DEPTH: usize = 64;

/// One token of a document.
#[derive(Debug, Clone, Copy, PartialEq)]
// A word, which is copied in one piece.
#[repr(usize)]
pub enum Token<'a> {
    /// The start of an object, `{`.
    ObjectStart,
    /// The end of an object, `}`.
    ObjectEnd,
    /// The start of an array, `[`.
    ArrayStart,
    /// The end of an array, `]`.
    ArrayEnd,
    /// The name of a member; its value is next.
    Key(Str<'a>),
    /// A string.
    Str(Str<'a>),
    /// A number, as written.
    Number(&'a str),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
}

impl<'a> Token<'a> {
    /// Whether this is a string equal to `text`.
    pub fn is_str(&self, text: &str) -> bool {
        matches!(self, Token::Str(string) if string.is(text))
    }

    /// The string, if this is one.
    pub fn as_str(&self) -> Option<Str<'a>> {
        if let Token::Str(string) = self { Some(*string) } else { None }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
// A word, which is copied in one piece.
#[repr(usize)]
enum Expect {
    Value,
    /// After `[` or `{`: an element, or the end.
    First,
    /// After an element: a comma and a further one, or the end.
    Next,
    Nothing,
}

/// Reads the tokens of one document.
///
/// ```
/// use rolecall_core::wire::json::{Reader, Token};
/// let mut reader = Reader::new(br#"{"a":[1,true]}"#);
/// let mut values = 0;
/// while let Some(token) = reader.next_token()? {
///     values += usize::from(matches!(token, Token::Number(_) | Token::Bool(_)));
/// }
/// assert_eq!(values, 2);
/// # Ok::<(), rolecall_core::wire::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    scan: Scan<'a>,
    expect: Expect,
    depth: usize,
    /// One bit a level, the innermost lowest: set for an object.
    objects: u64,
}

impl<'a> Reader<'a> {
    /// Reads `document`, which has to be complete.
    pub fn new(document: &'a [u8]) -> Self {
        Self { scan: Scan::of_text(document), expect: Expect::Value, depth: 0, objects: 0 }
    }

    /// The offset of the next byte.
    pub fn offset(&self) -> usize {
        self.scan.offset()
    }

    /// The number of open arrays and objects, at most [`MAX_DEPTH`].
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Returns the next token, or `None` at the end of a complete document.
    ///
    /// # Errors
    /// The offset and kind of the first fault; later calls return the same.
    pub fn next_token(&mut self) -> Result<Option<Token<'a>>, Error> {
        let token = self.step();
        self.scan.result(token)
    }

    fn step(&mut self) -> Option<Option<Token<'a>>> {
        self.skip_white_space();
        match self.expect {
            Expect::Nothing => return self.scan.end().map(|()| None),
            Expect::Value => return self.value().map(Some),
            Expect::First | Expect::Next => {}
        }
        let object = self.objects & 1 == 1;
        let (bracket, end) = if object { (b"}", Token::ObjectEnd) } else { (b"]", Token::ArrayEnd) };
        if self.scan.take(bracket) {
            self.depth = self.depth.saturating_sub(1);
            self.objects >>= 1;
            self.after_value();
            return Some(Some(end));
        }
        if self.expect == Expect::Next {
            self.scan.expect_byte(b',')?;
            self.skip_white_space();
        }
        if !object {
            return self.value().map(Some);
        }
        let key = self.string()?;
        self.skip_white_space();
        self.scan.expect_byte(b':')?;
        self.expect = Expect::Value;
        Some(Some(Token::Key(key)))
    }

    /// Skips the next value, however deep, and validates it.
    ///
    /// # Errors
    /// As [`Reader::next_token`]; also where there is no next value.
    pub fn skip_value(&mut self) -> Result<(), Error> {
        let skipped = self.skip();
        self.scan.result(skipped)
    }

    fn skip(&mut self) -> Option<()> {
        let depth = self.depth;
        loop {
            match self.step()? {
                None => return self.scan.fail(Kind::UnexpectedEnd),
                Some(Token::Key(_)) => {}
                // The end of an open array or object: there is no next value.
                Some(_) if self.depth < depth => return self.scan.fail(Kind::UnexpectedByte),
                Some(_) if self.depth == depth => return Some(()),
                Some(_) => {}
            }
        }
    }

    /// Skips the next value, and returns it, or the first token of an array or object.
    pub(crate) fn whole_value(&mut self) -> Result<Option<Token<'a>>, Error> {
        let depth = self.depth;
        let value = self.next_token()?;
        while self.depth > depth {
            self.next_token()?;
        }
        Ok(value)
    }

    fn value(&mut self) -> Option<Token<'a>> {
        let token = match self.scan.peek() {
            Some(b'{') => return self.open(Token::ObjectStart, 1),
            Some(b'[') => return self.open(Token::ArrayStart, 0),
            Some(b'"') => Token::Str(self.string()?),
            Some(b'-' | b'0'..=b'9') => Token::Number(self.number()?),
            Some(b't') => self.scan.require(b"true").map(|()| Token::Bool(true))?,
            Some(b'f') => self.scan.require(b"false").map(|()| Token::Bool(false))?,
            Some(b'n') => self.scan.require(b"null").map(|()| Token::Null)?,
            _ => return self.scan.unexpected(),
        };
        self.after_value();
        Some(token)
    }

    fn open(&mut self, token: Token<'a>, object: u64) -> Option<Token<'a>> {
        if self.depth >= MAX_DEPTH {
            return self.scan.fail(Kind::TooDeep);
        }
        self.scan.skip(1);
        self.depth = self.depth.wrapping_add(1);
        self.objects = (self.objects << 1) | object;
        self.expect = Expect::First;
        Some(token)
    }

    fn after_value(&mut self) {
        self.expect = if self.depth == 0 { Expect::Nothing } else { Expect::Next };
    }

    fn skip_white_space(&mut self) {
        self.scan.take_while(white_space);
    }

    fn string(&mut self) -> Option<Str<'a>> {
        const STOPS: Stops<3> = Stops(*b" \"\\");
        self.scan.expect_byte(b'"')?;
        let start = self.scan.offset();
        let rest = self.scan.rest();
        let mut escapes = Escapes::None;
        loop {
            self.scan.skip(STOPS.front(self.scan.rest()));
            match self.scan.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escapes = Escapes::Some;
                    let escape = self.scan.rest().get(1..).unwrap_or_default();
                    let Some((_, len)) = unescape(escape) else {
                        return self.scan.fail(Kind::BadEscape);
                    };
                    self.scan.skip(len.wrapping_add(1));
                }
                Some(_) => return self.scan.fail(Kind::ControlCharacter),
                None => return self.scan.unexpected(),
            }
        }
        let raw = rest.get(..self.scan.offset().wrapping_sub(start)).unwrap_or_default();
        self.scan.skip(1);
        self.scan.utf8(raw, start).map(|raw| Str { raw, escapes })
    }

    fn number(&mut self) -> Option<&'a str> {
        let start = self.scan.offset();
        let rest = self.scan.rest();
        let digits = |scan: &mut Scan<'a>| {
            let run = scan.take_while(|byte| byte.is_ascii_digit());
            if run.is_empty() { scan.unexpected() } else { Some(run) }
        };
        self.scan.take(b"-");
        let at = self.scan.offset();
        if let [b'0', _, ..] = digits(&mut self.scan)? {
            return self.scan.fail_at(at.wrapping_add(1), Kind::BadNumber);
        }
        if self.scan.take(b".") {
            digits(&mut self.scan)?;
        }
        if self.scan.take(b"e") || self.scan.take(b"E") {
            if !self.scan.take(b"+") {
                self.scan.take(b"-");
            }
            digits(&mut self.scan)?;
        }
        let raw = rest.get(..self.scan.offset().wrapping_sub(start)).unwrap_or_default();
        self.scan.utf8(raw, start)
    }
}

/// A string as written between its quotes; known to be well-formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Str<'a> {
    raw: &'a str,
    escapes: Escapes,
}

/// Whether a string has escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
// A word, which is copied in one piece.
#[repr(usize)]
enum Escapes {
    None,
    Some,
}

impl<'a> Str<'a> {
    /// The text, if it has no escape.
    pub fn plain(&self) -> Option<&'a str> {
        if self.has_escapes() { None } else { Some(self.raw) }
    }

    fn has_escapes(&self) -> bool {
        self.escapes == Escapes::Some
    }

    /// Whether the text, escapes resolved, equals `text`.
    pub fn is(&self, text: &str) -> bool {
        self.same(text, |a, b| a == b)
    }

    /// As [`Str::is`], ASCII letters compared without case.
    pub fn is_ignore_case(&self, text: &str) -> bool {
        self.same(text, <[u8]>::eq_ignore_ascii_case)
    }

    fn same(&self, text: &str, equal: fn(&[u8], &[u8]) -> bool) -> bool {
        if !ON_DEVICE && !self.has_escapes() {
            return equal(self.raw.as_bytes(), text.as_bytes());
        }
        let mut rest = Compare { rest: Some(text.as_bytes()), equal };
        self.put(&mut rest);
        rest.rest.is_some_and(<[u8]>::is_empty)
    }

    /// The characters, escapes resolved.
    pub fn chars(self) -> impl Iterator<Item = char> + Clone + 'a {
        let mut rest = self.raw;
        core::iter::from_fn(move || {
            let (char, len) = match rest.as_bytes() {
                [b'\\', escape @ ..] => unescape(escape).map(|(char, len)| (char, len.wrapping_add(1)))?,
                _ => rest.chars().next().map(|char| (char, char.len_utf8()))?,
            };
            rest = rest.get(len..).unwrap_or_default();
            Some(char)
        })
    }

    /// Writes the text, escapes resolved, to `out`.
    pub fn put(&self, mut out: &mut (impl Put + ?Sized)) {
        if ON_DEVICE || self.has_escapes() {
            put_resolved(self.raw, b'\\', unescape, &mut out);
        } else {
            out.put(self.raw.as_bytes());
        }
    }

    /// Writes the text, escapes resolved, into `buffer`.
    ///
    /// # Errors
    /// [`BufferTooSmall`] with the length that suffices.
    pub fn decode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b str, BufferTooSmall> {
        let mut out = Cursor::new(buffer);
        self.put(&mut out);
        Ok(utf8(out.finish()?).unwrap_or_default())
    }
}

/// Returns the member `name` of the object `document`; the last one, if it occurs more than once. A value
/// that is an array or object is returned as its first token. The whole document is validated.
pub fn member<'a>(document: &'a [u8], name: &str) -> Result<Option<Token<'a>>, Error> {
    let mut reader = Reader::new(document);
    let mut found = None;
    while let Some(token) = reader.next_token()? {
        if let Token::Key(key) = token {
            let named = reader.depth() == 1 && key.is(name);
            let value = reader.whole_value()?;
            if named {
                found = value;
            }
        }
    }
    Ok(found)
}

/// Compares what is written with the rest of a text; `None` once they differ.
struct Compare<'t> {
    rest: Option<&'t [u8]>,
    equal: fn(&[u8], &[u8]) -> bool,
}

impl Put for Compare<'_> {
    fn put(&mut self, bytes: &[u8]) {
        let parts = self.rest.and_then(|rest| rest.split_at_checked(bytes.len()));
        self.rest = parts.filter(|(front, _)| (self.equal)(front, bytes)).map(|(_, rest)| rest);
    }
}

/// The character of the escape at the front of `text`, after the backslash, and the length of the escape
/// without that.
fn unescape(text: &[u8]) -> Option<(char, usize)> {
    let unit = |text: &[u8]| match text {
        [b'u', digits @ ..] => number(digits.get(..4)?, 16),
        _ => None,
    };
    const SIMPLE: [[u8; 2]; 8] =
        [*b"\"\"", *b"\\\\", *b"//", *b"b\x08", *b"f\x0c", *b"n\n", *b"r\r", *b"t\t"];
    let letter = text.first()?;
    if let Some([_, byte]) = SIMPLE.iter().find(|[from, _]| from == letter) {
        return Some((char::from(*byte), 1));
    }
    let high = unit(text)?;
    if !(0xd800..0xdc00).contains(&high) {
        return char::from_u32(high).map(|char| (char, 5));
    }
    let low = unit(text.get(5..)?.strip_prefix(b"\\")?)?;
    if !(0xdc00..0xe000).contains(&low) {
        return None;
    }
    let code = 0x1_0000u32.wrapping_add(((high & 0x3ff) << 10) | (low & 0x3ff));
    char::from_u32(code).map(|char| (char, 11))
}

/// Writes one document: the caller opens, names and closes in order, and commas are added.
///
/// ```
/// use rolecall_core::wire::{Cursor, json::Writer};
/// let mut buffer = [0; 32];
/// let mut out = Cursor::new(&mut buffer);
/// let mut json = Writer::new(&mut out);
/// json.begin_object();
/// json.key("name");
/// json.string("a\"b");
/// json.end_object();
/// assert_eq!(out.finish()?, br#"{"name":"a\"b"}"#);
/// # Ok::<(), rolecall_core::wire::BufferTooSmall>(())
/// ```
#[derive(Debug)]
pub struct Writer<'p, P: ?Sized> {
    out: &'p mut P,
    comma: bool,
}

impl<'p, P: Put + ?Sized> Writer<'p, P> {
    /// Writes to `out`.
    pub fn new(out: &'p mut P) -> Self {
        Self { out, comma: false }
    }

    /// Writes `{`.
    pub fn begin_object(&mut self) {
        self.open(b"{");
    }

    /// Writes `}`.
    pub fn end_object(&mut self) {
        self.close(b"}");
    }

    /// Writes `[`.
    pub fn begin_array(&mut self) {
        self.open(b"[");
    }

    /// Writes `]`.
    pub fn end_array(&mut self) {
        self.close(b"]");
    }

    /// Writes the name of a member; its value is next.
    pub fn key(&mut self, name: &str) {
        self.string(name);
        self.out.put(b":");
        self.comma = false;
    }

    /// Writes the name of a member, given in parts.
    #[cfg(feature = "sources")]
    pub(crate) fn key_of(&mut self, parts: &[&str]) {
        self.separate();
        self.out.put(b"\"");
        parts.iter().for_each(|part| put_escaped(part, self.out));
        self.out.put(b"\":");
        self.comma = false;
    }

    /// Writes a string, escaped as needed.
    pub fn string(&mut self, text: &str) {
        self.separate();
        self.out.put(b"\"");
        put_escaped(text, self.out);
        self.out.put(b"\"");
    }

    /// Writes a whole number.
    pub fn number(&mut self, value: u32) {
        self.separate();
        super::decimal(value, self.out);
    }

    /// Writes `true` or `false`.
    pub fn bool(&mut self, value: bool) {
        self.separate();
        self.out.put(if value { b"true" } else { b"false" });
    }

    fn open(&mut self, bracket: &[u8]) {
        self.separate();
        self.out.put(bracket);
        self.comma = false;
    }

    fn close(&mut self, bracket: &[u8]) {
        self.out.put(bracket);
        self.comma = true;
    }

    fn separate(&mut self) {
        if self.comma {
            self.out.put(b",");
        }
        self.comma = true;
    }
}

fn put_escaped(text: &str, out: &mut (impl Put + ?Sized)) {
    let plain = |byte: &u8| *byte >= b' ' && *byte != b'"' && *byte != b'\\';
    let mut rest = text.as_bytes();
    while let Some(first) = rest.first() {
        let run = rest.iter().position(|byte| !plain(byte)).unwrap_or(rest.len());
        if run == 0 {
            match first {
                b'"' => out.put(b"\\\""),
                b'\\' => out.put(b"\\\\"),
                b'\n' => out.put(b"\\n"),
                b'\r' => out.put(b"\\r"),
                b'\t' => out.put(b"\\t"),
                byte => {
                    let digit = |nibble: u8| {
                        if nibble < 10 { b'0' | nibble } else { (b'a' - 10).wrapping_add(nibble) }
                    };
                    out.put(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
                }
            }
        }
        let (kept, tail) = rest.split_at_checked(run.max(1)).unwrap_or((rest, &[]));
        if run > 0 {
            out.put(kept);
        }
        rest = tail;
    }
}
