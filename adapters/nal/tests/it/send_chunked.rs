//! Bodies that are signed in chunks while they are read, in a buffer of one chunk.

use rolecall_core::call::{Answered, Content, Outgoing};
use rolecall_core::credentials::{Credentials, Secret};
use rolecall_core::error::{Error, ErrorKind, Failure, FailureKind, Phase};
use rolecall_core::flow::{Endpoint, Limits, RetryPolicy};
use rolecall_core::sigv4::chunked::{Checksum, ChunkKeys, ChunkLayout, Chunks};
use rolecall_core::sigv4::verify::{Received, Verifier, VerifyError};
use rolecall_core::sigv4::{DeriveEach, Rules, Scope, SigningKey};
use rolecall_core::sources::Fixed;
use rolecall_core::wire::http1::{RequestHead, head_len};
use rolecall_nal::{Bodies, ChunkedUpload};

use crate::board::Loop;
use crate::mock::{Mocked, Net, StackBehavior, Then, reply};
use crate::on_both_loops;
use crate::streams::{ByteSource, Faults, Sink};

on_both_loops!(
    a_body_in_chunks_is_verified_by_its_receiver,
    a_retry_is_signed_and_encoded_again,
    a_body_that_ends_early_is_an_error,
    a_buffer_for_less_than_a_chunk_is_refused,
);

const SCOPE: Scope<'static> = Scope { region: "eu-central-1", service: "s3", rules: Rules::S3 };

fn base() -> Fixed<'static> {
    Fixed::new(Some(Credentials::new("AKIDGIVEN", "a-secret", Some("the-session-token")).unwrap()))
}

fn send(mocked: &mut Mocked, layout: ChunkLayout, source: &mut ByteSource) -> Result<Answered, Error> {
    source.faults.time = mocked.net.time.clone();
    let announcement = layout.announcement();
    let mut request = Outgoing::new("PUT", Endpoint::parse("http://10.0.0.7").unwrap(), "/key", SCOPE);
    request.limits = Limits { connect_ms: 300, first_byte_ms: 3_000, total_ms: 100_000, body_bytes: 64 };
    request.retries = RetryPolicy::new(3, 200_000);
    request.content = Content::Chunked { announcement: &announcement, rewinds: true };
    let (keys, mut chunk, mut sink) =
        (ChunkKeys::new(DeriveEach), vec![0; layout.buffer_len()], Sink::default());
    let upload = ChunkedUpload::new(source, layout, &keys, &mut chunk).unwrap();
    let mut bodies = Bodies::upload(upload)
        .rewinding(|upload| upload.rewind(|source| source.rewind()))
        .and_download(&mut sink);
    mocked.send_chunked(&mut base(), request, &keys, &mut bodies)
}

/// Checks a request as it was sent, and returns the data of its body.
fn verified(sent: &str) -> Result<Vec<u8>, VerifyError> {
    let (head, body) = sent.as_bytes().split_at(head_len(sent.as_bytes(), 0).expect("a head"));
    let head = RequestHead::parse(head).expect("a head");
    assert_eq!(head.headers.get("content-length"), Some(body.len().to_string().as_bytes()));
    let verifier = Verifier::new(SCOPE).with_unsigned_payload(true);
    let claim = verifier.claim(Received::new(head.method, head.target, head.headers.iter()))?;
    let key = SigningKey::derive(&Secret::new("a-secret"), claim.time(), SCOPE.region, SCOPE.service);
    let verified = claim.verify(&key, claim.time(), None)?;
    let mut buffer = vec![0; 8_192];
    let (mut decoder, mut data, mut rest) = (verified.chunks(&key, &mut buffer)?, Vec::new(), body);
    while !rest.is_empty() {
        let released = decoder.advance(rest)?;
        data.extend_from_slice(released.data);
        rest = &rest[released.used..];
    }
    decoder.finish().map(|()| data)
}

fn stored(_: &str) -> (String, Then) {
    (reply(200, ""), Then::Stay)
}

fn text(len: usize) -> Vec<u8> {
    (0..len).map(|at| b'a' + (at % 26) as u8).collect()
}

fn a_body_in_chunks_is_verified_by_its_receiver(on: Loop) {
    for chunks in
        [Chunks::SIGNED, Chunks::signed_with(Checksum::Sha256), Chunks::unsigned_with(Checksum::Sha256)]
    {
        for len in [0, 1, 8_192, 8_193, 20_000] {
            for faults in [
                Faults::default(),
                Faults { piece: 1_000, ..Faults::default() },
                Faults { is_interrupted: true, ..Faults::default() },
            ] {
                let behavior = StackBehavior { short_writes: faults.piece > 0, ..StackBehavior::default() };
                let mut mocked = Mocked::new(on, Net::new(behavior, stored));
                // The head, and the chunks on their way.
                mocked.exchange = vec![0; 1_024];
                let mut source = ByteSource { bytes: text(len), faults, ..ByteSource::default() };
                let layout = ChunkLayout::new(chunks, len as u64).unwrap();
                assert_eq!(send(&mut mocked, layout, &mut source).unwrap().reply.status, 200);
                let [sent] = &mocked.net.requests()[..] else { panic!("one request") };
                assert_eq!(verified(sent), Ok(text(len)), "{chunks:?} {len}");
            }
        }
    }
}

fn a_retry_is_signed_and_encoded_again(on: Loop) {
    let mut left = 2;
    let serve = move |_: &str| {
        left -= 1;
        (reply(if left >= 0 { 503 } else { 200 }, ""), Then::Stay)
    };
    let mut mocked = Mocked::new(on, Net::new(StackBehavior::default(), serve));
    mocked.exchange = vec![0; 1_024];
    let mut source = ByteSource::of(text(9_000));
    let layout = ChunkLayout::new(Chunks::SIGNED, 9_000).unwrap();
    assert_eq!(send(&mut mocked, layout, &mut source).unwrap().reply.status, 200);
    assert_eq!(source.rewinds, 2);
    let requests = mocked.net.requests();
    assert_eq!(requests.len(), 3);
    for sent in &requests {
        assert_eq!(verified(sent), Ok(text(9_000)));
    }
}

fn a_body_that_ends_early_is_an_error(on: Loop) {
    let mut mocked = Mocked::new(on, Net::new(StackBehavior::default(), stored));
    mocked.exchange = vec![0; 1_024];
    let layout = ChunkLayout::new(Chunks::SIGNED, 9_001).unwrap();
    let error = send(&mut mocked, layout, &mut ByteSource::of(text(9_000))).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transport(Failure { phase: Phase::Send, kind: FailureKind::Other }));
}

fn a_buffer_for_less_than_a_chunk_is_refused(_: Loop) {
    let (keys, layout) = (ChunkKeys::new(DeriveEach), ChunkLayout::new(Chunks::SIGNED, 1).unwrap());
    let mut small = vec![0; layout.buffer_len() - 1];
    assert!(ChunkedUpload::new(ByteSource::default(), layout, &keys, &mut small).is_err());
}
