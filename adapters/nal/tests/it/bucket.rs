//! Signed requests to the simulator's S3, over loopback.

use rolecall_core::call::{Content, Outgoing};
use rolecall_core::credentials::Credentials;
use rolecall_core::error::{ErrorKind, Failure, FailureKind, Phase};
use rolecall_core::flow::Endpoint;
use rolecall_core::sigv4::{Rules, Scope, sha256_hex};
use rolecall_core::sources::Fixed;
use rolecall_nal::blocking::ZeroRead;
use rolecall_simulator::{Config, Simulator, User};

use crate::board::{Loop, RealBoard};
use crate::loopback::Loopback;
use crate::on_both_loops;
use crate::peer::{Do, Peer, send};
use crate::streams::{ByteSource, Sink};

on_both_loops!(
    a_streamed_object_is_stored_and_read_back,
    an_object_in_memory_is_stored_and_read_back,
    a_changed_byte_is_rejected,
    a_slow_peer_exceeds_the_total_limit,
);

const KEY_ID: &str = "AKIDPROVISIONED00001";
const SECRET: &str = "provisioned/secret+access+key/of+a+board";
const LEN: usize = 50_000;

fn simulator() -> Simulator {
    let arn = "arn:aws:iam::111122223333:user/board".to_owned();
    let user = User { arn, access_key_id: KEY_ID.into(), secret_access_key: SECRET.into() };
    let bucket_accounts = vec!["111122223333".to_owned()];
    Simulator::start(Config { users: vec![user], bucket_accounts, ..Config::default() }).unwrap()
}

fn base() -> Fixed<'static> {
    Fixed::new(Some(Credentials::new(KEY_ID, SECRET, None).unwrap()))
}

/// A driver that has a wall clock or learns the time from the first refusal.
fn loopback(on: Loop, knows_time: bool) -> Loopback {
    Loopback::new(on, RealBoard::new(knows_time), ZeroRead::NoData)
}

fn scope(simulator: &Simulator) -> Scope<'_> {
    Scope { region: simulator.region(), service: "s3", rules: Rules::S3 }
}

/// Bytes that are not valid UTF-8.
fn object() -> Vec<u8> {
    (0..LEN as u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn a_streamed_object_is_stored_and_read_back(on: Loop) {
    for knows_time in [true, false] {
        let simulator = simulator();
        let (url, target) = (simulator.s3_url(), format!("/{}/object", simulator.bucket()));
        let endpoint = Endpoint::parse(&url).unwrap();
        let mut loopback = loopback(on, knows_time);

        let mut put = Outgoing::new("PUT", endpoint, &target, scope(&simulator));
        let sha256 = Some(sha256_hex(&object()));
        put.content = Content::Streamed { len: LEN as u64, sha256, rewinds: true };
        let mut source = ByteSource::of(object());
        let stored = loopback.send_with(&mut base(), put, &mut source, &mut Sink::default()).unwrap();
        assert_eq!(stored.reply.status, 200, "{}", loopback.report());
        assert_eq!(source.rewinds, usize::from(!knows_time));

        let get = Outgoing::new("GET", endpoint, &target, scope(&simulator));
        let mut sink = Sink::default();
        let found = loopback.send_with(&mut base(), get, &mut ByteSource::default(), &mut sink).unwrap();
        assert_eq!(found.reply.status, 200, "{}", loopback.report());
        assert!(sink.got == object(), "the object differs from the stored one");
        let headers = found.reply.headers(&loopback.exchange);
        assert_eq!(headers.text("content-length"), Some("50000"));
    }
}

fn an_object_in_memory_is_stored_and_read_back(on: Loop) {
    let simulator = simulator();
    let (url, target) = (simulator.s3_url(), format!("/{}/greeting", simulator.bucket()));
    let endpoint = Endpoint::parse(&url).unwrap();
    let mut loopback = loopback(on, true);
    let mut put = Outgoing::new("PUT", endpoint, &target, scope(&simulator));
    put.content = Content::Bytes(b"hello");
    assert_eq!(loopback.send(&mut base(), put).unwrap().reply.status, 200);
    let get = Outgoing::new("GET", endpoint, &target, scope(&simulator));
    let found = loopback.send(&mut base(), get).unwrap();
    assert_eq!((found.reply.status, found.reply.body(&loopback.exchange)), (200, &b"hello"[..]));
}

fn a_changed_byte_is_rejected(on: Loop) {
    let simulator = simulator();
    let (url, target) = (simulator.s3_url(), format!("/{}/object", simulator.bucket()));
    let endpoint = Endpoint::parse(&url).unwrap();
    let mut loopback = loopback(on, true);
    let mut put = Outgoing::new("PUT", endpoint, &target, scope(&simulator));
    let sha256 = Some(sha256_hex(&object()));
    put.content = Content::Streamed { len: LEN as u64, sha256, rewinds: true };
    let mut changed = object();
    changed[LEN - 1] ^= 1;
    let mut sink = Sink::default();
    let refused = loopback.send_with(&mut base(), put, &mut ByteSource::of(changed), &mut sink).unwrap();
    assert_eq!(refused.reply.status, 400, "{}", loopback.report());
    assert_eq!(loopback.report().code(), "XAmzContentSHA256Mismatch");
    assert!(sink.got.is_empty() && !refused.reply.body(&loopback.exchange).is_empty());

    let get = Outgoing::new("GET", endpoint, &target, scope(&simulator));
    let missing = loopback.send_with(&mut base(), get, &mut ByteSource::default(), &mut sink).unwrap();
    assert_eq!((missing.reply.status, loopback.report().code()), (404, "NoSuchKey"));
}

fn a_slow_peer_exceeds_the_total_limit(on: Loop) {
    let begun = send("HTTP/1.1 200 X\r\nContent-Length: 100000\r\n\r\n");
    let peer = Peer::new(vec![vec![Do::Read, begun, Do::Drip(vec![b'x'; 200], 20)]]);
    let url = peer.url();
    let scope = Scope { region: "eu-central-1", service: "s3", rules: Rules::S3 };
    let mut get = Outgoing::new("GET", Endpoint::parse(&url).unwrap(), "/key", scope);
    get.limits.total_ms = 600;
    get.retries.budget_ms = 600;
    let (mut sink, started) = (Sink::default(), std::time::Instant::now());
    let result = loopback(on, true).send_with(&mut base(), get, &mut ByteSource::default(), &mut sink);
    let failure = Failure { phase: Phase::Body, kind: FailureKind::Timeout };
    assert_eq!(result.unwrap_err().kind, ErrorKind::Transport(failure));
    let took = started.elapsed().as_millis();
    assert!((600..1_500).contains(&took) && !sink.got.is_empty(), "{took} ms");
}
