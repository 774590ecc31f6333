//! Uploads in chunks against servers that verify each: accepted as they are, and refused with one byte changed on the way.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use e2e::servers::Server;
use rolecall::core::flow::{Answer, Exchange};
use rolecall::core::sigv4::chunked::{Checksum, ChunkLayout, Chunks};
use rolecall::{
    Buffer, Environment, Error, Host, Provider, Reply, Request, Settings, Streams, System, Upload,
};

/// 64 KiB, the usual size of a chunk.
const CHUNK: u32 = 65_536;

/// The operating system as host, with one bit of an uploaded body changed on its way; at no byte if it is negative.
struct Tampering {
    system: System,
    at: Arc<AtomicI64>,
}

/// The body as it leaves this machine.
struct Changed<'a> {
    upload: &'a mut dyn Upload,
    at: i64,
}

struct ChangedReader<'a> {
    reader: Box<dyn Read + 'a>,
    until: i64,
}

impl Upload for Changed<'_> {
    fn start(&mut self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(ChangedReader { reader: self.upload.start()?, until: self.at }))
    }

    fn rewinds(&self) -> bool {
        self.upload.rewinds()
    }
}

impl Read for ChangedReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        if let Some(byte) = usize::try_from(self.until).ok().and_then(|at| buffer[..count].get_mut(at)) {
            // One digit or letter becomes another.
            *byte = if *byte == b'0' { b'1' } else { b'0' };
        }
        self.until -= i64::try_from(count).expect("a length");
        Ok(count)
    }
}

impl Host for Tampering {
    fn exchange(
        &self,
        exchange: &Exchange<'_>,
        buffer: &mut Buffer,
        streams: &mut Streams<'_>,
    ) -> Answer<'static> {
        let Some(upload) = streams.upload.take() else {
            return self.system.exchange(exchange, buffer, streams);
        };
        let mut changed = Changed { upload, at: self.at.load(Ordering::Relaxed) };
        let mut streams = Streams { upload: Some(&mut changed), download: None };
        self.system.exchange(exchange, buffer, &mut streams)
    }

    e2e::as_the_system!(read_file, run, resolve, prompt, random, now, sleep_until, entropy);
}

/// A bucket on a server, and a user of it.
struct Bucket {
    provider: Provider,
    at: Arc<AtomicI64>,
    url: String,
}

impl Bucket {
    fn of(server: &Server) -> Self {
        let variables: Environment = server.environment().into_iter().collect();
        let settings = Settings::from_environment(&variables).expect("settings");
        let at = Arc::new(AtomicI64::new(-1));
        let host = Tampering { system: System::new(&settings), at: at.clone() };
        let provider = Provider::builder(settings).host(host).build();
        Self { provider, at, url: format!("{}/{}", server.need("URL"), server.need("BUCKET")) }
    }

    fn put(&self, key: &str, chunks: Chunks, data: &[u8], changed: i64) -> Result<Reply, Error> {
        self.at.store(changed, Ordering::Relaxed);
        let layout = layout(chunks, data.len());
        let request = Request::new("PUT", &format!("{}/{key}", self.url)).expect("a request").service("s3");
        self.provider.send_chunked(&request, &mut Cursor::new(data), layout, &mut io::sink())
    }

    fn get(&self, key: &str) -> (u16, Vec<u8>) {
        let request = Request::new("GET", &format!("{}/{key}", self.url)).expect("a request").service("s3");
        let mut body = Vec::new();
        let reply = self.provider.send_to(&request, &mut body).expect("a reply");
        (reply.status, body)
    }
}

fn layout(chunks: Chunks, len: usize) -> ChunkLayout {
    ChunkLayout::new(chunks, len as u64).and_then(|layout| layout.with_chunk(CHUNK)).expect("a layout")
}

fn data(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

/// What is uploaded is what is there, of each length on either side of a chunk's.
fn lengths(name: &'static str, kinds: &[Chunks]) {
    let Some(server) = Server::named(name) else { return };
    let bucket = Bucket::of(&server);
    for (at, chunks) in kinds.iter().enumerate() {
        for len in [0, 1, CHUNK as usize, CHUNK as usize + 1] {
            let (key, data) = (format!("chunks-{at}-{len}"), data(len));
            let reply = bucket.put(&key, *chunks, &data, -1).expect("a reply");
            assert_eq!(
                reply.status,
                200,
                "{name} {chunks:?} {len}: {}",
                String::from_utf8_lossy(&reply.body)
            );
            let (status, got) = bucket.get(&key);
            assert_eq!((status, got.len()), (200, len), "{name} {chunks:?}");
            assert!(got == data, "{name} {chunks:?} {len}: other bytes");
        }
    }
    let large = data(64 << 20);
    assert_eq!(bucket.put("large", kinds[0], &large, -1).expect("a reply").status, 200);
    assert!(bucket.get("large").1 == large, "{name}: other bytes");
}

/// One byte of the body is changed, in each of its parts. Both servers compare the signatures of chunks and the checksum of a
/// trailer, but not its signature: s3s and aws-sigv4 do that, in `tests/benches/peers`.
fn changes(name: &'static str, chunks: Chunks, parts: &[(&str, i64)]) {
    let Some(server) = Server::named(name) else { return };
    let bucket = Bucket::of(&server);
    let data = data(CHUNK as usize + 10);
    assert_eq!(bucket.put("unchanged", chunks, &data, -1).expect("a reply").status, 200);
    let len = i64::try_from(layout(chunks, data.len()).encoded_len()).expect("a length");
    for (part, at) in parts {
        // From the end, if it is negative.
        let at = if *at < 0 { len + at } else { *at };
        let key = format!("changed-{part}").replace(' ', "-");
        // A server may close the connection before it has read all; SeaweedFS calls its refusal an error of its own.
        if let Ok(reply) = bucket.put(&key, chunks, &data, at) {
            assert!(reply.status >= 400, "{name}: another {part}: {}", reply.status);
        }
        assert_eq!(bucket.get(&key).0, 404, "{name}: another {part}: the object is there");
    }
}

/// The head of the first chunk has 5 digits, 17 bytes of a name, 64 digits.
const HEAD: i64 = 5 + 17;
/// The last lines are that of the trailer's signature and an empty one, and the checksum is before them.
const TRAILER_SIGNATURE: i64 = 24 + 64 + 4;

#[test]
fn ministack_takes_chunks_of_each_length() {
    lengths(
        "ministack",
        &[Chunks::SIGNED, Chunks::signed_with(Checksum::Crc32c), Chunks::unsigned_with(Checksum::Crc32)],
    );
}

#[test]
fn seaweedfs_takes_chunks_of_each_length() {
    lengths(
        "seaweedfs",
        &[
            Chunks::SIGNED,
            Chunks::signed_with(Checksum::Crc32),
            Chunks::signed_with(Checksum::Sha256),
            Chunks::unsigned_with(Checksum::Crc64Nvme),
        ],
    );
}

#[test]
fn a_changed_byte_is_refused_by_ministack() {
    changes(
        "ministack",
        Chunks::SIGNED,
        &[("data", 10_000), ("signature", HEAD + 10), ("last signature", -10)],
    );
    changes(
        "ministack",
        Chunks::signed_with(Checksum::Crc32),
        &[("data", 10_000), ("trailer", -TRAILER_SIGNATURE - 6)],
    );
}

#[test]
fn a_changed_byte_is_refused_by_seaweedfs() {
    changes(
        "seaweedfs",
        Chunks::SIGNED,
        &[("data", 10_000), ("signature", HEAD + 10), ("last signature", -10)],
    );
    changes(
        "seaweedfs",
        Chunks::signed_with(Checksum::Crc32),
        &[("data", 10_000), ("trailer", -TRAILER_SIGNATURE - 6)],
    );
}
