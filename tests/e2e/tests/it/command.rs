//! The command against the simulator: output and exit codes.

use e2e::command::{rolecall, rolecall_weighed};
use rolecall_simulator::{Config, Role, Simulator};

const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
];

fn simulator(config: Config) -> Simulator {
    Simulator::start(config).expect("a simulator")
}

/// A configuration whose bucket the host's own account may use, too.
fn open() -> Config {
    let accounts = vec!["111122223333".to_owned(), "444455556666".to_owned()];
    Config { bucket_accounts: accounts, ..Config::default() }
}

#[test]
fn credentials_are_a_credential_process_document() {
    let simulator = simulator(Config { session_token_length: 4096, ..Config::default() });
    let run = rolecall(&["credentials"], simulator.environment());
    let document: serde_json::Value = serde_json::from_str(run.ok()).expect("one document");
    assert_eq!(document["Version"], 1);
    assert_eq!(document["AccountId"], "111122223333");
    assert_eq!(document["SessionToken"].as_str().map(str::len), Some(4096));
    assert!(document["Expiration"].as_str().expect("an end").ends_with('Z'));
    assert_eq!(run.stderr, "");
}

#[test]
fn credentials_have_other_output_formats() {
    let simulator = simulator(Config::default());
    let json = rolecall(&["credentials", "--format", "json"], simulator.environment());
    let document: serde_json::Value = serde_json::from_str(json.ok()).expect("one document");
    assert!(document.get("Version").is_none());

    let env = rolecall(&["credentials", "--format=env"], simulator.environment());
    let lines: Vec<&str> = env.ok().lines().collect();
    let key = format!("export AWS_ACCESS_KEY_ID='{}'", document["AccessKeyId"].as_str().expect("a key"));
    assert_eq!(lines[0], key);
    assert!(lines[1].starts_with("export AWS_SECRET_ACCESS_KEY='"));
    assert!(lines[2].starts_with("export AWS_SESSION_TOKEN='"));
}

#[test]
fn a_role_is_assumed_with_the_source_credentials() {
    let simulator = simulator(Config::default());
    let arn = simulator.role_arn().to_owned();
    let run = rolecall(
        &["credentials", "--role-arn", &arn, "--role-session-name", "e2e", "--duration-seconds", "900"],
        simulator.environment(),
    );
    let document: serde_json::Value = serde_json::from_str(run.ok()).expect("one document");
    assert_eq!(document["AccountId"], "444455556666");
    let whoami = rolecall(&["whoami", "--role-arn", &arn], simulator.environment());
    let json = rolecall(&["whoami", "--role-arn", &arn, "--json"], simulator.environment());
    let json: serde_json::Value = serde_json::from_str(json.ok()).expect("JSON");
    let account = json["Account"].as_str().expect("an account");
    assert!(
        json["Arn"].as_str().is_some_and(|arn| arn.contains(account)) && json["UserId"].is_string(),
        "{json}"
    );
    let out = whoami.ok();
    assert!(out.starts_with("account: 444455556666\narn: arn:aws:sts::444455556666:assumed-role/"), "{out}");
    assert!(out.contains("/rolecall-1"), "the session is named after the time: {out}");
    let mut named = simulator.environment();
    named.push(("AWS_ROLE_SESSION_NAME", "from-the-environment".to_owned()));
    let out = rolecall(&["whoami", "--role-arn", &arn], named);
    assert!(out.ok().contains("/from-the-environment"), "{out:#?}");
}

#[test]
fn an_external_id_is_sent() {
    let mut role = Role::new("444455556666", "third-party");
    role.external_id = Some("ticket/42".to_owned());
    let simulator = simulator(Config { roles: vec![role], ..Config::default() });
    let arn = simulator.role_arn().to_owned();
    rolecall(&["whoami", "--role-arn", &arn, "--external-id", "ticket/42"], simulator.environment()).ok();
    let refused =
        rolecall(&["whoami", "--role-arn", &arn, "--external-id", "ticket/43"], simulator.environment());
    assert!(refused.failed().contains("AccessDenied"), "{refused:#?}");
    assert!(refused.stderr.contains("external id"), "{refused:#?}");
}

#[test]
fn the_container_endpoint_requires_its_token() {
    let simulator = simulator(Config::default());
    let mut environment = simulator.container_environment();
    let run = rolecall(&["credentials"], environment.clone());
    assert!(run.ok().contains("\"AccountId\":\"111122223333\""), "{run:#?}");
    environment.retain(|(name, _)| *name != "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    let refused = rolecall(&["credentials"], environment);
    assert!(refused.failed().contains("AWS_CONTAINER_AUTHORIZATION_TOKEN"), "{refused:#?}");
}

#[test]
fn the_container_token_file_takes_precedence_over_the_token() {
    let simulator =
        simulator(Config { container_token: Some("Right-Token".to_owned()), ..Config::default() });
    let file = std::env::temp_dir().join(format!("rolecall-token-{}", std::process::id()));
    std::fs::write(&file, "Right-Token\n").expect("a file");
    let path = file.to_str().expect("a path").to_owned();
    let mut environment = simulator.container_environment();
    environment.retain(|(name, _)| *name != "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    environment.push(("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Wrong-Token".to_owned()));
    rolecall(&["credentials"], environment.clone()).failed();
    environment.push(("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path));
    rolecall(&["credentials"], environment.clone()).ok();
    std::fs::write(&file, "Right-\r\nToken").expect("a file");
    let broken = rolecall(&["credentials"], environment.clone());
    std::fs::remove_file(&file).expect("the file exists");
    assert!(broken.failed().contains("line break"), "{broken:#?}");
    let missing = rolecall(&["credentials"], environment);
    assert!(missing.failed().contains("cannot be read"), "{missing:#?}");
}

#[test]
fn an_object_is_put_read_and_listed() {
    let simulator = simulator(open());
    let url = format!("{}/{}/a%20key=with'odd+characters", simulator.s3_url(), simulator.bucket());
    let put = rolecall(
        &["request", "PUT", &url, "-d", "content", "-H", "x-amz-meta-a:  b   c "],
        simulator.environment(),
    );
    put.ok();
    let get = rolecall(&["request", "GET", &url], simulator.environment());
    assert_eq!(get.ok(), "content");
    let list = format!("{}/{}?prefix=a%20key&list-type=2", simulator.s3_url(), simulator.bucket());
    let listed = rolecall(&["request", "GET", &list], simulator.environment());
    assert!(listed.ok().contains("<Contents>"), "{listed:#?}");
    let missing = rolecall(&["request", "GET", &format!("{url}x")], simulator.environment());
    assert_eq!(missing.code, Some(1));
    assert!(missing.stdout.contains("NoSuchKey") && missing.stderr.contains("404"), "{missing:#?}");
}

#[test]
fn a_body_is_read_from_a_file_and_streamed_in_bounded_memory() {
    let simulator = simulator(open());
    let url = format!("{}/{}/large", simulator.s3_url(), simulator.bucket());
    let file = std::env::temp_dir().join(format!("rolecall-body-{}", std::process::id()));
    let content = "0123456789abcdef".repeat(12 * 1024 * 1024 / 16);
    std::fs::write(&file, &content).expect("a file");
    let put =
        rolecall(&["request", "PUT", &url, "-d", &format!("@{}", file.display())], simulator.environment());
    std::fs::remove_file(&file).expect("the file exists");
    put.ok();
    let get = rolecall_weighed(&["request", "GET", &url], simulator.environment());
    assert!(get.ok() == content, "the body was changed");
    assert!(get.peak() < 20 * 1024 * 1024, "{} bytes of memory for a streamed body", get.peak());
    let no_file = rolecall(&["request", "PUT", &url, "-d", "@/does/not/exist"], simulator.environment());
    assert!(no_file.failed().contains("/does/not/exist"), "{no_file:#?}");
}

#[test]
fn signing_prints_the_headers_to_send() {
    let arguments =
        ["sign", "GET", "https://example.amazonaws.com/", "--service", "service", "--region", "us-east-1"];
    let dated = [&arguments[..], &["--date", "20150830T123600Z"]].concat();
    let signed = rolecall(&dated, KEYS);
    // get-vanilla of the AWS SigV4 test suite.
    let wanted = "Host: example.amazonaws.com\nX-Amz-Date: 20150830T123600Z\nAuthorization: AWS4-HMAC-SHA256 \
        Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, \
        Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31\n";
    assert_eq!(signed.ok(), wanted);
    let canonical = rolecall(&[&dated[..], &["--canonical"]].concat(), KEYS);
    assert!(
        canonical.ok().starts_with("GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n")
    );
    assert!(
        canonical
            .ok()
            .contains("\n\nAWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n")
    );
}

#[test]
fn exactly_the_documented_headers_are_signed() {
    let signed_names = |extra: &[&str]| {
        let arguments =
            [&["sign", "POST", "https://b.s3.eu-west-1.amazonaws.com/k", "-d", "x"], extra].concat();
        let token = [("AWS_SESSION_TOKEN", "TOKEN")];
        let run = rolecall(&arguments, KEYS.into_iter().chain(token));
        let out = run.ok().to_owned();
        out.split("SignedHeaders=").nth(1).and_then(|rest| rest.split(',').next()).expect("names").to_owned()
    };
    assert_eq!(signed_names(&[]), "host;x-amz-content-sha256;x-amz-date;x-amz-security-token");
    let more = ["-H", "X-Note: 1", "-H", "User-Agent: me", "-H", "Connection: close", "-H", "Proxy-Foo: 1"];
    assert_eq!(signed_names(&more), "host;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-note");
}

#[test]
fn a_presigned_url_needs_no_credentials() {
    let simulator = simulator(open());
    let url = format!("{}/{}/shared", simulator.s3_url(), simulator.bucket());
    rolecall(&["request", "PUT", &url, "-d", "shared"], simulator.environment()).ok();
    let presigned = rolecall(&["presign", &url, "--expires", "60"], simulator.environment());
    let presigned = presigned.ok().trim_end().to_owned();
    assert!(presigned.contains("X-Amz-Expires=60"), "{presigned}");
    let body = ureq::get(&presigned).call().expect("it opens").into_body().read_to_string().expect("text");
    assert_eq!(body, "shared");
    let changed = presigned.replace("Expires=60", "Expires=61");
    assert!(ureq::get(&changed).call().is_err(), "a changed lifetime is still accepted");
}

#[test]
fn clock_skew_is_corrected_on_the_second_attempt() {
    let simulator = simulator(Config { clock_offset: 7 * 3600, ..open() });
    let url = format!("{}/{}/late", simulator.s3_url(), simulator.bucket());
    rolecall(&["whoami"], simulator.environment()).ok();
    rolecall(&["request", "PUT", &url, "-d", "x"], simulator.environment()).ok();
    let mut uncorrected = simulator.environment();
    uncorrected.push(("AWS_DISABLE_CLOCK_SKEW_CORRECTION", "true".to_owned()));
    rolecall(&["whoami"], uncorrected).failed();
}

#[test]
fn a_base_path_in_an_endpoint_is_kept() {
    let peer = e2e::peer::Peer::start(|request| match (request.method.as_str(), request.target.as_str()) {
        ("POST", "/base/path/") => e2e::peer::Act::ok(
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>a</Arn><UserId>b</UserId>\
             <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
        ),
        _ => e2e::peer::Act::page(404),
    });
    let endpoint = format!("{}/base/path/", peer.url());
    let environment = [("AWS_ENDPOINT_URL_STS", endpoint.as_str()), ("AWS_REGION", "us-east-1")];
    let run = rolecall(&["whoami"], KEYS.into_iter().chain(environment));
    assert_eq!(run.ok(), "account: 123456789012\narn: a\nuser id: b\n");
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["credentials", "extra"],
        &["credentials", "--format", "yaml"],
        &["credentials", "--duration-seconds", "900"],
        &["whoami", "--expires", "5"],
        &["request", "GET"],
        &["sign", "GET", "https://x.amazonaws.com/", "--date", "yesterday"],
        &["presign", "https://x.amazonaws.com/", "-H", "no-colon"],
        &["--frobnicate"],
    ] {
        let run = rolecall(arguments, KEYS);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{arguments:?}: {run:#?}");
    }
    assert!(rolecall(&["--version"], KEYS).ok().starts_with("rolecall 0."));
    assert!(rolecall(&["--help"], KEYS).ok().contains("usage: rolecall"));
}

#[test]
fn invalid_input_is_an_error_with_a_remedy() {
    let region = [("AWS_REGION", "us-east-1")];
    for (arguments, environment, expected) in [
        (&["whoami"][..], &[][..], "AWS_REGION"),
        (&["request", "GET", "https://internal.example/"], &region, "service"),
        (&["request", "GET", "ftp://example.amazonaws.com/"], &region, "URL"),
        (&["request", "GET", "https://sts.amazonaws.com/a b"], &region, "URL"),
        (&["request", "GET", "https://sts.amazonaws.com/", "-H", "Host: other"], &region, "Host"),
        (&["credentials", "--role-arn", "nonsense"], &region, "role ARN"),
    ] {
        let run = rolecall(arguments, KEYS.into_iter().chain(environment.iter().copied()));
        assert!(run.failed().contains(expected), "{arguments:?}: {run:#?}");
    }
}

#[test]
fn an_access_key_id_without_a_secret_is_an_error() {
    let run = rolecall(&["credentials"], [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")]);
    assert!(run.failed().contains("AWS_SECRET_ACCESS_KEY"), "{run:#?}");
}

#[test]
fn verbose_output_contains_no_secret() {
    let simulator = simulator(Config::default());
    let arn = simulator.role_arn().to_owned();
    let document = rolecall(&["credentials", "--role-arn", &arn, "-v"], simulator.environment());
    let credentials: serde_json::Value = serde_json::from_str(document.ok()).expect("one document");
    assert!(document.stderr.contains("PUT http://127.0.0.1"), "{document:#?}");
    for secret in ["SecretAccessKey", "SessionToken"] {
        let secret = credentials[secret].as_str().expect("a text");
        assert!(!document.stderr.contains(&secret[..8]), "{document:#?}");
    }
}
