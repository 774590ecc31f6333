//! Parsers and serializers.

use core::fmt::Display;
use core::hint::black_box;

use rolecall_core::wire;
use rolecall_core::wire::Put;

use crate::{bytes, formatted, number, text, used};

pub(crate) fn call() {
    put();
    ini();
    json();
    xml();
    http1();
    time();
    percent();
    uri();
}

fn put() {
    let mut buffer = [0; 64];
    let mut out = wire::Cursor::new(black_box(&mut buffer));
    <wire::Cursor as Put>::put(&mut out, bytes());
    <&mut _ as Put>::put(&mut &mut out, bytes());
    wire::decimal(number(), &mut out);
    let any: &mut dyn Put = &mut out;
    wire::decimal(number(), any);
    used(wire::Cursor::needed(&out));
    match wire::Cursor::finish(out) {
        Ok(written) => used(written),
        Err(small) => formatted(|f| <wire::BufferTooSmall as Display>::fmt(&small, f)),
    }
    let mut count = wire::Count::default();
    <wire::Count as Put>::put(&mut count, bytes());
    used(count);
}

fn ini() {
    let mut reader = wire::ini::Reader::new(bytes());
    while let Ok(Some(event)) = wire::ini::Reader::next_event(&mut reader) {
        used(wire::ini::Reader::offset(&reader));
        match event {
            wire::ini::Event::Property { name, value } => used((name, value)),
            wire::ini::Event::Section(text) | wire::ini::Event::Continuation(text) => {
                used(wire::ini::sub_property(text));
            }
        }
    }
}

fn json() {
    let mut buffer = [0; 64];
    let mut out = wire::Cursor::new(black_box(&mut buffer));
    let mut reader = wire::json::Reader::new(bytes());
    while let Ok(Some(token)) = wire::json::Reader::next_token(&mut reader) {
        used(wire::json::Reader::offset(&reader));
        used(wire::json::Reader::depth(&reader));
        used(wire::json::Token::is_str(&token, text()));
        let Some(string) = wire::json::Token::as_str(&token) else { continue };
        used(wire::json::Str::plain(&string));
        used(wire::json::Str::is(&string, text()));
        used(wire::json::Str::is_ignore_case(&string, text()));
        wire::json::Str::chars(string).for_each(used);
        wire::json::Str::put(&string, &mut out);
        used(wire::json::Str::decode(&string, black_box(&mut [0; 32])));
        if let Err(error) = wire::json::Reader::skip_value(&mut reader) {
            formatted(|f| <wire::Error as Display>::fmt(&error, f));
        }
    }
    used(wire::json::member(bytes(), text()));
    let mut writer = wire::json::Writer::new(&mut out);
    wire::json::Writer::begin_object(&mut writer);
    wire::json::Writer::key(&mut writer, text());
    wire::json::Writer::begin_array(&mut writer);
    wire::json::Writer::string(&mut writer, text());
    wire::json::Writer::number(&mut writer, number());
    wire::json::Writer::bool(&mut writer, black_box(true));
    wire::json::Writer::end_array(&mut writer);
    wire::json::Writer::end_object(&mut writer);
    used(wire::Cursor::finish(out));
}

fn xml() {
    let mut out = wire::Count::default();
    let mut reader = wire::xml::Reader::new(bytes());
    while let Ok(Some(event)) = wire::xml::Reader::next_event(&mut reader) {
        used(wire::xml::Reader::offset(&reader));
        used(wire::xml::Reader::depth(&reader));
        match event {
            wire::xml::Event::Text(text) => {
                wire::xml::Text::put(&text, &mut out);
                used(wire::xml::Text::is_white_space(&text));
            }
            _ => used(wire::xml::Reader::text(&mut reader, &mut out)),
        }
    }
    used(out);
}

fn http1() {
    used(wire::http1::is_header_name(text()));
    used(wire::http1::is_header_value(bytes()));
    used(wire::http1::is_target(text()));
    used(wire::http1::head_len(bytes(), number::<u8>().into()));

    let mut buffer = [0; 64];
    let mut out = wire::Cursor::new(black_box(&mut buffer));
    let mut head = wire::http1::HeadWriter::new(&mut out, text(), black_box(&[text(), text()]));
    wire::http1::HeadWriter::header(&mut head, text(), bytes());
    if let Err(invalid) = wire::http1::HeadWriter::finish(head) {
        formatted(|f| <wire::http1::InvalidHead as Display>::fmt(&invalid, f));
    }
    used(wire::http1::HeadWriter::suspend(wire::http1::HeadWriter::new(&mut out, text(), &[text()])));
    used(wire::Cursor::finish(out));

    used(wire::http1::RequestHead::parse(bytes()));
    if let Ok(head) = wire::http1::ResponseHead::parse(bytes()) {
        used(wire::http1::ResponseHead::keeps_alive(&head));
        if let Ok(framing) = wire::http1::ResponseHead::framing(&head) {
            body(wire::http1::Body::new(framing));
        }
    }
    if let Ok(headers) = wire::http1::Headers::from_lines(bytes()) {
        wire::http1::Headers::iter(headers).for_each(used);
        wire::http1::Headers::all(headers, text()).for_each(used);
        used(wire::http1::Headers::get(headers, text()));
        used(wire::http1::Headers::text(headers, text()));
    }
}

fn body(mut body: wire::http1::Body) {
    while !wire::http1::Body::is_complete(&body) {
        match wire::http1::Body::advance(&mut body, bytes()) {
            Ok(advance) => used(advance),
            Err(_) => used(wire::http1::Body::finish(&mut body)),
        }
        used(wire::http1::Body::remaining(&body));
    }
}

fn time() {
    for read in [
        wire::time::UnixTime::from_rfc3339(bytes()),
        wire::time::UnixTime::from_compact(bytes()),
        wire::time::UnixTime::from_iso8601(bytes()),
        wire::time::UnixTime::from_epoch(bytes()),
        wire::time::UnixTime::from_http_date(bytes()),
    ] {
        let now = wire::time::UnixTime::from_secs(number());
        let Ok(time) = read else { continue };
        used(wire::time::UnixTime::as_secs(time));
        used(wire::time::UnixTime::seconds_since(time, now));
        let time = wire::time::UnixTime::saturating_add(time, number());
        let compact = wire::time::UnixTime::compact(time);
        used(wire::Ascii::as_bytes(&compact));
        used(wire::Ascii::as_str(&compact));
        formatted(|f| <wire::Ascii<_> as Display>::fmt(&compact, f));
        used(wire::time::UnixTime::rfc3339(time));
        used(wire::time::UnixTime::http_date(time));
    }
}

fn percent() {
    use wire::percent::Keep;
    let mut out = wire::Count::default();
    for keep in [Keep::Unreserved, Keep::Slash, Keep::Visible] {
        let keep = black_box(keep);
        wire::percent::encode(bytes(), keep, &mut out);
        wire::percent::canonical(bytes(), keep, &mut out);
    }
    used(out);
    let mut decoded = wire::percent::decode(bytes());
    while let Some(byte) = <wire::percent::Decode as Iterator>::next(&mut decoded) {
        used(byte);
    }
}

fn uri() {
    used(wire::uri::address(text()));
    match wire::uri::Uri::parse(text()) {
        Ok(uri) => {
            used(wire::uri::Uri::address(&uri));
            used(wire::uri::Scheme::default_port(uri.scheme));
            used(wire::uri::Scheme::as_str(uri.scheme));
        }
        Err(error) => used(error),
    }
}
