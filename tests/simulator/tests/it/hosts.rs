//! The services that serve credentials to a host: IMDS and the container endpoint.

use crate::client::{Request, connect, instance_document, start};
use rolecall_simulator::{Addresses, Config, Fault, HostKey, Simulator};
use std::io::{BufReader, ErrorKind, Read};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

fn token(simulator: &Simulator, ttl: &str) -> String {
    let request = Request::new("PUT", "/latest/api/token").header(TTL, ttl);
    let reply = request.send(&simulator.imds_url());
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header(TTL), ttl);
    reply.body
}

fn get(simulator: &Simulator, path: &str, token: &str) -> crate::client::Reply {
    Request::new("GET", path).header("x-aws-ec2-metadata-token", token).send(&simulator.imds_url())
}

#[test]
fn imds_serves_the_role_the_credentials_and_the_region() {
    let simulator = start(Config {
        session_token_length: 4096,
        instance_lifetime: Duration::from_secs(1800),
        ..Config::default()
    });
    let token = token(&simulator, "21600");
    assert_eq!(get(&simulator, ROLES, &token).body, "rolecall-instance");
    let region = get(&simulator, "/latest/meta-data/placement/region", &token);
    assert_eq!(region.body, "eu-central-1");
    let document = get(&simulator, &format!("{ROLES}rolecall-instance"), &token);
    assert_eq!(document.json("Code"), "Success");
    assert_eq!(document.json("Type"), "AWS-HMAC");
    assert!(document.json("AccessKeyId").starts_with("ASIA"));
    assert_eq!(document.json("SecretAccessKey").len(), 40);
    assert_eq!(document.json("Token").len(), 4096);
    assert_eq!(document.json("AccountId"), "111122223333");
    assert_eq!(document.json("LastUpdated").len(), "2026-01-02T03:04:05Z".len());
    assert!(document.json("Expiration") > document.json("LastUpdated"));

    let last = simulator.events().pop().expect("an event");
    assert_eq!(last.to_string(), format!("imds GetRoleCredentials 200 OK {}", document.json("AccessKeyId")));
}

#[test]
fn imds_serves_the_same_credentials_until_rotation() {
    let simulator = start(Config {
        instance_lifetime: Duration::from_secs(1800),
        instance_account_id: false,
        ..Config::default()
    });
    let first = instance_document(&simulator);
    assert_eq!(first.json("AccountId"), "");
    assert_eq!(instance_document(&simulator).body, first.body);
    simulator.shift_clock(1510);
    let second = instance_document(&simulator);
    assert_ne!(second.json("AccessKeyId"), first.json("AccessKeyId"));
}

#[test]
fn imds_requires_a_ttl_for_its_token() {
    let simulator = start(Config::default());
    let url = simulator.imds_url();
    let put = Request::new("PUT", "/latest/api/token");
    let reply = put.send(&url);
    assert_eq!(reply.status, 400);
    assert!(reply.body.contains("<html"));
    for ttl in ["0", "21601", "-1", "six", ""] {
        assert_eq!(put.clone().header(TTL, ttl).send(&url).status, 400, "{ttl}");
    }
    let get = Request::new("GET", "/latest/api/token").header(TTL, "60");
    assert_eq!(get.send(&url).status, 405);
    let forwarded = put.header(TTL, "60").header("X-Forwarded-For", "10.0.0.1");
    assert_eq!(forwarded.send(&url).status, 403);
}

#[test]
fn imds_requires_an_unexpired_token() {
    let simulator = start(Config::default());
    let url = simulator.imds_url();
    let reply = Request::new("GET", ROLES).send(&url);
    assert_eq!(reply.status, 401);
    assert!(reply.body.contains("<html"));
    assert_eq!(reply.header("content-type"), "text/html");
    let token = token(&simulator, "60");
    assert_eq!(get(&simulator, ROLES, &token).status, 200);
    assert_eq!(get(&simulator, ROLES, &format!("{token}=")).status, 401);
    simulator.shift_clock(61);
    assert_eq!(get(&simulator, ROLES, &token).status, 401);
    let codes: Vec<_> = simulator.events().iter().map(|event| event.code).collect();
    assert_eq!(codes, ["Unauthorized", "OK", "OK", "Unauthorized", "Unauthorized"]);
}

#[test]
fn other_imds_paths_are_not_found() {
    let simulator = start(Config::default());
    let token = token(&simulator, "60");
    for path in ["/", "/latest", &format!("{ROLES}other"), "/latest/meta-data/"] {
        let reply = get(&simulator, path, &token);
        assert_eq!(reply.status, 404, "{path}");
        assert!(reply.body.contains("<html"));
    }
}

#[test]
fn the_container_endpoint_requires_its_token() {
    let simulator = start(Config::default());
    let environment = simulator.container_environment();
    let variable = |name: &str| {
        let found = environment.iter().find(|(n, _)| *n == name);
        found.map(|(_, value)| value.as_str()).expect("the variable")
    };
    let url = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    assert_eq!(url, simulator.container_url());
    let path = &url[url.find("/v2/").expect("a path")..];
    let token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    let get = Request::new("GET", path);

    let reply = get.clone().header("Authorization", token).send(url);
    assert_eq!(reply.status, 200);
    let role = "arn:aws:iam::111122223333:role/rolecall-task";
    assert_eq!(reply.json("RoleArn"), role);
    assert!(reply.json("AccessKeyId").starts_with("ASIA"));
    assert_eq!(reply.json("SecretAccessKey").len(), 40);
    assert_eq!(reply.json("Token").len(), 800);
    assert!(reply.json("Expiration").ends_with('Z'));

    assert_eq!(get.send(url).status, 401);
    let bearer = get.header("Authorization", &format!("Bearer {token}"));
    assert_eq!(bearer.send(url).status, 401);
    let other = Request::new("GET", &format!("{path}0")).header("Authorization", token);
    assert_eq!(other.send(url).json("code"), "InvalidIdInRequest");
    let elsewhere = Request::new("GET", "/").header("Authorization", token);
    assert_eq!(elsewhere.send(url).status, 404);
}

#[test]
fn the_container_token_is_optional() {
    let simulator = start(Config { container_token: None, ..Config::default() });
    let url = simulator.container_url();
    let path = &url[url.find("/v2/").expect("a path")..];
    assert_eq!(Request::new("GET", path).send(&url).status, 200);
    let environment = simulator.container_environment();
    assert!(!environment.iter().any(|(name, _)| name.contains("TOKEN")));
}

#[test]
fn connections_are_kept_alive_and_responses_are_dated() {
    let simulator = start(Config { clock_offset: 86_400 * 365, ..Config::default() });
    let url = simulator.imds_url();
    let mut stream = connect(&url);
    let mut replies = BufReader::new(stream.try_clone().expect("a clone"));
    let mut ids = Vec::new();
    for _ in 0..3 {
        let request = Request::new("GET", "/");
        request.write(&mut stream, &url);
        let reply = crate::client::Reply::read(&mut replies, "GET");
        assert_eq!(reply.header("connection"), "keep-alive");
        assert!(reply.header("date").ends_with(" GMT"));
        ids.push(reply.header("x-amzn-requestid").to_owned());
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[test]
fn imds_injects_each_configured_fault_once() {
    let faults = vec![Fault::Reset, Fault::Stall, Fault::Drip, Fault::InternalError, Fault::Megabyte];
    let simulator = start(Config { imds_faults: faults, ..Config::default() });
    let url = simulator.imds_url();
    let request = Request::new("PUT", "/latest/api/token").header(TTL, "60");

    let mut reset = connect(&url);
    request.write(&mut reset, &url);
    let error = reset.read(&mut [0; 1]).expect_err("it is reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);

    let mut stalled = connect(&url);
    stalled.set_read_timeout(Some(Duration::from_millis(200))).expect("a time limit");
    request.write(&mut stalled, &url);
    assert!(stalled.read(&mut [0; 1]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock));
    drop(stalled);

    let started = Instant::now();
    let dripped = request.send(&url);
    assert_eq!(dripped.status, 200);
    assert!(started.elapsed() > Duration::from_millis(500), "{:?}", started.elapsed());

    assert_eq!(request.send(&url).status, 500);
    assert_eq!(request.send(&url).body.len(), 1 << 20);
    assert_eq!(get(&simulator, ROLES, &token(&simulator, "60")).status, 200);

    let events: Vec<String> = simulator.events().iter().map(ToString::to_string).collect();
    for fault in ["Reset", "Stall", "Drip", "InternalError", "Megabyte"] {
        assert!(events.contains(&format!("imds Fault 0 {fault}")), "{fault}: {events:?}");
    }
}

#[test]
fn imds_serves_the_given_keys_in_turn() {
    let key = |name: &str| HostKey {
        access_key_id: format!("ASIA{name:0>16}"),
        secret_access_key: format!("{name}/secret"),
        session_token: format!("{name}/token"),
    };
    let lifetime = Duration::from_secs(90);
    let simulator = start(Config {
        host_keys: vec![key("ONE"), key("TWO")],
        instance_lifetime: lifetime,
        ..Config::default()
    });
    let first = instance_document(&simulator);
    assert_eq!(first.json("AccessKeyId"), "ASIA0000000000000ONE");
    assert_eq!(first.json("SecretAccessKey"), "ONE/secret");
    assert_eq!(first.json("Token"), "ONE/token");
    simulator.shift_clock(60);
    assert_eq!(instance_document(&simulator).json("AccessKeyId"), "ASIA0000000000000TWO");
}

#[test]
fn a_service_listens_on_its_configured_address() {
    // Only Linux assigns all of 127.0.0.0/8 to the loopback interface.
    if !cfg!(target_os = "linux") {
        return;
    }
    let imds = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let addresses = Addresses { imds, ..Addresses::default() };
    let simulator = start(Config { addresses, ..Config::default() });
    assert!(simulator.imds_url().starts_with("http://127.0.0.2:"), "{}", simulator.imds_url());
    assert!(simulator.sts_url().starts_with("http://127.0.0.1:"), "{}", simulator.sts_url());
    assert_eq!(instance_document(&simulator).status, 200);
}
