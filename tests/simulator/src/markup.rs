//! Escaping of text in JSON and XML documents.

use std::fmt::Write;

/// A JSON object with string members, indented as the metadata service does.
pub(crate) fn json_object(members: &[(&str, &str)]) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("  {} : {}", json_string(name), json_string(value)))
        .collect();
    format!("{{\n{}\n}}", members.join(",\n"))
}

fn json_string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Escapes the text of an XML element. Characters that XML does not allow are replaced.
pub(crate) fn xml_text(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            c if c.is_control() && !matches!(c, '\t' | '\n') => out.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_text_round_trips() {
        let value = "a\"b\\c\n\u{7}\u{7f}é/+=";
        let document = json_object(&[("k", value), ("l", "")]);
        let read: serde_json::Value = serde_json::from_str(&document).expect("JSON");
        assert_eq!(read["k"], value);
        assert_eq!(read["l"], "");
    }

    #[test]
    fn xml_text_contains_no_markup() {
        assert_eq!(xml_text("a<b>&\0c\r"), "a&lt;b&gt;&amp;\u{fffd}c&#13;");
    }
}
