//! The parts of a signature that are tested alone: the hasher and the room of a request.

use rolecall_core::sigv4::{Hasher, Payload, Request, SignError};
use rolecall_core::wire::Put;
use sha2::{Digest, Sha256};

/// Of every length around the ends of blocks, put in two pieces parted anywhere.
#[test]
fn hashes_whatever_the_pieces() {
    let bytes: Vec<u8> = (0..=255).collect();
    for len in (0..=200).chain([255, 256]) {
        let text = &bytes[..len];
        let expected: [u8; 32] = Sha256::digest(text).into();
        for (first, second) in (0..=len).map(|at| text.split_at(at)) {
            let mut hasher = Hasher::new();
            hasher.put(first);
            hasher.put(second);
            assert_eq!(hasher.finish(), expected, "{} and {} bytes", first.len(), second.len());
        }
    }
}

#[test]
fn a_clone_goes_its_own_way() {
    let mut hasher = Hasher::default();
    hasher.put(b"role");
    let mut other = hasher.clone();
    hasher.put(b"call");
    other.put(b"s");
    let of = |text: &[u8]| <[u8; 32]>::from(Sha256::digest(text));
    assert_eq!((hasher.finish(), other.finish()), (of(b"rolecall"), of(b"roles")));
}

#[test]
fn a_request_has_the_room_it_was_given() {
    let mut request: Request<'_, 2> = Request::with_room("GET", "/", Payload::Unsigned).unwrap();
    assert_eq!(request.header("host", b"example.com"), Ok(()));
    // What is never signed takes no room.
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
