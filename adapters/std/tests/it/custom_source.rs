//! A source defined outside the core crate, used by a provider with the real client and a socket. The file
//! is shared with the tests for devices (`adapters/nal/tests/it/custom_source.rs`).

#[path = "../../../nal/tests/it/custom_source.rs"]
mod role_alias;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::SystemTime;

use role_alias::RoleAlias;
use rolecall::core::flow::{Endpoint, Flow, Lease, Sequence};
use rolecall::{
    CacheError, CredentialCache, CredentialSource, Entry, Environment, Error, Lock, Outcome, Provider, Role,
    Settings, UnixTime, UnixTimeExt,
};

struct Thing {
    url: String,
}

impl CredentialSource for Thing {
    fn name(&self) -> &str {
        "role alias"
    }

    fn flow(&self) -> Box<dyn Flow<'_, Output = Lease> + '_> {
        let endpoint = Endpoint::parse(&self.url).expect("a URL");
        Box::new(Sequence::of(RoleAlias { endpoint, alias: "gateway", thing: "board-7" }))
    }
}

/// Serves the replies in order, and returns the URL and the received request heads.
fn serve(replies: Vec<(u16, String)>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let requests = Arc::new(Mutex::new(Vec::new()));
    let heads = requests.clone();
    thread::spawn(move || {
        for (status, body) in replies {
            let (stream, _) = listener.accept().expect("a connection");
            let mut lines = BufReader::new(&stream).lines().map(|line| line.expect("a line"));
            let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
            heads.lock().expect("heads").push(head.join("\n"));
            let length = body.len();
            write!(
                &stream,
                "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            )
            .expect("sent");
        }
    });
    (url, requests)
}

fn document() -> String {
    let now = UnixTime::from_system_time(SystemTime::now()).expect("a time");
    let end = UnixTime::from_secs(now.as_secs() + 3_600).rfc3339();
    format!(
        "{{\"credentials\":{{\"accessKeyId\":\"ASIATHING\",\"secretAccessKey\":\"secret\",\
         \"sessionToken\":\"token\",\"expiration\":\"{end}\"}}}}"
    )
}

/// Settings with keys in the environment, which must not be used.
fn settings() -> Settings {
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKIDOTHER"),
        ("AWS_SECRET_ACCESS_KEY", "other"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_CONFIG_FILE", "/nowhere"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere"),
    ];
    Settings::from_environment(&Environment::from_iter(variables)).expect("settings")
}

#[test]
fn a_provider_fetches_once_from_the_custom_source_only() {
    let (url, requests) = serve(vec![(200, document())]);
    let provider = Provider::builder(settings()).source(Thing { url }).build();
    for _ in 0..3 {
        assert_eq!(provider.credentials().expect("credentials").access_key_id(), "ASIATHING");
    }
    let requests = requests.lock().expect("heads");
    assert_eq!(requests.len(), 1);
    assert!(requests[0].starts_with("GET /role-aliases/gateway/credentials HTTP/1.1"), "{}", requests[0]);
    assert!(requests[0].to_ascii_lowercase().contains("\nx-amzn-iot-thingname: board-7"), "{}", requests[0]);
    assert_eq!(format!("{provider:?}"), "Provider(role alias)");
}

#[test]
fn an_error_of_the_custom_source_is_returned_and_the_chain_is_not_used() {
    let refusal = "{\"message\":\"Access Denied\"}".to_owned();
    let (url, _) = serve(vec![(403, refusal.clone()), (403, refusal)]);
    let provider = Provider::builder(settings()).source(Thing { url }).build();
    let error = provider.credentials().expect_err("a refusal");
    assert!(matches!(error, Error::Source { .. }), "{error:?}");
    assert!(error.to_string().contains("Access Denied"), "{error}");
    let explained = provider.explain();
    let finding = explained.findings().first().expect("a finding");
    assert_eq!((finding.source.as_str(), finding.outcome), ("role alias", Outcome::Refused));
}

/// A cache that panics on any use.
struct Forbidden;

impl CredentialCache for Forbidden {
    fn load(&self, _: &str) -> Result<Option<Entry>, CacheError> {
        panic!("load was called")
    }

    fn store(&self, _: &str, _: &Entry) -> Result<(), CacheError> {
        panic!("store was called")
    }

    fn lock(&self, _: &str) -> Result<Box<dyn Lock>, CacheError> {
        panic!("lock was called")
    }

    fn remove(&self, _: &str) -> Result<(), CacheError> {
        panic!("remove was called")
    }
}

#[test]
fn credentials_of_a_custom_source_and_roles_based_on_them_are_not_cached() {
    let (url, _) = serve(vec![(200, document())]);
    let provider = Provider::builder(settings()).source(Thing { url }).cache(Forbidden).build();
    provider.credentials().expect("credentials");
    let role = provider.assume_role(Role::new("arn:aws:iam::444455556666:role/reports", "gateway-7"));
    let again = role.assume_role(Role::new("arn:aws:iam::777788889999:role/more", "gateway-7"));
    role.invalidate("ASIATHING");
    again.invalidate("ASIATHING");
}
