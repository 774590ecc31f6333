//! The other calls of STS and all parameters of AssumeRole: limits checked before anything is sent,
//! tokens read for every attempt, MFA prompts, and accepted replies.

use crate::common::*;
use rolecall_core::call::{Call, Operation, Service};
use rolecall_core::credentials::Credentials;
use rolecall_core::error::{Error, ErrorKind, Failure, FailureKind, Origin, Phase};
use rolecall_core::flow::{Endpoint, Flow, Lease};
use rolecall_core::sources::sts::Mfa;
use rolecall_core::sources::sts::{
    AssumeRoleRequest, AssumeRoleWithSamlRequest, AssumeRoleWithWebIdentityRequest, AssumeRootRequest,
    GetFederationTokenRequest, GetSessionTokenRequest, SessionParameters,
};
use rolecall_core::sources::{Fixed, IdentityToken};
use rolecall_core::wire::time::UnixTime;

const ROLE_ARN: &str = "arn:aws:iam::123456789012:role/other";
const LATER: u64 = START + 3600;
const STS: &str = "POST / HTTP/1.1\r\n";
const TOKEN_FILE: &str = "FILE /var/run/token";

fn service() -> Service<'static> {
    Service::new(Endpoint::parse("https://sts.eu-west-1.amazonaws.com").unwrap(), "eu-west-1")
}

fn keys() -> Fixed<'static> {
    let keys = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None);
    Fixed::new(Some(keys.unwrap()))
}

fn web_identity() -> AssumeRoleWithWebIdentityRequest<'static> {
    AssumeRoleWithWebIdentityRequest::new(ROLE_ARN, "pod")
}

/// A reply as documented in the API reference, with `user` next to the credentials.
fn session(action: &str, key: &str, user: &str) -> String {
    let expiration = UnixTime::from_secs(LATER).rfc3339();
    format!(
        r#"<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <{action}Result>
    {user}
    <Credentials>
      <SessionToken>token-of-{key}==</SessionToken>
      <SecretAccessKey>secret/of+{key}</SecretAccessKey>
      <Expiration>{expiration}</Expiration>
      <AccessKeyId>{key}</AccessKeyId>
    </Credentials>
    <PackedPolicySize>6</PackedPolicySize>
  </{action}Result>
  <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>
</{action}Response>"#
    )
}

const ROLE_USER: &str = "<AssumedRoleUser><Arn>arn:aws:sts::999988887777:assumed-role/other/pod</Arn>\
                         <AssumedRoleId>AROA:pod</AssumedRoleId></AssumedRoleUser>";

/// Runs until the error and asserts that the flow returned no need.
fn refused<'c, F: Flow<'c, Output = Lease>>(mut flow: F) -> Error {
    let mut world = World::new();
    let error = world.run(&mut flow).expect_err("an error");
    assert!(world.needs.is_empty(), "a request was sent");
    error
}

#[test]
fn a_web_identity_token_is_read_from_its_file_and_sent_unsigned() {
    let mut world = World::new();
    world.on(TOKEN_FILE, content("eyJ0.web.token\n"));
    world.on(STS, ok(session("AssumeRoleWithWebIdentity", "ASIAWEB", ROLE_USER)));
    let mut flow = Call::new(IdentityToken::file("/var/run/token"), service(), web_identity());
    let lease = world.run(&mut flow).unwrap();
    assert_eq!(lease.expiration, Some(UnixTime::from_secs(LATER)));
    assert_eq!(world.keys(), ("ASIAWEB", "secret/of+ASIAWEB", "token-of-ASIAWEB=="));
    // The account comes from the ARN in the reply, if there is one.
    assert_eq!(world.credentials().account_id(), Some("999988887777"));
    let recorded = &world.needs[1];
    assert!(recorded.body().contains("&WebIdentityToken=eyJ0.web.token"), "{}", recorded.text);
    assert_eq!(recorded.header("Authorization"), None);
    assert_eq!(recorded.header("X-Amz-Date"), None);
    world.finished();
}

#[test]
fn without_an_arn_in_the_reply_the_account_of_the_role_is_used() {
    let mut world = World::new();
    world.on(STS, ok(session("AssumeRoleWithWebIdentity", "ASIAWEB", "")));
    let mut flow = Call::new(IdentityToken::given("eyJ0.web.token"), service(), web_identity());
    world.run(&mut flow).unwrap();
    assert_eq!(world.credentials().account_id(), Some("123456789012"));
}

#[test]
fn a_web_identity_needs_no_wall_clock() {
    let mut world = World::new();
    world.wall = None;
    world.on(STS, ok(session("AssumeRoleWithWebIdentity", "ASIAWEB", "")).at(START));
    let mut flow = Call::new(IdentityToken::given("eyJ0.web.token"), service(), web_identity());
    assert_eq!(world.run(&mut flow).unwrap().lifetime_ms, Some(3_600_000));
}

#[test]
fn every_attempt_reads_the_token_again_after_the_wait() {
    for code in ["IDPCommunicationError", "InvalidIdentityToken", "Throttling"] {
        let mut world = World::new();
        world.on(TOKEN_FILE, content("first.token"));
        world.on(STS, reply(400, refusal(code, "Couldn't retrieve verification key")));
        world.on(TOKEN_FILE, content("second.token"));
        world.on(STS, ok(session("AssumeRoleWithWebIdentity", "ASIAWEB", "")));
        let mut flow = Call::new(IdentityToken::file("/var/run/token"), service(), web_identity());
        world.run(&mut flow).unwrap();
        world.finished();
        assert!(world.needs[3].body().contains("second.token"));
        assert!(
            world.needs[2].at > world.needs[1].at + world.pace,
            "{code}: the token is read before the wait"
        );
    }
}

#[test]
fn attempts_with_a_token_are_limited() {
    let mut world = World::new();
    world.always(|recorded| if recorded.starts_with("FILE") { content("a.token") } else { reply(500, "") });
    let mut flow = Call::new(IdentityToken::file("/var/run/token"), service(), web_identity());
    let error = world.run(&mut flow).unwrap_err();
    assert_eq!((error.origin, error.kind), (Origin::WebIdentity, ErrorKind::Status(500)));
    assert_eq!(world.needs.iter().filter(|recorded| recorded.text.starts_with("POST")).count(), 3);
}

#[test]
fn a_rejected_token_is_an_error_of_the_call_and_not_retried() {
    let mut world = World::new();
    world.on(TOKEN_FILE, content("old.token"));
    world.on(STS, reply(400, refusal("ExpiredTokenException", "Token expired: current date/time")));
    let mut flow = Call::new(IdentityToken::file("/var/run/token"), service(), web_identity());
    let error = world.run(&mut flow).unwrap_err();
    assert_eq!(error.origin, Origin::WebIdentity);
    assert_eq!(world.report.code(), "ExpiredTokenException");
    world.finished();
}

#[test]
fn an_unreadable_token_is_an_error_of_the_call() {
    let mut world = World::new();
    world.on(TOKEN_FILE, Act::Fail(Phase::File, FailureKind::NotFound));
    let mut flow = Call::new(IdentityToken::file("/var/run/token"), service(), web_identity());
    let error = world.run(&mut flow).unwrap_err();
    let failure = Failure { phase: Phase::File, kind: FailureKind::NotFound };
    assert_eq!((error.origin, error.kind), (Origin::WebIdentity, ErrorKind::Transport(failure)));
    let text = error.to_string();
    assert!(text.contains("no such file") && text.contains("AWS_WEB_IDENTITY_TOKEN_FILE"), "{text}");
    for bad in ["", " \n", "two words", "line\nbreak", "nul\0"] {
        let mut world = World::new();
        world.on(TOKEN_FILE, content(bad));
        let mut flow = Call::new(IdentityToken::file("/var/run/token"), service(), web_identity());
        let error = world.run(&mut flow).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Invalid(_)), "{bad:?}: {error}");
        world.finished();
    }
}

#[test]
fn the_other_calls_return_credentials() {
    let mut world = World::new();
    let saml = AssumeRoleWithSamlRequest::new(ROLE_ARN, "arn:aws:iam::123456789012:saml-provider/corp");
    world.on("Action=AssumeRoleWithSAML&", ok(session("AssumeRoleWithSAML", "ASIASAML", ROLE_USER)));
    world.run(&mut Call::new(IdentityToken::given("PHNhbWw+/w=="), service(), saml)).unwrap();
    assert!(world.needs[0].body().contains("&SAMLAssertion=PHNhbWw%2B%2Fw%3D%3D"));
    assert_eq!(world.needs[0].header("Authorization"), None);
    assert_eq!(world.keys().0, "ASIASAML");

    world.on("Action=GetSessionToken&", ok(session("GetSessionToken", "ASIASESSION", "")));
    world.run(&mut Call::new(keys(), service(), GetSessionTokenRequest::default())).unwrap();
    assert_eq!(world.keys().0, "ASIASESSION");
    assert_eq!(world.credentials().account_id(), None);

    let user = "<FederatedUser><Arn>arn:aws:sts::111122223333:federated-user/bob</Arn>\
                <FederatedUserId>111122223333:bob</FederatedUserId></FederatedUser>";
    world.on("Action=GetFederationToken&", ok(session("GetFederationToken", "ASIAFEDERATED", user)));
    world.run(&mut Call::new(keys(), service(), GetFederationTokenRequest::new("bob"))).unwrap();
    assert_eq!(world.keys().0, "ASIAFEDERATED");
    assert_eq!(world.credentials().account_id(), Some("111122223333"));

    let task = "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy";
    world.on(
        "Action=AssumeRoot&",
        ok(session("AssumeRoot", "ASIAROOT", "<SourceIdentity>a</SourceIdentity>")),
    );
    world.run(&mut Call::new(keys(), service(), AssumeRootRequest::new("210987654321", task))).unwrap();
    assert_eq!(world.keys().0, "ASIAROOT");
    assert_eq!(world.credentials().account_id(), Some("210987654321"));
    assert!(world.needs[1..].iter().all(|recorded| recorded.header("Authorization").is_some()));
    world.finished();
}

#[test]
fn a_reply_of_another_call_is_rejected() {
    let mut world = World::new();
    world.on(STS, ok(session("AssumeRole", "ASIAROLE", "")));
    let error = world.run(&mut Call::new(keys(), service(), GetSessionTokenRequest::default())).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Missing("GetSessionTokenResponse"));
}

#[test]
fn an_mfa_code_is_prompted_for_and_sent_once() {
    let question = "MFA code of arn:aws:iam::123456789012:mfa/alice: ";
    let more = with!(SessionParameters::default(), mfa_serial = Some("arn:aws:iam::123456789012:mfa/alice"));
    let request = with!(AssumeRoleRequest::new(ROLE_ARN, "job"), more = Some(&more));
    let mut world = World::new();
    world.on(&format!("PROMPT {question}"), content("123456\n"));
    world.on(STS, ok(assumed("ASIAROLE", LATER)));
    let mut flow = Call::new(Mfa::new(keys(), question), service(), request);
    world.run(&mut flow).unwrap();
    let body = world.needs[1].body().to_owned();
    assert!(
        body.contains("&SerialNumber=arn%3Aaws%3Aiam%3A%3A123456789012%3Amfa%2Falice&TokenCode=123456"),
        "{body}"
    );

    // The next run prompts again and reports what is wrong with an invalid code.
    for answer in ["12345", "1234567", "12345a", ""] {
        world.on("PROMPT", content(answer));
        let error = world.run(&mut flow).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid("MFA code: six digits"), "{answer:?}");
    }
    world.on("PROMPT", Act::Fail(Phase::Prompt, FailureKind::Unsupported));
    assert!(world.run(&mut flow).is_err());
    world.finished();
}

#[test]
fn limits_are_checked_before_anything_is_sent_and_the_range_is_reported() {
    let role = || AssumeRoleRequest::new(ROLE_ARN, "job");
    let arns = [ROLE_ARN; 11];
    let tags = [("key", "value"); 51];
    let (long, longer) = ("k".repeat(129), "v".repeat(257));
    let policy = "p".repeat(2049);
    let contexts = [(ROLE_ARN, "assertion"); 6];
    let keys51 = ["key"; 51];
    let wrong: [(AssumeRoleRequest<'_>, &str); 7] = [
        (with!(role(), role_arn = "arn:aws:iam"), "20 to 2,048"),
        (with!(role(), role_arn = "123456789012:role/other"), "arn:"),
        (with!(role(), session_name = "j"), "2 to 64"),
        (with!(role(), session_name = "a b"), "2 to 64"),
        (with!(role(), duration_seconds = Some(899)), "900 to 43,200"),
        (with!(role(), duration_seconds = Some(43_201)), "900 to 43,200"),
        (with!(role(), external_id = Some("x")), "2 to 1,224"),
    ];
    for (request, range) in wrong {
        let error = refused(Call::new(keys(), service(), request)).to_string();
        assert!(error.contains(range), "{error:?} does not contain {range:?}");
    }
    let none = SessionParameters::default;
    let long_key = [(long.as_str(), "")];
    let long_value = [("key", longer.as_str())];
    let serial = Some("GAHT12345678");
    let wrong: [(SessionParameters<'_>, &str); 13] = [
        (with!(none(), policy = Some(&policy)), "1 to 2,048"),
        (with!(none(), policy = Some("\u{100}")), "U+00FF"),
        (with!(none(), policy_arns = &arns), "10 ARNs"),
        (with!(none(), policy_arns = &["arn:short"]), "20 to 2,048"),
        (with!(none(), tags = &tags), "50 at most"),
        (with!(none(), tags = &long_key), "1 to 128"),
        (with!(none(), tags = &long_value), "256"),
        (with!(none(), transitive_tag_keys = &keys51), "50 at most"),
        (with!(none(), mfa_serial = Some("short")), "9 to 256"),
        (with!(none(), mfa_serial = serial, token_code = Some("12345")), "six digits"),
        (with!(none(), token_code = Some("123456")), "serial number"),
        (with!(none(), source_identity = Some("a")), "2 to 64"),
        (with!(none(), provided_contexts = &contexts), "5 at most"),
    ];
    for (more, range) in wrong {
        let request = with!(role(), more = Some(&more));
        let error = refused(Call::new(keys(), service(), request)).to_string();
        assert!(error.contains(range), "{error:?} does not contain {range:?}");
    }
    assert_eq!(role().check(), Ok(()));
    let more = with!(
        none(),
        policy = Some(&policy[..2048]),
        policy_arns = &arns[..10],
        tags = &tags[..50],
        transitive_tag_keys = &keys51[..50]
    );
    let most = with!(role(), duration_seconds = Some(43_200), more = Some(&more));
    assert_eq!(most.check(), Ok(()));
}

#[test]
fn the_other_calls_have_their_own_limits() {
    let token = || IdentityToken::given("a.web.token");
    let web = |request| refused(Call::new(token(), service(), request)).to_string();
    assert!(web(with!(web_identity(), provider_id = Some("x"))).contains("4 to 2,048"));
    assert!(web(with!(web_identity(), duration_seconds = Some(1))).contains("900"));
    for (text, fits) in [("abc".to_owned(), false), ("x".repeat(20_001), false), ("x".repeat(20_000), true)] {
        let mut world = World::new();
        world.exchange = vec![0; 32 * 1024];
        world.slots = (0..2).map(|_| slot(32 * 1024)).collect();
        world.always(|_| ok(session("AssumeRoleWithWebIdentity", "ASIAWEB", "")));
        let result = world.run(&mut Call::new(IdentityToken::given(&text), service(), web_identity()));
        assert_eq!(result.is_ok(), fits, "{} characters: {result:?}", text.len());
        assert_eq!(world.needs.len(), usize::from(fits));
    }
    let saml = AssumeRoleWithSamlRequest::new(ROLE_ARN, "corp");
    assert!(refused(Call::new(token(), service(), saml)).to_string().contains("SAML provider ARN"));

    let session = |seconds| with!(GetSessionTokenRequest::default(), duration_seconds = Some(seconds));
    let name = GetFederationTokenRequest::new;
    let root = |target, policy| AssumeRootRequest::new(target, policy);
    let task = "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy";
    let wrong = [
        (refused(Call::new(keys(), service(), session(899))), "900 to 129,600"),
        (refused(Call::new(keys(), service(), session(129_601))), "900 to 129,600"),
        (refused(Call::new(keys(), service(), name("b"))), "2 to 32"),
        (refused(Call::new(keys(), service(), name(&"b".repeat(33)))), "2 to 32"),
        (refused(Call::new(keys(), service(), root("2109", task))), "12 digits"),
        (refused(Call::new(keys(), service(), root("210987654321", "S3Unlock"))), "task policy ARN"),
        (
            refused(Call::new(
                keys(),
                service(),
                with!(root("210987654321", task), duration_seconds = Some(901)),
            )),
            "0 to 900",
        ),
    ];
    for (error, range) in wrong {
        assert!(error.to_string().contains(range), "{error} does not contain {range:?}");
    }
}
