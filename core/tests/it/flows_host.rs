//! The sources that need a host: a credential process, and a sign-in with IAM Identity Center.

use crate::common::*;
use rolecall_core::error::{ErrorKind, FailureKind, Origin, Phase};
use rolecall_core::flow::Endpoint;
use rolecall_core::sources::{Process, Sso};
use rolecall_core::wire::time::UnixTime;

const COMMAND: &str = "PROCESS fetch-keys --for 'me'";
const CACHE: &str = "FILE /home/.aws/sso/cache/d033e22a.json";
const PORTAL: &str = "GET /federation/credentials?account_id=123456789012&role_name=Read%20Only HTTP/1.1\r\n";

fn process() -> Process<'static> {
    Process::new("fetch-keys --for 'me'")
}

#[test]
fn a_command_prints_temporary_or_long_term_credentials() {
    let mut world = World::new();
    let expiration = UnixTime::from_secs(START + 900).rfc3339();
    let document = format!(
        r#"{{"Version": 1, "AccessKeyId": "ASIAPROC", "SecretAccessKey": "secret", "SessionToken": "token",
             "Expiration": "{expiration}", "AccountId": "123456789012", "Extra": [1, {{"x": null}}]}}"#
    );
    world.on(COMMAND, content(document));
    let lease = world.run(&mut process()).unwrap();
    assert_eq!(lease.lifetime_ms, Some((START + 900 - world.time()) * 1000));
    assert_eq!(world.keys(), ("ASIAPROC", "secret", "token"));
    assert_eq!(world.credentials().account_id(), Some("123456789012"));

    world.on(
        COMMAND,
        content(r#"{"Version":1,"AccessKeyId":"AKIALASTS","SecretAccessKey":"s","SessionToken":null}"#),
    );
    let lease = world.run(&mut process()).unwrap();
    assert_eq!((lease.expiration, lease.lifetime_ms), (None, None));
    assert_eq!(world.keys(), ("AKIALASTS", "s", ""));
}

#[test]
fn invalid_output_is_rejected_and_no_credentials_are_left() {
    let past = UnixTime::from_secs(START - 1).rfc3339();
    let expired = format!(r#"{{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","Expiration":"{past}"}}"#);
    type IsRight = fn(&ErrorKind) -> bool;
    let wrong: [(&str, IsRight); 9] = [
        ("", |kind| matches!(kind, ErrorKind::Malformed(_))),
        ("keys!", |kind| matches!(kind, ErrorKind::Malformed(_))),
        ("[]", |kind| *kind == ErrorKind::Unusable("document")),
        (r#"{"AccessKeyId":"A","SecretAccessKey":"s"}"#, |kind| *kind == ErrorKind::Unusable("Version")),
        (r#"{"Version":2,"AccessKeyId":"A","SecretAccessKey":"s"}"#, |kind| {
            *kind == ErrorKind::Unusable("Version")
        }),
        (r#"{"Version":"1","AccessKeyId":"A","SecretAccessKey":"s"}"#, |kind| {
            *kind == ErrorKind::Unusable("Version")
        }),
        (r#"{"Version":1,"SecretAccessKey":"s"}"#, |kind| *kind == ErrorKind::Missing("AccessKeyId")),
        (r#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s\n"}"#, |kind| {
            *kind == ErrorKind::Unusable("credentials")
        }),
        (&expired, |kind| *kind == ErrorKind::Expired),
    ];
    for (document, is_right) in wrong {
        let mut world = World::new();
        world.on(COMMAND, content(document));
        let error = world.run(&mut process()).unwrap_err();
        assert_eq!(error.origin, Origin::Process);
        assert!(is_right(&error.kind), "{document}: {error:?}");
        assert!(world.slots[0].credentials().is_none());
    }
}

#[test]
fn a_failed_command_is_reported_with_a_remedy() {
    for (kind, says) in [
        (FailureKind::NotFound, "no such command"),
        (FailureKind::Unsuccessful, "the command failed"),
        (FailureKind::Timeout, "timed out"),
    ] {
        let mut world = World::new();
        world.on(COMMAND, Act::Fail(Phase::Process, kind));
        let text = world.run(&mut process()).unwrap_err().to_string();
        assert!(text.contains(says) && text.contains("by hand"), "{text}");
    }
}

fn sso() -> Sso<'static> {
    let portal = Endpoint::parse("https://portal.sso.eu-west-1.amazonaws.com").unwrap();
    Sso::new(portal, "/home/.aws/sso/cache/d033e22a.json", "123456789012", "Read Only")
}

fn signed_in(expires: u64) -> Act {
    let expires = UnixTime::from_secs(expires).rfc3339();
    content(format!(
        r#"{{"startUrl":"https://x.awsapps.com/start","region":"eu-west-1","accessToken":"access-token-of-alice","expiresAt":"{expires}"}}"#
    ))
}

fn role_credentials(expiration: &str) -> String {
    format!(
        r#"{{"roleCredentials":{{"accessKeyId":"ASIASSO","secretAccessKey":"secret","sessionToken":"token","expiration":{expiration}}}}}"#
    )
}

#[test]
fn a_sign_in_yields_the_credentials_of_the_role() {
    let mut world = World::new();
    world.on(CACHE, signed_in(START + 60));
    world.on(PORTAL, ok(role_credentials(&format!("{}000", START + 3600))).at(START));
    let lease = world.run(&mut sso()).unwrap();
    assert_eq!(lease.expiration, Some(UnixTime::from_secs(START + 3600)));
    assert_eq!(lease.lifetime_ms, Some(3_600_000));
    assert_eq!(world.keys(), ("ASIASSO", "secret", "token"));
    assert_eq!(world.credentials().account_id(), Some("123456789012"));
    assert_eq!(world.needs[1].header("x-amz-sso_bearer_token"), Some("access-token-of-alice"));
    assert_eq!(world.needs[1].header("Authorization"), None);
    world.finished();
}

#[test]
fn an_expired_sign_in_is_reported_with_a_remedy() {
    for act in [signed_in(START - 1), Act::Fail(Phase::File, FailureKind::NotFound)] {
        let mut world = World::new();
        world.on(CACHE, act);
        let text = world.run(&mut sso()).unwrap_err().to_string();
        assert!(text.contains("aws sso login"), "{text}");
        world.finished();
    }
    let mut world = World::new();
    world.on(CACHE, signed_in(START + 60));
    world.on(PORTAL, reply(401, r#"{"message":"Session token not found or invalid access-token-of-alice"}"#));
    let text = world.run(&mut sso()).unwrap_err().to_string();
    assert!(text.contains("aws sso login"), "{text}");
    assert_eq!(world.report.message(), "", "a message that contains the token is not redacted");
}

#[test]
fn only_transient_errors_of_the_portal_are_retried() {
    let mut world = World::new();
    for status in [429, 503] {
        world.on(CACHE, signed_in(START + 60)).on(PORTAL, reply(status, ""));
    }
    world.on(CACHE, signed_in(START + 60));
    world.on(PORTAL, ok(role_credentials(&format!("{}999", START + 3600))));
    world.run(&mut sso()).unwrap();
    world.finished();

    world.on(CACHE, signed_in(START + 60)).on(PORTAL, reply(403, r#"{"message":"No access"}"#));
    let error = world.run(&mut sso()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Status(403));
    assert_eq!(world.report.message(), "No access");
    assert!(error.to_string().contains("sso_role_name"));
}

#[test]
fn invalid_portal_replies_are_rejected_and_no_credentials_are_left() {
    let later = format!("{}000", START + 3600);
    let wrong = [
        ("{}".to_owned(), ErrorKind::Missing("roleCredentials")),
        (role_credentials(r#""2026-01-02T04:04:05""#), ErrorKind::Unusable("Expiration")),
        (role_credentials("1.5e9"), ErrorKind::Unusable("Expiration")),
        (role_credentials("-1"), ErrorKind::Unusable("Expiration")),
        (role_credentials("1000"), ErrorKind::Expired),
        // After the year 9999.
        (role_credentials("253402300800000"), ErrorKind::Unusable("Expiration")),
        (
            role_credentials(&later).replacen('{', r#"{"roleCredentials":null,"#, 1),
            ErrorKind::Unusable("roleCredentials"),
        ),
        (role_credentials("null"), ErrorKind::Missing("Expiration")),
        (role_credentials(&later).replace(r#""token""#, "null"), ErrorKind::Unusable("SessionToken")),
        (role_credentials(&later).replace(r#""secret""#, r#""""#), ErrorKind::Missing("SecretAccessKey")),
        (
            role_credentials(&later).replace("roleC", "x\":{\"roleC").replace("}}", "}}}"),
            ErrorKind::Missing("roleCredentials"),
        ),
    ];
    for (body, kind) in wrong {
        let mut world = World::new();
        world.on(CACHE, signed_in(START + 60)).on(PORTAL, ok(body.clone()));
        let error = world.run(&mut sso()).unwrap_err();
        assert_eq!(error.kind, kind, "{body}");
        assert!(world.slots[0].credentials().is_none(), "{body}");
    }
}
