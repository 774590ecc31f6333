//! The credential provider of AWS IoT.

use crate::common::*;
use rolecall_core::call::{Call, Service};
use rolecall_core::error::{ErrorKind, FailureKind, Origin, Phase};
use rolecall_core::flow::Endpoint;
use rolecall_core::refresh::{Refreshing, Windows};
use rolecall_core::sources::sts::AssumeRoleRequest;
use rolecall_core::sources::{Chain, Container, Iot};
use rolecall_core::wire::time::UnixTime;

const GET: &str = "GET /role-aliases/gateways/credentials HTTP/1.1\r\n";
const LATER: u64 = START + 3600;

fn iot_of(role_alias: &'static str, thing_name: Option<&'static str>) -> Iot<'static> {
    let provider = Endpoint::parse("https://c2example.credentials.iot.eu-west-1.amazonaws.com").unwrap();
    Iot::new(provider, role_alias, thing_name)
}

fn iot() -> Iot<'static> {
    iot_of("gateways", Some("gateway-7"))
}

fn granted(key: &str, expiration: u64) -> String {
    let expiration = UnixTime::from_secs(expiration).rfc3339();
    format!(
        r#"{{"credentials":{{"accessKeyId":"{key}","secretAccessKey":"secret/of+{key}","sessionToken":"token-of-{key}==","expiration":"{expiration}"}}}}"#
    )
}

#[test]
fn a_certificate_yields_the_credentials_of_the_role_alias() {
    let mut world = World::new();
    world.on(GET, ok(granted("ASIAIOT", LATER)).at(START));
    let lease = world.run(&mut iot()).unwrap();
    assert_eq!(lease.expiration, Some(UnixTime::from_secs(LATER)));
    assert_eq!(lease.lifetime_ms, Some(3_600_000));
    assert_eq!(world.keys(), ("ASIAIOT", "secret/of+ASIAIOT", "token-of-ASIAIOT=="));
    let request = format!(
        "{GET}Host: c2example.credentials.iot.eu-west-1.amazonaws.com\r\nUser-Agent: rolecall/{}\r\n\
         x-amzn-iot-thingname: gateway-7\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(world.needs[0].text, request);
    let exchange = world.needs[0].exchange.as_ref().unwrap();
    assert!(exchange.presents_certificate && exchange.repeatable && !exchange.metadata);
    assert_eq!(exchange.limits.body_bytes, 16 * 1024);
    assert!(exchange.limits.connect_ms == 3_000 && exchange.address.is_none());
}

#[test]
fn without_a_thing_no_thing_is_named() {
    let mut world = World::new();
    world.on(GET, ok(granted("ASIAIOT", LATER)));
    world.run(&mut iot_of("gateways", None)).unwrap();
    assert_eq!(world.needs[0].header("x-amzn-iot-thingname"), None);
    // Other flows present no certificate.
    world.on("GET /c", ok(document("ASIA", LATER)));
    let mut container = Container::relative("/c", rolecall_core::sources::Authorization::None).unwrap();
    world.run(&mut container).unwrap();
    assert!(!world.needs[1].exchange.as_ref().unwrap().presents_certificate);
}

#[test]
fn names_that_the_service_does_not_have_are_refused_before_anything_is_sent() {
    let long: &'static str = "a".repeat(129).leak();
    for name in ["", long, "a/b", "a b", "a?b", "a\r\nb", "a%2fb", "\u{e4}", "a:b", ".."] {
        let error = World::new().run(&mut iot_of(name, None)).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Invalid(what) if what.starts_with("role alias:")), "{name}");
        assert_eq!(error.origin, Origin::Iot);
    }
    for name in ["", long, "a/b", "a b", "a\r\nX: b", "a=b", "a@b"] {
        let error = World::new().run(&mut iot_of("gateways", Some(name))).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Invalid(what) if what.starts_with("thing name:")), "{name}");
    }
    for (alias, thing) in [("Az09_=,@-", "Az09:_-"), (&long[1..], &long[1..])] {
        let mut world = World::new();
        world.on(&format!("GET /role-aliases/{alias}/credentials "), ok(granted("ASIA", LATER)));
        world.run(&mut iot_of(alias, Some(thing))).unwrap();
        assert_eq!(world.needs[0].header("x-amzn-iot-thingname"), Some(thing));
    }
}

#[test]
fn each_message_of_the_service_has_its_own_advice() {
    for (status, code, message, advice) in [
        (403, "AccessDeniedException", "Invalid thing name passed", "attach the thing"),
        (403, "AccessDeniedException", "Access Denied", "iot:AssumeRoleWithCertificate"),
        (404, "ResourceNotFoundException", "Role alias does not exist", "check the role alias"),
        (
            400,
            "InvalidRequestException",
            "Unable to assume the role, or the role to assume does not exist",
            "credentials.iot.amazonaws.com",
        ),
        (
            400,
            "InvalidRequestException",
            "The requested CredentialDurationSeconds exceeds the MaxSessionDuration set for the role",
            "lower credentialDurationSeconds",
        ),
        (403, "AccessDeniedException", "Certificate is invalid on this endpoint", "register the certificate"),
    ] {
        for named in [true, false] {
            let mut world = World::new();
            let answer = reply(status, format!(r#"{{"message":"{message}"}}"#));
            let header = format!("x-amzn-ErrorType: {code}");
            world.on(GET, if named { answer.with(&header) } else { answer });
            let error = world.run(&mut iot()).unwrap_err();
            assert_eq!(world.report.message(), message);
            assert_eq!(world.report.code(), if named { code } else { "" });
            let kind = match named {
                true => ErrorKind::Refused { status, recoverable: false },
                false => ErrorKind::Status(status),
            };
            assert_eq!(error.kind, kind);
            assert!(error.advice_on(&world.report).contains(advice), "{message}");
            assert_eq!(error.step, "credentials");
            world.finished();
        }
    }
    // A message of tomorrow has the advice of its status, if there is one.
    for (status, code, advice) in [
        (403, "AccessDeniedException", "iot:AssumeRoleWithCertificate"),
        (404, "ResourceNotFoundException", "check the role alias"),
        (400, "InvalidRequestException", ""),
    ] {
        let mut world = World::new();
        world.on(GET, reply(status, r#"{"message":"?"}"#).with(&format!("x-amzn-ErrorType: {code}")));
        let error = world.run(&mut iot()).unwrap_err();
        let given = error.advice_on(&world.report);
        assert!(given.contains(advice) && given.is_empty() == advice.is_empty(), "{status}: {given}");
    }
}

#[test]
fn a_refused_or_missing_certificate_is_said_so() {
    for (phase, kind, advice) in [
        (Phase::Connect, FailureKind::Denied, "register the certificate"),
        (Phase::FirstByte, FailureKind::Denied, "register the certificate"),
        (Phase::Connect, FailureKind::Unsupported, "provide the certificate"),
        (Phase::Connect, FailureKind::Untrusted, "the server's certificate"),
    ] {
        let mut world = World::new();
        world.on(GET, Act::Fail(phase, kind));
        let error = world.run(&mut iot()).unwrap_err();
        assert!(error.advice().contains(advice), "{error}: {}", error.advice());
        world.finished();
    }
}

#[test]
fn what_may_pass_is_retried_and_what_may_not_is_not() {
    let throttled = || reply(400, "{}").with("x-amzn-ErrorType: ThrottlingException:http://internal/");
    for act in [
        reply(429, ""),
        reply(500, "<html>"),
        reply(503, r#"{"message":"later"}"#),
        throttled(),
        Act::Fail(Phase::Connect, FailureKind::Timeout),
        Act::Fail(Phase::FirstByte, FailureKind::Closed),
    ] {
        let mut world = World::new();
        world.on(GET, act).on(GET, ok(granted("ASIA", LATER)));
        world.run(&mut iot()).unwrap();
        world.finished();
    }
    for act in [
        reply(400, ""),
        reply(403, r#"{"message":"Access Denied"}"#),
        reply(302, "").with("Location: https://elsewhere.example"),
        Act::Fail(Phase::Connect, FailureKind::Untrusted),
        ok("{}"),
    ] {
        let mut world = World::new();
        world.on(GET, act);
        world.run(&mut iot()).unwrap_err();
        world.finished();
    }
    let mut world = World::new();
    world.on(GET, throttled()).on(GET, throttled()).on(GET, throttled());
    let error = world.run(&mut iot()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused { status: 400, recoverable: true });
    assert!(error.advice_on(&world.report).contains("too many requests"));
}

#[test]
fn invalid_replies_are_rejected_and_nothing_of_them_is_left_or_reported() {
    let whole = granted("ASIA", LATER);
    for (body, kind) in [
        ("{}".to_owned(), ErrorKind::Missing("credentials")),
        (r#"{"credentials":null}"#.to_owned(), ErrorKind::Unusable("document")),
        (r#"{"credentials":[]}"#.to_owned(), ErrorKind::Unusable("document")),
        (whole.replacen('{', r#"{"credentials":{},"#, 1), ErrorKind::Unusable("credentials")),
        (format!(r#"{{"x":{whole}}}"#), ErrorKind::Missing("credentials")),
        (whole.replace("secretAccessKey", "other"), ErrorKind::Missing("SecretAccessKey")),
        (whole.replace("sessionToken", "other"), ErrorKind::Missing("session token")),
        (whole.replace("expiration", "other"), ErrorKind::Missing("Expiration")),
        (granted("ASIA", START - 10), ErrorKind::Expired),
        (
            whole.replace("{\"acc", "{\"code\":\"No\",\"message\":\"not secret/of+ASIA\",\"acc"),
            ErrorKind::Refused { status: 200, recoverable: true },
        ),
    ] {
        let mut world = World::new();
        world.on(GET, ok(body.clone()).at(START));
        let error = world.run(&mut iot()).unwrap_err();
        assert_eq!(error.kind, kind, "{body}");
        assert!(world.slots[0].credentials().is_none());
        assert_eq!(world.report.message(), "", "{body}");
    }
    let mut world = World::new();
    world.on(GET, ok(&whole[..whole.len() - 1]));
    assert!(matches!(world.run(&mut iot()).unwrap_err().kind, ErrorKind::Malformed(_)));
}

#[test]
fn it_is_a_link_of_a_chain_and_a_base_of_assume_role() {
    let (mut container, mut device) = (Container::absent(), iot());
    let mut world = World::new();
    world.on(GET, ok(granted("ASIAIOT", LATER)));
    let mut chain =
        Chain::new([&mut container as &mut dyn rolecall_core::flow::Flow<'_, Output = _>, &mut device]);
    world.run(&mut chain).unwrap();
    assert_eq!(world.keys().0, "ASIAIOT");

    let sts = Endpoint::parse("https://sts.eu-west-1.amazonaws.com").unwrap();
    let request = AssumeRoleRequest::new("arn:aws:iam::123456789012:role/other", "job");
    let mut flow = Call::new(iot(), Service::new(sts, "eu-west-1"), request);
    let mut world = World::new();
    world.on(GET, ok(granted("ASIAIOT", LATER)));
    world.on("Credential=ASIAIOT/", ok(assumed("ASIAROLE", LATER)));
    world.run(&mut flow).unwrap();
    assert_eq!(world.keys().0, "ASIAROLE");
    let presents = |need: &RecordedNeed| need.exchange.as_ref().unwrap().presents_certificate;
    assert!(presents(&world.needs[0]) && !presents(&world.needs[1]));
    world.finished();
}

#[test]
fn credentials_are_refreshed_before_they_end() {
    let mut world = World::new();
    let mut flow = Refreshing::new(iot(), Windows::default());
    world.on(GET, ok(granted("FIRST", LATER)));
    world.run(&mut flow).unwrap();
    world.run(&mut flow).unwrap();
    assert_eq!((world.keys().0, world.needs.len()), ("FIRST", 1));
    world.monotonic += 3_570_000;
    world.on(GET, ok(granted("SECOND", LATER + 3600)));
    world.run(&mut flow).unwrap();
    assert_eq!(world.keys().0, "SECOND");
    // The service is down: the credentials stay.
    world.monotonic += 3_570_000;
    for _ in 0..3 {
        world.on(GET, reply(503, ""));
    }
    world.run(&mut flow).unwrap();
    assert_eq!(world.keys().0, "SECOND");
    world.finished();
}
