//! Responses that are truncated, stalled, endless, or not quite HTTP.

use std::time::Duration;

use e2e::peer::{Act, Peer, Then};

use super::source::Source;
use super::table::{Row, check};

const CLOSED: &str = "the peer closed the connection";
const TIMEOUT: &str = "timed out";
const TOO_LONG: &str = "too long";
const NOT_HTTP: &str = "not an HTTP reply";

/// A correct response with a length.
fn plain(source: Source) -> String {
    let body = source.document();
    format!("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// The same in two chunks, with an extension and a trailer.
fn chunked(source: Source) -> String {
    let body = source.document();
    let (first, second) = body.split_at(body.len() / 2);
    format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n00{:X};why=not\r\n{second}\r\n\
         0\r\nX-Trailer: t\r\n\r\n",
        first.len(),
        second.len()
    )
}

/// Every kind of position at which a response may be truncated: its name, and the bytes before it.
fn cuts(source: Source) -> Vec<(String, Vec<u8>)> {
    let (plain, chunked) = (plain(source), chunked(source));
    let place = |reply: &str, mark: &str, more: usize| reply.find(mark).expect("a mark") + more;
    let head = place(&plain, "\r\n\r\n", 4);
    let places = [
        ("before the first byte", &plain, 0),
        ("in the version", &plain, 4),
        ("in the status", &plain, 10),
        ("after the status line", &plain, 17),
        ("in a header's name", &plain, place(&plain, "Server", 3)),
        ("in a header's value", &plain, place(&plain, "Content-Length: ", 17)),
        ("in the empty line", &plain, head - 1),
        ("after the head", &plain, head),
        ("in the body", &plain, head + 100),
        ("before the last byte", &plain, plain.len() - 1),
        ("in a chunk's size", &chunked, place(&chunked, "\r\n\r\n", 5)),
        ("in a chunk", &chunked, place(&chunked, "\r\n\r\n", 40)),
        ("in the line break of a chunk", &chunked, place(&chunked, "\r\n00", 1)),
        ("between chunks", &chunked, place(&chunked, "\r\n00", 2)),
        ("in a chunk's extension", &chunked, place(&chunked, ";why", 3)),
        ("before the last chunk", &chunked, place(&chunked, "0\r\nX-T", 0)),
        ("in a trailer", &chunked, place(&chunked, "X-Trailer", 4)),
        ("before the last line break", &chunked, chunked.len() - 1),
    ];
    places.map(|(name, reply, len)| (name.to_owned(), reply.as_bytes()[..len].to_vec())).into()
}

#[test]
fn stalls() {
    let mut rows = Vec::new();
    for source in Source::ALL {
        for (name, bytes) in cuts(source) {
            let act = Act::Raw(bytes, Then::Stall);
            rows.push(Row::new(format!("stall {name}"), source, act).refused(TIMEOUT).waits());
        }
        let (slow, quick) = (Duration::from_millis(60), Duration::from_micros(100));
        let reply = plain(source).into_bytes();
        rows.push(Row::new("drip", source, Act::Drip(reply.clone(), slow)).refused(TIMEOUT).waits());
        let long_head = [b"HTTP/1.1 200 OK\r\nX: ", vec![b'x'; 400].as_slice()].concat();
        rows.push(Row::new("drip in the head", source, Act::Drip(long_head, slow)).refused(TIMEOUT).waits());
        rows.push(Row::new("fast drip", source, Act::Drip(reply, quick)).served());
        rows.push(Row::new("fast drip of chunks", source, Act::Drip(chunked(source).into(), quick)).served());
    }
    check(rows);
}

#[test]
fn truncation() {
    let mut rows = Vec::new();
    for source in Source::ALL {
        for (name, bytes) in cuts(source) {
            for (how, then) in [("close", Then::Close), ("reset", Then::Reset)] {
                let act = Act::Raw(bytes.clone(), then);
                let row = Row::new(format!("{how} {name}"), source, act).refused(CLOSED);
                // The body is complete: ureq does not wait for what may follow the size of the last chunk.
                let is_there = matches!(name.as_str(), "in a trailer" | "before the last line break");
                rows.push(if is_there { row.ureq_may_serve(CLOSED) } else { row });
            }
        }
        // Once, then a correct response.
        for (name, bytes) in cuts(source) {
            let acts = vec![Act::Raw(bytes, Then::Reset), Act::ok(source.document())];
            rows.push(Row::acts(format!("reset {name}, once"), source, acts).served());
        }
    }
    check(rows);
}

#[test]
fn faults_in_earlier_steps_are_errors() {
    let mut rows = Vec::new();
    for source in Source::ALL {
        let steps = source.steps().len();
        for step in 0..steps - 1 {
            let Act::Reply(_, headers, body) = source.answer(step) else { continue };
            let good =
                format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
            let good = [good, body].concat();
            for (place, len) in [("immediately", 0), ("in the head", 30), ("in the body", good.len() - 1)] {
                let act = |then| Act::Raw(good[..len].to_vec(), then);
                let row =
                    |how: &str, act| Row::new(format!("{how} {place}, step {step}"), source, act).at(step);
                rows.push(row("stall", act(Then::Stall)).refused(TIMEOUT).waits());
                rows.push(row("close", act(Then::Close)).refused(CLOSED));
                rows.push(row("reset", act(Then::Reset)).refused(CLOSED));
            }
            let row = |name: &str, act| Row::new(format!("{name}, step {step}"), source, act).at(step);
            rows.push(
                row("SSH", Act::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), Then::Close)).refused(NOT_HTTP),
            );
            rows.push(row("1 MiB", Act::ok(vec![b'a'; 1 << 20])).refused(TOO_LONG));
            rows.push(row("always 500", Act::page(500)).refused("500").attempts(3));
        }
    }
    check(rows);
}

#[test]
fn endless_responses_are_errors() {
    let mut rows = Vec::new();
    for source in Source::ALL {
        let head = |more: &str| format!("HTTP/1.1 200 OK\r\n{more}").into_bytes();
        let long = format!("Content-Length: {}\r\n\r\n", u64::MAX);
        let chunked = "Transfer-Encoding: chunked\r\n\r\n";
        let lines = |first: &[u8], again: &str| Act::Endless(first.to_vec(), again.into());
        let bytes = |first: &[u8], byte: u8| Act::Endless(first.to_vec(), vec![byte; 4096]);
        let in_chunks = |more: &str| head(&format!("{chunked}{more}"));
        for (name, act, expected, by_ureq) in [
            ("endless body", bytes(&head("\r\n"), b' '), TOO_LONG, TOO_LONG),
            ("endless body of a stated length", bytes(&head(&long), b' '), TOO_LONG, TOO_LONG),
            ("endless chunks", lines(&in_chunks(""), "4\r\n    \r\n"), TOO_LONG, TOO_LONG),
            ("endless chunk", bytes(&in_chunks("7fffffff\r\n"), b' '), TOO_LONG, TOO_LONG),
            // For an endless line in a body, ureq reports the same error as for a truncated one.
            ("endless chunk size", bytes(&in_chunks(""), b'0'), NOT_HTTP, CLOSED),
            ("endless chunk extension", bytes(&in_chunks("4;"), b'x'), NOT_HTTP, CLOSED),
            ("endless trailer", bytes(&in_chunks("0\r\nX: "), b'x'), NOT_HTTP, CLOSED),
            ("endless trailers", lines(&in_chunks("0\r\n"), "X-A: b\r\n"), NOT_HTTP, TIMEOUT),
            ("endless headers", lines(&head(""), "X-A: b\r\n"), TOO_LONG, NOT_HTTP),
            ("endless header", bytes(&head("X: "), b'x'), TOO_LONG, TOO_LONG),
            ("endless header name", bytes(&head(""), b'x'), TOO_LONG, TOO_LONG),
            ("endless reason", bytes(b"HTTP/1.1 200 ", b'x'), TOO_LONG, TOO_LONG),
            ("endless 100 Continue", lines(b"", "HTTP/1.1 100 Continue\r\n\r\n"), NOT_HTTP, TOO_LONG),
            ("endless 103 Early Hints", lines(b"", "HTTP/1.1 103 X\r\nLink: y\r\n\r\n"), NOT_HTTP, TOO_LONG),
        ] {
            rows.push(Row::new(name, source, act).refused(expected).ureq_fails_with(by_ureq));
        }
    }
    check(rows);
}

#[test]
fn framing() {
    let mut rows = Vec::new();
    for source in Source::ALL {
        let body = source.document();
        let len = body.len();
        let lengths =
            |lines: &str| Act::Raw(format!("HTTP/1.1 200 OK\r\n{lines}\r\n{body}").into(), Then::Close);
        let number = |number: &str| lengths(&format!("Content-Length: {number}\r\n"));
        for (name, act, expected) in [
            ("length too small by one", number(&(len - 1).to_string()), "malformed"),
            ("length too large by one", number(&(len + 1).to_string()), CLOSED),
            ("length 0", number("0"), "malformed"),
            ("length -1", number("-1"), NOT_HTTP),
            ("length +N", number(&format!("+{len}")), NOT_HTTP),
            ("length 0xN", number(&format!("0x{len:x}")), NOT_HTTP),
            ("length N N", number(&format!("{len} {len}")), NOT_HTTP),
            ("empty length", number(""), NOT_HTTP),
            ("length beyond 64 bits", number("18446744073709551616"), NOT_HTTP),
            ("largest 64 bit length", number("18446744073709551615"), TOO_LONG),
            (
                "different duplicate lengths",
                lengths(&format!("Content-Length: {len}\r\nContent-Length: 3\r\n")),
                NOT_HTTP,
            ),
        ] {
            rows.push(Row::new(name, source, act).refused(expected));
        }
        let both = lengths(&format!("Content-Length: {len}\r\nTransfer-Encoding: chunked\r\n"));
        let row = Row::new("length and chunked, body not chunked", source, both).refused(NOT_HTTP);
        rows.push(row.ureq_fails_with(CLOSED));
        let zipped = lengths("Transfer-Encoding: gzip\r\n");
        rows.push(Row::new("gzip as transfer coding", source, zipped).refused(NOT_HTTP).ureq_serves());
        let zipped = lengths("Transfer-Encoding: chunked, gzip\r\n");
        rows.push(Row::new("chunked, then gzip", source, zipped).refused(NOT_HTTP).ureq_fails_with(CLOSED));
        let twice = lengths(&format!("Content-Length: {len}\r\nContent-Length: {len}\r\n"));
        rows.push(Row::new("identical duplicate lengths", source, twice).served());
        rows.push(Row::new("no length", source, lengths("Server: x\r\n")).served());

        let chunks = |text: &str| {
            Act::Raw(
                format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{text}").into(),
                Then::Close,
            )
        };
        for (name, size) in [
            ("chunk size zz", "zz\r\n"),
            ("empty chunk size", "\r\n"),
            ("chunk size -1", "-1\r\n"),
            ("chunk size 0x", &format!("0x{len:x}\r\n")),
            ("chunk size beyond 64 bits", "10000000000000000\r\n"),
            ("chunk size too small", &format!("{:x}\r\n", len - 1)),
        ] {
            let act = chunks(&format!("{size}{body}\r\n0\r\n\r\n"));
            rows.push(Row::new(name, source, act).refused(NOT_HTTP));
        }
        let short = chunks(&format!("{:x}\r\n{body}\r\n0\r\n\r\n", len + 9));
        rows.push(Row::new("chunk size too large", source, short).refused(CLOSED));
        let spaced = chunks(&format!(" {len:x}\r\n{body}\r\n0\r\n\r\n"));
        rows.push(Row::new("chunk size after a space", source, spaced).refused(NOT_HTTP).ureq_serves());
        let lf = chunks(&format!("{len:x}\n{body}\n0\n\n"));
        rows.push(Row::new("chunks with bare LF", source, lf).refused(NOT_HTTP).ureq_fails_with(CLOSED));
    }
    check(rows);
}

#[test]
fn http_variants() {
    let mut rows = Vec::new();
    for source in Source::ALL {
        let body = source.document();
        let len = body.len();
        let raw = |text: String| Act::Raw(text.into_bytes(), Then::Close);
        let head =
            |line: &str, more: &str| raw(format!("{line}\r\n{more}Content-Length: {len}\r\n\r\n{body}"));
        for (name, act) in [
            ("HTTP/1.0", head("HTTP/1.0 200 OK", "")),
            ("HTTP/1.0 without length", raw(format!("HTTP/1.0 200 OK\r\n\r\n{body}"))),
            ("no reason phrase", head("HTTP/1.1 200 ", "")),
            ("100 Continue first", raw(format!("HTTP/1.1 100 Continue\r\n\r\n{}", plain(source)))),
            ("103 Early Hints first", raw(format!("HTTP/1.1 103 X\r\nLink: y\r\n\r\n{}", plain(source)))),
            ("lower-case header name", raw(plain(source).replace("Content-Length: ", "content-length:"))),
            ("whitespace after a value", raw(plain(source).replace(": x\r\n", ": x \t\r\n"))),
            ("bytes beyond ASCII in a value", raw(plain(source).replace(": x", ": \u{e9}"))),
            ("a second response", raw(format!("{}{}", plain(source), plain(source)))),
            ("identity as content coding", head("HTTP/1.1 200 OK", "Content-Encoding: identity\r\n")),
        ] {
            rows.push(Row::new(name, source, act).served());
        }
        for (name, act) in [
            ("HTTP/0.9", raw(body.clone())),
            ("HTTP/2.0", head("HTTP/2.0 200 OK", "")),
            ("HTTP/1.2", head("HTTP/1.2 200 OK", "")),
            ("status of two digits", head("HTTP/1.1 20 OK", "")),
            ("status of four digits", head("HTTP/1.1 2000 OK", "")),
            ("status 099", head("HTTP/1.1 099 OK", "")),
            ("folded header", head("HTTP/1.1 200 OK", "X-Long: one\r\n two\r\n")),
            ("space before the colon", head("HTTP/1.1 200 OK", "Server : x\r\n")),
            ("header without a colon", head("HTTP/1.1 200 OK", "Server\r\n")),
            ("header without a name", head("HTTP/1.1 200 OK", ": x\r\n")),
            ("NUL in a header", head("HTTP/1.1 200 OK", "X: a\0b\r\n")),
            ("TLS", Act::Raw(b"\x15\x03\x01\x00\x02\x02\x16".to_vec(), Then::Close)),
            ("SSH", raw("SSH-2.0-OpenSSH_9.2\r\n".to_owned())),
            ("an HTML page without a head", raw("<html>busy</html>\r\n\r\n".to_owned())),
        ] {
            rows.push(Row::new(name, source, act).refused(NOT_HTTP));
        }
        let switching = Row::new("101 Switching Protocols", source, head("HTTP/1.1 101 X", ""));
        rows.push(switching.refused(NOT_HTTP).ureq_fails_with("HTTP status 101"));
        let ended_by = |end: &str| raw(plain(source).replace("\r\n", end));
        rows.push(Row::new("bare LF", source, ended_by("\n")).refused(CLOSED).ureq_serves());
        rows.push(Row::new("bare CR", source, ended_by("\r")).refused(CLOSED).ureq_fails_with(NOT_HTTP));
        let zipped =
            b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00";
        let gzip = |headers: &str| Act::Reply(200, headers.to_owned(), zipped.to_vec());
        rows.push(
            Row::new("unrequested gzip", source, gzip("Content-Encoding: gzip\r\n")).refused("malformed"),
        );
        rows.push(Row::new("undeclared gzip", source, gzip("")).refused("malformed"));
    }
    check(rows);
}

#[test]
fn redirects_are_not_followed() {
    let other = Peer::start(|_| Act::ok(Source::Imds.document()));
    let to = format!("Location: {}/latest/meta-data/iam/security-credentials/a-role\r\n", other.url());
    let mut rows = Vec::new();
    for source in Source::ALL {
        for status in [300, 301, 302, 303, 305, 307, 308] {
            let act = Act::Reply(status, to.clone(), source.document().into());
            rows.push(
                Row::new(format!("redirect {status}"), source, act).refused("redirects are not followed"),
            );
        }
    }
    check(rows);
    assert_eq!(other.requests(), 0);
}
