//! The JSON reader compared with serde_json: the same verdict on every document within the depth limit, and
//! the same value, including every string and number.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::wire::json::{MAX_DEPTH, Reader, Str, Token, member};
use rolecall_core::wire::{Error, Kind};
use rolecall_fuzz::json::keeps_no_such_number;
use rolecall_fuzz::{refused_no_earlier, text};
use serde_json::{Map, Value};

fuzz_target!(|document: &[u8]| {
    let theirs = serde_json::from_slice::<Value>(document);
    let ours = value(document);
    match (&ours, &theirs) {
        (_, Err(error)) if keeps_no_such_number(error) => {}
        (Err(error), Ok(value)) if error.kind == Kind::TooDeep => assert!(depth(value) > MAX_DEPTH),
        (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs),
        (Err(_), Err(_)) => {}
        _ => panic!("ours: {ours:?}, theirs: {theirs:?}"),
    }
    let mut skipping = Reader::new(document);
    let skipped = skipping.skip_value().and_then(|()| skipping.next_token());
    assert_eq!(skipped.map(|end| assert_eq!(end, None)).err(), ours.as_ref().err().copied());
    match &ours {
        Err(error) => {
            refused_no_earlier(document, *error, |text| Some(value(text).err()?.offset));
        }
        Ok(Value::Object(members)) => {
            for (name, value) in members {
                let token = member(document, name).expect("well-formed").expect("a member");
                assert_eq!(token.as_str().is_some_and(|text| token.is_str(&string(text))), value.is_string());
                match (token, value) {
                    (Token::Str(text), Value::String(value)) => assert!(text.is(value)),
                    (token, value) => assert_eq!(matches!(token, Token::Str(_)), value.is_string()),
                }
            }
        }
        Ok(_) => assert_eq!(member(document, "name"), Ok(None)),
    }
});

/// Builds the document from the reader's tokens, without recursion.
fn value(document: &[u8]) -> Result<Value, Error> {
    let mut reader = Reader::new(document);
    let mut open: Vec<(Option<String>, Value)> = Vec::new();
    let mut key = None;
    let mut root = Value::Null;
    loop {
        let before = reader.clone();
        let Some(token) = reader.next_token()? else {
            assert_eq!(reader.offset(), document.len());
            assert_eq!(
                reader.skip_value().unwrap_err().kind,
                Kind::UnexpectedEnd,
                "there is no further value"
            );
            return Ok(root);
        };
        if let Token::ObjectEnd | Token::ArrayEnd = token {
            assert_eq!(
                before.clone().skip_value().unwrap_err().kind,
                Kind::UnexpectedByte,
                "there is no further value"
            );
        }
        let done = match token {
            Token::Key(name) => {
                key = Some(string(name));
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
            Token::Str(text) => Value::String(string(text)),
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
}

/// The string, which is the same with every accessor.
fn string(string: Str<'_>) -> String {
    let decoded = text(|out| string.put(out));
    assert_eq!(string.chars().collect::<String>(), decoded);
    assert!(string.is(&decoded) && string.is_ignore_case(&decoded.to_ascii_uppercase()));
    assert!(!string.is(&format!("{decoded}x")) && string.plain().is_none_or(|plain| plain == decoded));
    let mut buffer = vec![0; decoded.len()];
    assert_eq!(string.decode(&mut buffer), Ok(&*decoded));
    if let Some((_, less)) = buffer.split_last_mut() {
        assert_eq!(string.decode(less).unwrap_err().needed, decoded.len());
    }
    decoded
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
