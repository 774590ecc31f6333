//! The JSON reader against serde_json: the same verdict on every document within the depth limit,
//! and the same value, every string and number of it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::wire::json::{MAX_DEPTH, Reader, Token, member};
use rolecall_core::wire::{Error, Kind};
use serde_json::{Map, Value};

fuzz_target!(|document: &[u8]| {
    let theirs = serde_json::from_slice::<Value>(document);
    let ours = value(document);
    match (&ours, &theirs) {
        // Whether a number fits 64 bits is not for a reader that keeps numbers as text.
        (_, Err(error)) if error.to_string().starts_with("number out of range") => {}
        (Err(error), Ok(value)) if error.kind == Kind::TooDeep => assert!(depth(value) > MAX_DEPTH),
        (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs),
        (Err(_), Err(_)) => {}
        _ => panic!("ours: {ours:?}, theirs: {theirs:?}"),
    }
    match &ours {
        Err(error) => {
            assert!(error.offset <= document.len());
            // What is wrong is at the offset: the text before it is the start of some document.
            let prefix = document.get(..error.offset).expect("within the document");
            if let Err(earlier) = value(prefix) {
                assert!(earlier.offset >= error.offset, "{error} after {earlier}");
            }
        }
        Ok(Value::Object(members)) => {
            for (name, value) in members {
                let token = member(document, name).expect("well-formed").expect("a member");
                match (token, value) {
                    (Token::Str(text), Value::String(value)) => assert!(text.is(value)),
                    (token, value) => assert_eq!(matches!(token, Token::Str(_)), value.is_string()),
                }
            }
        }
        Ok(_) => assert_eq!(member(document, "name"), Ok(None)),
    }
});

/// The document as the reader sees it, built without recursion.
fn value(document: &[u8]) -> Result<Value, Error> {
    let mut reader = Reader::new(document);
    let mut open: Vec<(Option<String>, Value)> = Vec::new();
    let mut key = None;
    let mut root = Value::Null;
    while let Some(token) = reader.next()? {
        let done = match token {
            Token::Key(name) => {
                key = Some(name.chars().collect());
                continue;
            }
            Token::ObjectStart => {
                open.push((key.take(), Value::Object(Map::new())));
                continue;
            }
            Token::ArrayStart => {
                open.push((key.take(), Value::Array(Vec::new())));
                continue;
            }
            Token::ObjectEnd | Token::ArrayEnd => {
                let (name, value) = open.pop().expect("an end has a start");
                key = name;
                value
            }
            Token::Str(text) => Value::String(text.chars().collect()),
            Token::Number(text) => text.parse().map_or(Value::Null, Value::Number),
            Token::Bool(value) => Value::Bool(value),
            Token::Null => Value::Null,
        };
        assert_eq!(open.len(), reader.depth());
        match open.last_mut() {
            Some((_, Value::Object(members))) => {
                members.insert(key.take().expect("a member has a name"), done);
            }
            Some((_, Value::Array(elements))) => elements.push(done),
            _ => root = done,
        }
    }
    Ok(root)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
