//! Requests to `rolecall serve`: every split leads to the same requests; what is accepted has no body, one `Host`, one
//! length at most and a path, is read as the same by httparse, and ends where that says; what may hide a second request
//! is refused; a head has a bound.
//!
//! The first byte of an input seeds the splits, the rest is the stream.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_fuzz::pieces;

use self::request::{Front, MAX_HEAD, Refusal, front};

#[path = "../../adapters/cli/src/serve/request.rs"]
mod request;

/// A request as it was read: method, path, whether it closes; or the refusal.
type Read = Result<(String, String, bool), Refusal>;

fuzz_target!(|input: &[u8]| {
    let [seed, stream @ ..] = input else { return };
    let whole = all(stream, || usize::MAX);
    assert_eq!(all(stream, || 1), whole, "byte by byte");
    assert_eq!(all(stream, pieces(*seed)), whole, "in pieces");
});

/// Every request of a stream that arrives in pieces, up to the first that is refused.
fn all(stream: &[u8], mut piece: impl FnMut() -> usize) -> Vec<Read> {
    let (mut found, mut start, mut end, mut searched) = (Vec::new(), 0, 0, 0);
    loop {
        let received = &stream[start..end];
        match front(received, searched) {
            Front::Partial if end == stream.len() => return found,
            Front::Partial => {
                assert!(received.len() < MAX_HEAD);
                searched = received.len();
                end = stream.len().min(end.saturating_add(piece()));
            }
            Front::Refused(refusal) => {
                found.push(Err(refusal));
                return found;
            }
            Front::Request { request, len } => {
                check(&received[..len], &request);
                found.push(Ok((request.method.to_owned(), request.path.to_owned(), request.closes)));
                (start, searched) = (start + len, 0);
            }
        }
    }
}

/// Compares an accepted request with the reading of httparse.
fn check(head: &[u8], request: &request::Request<'_>) {
    assert!(head.len() <= MAX_HEAD && head.ends_with(b"\r\n\r\n") && request.path.starts_with('/'));
    let mut headers = vec![httparse::EMPTY_HEADER; head.iter().filter(|byte| **byte == b'\n').count()];
    let mut theirs = httparse::Request::new(&mut headers);
    assert_eq!(theirs.parse(head), Ok(httparse::Status::Complete(head.len())));
    assert_eq!((theirs.method, theirs.path), (Some(request.method), Some(request.path)));
    let values = |name: &str| -> Vec<&[u8]> {
        let named = theirs.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        named.map(|header| header.value).collect()
    };
    assert_eq!(values("host").len(), 1);
    assert!(values("transfer-encoding").is_empty());
    let lengths = values("content-length");
    assert!(lengths.len() <= 1 && lengths.iter().all(|length| length.iter().all(|digit| *digit == b'0')));
    for name in ["authorization", "host", "origin", "x-aws-ec2-metadata-token"] {
        let values = values(name);
        assert_eq!(request.has(name), !values.is_empty());
        assert_eq!(request.only(name), if values.len() == 1 { Some(values[0]) } else { None });
    }
}
