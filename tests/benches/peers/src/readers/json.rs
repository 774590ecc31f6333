//! JSON, and `serde_json`.

use rolecall_core::wire::Cursor;
use rolecall_core::wire::json::{Reader, Token, member};
use serde::Deserialize;

use super::{Document, Format, escaped, token};

const NAMES: [&str; 7] =
    ["Code", "LastUpdated", "Type", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"];

/// The credentials of an instance, an array of them, and large objects and strings; and strings with escapes.
pub(crate) fn format() -> Format {
    let one = credentials();
    let array = format!("[{}]", vec![one.as_str(); 100].join(","));
    let pair = |text: &str| format!(r#"{{"AccessKeyId":"{text}","Token":"{text}"}}"#);
    let document = |name, small, text, ours, theirs| Document { name, small, text, ours, theirs };
    let documents = vec![
        document("credentials", true, one, fields, |text| read::<Credentials<'_>>(text)),
        document("array of 100", false, array, fields, |text| read::<Vec<Credentials<'_>>>(text)),
        document("object of 1,000", false, object(), last, |text| read::<Last<'_>>(text)),
        document("64 KiB strings", false, pair(&token(65_536)), fields, |text| read::<Credentials<'_>>(text)),
        document("with escapes", true, pair(&escaped(655, r"\/")), fields, owned),
        document("with escapes, 64 KiB", false, pair(&escaped(65_536, r"\/")), fields, owned),
    ];
    Format { name: "JSON", peer: "serde_json", documents }
}

/// The document of the instance metadata service, of 1,350 bytes.
fn credentials() -> String {
    let with = |token: &str| {
        format!(
            "{{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"2026-03-01T11:58:12Z\",\n  \"Type\" : \"AWS-HMAC\",\n  \
             \"AccessKeyId\" : \"ASIAROLECALLEXAMPLE0\",\n  \
             \"SecretAccessKey\" : \"rolecall+benches/measure=what+it/costs==\",\n  \"Token\" : \"{token}\",\n  \
             \"Expiration\" : \"2026-03-01T18:21:12Z\"\n}}"
        )
    };
    with(&token(1350 - with("").len()))
}

fn object() -> String {
    let members: Vec<String> =
        (0..1000).map(|number| format!(r#""member{number:04}":"{}""#, token(120))).collect();
    format!("{{{}}}", members.join(","))
}

/// Copies the fields of each object to the front of the buffer, escapes resolved.
fn fields(document: &[u8], buffer: &mut [u8]) -> usize {
    let mut reader = Reader::new(document);
    let (mut read, mut wanted) = (0, false);
    let mut out = Cursor::new(&mut *buffer);
    while let Some(token) = reader.next_token().expect("well-formed") {
        match token {
            Token::Key(key) => wanted = NAMES.iter().any(|name| key.is(name)),
            Token::Str(text) if wanted => text.put(&mut out),
            Token::ObjectEnd => {
                read += out.finish().expect("it fits").len();
                out = Cursor::new(&mut *buffer);
            }
            _ => {}
        }
    }
    read
}

/// Finds a member, and validates all.
fn last(document: &[u8], buffer: &mut [u8]) -> usize {
    let value = member(document, "member0999").expect("well-formed");
    let text = value.and_then(|value| value.as_str()).expect("a string");
    text.decode(buffer).expect("it fits").len()
}

/// What `serde_json` reads.
trait Fields {
    /// The bytes of the fields.
    fn len(&self) -> usize;
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Credentials<'a> {
    code: &'a str,
    last_updated: &'a str,
    r#type: &'a str,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    token: &'a str,
    expiration: &'a str,
}

impl Fields for Credentials<'_> {
    fn len(&self) -> usize {
        let first = [self.code, self.last_updated, self.r#type, self.expiration];
        let second = [self.access_key_id, self.secret_access_key, self.token];
        first.iter().chain(&second).map(|field| field.len()).sum()
    }
}

impl Fields for Vec<Credentials<'_>> {
    fn len(&self) -> usize {
        self.iter().map(Fields::len).sum()
    }
}

#[derive(Deserialize)]
struct Last<'a> {
    member0999: &'a str,
}

impl Fields for Last<'_> {
    fn len(&self) -> usize {
        self.member0999.len()
    }
}

/// Fields that have escapes, which cannot be borrowed.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Owned {
    access_key_id: String,
    token: String,
}

fn read<'a, T: Deserialize<'a> + Fields>(document: &'a [u8]) -> usize {
    serde_json::from_slice::<T>(document).expect("well-formed").len()
}

fn owned(document: &[u8]) -> usize {
    let read: Owned = serde_json::from_slice(document).expect("well-formed");
    read.access_key_id.len() + read.token.len()
}
