//! Bodies with invalid content, in every format.

use e2e::peer::Act;

use super::source::{Keys, SECRET, Source};
use super::table::{Row, check};

fn utf_16(text: &str, mark: bool, bytes: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
    let mark = mark.then_some('\u{feff}');
    mark.into_iter().chain(text.chars()).flat_map(|c| bytes(c as u16)).collect()
}

#[test]
fn encodings() {
    let mut rows = Vec::new();
    for source in Source::ALL {
        let text = source.document();
        // Inserts bytes into a value that is parsed.
        let with = |bytes: &[u8]| {
            let at = text.find(SECRET).expect("a secret") + 3;
            [&text.as_bytes()[..at], bytes, &text.as_bytes()[at..]].concat()
        };
        for (name, body) in [
            ("UTF-16BE", utf_16(&text, true, u16::to_be_bytes)),
            ("UTF-16LE", utf_16(&text, true, u16::to_le_bytes)),
            ("UTF-16LE without a byte order mark", utf_16(&text, false, u16::to_le_bytes)),
            ("NUL in a string", with(b"\0")),
            ("NUL after the document", [text.as_bytes(), b"\0"].concat()),
            ("invalid UTF-8", with(b"\xff")),
            ("Latin-1", with(b"\xe9")),
            ("overlong UTF-8", with(b"\xc0\xaf")),
            ("a surrogate in UTF-8", with(b"\xed\xa0\x80")),
            ("UTF-8 beyond Unicode", with(b"\xf4\x90\x80\x80")),
            ("truncated UTF-8", [text.as_bytes(), b"\xe2\x82"].concat()),
            ("empty", Vec::new()),
            ("only whitespace", b" \r\n\t".to_vec()),
            ("an HTML page", b"<html><body>busy<br></body></html>".to_vec()),
            ("half of the document", text.as_bytes()[..text.len() / 2].to_vec()),
            ("all but the last byte", text.as_bytes()[..text.len() - 1].to_vec()),
            ("a byte after the document", [text.as_bytes(), b"x"].concat()),
            ("the document twice", text.repeat(2).into_bytes()),
        ] {
            let expected = if name == "an HTML page" && source == Source::Sts {
                "AssumeRoleResponse"
            } else {
                "malformed"
            };
            rows.push(Row::new(name, source, Act::ok(body)).refused(expected));
        }
        rows.push(
            Row::new("whitespace around the document", source, Act::ok(format!("\r\n {text} \t\n"))).served(),
        );
    }
    check(rows);
}

#[test]
fn sizes() {
    let mut rows = Vec::new();
    for source in Source::ALL {
        let text = source.document();
        let long = "a".repeat(16 * 1024 * 1024);
        let secret = text.replace(SECRET, &long);
        rows.push(Row::new("16 MiB secret", source, Act::ok(secret)).refused("too long"));
        let behind = format!("{text}{}", " ".repeat(16 * 1024 * 1024));
        rows.push(Row::new("16 MiB of spaces", source, Act::ok(behind)).refused("too long"));
        // Within the limit for bodies, but more than a slot holds.
        let secret = text.replace(SECRET, &long[..20_000]);
        let row = Row::new("20,000 byte secret", source, Act::ok(secret));
        let keys = Keys { secret: long[..20_000].to_owned(), ..source.keys() };
        rows.push(row.refused("the credential slot is too small").ureq_returns(keys));
    }
    check(rows);
}
