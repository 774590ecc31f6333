//! HTTP/1.1 heads and bodies: one interpretation of every message, however the stream is split.

use crate::generator::Draw;
use rolecall_core::wire::http1::{Body, Framing, HeadWriter, Headers, RequestHead, ResponseHead, head_len};
use rolecall_core::wire::{Cursor, Error, Kind};

fn framing(head: &str) -> Result<Framing, Error> {
    ResponseHead::parse(head.as_bytes()).expect("a valid head").framing()
}

fn with_lines(lines: &str) -> Result<Framing, Error> {
    framing(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n"))
}

fn refused(head: &str) -> Error {
    ResponseHead::parse(head.as_bytes()).expect_err(head)
}

/// Data, bytes consumed and result, when the stream arrives in pieces of `piece()` bytes.
fn read(
    framing: Framing,
    stream: &[u8],
    mut piece: impl FnMut() -> usize,
) -> (Vec<u8>, usize, Result<(), Error>) {
    let mut body = Body::new(framing);
    let (mut data, mut used) = (Vec::new(), 0);
    while used < stream.len() && !body.is_complete() {
        let end = stream.len().min(used + piece());
        while used < end && !body.is_complete() {
            match body.advance(&stream[used..end]) {
                Ok(step) => {
                    assert!(step.used > 0, "no progress");
                    data.extend_from_slice(&stream[used..end][step.data]);
                    used += step.used;
                }
                Err(error) => return (data, error.offset, Err(error)),
            }
        }
    }
    let end = body.finish();
    (data, used, end)
}

fn read_at_once(framing: Framing, stream: &[u8]) -> (Vec<u8>, usize, Result<(), Error>) {
    read(framing, stream, || usize::MAX / 2)
}

#[test]
fn the_end_of_a_head_is_found_in_any_split() {
    let head = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
    let stream = [&head[..], b"body\r\n\r\n"].concat();
    for first in 0..=stream.len() {
        for second in first..=stream.len() {
            let found = head_len(&stream[..first], 0).or_else(|| head_len(&stream[..second], first));
            assert_eq!(found, (second >= head.len()).then_some(head.len()), "{first} {second}");
        }
    }
    assert_eq!(head_len(b"HTTP/1.1 200 OK\nA: b\n\n", 0), None, "bare LF ends a line");
    assert_eq!(head_len(b"HTTP", 9), None);
}

#[test]
fn status_and_headers_are_parsed() {
    let head =
        b"HTTP/1.1 404 Not\tfound \xff\r\nServer: a\r\nserver:  b c\t\r\nEmpty:\r\nLatin: \xe9\r\n\r\n";
    let head = ResponseHead::parse(head).unwrap();
    assert_eq!((head.minor, head.status), (1, 404));
    assert_eq!(head.headers.get("SERVER"), Some(&b"a"[..]));
    assert_eq!(head.headers.all("server").collect::<Vec<_>>(), [&b"a"[..], b"b c"]);
    assert_eq!(head.headers.text("empty"), Some(""));
    assert_eq!((head.headers.get("latin"), head.headers.text("latin")), (Some(&b"\xe9"[..]), None));
    assert_eq!(head.headers.get("serve"), None);

    for line in ["HTTP/1.0 200 ", "HTTP/1.1 200", "HTTP/1.1 999 x"] {
        ResponseHead::parse(format!("{line}\r\n\r\n").as_bytes()).expect(line);
    }
}

#[test]
fn heads_that_peers_parse_differently_are_rejected() {
    use Kind::*;
    for (head, offset, kind) in [
        ("HTTP/1.1 200 OK\nA: b\n\n", 15, UnexpectedByte),
        ("HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n", 21, UnexpectedByte),
        ("HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n", 22, UnexpectedByte),
        ("HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n", 23, UnexpectedByte),
        ("HTTP/1.1 200 OK\r\n A: b\r\n\r\n", 17, UnexpectedByte),
        ("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", 18, UnexpectedByte),
        ("HTTP/1.1 200 OK\r\n: b\r\n\r\n", 17, UnexpectedByte),
        ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", 19, UnexpectedByte),
        ("HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", 20, UnexpectedByte),
        ("HTTP/1.1 200 OK\r\nA: \u{7f}\r\n\r\n", 20, UnexpectedByte),
        ("HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody", 25, TrailingData),
        ("HTTP/1.1 200 OK\r\nA: b\r\n", 23, UnexpectedEnd),
        ("HTTP/1.1 200 OK\r\n", 17, UnexpectedEnd),
        ("HTTP/1.1 200 O", 14, UnexpectedEnd),
        ("HTTP/1.1 20", 11, UnexpectedEnd),
        ("HTTP/1.", 7, UnexpectedEnd),
        ("HTTP/1.1 2000 OK\r\n\r\n", 12, UnexpectedByte),
        ("HTTP/1.1 20 OK\r\n\r\n", 11, UnexpectedByte),
        ("HTTP/1.1 099 OK\r\n\r\n", 9, BadNumber),
        ("HTTP/1.1  200 OK\r\n\r\n", 9, UnexpectedByte),
        ("HTTP/2.0 200 OK\r\n\r\n", 5, Version),
        ("HTTP/1.2 200 OK\r\n\r\n", 5, Version),
        ("HTTP/0.9 200 OK\r\n\r\n", 5, Version),
        ("http/1.1 200 OK\r\n\r\n", 0, UnexpectedByte),
        ("<html>HTTP/0.9 has no head</html>\r\n\r\n", 0, UnexpectedByte),
        ("\r\nHTTP/1.1 200 OK\r\n\r\n", 0, UnexpectedByte),
        ("", 0, UnexpectedEnd),
    ] {
        assert_eq!(refused(head), Error { offset, kind }, "{head:?}");
    }
}

#[test]
fn a_truncated_head_is_rejected() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nServer: x\r\n\r\n";
    for len in 0..head.len() {
        assert_eq!(
            refused(&head[..len]),
            Error { offset: len, kind: Kind::UnexpectedEnd },
            "{:?}",
            &head[..len]
        );
    }
}

#[test]
fn content_length_is_one_decimal_number() {
    assert_eq!(with_lines("A: b"), Ok(Framing::Close));
    assert_eq!(with_lines("Content-Length: 0"), Ok(Framing::Length(0)));
    assert_eq!(with_lines("content-length:\t 007 "), Ok(Framing::Length(7)));
    assert_eq!(with_lines("Content-Length: 18446744073709551615"), Ok(Framing::Length(u64::MAX)));
    assert_eq!(with_lines("Content-Length: 5\r\nContent-Length: 5"), Ok(Framing::Length(5)));
    assert_eq!(with_lines("Content-Length: 5, 5 ,05"), Ok(Framing::Length(5)));

    for value in
        ["", "-1", "+5", "5 5", "5x", "0x5", "5.0", "1e3", "5,", ",5", "5,,5", "18446744073709551616", "٣"]
    {
        let error = with_lines(&format!("A: b\r\nContent-Length: {value}")).expect_err(value);
        assert_eq!(error, Error { offset: 23, kind: Kind::BadNumber }, "{value}");
    }
    for lines in ["Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5, 6"] {
        assert_eq!(with_lines(lines).unwrap_err().kind, Kind::AmbiguousLength, "{lines}");
    }
}

#[test]
fn transfer_encoding_with_content_length_is_rejected() {
    assert_eq!(with_lines("Transfer-Encoding: Chunked"), Ok(Framing::Chunked));
    for lines in [
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding:",
    ] {
        assert_eq!(with_lines(lines).unwrap_err().kind, Kind::AmbiguousLength, "{lines}");
    }
    let old = framing("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(old.unwrap_err(), Error { offset: 17, kind: Kind::AmbiguousLength });
}

#[test]
fn some_statuses_have_no_body() {
    for status in [100, 101, 199, 204, 304] {
        let head = format!("HTTP/1.1 {status} x\r\nContent-Length: 5\r\n\r\n");
        assert_eq!(framing(&head), Ok(Framing::Length(0)), "{status}");
    }
}

#[test]
fn keep_alive_follows_version_and_connection_header() {
    for (head, keeps) in [
        ("HTTP/1.1 200 OK\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\nConnection: x , CLOSE\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\nConnection: closed\r\n\r\n", true),
        ("HTTP/1.0 200 OK\r\n\r\n", false),
        ("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n", true),
    ] {
        assert_eq!(ResponseHead::parse(head.as_bytes()).unwrap().keeps_alive(), keeps, "{head}");
    }
}

#[test]
fn a_body_is_parsed_alike_for_every_split() {
    let streams: &[(Framing, &[u8])] = &[
        (Framing::Length(5), b"01234rest"),
        (Framing::Length(5), b"012"),
        (Framing::Length(0), b"rest"),
        (Framing::Length(u64::MAX), b"some"),
        (Framing::Close, b"any\r\n0\r\n\r\n"),
        (Framing::Close, b""),
        (Framing::Chunked, b"4\r\nrole\r\n4;a=\"b\"\r\ncall\r\n0\r\nDate: x\r\nServer: y\r\n\r\nrest"),
        (Framing::Chunked, b"0a \r\n0123456789\r\n00\r\n\r\n"),
        (Framing::Chunked, b"A\r\n0123456789\r\n1"),
        (Framing::Chunked, b"4\r\nroleX\r\n0\r\n\r\n"),
        (Framing::Chunked, b"4\nrole\n0\n\n"),
        (Framing::Chunked, b"fffffffffffffffff\r\n"),
        (Framing::Chunked, b""),
    ];
    let mut draw = Draw::new(5);
    for (framing, stream) in streams {
        let wanted = read_at_once(*framing, stream);
        for size in 1..=stream.len() {
            assert_eq!(read(*framing, stream, || size), wanted, "{} by {size}", stream.escape_ascii());
        }
        for _ in 0..200 {
            assert_eq!(read(*framing, stream, || 1 + draw.below(7)), wanted, "{}", stream.escape_ascii());
        }
    }
    let mut draw = Draw::new(6);
    for _ in 0..20_000 {
        let stream = draw.damage(streams[6].1, b"0123456789abcdefF;=\r\n \t\x00\x7f\xffgx:");
        let wanted = read_at_once(Framing::Chunked, &stream);
        let mut pieces = Draw::new(7);
        assert_eq!(read(Framing::Chunked, &stream, || 1 + pieces.below(5)), wanted);
    }
}

#[test]
fn bodies_end_according_to_their_framing() {
    assert_eq!(read_at_once(Framing::Length(5), b"01234rest"), (b"01234".to_vec(), 5, Ok(())));
    assert_eq!(read_at_once(Framing::Close, b"to the end"), (b"to the end".to_vec(), 10, Ok(())));
    let (data, used, end) =
        read_at_once(Framing::Chunked, b"4\r\nrole\r\n4\r\ncall\r\n0\r\nDate: x\r\n\r\nrest");
    assert_eq!((data.as_slice(), used, end), (&b"rolecall"[..], 32, Ok(())));

    let short = read_at_once(Framing::Length(5), b"012").2.unwrap_err();
    assert_eq!(short, Error { offset: 3, kind: Kind::UnexpectedEnd });
    let chunked = b"4\r\nrole\r\n0\r\n\r\n";
    for len in 0..chunked.len() {
        let (_, _, end) = read_at_once(Framing::Chunked, &chunked[..len]);
        assert_eq!(end, Err(Error { offset: len, kind: Kind::UnexpectedEnd }));
    }

    let mut body = Body::new(Framing::Length(9));
    assert_eq!(body.remaining(), Some(9));
    body.advance(b"0123").unwrap();
    assert_eq!(body.remaining(), Some(5));
    let mut body = Body::new(Framing::Length(0));
    assert!(body.is_complete() && body.advance(b"rest").unwrap().used == 0);
}

#[test]
fn chunks_that_peers_parse_differently_are_rejected() {
    use Kind::*;
    for (stream, offset, kind) in [
        ("4\nrole", 1, UnexpectedByte),
        ("4\r\nrole\n", 7, UnexpectedByte),
        ("4\r\nroleX", 7, UnexpectedByte),
        ("\r\n", 0, UnexpectedByte),
        (" 4\r\n", 0, UnexpectedByte),
        ("-4\r\n", 0, UnexpectedByte),
        ("+4\r\n", 0, UnexpectedByte),
        ("0x4\r\n", 1, UnexpectedByte),
        ("g\r\n", 0, UnexpectedByte),
        (";a\r\n", 0, UnexpectedByte),
        ("4;a\nrole", 3, UnexpectedByte),
        ("4;\0\r\n", 2, UnexpectedByte),
        ("4;\u{7f}\r\n", 2, UnexpectedByte),
        ("0\r\n folded: x\r\n\r\n", 3, UnexpectedByte),
        ("0\r\nA: b\n\r\n", 7, UnexpectedByte),
        ("0\r\nA: \0\r\n\r\n", 6, UnexpectedByte),
        ("0\r\n\rX", 4, UnexpectedByte),
        ("11111111111111111\r\n", 16, BadNumber),
    ] {
        let end = read_at_once(Framing::Chunked, stream.as_bytes()).2;
        assert_eq!(end, Err(Error { offset, kind }), "{stream:?}");
    }
}

#[test]
fn chunk_extensions_and_trailers_are_limited() {
    let many = |unit: &str| unit.repeat(40_000 / unit.len());
    for stream in [
        format!("1;{}", many("x")),
        many("1;x\r\na\r\n") + &many("1;xxxxxxxx\r\na\r\n"),
        format!("0\r\nA: {}", many("x")),
        format!("0\r\n{}", many("A: b\r\n")),
        format!("0\r\n{}", many("A\r\n")),
        many("0"),
    ] {
        let (_, used, end) = read_at_once(Framing::Chunked, stream.as_bytes());
        assert_eq!(end.unwrap_err().kind, Kind::TooLong, "{}", &stream[..20]);
        assert!(used <= 40_000, "the limit is exceeded");
    }
}

#[test]
fn the_longest_chunk_size_is_accepted_and_one_more_digit_is_not() {
    let mut body = Body::new(Framing::Chunked);
    assert_eq!(body.advance(b"ffffffffffffffff\r\n").unwrap().used, 18);
    assert_eq!(body.advance(b"abc").unwrap().data, 0..3);
    assert!(Body::new(Framing::Chunked).advance(b"10000000000000000\r\n").is_err());
}

#[test]
fn requests_are_parsed_and_invalid_request_lines_rejected() {
    let head = RequestHead::parse(b"PUT /a%20b?c=\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    assert_eq!((head.method, head.target), ("PUT", "/a%20b?c=é"));
    assert_eq!(head.headers.text("host"), Some("h"));
    for head in [
        "GET /\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "GET /a b HTTP/1.1\r\n\r\n",
        " GET / HTTP/1.1\r\n\r\n",
        "G@T / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\n\n",
        "GET / HTTP/2.0\r\n\r\n",
        "GET /\0 HTTP/1.1\r\n\r\n",
    ] {
        assert!(RequestHead::parse(head.as_bytes()).is_err(), "{head:?}");
    }
    assert_eq!(
        RequestHead::parse(b"GET /a\xff HTTP/1.1\r\n\r\n").unwrap_err(),
        Error { offset: 6, kind: Kind::NotUtf8 }
    );
}

#[test]
fn header_lines_without_a_head_are_parsed() {
    let lines = Headers::from_lines(b"Date: x\r\nAge: 1\r\n").unwrap();
    assert_eq!(lines.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["Date", "Age"]);
    assert!(Headers::from_lines(b"").unwrap().iter().next().is_none());
    assert!(Headers::from_lines(b"Date: x").is_err());
}

#[test]
fn nothing_written_can_inject_a_line() {
    let write = |method: &str, target: &[&str], name: &str, value: &[u8]| {
        let mut buffer = [0; 256];
        let mut out = Cursor::new(&mut buffer);
        let mut head = HeadWriter::new(&mut out, method, target);
        head.header(name, value);
        let result = head.finish().map_err(|invalid| invalid.part);
        (out.finish().unwrap().to_vec(), result)
    };
    let (written, result) = write("GET", &["/a", "", "?b=c"], "Host", b"h\xe9\t x");
    assert_eq!(
        (written.as_slice(), result),
        (&b"GET /a?b=c HTTP/1.1\r\nHost: h\xe9\t x\r\n\r\n"[..], Ok(()))
    );
    let head = RequestHead::parse(&written).unwrap();
    assert_eq!(head.headers.iter().count(), 1);

    for evil in ["a b", "a\r\nEvil: x", "a\n", "a\r", "\0", "\u{7f}", "\u{1}"] {
        for (written, result, part) in [
            {
                let (w, r) = write(evil, &["/"], "Host", b"h");
                (w, r, "method")
            },
            {
                let (w, r) = write("GET", &["/", evil], "Host", b"h");
                (w, r, "target")
            },
            {
                let (w, r) = write("GET", &["/"], evil, b"h");
                (w, r, "header")
            },
        ] {
            assert_eq!(result, Err(part), "{evil:?}");
            assert!(!written.windows(4).any(|window| window == b"Evil"), "{evil:?} was written");
        }
        let (_, result) = write("GET", &["/"], "Host", evil.as_bytes());
        assert_eq!(result.is_err(), evil != "a b", "{evil:?} as a value");
    }
    for (method, target, name) in
        [("", "/", "Host"), ("GET", "", "Host"), ("GET", "/", ""), ("GET", "/", "A:")]
    {
        assert!(write(method, &[target], name, b"").1.is_err());
    }
}
