//! HTTP heads: every split finds their end; accepted heads are read as the same by httparse; heads that are
//! rejected but accepted by httparse have one of the reasons listed here; the framing is that of a reference
//! implementation; a request head that is written again is read as the same.
//!
//! The first byte of an input seeds the splits, the rest is the stream.

#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use rolecall_core::wire::http1::{
    Framing, HeadWriter, Headers, RequestHead, ResponseHead, head_len, is_header_name, is_header_value,
};
use rolecall_core::wire::{Error, Kind, Put};
use rolecall_fuzz::{has_description, pieces, put, refused_no_earlier};

type Lines = Vec<(String, Vec<u8>)>;

fuzz_target!(|input: &[u8]| {
    let [seed, stream @ ..] = input else { return };
    let end = head_len(stream, 0);
    assert_eq!(end, stream.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4));
    assert_eq!(head_len(stream, stream.len() + 4), None, "everything was searched");
    assert_eq!(found(stream, || 1), end, "byte by byte");
    assert_eq!(found(stream, pieces(*seed)), end, "in pieces");
    let head = &stream[..end.unwrap_or(stream.len())];
    response(head);
    response(stream);
    request(head);
    anything_written(head);
});

/// The position of the end of the head if the stream arrives in pieces.
fn found(stream: &[u8], mut piece: impl FnMut() -> usize) -> Option<usize> {
    let mut received = 0;
    while received < stream.len() {
        let searched = received;
        received = stream.len().min(received + piece());
        if let Some(end) = head_len(&stream[..received], searched) {
            return Some(end);
        }
    }
    None
}

fn response(head: &[u8]) {
    let theirs = their_response(head);
    match ResponseHead::parse(head) {
        Ok(ours) => {
            let lines = lines(ours.headers);
            assert_eq!(theirs, Some((ours.minor, ours.status, lines.clone())));
            framing(&ours, &lines);
        }
        Err(error) => {
            assert!(theirs.is_none() || is_stricter(head, error), "{error}: {}", head.escape_ascii());
            refused_no_earlier(head, error, |text| Some(ResponseHead::parse(text).err()?.offset));
        }
    }
}

fn their_response(head: &[u8]) -> Option<(u8, u16, Lines)> {
    let mut headers = room(head);
    let mut response = httparse::Response::new(&mut headers);
    if response.parse(head).ok()? != httparse::Status::Complete(head.len()) {
        return None;
    }
    let lines = response.headers.iter().map(|line| (line.name.to_owned(), line.value.to_vec()));
    Some((response.version?, response.code?, lines.collect()))
}

/// Space for as many header lines as there are lines.
fn room(head: &[u8]) -> Vec<httparse::Header<'_>> {
    vec![httparse::EMPTY_HEADER; head.iter().filter(|byte| **byte == b'\n').count()]
}

/// Permitted differences: httparse accepts bare line feeds, empty lines before the head, any three digits
/// as a status, and characters that are not allowed in a name or a reason.
fn is_stricter(head: &[u8], error: Error) -> bool {
    let byte = head.get(error.offset).copied();
    match error.kind {
        Kind::BadNumber => byte == Some(b'0'),
        Kind::UnexpectedByte => {
            let before_the_head = error.offset == 0 && matches!(byte, Some(b'\r' | b'\n'));
            let in_a_line = head[..error.offset].contains(&b' ');
            before_the_head || in_a_line
        }
        // A head that ends with a bare line feed.
        Kind::UnexpectedEnd => !head.ends_with(b"\r\n\r\n"),
        _ => false,
    }
}

fn lines(headers: Headers<'_>) -> Lines {
    let lines: Lines = headers.iter().map(|(name, value)| (name.to_owned(), value.to_vec())).collect();
    let mut names = BTreeSet::new();
    for (name, value) in &lines {
        assert!(is_header_name(name) && is_header_value(value));
        // Each search reads every line, and there may be a thousand lines with the same name.
        if !names.insert(name) {
            continue;
        }
        let mut same = lines.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        assert!(headers.all(&name.to_ascii_uppercase()).eq(same.clone().map(|(_, value)| &**value)));
        let first = same.next().map(|(_, value)| &**value);
        assert_eq!(headers.get(name), first);
        let plain = first.filter(|value| !value.iter().any(|byte| *byte > b'~'));
        assert_eq!(headers.text(name).map(str::as_bytes), plain);
    }
    assert_eq!(headers.get("no-such-header"), None);
    lines
}

/// Checks the framing and the persistence of the connection according to RFC 9112.
fn framing(head: &ResponseHead<'_>, lines: &Lines) {
    let values = |name: &str| -> Vec<String> {
        let named = lines.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        named.map(|(_, value)| String::from_utf8_lossy(value).to_ascii_lowercase()).collect()
    };
    let split = |values: Vec<String>| -> Vec<String> {
        values.iter().flat_map(|value| value.split(',')).map(|part| part.trim_ascii().to_owned()).collect()
    };
    let (codings, lengths) = (values("transfer-encoding"), split(values("content-length")));
    let digits = |text: &String| text.bytes().all(|byte| byte.is_ascii_digit());
    let numbers: Option<Vec<u64>> =
        lengths.iter().map(|text| text.parse().ok().filter(|_| digits(text))).collect();
    let one = numbers.filter(|numbers| numbers.windows(2).all(|pair| pair[0] == pair[1]));
    let expected = match (head.status, one) {
        (100..200 | 204 | 304, _) => Some(Framing::Length(0)),
        (_, None) => None,
        (_, Some(numbers)) => match (&codings[..], numbers.first()) {
            ([], Some(length)) => Some(Framing::Length(*length)),
            ([], None) => Some(Framing::Close),
            ([coding], None) if coding == "chunked" && head.minor == 1 => Some(Framing::Chunked),
            _ => None,
        },
    };
    assert_eq!(head.framing().ok(), expected);
    if let Err(error) = head.framing() {
        assert!(matches!(error.kind, Kind::BadNumber | Kind::AmbiguousLength));
        has_description(error);
    }
    let connection = split(values("connection"));
    let has = |what: &str| connection.iter().any(|word| word == what);
    assert_eq!(head.keeps_alive(), if head.minor == 1 { !has("close") } else { has("keep-alive") });
}

fn request(head: &[u8]) {
    match RequestHead::parse(head) {
        Ok(ours) => {
            let written = lines(ours.headers);
            let mut headers = room(head);
            let mut theirs = httparse::Request::new(&mut headers);
            // Permitted difference: httparse requires the empty line.
            if head.ends_with(b"\r\n\r\n") {
                assert_eq!(theirs.parse(head), Ok(httparse::Status::Complete(head.len())));
                assert_eq!((theirs.method, theirs.path), (Some(ours.method), Some(ours.target)));
            }
            let printed = put(|out| print(&ours, &written, out));
            let again = RequestHead::parse(&printed).expect("a written head is valid");
            assert_eq!(
                (again.method, again.target, lines(again.headers)),
                (ours.method, ours.target, written)
            );
        }
        Err(error) => {
            refused_no_earlier(head, error, |text| Some(RequestHead::parse(text).err()?.offset));
        }
    }
}

fn print(head: &RequestHead<'_>, lines: &Lines, mut out: &mut dyn Put) {
    // The target in two parts, as a base path and the rest.
    let (half, _) = head.target.char_indices().nth(head.target.chars().count() / 2).expect("not empty");
    let (base, below) = head.target.split_at(half);
    let mut writer = HeadWriter::new(&mut out, head.method, &[base, below]);
    for (name, value) in lines {
        writer.header(name, value);
    }
    writer.finish().expect("a parsed head can be written");
}

/// Any input to the writer is rejected, or read as exactly that.
fn anything_written(text: &[u8]) {
    let Some(colon) = text.iter().position(|byte| *byte == b':') else { return };
    let (name, value) = (String::from_utf8_lossy(&text[..colon]), &text[colon + 1..]);
    let mut written = Ok(());
    let head = with(|out| {
        let mut writer = HeadWriter::new(out, "GET", &["/"]);
        writer.header(&name, value);
        written = writer.finish();
    });
    let valid = is_header_name(&name) && is_header_value(value);
    assert_eq!(written.is_ok(), valid);
    let read = RequestHead::parse(&head).expect("a valid head, even without the header");
    let expected = valid.then(|| (name.clone().into_owned(), value.trim_ascii().to_vec()));
    assert_eq!(lines(read.headers), Vec::from_iter(expected));

    let (method, target) = (name, String::from_utf8_lossy(value));
    let head = with(|out| written = HeadWriter::new(out, &method, &[&target]).suspend());
    match written {
        Ok(()) => {
            let read = RequestHead::parse(&head).expect("a written head is valid");
            assert_eq!((read.method, read.target), (&*method, &*target));
        }
        Err(invalid) => {
            assert!(head.is_empty() && matches!(invalid.part, "method" | "target"));
            assert!(invalid.to_string().contains(invalid.part));
        }
    }
}

/// Returns what `write` puts.
fn with(mut write: impl FnMut(&mut dyn Put)) -> Vec<u8> {
    struct All(Vec<u8>);
    impl Put for All {
        fn put(&mut self, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }
    }
    let mut all = All(Vec::new());
    write(&mut all);
    all.0
}
