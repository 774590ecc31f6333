//! `rolecall explain`: each misconfiguration that it can detect, provoked and reported with its remedy.

use std::path::PathBuf;

use e2e::command::{Run, rolecall};
use e2e::peer::{Act, Peer};
use e2e::servers::Server;
use rolecall_simulator::{Config, Simulator};

const DOCUMENT: &str = r#"{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"ASIAEXAMPLE",
    "SecretAccessKey":"c2VjcmV0c2VjcmV0","Token":"dG9rZW4=","Expiration":"2099-01-01T00:00:00Z"}"#;
/// Disables the default source, so that there are only those that a test adds.
const NO_METADATA: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "true");

fn explain(variables: &[(&str, &str)]) -> Run {
    rolecall(&["explain"], variables.iter().copied())
}

/// The line about a source, with the remedy below it.
#[track_caller]
fn finding(run: &Run, source: &str) -> String {
    let lines: Vec<&str> = run.stdout.lines().collect();
    // The outcome is in the first fourteen columns.
    let about = |line: &&str| line.get(14..).is_some_and(|rest| rest.starts_with(&format!("{source}: ")));
    let at = lines.iter().position(about);
    let at = at.unwrap_or_else(|| panic!("{source} is not reported: {run:#?}"));
    let remedy = lines.get(at + 1).filter(|line| line.trim_start().starts_with("->"));
    format!("{} {}", lines[at], remedy.unwrap_or(&"").trim())
}

#[track_caller]
fn assert_finding(run: &Run, source: &str, outcome: &str, parts: &[&str]) {
    let finding = finding(run, source);
    assert!(finding.starts_with(outcome), "{finding}");
    for part in parts {
        assert!(finding.contains(part), "{part:?} is not in {finding}");
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("explain-{name}"));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn file(folder: &str, name: &str, content: &str) -> String {
    let path = self::folder(folder).join(name);
    std::fs::write(&path, content).expect("a file");
    path.to_string_lossy().into_owned()
}

#[test]
fn every_source_is_reported_even_after_the_decisive_one() {
    let simulator = Simulator::start(Config::default()).expect("a simulator");
    let mut variables = simulator.environment();
    variables.push(("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/none".to_owned()));
    let run = rolecall(&["explain"], variables);
    let out = run.stdout.clone();
    let sources =
        ["environment", "profile default", "web identity", "container endpoint", "instance metadata"];
    let places: Vec<_> =
        sources.iter().map(|source| out.find(&format!(" {source}: ")).expect(source)).collect();
    assert!(places.is_sorted(), "{out}");
    assert_finding(&run, "environment", "absent", &["AWS_ACCESS_KEY_ID is not set"]);
    // A configured source that does not answer ends the chain, but the sources after it are still reported.
    assert_finding(
        &run,
        "container endpoint",
        "refused",
        &["connecting: connection refused or unreachable", "nothing listens"],
    );
    assert_finding(&run, "instance metadata", "skipped", &["container endpoint takes precedence"]);
    assert_eq!(run.code, Some(1), "{run:#?}");

    let run = rolecall(&["explain"], simulator.environment());
    assert_finding(&run, "instance metadata", "used", &["access key id ASIA", "until "]);
    assert_finding(&run, "caller identity", "used", &["in account 111122223333"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
}

#[test]
fn findings_are_available_as_json() {
    let simulator = Simulator::start(Config::default()).expect("a simulator");
    let run = rolecall(&["explain", "--json"], simulator.environment());
    let document: serde_json::Value = serde_json::from_str(run.ok()).expect("one document");
    assert_eq!(document["credentials"], true);
    let findings = document["findings"].as_array().expect("findings");
    let used = findings.iter().find(|finding| finding["outcome"] == "used").expect("one is used");
    assert_eq!(used["source"], "instance metadata");
    assert!(findings.iter().all(|finding| !finding["reason"].as_str().expect("a reason").is_empty()));
}

#[test]
fn a_timed_out_token_request_suggests_a_higher_hop_limit() {
    let peer = Peer::start(|_| Act::STALL);
    let run = explain(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url())]);
    assert_finding(
        &run,
        "instance metadata",
        "refused",
        &["token: waiting for the reply: timed out", "hop limit to 2"],
    );
}

#[test]
fn absent_and_disabled_instance_metadata_is_reported() {
    let run = explain(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")]);
    assert_finding(&run, "instance metadata", "absent", &["not on EC2"]);
    let peer = Peer::start(|request| if request.method == "PUT" { Act::ok("TOKEN") } else { Act::page(404) });
    let run = explain(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url())]);
    assert_finding(&run, "instance metadata", "absent", &["no role attached", "attach an instance profile"]);
    let run = explain(&[NO_METADATA]);
    assert_finding(&run, "instance metadata", "skipped", &["switched off"]);
    let peer = Peer::start(|_| Act::page(403));
    let run = explain(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url())]);
    assert_finding(&run, "instance metadata", "refused", &["403", "switched off"]);
}

#[test]
fn a_role_that_ec2_may_not_assume_is_reported() {
    let refused = r#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role"}"#;
    let run = explain(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", Peer::imds(Act::ok(refused)).url())]);
    let parts =
        ["AssumeRoleUnauthorizedAccess", "EC2 cannot assume the role", "trust policy", "ec2.amazonaws.com"];
    assert_finding(&run, "instance metadata", "refused", &parts);
}

#[test]
fn container_endpoint_faults_are_reported() {
    let peer = Peer::start(|_| Act::page(401));
    let url = format!("{}/v1/credentials", peer.url());
    let run = explain(&[
        NO_METADATA,
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "old"),
    ]);
    assert_finding(&run, "container endpoint", "refused", &["401", "AWS_CONTAINER_AUTHORIZATION_TOKEN"]);
    let run = explain(&[NO_METADATA, ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://192.0.2.1/credentials")]);
    assert_finding(
        &run,
        "container endpoint",
        "misconfigured",
        &["plain http to an address that is not the container's"],
    );
    let run = explain(&[NO_METADATA, ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "/credentials")]);
    assert_finding(&run, "container endpoint", "misconfigured", &["AWS_CONTAINER_CREDENTIALS_FULL_URI"]);
}

#[test]
fn invalid_profiles_are_reported() {
    let table = [
        (
            "loop",
            "[default]\nrole_arn = arn:aws:iam::123456789012:role/a\nsource_profile = b\n[profile b]\nrole_arn = arn:aws:iam::123456789012:role/b\nsource_profile = default\n",
            "leads back",
        ),
        ("half", "[default]\naws_access_key_id = AKIAHALF\n", "no aws_secret_access_key"),
        ("broken", "[default\n", "section without its closing bracket"),
        ("process", "[default]\ncredential_process = /no/such/command\n", "no such command"),
        (
            "sso",
            "[default]\nsso_session = gone\nsso_account_id = 1\nsso_role_name = R\n",
            "its sso_session gone is not in",
        ),
    ];
    for (name, content, expected) in table {
        let config = file("profiles", name, content);
        let run = explain(&[NO_METADATA, ("AWS_CONFIG_FILE", &config), ("AWS_REGION", "us-east-1")]);
        let outcome = if name == "process" { "refused" } else { "misconfigured" };
        assert_finding(&run, "profile default", outcome, &[expected]);
    }
    let run = rolecall(&["explain", "--profile", "gone"], [NO_METADATA]);
    assert_finding(&run, "profile gone", "misconfigured", &["it is in neither"]);
}

#[test]
fn a_missing_sso_token_suggests_signing_in() {
    let config = file(
        "sso",
        "config",
        "[default]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-1\n\
         sso_account_id = 123456789012\nsso_role_name = Reader\n",
    );
    let home = folder("sso").to_string_lossy().into_owned();
    let run = explain(&[NO_METADATA, ("AWS_CONFIG_FILE", &config), ("HOME", &home)]);
    assert_finding(&run, "profile default", "refused", &["no such file", "aws sso login"]);
}

#[test]
fn sso_credentials_are_fetched_from_the_portal() {
    let home = folder("sso-portal");
    let cache = home.join(".aws/sso/cache");
    std::fs::create_dir_all(&cache).expect("a folder");
    let token = r#"{"accessToken":"access-token","expiresAt":"2099-01-01T00:00:00Z"}"#;
    // SHA-1 of "corp".
    let name = "ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
    std::fs::write(cache.join(name), token).expect("a file");
    let config = file(
        "sso-portal",
        "config",
        "[default]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Reader\nregion = eu-west-1\n\
         [sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-1\n",
    );
    let reply = r#"{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"s","sessionToken":"t","expiration":4070908800000}}"#;
    let peer = Peer::start(move |request| {
        if request.target == "/federation/credentials?account_id=123456789012&role_name=Reader" {
            Act::ok(reply)
        } else {
            Act::page(404)
        }
    });
    let home = home.to_string_lossy().into_owned();
    let run = rolecall(
        &["credentials"],
        [NO_METADATA, ("AWS_CONFIG_FILE", &config), ("HOME", &home), ("AWS_ENDPOINT_URL_SSO", peer.url())],
    );
    assert!(run.ok().contains("ASIASSO"));
}

#[test]
fn a_denying_trust_policy_is_reported() {
    let Some(server) = Server::named("ministack") else { return };
    let arn = server.need("EXTERNAL_ID_ROLE_ARN");
    let run = rolecall(&["explain", "--role-arn", &arn], server.environment());
    assert_finding(
        &run,
        &format!("role {arn}"),
        "refused",
        &["AccessDenied", "trust policy names the caller"],
    );
    assert_finding(&run, "environment", "skipped", &["assuming the role with it fails"]);
    let id = server.need("EXTERNAL_ID");
    let run = rolecall(&["explain", "--role-arn", &arn, "--external-id", &id], server.environment());
    assert_finding(&run, &format!("role {arn}"), "used", &["access key id ASIA"]);
    assert_finding(&run, "caller identity", "used", &["assumed-role/rolecall-external-id/"]);
}

#[test]
fn a_wrong_secret_is_reported() {
    let Some(server) = Server::named("ministack") else { return };
    let mut variables = server.environment();
    for (name, value) in &mut variables {
        if *name == "AWS_SECRET_ACCESS_KEY" {
            *value = "another-secret".to_owned();
        }
    }
    let run = rolecall(&["explain"], variables);
    assert_finding(&run, "caller identity", "refused", &["the service says: SignatureDoesNotMatch"]);
}

#[test]
fn an_unusable_ca_bundle_is_reported() {
    let empty = file("ca", "empty.pem", "# nothing here\n");
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG")];
    let region = ("AWS_REGION", "us-east-1");
    let peer = Peer::start(|_| Act::STALL);
    let https = peer.url().replace("http://", "https://");
    let with = |bundle: &str| {
        explain(&[
            NO_METADATA,
            keys[0],
            keys[1],
            region,
            ("AWS_ENDPOINT_URL_STS", &https),
            ("AWS_CA_BUNDLE", bundle),
        ])
    };
    assert_finding(&with(&empty), "caller identity", "misconfigured", &["AWS_CA_BUNDLE", "no certificate"]);
    assert_finding(
        &with("/no/such/file.pem"),
        "caller identity",
        "misconfigured",
        &["AWS_CA_BUNDLE", "/no/such/file.pem"],
    );
}

#[test]
fn an_unreachable_sts_and_a_missing_region_are_reported() {
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG")];
    let run = explain(&[
        NO_METADATA,
        keys[0],
        keys[1],
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9"),
    ]);
    assert_finding(&run, "environment", "used", &["AKIDEXAMPLE, without an end"]);
    assert_finding(
        &run,
        "caller identity",
        "refused",
        &["connection refused or unreachable", "nothing listens there"],
    );
    let run = explain(&[NO_METADATA, keys[0], keys[1]]);
    assert_finding(&run, "caller identity", "misconfigured", &["no region"]);
}

#[test]
fn a_skewed_clock_is_reported() {
    let simulator = Simulator::start(Config::default()).expect("a simulator");
    simulator.shift_clock(7 * 3600);
    let run = rolecall(&["explain"], simulator.environment());
    assert_finding(&run, "clock", "misconfigured", &["this machine's clock is 7 h behind", "NTP"]);
    assert_finding(&run, "caller identity", "used", &[]);
    assert!(run.stderr.contains("clock is 7 h behind"), "{run:#?}");
    simulator.shift_clock(-2 * 7 * 3600);
    let run = rolecall(&["explain"], simulator.environment());
    assert_finding(&run, "clock", "misconfigured", &["7 h ahead"]);
}

#[test]
fn the_final_error_lists_the_other_sources() {
    let peer = Peer::imds(Act::ok(DOCUMENT.replace("dG9rZW4=", "")));
    let run = rolecall(&["credentials"], [("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url())]);
    let error = run.failed();
    for expected in [
        "session token",
        "environment: absent",
        "profile default: absent",
        "web identity: absent",
        "container endpoint: absent",
    ] {
        assert!(error.contains(expected), "{expected}: {error}");
    }
}
