//! Uploads in chunks of each kind, and each with one byte changed in each of its parts.

use rolecall_core::sigv4::Payload;
use rolecall_core::sigv4::chunked::{Checksum, ChunkEncoder, ChunkLayout, Chunks};
use rolecall_core::sigv4::verify::VerifyError;

use super::sent::Sent;
use super::service::{Server, Taken};

const CHUNK: usize = ChunkLayout::SHORTEST_CHUNK as usize;

/// Lets both take every upload, and compares what they say of a changed one.
pub(super) fn compare() {
    let server = Server::new();
    let trailers = Checksum::ALL.iter().copied();
    let signed = trailers.clone().map(Chunks::signed_with);
    let kinds = [Chunks::SIGNED].into_iter().chain(signed).chain(trailers.map(Chunks::unsigned_with));
    for chunks in kinds {
        for len in [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5] {
            let data: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
            let sent = upload(chunks, &data);
            assert_eq!(sent.verify().as_ref(), Ok(&data), "the core: {chunks:?}, {len} bytes");
            let taken = server.take(&sent).unwrap_or_else(|reply| panic!("{chunks:?}, {len} bytes: {reply}"));
            assert!(taken == Taken { data, trailer: trailer(&sent, chunks) }, "{chunks:?}, {len} bytes");
            change(&server, &sent, chunks, len);
        }
    }
}

/// Signs and encodes an upload of `data`.
fn upload(chunks: Chunks, data: &[u8]) -> Sent {
    let layout = ChunkLayout::new(chunks, data.len() as u64).expect("a layout");
    let announced = layout.announcement();
    let mut lines = vec![("Host".to_owned(), b"s3.eu-west-1.amazonaws.com".to_vec())];
    lines.extend(announced.lines().map(|(name, value)| (name.to_owned(), value.to_vec())));
    lines.push(("Content-Length".to_owned(), layout.encoded_len().to_string().into_bytes()));
    let mut sent = Sent { method: "PUT", target: "/rolecall/log".to_owned(), lines, body: Vec::new() };
    let mut signer = sent.sign(None, Payload::Chunks(chunks), None);
    let mut buffer = vec![0; layout.buffer_len()];
    let mut encoder = ChunkEncoder::new(layout, &mut buffer).expect("room for a chunk");
    let mut rest = data;
    while !encoder.is_complete() {
        let room = encoder.room();
        let (next, later) = rest.split_at(room.len());
        room.copy_from_slice(next);
        rest = later;
        encoder.filled(next.len(), &mut signer);
        sent.body.extend_from_slice(encoder.ready());
        encoder.consumed(encoder.ready().len());
    }
    sent
}

/// The line of the trailer, as it was sent.
fn trailer(sent: &Sent, chunks: Chunks) -> Vec<(String, String)> {
    let line = chunks.trailer().map(|checksum| {
        let name = checksum.header();
        let start = after(sent, &format!("{name}:")).expect("a trailer");
        let value = sent.body[start..].split(|byte| *byte == b'\r').next().unwrap_or_default();
        (name.to_owned(), String::from_utf8_lossy(value).into_owned())
    });
    line.into_iter().collect()
}

/// Changes a byte in each part of an upload. `s3s` compares every signature, but no checksum: it passes the trailer to what
/// is behind it. So what is not signed it lets through with another byte, and the core refuses it.
fn change(server: &Server, sent: &Sent, chunks: Chunks, len: usize) {
    let name = chunks.trailer().map_or("none", Checksum::header);
    let parts = [
        ("data", "\r\n", VerifyError::ChunkSignature),
        ("signature of a chunk", ";chunk-signature=", VerifyError::ChunkSignature),
        ("signature of the last chunk", "\r\n0;chunk-signature=", VerifyError::ChunkSignature),
        ("trailer", &format!("\r\n{name}:"), VerifyError::TrailerSignature),
        ("signature of the trailer", "x-amz-trailer-signature:", VerifyError::TrailerSignature),
    ];
    for (part, before, signed) in parts {
        let Some(at) = after(sent, before).filter(|_| part != "data" || len > 0) else { continue };
        let mut changed = sent.clone();
        changed.body[at] = if changed.body[at] == b'0' { b'1' } else { b'0' };
        let (ours, theirs) = (changed.verify(), server.take(&changed));
        let what =
            format!("{chunks:?}, {len} bytes, another {part}: {ours:?}, s3s: {:?}", theirs.as_ref().err());
        if chunks.are_signed() {
            assert_eq!(ours, Err(signed), "{what}");
            assert!(theirs.is_err_and(|reply| reply.contains("SignatureMismatch")), "{what}");
        } else {
            assert_eq!(ours, Err(VerifyError::Checksum), "{what}");
            assert!(theirs.is_ok_and(|taken| taken.data.len() == len), "{what}");
        }
    }
}

/// Where `text` ends in the body for the first time.
fn after(sent: &Sent, text: &str) -> Option<usize> {
    let at = sent.body.windows(text.len()).position(|window| window == text.as_bytes());
    at.map(|at| at + text.len())
}
