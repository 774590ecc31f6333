//! The JSON writer: a document that is read and written again is read as the same by this crate's reader and
//! by serde_json, and contains no control character. Also trust policies: no text that is passed to them can
//! add a member.
//!
//! An input is a document, or otherwise a text that becomes the only string of a document.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::services::iam::trust;
use rolecall_core::wire::json::{Reader, Token, Writer};
use rolecall_core::wire::{BufferTooSmall, Put};
use rolecall_fuzz::put;
use serde_json::{Value, json};

fuzz_target!(|input: &[u8]| {
    let events = read(input).unwrap_or_else(|| {
        let text = String::from_utf8_lossy(input).into_owned();
        vec![Event::Open(true), Event::Key(text.clone()), Event::Str(text), Event::Close(true)]
    });
    let document = put(|out| write(&events, out));
    // In JSON, DEL is an ordinary character.
    assert!(document.iter().all(|byte| *byte >= b' '), "{}", document.escape_ascii());
    assert_eq!(read(&document).as_ref(), Some(&events));
    serde_json::from_slice::<Value>(&document).expect("serde_json accepts it");
    if let Ok(text) = str::from_utf8(input) {
        let string = put(|out| Writer::new(out).string(text));
        assert_eq!(serde_json::from_slice::<String>(&string).expect("a string"), text);
    }
    let texts = events.iter().filter_map(|one| match one {
        Event::Key(text) | Event::Str(text) => Some(text.as_str()),
        _ => None,
    });
    trust_policies(texts.chain(["", ""]));
});

/// Checks policies with the first two of `texts`.
fn trust_policies<'t>(mut texts: impl Iterator<Item = &'t str>) {
    let (Some(one), Some(two)) = (texts.next(), texts.next()) else { return };
    let account = policy(|buffer| trust::account(one, Some(two), buffer));
    let condition = json!({ "StringEquals": { "sts:ExternalId": two } });
    assert_eq!(account, allowing(json!({ "AWS": one }), "sts:AssumeRole", condition));
    let pool = policy(|buffer| trust::identity_pool(one, two, "authenticated", buffer));
    let condition = json!({
        "StringEquals": { format!("{one}:aud"): two },
        "ForAnyValue:StringLike": { format!("{one}:amr"): "authenticated" },
    });
    assert_eq!(pool, allowing(json!({ "Federated": one }), "sts:AssumeRoleWithWebIdentity", condition));
}

/// Returns what is written into a buffer of the required size.
fn policy(write: impl for<'b> Fn(&'b mut [u8]) -> Result<&'b str, BufferTooSmall>) -> Value {
    let BufferTooSmall { needed } = write(&mut []).expect_err("the buffer is empty");
    serde_json::from_str(write(&mut vec![0; needed]).expect("the buffer is large enough"))
        .expect("serde_json accepts it")
}

fn allowing(principal: Value, action: &str, condition: Value) -> Value {
    let statement =
        json!({ "Effect": "Allow", "Principal": principal, "Action": action, "Condition": condition });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

/// The calls of a writer. The flag is set for an object.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    Open(bool),
    Close(bool),
    Key(String),
    Str(String),
    Number(u32),
    Bool(bool),
}

/// Reads `document`; numbers that are not whole, and nulls, become strings.
fn read(document: &[u8]) -> Option<Vec<Event>> {
    let mut reader = Reader::new(document);
    let mut events = Vec::new();
    while let Some(token) = reader.next_token().ok()? {
        events.push(match token {
            Token::ObjectStart => Event::Open(true),
            Token::ObjectEnd => Event::Close(true),
            Token::ArrayStart => Event::Open(false),
            Token::ArrayEnd => Event::Close(false),
            Token::Key(name) => Event::Key(name.chars().collect()),
            Token::Str(text) => Event::Str(text.chars().collect()),
            Token::Number(text) => text.parse().map_or_else(|_| Event::Str(text.into()), Event::Number),
            Token::Bool(value) => Event::Bool(value),
            Token::Null => Event::Str("null".into()),
        });
    }
    Some(events)
}

fn write(events: &[Event], out: &mut dyn Put) {
    let mut writer = Writer::new(out);
    for one in events {
        match one {
            Event::Open(true) => writer.begin_object(),
            Event::Open(false) => writer.begin_array(),
            Event::Close(true) => writer.end_object(),
            Event::Close(false) => writer.end_array(),
            Event::Key(name) => writer.key(name),
            Event::Str(text) => writer.string(text),
            Event::Number(value) => writer.number(*value),
            Event::Bool(value) => writer.bool(*value),
        }
    }
}
