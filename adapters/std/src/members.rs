//! The members of JSON documents that hold secrets: found, and replaced among others that stay as they are.

use rolecall_core::wire::json::{Reader, Str, Token, Writer};

use crate::host::append;
use crate::secret::Wiped;
use crate::sink::Sink;

/// A member's name, and its value in JSON.
pub(crate) type Member<'a> = (&'a str, Wiped<Vec<u8>>);

/// A text as JSON.
pub(crate) fn string(text: &str) -> Wiped<Vec<u8>> {
    let mut json = Wiped::new(Vec::with_capacity(6 * text.len() + 2));
    Writer::new(&mut Sink(&mut json)).string(text);
    json
}

/// The value of a member in JSON, if there is one; of several, the last one.
#[cfg(feature = "login")]
pub(crate) fn value<'d>(document: &'d [u8], name: &str) -> Option<&'d [u8]> {
    let mut found = None;
    each(document, &mut |key, member| {
        if key.is(name) {
            found = Some(member.value);
        }
    })?;
    found
}

/// The document with these members, and every other one as it is; `None` if it is not an object.
pub(crate) fn replaced(document: &[u8], new: Vec<Member<'_>>) -> Option<Wiped<Vec<u8>>> {
    let mut new: Vec<_> = new.into_iter().map(|(name, value)| (name, Some(value))).collect();
    let mut written = Wiped::new(b"{".to_vec());
    let mut put = |name: &[u8], value: &[u8]| {
        for part in [if written.len() > 1 { &b", "[..] } else { b"" }, name, b": ", value] {
            append(&mut written, part);
        }
    };
    each(document, &mut |key, member| match new.iter_mut().find(|(name, _)| key.is(name)) {
        // A second member of that name would be read in its place.
        Some((_, None)) => {}
        Some((_, replacement)) => put(member.name, &replacement.take().unwrap_or_default()),
        None => put(member.name, member.value),
    })?;
    for (name, value) in new {
        if let Some(value) = value {
            put(&string(name), &value);
        }
    }
    append(&mut written, b"}");
    Some(written)
}

/// A member as the document has it.
struct Written<'d> {
    /// With its quotes.
    name: &'d [u8],
    value: &'d [u8],
}

/// Visits the members of an object, in order; `None` if the document is not one.
fn each<'d>(document: &'d [u8], visit: &mut dyn FnMut(Str<'d>, Written<'d>)) -> Option<()> {
    let mut reader = Reader::new(document);
    let Ok(Some(Token::ObjectStart)) = reader.next_token() else { return None };
    loop {
        let before = reader.offset();
        match reader.next_token().ok()? {
            Some(Token::Key(key)) => {
                let name = document.get(before..reader.offset())?;
                // From the quote on: a comma and white space are in front of it, and a colon may follow.
                let name = name.get(name.iter().position(|byte| *byte == b'"')?..)?;
                let name = name.get(..=name.iter().rposition(|byte| *byte == b'"')?)?;
                let start = reader.offset();
                reader.skip_value().ok()?;
                let value = document.get(start..reader.offset())?.trim_ascii();
                let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii();
                visit(key, Written { name, value });
            }
            _ => return Some(()),
        }
    }
}
