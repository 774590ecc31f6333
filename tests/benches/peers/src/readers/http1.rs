//! Heads of HTTP responses, and `httparse`.

use httparse::EMPTY_HEADER;
use rolecall_core::wire::http1::{Framing, ResponseHead, head_len};

use super::{Document, Format, token};

/// A head, one of many lines, and one with a long line.
pub(crate) fn format() -> Format {
    let lines: String =
        (0..1000).map(|number| format!("x-amz-meta-member{number:04}: {}\r\n", token(30))).collect();
    let long = format!("x-amz-meta-note: {}\r\n", token(65_536));
    let document = |name, small, text, theirs| Document { name, small, text, ours, theirs };
    let documents = vec![
        document("head", true, head(""), theirs::<16>),
        document("head of 1,000 lines", false, head(&lines), theirs::<1024>),
        document("64 KiB line", false, head(&long), theirs::<16>),
    ];
    Format { name: "HTTP", peer: "httparse", documents }
}

/// A head of an answer of STS, with more lines.
fn head(more: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\n{more}x-amzn-RequestId: c6104cbe-af31-11e0-8154-cbc7ccf896c7\r\n\
         x-amz-sts-extended-request-id: MTpldS13ZXN0LTE6UzoxNzcyMzY2NDAwOlI6cm9sZWNhbGw=\r\n\
         Content-Type: text/xml\r\nContent-Length: 1800\r\nConnection: keep-alive\r\n\
         Date: Sun, 01 Mar 2026 12:00:00 GMT\r\n\r\n"
    )
}

/// The length of the body and whether the connection stays open.
fn ours(received: &[u8], _: &mut [u8]) -> usize {
    let len = head_len(received, 0).expect("complete");
    let head = ResponseHead::parse(&received[..len]).expect("well-formed");
    match head.framing().expect("a length") {
        Framing::Length(body) if head.keeps_alive() => body as usize,
        _ => unreachable!("the length is stated"),
    }
}

/// The same, with room for `N` lines.
fn theirs<const N: usize>(received: &[u8]) -> usize {
    let mut headers = [EMPTY_HEADER; N];
    let mut head = httparse::Response::new(&mut headers);
    assert!(head.parse(received).expect("well-formed").is_complete());
    let (mut body, mut keep) = (None, head.version == Some(1));
    for header in head.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            body = str::from_utf8(header.value).ok().and_then(|digits| digits.parse().ok());
        } else if header.name.eq_ignore_ascii_case("connection") {
            keep = !header.value.eq_ignore_ascii_case(b"close");
        }
    }
    match body {
        Some(body) if keep => body,
        _ => unreachable!("the length is stated"),
    }
}
