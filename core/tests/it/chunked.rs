//! Bodies in chunks: the examples of the S3 API reference, exact lengths, and what a changed byte does.

use rolecall_core::credentials::{Credentials, Secret};
use rolecall_core::sigv4::chunked::{Checksum, ChunkEncoder, ChunkKeys, ChunkLayout, ChunkSigner, Chunks};
use rolecall_core::sigv4::verify::{Covered, Part, Received, Verifier, VerifyError};
use rolecall_core::sigv4::{
    DeriveEach, Payload, Request, Rules, Scope, SignError, Signature, Signer, SigningKey, SigningKeys,
};
use rolecall_core::wire::Put;
use rolecall_core::wire::time::UnixTime;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const S3: Scope<'_> = Scope { region: "us-east-1", service: "s3", rules: Rules::S3 };

#[derive(Default)]
struct Text(Vec<u8>);

impl Put for Text {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

fn time() -> UnixTime {
    UnixTime::from_compact(b"20130524T000000Z").unwrap()
}

fn key() -> SigningKey<'static> {
    SigningKey::derive(&Secret::new(SECRET), time(), S3.region, S3.service)
}

/// An upload as it is sent: header lines and encoded body.
#[derive(Clone)]
struct Upload {
    lines: Vec<(String, Vec<u8>)>,
    seed: String,
    body: Vec<u8>,
}

/// Signs and encodes `data`, `piece` bytes of it at a time, with these lines beside `host` and the announcement.
fn upload(layout: ChunkLayout, data: &[u8], piece: usize, own: &[(&str, &str)]) -> Upload {
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", SECRET, None).unwrap();
    let key = key();
    let signer = Signer::new(&credentials, &key, Rules::S3, time()).unwrap();
    let announced = layout.announcement();
    let lines: Vec<(&str, &[u8])> = own.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let payload = Payload::Chunks(layout.chunks());
    let mut request = Request::new("PUT", "/examplebucket/chunkObject.txt", payload).unwrap();
    for (name, value) in lines.iter().copied().chain(announced.lines()) {
        request.header(name, value).unwrap();
    }
    let signed = signer.sign(&request).unwrap();
    let mut chunks = ChunkSigner::new(&signer, &signed.signature()).unwrap();
    let mut text = Text::default();
    signed.put_header_lines(&mut text);
    let mut sent: Vec<(String, Vec<u8>)> = lines
        .iter()
        .copied()
        .chain(announced.lines())
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    for line in String::from_utf8(text.0).unwrap().lines() {
        let (name, value) = line.split_once(": ").unwrap();
        sent.push((name.into(), value.into()));
    }
    let body = encode(layout, data, piece, &mut chunks);
    Upload { lines: sent, seed: signed.signature().as_str().to_owned(), body }
}

fn encode(layout: ChunkLayout, data: &[u8], piece: usize, chunks: &mut ChunkSigner) -> Vec<u8> {
    let mut buffer = vec![0; layout.buffer_len()];
    assert_eq!(
        ChunkEncoder::new(layout, &mut vec![0; layout.buffer_len() - 1]).unwrap_err(),
        SignError::InvalidChunk
    );
    let mut encoder = ChunkEncoder::new(layout, &mut buffer).unwrap();
    let (mut body, mut rest) = (Vec::new(), data);
    while !encoder.is_complete() {
        let room = encoder.room();
        let count = room.len().min(piece).min(rest.len());
        room[..count].copy_from_slice(&rest[..count]);
        rest = &rest[count..];
        encoder.filled(count, chunks);
        // It is sent in pieces of any size.
        while !encoder.ready().is_empty() {
            assert!(encoder.room().is_empty());
            let count = encoder.ready().len().min(piece);
            body.extend_from_slice(&encoder.ready()[..count]);
            encoder.consumed(count);
        }
    }
    assert_eq!(body.len() as u64, layout.encoded_len(), "{layout:?}");
    body
}

impl Upload {
    fn line(&mut self, name: &str) -> &mut Vec<u8> {
        &mut self.lines.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(name)).unwrap().1
    }

    /// Verifies as a service does, with the body in pieces: the data that was released, and the result.
    fn verify_with(
        &self,
        accepts_unsigned: bool,
        buffer: usize,
        piece: usize,
    ) -> (Vec<u8>, Result<Covered, VerifyError>) {
        let lines = self.lines.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        let verifier = Verifier::new(S3).with_unsigned_payload(accepts_unsigned);
        let mut data = Vec::new();
        let key = key();
        let mut verify = || {
            let received = Received::new("PUT", "/examplebucket/chunkObject.txt", lines.clone());
            let claim = verifier.claim(received)?;
            let verified = claim.verify(&key, time(), None)?;
            let mut buffer = vec![0; buffer];
            let mut decoder = verified.chunks(&key, &mut buffer)?;
            for piece in self.body.chunks(piece) {
                let mut rest = piece;
                while !rest.is_empty() {
                    let released = match decoder.advance(rest) {
                        Ok(released) => released,
                        Err(error) => {
                            // It stays refused.
                            assert_eq!(decoder.advance(b"0").unwrap_err(), error);
                            assert_eq!(decoder.finish().unwrap_err(), error);
                            return Err(error);
                        }
                    };
                    data.extend_from_slice(released.data);
                    rest = &rest[released.used..];
                }
            }
            assert_eq!(decoder.is_complete(), decoder.advance(b"").is_ok() && decoder.is_complete());
            decoder.finish()?;
            Ok(verified.payload())
        };
        let result = verify();
        (data, result)
    }

    fn verify(&self) -> Result<Covered, VerifyError> {
        self.verify_with(false, 65_536, 4_000).1
    }
}

/// 65 KiB in chunks of 64 KiB, as both examples have it.
fn example(chunks: Chunks) -> ChunkLayout {
    ChunkLayout::new(chunks, 66_560).unwrap().with_chunk(65_536).unwrap()
}

/// *Transferring payload in multiple chunks*, the example: the seed, three chunks, and the length of the body.
#[test]
fn the_example_of_signed_chunks() {
    let layout = example(Chunks::SIGNED);
    assert_eq!(layout.encoded_len(), 66_824);
    let own = [
        ("Host", "s3.amazonaws.com"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("Content-Length", "66824"),
    ];
    let upload = upload(layout, &[b'a'; 66_560], 1_000, &own);
    assert_eq!(upload.seed, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
    let text = String::from_utf8(upload.body.clone()).unwrap();
    let heads: Vec<&str> = text.split("\r\n").filter(|line| line.contains(';')).collect();
    assert_eq!(
        heads,
        [
            "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
            "400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
            "0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
        ]
    );
    assert_eq!(upload.verify(), Ok(Covered::Chunks { chunks: Chunks::SIGNED, len: 66_560 }));
}

/// *Including trailing headers*, the example: seed, chunks, checksum, and the signature of the trailer.
#[cfg(feature = "checksums")]
#[test]
fn the_example_of_a_trailer() {
    let layout = example(Chunks::signed_with(Checksum::Crc32c));
    let own = [("Host", "s3.amazonaws.com"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")];
    let upload = upload(layout, &[b'a'; 66_560], 70_000, &own);
    assert_eq!(upload.seed, "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
    let text = String::from_utf8(upload.body.clone()).unwrap();
    let lines: Vec<&str> = text.split("\r\n").filter(|line| !line.starts_with("aaa")).collect();
    assert_eq!(
        lines,
        [
            "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
            "400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
            "0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
            "x-amz-checksum-crc32c:sOO8/Q==",
            "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435",
            "",
            "",
        ]
    );
    let covered = Covered::Chunks { chunks: Chunks::signed_with(Checksum::Crc32c), len: 66_560 };
    assert_eq!(upload.verify(), Ok(covered));
}

/// The check values of the catalogue of CRCs, and of FIPS 180, for `123456789`.
#[test]
fn checksums_are_those_of_their_catalogues() {
    for checksum in Checksum::ALL {
        let mut running = checksum.start();
        running.put(b"12345");
        running.put(b"6789");
        let mut value = Text::default();
        running.put_value(&mut value);
        let expected = match checksum.header() {
            "x-amz-checksum-crc32" => "y/Q5Jg==",
            "x-amz-checksum-crc32c" => "4waSgw==",
            "x-amz-checksum-crc64nvme" => "rosUhgp5mIg=",
            "x-amz-checksum-sha1" => "98O8HYCOBHMq32eZZczDTKeuNEE=",
            _ => "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
        };
        assert_eq!(String::from_utf8(value.0).unwrap(), expected, "{checksum:?}");
        assert_eq!(expected.len(), checksum.value_len());
        assert_eq!(Checksum::named(&checksum.header().to_uppercase()), Some(*checksum));
    }
}

fn kinds() -> Vec<Chunks> {
    let with = |checksum: &Checksum| [Chunks::signed_with(*checksum), Chunks::unsigned_with(*checksum)];
    std::iter::once(Chunks::SIGNED).chain(Checksum::ALL.iter().flat_map(with)).collect()
}

/// Each kind, with lengths on either side of a chunk's, read and sent in pieces of any size.
#[test]
fn what_is_encoded_is_verified() {
    for chunks in kinds() {
        for len in [0usize, 1, 15, 16, 8_191, 8_192, 8_193, 16_384, 20_000] {
            let data: Vec<u8> = (0..len).map(|at| (at * 7) as u8).collect();
            let layout = ChunkLayout::new(chunks, len as u64).unwrap();
            for piece in [1, 1_000, 1 << 20] {
                let upload = upload(layout, &data, piece, &[("host", "example.com")]);
                let (released, covered) = upload.verify_with(true, 8_192, piece);
                let expected = match chunks.trailer().filter(|_| !chunks.are_signed()) {
                    Some(checksum) => Covered::UnsignedChunks { checksum, len: len as u64 },
                    None => Covered::Chunks { chunks, len: len as u64 },
                };
                assert_eq!(covered, Ok(expected), "{chunks:?} {len}");
                assert_eq!(released, data, "{chunks:?} {len}");
            }
        }
    }
}

/// Any byte of a signed body that is changed, and any that is left out, is refused; no data of its chunk is released (minio
/// pull request 11801: data was released before the signature of its chunk was compared).
#[test]
fn a_changed_byte_is_refused() {
    for chunks in kinds().into_iter().filter(|chunks| chunks.are_signed()) {
        let layout = ChunkLayout::new(chunks, 10_000).unwrap();
        let upload = upload(layout, &[b'x'; 10_000], 1 << 20, &[("host", "example.com")]);
        assert!(upload.verify().is_ok());
        for at in
            (0..upload.body.len()).filter(|at| at % 97 == 0 || *at < 100 || at + 400 > upload.body.len())
        {
            let mut changed = upload.clone();
            changed.body[at] ^= 1;
            let (released, result) = changed.verify_with(false, 65_536, 4_000);
            // A digit of the size may become the other case, and a header's name in the trailer has none.
            let error = match result {
                Err(error) => error,
                Ok(_) => panic!("{chunks:?}: byte {at} is {:?}", changed.body[at] as char),
            };
            let first_chunk = 4 + 81 + 2 + 8_192;
            if at < first_chunk {
                assert!(released.is_empty(), "{chunks:?} {at} {error:?}");
            }
            let mut shorter = upload.clone();
            shorter.body.remove(at);
            assert!(shorter.verify().is_err(), "{chunks:?} without byte {at}");
        }
    }
}

#[test]
fn each_fault_has_its_error() {
    let layout = ChunkLayout::new(Chunks::signed_with(Checksum::Sha256), 10_000).unwrap();
    let good = upload(layout, &[b'x'; 10_000], 1 << 20, &[("host", "example.com")]);
    let text = |upload: &Upload| String::from_utf8(upload.body.clone()).unwrap();
    let with = |from: &str, to: &str| {
        let mut upload = good.clone();
        assert!(text(&upload).contains(from), "{from}");
        upload.body = text(&upload).replacen(from, to, 1).into_bytes();
        upload.verify()
    };
    assert_eq!(with("xxx", "xxy"), Err(VerifyError::ChunkSignature));
    assert_eq!(with("2000;", "2001;"), Err(VerifyError::ChunkSignature));
    assert_eq!(with("2000;", "fffffff;"), Err(VerifyError::DecodedLength));
    assert_eq!(with("2000;", "100002000;"), Err(VerifyError::ChunkMalformed));
    assert_eq!(with("2000;", "-2000;"), Err(VerifyError::ChunkMalformed));
    assert_eq!(with("2000;", ";"), Err(VerifyError::ChunkMalformed));
    assert_eq!(with("2000;", "0;"), Err(VerifyError::DecodedLength));
    assert_eq!(with("chunk-signature=", "chunk-signature= "), Err(VerifyError::ChunkMalformed));
    assert_eq!(with(";chunk-signature=", ";a=b;chunk-signature="), Err(VerifyError::ChunkMalformed));
    assert_eq!(with("\r\nxxx", "\nxxx"), Err(VerifyError::ChunkMalformed));
    assert_eq!(with("x\r\n", "x\n"), Err(VerifyError::ChunkMalformed));
    assert_eq!(with("x-amz-checksum-sha256", "x-amz-checksum-sha1"), Err(VerifyError::TrailerMalformed));
    assert_eq!(with("sha256:", "sha256:A"), Err(VerifyError::TrailerSignature));
    assert_eq!(
        with("x-amz-trailer-signature:", "x-amz-trailer-signature:0"),
        Err(VerifyError::TrailerMalformed)
    );
    assert_eq!(
        with("x-amz-trailer-signature", "x-amz-trailer-signatures"),
        Err(VerifyError::TrailerMalformed)
    );
    let cut = text(&good).find("x-amz-trailer-signature").unwrap();
    let ending = |body: &[u8]| Upload { body: body.to_vec(), ..good.clone() }.verify();
    // Without its signature, the trailer is none.
    assert_eq!(ending(&[&good.body[..cut], b"\r\n"].concat()), Err(VerifyError::TrailerMalformed));
    assert_eq!(ending(&good.body[..good.body.len() - 1]), Err(VerifyError::Incomplete));
    assert_eq!(ending(b""), Err(VerifyError::Incomplete));
    assert_eq!(ending(&[&good.body[..], b"\r\n"].concat()), Err(VerifyError::TrailingBytes));
    assert_eq!(ending(&[&b"0".repeat(200)[..], &good.body].concat()), Err(VerifyError::ChunkMalformed));
    // The buffer holds a chunk.
    assert_eq!(good.verify_with(false, 8_191, 4_000).1, Err(VerifyError::ChunkTooLong));
    assert!(good.verify_with(false, 8_192, 4_000).1.is_ok());

    // A chunk of another upload, and the chunks in another order.
    let other = upload(layout, &[b'x'; 10_000], 1 << 20, &[("host", "example.org")]);
    assert_eq!(Upload { body: other.body, ..good.clone() }.verify(), Err(VerifyError::ChunkSignature));
}

/// CVE-2025-31489, CVE-2026-40344: chunks that are not signed were taken with a wrong signature of the request, or where the
/// service had not been asked to take them.
#[test]
fn unsigned_chunks_need_a_right_request_and_a_verifier_that_accepts_them() {
    let layout = ChunkLayout::new(Chunks::unsigned_with(Checksum::Sha256), 5).unwrap();
    let good = upload(layout, b"hello", 1 << 20, &[("host", "example.com")]);
    assert!(good.verify_with(true, 0, 4_000).1.is_ok());
    assert_eq!(good.verify(), Err(VerifyError::PayloadUnsigned));
    let mut forged = good.clone();
    let line = forged.line("authorization");
    let len = line.len();
    line[len - 64..].copy_from_slice(&[b'0'; 64]);
    assert_eq!(forged.verify_with(true, 0, 4_000), (Vec::new(), Err(VerifyError::Signature)));
    // The checksum is compared, although it does not keep out an attacker.
    let mut changed = good.clone();
    changed.body[3] ^= 1;
    assert_eq!(changed.verify_with(true, 0, 4_000).1, Err(VerifyError::Checksum));
    // Signed chunks in a request that announces others (seaweedfs pull request 7118).
    let signed =
        upload(ChunkLayout::new(Chunks::SIGNED, 5).unwrap(), b"hello", 1 << 20, &[("host", "example.com")]);
    let mixed = Upload { body: signed.body, ..good };
    assert_eq!(mixed.verify_with(true, 0, 4_000), (Vec::new(), Err(VerifyError::ChunkMalformed)));
}

/// What a request says of its body has to be complete, and signed.
#[test]
fn an_announcement_is_complete() {
    let layout = ChunkLayout::new(Chunks::signed_with(Checksum::Sha256), 5).unwrap();
    let good = upload(layout, b"hello", 1 << 20, &[("host", "example.com")]);
    let changed = |change: &dyn Fn(&mut Upload)| {
        let mut upload = good.clone();
        change(&mut upload);
        upload.verify()
    };
    let without = |name: &str| {
        changed(&|upload: &mut Upload| upload.lines.retain(|(own, _)| !own.eq_ignore_ascii_case(name)))
    };
    assert_eq!(without("x-amz-decoded-content-length"), Err(VerifyError::HeaderMissing));
    assert_eq!(without("x-amz-trailer"), Err(VerifyError::HeaderMissing));
    assert_eq!(
        changed(&|upload| *upload.line("x-amz-decoded-content-length") = b"6".to_vec()),
        Err(VerifyError::Signature)
    );
    for wrong in ["", "+5", "5 5", "0x5", "99999999999999999999999"] {
        let result = changed(&|upload| *upload.line("x-amz-decoded-content-length") = wrong.into());
        assert_eq!(result, Err(VerifyError::Malformed(Part::DecodedLength)), "{wrong}");
    }
    for (wrong, error) in [
        ("", VerifyError::Malformed(Part::Trailer)),
        ("content-type", VerifyError::Malformed(Part::Trailer)),
        ("x-amz-checksum-sha256,x-amz-checksum-sha1", VerifyError::UnknownChecksum),
        ("x-amz-checksum-md5", VerifyError::UnknownChecksum),
    ] {
        let result = changed(&|upload| *upload.line("x-amz-trailer") = wrong.into());
        assert_eq!(result, Err(error), "{wrong}");
    }
    for (name, part) in
        [("x-amz-decoded-content-length", Part::DecodedLength), ("x-amz-trailer", Part::Trailer)]
    {
        let twice = changed(&|upload| upload.lines.push((name.into(), b"5".to_vec())));
        assert_eq!(twice, Err(VerifyError::Repeated(part)));
        // Sent, but not signed, by a signer that leaves them out.
        let unsigned = changed(&|upload| {
            let line = upload.line("authorization");
            let text = String::from_utf8(line.clone()).unwrap().replace(&format!(";{name}"), "");
            *line = text.into_bytes();
        });
        assert_eq!(unsigned, Err(VerifyError::HeaderUnsigned));
    }
    // Other names of the same: no fall-through.
    for other in
        ["STREAMING-AWS4-HMAC-SHA256-EVENTS", "STREAMING-", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"]
    {
        let result = changed(&|upload| *upload.line("x-amz-content-sha256") = other.into());
        assert_eq!(result, Err(VerifyError::Streaming), "{other}");
    }
    let hashed = changed(&|upload| *upload.line("x-amz-content-sha256") = b"0".repeat(64));
    assert_eq!(hashed, Err(VerifyError::Malformed(Part::Trailer)));
    let hashed = changed(&|upload| {
        upload.lines.retain(|(name, _)| name != "x-amz-trailer");
        let line = upload.line("authorization");
        *line = String::from_utf8(line.clone()).unwrap().replace(";x-amz-trailer", "").into_bytes();
        *upload.line("x-amz-content-sha256") = b"0".repeat(64);
    });
    assert_eq!(hashed, Err(VerifyError::Malformed(Part::DecodedLength)));
    // Each signed name is looked up among all lines.
    let many =
        changed(&|upload| upload.lines.extend((0..1_024).map(|at| (format!("a-{at}"), b"b".to_vec()))));
    assert_eq!(many, Err(VerifyError::TooManyHeaders));
}

#[test]
fn a_layout_has_limits() {
    let layout = ChunkLayout::new(Chunks::SIGNED, 5).unwrap();
    assert_eq!((layout.chunk_len(), layout.buffer_len()), (8_192, 8_285));
    for chunk in [0, 8_191, ChunkLayout::LONGEST_CHUNK + 1, u32::MAX] {
        assert_eq!(layout.with_chunk(chunk), Err(SignError::InvalidChunk), "{chunk}");
    }
    assert!(layout.with_chunk(ChunkLayout::LONGEST_CHUNK).is_ok());
    // Five tebibytes, the largest object of S3, and numbers that no object has.
    assert_eq!(
        ChunkLayout::new(Chunks::SIGNED, 5 << 40).unwrap().encoded_len(),
        671_088_640 * (8_192 + 89) + 86
    );
    assert!(ChunkLayout::new(Chunks::SIGNED, 1 << 62).is_ok());
    for len in [i64::MAX as u64, u64::MAX] {
        assert_eq!(ChunkLayout::new(Chunks::SIGNED, len), Err(SignError::InvalidChunk));
    }
    let long = "r".repeat(200);
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET, None).unwrap();
    let key = SigningKey::derive(credentials.secret_access_key(), time(), &long, "s3");
    let signer = Signer::new(&credentials, &key, Rules::S3, time()).unwrap();
    let seed = rolecall_core::sigv4::sha256_hex(b"").into();
    assert_eq!(ChunkSigner::new(&signer, &seed).unwrap_err(), SignError::InvalidScope);
}

/// A flow signs a request again, after a wrong clock for instance: the chunks follow the last one.
#[test]
fn chunks_follow_the_last_signed_request() {
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET, None).unwrap();
    let keys = ChunkKeys::new(DeriveEach);
    assert!(keys.with_chunks(|_| ()).is_none());
    let seeds = ["1", "2"].map(|text| Signature::from(rolecall_core::sigv4::sha256_hex(text.as_bytes())));
    let signatures = seeds.map(|seed| {
        keys.with_signer(&credentials, S3, time(), &mut |signer| (&&keys).start_chunks(signer, &seed))
            .unwrap();
        keys.with_chunks(|chunks| (chunks.chunk(b"a"), chunks.chunk(b"a"))).unwrap()
    });
    let [(a, b), (c, d)] =
        signatures.map(|(first, second)| (first.as_str().to_owned(), second.as_str().to_owned()));
    let all = [a, b, c, d];
    assert!((0..4).all(|at| !all[..at].contains(&all[at])), "{all:?}");
}
