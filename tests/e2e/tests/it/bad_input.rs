//! Errors of the command for misbehaving servers and invalid settings. Faults on the wire, for each source
//! and with each adapter, are tested by the table in `faults`.

use std::time::Duration;

use e2e::command::{Run, rolecall_weighed};
use e2e::peer::{Act, Peer};

const MEBIBYTE: u64 = 1024 * 1024;
fn credentials(peer: &Peer) -> Run {
    rolecall_weighed(&["credentials"], [("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url())])
}

/// Checks the bounds that hold for every bad input, and returns the error.
#[track_caller]
fn refused(run: &Run) -> &str {
    assert!(run.took < Duration::from_secs(10), "{run:#?}");
    assert!(run.peak() < 8 * MEBIBYTE, "{run:#?}");
    run.failed()
}

#[test]
fn a_timed_out_token_request_mentions_the_hop_limit() {
    let peer = Peer::start(|_| Act::STALL);
    let run = credentials(&peer);
    let error = refused(&run);
    assert!(error.contains("hop limit"), "{error}");
    assert!(run.took < Duration::from_secs(3), "{run:#?}");
    assert_eq!(peer.requests(), 1, "a time-out is not retried");
}

#[test]
fn a_container_endpoint_that_never_answers_times_out() {
    let peer = Peer::start(|_| Act::STALL);
    let url = format!("{}/credentials", peer.url());
    let run = rolecall_weighed(&["credentials"], [("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str())]);
    assert!(refused(&run).contains("container endpoint: waiting for the reply: timed out"), "{run:#?}");
    assert!((2..=3).contains(&peer.requests()), "{} attempts", peer.requests());
}

#[test]
fn a_role_name_cannot_redirect_the_request() {
    for name in ["../../user-data", "a?b", "a b", "a\r\nX: y", "", "\u{1F600}"] {
        let peer = Peer::start(move |request| match request.method.as_str() {
            "PUT" => Act::ok("TOKEN"),
            _ => Act::ok(name),
        });
        let run = credentials(&peer);
        refused(&run);
        assert!(peer.requests() <= 3, "{name:?}: {run:#?}");
    }
}

#[test]
fn absent_sources_are_listed_without_delay() {
    // The connection is refused, as on a machine that is not an EC2 instance.
    let run =
        rolecall_weighed(&["credentials"], [("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")]);
    let error = refused(&run);
    assert!(run.took < Duration::from_secs(5), "{run:#?}");
    for expected in [
        "no credentials found",
        "container endpoint: absent: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "not on EC2",
        "AWS_ACCESS_KEY_ID",
    ] {
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let disabled = rolecall_weighed(&["credentials"], [("AWS_EC2_METADATA_DISABLED", "TRUE")]);
    assert!(refused(&disabled).contains("switched off"), "{disabled:#?}");
}

#[test]
fn an_instance_without_a_role_has_its_own_error() {
    let peer = Peer::start(|request| if request.method == "PUT" { Act::ok("TOKEN") } else { Act::page(404) });
    let run = credentials(&peer);
    assert!(refused(&run).contains("attach an instance profile"), "{run:#?}");
}

#[test]
fn a_secret_echoed_by_the_service_is_redacted() {
    let denied = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no wJalrXUtnFEMI no</Message></Error>\
                  <RequestId>id-7</RequestId></ErrorResponse>";
    let peer = Peer::start(|_| Act::Reply(403, String::new(), denied.into()));
    let run = rolecall_weighed(
        &["credentials", "--role-arn", "arn:aws:iam::444455556666:role/x", "--role-session-name", "s1"],
        [
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL_STS", peer.url()),
        ],
    );
    let error = refused(&run);
    assert!(error.contains("AccessDenied") && !error.contains("wJalrXUt"), "{error}");
}

#[test]
fn invalid_cognito_responses_are_errors() {
    const PASSWORD: &str = "correct horse battery staple";
    let pool = ["credentials", "--cognito-identity-pool", "us-east-1:pool"];
    let user = ["--user-pool", "us-east-1_aBcDeF", "--client-id", "client", "--username", "ada"];
    let deep = format!("{{\"IdentityId\":{}", "[".repeat(200_000));
    let refusal = format!("{{\"__type\":\"NotAuthorizedException\",\"message\":\"not with {PASSWORD}\"}}");
    let challenge = |parameters: &str| {
        Act::ok(format!(
            "{{\"ChallengeName\":\"PASSWORD_VERIFIER\",\"ChallengeParameters\":{{\"USER_ID_FOR_SRP\":\"ada\",{parameters}}}}}"
        ))
    };
    let both = [
        (Act::ok("<html></html>"), "malformed"),
        (Act::ok(""), "malformed"),
        (Act::ok("{\"IdentityId\":\"a\u{0}b\"}"), "malformed"),
        (Act::ok(deep), "nested too deeply"),
        (Act::page(502), "502"),
        (Act::page(302), "redirects"),
        (Act::Reply(400, String::new(), refusal.into_bytes()), "NotAuthorizedException"),
        (Act::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'{'; 4096]), "too long"),
        (Act::STALL, "timed out"),
        (Act::CLOSE, "closed"),
    ];
    let of_pool = [
        (Act::ok("{}"), "IdentityId"),
        (Act::ok("{\"IdentityId\":null}"), "IdentityId"),
        (Act::ok("{\"IdentityId\":[\"a\"]}"), "IdentityId"),
    ];
    for (act, expected) in both.clone().into_iter().chain(of_pool) {
        let peer = Peer::start(move |_| act.clone());
        let run = rolecall_weighed(&pool, [("AWS_ENDPOINT_URL_COGNITO_IDENTITY", peer.url())]);
        let error = refused(&run);
        assert!(
            error.contains(expected) && error.contains("Cognito identity pool: GetId"),
            "{expected}: {error}"
        );
    }
    let of_users = [
        (Act::ok("{}"), "IdToken"),
        (Act::ok("{\"AuthenticationResult\":{\"IdToken\":\"\"}}"), "IdToken"),
        (Act::ok("{\"ChallengeName\":\"SOMETHING_NEW\"}"), "SOMETHING_NEW"),
        (challenge("\"SALT\":\"00\",\"SRP_B\":\"0\",\"SECRET_BLOCK\":\"AAAA\""), "SRP_B"),
        (challenge("\"SALT\":\"no\",\"SRP_B\":\"5\",\"SECRET_BLOCK\":\"AAAA\""), "SALT"),
        (challenge("\"SALT\":\"00\",\"SRP_B\":\"5\",\"SECRET_BLOCK\":\"*\""), "SECRET_BLOCK"),
        // The same challenge is returned repeatedly.
        (challenge("\"SALT\":\"00\",\"SRP_B\":\"5\",\"SECRET_BLOCK\":\"AAAA\""), "ChallengeName"),
    ];
    for (act, expected) in both.into_iter().chain(of_users) {
        let peer = Peer::start(move |_| act.clone());
        let environment =
            [("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", peer.url()), ("AWS_COGNITO_PASSWORD", PASSWORD)];
        let run = rolecall_weighed(&[&pool[..], &user].concat(), environment);
        let error = refused(&run);
        assert!(error.contains(expected) && error.contains("Cognito user pool"), "{expected}: {error}");
        assert!(!error.contains("horse"), "part of the password is in the error: {error}");
    }
}

#[test]
fn what_is_too_long_is_said_with_its_limit_and_without_a_remedy_of_the_library() {
    let endless = || Act::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'{'; 4096]);
    let peer = Peer::start(move |_| endless());
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let sts = [("AWS_REGION", "eu-west-1"), ("AWS_ENDPOINT_URL_STS", peer.url())];
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let config = folder.join("too-long.ini");
    std::fs::write(&config, "[default]\ncredential_process = cat /dev/zero\n").expect("a file");
    let token = folder.join("too-long.token");
    std::fs::write(&token, "x".repeat(300_000)).expect("a file");
    let config = [("AWS_CONFIG_FILE", config.to_str().expect("text")), ("PATH", "/usr/bin:/bin")];
    let token = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().expect("text")),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/r"),
    ];
    let metadata = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url())];
    for (arguments, variables, limit) in [
        (&["whoami"][..], [&keys[..], &sts].concat(), "bytes of this reply are read; check the endpoint"),
        (&["credentials"], metadata.to_vec(), "bytes of this reply are read; check the endpoint"),
        (&["credentials"], config.to_vec(), "at most 262144 bytes of what a command prints"),
        (&["credentials"], [&token[..], &sts].concat(), "at most 262144 bytes of a file"),
    ] {
        let run = rolecall_weighed(arguments, variables);
        let error = refused(&run);
        assert!(error.contains("too long") && error.contains(limit), "{error}");
        assert!(!error.contains("lend") && !error.contains("buffer"), "{error}");
    }
    // More parameters than a request may have.
    let tags: Vec<String> =
        (0..50).map(|number| format!("{}{number}={}", "k".repeat(120), "%".repeat(256))).collect();
    let tags: Vec<&str> = tags.iter().flat_map(|tag| ["--tag", tag]).collect();
    let role = ["credentials", "--role-arn", "arn:aws:iam::123456789012:role/r"];
    let run = rolecall_weighed(&[&role[..], &tags].concat(), [&keys[..], &sts].concat());
    let error = refused(&run);
    assert!(error.contains("bytes, which is more than is permitted") && !error.contains("buffer"), "{error}");
}
