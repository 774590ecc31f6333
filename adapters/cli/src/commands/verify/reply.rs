//! What a service says that it computed, and where that differs.

use rolecall::core::wire::json::{Token, member};
use rolecall::core::wire::xml::{Event, Reader};

use crate::sink::Sink;

/// Canonical request and string to sign, as a service computed them.
#[derive(Default)]
pub(super) struct Theirs {
    pub(super) canonical: Option<String>,
    pub(super) string_to_sign: Option<String>,
}

impl Theirs {
    /// Reads an error document: S3 has elements for them, the others have them in the message.
    pub(super) fn read(document: &[u8]) -> Self {
        let mut theirs = Self::default();
        let message = if document.trim_ascii_start().starts_with(b"{") {
            ["message", "Message", "errorMessage"].iter().find_map(|name| string(document, name))
        } else {
            theirs.read_xml(document)
        };
        let message = message.unwrap_or_default().replace("\r\n", "\n");
        let canonical = between(&message, "The Canonical String for this request should have been\n'", "'\n");
        theirs.canonical = theirs.canonical.or(canonical);
        // Nothing follows it.
        let string_to_sign = between(&message, "The String-to-Sign should have been\n'", "'");
        theirs.string_to_sign = theirs.string_to_sign.or(string_to_sign);
        theirs
    }

    /// Takes the elements of S3, and returns the message.
    fn read_xml(&mut self, document: &[u8]) -> Option<String> {
        let (mut reader, mut message) = (Reader::new(document), None);
        while let Ok(Some(event)) = reader.next_event() {
            let Event::Start(name) = event else { continue };
            let place = match name {
                "CanonicalRequest" => &mut self.canonical,
                "StringToSign" => &mut self.string_to_sign,
                "Message" => &mut message,
                _ => continue,
            };
            let mut text = Sink::default();
            if reader.text(&mut text).is_ok() {
                *place = Some(String::from_utf8_lossy(&text.0).into_owned());
            }
        }
        message
    }
}

fn string(document: &[u8], name: &str) -> Option<String> {
    let token: Option<Token<'_>> = member(document, name).ok()?;
    let mut text = Sink::default();
    token?.as_str()?.put(&mut text);
    String::from_utf8(text.0.to_vec()).ok()
}

fn between(text: &str, start: &str, end: &str) -> Option<String> {
    let rest = text.split_once(start)?.1;
    Some(rest.split_once(end).map_or(rest, |(found, _)| found).to_owned())
}

/// The first line that differs: its number, ours and theirs.
pub(super) fn difference<'a>(ours: &'a str, theirs: &'a str) -> Option<(usize, &'a str, &'a str)> {
    let (mut ours, mut theirs) = (ours.split('\n'), theirs.split('\n'));
    let mut number = 0;
    loop {
        number += 1;
        match (ours.next(), theirs.next()) {
            (None, None) => return None,
            (ours, theirs) if ours == theirs => {}
            (ours, theirs) => {
                return Some((number, ours.unwrap_or("(no line)"), theirs.unwrap_or("(no line)")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both shapes, with the text escaped as each is.
    #[test]
    fn replies_have_the_texts_in_elements_or_in_the_message() {
        let s3 = b"<?xml version=\"1.0\"?><Error><Code>SignatureDoesNotMatch</Code><Message>no</Message>\
            <StringToSign>A\nB</StringToSign><CanonicalRequest>GET\n/\na=1&amp;b\n</CanonicalRequest></Error>";
        let message = "The request signature we calculated does not match.\n\n\
            The Canonical String for this request should have been\n'GET\n/\na=1&b\n'\n\n\
            The String-to-Sign should have been\n'A\nB'\n";
        let sts = format!("<R><Error><Message>{}</Message></Error></R>", message.replace('&', "&amp;"));
        let json = format!("{{\"__type\":\"x\",\"message\":\"{}\"}}", message.replace('\n', "\\n"));
        for document in [&s3[..], sts.as_bytes(), json.as_bytes()] {
            let theirs = Theirs::read(document);
            assert_eq!(theirs.canonical.as_deref(), Some("GET\n/\na=1&b\n"));
            assert_eq!(theirs.string_to_sign.as_deref(), Some("A\nB"));
        }
        for other in [&b""[..], b"<", b"{", b"<Error><Message>denied</Message></Error>", b"{\"message\":3}"] {
            let theirs = Theirs::read(other);
            assert!(theirs.canonical.is_none() && theirs.string_to_sign.is_none());
        }
    }

    #[test]
    fn the_first_line_that_differs_is_found() {
        assert_eq!(difference("a\nb", "a\nb"), None);
        assert_eq!(difference("a\nb\nc", "a\nx\nd"), Some((2, "b", "x")));
        assert_eq!(difference("a\nb", "a"), Some((2, "b", "(no line)")));
        assert_eq!(difference("", "a"), Some((1, "", "a")));
    }
}
