//! The URLs of the container endpoint and of instance metadata for various settings.

use std::collections::HashMap;
use std::path::Path;

use conformance::replay::Replay;
use conformance::{json, say, vectors};
use rolecall::{Environment, Error, ImdsMode, Provider, Settings};
use serde_json::Value;

fn variables(case: &Value) -> Vec<(String, String)> {
    let variables = case["env"].as_object().expect("variables").iter();
    variables.map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned())).collect()
}

/// The URL of the first request, or the error before it.
fn first_url(settings: Result<Settings, Error>, replay: &Replay) -> Result<String, Error> {
    let provider = Provider::builder(settings?).host(replay.clone()).build();
    let outcome = provider.credentials();
    match replay.requests().into_iter().next() {
        Some((request, _)) => Ok(request.url),
        None => Err(outcome.expect_err("an error without a request")),
    }
}

#[test]
fn container_of_published_cases() {
    let Some(folder) = vectors("container") else { return };
    let document = json(&folder.join("ecs-tests.json"));
    let cases = document["tests"].as_array().expect("tests");
    for case in cases {
        let name = case["docs"].as_str().expect("a name");
        let off = ("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned());
        let environment: Environment = variables(case).into_iter().chain([off]).collect();
        let replay = Replay::new(Path::new("/nowhere"), Vec::new());
        let url = first_url(Settings::load_from(&replay, &environment, None), &replay);
        match (case["result"].get("Ok").and_then(Value::as_str), url) {
            (Some(wanted), Ok(url)) => assert_eq!(url, wanted, "{name}"),
            (None, Err(Error::NoCredentials { .. })) => {
                assert_eq!(name, "all fields unset provider is not enabled")
            }
            (None, Err(error)) => {
                assert!(error.to_string().contains("AWS_CONTAINER_CREDENTIALS_FULL_URI"), "{name}: {error}");
            }
            (wanted, url) => panic!("{name}: {wanted:?}, but {url:?}"),
        }
    }
    assert_eq!(cases.len(), 11, "number of cases");
    say(&format!("container: {} of {} published cases", cases.len(), cases.len()));
}

#[test]
fn imds_of_published_cases() {
    let Some(folder) = vectors("imds") else { return };
    let document = json(&folder.join("imds-endpoint-tests.json"));
    let cases = document["tests"].as_array().expect("tests");
    for case in cases {
        let name = case["docs"].as_str().expect("a name");
        let environment: Environment = variables(case).into_iter().collect();
        let files = case["fs"].as_object().into_iter().flatten();
        let files: HashMap<String, String> =
            files.map(|(path, content)| (path.clone(), content.as_str().expect("text").to_owned())).collect();
        let replay = Replay::new(Path::new("/nowhere"), Vec::new()).with_files(files);
        let mut settings = Settings::load_from(&replay, &environment, None);
        if let Ok(settings) = &mut settings {
            if let Some(endpoint) = case["endpoint_override"].as_str() {
                settings.imds_endpoint = Some(endpoint.to_owned());
            }
            if case["mode_override"] == "IPv6" {
                settings.imds_mode = Ok(ImdsMode::Ipv6);
            }
        }
        let url = first_url(settings, &replay);
        match (case["result"].get("Ok").and_then(Value::as_str), url) {
            (Some(wanted), Ok(url)) => assert_eq!(url, wanted, "{name}"),
            (None, Err(error)) => {
                let message = error.to_string().to_ascii_lowercase();
                assert!(message.contains("ec2_metadata_service_endpoint"), "{name}: {error}");
            }
            (wanted, url) => panic!("{name}: {wanted:?}, but {url:?}"),
        }
    }
    assert_eq!(cases.len(), 14, "number of cases");
    say(&format!("imds: {} of {} published cases", cases.len(), cases.len()));
}
