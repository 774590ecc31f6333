//! The JSON writer: what a document says, written anew, is read as the same by this crate's reader
//! and by serde_json, and holds no control character. So with a trust policy: no text that it is told
//! becomes a member of its own.
//!
//! An input is a document, or else a text that becomes the one string of one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::services::iam::trust;
use rolecall_core::wire::json::{Reader, Token, Writer};
use rolecall_core::wire::{BufferTooSmall, Put};
use rolecall_fuzz::put;
use serde_json::{Value, json};

fuzz_target!(|input: &[u8]| {
    let said = read(input).unwrap_or_else(|| {
        let text = String::from_utf8_lossy(input).into_owned();
        vec![Said::Open(true), Said::Key(text.clone()), Said::Str(text), Said::Close(true)]
    });
    let document = put(|out| write(&said, out));
    // JSON counts DEL as a character like any other.
    assert!(document.iter().all(|byte| *byte >= b' '), "{}", document.escape_ascii());
    assert_eq!(read(&document).as_ref(), Some(&said));
    serde_json::from_slice::<Value>(&document).expect("serde_json reads it");
    if let Ok(text) = str::from_utf8(input) {
        let string = put(|out| Writer::new(out).string(text));
        assert_eq!(serde_json::from_slice::<String>(&string).expect("a string"), text);
    }
    let texts = said.iter().filter_map(|one| match one {
        Said::Key(text) | Said::Str(text) => Some(text.as_str()),
        _ => None,
    });
    trust_policies(texts.chain(["", ""]));
});

/// Policies that are told the first two of `texts`.
fn trust_policies<'t>(mut texts: impl Iterator<Item = &'t str>) {
    let (Some(one), Some(two)) = (texts.next(), texts.next()) else { return };
    let account = policy(|buffer| trust::account(one, Some(two), buffer));
    let said_by = json!({ "StringEquals": { "sts:ExternalId": two } });
    assert_eq!(account, allowing(json!({ "AWS": one }), "sts:AssumeRole", said_by));
    let pool = policy(|buffer| trust::identity_pool(one, two, "authenticated", buffer));
    let of_pool = json!({
        "StringEquals": { format!("{one}:aud"): two },
        "ForAnyValue:StringLike": { format!("{one}:amr"): "authenticated" },
    });
    assert_eq!(pool, allowing(json!({ "Federated": one }), "sts:AssumeRoleWithWebIdentity", of_pool));
}

/// What is written into as many bytes as it asks for.
fn policy(write: impl for<'b> Fn(&'b mut [u8]) -> Result<&'b str, BufferTooSmall>) -> Value {
    let BufferTooSmall { needed } = write(&mut []).expect_err("there is no room");
    serde_json::from_str(write(&mut vec![0; needed]).expect("there is room")).expect("serde_json reads it")
}

fn allowing(principal: Value, action: &str, condition: Value) -> Value {
    let statement =
        json!({ "Effect": "Allow", "Principal": principal, "Action": action, "Condition": condition });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

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
    while let Some(token) = reader.next_token().ok()? {
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
