//! Runs the examples against the simulator.

#![allow(dead_code, reason = "`main` of an example is not called")]

#[path = "../../examples/assume_role_s3.rs"]
mod assume_role_s3;
#[path = "../../examples/custom_host.rs"]
mod custom_host;
#[path = "../../examples/custom_source.rs"]
mod custom_source;
#[path = "../../examples/default_chain.rs"]
mod default_chain;
#[path = "../../examples/device_identity.rs"]
mod device_identity;
#[path = "../../examples/mqtt_websocket.rs"]
mod mqtt_websocket;
#[path = "../../examples/presign.rs"]
mod presign;
#[path = "../../examples/shared_cache.rs"]
mod shared_cache;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use rolecall::Environment;
use rolecall_simulator::{Config, Service, Simulator};

fn simulator() -> Simulator {
    Simulator::start(Config::default()).expect("ports on loopback")
}

/// Variables for the simulator; no files of this process are used.
fn environment(simulator: &Simulator) -> Environment {
    let files =
        ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"].map(|name| (name, "/nonexistent".to_owned()));
    simulator.environment().into_iter().chain(files).collect()
}

fn count_requests(simulator: &Simulator, service: Service) -> usize {
    simulator.events().iter().filter(|event| event.service == service).count()
}

#[test]
fn default_chain_finds_the_role_of_the_instance() {
    let simulator = simulator();
    default_chain::run(&environment(&simulator)).expect("credentials");
    assert_eq!((count_requests(&simulator, Service::Imds), count_requests(&simulator, Service::Sts)), (3, 1));
}

#[test]
fn assume_role_s3_writes_and_reads_an_object_of_another_account() {
    let simulator = simulator();
    assume_role_s3::run(&environment(&simulator), simulator.role_arn(), simulator.bucket()).expect("sent");
    let statuses: Vec<u16> = simulator
        .events()
        .iter()
        .filter(|event| event.service == Service::S3)
        .map(|event| event.status)
        .collect();
    assert_eq!(statuses, [200, 200]);
}

#[test]
fn a_presigned_url_is_accepted_without_credentials_and_not_for_another_object() {
    let mut config = Config::default();
    config.bucket_accounts.push(config.host_account.clone());
    let simulator = Simulator::start(config).expect("ports on loopback");
    assume_role_s3::run(&environment(&simulator), simulator.role_arn(), simulator.bucket())
        .expect("an object");

    let url = format!("{}/{}/hello.txt", simulator.s3_url(), simulator.bucket());
    let presigned = presign::run(&environment(&simulator), &url).expect("a URL");
    assert!(get(&presigned).starts_with("HTTP/1.1 200 "), "{presigned}");
    assert!(get(&presigned.replace("hello.txt", "other.txt")).starts_with("HTTP/1.1 403 "));
}

/// The reply to a plain GET.
fn get(url: &str) -> String {
    let (authority, target) = url.trim_start_matches("http://").split_once('/').expect("a path");
    let mut stream = TcpStream::connect(authority).expect("a connection");
    write!(stream, "GET /{target} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n").expect("sent");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("a reply");
    reply
}

#[test]
fn custom_host_sees_the_exact_bytes_of_a_signed_request() {
    let sent = custom_host::run().expect("sent");
    assert!(sent.starts_with("PUT /11.csv HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains("Credential=AKIDEXAMPLE/20261129/eu-west-1/s3/aws4_request"), "{sent}");
    assert!(sent.ends_with("\r\n\r\na,b\n"), "{sent}");
}

#[test]
fn one_of_two_providers_with_a_shared_cache_fetches() {
    let simulator = simulator();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("shared-cache-{}", std::process::id()));
    let keys = [1, 2].map(|_| shared_cache::run(&environment(&simulator), &folder).expect("credentials"));
    assert_eq!(keys[0], keys[1]);
    assert_eq!(count_requests(&simulator, Service::Imds), 3);
    std::fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn custom_source_uses_an_agent_instead_of_the_chain() {
    let simulator = simulator();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let agent = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let lines = BufReader::new(&stream).lines().map(|line| line.expect("a line"));
        let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        let body = r#"{"Code":"Success","AccessKeyId":"ASIAAGENT","SecretAccessKey":"secret","Token":"token",
                       "Expiration":"2999-01-01T00:00:00Z"}"#;
        write!(&stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).expect("sent");
        head.join("\n")
    });
    assert_eq!(custom_source::run(&environment(&simulator), url).expect("credentials"), "ASIAAGENT");
    let head = agent.join().expect("an agent").to_ascii_lowercase();
    assert!(head.contains("\nx-agent-client: rolecall"), "{head}");
    assert_eq!(count_requests(&simulator, Service::Imds), 0);
}

/// A text with `0` for each run of digits and capitals that differ between runs.
fn masked(text: &str) -> String {
    let word = |word: &str| match word {
        word if word.starts_with("ASIA") => "ASIA".to_owned(),
        word => word
            .split(|c: char| c.is_ascii_digit())
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("0"),
    };
    text.split(' ').map(|one| word(one.trim_end_matches(','))).collect::<Vec<_>>().join(" ")
}

#[test]
fn device_identity_prints_what_the_readme_shows() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("device-{}", std::process::id()));
    let mut lines = Vec::new();
    let mut last = String::new();
    device_identity::run(&folder, &mut |line| {
        lines.push(masked(&line));
        last = line;
    })
    .expect("the whole flow");
    assert!(last.ends_with(": 200 21.5"), "{last}");
    std::fs::remove_dir_all(folder).expect("removed");
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md"))
        .expect("README");
    let shown = readme.split("$ cargo run -p rolecall --example device_identity\n").nth(1).expect("a block");
    let shown: Vec<String> = shown.lines().take_while(|line| *line != "```").map(masked).collect();
    assert_eq!(lines, shown);
}

#[test]
fn mqtt_websocket_asks_for_an_upgrade_and_connects() {
    let simulator = simulator();
    let provider = rolecall::Provider::from_environment(&environment(&simulator)).expect("a provider");
    for (status, code) in
        [("101 Switching Protocols", 0), ("101 Switching Protocols", 5), ("403 Forbidden", 0)]
    {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let host = listener.local_addr().expect("an address").to_string();
        let stream = TcpStream::connect(&host).expect("a connection");
        let broker = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let lines = BufReader::new(stream.try_clone().expect("a handle")).lines();
            let head: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
            write!(stream, "HTTP/1.1 {status}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n").expect("sent");
            let mut packet = [0; 29];
            if stream.read_exact(&mut packet).is_ok() {
                stream.write_all(&[0x82, 4, 0x20, 2, 0, code]).expect("sent");
            }
            (head, packet)
        });
        let connected = mqtt_websocket::run(&provider, &host, "gateway-7", stream);
        let (head, packet) = broker.join().expect("a broker");
        assert!(head[0].starts_with("GET /mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256&"), "{head:?}");
        assert!(head.iter().any(|line| line == "Sec-WebSocket-Protocol: mqtt"), "{head:?}");
        match (status, code) {
            ("403 Forbidden", _) => assert!(connected.unwrap_err().to_string().contains("403")),
            (_, 0) => {
                connected.expect("a connection");
                assert!(packet.ends_with(b"\x00\x04MQTT\x04\x02\x00\x3c\x00\x09gateway-7"), "{packet:?}");
            }
            _ => assert!(connected.unwrap_err().to_string().contains("code 5")),
        }
    }
}
