//! The XML reader compared with quick-xml: accepted documents are read as the same by quick-xml; documents
//! that are rejected but accepted by quick-xml have a valid reason; documents that are printed again are read
//! as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::wire::xml::{Event, MAX_DEPTH, Reader};
use rolecall_core::wire::{Count, Error, Kind};
use rolecall_fuzz::xml::{Step, Steps, is_stricter};
use rolecall_fuzz::{has_description, refused_no_earlier, text, xml};

fuzz_target!(|document: &[u8]| {
    let theirs = xml::steps(document);
    match read(document) {
        Ok(steps) => {
            assert_eq!(Some(&steps), theirs.as_ref(), "accepted");
            assert_eq!(read(print(&steps).as_bytes()), Ok(steps), "printed");
            each_text(document);
        }
        Err(error) => {
            assert!(theirs.is_none() || is_stricter(document, error), "{error}");
            has_description(error);
            // A truncated end tag may be that of another element.
            if error.kind != Kind::Mismatch {
                refused_no_earlier(document, error, |text| Some(read(text).err()?.offset));
            }
        }
    }
});

fn read(document: &[u8]) -> Result<Vec<Step>, Error> {
    let mut reader = Reader::new(document);
    let mut steps = Steps::default();
    let mut depth = 0;
    while let Some(event) = reader.next_event()? {
        match event {
            Event::Start(name) => {
                steps.tag(Step::Start(name.to_owned()));
                depth += 1;
            }
            Event::End(name) => {
                steps.tag(Step::End(name.to_owned()));
                depth -= 1;
            }
            Event::Text(written) => {
                let text = text(|out| written.put(out));
                // References to whitespace do not count as whitespace.
                assert!(!written.is_white_space() || text.trim_ascii().is_empty());
                let control = |char: char| char < ' ' && !char.is_ascii_whitespace();
                assert!(!text.contains(control), "{text:?}");
                steps.text(&text);
            }
        }
        assert_eq!(reader.depth(), depth);
        assert!(depth <= MAX_DEPTH && reader.offset() <= document.len());
    }
    Ok(steps.finish())
}

/// Checks that the text of an element is that of its events, or is rejected because of a child.
fn each_text(document: &[u8]) {
    let mut reader = Reader::new(document);
    while let Ok(Some(event)) = reader.next_event() {
        if !matches!(event, Event::Start(_)) {
            continue;
        }
        let (before, mut joined) = (reader.clone(), String::new());
        let has_child = loop {
            match reader.next_event() {
                Ok(Some(Event::Text(part))) => joined.push_str(&text(|out| part.put(out))),
                Ok(Some(Event::End(_))) => break false,
                _ => break true,
            }
        };
        let after = reader.offset();
        reader = before;
        if has_child {
            assert_eq!(reader.clone().text(&mut Count::default()).unwrap_err().kind, Kind::UnexpectedByte);
        } else {
            assert_eq!(text(|out| reader.clone().text(out).expect("only text")), joined);
            reader.text(&mut Count::default()).expect("only text");
            assert_eq!(reader.offset(), after);
        }
    }
}

fn print(steps: &[Step]) -> String {
    let mut document = String::from("<?xml version='1.0'?><!-- printed -->");
    for step in steps {
        match step {
            Step::Start(name) => document.push_str(&format!("<p:{name} a = \"&lt;'\">")),
            Step::End(name) => document.push_str(&format!("</p:{name} >")),
            Step::Text(text) => {
                for char in text.chars() {
                    match char {
                        '&' => document.push_str("&amp;"),
                        '<' => document.push_str("<![CDATA[<]]>"),
                        '>' => document.push_str("&gt;"),
                        '\'' | '"' | 'a' => document.push_str(&format!("&#{};", u32::from(char))),
                        'x' => document.push_str("&#x78;"),
                        char => document.push(char),
                    }
                }
            }
        }
    }
    document
}
