//! XML as read by quick-xml.

use quick_xml::events::{BytesRef, Event};
use rolecall_core::wire::{Error, Kind};

/// A step through a document, with names without prefixes, adjacent texts joined, and empty ones omitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Start(String),
    Text(String),
    End(String),
}

/// Collects the steps of a document.
#[derive(Debug, Default)]
pub struct Steps {
    steps: Vec<Step>,
    text: String,
}

impl Steps {
    pub fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub fn tag(&mut self, tag: Step) {
        if !self.text.is_empty() {
            self.steps.push(Step::Text(std::mem::take(&mut self.text)));
        }
        self.steps.push(tag);
    }

    pub fn finish(self) -> Vec<Step> {
        self.steps
    }
}

/// The steps through `document`, or `None` if quick-xml rejects it or it does not end with its root element.
pub fn steps(document: &[u8]) -> Option<Vec<Step>> {
    let mut reader = quick_xml::Reader::from_str(std::str::from_utf8(document).ok()?);
    reader.config_mut().check_comments = true;
    reader.config_mut().expand_empty_elements = true;
    let (mut steps, mut depth) = (Steps::default(), 0usize);
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                tag.attributes().with_checks(false).collect::<Result<Vec<_>, _>>().ok()?;
                steps.tag(Step::Start(local(tag.name().0)));
                depth += 1;
            }
            Event::End(tag) => {
                steps.tag(Step::End(local(tag.name().0)));
                depth -= 1;
            }
            Event::Text(text) if depth > 0 => steps.text(&text),
            Event::CData(text) => steps.text(&text),
            Event::GeneralRef(reference) => steps.text(&character(&reference)?.to_string()),
            Event::Eof => return (depth == 0).then(|| steps.finish()),
            _ => {}
        }
    }
}

/// The texts of the elements at `path`, a list of names from the root.
pub fn texts(steps: &[Step], path: &[&str]) -> Vec<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for step in steps {
        match step {
            Step::Start(name) => {
                open.push(name);
                if open == path {
                    found.push(String::new());
                }
            }
            Step::Text(text) if open == path => found.last_mut().expect("it was opened").push_str(text),
            Step::Text(_) => {}
            Step::End(_) => {
                open.pop();
            }
        }
    }
    found
}

/// Permitted difference: quick-xml does not fully check well-formedness. Checks the reason of a rejection.
pub fn is_stricter(document: &[u8], error: Error) -> bool {
    let at = document.get(error.offset..).unwrap_or_default();
    match error.kind {
        Kind::Doctype => at.starts_with(b"<!DOCTYPE"),
        Kind::ControlCharacter => at.first().is_some_and(|byte| *byte < b' '),
        // References that quick-xml does not check: in attributes, and to characters that XML does not allow.
        Kind::BadEscape => at.starts_with(b"&"),
        // A second root.
        Kind::TrailingData => at.starts_with(b"<"),
        Kind::TooDeep => at.starts_with(b"<"),
        // Names and whitespace where the grammar forbids them; text outside the root; an empty document.
        Kind::UnexpectedByte | Kind::UnexpectedEnd => true,
        _ => false,
    }
}

fn local(name: &str) -> String {
    name.split_once(':').map_or(name, |(_, local)| local).to_owned()
}

fn character(reference: &BytesRef<'_>) -> Option<char> {
    if let Some(char) = reference.resolve_char_ref().ok()? {
        return Some(char);
    }
    match &**reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}
