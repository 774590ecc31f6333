//! The JSON writer: what a document says, written anew, is read as the same by this crate's reader
//! and by serde_json, and holds no control character.
//!
//! An input is a document, or else a text that becomes the one string of one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::wire::Put;
use rolecall_core::wire::json::{Reader, Token, Writer};
use rolecall_fuzz::put;
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let said = read(input).unwrap_or_else(|| {
        let text = String::from_utf8_lossy(input).into_owned();
        vec![Said::Open(true), Said::Key(text.clone()), Said::Str(text), Said::Close(true)]
    });
    let document = put(|out| write(&said, out));
    // JSON counts DEL as a character like any other.
    assert!(document.iter().all(|byte| *byte >= b' '), "{}", document.escape_ascii());
    assert_eq!(read(&document), Some(said));
    serde_json::from_slice::<Value>(&document).expect("serde_json reads it");
    if let Ok(text) = str::from_utf8(input) {
        let string = put(|out| Writer::new(out).string(text));
        assert_eq!(serde_json::from_slice::<String>(&string).expect("a string"), text);
    }
});

/// What the writer can say. The flag is for an object.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Open(bool),
    Close(bool),
    Key(String),
    Str(String),
    Number(u32),
    Bool(bool),
}

/// What `document` says; numbers that are not whole, and nulls, as strings.
fn read(document: &[u8]) -> Option<Vec<Said>> {
    let mut reader = Reader::new(document);
    let mut said = Vec::new();
    while let Some(token) = reader.next().ok()? {
        said.push(match token {
            Token::ObjectStart => Said::Open(true),
            Token::ObjectEnd => Said::Close(true),
            Token::ArrayStart => Said::Open(false),
            Token::ArrayEnd => Said::Close(false),
            Token::Key(name) => Said::Key(name.chars().collect()),
            Token::Str(text) => Said::Str(text.chars().collect()),
            Token::Number(text) => text.parse().map_or_else(|_| Said::Str(text.into()), Said::Number),
            Token::Bool(value) => Said::Bool(value),
            Token::Null => Said::Str("null".into()),
        });
    }
    Some(said)
}

fn write(said: &[Said], out: &mut dyn Put) {
    let mut writer = Writer::new(out);
    for one in said {
        match one {
            Said::Open(true) => writer.begin_object(),
            Said::Open(false) => writer.begin_array(),
            Said::Close(true) => writer.end_object(),
            Said::Close(false) => writer.end_array(),
            Said::Key(name) => writer.key(name),
            Said::Str(text) => writer.string(text),
            Said::Number(value) => writer.number(*value),
            Said::Bool(value) => writer.bool(*value),
        }
    }
}
