//! The default chain, replayed: files, environment and recorded replies in, credentials or the
//! class of an error out.
//!
//! The recordings of web identity were made with other roles and tokens than their own files hold,
//! and with an older parameter order; requests are compared by method, URL, the headers that matter,
//! and their parameters: by names, and by value where the case itself tells the value.

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

/// What was asked is what was recorded.
fn assert_same(name: &str, asked: &Request, recorded: &Recorded) {
    for header in [
        "accept",
        "x-aws-ec2-metadata-token",
        "x-aws-ec2-metadata-token-ttl-seconds",
        "x-amz-sso_bearer_token",
    ] {
        let wanted = recorded.request.headers.get(header);
        assert_eq!(asked.headers.get(header), wanted, "{name}: {header}");
    }
    let (ours, theirs) = (parameters(&asked.body), parameters(&recorded.request.body));
    assert!(ours.keys().eq(theirs.keys()), "{name}: {} / {}", asked.body, recorded.request.body);
    for parameter in ["Action", "Version"] {
        assert_eq!(ours.get(parameter), theirs.get(parameter), "{name}");
    }
    // The recordings were rid of what authorises.
    let signed =
        asked.headers.get("authorization").is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256 "));
    assert_eq!(signed, ours.get("Action") == Some(&"AssumeRole"), "{name}: signed");
    if name == "eks_pod_identity_credentials" {
        assert_eq!(asked.headers.get("authorization").map(String::as_str), Some("sometoken"), "{name}");
    }
    if ours.get("Action") == Some(&"AssumeRole") {
        assert_eq!(ours.get("RoleArn"), theirs.get("RoleArn"), "{name}");
    }
}

/// The error that is at the bottom.
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
            // The instance has no role: the list of roles is not there.
            Some("the credential provider was not enabled") => ErrorKind::NoRole,
            Some("request forbidden: IMDS is disabled") => ErrorKind::Status(403),
            other => panic!("{name}: a class of error that this test does not know: {other:?}"),
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
        for (asked, recorded) in replay.asked() {
            let recorded = recorded.unwrap_or_else(|| panic!("{name}: {} was never recorded", asked.url));
            assert_same(&name, &asked, &recorded);
        }
        assert_eq!(replay.left(), 0, "{name}: a recorded request was not made");
    }
    assert_eq!(cases.len(), 15, "all cases are there");
    say(&format!("chain: {} of {} published cases", cases.len(), cases.len()));
}
