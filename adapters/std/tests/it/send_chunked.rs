//! Bodies that are signed in chunks while they are read: what arrives is what a verifier accepts.

use std::io::{Cursor, Read};
use std::time::Duration;

use rolecall::core::call::is_reserved;
use rolecall::core::credentials::Secret;
use rolecall::core::sigv4::chunked::{Checksum, ChunkLayout, Chunks};
use rolecall::core::sigv4::verify::{Covered, Received, Verifier, VerifyError};
use rolecall::core::sigv4::{Rules, Scope, SigningKey};
use rolecall::core::wire::http1::{RequestHead, head_len};
use rolecall::{Error, Once, Provider, Request, UnixTime};

use crate::send::{Fake, TIME};

const URL: &str = "https://reports.s3.eu-west-1.amazonaws.com/2026/11.csv";
const S3: Scope<'_> = Scope { region: "eu-west-1", service: "s3", rules: Rules::S3 };

fn put() -> Request {
    Request::new("PUT", URL).expect("a request").attempts(3, Duration::from_secs(60))
}

/// Checks a request as it was sent, at `now`, and returns the data of its body.
fn verified(sent: &str, now: u64) -> Result<(Covered, Vec<u8>), VerifyError> {
    let end = head_len(sent.as_bytes(), 0).expect("a head");
    let (head, body) = sent.as_bytes().split_at(end);
    let head = RequestHead::parse(head).expect("a head");
    let length = head.headers.get("content-length").expect("a length");
    assert_eq!(length, body.len().to_string().as_bytes());
    let verifier = Verifier::new(S3).with_unsigned_payload(true);
    let claim = verifier.claim(Received::new(head.method, head.target, head.headers.iter()))?;
    let key = SigningKey::derive(
        &Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        claim.time(),
        S3.region,
        S3.service,
    );
    let verified = claim.verify(&key, UnixTime::from_secs(now), None)?;
    let mut buffer = vec![0; 65_536];
    let (mut decoder, mut data, mut rest) = (verified.chunks(&key, &mut buffer)?, Vec::new(), body);
    while !rest.is_empty() {
        let released = decoder.advance(rest)?;
        data.extend_from_slice(released.data);
        rest = &rest[released.used..];
    }
    decoder.finish()?;
    Ok((verified.payload(), data))
}

#[test]
fn a_body_in_chunks_is_verified_by_its_receiver() {
    let data: Vec<u8> = (0..100_000u32).map(|at| b'a' + (at % 26) as u8).collect();
    for chunks in
        [Chunks::SIGNED, Chunks::signed_with(Checksum::Sha256), Chunks::unsigned_with(Checksum::Sha256)]
    {
        for (len, chunk) in [(0, 8_192), (1, 8_192), (8_192, 8_192), (100_000, 65_536)] {
            let fake = Fake::default();
            fake.reply(200, "", b"");
            let layout =
                ChunkLayout::new(chunks, len).and_then(|layout| layout.with_chunk(chunk)).expect("a layout");
            let mut body = Cursor::new(&data[..len as usize]);
            let request = put().header("content-encoding", "gzip").expect("a header");
            let reply = fake.provider().send_chunked(&request, &mut body, layout, &mut std::io::sink());
            assert_eq!(reply.expect("a reply").status, 200);
            let [sent] = &fake.sent()[..] else { panic!("one request") };
            let (covered, released) = verified(sent, TIME).expect("accepted");
            assert_eq!(released, data[..len as usize]);
            match covered {
                Covered::Chunks { chunks: found, len: found_len } => {
                    assert_eq!((found, found_len), (chunks, len))
                }
                Covered::UnsignedChunks { checksum, .. } => {
                    assert_eq!(Chunks::unsigned_with(checksum), chunks)
                }
                other => panic!("{other:?}"),
            }
            let changed = sent.replacen("content-encoding: gzip", "content-encoding: zstd", 1);
            assert_eq!(verified(&changed, TIME).unwrap_err(), VerifyError::Signature);
        }
    }
}

/// Each attempt has a signature of its own, and its chunks follow that one.
#[test]
fn an_attempt_after_a_wrong_clock_is_signed_and_encoded_again() {
    let fake = Fake::default();
    // Two hours later than this machine believes.
    let late = "Date: Fri, 02 Jan 2026 05:04:05 GMT\r\n";
    fake.reply(403, late, b"<Error><Code>RequestTimeTooSkewed</Code></Error>")
        .reply(503, "", b"")
        .reply(200, "", b"");
    let layout = ChunkLayout::new(Chunks::SIGNED, 9_000).expect("a layout");
    let mut body = Cursor::new(vec![b'x'; 9_000]);
    let reply =
        fake.provider().send_chunked(&put(), &mut body, layout, &mut std::io::sink()).expect("a reply");
    assert_eq!(reply.status, 200);
    let sent = fake.sent();
    for (at, now) in [TIME, TIME + 7_200, TIME + 7_200].into_iter().enumerate() {
        assert_eq!(verified(&sent[at], now).expect("accepted").1, vec![b'x'; 9_000], "attempt {at}");
    }
}

#[test]
fn what_cannot_be_sent_in_chunks_is_refused() {
    let layout = ChunkLayout::new(Chunks::SIGNED, 10).expect("a layout");
    let send = |request: &Request, body: &[u8]| {
        let fake = Fake::default();
        fake.provider().send_chunked(request, &mut Once::new(body), layout, &mut std::io::sink())
    };
    // Other services know nothing of chunks.
    let other = Request::new("POST", "https://sqs.eu-west-1.amazonaws.com/").expect("a request");
    let error = send(&other, b"0123456789").expect_err("refused").to_string();
    assert!(error.contains("S3 alone"), "{error}");
    for name in ["x-amz-decoded-content-length", "X-Amz-Trailer"] {
        assert!(!is_reserved(name));
        let twice = put().header(name, "5").expect("a header");
        assert!(matches!(
            send(&twice, b"0123456789"),
            Err(Error::Source { .. } | Error::Configuration { .. })
        ));
    }
}

/// A body that is shorter than announced ends the exchange with an error that says so.
#[test]
fn a_short_body_is_an_error() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/key", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut received = Vec::new();
        // It never gets all that was announced.
        let _ = stream.read_to_end(&mut received);
        received.len()
    });
    let variables = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let provider = Provider::from_environment(&variables.into_iter().collect()).expect("a provider");
    let request = Request::new("PUT", &url).expect("a request").service("s3").region("eu-west-1");
    let layout = ChunkLayout::new(Chunks::SIGNED, 50_000).expect("a layout");
    let mut body = Once::new(Cursor::new(vec![0; 20_000]));
    let error =
        provider.send_chunked(&request, &mut body, layout, &mut std::io::sink()).expect_err("too short");
    assert!(error.to_string().contains("ends before its announced length"), "{error}");
    assert!(server.join().expect("a server") < 50_000);
}
