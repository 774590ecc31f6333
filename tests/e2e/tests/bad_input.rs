//! Hostile and broken peers: each gives one clear error, within its deadline and in little memory.

use std::time::Duration;

use e2e::command::{Run, rolecall};
use e2e::peer::{Act, Peer};

const MEBIBYTE: u64 = 1024 * 1024;
const DOCUMENT: &str = r#"{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"ASIAEXAMPLE",
    "SecretAccessKey":"c2VjcmV0c2VjcmV0","Token":"dG9rZW4=","Expiration":"2099-01-01T00:00:00Z"}"#;

fn credentials(peer: &Peer) -> Run {
    rolecall(&["credentials"], [("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url())])
}

/// The error, after checks that hold for every bad input.
#[track_caller]
fn refused(run: &Run) -> &str {
    assert!(run.took < Duration::from_secs(10), "{run:#?}");
    assert!(run.peak < 8 * MEBIBYTE, "{run:#?}");
    run.failed()
}

#[test]
fn a_good_document_is_taken() {
    let run = credentials(&Peer::imds(Act::ok(DOCUMENT)));
    assert!(run.ok().contains("ASIAEXAMPLE"));
    assert!(run.peak < 8 * MEBIBYTE, "{run:#?}");
}

#[test]
fn documents_that_are_no_credentials() {
    let with = |from: &str, to: &str| DOCUMENT.replace(from, to).into_bytes();
    for (document, told) in [
        (b"<html>busy</html>".to_vec(), "malformed"),
        (b"".to_vec(), "malformed"),
        (b"null".to_vec(), "document"),
        (b"[]".to_vec(), "document"),
        (b"{}".to_vec(), "AccessKeyId"),
        (DOCUMENT.as_bytes()[..100].to_vec(), "malformed"),
        (with("\"ASIAEXAMPLE\"", "null"), "AccessKeyId"),
        (with("\"ASIAEXAMPLE\"", "7"), "AccessKeyId"),
        (with("ASIAEXAMPLE", ""), "AccessKeyId"),
        (with("ASIAEXAMPLE", "ASIA\\u000aEXAMPLE"), "credentials"),
        (with("dG9rZW4=", "dG9r\\r\\nX-Injected: 1"), "credentials"),
        (with("dG9rZW4=", "dG9r\nZW4="), "malformed"),
        (with("\"Token\":\"dG9rZW4=\",", ""), "session token"),
        (with("\"Token\"", "\"AccessKeyId\":\"ASIAOTHER\",\"Token\""), "AccessKeyId"),
        (with("2099-01-01T00:00:00Z", "tomorrow"), "Expiration"),
        (with("2099-01-01T00:00:00Z", "2001-01-01T00:00:00Z"), "expired"),
        (with("Success", "AssumeRoleUnauthorizedAccess"), "AssumeRoleUnauthorizedAccess"),
        (b"\xef\xbb\xbf{}".to_vec(), "malformed"),
        (format!("{{\"a\":{}", "[".repeat(60_000)).into_bytes(), "nested too deeply"),
    ] {
        let run = credentials(&Peer::imds(Act::ok(document.clone())));
        let error = refused(&run);
        assert!(error.contains(told), "{}: {error}", String::from_utf8_lossy(&document));
        assert!(error.contains("instance metadata: role credentials"), "{error}");
    }
}

#[test]
fn statuses_that_are_no_answer() {
    for (status, told) in [(400, "400"), (403, "403"), (204, "204"), (404, "404")] {
        let run = credentials(&Peer::imds(Act::page(status)));
        assert!(refused(&run).contains(told), "{run:#?}");
    }
}

#[test]
fn a_service_that_fails_is_asked_three_times() {
    for act in [Act::page(500), Act::page(503), Act::Close] {
        let peer = Peer::imds(act);
        let run = credentials(&peer);
        refused(&run);
        assert_eq!(peer.asked(), 2 + 3, "{run:#?}");
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let other = Peer::imds(Act::ok(DOCUMENT));
    let to = format!("Location: {}/latest/meta-data/iam/security-credentials/a-role\r\n", other.url());
    for status in [301, 302, 303, 307, 308] {
        let run = credentials(&Peer::imds(Act::Reply(status, to.clone(), Vec::new())));
        assert!(refused(&run).contains("redirects are not followed"), "{run:#?}");
    }
    assert_eq!(other.asked(), 0);
}

#[test]
fn bodies_that_never_end_or_hardly_begin() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let long = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", u64::MAX).into_bytes();
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let slow = format!("HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n{DOCUMENT}").into_bytes();
    for (name, act) in [
        ("endless body", Act::Endless(head.clone(), vec![b'a'; 4096])),
        ("endless body of a stated length", Act::Endless(long, vec![b'a'; 4096])),
        ("endless chunks", Act::Endless(chunked, b"4\r\naaaa\r\n".to_vec())),
        ("endless headers", Act::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-A: b\r\n".to_vec())),
        ("endless header", Act::Endless(b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'a'; 4096])),
        ("endless 100 Continue", Act::Endless(Vec::new(), b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())),
        ("drip", Act::Drip(slow, Duration::from_millis(40))),
        ("stall", Act::Stall),
        (
            "stall within the body",
            Act::Drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_vec(), Duration::ZERO),
        ),
    ] {
        let run = credentials(&Peer::imds(act));
        assert!(run.took < Duration::from_secs(10), "{name}: {run:#?}");
        assert!(run.peak < 8 * MEBIBYTE, "{name}: {run:#?}");
        run.failed();
    }
}

#[test]
fn answers_that_are_not_http() {
    for raw in [
        &b"SSH-2.0-OpenSSH_9.2\r\n"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"Code\":",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        b"\x16\x03\x01\x00\x00",
    ] {
        let run = credentials(&Peer::imds(Act::Raw(raw.to_vec())));
        refused(&run);
    }
}

#[test]
fn a_token_request_without_an_answer_tells_of_the_hop_limit() {
    let peer = Peer::start(|_, _| Act::Stall);
    let run = credentials(&peer);
    let error = refused(&run);
    assert!(error.contains("hop limit"), "{error}");
    assert!(run.took < Duration::from_secs(3), "{run:#?}");
    assert_eq!(peer.asked(), 1, "a time-out is not tried again");
}

#[test]
fn a_container_endpoint_that_says_nothing_is_given_up() {
    let peer = Peer::start(|_, _| Act::Stall);
    let url = format!("{}/credentials", peer.url());
    let run = rolecall(&["credentials"], [("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str())]);
    assert!(refused(&run).contains("container endpoint: waiting for the reply: timed out"), "{run:#?}");
    assert!((2..=3).contains(&peer.asked()), "{} attempts", peer.asked());
}

#[test]
fn a_role_name_cannot_lead_elsewhere() {
    for name in ["../../user-data", "a?b", "a b", "a\r\nX: y", "", "\u{1F600}"] {
        let peer = Peer::start(move |method, _| match method {
            "PUT" => Act::ok("TOKEN"),
            _ => Act::ok(name),
        });
        let run = credentials(&peer);
        refused(&run);
        assert!(peer.asked() <= 3, "{name:?}: {run:#?}");
    }
}

#[test]
fn when_every_source_is_absent_it_says_so_soon() {
    // Nobody listens there: as on a machine that is no instance.
    let run = rolecall(&["credentials"], [("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")]);
    let error = refused(&run);
    assert!(run.took < Duration::from_secs(5), "{run:#?}");
    for told in [
        "no credentials found",
        "container endpoint: absent: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "not on EC2",
        "AWS_ACCESS_KEY_ID",
    ] {
        assert!(error.contains(told), "{told}: {error}");
    }
    let disabled = rolecall(&["credentials"], [("AWS_EC2_METADATA_DISABLED", "TRUE")]);
    assert!(refused(&disabled).contains("switched off"), "{disabled:#?}");
}

#[test]
fn an_instance_without_a_role_is_told_apart() {
    let peer = Peer::start(|method, _| if method == "PUT" { Act::ok("TOKEN") } else { Act::page(404) });
    let run = credentials(&peer);
    assert!(refused(&run).contains("attach an instance profile"), "{run:#?}");
}

#[test]
fn sts_answers_that_are_none() {
    const KEYS: [(&str, &str); 3] = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        ("AWS_REGION", "us-east-1"),
    ];
    let role = ["credentials", "--role-arn", "arn:aws:iam::444455556666:role/x", "--role-session-name", "s1"];
    let result = |credentials: &str| {
        Act::ok(format!(
            "<AssumeRoleResponse><AssumeRoleResult><Credentials>{credentials}</Credentials></AssumeRoleResult></AssumeRoleResponse>"
        ))
    };
    let denied = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no wJalrXUtnFEMI no</Message></Error>\
                  <RequestId>id-7</RequestId></ErrorResponse>";
    let bomb = "<!DOCTYPE a [<!ENTITY b \"c\">]><AssumeRoleResponse/>";
    let endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    for (act, told) in [
        (Act::ok("{}"), "malformed"),
        (Act::ok("<html></html>"), "AssumeRoleResponse"),
        (Act::ok(bomb), "document type"),
        (Act::ok(format!("<AssumeRoleResponse>{}", "<a>".repeat(10_000))), "nested too deeply"),
        (result(""), "Expiration"),
        (result("<Expiration>2099-01-01T00:00:00Z</Expiration>"), "AccessKeyId"),
        (Act::page(502), "502"),
        (Act::page(302), "redirects"),
        (Act::Reply(403, String::new(), denied.into()), "AccessDenied"),
        (Act::Endless(endless, vec![b'<'; 4096]), "too long"),
        (Act::Stall, "timed out"),
        (Act::Close, "closed"),
    ] {
        let peer = Peer::start(move |_, _| act.clone());
        let endpoint = [("AWS_ENDPOINT_URL_STS", peer.url())];
        let run = rolecall(&role, KEYS.into_iter().chain(endpoint));
        let error = refused(&run);
        assert!(error.contains(told), "{told}: {error}");
        assert!(!error.contains("wJalrXUt"), "part of the secret was told: {error}");
    }
}

#[test]
fn cognito_answers_that_are_none() {
    const PASSWORD: &str = "correct horse battery staple";
    let guest = ["credentials", "--cognito-identity-pool", "us-east-1:pool"];
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
        (Act::Stall, "timed out"),
        (Act::Close, "closed"),
    ];
    let of_pool = [
        (Act::ok("{}"), "IdentityId"),
        (Act::ok("{\"IdentityId\":null}"), "IdentityId"),
        (Act::ok("{\"IdentityId\":[\"a\"]}"), "IdentityId"),
    ];
    for (act, told) in both.clone().into_iter().chain(of_pool) {
        let peer = Peer::start(move |_, _| act.clone());
        let run = rolecall(&guest, [("AWS_ENDPOINT_URL_COGNITO_IDENTITY", peer.url())]);
        let error = refused(&run);
        assert!(error.contains(told) && error.contains("Cognito identity pool: GetId"), "{told}: {error}");
    }
    let of_users = [
        (Act::ok("{}"), "IdToken"),
        (Act::ok("{\"AuthenticationResult\":{\"IdToken\":\"\"}}"), "IdToken"),
        (Act::ok("{\"ChallengeName\":\"SOMETHING_NEW\"}"), "SOMETHING_NEW"),
        (challenge("\"SALT\":\"00\",\"SRP_B\":\"0\",\"SECRET_BLOCK\":\"AAAA\""), "SRP_B"),
        (challenge("\"SALT\":\"no\",\"SRP_B\":\"5\",\"SECRET_BLOCK\":\"AAAA\""), "SALT"),
        (challenge("\"SALT\":\"00\",\"SRP_B\":\"5\",\"SECRET_BLOCK\":\"*\""), "SECRET_BLOCK"),
        // It wants the same proof again and again.
        (challenge("\"SALT\":\"00\",\"SRP_B\":\"5\",\"SECRET_BLOCK\":\"AAAA\""), "ChallengeName"),
    ];
    for (act, told) in both.into_iter().chain(of_users) {
        let peer = Peer::start(move |_, _| act.clone());
        let environment =
            [("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", peer.url()), ("AWS_COGNITO_PASSWORD", PASSWORD)];
        let run = rolecall(&[&guest[..], &user].concat(), environment);
        let error = refused(&run);
        assert!(error.contains(told) && error.contains("Cognito user pool"), "{told}: {error}");
        assert!(!error.contains("horse"), "part of the password was told: {error}");
    }
}
