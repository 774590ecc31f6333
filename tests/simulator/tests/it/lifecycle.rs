//! Starting, stopping, and misbehaving clients.

use crate::client::{Keys, Request, Signing, connect, host, instance_document, start, user};
use rolecall_simulator::{Config, Ports, Role, Simulator};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Sends bytes and returns the response, until the server closes the connection.
fn raw(url: &str, bytes: &[u8]) -> String {
    let mut stream = connect(url);
    // The server may close the connection before it has read everything.
    let _ = stream.write_all(bytes);
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply);
    String::from_utf8_lossy(&reply).into_owned()
}

fn status(url: &str, bytes: &[u8]) -> String {
    let reply = raw(url, bytes);
    reply.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn every_service_listens_on_loopback_only() {
    let simulator = start(Config::default());
    let urls = [simulator.imds_url(), simulator.container_url(), simulator.sts_url(), simulator.s3_url()];
    for url in &urls {
        assert!(host(url).starts_with("127.0.0.1:"), "{url}");
    }
    let environment = simulator.environment();
    let expected = [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", simulator.imds_url()),
        ("AWS_REGION", "eu-central-1".to_owned()),
        ("AWS_ENDPOINT_URL_STS", simulator.sts_url()),
        ("AWS_ENDPOINT_URL_S3", simulator.s3_url()),
    ];
    assert_eq!(environment, expected);
}

#[test]
fn a_port_can_be_configured_and_a_taken_one_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let config = Config { ports: Ports { sts: port, ..Ports::default() }, ..Config::default() };
    let error = Simulator::start(config.clone()).err().expect("an error");
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    drop(taken);
    assert_eq!(start(config).sts_url(), format!("http://127.0.0.1:{port}"));
}

#[test]
fn an_invalid_configuration_is_rejected() {
    let role = |arn: &str| {
        let mut role = Role::new("444455556666", "r");
        role.arn = arn.into();
        vec![role]
    };
    let mut short_key = user("alice");
    short_key.access_key_id = "AKIA".into();
    let cases: [(&str, Config); 8] = [
        ("region", Config { region: "eu\r\n".into(), ..Config::default() }),
        ("host_account", Config { host_account: "1".into(), ..Config::default() }),
        ("instance_role", Config { instance_role: "a/b".into(), ..Config::default() }),
        ("instance_lifetime", Config { instance_lifetime: Duration::ZERO, ..Config::default() }),
        ("roles", Config { roles: Vec::new(), ..Config::default() }),
        ("roles: an arn", Config { roles: role("arn:aws:iam::4:role/r"), ..Config::default() }),
        ("users: an access_key_id", Config { users: vec![short_key], ..Config::default() }),
        ("session_token_length", Config { session_token_length: 20, ..Config::default() }),
    ];
    for (field, config) in cases {
        let error = Simulator::start(config).err().expect(field);
        assert!(error.to_string().contains(&format!(": {field} is")), "{error}");
    }
}

#[test]
fn dropping_the_simulator_closes_every_connection() {
    let simulator = start(Config::default());
    let url = simulator.sts_url();
    let mut idle = connect(&url);
    let mut halfway = connect(&url);
    halfway.write_all(b"POST / HTTP/1.1\r\nHost: x\r\n").expect("sending");
    // A whole exchange on a third connection: the first two are accepted by then.
    Request::new("GET", "/").send(&url);
    let began = Instant::now();
    drop(simulator);
    assert!(began.elapsed() < Duration::from_secs(5));
    for stream in [&mut idle, &mut halfway] {
        assert!(matches!(stream.read(&mut [0; 1]), Ok(0) | Err(_)));
    }
    assert!(TcpStream::connect(host(&url)).is_err());
}

#[test]
fn two_starts_share_no_secret() {
    let (one, two) = (start(Config::default()), start(Config::default()));
    let (one, two) = (Keys::instance(&one), Keys::instance(&two));
    assert_ne!(one.id, two.id);
    assert_ne!(one.secret, two.secret);
    assert_ne!(one.token, two.token);
}

#[test]
fn malformed_requests_are_rejected_and_the_service_stays_up() {
    let simulator = start(Config::default());
    let head = "GET / HTTP/1.1\r\nHost: x\r\n";
    let long = format!("{head}A: {}\r\n\r\n", "a".repeat(70_000));
    let many = format!("{head}{}\r\n", "A: b\r\n".repeat(200));
    let cases: [(&str, Vec<u8>); 15] = [
        ("400", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
        ("400", b"nonsense\r\n\r\n".to_vec()),
        ("400", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        ("400", b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n".to_vec()),
        ("400", b"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        ("400", b"GET /# HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        ("400", b"GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        ("400", format!("{head}A: \u{e9}\r\n\r\n").replace('\u{e9}', "\0").into_bytes()),
        ("400", [head.as_bytes(), b"A: \xff\r\n\r\n"].concat()),
        ("400", format!("{head}Content-Length: -1\r\n\r\n").into_bytes()),
        ("400", format!("{head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n").into_bytes()),
        ("413", format!("{head}Content-Length: 99999999999999999999999\r\n\r\n").into_bytes()),
        ("501", format!("{head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n").into_bytes()),
        ("431", long.into_bytes()),
        ("431", many.into_bytes()),
    ];
    for url in [simulator.imds_url(), simulator.s3_url()] {
        for (expected, bytes) in &cases {
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
            assert_eq!(status(&url, bytes), *expected, "{shown}");
        }
    }
    assert_eq!(instance_document(&simulator).status, 200);
}

#[test]
fn hostile_signatures_are_rejected() {
    let simulator = start(Config { users: vec![user("alice")], ..Config::default() });
    let id = user("alice").access_key_id;
    let day = "20260102";
    let scope = format!("{id}/{day}/eu-central-1/s3/aws4_request");
    let hex = "0".repeat(64);
    for authorization in [
        String::new(),
        "AWS4-HMAC-SHA256".into(),
        "AWS4-HMAC-SHA256 ".into(),
        "AWS4-HMAC-SHA256 ,,,".into(),
        "AWS4-HMAC-SHA256 Credential=,SignedHeaders=,Signature=".into(),
        "AWS4-HMAC-SHA256 Credential=////,SignedHeaders=;;,Signature=é".into(),
        format!("AWS4-HMAC-SHA256 Credential={scope},SignedHeaders=host,Signature={hex}"),
        format!("AWS4-HMAC-SHA256 Credential={scope}/,SignedHeaders=host,Signature={hex}"),
        format!("AWS4-HMAC-SHA256 Credential={scope},Credential={scope}"),
    ] {
        for (url, date) in [
            (simulator.s3_url(), "20260102T030405Z"),
            (simulator.sts_url(), "99999999T999999Z"),
            (simulator.sts_url(), "00000101T000000Z"),
            (simulator.sts_url(), "99991231T235959Z"),
        ] {
            let reply = Request::new("POST", "/?%zz=%ff&&=&+=+")
                .header("Authorization", &authorization)
                .header("X-Amz-Date", date)
                .header("X-Amz-Content-Sha256", "é")
                .send(&url);
            assert!((400..500).contains(&reply.status), "{authorization}: {}", reply.status);
            assert!(reply.body.contains("<Code>"), "{}", reply.body);
        }
    }
}

/// Unlike those above, these requests reach the signature check.
#[test]
fn hostile_requests_with_valid_scopes_are_rejected() {
    let simulator = start(Config { users: vec![user("alice")], ..Config::default() });
    let keys = Keys::of(&user("alice"));
    let long = format!("/?{}", "a=%20&".repeat(8000));
    let targets = ["/%", "/%zz/%ff", "/?%", "/?%ff=%zz&&==&=", "/?+", "//", "/..", "/\"<>^`{|}", &long];
    let hosts = ["", "x y", "é", "[::1", "@", "x:99999999", "http://x/"];
    for (service, url) in [("s3", simulator.s3_url()), ("sts", simulator.sts_url())] {
        let good = Request::new("POST", "/").header("X-Amz-Meta-Note", "x");
        for signing in [Signing::of(&keys, service), Signing::presigning(&keys, service, 60)] {
            let good = signing.sign(good.clone(), &url);
            let refused = |request: &Request| {
                let reply = request.send(&url);
                assert!((400..500).contains(&reply.status), "{}", request.target);
            };
            for target in targets {
                let mut request = good.clone();
                let query = request.target.split_once('?').map_or("", |(_, query)| query);
                let mark = if target.contains('?') { '&' } else { '?' };
                request.target = format!("{target}{mark}{query}");
                refused(&request);
            }
            for host in hosts {
                let mut request = good.clone();
                *request.value("host") = host.into();
                refused(&request);
            }
            let mut request = good.clone();
            *request.value("x-amz-meta-note") = "é\u{7f}\t".into();
            refused(&request);
            request.method = "M-SEARCH".into();
            refused(&request);
        }
    }
    let events = simulator.events();
    assert!(events.iter().any(|event| event.code == "SignatureDoesNotMatch"));
    assert!(events.iter().all(|event| event.status < 500));
}

#[test]
fn requests_may_arrive_byte_by_byte_or_pipelined() {
    let simulator = start(Config::default());
    let url = simulator.imds_url();
    let put = "PUT /latest/api/token HTTP/1.1\r\nHost: x\r\n\
               X-aws-ec2-metadata-token-ttl-seconds: 60\r\nContent-Length: 2\r\n\r\nab";
    let mut stream = connect(&url);
    for byte in put.bytes() {
        stream.write_all(&[byte]).expect("sending");
    }
    let last = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(format!("{put}{last}").as_bytes()).expect("sending");
    let mut replies = String::new();
    stream.read_to_string(&mut replies).expect("replies");
    assert_eq!(replies.matches("HTTP/1.1 200 OK").count(), 2);
    assert_eq!(replies.matches("HTTP/1.1 401 Unauthorized").count(), 1);
    assert!(replies.contains("Connection: close"));
}

#[test]
fn expect_100_continue_is_answered() {
    let simulator = start(Config::default());
    let mut stream = connect(&simulator.s3_url());
    let head = "PUT /b/k HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\
                Expect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("sending");
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).expect("an interim reply");
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hello").expect("sending");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("a reply");
    assert!(reply.starts_with("HTTP/1.1 403 Forbidden"));
}

#[test]
fn concurrent_clients_get_the_same_keys() {
    let simulator = start(Config::default());
    let ids: Vec<String> = thread::scope(|scope| {
        let asking: Vec<_> =
            (0..32).map(|_| scope.spawn(|| instance_document(&simulator).json("AccessKeyId"))).collect();
        let ids = asking.into_iter().map(|thread| thread.join());
        ids.map(|id| id.expect("an answer")).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]));
}
