//! Requests that a seed decides. What `s3s` reads in another way than S3 does, or than the core, is left out, each with a
//! line that says so.

use rolecall_core::sigv4::Payload;
use rolecall_core::wire::Cursor;
use rolecall_core::wire::percent::{self, Keep};

use super::generator::Draw;
use super::sent::Sent;

/// Characters of keys, parameters and headers: those that S3 calls safe, to be encoded, and to be avoided, and some of two
/// to four bytes. Unicode spaces are left out: `s3s` folds them in headers.
const CHARACTERS: &str =
    "abkzAQZ0379-._~//.. !\"#$%&'()*+,:;<=>?@[\\]^`{|}\u{7}\u{7f}\u{e9}\u{df}\u{6f22}\u{1f600}";
/// Characters of a path that need not be encoded. `s3s` decodes and encodes a path before it compares, and compares the one
/// that was sent only if it has one of these; the core signs it as sent. So all escapes of a path are in upper case, and
/// none is of a character that may stay.
const IN_PATH: &str = "/!$&'()*+,;=:@";
/// Those of a query. A `+` is left out, which is a space to `s3s`, and a `;`: the core refuses both.
const IN_QUERY: &str = "!$'()*,:@/?";
/// What is kept in a name.
const IN_NAMES: &[&str] = &["", IN_QUERY];
/// What is kept in a value.
const IN_VALUES: &[&str] = &["", IN_QUERY, "="];
const SEPARATORS: &[&str] = &["&", "&", "&&"];
const SPACES: &[&str] = &["", " ", "  ", "\t", " \t  "];
/// Names of parameters. One named `Signature` is left out: to `s3s`, it is a signature of version 2.
const PARAMETERS: &[&str] =
    &["versionId", "prefix", "uploads", "partNumber", "x-id", "response-content-type", "acl"];
const HEADERS: &[&str] = &[
    "x-amz-meta-a",
    "x-amz-meta-a-b",
    "X-Amz-Meta-Note",
    "x-amz-acl",
    "Content-Type",
    "Content-MD5",
    "Cache-Control",
    "If-Match",
    "Range",
    "User-Agent",
    "x",
    "Z-Last",
];

/// A signed request.
pub(super) struct Drawn {
    pub(super) sent: Sent,
    /// Whether the signature covers the body.
    pub(super) hashed: bool,
}

/// Draws a request and signs it.
pub(super) fn request(draw: &mut Draw) -> Drawn {
    let method = one_of(&["GET", "PUT", "HEAD", "DELETE"], draw);
    let (kept, key) = (one_of(&["/", IN_PATH], draw), text(draw, 24));
    let mut target = format!("/rolecall/{}", encode(&key, kept, false, draw));
    let query = query(draw);
    if !query.is_empty() || draw.below(8) == 0 {
        target = format!("{target}?{query}");
    }
    let mut lines = Vec::new();
    for _ in 0..draw.below(7) {
        lines.push((one_of(HEADERS, draw).to_owned(), value(draw)));
    }
    let host = one_of(&["s3.eu-west-1.amazonaws.com", "localhost:9000"], draw);
    lines.insert(draw.below(lines.len() + 1), ("Host".to_owned(), host.into()));
    let len = if method == "PUT" { draw.below(200) } else { 0 };
    let body: Vec<u8> = (0..len).map(|_| draw.below(256) as u8).collect();
    let token: String = text(draw, 40).chars().filter(char::is_ascii_graphic).collect();
    let token = Some(token).filter(|token| !token.is_empty() && draw.below(2) == 0);
    let lifetime = (draw.below(3) == 0).then(|| 1 + draw.below(604_800) as u32);
    // To `s3s`, as to S3, the payload of a presigned URL is never signed.
    let hashed = lifetime.is_none() && draw.below(3) > 0;
    let payload = if hashed { Payload::Bytes(&body) } else { Payload::Unsigned };
    let mut sent = Sent { method, target, lines, body: body.clone() };
    sent.sign(token.as_deref(), payload, lifetime);
    Drawn { sent, hashed }
}

fn text(draw: &mut Draw, most: usize) -> String {
    let count = CHARACTERS.chars().count();
    (0..draw.below(most + 1)).filter_map(|_| CHARACTERS.chars().nth(draw.below(count))).collect()
}

/// Encodes all but unreserved characters and those `kept`; some escapes in lower case if `mixed`.
fn encode(text: &str, kept: &str, mixed: bool, draw: &mut Draw) -> String {
    let mut encoded = String::new();
    for character in text.chars() {
        let mut buffer = [0; 12];
        let mut out = Cursor::new(&mut buffer);
        percent::encode(character.encode_utf8(&mut [0; 4]).as_bytes(), Keep::Unreserved, &mut out);
        let escaped = std::str::from_utf8(out.finish().expect("room")).expect("text");
        match escaped.as_bytes() {
            _ if kept.contains(character) => encoded.push(character),
            [_, _, ..] if mixed && draw.below(2) == 0 => encoded.push_str(&escaped.to_lowercase()),
            _ => encoded.push_str(escaped),
        }
    }
    encoded
}

fn one_of<'t>(choices: &[&'t str], draw: &mut Draw) -> &'t str {
    choices[draw.below(choices.len())]
}

fn escape(text: &str, kept: &[&str], draw: &mut Draw) -> String {
    let kept = one_of(kept, draw);
    encode(text, kept, true, draw)
}

fn query(draw: &mut Draw) -> String {
    let mut names = Vec::new();
    let mut query = String::new();
    for _ in 0..draw.below(6) {
        let listed = draw.below(2) == 0;
        let name = if listed { one_of(PARAMETERS, draw).to_owned() } else { text(draw, 5) };
        if names.contains(&name) {
            continue;
        }
        // S3 sorts the values of one name, and `s3s` leaves them as they are: here they are sorted.
        let mut value = text(draw, 12);
        for _ in 0..1 + draw.below(5) / 4 {
            query.push_str(&escape(&name, IN_NAMES, draw));
            if !value.is_empty() || draw.below(2) == 0 {
                query.push('=');
                query.push_str(&escape(&value, IN_VALUES, draw));
            }
            query.push_str(one_of(SEPARATORS, draw));
            value.push('k');
        }
        names.push(name);
    }
    if draw.below(4) > 0 {
        query.truncate(query.trim_end_matches('&').len());
    }
    query
}

/// Draws the value of a header, with odd spaces in it and around it. Values and escapes that are not UTF-8 are left out:
/// `s3s` ignores such a header, and replaces or refuses such an escape.
fn value(draw: &mut Draw) -> Vec<u8> {
    let mut value = String::new();
    for _ in 0..draw.below(5) {
        value.push_str(one_of(SPACES, draw));
        value.extend(text(draw, 6).chars().filter(|character| !character.is_control()));
    }
    value.push_str(one_of(SPACES, draw));
    value.into_bytes()
}
