//! JSON documents of credentials, in memory of known size, which is wiped.

#[cfg(any(feature = "profiles", feature = "setup"))]
use rolecall::core::wire::json::Writer;
use serde_core::ser::{Serialize, SerializeStruct, Serializer};
use zeroize::Zeroizing;

#[cfg(any(feature = "profiles", feature = "setup"))]
use crate::sink::Sink;

/// Texts by name. Absent ones are left out.
type Texts<'a> = &'a [(&'static str, Option<&'a str>)];

struct Object<'a> {
    version: Option<u8>,
    texts: Texts<'a>,
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("Object", self.texts.len() + 1)?;
        if let Some(version) = self.version {
            document.serialize_field("Version", &version)?;
        }
        for (name, text) in self.texts {
            if let Some(text) = text {
                document.serialize_field(name, text)?;
            }
        }
        document.end()
    }
}

/// One object of `Version`, if there is one, and of these texts.
pub(crate) fn object(version: Option<u8>, texts: Texts<'_>) -> Zeroizing<Vec<u8>> {
    let len: usize =
        texts.iter().map(|(name, text)| name.len() + written(text.unwrap_or_default()) + 6).sum();
    // Besides the texts: the braces, the version, and a line end.
    let mut buffer = Zeroizing::new(vec![0; len + 32]);
    let len = serde_json_core::to_slice(&Object { version, texts }, &mut buffer);
    let len = len.expect("the buffer is large enough");
    buffer.truncate(len);
    buffer
}

/// A list of objects of texts by name. Empty ones are left out.
#[cfg(any(feature = "profiles", feature = "setup"))]
pub(crate) fn list<'a, const N: usize>(rows: impl Iterator<Item = [(&'static str, &'a str); N]>) -> Sink {
    let mut text = Sink::default();
    let mut out = Writer::new(&mut text);
    out.begin_array();
    for row in rows {
        out.begin_object();
        for (name, value) in row {
            if !value.is_empty() {
                out.key(name);
                out.string(value);
            }
        }
        out.end_object();
    }
    out.end_array();
    text.0.push(b'\n');
    text
}

/// The length of a text between its quotes, at most.
fn written(text: &str) -> usize {
    text.bytes()
        .map(|byte| {
            if byte < b' ' {
                6
            } else if b"\"\\".contains(&byte) {
                2
            } else {
                1
            }
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_is_large_enough_for_every_text() {
        for text in ["", "\"\\\"", "\u{1}\u{1f}\n\t\u{7f}", "ü€🦀/<>&'", &"\\".repeat(5000)] {
            let object = object(Some(1), &[("A", Some(text)), ("B", None), ("C", Some(text))]);
            assert!(object.starts_with(b"{\"Version\":1,\"A\":\""), "{text:?}");
            assert!(object.ends_with(b"\"}"), "{text:?}");
        }
    }
}
