//! Replays the default chain: from files, environment and recorded responses to credentials or an error kind.
//!
//! The recordings of web identity were made with other roles and tokens than their files contain, and with an
//! older order of parameters. Requests are compared by method, URL, relevant headers, and the names of
//! parameters; values are only compared if they are part of the case.

use std::collections::BTreeMap;
use std::path::Path;

use conformance::replay::{Recorded, Replay, Request, traffic};
use conformance::{json, say, vectors};
use rolecall::{Environment, Error, Provider, Settings};
use rolecall_core::error::{Error as SourceError, ErrorKind};
use serde_json::Value;

fn environment(case: &Path) -> Vec<(String, String)> {
    let document = json(&case.join("env.json"));
    let variables = document.as_object().expect("variables").iter();
    variables.map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned())).collect()
}

fn parameters(form: &str) -> BTreeMap<&str, &str> {
    form.split('&').filter_map(|pair| pair.split_once('=')).collect()
}

/// Asserts that a request is the recorded one.
fn assert_same(name: &str, request: &Request, recorded: &Recorded) {
    for header in [
        "accept",
        "x-aws-ec2-metadata-token",
        "x-aws-ec2-metadata-token-ttl-seconds",
        "x-amz-sso_bearer_token",
    ] {
        let wanted = recorded.request.headers.get(header);
        assert_eq!(request.headers.get(header), wanted, "{name}: {header}");
    }
    let (ours, theirs) = (parameters(&request.body), parameters(&recorded.request.body));
    assert!(ours.keys().eq(theirs.keys()), "{name}: {} / {}", request.body, recorded.request.body);
    for parameter in ["Action", "Version"] {
        assert_eq!(ours.get(parameter), theirs.get(parameter), "{name}");
    }
    // The recordings contain no authorization.
    let signed =
        request.headers.get("authorization").is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256 "));
    assert_eq!(signed, ours.get("Action") == Some(&"AssumeRole"), "{name}: signed");
    if name == "eks_pod_identity_credentials" {
        assert_eq!(request.headers.get("authorization").map(String::as_str), Some("sometoken"), "{name}");
    }
    if ours.get("Action") == Some(&"AssumeRole") {
        assert_eq!(ours.get("RoleArn"), theirs.get("RoleArn"), "{name}");
    }
}

/// The innermost error of a source.
fn source_error(error: &Error) -> Option<&SourceError> {
    match error {
        Error::Source { error, .. } => Some(error),
        Error::Profile { error, .. } | Error::Chain { error, .. } => source_error(error),
        _ => None,
    }
}

fn assert_outcome(name: &str, wanted: &Value, outcome: Result<std::sync::Arc<rolecall::Credentials>, Error>) {
    let Some(wanted) = wanted.get("Ok") else {
        let error = outcome.expect_err(name);
        let kind = source_error(&error).map(|error| error.kind);
        let class = match wanted["ErrorContains"].as_str() {
            // The instance has no role: the list of roles is not found.
            Some("the credential provider was not enabled") => ErrorKind::NoRole,
            Some("request forbidden: IMDS is disabled") => ErrorKind::Status(403),
            other => panic!("{name}: an unknown kind of error: {other:?}"),
        };
        assert_eq!(kind, Some(class), "{name}: {error}");
        return;
    };
    let credentials = outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(wanted["access_key_id"], credentials.access_key_id(), "{name}");
    assert_eq!(wanted["secret_access_key"], credentials.expose_secret_access_key(), "{name}");
    assert_eq!(wanted["session_token"].as_str(), credentials.expose_session_token(), "{name}");
    assert_eq!(wanted["account_id"].as_str(), credentials.account_id(), "{name}");
    let expiry = credentials.expiration().map(|time| time.as_secs());
    assert_eq!(wanted["expiry"].as_u64(), expiry, "{name}");
}

#[test]
fn chain_of_published_cases() {
    let Some(folder) = vectors("chain") else { return };
    let mut cases: Vec<_> =
        std::fs::read_dir(&folder).expect("cases").map(|entry| entry.expect("one").path()).collect();
    cases.sort();
    for case in &cases {
        let name = case.file_name().expect("a name").to_string_lossy().into_owned();
        let replay = Replay::new(&case.join("fs"), traffic(&json(&case.join("http-traffic.json"))));
        let environment: Environment = environment(case).into_iter().collect();
        let settings = Settings::load_from(&replay, &environment, None).expect(&name);
        let provider = Provider::builder(settings).host(replay.clone()).build();
        let outcome = provider.credentials();
        assert_outcome(&name, &json(&case.join("test-case.json"))["result"], outcome);
        for (request, recorded) in replay.requests() {
            let recorded = recorded.unwrap_or_else(|| panic!("{name}: {} was never recorded", request.url));
            assert_same(&name, &request, &recorded);
        }
        assert_eq!(replay.left(), 0, "{name}: a recorded request was not made");
    }
    assert_eq!(cases.len(), 15, "number of cases");
    say(&format!("chain: {} of {} published cases", cases.len(), cases.len()));
}
