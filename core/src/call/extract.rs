//! Keeping texts of a reply in caller-provided memory.

use heapless::Vec;

use crate::error::ErrorKind;
use crate::wire::json::{Reader as JsonReader, Token};
use crate::wire::words::split;
use crate::wire::xml::{Event, Reader as XmlReader};
use crate::wire::{Cursor, Put};

use super::operation::{Protocol, Shape};
use crate::flow::kept::END;

/// Reads the reply to an operation, and keeps the texts at the paths `names`.
pub(crate) fn read(
    body: &[u8],
    shape: &Shape,
    names: &'static [&'static str],
    out: &mut Cursor<'_>,
) -> Result<(), ErrorKind> {
    let mut keeper = Keeper { names, out, item: 0 };
    match shape.api.protocol {
        Protocol::Query { .. } => from_xml(body, shape.action, 2, &mut keeper),
        Protocol::Ec2 { .. } | Protocol::RestXml { .. } => from_xml(body, shape.action, 1, &mut keeper),
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
    /// The number of the name that equals `path`.
    fn find<'a>(&self, path: impl Iterator<Item = &'a str> + Clone) -> Option<u8> {
        // By bytes: splitting text brings a panic path.
        let is = |name: &&str| split(name.as_bytes(), b'.').eq(path.clone().map(str::as_bytes));
        let found = self.names.iter().position(is)?;
        u8::try_from(found).ok()
    }

    /// Whether anything at `path` or below it is kept.
    fn looks_in<'a>(&self, path: impl Iterator<Item = &'a str> + Clone) -> bool {
        let begins = |name: &&str| {
            let mut parts = split(name.as_bytes(), b'.');
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

/// Skips `ActionResponse`, and for Query `ActionResult` in it.
fn from_xml(body: &[u8], action: &str, outer: usize, keeper: &mut Keeper<'_, '_>) -> Result<(), ErrorKind> {
    let mut reader = XmlReader::new(body);
    let mut path: Vec<&str, MAX_PATH> = Vec::new();
    let mut inside = outer == 1;
    let is_list_element = |name: &str| matches!(name, "member" | "item");
    while let Some(event) = reader.next_event().map_err(ErrorKind::Malformed)? {
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
        // A list's element is part of the path of its members; if it is the text itself, its name is `*`.
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
    while let Some(token) = reader.next_token()? {
        let depth = reader.depth();
        // A value without a name is an element of a list.
        let led = core::mem::replace(&mut named, matches!(token, Token::Key(_)));
        let element = !led && !matches!(token, Token::Key(_) | Token::ObjectEnd | Token::ArrayEnd);
        if let Token::Key(key) = token {
            leave(&mut path, depth);
            // A name with an escape is none of those to keep; nor is one that is too deep.
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
        // An array or object that was just opened counts in the depth already.
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
