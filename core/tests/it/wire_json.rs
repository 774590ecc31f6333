//! The JSON parser against serde_json, and the errors for documents it rejects.

use crate::generator::Draw;
use rolecall_core::wire::json::{MAX_DEPTH, Reader, Token, Writer, member};
use rolecall_core::wire::{Cursor, Error, Kind};
use serde_json::{Map, Value};

/// Parses the document into a tree.
fn read(document: &[u8]) -> Result<Value, Error> {
    let mut reader = Reader::new(document);
    let mut open: Vec<(Option<String>, Value)> = Vec::new();
    let mut key = None;
    let mut root = None;
    while let Some(token) = reader.next_token()? {
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
                let (name, value) = open.pop().expect("an end has a start token");
                key = name;
                value
            }
            Token::Str(text) => Value::String(text.chars().collect()),
            // The parser accepts numbers beyond 64 bits, which serde_json rejects.
            Token::Number(text) => text.parse().map_or(Value::Null, Value::Number),
            Token::Bool(value) => Value::Bool(value),
            Token::Null => Value::Null,
        };
        match open.last_mut() {
            Some((_, Value::Object(members))) => {
                members.insert(key.take().expect("a member has a name"), done);
            }
            Some((_, Value::Array(elements))) => elements.push(done),
            _ => root = Some(done),
        }
    }
    Ok(root.expect("the document has a value"))
}

fn refused(document: &[u8]) -> Error {
    assert!(serde_json::from_slice::<Value>(document).is_err(), "serde_json accepts a rejected document");
    read(document).expect_err("an error")
}

#[track_caller]
fn same_as_serde(document: &[u8]) {
    let theirs = serde_json::from_slice::<Value>(document);
    match (read(document), theirs) {
        (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs),
        (Err(_), Err(_)) => {}
        (Ok(_), Err(error)) if error.to_string().starts_with("number out of range") => {}
        (ours, theirs) => panic!("{}: {ours:?} but {theirs:?}", document.escape_ascii()),
    }
}

const IMDS: &[u8] = br#"{
  "Code" : "Success", "LastUpdated" : "2026-01-02T03:04:05Z", "Type" : "AWS-HMAC",
  "AccessKeyId" : "ASIAEXAMPLE", "SecretAccessKey" : "a\/b\u002bc", "Token" : "t\ud83d\ude00==",
  "Numbers" : [0, -0, 1.5, -2e3, 4E-1, 18446744073709551615], "More" : {"a": [], "b": {}, "c": [null, true, false]}
}"#;

#[test]
fn documents_are_parsed_like_serde_json() {
    same_as_serde(IMDS);
    for document in
        ["null", " true ", "0", "\"\"", "[]", "{}", "[[],[[]]]", "{\"\":{\"\":0}}", "\"\u{7f}é\u{10ffff}\""]
    {
        same_as_serde(document.as_bytes());
    }
}

#[test]
fn a_truncated_document_is_an_unexpected_end() {
    for len in 0..IMDS.len() {
        let error = refused(&IMDS[..len]);
        // A cut inside an escape is reported as a bad escape at its backslash.
        assert!(
            error == Error { offset: len, kind: Kind::UnexpectedEnd }
                || (error.kind == Kind::BadEscape && IMDS[error.offset] == b'\\' && error.offset + 12 > len),
            "cut at {len}: {error}"
        );
    }
}

#[test]
fn damaged_documents_are_judged_like_serde_json() {
    let mut draw = Draw::new(1);
    for _ in 0..30_000 {
        same_as_serde(&draw.damage(IMDS, b"\"\\{}[]:,0-+.eEuU \n\x00\x1f\x7f\x80\xed\xff/tnd"));
    }
}

#[test]
fn errors_are_reported_at_the_wrong_byte() {
    use Kind::*;
    let cases: &[(&[u8], usize, Kind)] = &[
        (b"", 0, UnexpectedEnd),
        (b"   ", 3, UnexpectedEnd),
        (b"\xef\xbb\xbf{}", 0, UnexpectedByte),
        (b"\xff\xfe{\0}\0", 0, UnexpectedByte),
        (b"{} {}", 3, TrailingData),
        (b"1 2", 2, TrailingData),
        (b"{}\0", 2, TrailingData),
        (b"[1,]", 3, UnexpectedByte),
        (b"{\"a\":1,}", 7, UnexpectedByte),
        (b"{a:1}", 1, UnexpectedByte),
        (b"{\"a\" 1}", 5, UnexpectedByte),
        (b"[1}", 2, UnexpectedByte),
        (b"{\"a\":1]", 6, UnexpectedByte),
        (b"{1:1}", 1, UnexpectedByte),
        (b"'a'", 0, UnexpectedByte),
        (b"tRue", 1, UnexpectedByte),
        (b"NaN", 0, UnexpectedByte),
        (b"01", 1, BadNumber),
        (b"-", 1, UnexpectedEnd),
        (b"+1", 0, UnexpectedByte),
        (b"1.", 2, UnexpectedEnd),
        (b".5", 0, UnexpectedByte),
        (b"[1e]", 3, UnexpectedByte),
        (b"0x1", 1, TrailingData),
        (b"\"a\nb\"", 2, ControlCharacter),
        (b"\"\0\"", 1, ControlCharacter),
        (b"\"a\xffb\"", 2, NotUtf8),
        (b"\"\xed\xa0\x80\"", 1, NotUtf8),
        (b"\"\\x\"", 1, BadEscape),
        (b"\"ab\\u12g4\"", 3, BadEscape),
        (b"\"\\ud800\"", 1, BadEscape),
        (b"\"\\ud800\\ud800\"", 1, BadEscape),
        (b"\"\\udc00\"", 1, BadEscape),
        (b"/**/{}", 0, UnexpectedByte),
        (b"<html>", 0, UnexpectedByte),
    ];
    for (document, offset, kind) in cases {
        assert_eq!(refused(document), Error { offset: *offset, kind: *kind }, "{}", document.escape_ascii());
    }
}

#[test]
fn nesting_beyond_the_limit_is_rejected_at_once() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth: usize| [open.repeat(depth), "0".into(), close.repeat(depth)].concat();
        assert!(read(nested(MAX_DEPTH).as_bytes()).is_ok());
        let error = read(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err();
        assert_eq!(error, Error { offset: open.len() * MAX_DEPTH, kind: Kind::TooDeep });

        let bomb = open.repeat(200_000);
        assert_eq!(read(bomb.as_bytes()), Err(error));
        assert_eq!(member(bomb.as_bytes(), "a"), Err(error));
    }
}

#[test]
fn values_of_any_type_are_skipped() {
    let mut reader = Reader::new(br#"{"skip":{"a":[{"b":[]}]},"skip too":"x","keep":7}"#);
    assert_eq!(reader.next_token(), Ok(Some(Token::ObjectStart)));
    let mut kept = None;
    while let Ok(Some(Token::Key(name))) = reader.next_token() {
        if name.is("keep") {
            kept = reader.next_token().unwrap();
        } else {
            reader.skip_value().unwrap();
        }
    }
    assert_eq!(kept, Some(Token::Number("7")));
    assert_eq!(reader.next_token(), Ok(None));
}

#[test]
fn the_last_member_of_that_name_in_the_outermost_object_is_found() {
    let document = br#"{"x":{"a":"inner"},"a":"first","b":["a","inner"],"\u0061":"last"}"#;
    assert!(member(document, "a").unwrap().unwrap().is_str("last"));
    assert_eq!(member(document, "inner"), Ok(None));
    assert_eq!(member(document, "x"), Ok(Some(Token::ObjectStart)));
    assert_eq!(member(br#"[{"a":1}]"#, "a"), Ok(None));
    assert_eq!(
        member(br#"{"a":1"#, "a").unwrap_err().kind,
        Kind::UnexpectedEnd,
        "the rest of the document is not checked"
    );
    assert_eq!(member(br#"{"a":1,"b":01}"#, "a").unwrap_err().kind, Kind::BadNumber);
}

#[test]
fn strings_are_compared_and_decoded_without_their_escapes() {
    let document = br#"["\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00","Code"]"#;
    let mut reader = Reader::new(document);
    reader.next_token().unwrap();
    let text = reader.next_token().unwrap().unwrap().as_str().unwrap();
    let wanted = "\"\\/\u{8}\u{c}\n\r\té😀";
    assert!(text.is(wanted) && !text.is("\"") && text.plain().is_none());
    let mut buffer = [0; 14];
    assert_eq!(text.decode(&mut buffer), Ok(wanted));
    assert_eq!(text.decode(&mut buffer[..13]).unwrap_err().needed, 14);

    let code = reader.next_token().unwrap().unwrap().as_str().unwrap();
    assert!(code.is_ignore_case("cODE") && !code.is_ignore_case("Codes") && !code.is("code"));
    assert_eq!(code.plain(), Some("Code"));
}

#[test]
fn written_json_is_read_by_serde_json_and_equals_serde_json_core() {
    let text: String = (0..=0x2fff).filter_map(char::from_u32).chain(['\u{10ffff}', '😀']).collect();
    let mut buffer = vec![0; 80 * 1024];
    let mut out = Cursor::new(&mut buffer);
    let mut json = Writer::new(&mut out);
    json.begin_object();
    json.key(&text);
    json.begin_array();
    json.string(&text);
    json.number(u32::MAX);
    json.bool(true);
    json.begin_object();
    json.end_object();
    json.end_array();
    json.key("b");
    json.bool(false);
    json.end_object();
    let written = out.finish().unwrap().to_vec();
    let wanted = serde_json::json!({ text.clone(): [text, u32::MAX, true, {}], "b": false });
    assert_eq!(serde_json::from_slice::<Value>(&written).unwrap(), wanted);
    assert_eq!(read(&written), Ok(wanted));

    let plain = "ASIA\"\\/\n\u{1}é";
    let mut out = Cursor::new(&mut buffer);
    Writer::new(&mut out).string(plain);
    let ours = out.finish().unwrap();
    let mut theirs = [0; 64];
    let len = serde_json_core::to_slice(plain, &mut theirs).unwrap();
    assert_eq!(ours, &theirs[..len]);
}
