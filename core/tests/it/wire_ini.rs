//! The parser of shared configuration files.

use rolecall_core::wire::ini::{Event, Reader, sub_property};
use rolecall_core::wire::{Error, Kind};

/// All events, each as a short text.
fn read(file: &[u8]) -> Result<Vec<String>, Error> {
    let mut reader = Reader::new(file);
    let mut events = Vec::new();
    while let Some(event) = reader.next_event()? {
        events.push(match event {
            Event::Section(name) => format!("[{name}]"),
            Event::Property { name, value } => format!("{name}={value}"),
            Event::Continuation(text) => format!("+{text}"),
        });
    }
    Ok(events)
}

fn refused(file: &[u8]) -> (usize, Kind) {
    let error = read(file).expect_err("an error");
    (error.offset, error.kind)
}

#[test]
fn sections_properties_and_continuations_are_returned_in_order() {
    let file = b"[default]\nregion = eu-west-1\r\n[ profile\tbuild ] # CI\n\nname= a=b\n  more \n\ts3 =1\n";
    let events = read(file).unwrap();
    assert_eq!(events, ["[default]", "region=eu-west-1", "[profile\tbuild]", "name=a=b", "+more", "+s3 =1"]);
}

#[test]
fn a_comment_needs_a_preceding_space_and_ends_no_continuation() {
    let file = b"[p]; x\n  # zero\na = 1 # one\nb = 2# two\nc = ; three\n d = 4 ; four\n; five\n\t; six\n";
    let events = read(file).unwrap();
    assert_eq!(events, ["[p]", "a=1", "b=2# two", "c=", "+d = 4 ; four"]);
}

#[test]
fn sub_properties_are_split() {
    assert_eq!(sub_property("endpoint_url=http://a/?b=c"), Some(("endpoint_url", "http://a/?b=c")));
    assert_eq!(sub_property("name = "), Some(("name", "")));
    assert_eq!(sub_property(" = value"), None);
    assert_eq!(sub_property("name"), None);
}

#[test]
fn syntax_errors_are_reported_with_their_offset() {
    assert_eq!(refused(b"a = 1"), (0, Kind::MissingSection));
    assert_eq!(refused(b"# x\n more"), (4, Kind::MissingSection));
    assert_eq!(refused(b"[p]\n more"), (4, Kind::MissingProperty));
    assert_eq!(refused(b"[p]\na = 1\n[q]\n more"), (14, Kind::MissingProperty));
    assert_eq!(refused(b"[p\n]"), (2, Kind::UnclosedSection));
    assert_eq!(refused(b"[p] q"), (3, Kind::UnexpectedByte));
    assert_eq!(refused(b"[p]\n = 1"), (4, Kind::MissingProperty));
    assert_eq!(refused(b"[p]\n= 1"), (4, Kind::MissingName));
    assert_eq!(refused(b"[p]\na : 1"), (4, Kind::MissingEquals));
    assert_eq!(refused(b"[p]\na =\n b"), (8, Kind::MissingEquals));
    assert_eq!(refused(b"[p]\na =\n = b"), (8, Kind::MissingName));
    assert_eq!(refused(b"[p]\na =  b\x07c"), (10, Kind::ControlCharacter));
    assert_eq!(refused(b"[p]\na = 1\n  b\x07"), (13, Kind::ControlCharacter));
    assert_eq!(refused(b"[p]\n\x0ca = 1"), (4, Kind::ControlCharacter));
    assert_eq!(refused(b"[p]\na = 1\r\r\n"), (9, Kind::ControlCharacter));
    assert_eq!(refused(b"[p]\na = \xff"), (8, Kind::NotUtf8));
    assert_eq!(refused(b"[p]\na = \xff\x07"), (8, Kind::NotUtf8));
}

#[test]
fn comments_may_have_any_encoding_and_a_byte_order_mark_is_skipped() {
    assert_eq!(read(b"\xef\xbb\xbf[p]\n# caf\xe9\na = 1 # \xff\n").unwrap(), ["[p]", "a=1"]);
    assert_eq!(refused(b"\xef\xbb\xbfa = 1"), (3, Kind::MissingSection));
}

#[test]
fn parsing_continues_with_the_line_after_an_error() {
    let mut reader = Reader::new(b"[p]\nno equals\na = 1");
    assert_eq!(reader.next_event(), Ok(Some(Event::Section("p"))));
    assert!(reader.next_event().is_err());
    assert_eq!(reader.next_event(), Ok(Some(Event::Property { name: "a", value: "1" })));
    assert_eq!(reader.next_event(), Ok(None));
}
