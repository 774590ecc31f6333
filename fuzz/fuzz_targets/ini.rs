//! The parser of shared configuration files: events are parts of the file, in order; printed again they are
//! parsed as the same, with either line ending.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::wire::Error;
use rolecall_core::wire::ini::{Event, Reader, sub_property};
use rolecall_fuzz::has_description;

fuzz_target!(|file: &[u8]| {
    let mut reader = Reader::new(file);
    let mut last = 0;
    let events = loop {
        match reader.next_event() {
            Ok(Some(event)) => check(file, event, &mut last),
            Ok(None) => break read(file).ok(),
            Err(error) => {
                assert!(error.offset <= file.len() && error.offset <= reader.offset());
                has_description(error);
                break None;
            }
        }
        assert!(reader.offset() <= file.len());
    };
    // After an error, the reader continues to the end.
    for _ in 0..=file.len() {
        if reader.next_event() == Ok(None) {
            break;
        }
    }
    assert_eq!(reader.next_event(), Ok(None));
    let Some(events) = events else { return };
    assert_eq!(read(print(&events, "\n").as_bytes()).as_ref(), Ok(&events));
    assert_eq!(read(print(&events, "\r\n").as_bytes()).as_ref(), Ok(&events));
});

/// An owned event.
#[derive(Debug, PartialEq, Eq)]
enum OwnedEvent {
    Section(String),
    Property(String, String),
    Continuation(String),
}

fn read(file: &[u8]) -> Result<Vec<OwnedEvent>, Error> {
    let mut reader = Reader::new(file);
    let mut events = Vec::new();
    while let Some(event) = reader.next_event()? {
        events.push(match event {
            Event::Section(name) => OwnedEvent::Section(name.to_owned()),
            Event::Property { name, value } => OwnedEvent::Property(name.to_owned(), value.to_owned()),
            Event::Continuation(text) => OwnedEvent::Continuation(text.to_owned()),
        });
    }
    Ok(events)
}

fn print(events: &[OwnedEvent], end: &str) -> String {
    let mut file = String::new();
    for event in events {
        match event {
            OwnedEvent::Section(name) => file.push_str(&format!("[{name}]{end}")),
            // After a space, a value that starts with `#` would be a comment.
            OwnedEvent::Property(name, value) => file.push_str(&format!("{name}={value}{end}")),
            OwnedEvent::Continuation(text) => file.push_str(&format!("  {text}{end}")),
        }
    }
    file
}

/// Checks that each text is a part of the file, after the previous one, trimmed, without control characters.
fn check(file: &[u8], event: Event<'_>, last: &mut usize) {
    let mut part = |text: &str| {
        if text.is_empty() {
            return;
        }
        let start = (text.as_ptr() as usize).checked_sub(file.as_ptr() as usize).expect("in the file");
        assert_eq!(file.get(start..start + text.len()), Some(text.as_bytes()));
        assert!(start >= *last, "in order");
        *last = start + text.len();
        assert_eq!(text.trim_ascii(), text);
        assert!(!text.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t'));
    };
    match event {
        Event::Section(name) => part(name),
        Event::Property { name, value } => {
            assert!(!name.is_empty() && !name.contains('='));
            part(name);
            part(value);
        }
        Event::Continuation(text) => {
            assert!(!text.is_empty());
            part(text);
            if let Some((name, value)) = sub_property(text) {
                assert!(!name.is_empty() && !name.contains('=') && text.contains(value));
            }
        }
    }
}
