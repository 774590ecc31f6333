//! The texts of a reply that are worth keeping, in lent memory.

use heapless::Vec;

use crate::error::ErrorKind;
use crate::wire::json::{Reader as JsonReader, Token};
use crate::wire::xml::{Event, Reader as XmlReader};
use crate::wire::{Cursor, Put};

use super::operation::{Protocol, Shape};

/// Texts of a reply, by where they stood: [`Action::KEPT`](super::Action::KEPT).
#[derive(Clone, Copy)]
pub struct Kept<'r> {
    names: &'static [&'static str],
    /// Each text as the number of its name, that of its list element (two bytes), itself, and a byte
    /// that no text has.
    texts: &'r [u8],
}

const END: u8 = 0xff;

struct Text<'r> {
    name: &'static str,
    item: [u8; 2],
    text: &'r str,
    /// Its length with all that belongs to it.
    len: usize,
}

impl<'r> Kept<'r> {
    pub(crate) fn new(names: &'static [&'static str], texts: &'r [u8]) -> Self {
        Self { names, texts }
    }

    fn first(&self) -> Option<Text<'r>> {
        let [number, high, low, rest @ ..] = self.texts else { return None };
        let end = rest.iter().position(|byte| *byte == END)?;
        let text = core::str::from_utf8(rest.get(..end)?).ok()?;
        let name = self.names.get(usize::from(*number))?;
        Some(Text { name, item: [*high, *low], text, len: end.saturating_add(4) })
    }

    fn after(&self, len: usize) -> Self {
        Self { texts: self.texts.get(len..).unwrap_or_default(), ..*self }
    }

    /// The first text that stood at `name`.
    pub fn get(&self, name: &str) -> Option<&'r str> {
        let mut rest = *self;
        while let Some(first) = rest.first() {
            if first.name == name {
                return Some(first.text);
            }
            rest = rest.after(first.len);
        }
        None
    }

    /// As [`Kept::get`], for a text that has to be there and not be empty.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`].
    pub fn need(&self, name: &'static str) -> Result<&'r str, ErrorKind> {
        self.get(name).filter(|text| !text.is_empty()).ok_or(ErrorKind::Missing(name))
    }

    /// What `make` makes of each element of a list, or of each entry of a map, those left out of which
    /// it makes nothing.
    pub fn each<T>(&self, make: fn(Kept<'r>) -> Option<T>) -> Each<'r, T> {
        self.items().filter_map(make)
    }

    /// The texts of each element of a list, or of each entry of a map. A list in a list whose texts are
    /// kept too parts the elements of the outer one: keep the texts of one of them.
    pub fn items(&self) -> Items<'r> {
        Items { rest: *self }
    }

    /// The value that belongs to `key`, in a list of pairs or in a map: a tag, say.
    pub fn value_of(&self, [keys, values]: [&str; 2], key: &str) -> Option<&'r str> {
        self.items().find(|item| item.get(keys) == Some(key))?.get(values)
    }
}

impl core::fmt::Debug for Kept<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // There may be secrets among them.
        write!(f, "Kept({} bytes)", self.texts.len())
    }
}

/// The elements of a list, in order.
#[derive(Debug, Clone)]
pub struct Items<'r> {
    rest: Kept<'r>,
}

impl<'r> Iterator for Items<'r> {
    type Item = Kept<'r>;

    fn next(&mut self) -> Option<Kept<'r>> {
        let start = self.rest;
        let item = start.first()?.item;
        let mut len = 0usize;
        while let Some(next) = self.rest.first().filter(|next| next.item == item) {
            len = len.saturating_add(next.len);
            self.rest = self.rest.after(next.len);
        }
        Some(Kept { texts: start.texts.get(..len).unwrap_or_default(), ..start })
    }
}

/// What is made of each element of a list, in order.
pub type Each<'r, T> = core::iter::FilterMap<Items<'r>, fn(Kept<'r>) -> Option<T>>;

/// Reads the reply to an operation, and puts the texts that stand at one of `names`.
pub(in crate::sources) fn read(
    body: &[u8],
    shape: &Shape,
    names: &'static [&'static str],
    out: &mut Cursor<'_>,
) -> Result<(), ErrorKind> {
    let mut keeper = Keeper { names, out, item: 0 };
    match shape.api.protocol {
        Protocol::Query { .. } => from_xml(body, shape.action, 2, &mut keeper),
        Protocol::Ec2 { .. } => from_xml(body, shape.action, 1, &mut keeper),
        Protocol::Json { .. } => from_json(body, &mut keeper).map_err(ErrorKind::Malformed),
    }
}

struct Keeper<'o, 'b> {
    names: &'static [&'static str],
    out: &'o mut Cursor<'b>,
    /// Elements of lists so far.
    item: u16,
}

impl Keeper<'_, '_> {
    /// The number of the name that `path` is.
    fn find<'a>(&self, path: impl Iterator<Item = &'a str> + Clone) -> Option<u8> {
        // By bytes: splitting text brings a panic path.
        let is =
            |name: &&str| name.as_bytes().split(|byte| *byte == b'.').eq(path.clone().map(str::as_bytes));
        let found = self.names.iter().position(is)?;
        u8::try_from(found).ok()
    }

    /// Whether something that is kept stands at `path` or below it.
    fn looks_in<'a>(&self, path: impl Iterator<Item = &'a str> + Clone) -> bool {
        let begins = |name: &&str| {
            let mut parts = name.as_bytes().split(|byte| *byte == b'.');
            path.clone().all(|part| parts.next() == Some(part.as_bytes()))
        };
        self.names.iter().any(begins)
    }

    fn begin(&mut self, number: u8) {
        let [high, low] = self.item.to_be_bytes();
        self.out.put(&[number, high, low]);
    }

    fn next_item(&mut self) {
        self.item = self.item.wrapping_add(1);
    }
}

/// Deeper than any text that is kept.
const MAX_PATH: usize = 8;

/// Goes through `ActionResponse`, and for Query `ActionResult` in it.
fn from_xml(body: &[u8], action: &str, outer: usize, keeper: &mut Keeper<'_, '_>) -> Result<(), ErrorKind> {
    let mut reader = XmlReader::new(body);
    let mut path: Vec<&str, MAX_PATH> = Vec::new();
    let mut inside = outer == 1;
    let is_list_element = |name: &str| matches!(name, "member" | "item");
    while let Some(event) = reader.next().map_err(ErrorKind::Malformed)? {
        let Event::Start(name) = event else { continue };
        let depth = reader.depth();
        if depth == 1 && name.strip_suffix("Response") != Some(action) {
            return Err(ErrorKind::Missing("response element"));
        }
        if depth == 2 && outer == 2 {
            inside = name.strip_suffix("Result") == Some(action);
        }
        let Some(level) = depth.checked_sub(outer.saturating_add(1)).filter(|_| inside) else { continue };
        path.truncate(level);
        if path.len() < level || path.push(name).is_err() {
            continue;
        }
        // A list's element is part of what stands in it, and where it is the text itself, `*`.
        let outer = path.iter().rev().skip(1).rev().copied().filter(|name| !is_list_element(name));
        if is_list_element(name) && keeper.looks_in(outer.clone()) {
            keeper.next_item();
        }
        let last = if is_list_element(name) { "*" } else { name };
        if let Some(number) = keeper.find(outer.chain([last])) {
            keeper.begin(number);
            reader.text(&mut *keeper.out).map_err(ErrorKind::Malformed)?;
            keeper.out.put(&[END]);
        }
    }
    Ok(())
}

fn from_json(body: &[u8], keeper: &mut Keeper<'_, '_>) -> Result<(), crate::wire::Error> {
    let mut reader = JsonReader::new(body);
    // The names of the members that are open, each with the depth of its object.
    let mut path: Vec<(usize, &str), MAX_PATH> = Vec::new();
    let mut named = false;
    while let Some(token) = reader.next()? {
        let depth = reader.depth();
        // What no name leads to is an element of a list.
        let led = core::mem::replace(&mut named, matches!(token, Token::Key(_)));
        let element = !led && !matches!(token, Token::Key(_) | Token::ObjectEnd | Token::ArrayEnd);
        if let Token::Key(key) = token {
            leave(&mut path, depth);
            // A name with an escape is none of those looked for; nor is what stands too deep.
            let name = key.plain().unwrap_or("\\");
            let names = path.iter().map(|(_, name)| *name);
            let map = keeper.find(names.clone().chain(["*key"]));
            let value = keeper.find(names.chain(["*value"]));
            if let (Some(number), Some(_)) = (map, value) {
                keeper.next_item();
                keeper.begin(number);
                key.put(&mut *keeper.out);
                keeper.out.put(&[END]);
            }
            if path.push((depth, if value.is_some() { "*value" } else { name })).is_err() {
                reader.skip_value()?;
                named = false;
            }
            continue;
        }
        // What has just been opened counts in the depth already.
        let opened = matches!(token, Token::ObjectStart | Token::ArrayStart);
        leave(&mut path, if opened { depth } else { depth.saturating_add(1) });
        if element && keeper.looks_in(path.iter().map(|(_, name)| *name)) {
            keeper.next_item();
        }
        let star: &[&str] = if element { &["*"] } else { &[] };
        let names = path.iter().map(|(_, name)| *name).chain(star.iter().copied());
        let Some(number) = keeper.find(names) else { continue };
        match token {
            Token::Str(text) => {
                keeper.begin(number);
                text.put(&mut *keeper.out);
            }
            Token::Number(text) => {
                keeper.begin(number);
                keeper.out.put(text.as_bytes());
            }
            Token::Bool(truth) => {
                keeper.begin(number);
                keeper.out.put(if truth { b"true" } else { b"false" });
            }
            _ => continue,
        }
        keeper.out.put(&[END]);
    }
    Ok(())
}

/// Drops the names of objects at `depth` and deeper.
fn leave(path: &mut Vec<(usize, &str), MAX_PATH>, depth: usize) {
    while path.last().is_some_and(|(at, _)| *at >= depth) {
        path.pop();
    }
}
