//! Bodies in chunks: what is encoded is decoded, whatever the pieces; a changed byte is refused where chunks are signed, and
//! hostile bodies neither panic nor release more than was announced.
//!
//! An input is five bytes (kind, length of the pieces, where to change which byte how) and data, which is once sent and once
//! taken for an encoded body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::credentials::{Credentials, Secret};
use rolecall_core::sigv4::chunked::{Checksum, ChunkEncoder, ChunkLayout, ChunkSigner, Chunks};
use rolecall_core::sigv4::verify::{Received, Verified, Verifier, VerifyError};
use rolecall_core::sigv4::{Payload, Request, Rules, Scope, Signer, SigningKey};
use rolecall_core::wire::time::UnixTime;
use rolecall_fuzz::text;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const S3: Scope<'_> = Scope { region: "us-east-1", service: "s3", rules: Rules::S3 };

fuzz_target!(|input: &[u8]| {
    let Some(([kind, piece, high, low, change], data)) = input.split_first_chunk() else { return };
    let checksum = Checksum::ALL[usize::from(kind / 3) % Checksum::ALL.len()];
    let chunks = match kind % 3 {
        0 => Chunks::SIGNED,
        1 => Chunks::signed_with(checksum),
        _ => Chunks::unsigned_with(checksum),
    };
    let piece = usize::from(*piece) * 37 + 1;
    let layout = ChunkLayout::new(chunks, data.len() as u64).expect("it is short");
    let time = UnixTime::from_secs(1_440_938_160);
    let key = SigningKey::derive(&Secret::new(SECRET), time, S3.region, S3.service);

    let credentials = Credentials::new("AKIDEXAMPLE", SECRET, None).expect("plain text");
    let signer = Signer::new(&credentials, &key, Rules::S3, time).expect("the same day");
    let announced = layout.announcement();
    let mut request = Request::new("PUT", "/key", Payload::Chunks(chunks)).expect("a request");
    request.header("host", b"example.com").expect("a header");
    announced.lines().for_each(|(name, value)| request.header(name, value).expect("a header"));
    let signed = signer.sign(&request).expect("a host");
    let lines = text(|out| signed.put_header_lines(out));
    let lines = lines.lines().filter_map(|line| line.split_once(": "));
    let lines = lines.map(|(name, value)| (name, value.as_bytes()));
    let lines = lines.chain(announced.lines()).chain([("host", &b"example.com"[..])]);

    let mut signer = ChunkSigner::new(&signer, &signed.signature()).expect("a short scope");
    let mut body = encoded(layout, data, piece, &mut signer);
    let verifier = Verifier::new(S3).with_unsigned_payload(true);
    let claim = verifier.claim(Received::new("PUT", "/key", lines)).expect("it was signed");
    let verified = claim.verify(&key, time, None).expect("it was signed");
    let (released, result) = decoded(&verified, &key, &body, piece);
    assert_eq!((released.as_slice(), result), (data, Ok(())));

    // The case of digits and names is not part of what they say.
    let at = usize::from(u16::from_be_bytes([*high, *low])) % body.len();
    let same = body[at].eq_ignore_ascii_case(&(body[at] ^ change));
    body[at] ^= change;
    let (released, result) = decoded(&verified, &key, &body, piece);
    assert!(released.len() <= data.len());
    if !same && chunks.are_signed() {
        assert!(result.is_err(), "byte {at} is {}", body[at]);
        assert!(data.starts_with(&released));
    }
    let (released, _) = decoded(&verified, &key, data, piece);
    assert!(released.len() <= data.len() && (!chunks.are_signed() || released.is_empty()));
});

fn encoded(layout: ChunkLayout, mut data: &[u8], piece: usize, signer: &mut ChunkSigner) -> Vec<u8> {
    let (mut body, mut buffer) = (Vec::new(), vec![0; layout.buffer_len()]);
    let mut encoder = ChunkEncoder::new(layout, &mut buffer).expect("it is long enough");
    while !encoder.is_complete() {
        let room = encoder.room();
        let count = room.len().min(piece).min(data.len());
        room[..count].copy_from_slice(&data[..count]);
        data = &data[count..];
        encoder.filled(count, signer);
        body.extend_from_slice(encoder.ready());
        encoder.consumed(encoder.ready().len());
    }
    assert_eq!(body.len() as u64, layout.encoded_len());
    body
}

fn decoded(
    verified: &Verified<'_>,
    key: &SigningKey<'_>,
    body: &[u8],
    piece: usize,
) -> (Vec<u8>, Result<(), VerifyError>) {
    let (mut released, mut buffer) = (Vec::new(), vec![0; 8_192]);
    let mut decoder = verified.chunks(key, &mut buffer).expect("a body in chunks");
    for mut rest in body.chunks(piece) {
        while !rest.is_empty() {
            match decoder.advance(rest) {
                Ok(step) => {
                    released.extend_from_slice(step.data);
                    rest = &rest[step.used..];
                }
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    return (released, Err(error));
                }
            }
        }
    }
    (released, decoder.finish())
}
