//! The capacity of a request for header lines.

#![cfg(feature = "sigv4")]

use rolecall_core::sigv4::{Payload, Request, SignError};

#[test]
fn a_request_holds_as_many_headers_as_its_capacity() {
    let mut request: Request<'_, 2> = Request::with_room("GET", "/", Payload::Unsigned).unwrap();
    assert_eq!(request.header("host", b"example.com"), Ok(()));
    // Headers that are never signed need no capacity.
    assert_eq!(request.header("user-agent", b"test"), Ok(()));
    assert_eq!(request.header("accept", b"*/*"), Ok(()));
    assert_eq!(request.header("range", b"bytes=0-1"), Err(SignError::TooManyHeaders));

    let names: Vec<String> = (0..33).map(|number| format!("x-{number}")).collect();
    let mut request = Request::new("GET", "/", Payload::Unsigned).unwrap();
    for name in &names[..32] {
        assert_eq!(request.header(name, b"1"), Ok(()));
    }
    assert_eq!(request.header(&names[32], b"1"), Err(SignError::TooManyHeaders));
}
