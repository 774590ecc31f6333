//! HTTP bodies: every split of the stream has the same data, the same end and the same error.
//!
//! The first byte of an input is the framing (`C` chunked, `E` until the end of the stream, otherwise a
//! length), the second seeds the splits, the rest is the stream.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::wire::Error;
use rolecall_core::wire::http1::{Body, Framing};
use rolecall_fuzz::{has_description, pieces};

fuzz_target!(|input: &[u8]| {
    let [framing, seed, stream @ ..] = input else { return };
    let framing = match framing {
        b'C' => Framing::Chunked,
        b'E' => Framing::Close,
        length => Framing::Length(u64::from(*length)),
    };
    let whole = read(framing, stream, |rest| rest);
    assert_eq!(read(framing, stream, |_| 1), whole, "byte by byte");

    let mut size = pieces(*seed);
    assert_eq!(read(framing, stream, |_| size()), whole, "in pieces");

    let (data, used, end) = &whole;
    end.err().into_iter().for_each(has_description);
    assert!(data.len() <= *used && *used <= stream.len());
    match framing {
        Framing::Length(length) => {
            assert_eq!(data.as_slice(), &stream[..stream.len().min(length as usize)]);
            assert_eq!(end.is_ok(), stream.len() as u64 >= length);
        }
        Framing::Close => assert_eq!((data.as_slice(), *end), (stream, Ok(()))),
        Framing::Chunked => {
            if end.is_ok() {
                assert!(stream[..*used].ends_with(b"\r\n\r\n"), "ends with the empty line");
                assert_eq!(dechunked(&stream[..*used]).as_ref(), Some(data));
            }
        }
    }
});

/// Reads a body; returns its data, the number of bytes used, and the result. `piece` maps the remaining
/// length to the length of the next piece.
fn read(
    framing: Framing,
    stream: &[u8],
    mut piece: impl FnMut(usize) -> usize,
) -> (Vec<u8>, usize, Result<(), Error>) {
    let mut body = Body::new(framing);
    let (mut data, mut used) = (Vec::new(), 0);
    let length = if let Framing::Length(length) = framing { Some(length) } else { None };
    while used < stream.len() && !body.is_complete() {
        let end = stream.len().min(used + piece(stream.len() - used));
        while used < end && !body.is_complete() {
            let step = match body.advance(&stream[used..end]) {
                Ok(step) => step,
                Err(error) => return (data, error.offset, Err(error)),
            };
            assert!(step.used > 0, "some bytes are used");
            assert!(step.data.is_empty() || step.data.end == step.used);
            data.extend_from_slice(&stream[used..end][step.data]);
            used += step.used;
            let left = length.map(|length| length - used as u64);
            assert_eq!(body.remaining(), if body.is_complete() { Some(0) } else { left });
        }
    }
    let end = body.finish();
    (data, used, end)
}

/// Decodes a complete chunked body with a simple reference implementation.
fn dechunked(mut stream: &[u8]) -> Option<Vec<u8>> {
    let mut data = Vec::new();
    loop {
        let line = stream.iter().position(|byte| *byte == b'\n')?;
        let digits = stream[..line].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let size = usize::from_str_radix(std::str::from_utf8(&stream[..digits]).ok()?, 16).ok()?;
        stream = &stream[line + 1..];
        if size == 0 {
            return Some(data);
        }
        data.extend_from_slice(stream.get(..size)?);
        stream = stream.get(size + 2..)?;
    }
}
