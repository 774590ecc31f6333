//! The container endpoint: allowed addresses, authorization, and returned credentials.

use crate::common::*;
use rolecall_core::error::{Buffer, Error, ErrorKind, FailureKind, Phase};
use rolecall_core::flow::{Answer, Need, Step};
use rolecall_core::sources::{Authorization, Container};

const LATER: u64 = START + 6 * 3600;
const URI: &str = "/v2/credentials/f00d?role=a%2Fb&x=";

fn relative(authorization: Authorization<'static>) -> Container<'static> {
    Container::relative(URI, authorization).unwrap()
}

fn full(url: &'static str) -> Container<'static> {
    Container::full(url, Authorization::None).unwrap()
}

fn credentials() -> Act {
    let body = document("ASIATASK", LATER)
        .replace(r#""Code" : "Success","#, r#""RoleArn":"arn:aws:iam::123456789012:role/task","#);
    ok(body).at(START)
}

fn refused(flow: &mut Container<'static>, world: &mut World) -> Error {
    world.run(flow).expect_err("an error")
}

#[test]
fn a_relative_uri_is_requested_from_the_ecs_address_with_its_query() {
    let mut world = World::new();
    world.on("GET /v2/credentials/f00d?role=a%2Fb&x= HTTP/1.1\r\n", credentials());
    let lease = world.run(&mut relative(Authorization::Token("Basic raw value"))).unwrap();
    assert_eq!(lease.lifetime_ms, Some((LATER - START) * 1000));
    assert_eq!(world.keys(), ("ASIATASK", "secret/of+ASIATASK", "token-of-ASIATASK=="));
    assert_eq!(world.credentials().account_id(), Some("123456789012"), "not the account of the role ARN");

    let recorded = &world.needs[0];
    assert_eq!(recorded.header("Host"), Some("169.254.170.2"));
    assert_eq!(recorded.header("Authorization"), Some("Basic raw value"));
    assert_eq!(recorded.header("Accept"), Some("application/json"));
    let exchange = recorded.exchange.as_ref().unwrap();
    assert!(exchange.metadata && exchange.limits == Container::LIMITS);

    let mut world = World::new();
    world.on("GET /v2", credentials());
    world.run(&mut relative(Authorization::None)).unwrap();
    assert_eq!(world.needs[0].header("Authorization"), None);
    assert!(Container::relative("v2/creds", Authorization::None).is_err());
}

#[test]
fn plain_http_is_limited_to_container_addresses() {
    for (url, line, host) in [
        ("http://127.0.0.1:8080/creds?a=b", "GET /creds?a=b ", "127.0.0.1:8080"),
        ("http://127.255.0.1/", "GET / ", "127.255.0.1"),
        ("http://[::1]?a", "GET /?a ", "[::1]"),
        ("http://169.254.170.2/x", "GET /x ", "169.254.170.2"),
        ("http://169.254.170.23/v1/credentials", "GET /v1/credentials ", "169.254.170.23"),
        ("http://[fd00:ec2::23]/v1", "GET /v1 ", "[fd00:ec2::23]"),
        ("https://192.0.2.1/x", "GET /x ", "192.0.2.1"),
        ("https://example.com", "GET / ", "example.com"),
    ] {
        let mut world = World::new();
        world.on(line, credentials());
        world.run(&mut full(url)).unwrap();
        assert_eq!(world.needs[0].header("Host"), Some(host));
        assert_eq!(world.needs[0].exchange.as_ref().unwrap().address, None);
    }
    for url in [
        "http://192.0.2.1/",
        "http://169.254.169.254/",
        "http://169.254.170.3/",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://[fd00:ec2::254]/",
        "http://[::ffff:a9fe:aa02]/",
        "http://[::ffff:7f00:1]/",
    ] {
        let error = refused(&mut full(url), &mut World::new());
        assert!(matches!(error.kind, ErrorKind::Invalid(_)), "{url}: {error}");
    }
    for url in [
        "ftp://127.0.0.1/",
        "127.0.0.1/creds",
        "http://user@127.0.0.1/",
        "http://127.0.0.1/a b",
        "http://[::ffff:127.0.0.1]/",
    ] {
        assert!(Container::full(url, Authorization::None).is_err(), "{url}");
    }
}

#[test]
fn a_host_name_is_pinned_to_a_checked_address() {
    let mut world = World::new();
    world.on("RESOLVE agent.local", addresses(&["169.254.170.2", "::1"]));
    world.on("GET /creds ", reply(500, "")).on("GET /creds ", credentials());
    world.run(&mut full("http://agent.local/creds")).unwrap();
    world.finished();
    for recorded in &world.needs[1..] {
        let exchange = recorded.exchange.as_ref().unwrap();
        assert_eq!(
            exchange.address,
            Some("169.254.170.2".parse().unwrap()),
            "the address is not pinned in both attempts"
        );
        assert_eq!(recorded.header("Host"), Some("agent.local"));
    }

    for answer in
        [addresses(&["127.0.0.1", "192.0.2.1"]), addresses(&["192.0.2.1", "127.0.0.1"]), addresses(&[])]
    {
        let mut world = World::new();
        world.on("RESOLVE", answer);
        let error = refused(&mut full("http://agent.local/creds"), &mut world);
        assert!(matches!(error.kind, ErrorKind::Invalid(_)), "{error}");
    }
}

#[test]
fn resolving_a_name_is_retried_a_limited_number_of_times() {
    let mut world = World::new();
    world.always(|_| Act::Fail(Phase::Resolve, FailureKind::NotFound));
    let error = refused(&mut full("http://agent.local/creds"), &mut world);
    assert!(matches!(error.kind, ErrorKind::Transport(_)));
    assert_eq!(world.needs.len(), 3);
}

#[test]
fn the_token_file_is_read_for_every_attempt() {
    let mut world = World::new();
    world.on("FILE /run/token", content("first\n")).on("Authorization: first\r\n", reply(500, ""));
    world.on("FILE /run/token", content("second\r\n")).on("Authorization: second\r\n", ok("not json"));
    world.on("FILE /run/token", content("third value  ")).on("Authorization: third value\r\n", credentials());
    world.run(&mut relative(Authorization::File("/run/token"))).unwrap();
    world.finished();
    assert_eq!(world.keys().2, "token-of-ASIATASK==");
}

#[test]
fn a_token_cannot_inject_a_header() {
    for bad in ["a\r\nEvil: x", "a\nb", "a\rb", "a\0b", "", "\n"] {
        let mut world = World::new();
        world.on("FILE", content(bad));
        let error = refused(&mut relative(Authorization::File("/run/token")), &mut world);
        assert!(matches!(error.kind, ErrorKind::Invalid(_)), "{bad:?}: {error}");
    }
    for bad in ["a\r\nEvil: x", "a\nb", "a\0b"] {
        let error = refused(&mut relative(Authorization::Token(bad)), &mut World::new());
        assert!(matches!(error.kind, ErrorKind::Invalid(_)), "{bad:?}: {error}");
    }
    let mut world = World::new();
    world.on("FILE", Act::Fail(Phase::Body, FailureKind::Denied));
    let error = refused(&mut relative(Authorization::File("/run/token")), &mut world);
    assert_eq!(error.kind, ErrorKind::Invalid("token file: it cannot be read"));
}

#[test]
fn transient_failures_are_tried_three_times() {
    for act in [
        || reply(500, ""),
        || reply(503, "<html>"),
        || reply(429, "slow down"),
        || ok("<html>"),
        || ok("{\"AccessKeyId\":\"A\"}"),
        || Act::Fail(Phase::FirstByte, FailureKind::Timeout),
        || Act::Fail(Phase::Connect, FailureKind::Closed),
    ] {
        let mut world = World::new();
        world.on("GET", act()).on("GET", act()).on("GET", credentials());
        world.run(&mut relative(Authorization::None)).unwrap_or_else(|error| {
            // Timeouts of seconds leave no time for a third attempt.
            assert!(world.monotonic > 9_000, "{error}");
            assert_eq!(error.origin, rolecall_core::error::Origin::Container);
            rolecall_core::flow::Lease::ENDLESS
        });

        let mut world = World::new();
        world.on("GET", act()).on("GET", act()).on("GET", act());
        refused(&mut relative(Authorization::None), &mut world);
        assert!(world.monotonic - 5_000 <= 9_600);
    }
    for status in [204, 302, 400, 401, 403, 404] {
        let mut world = World::new();
        world.on("GET", reply(status, ""));
        assert_eq!(refused(&mut relative(Authorization::None), &mut world).kind, ErrorKind::Status(status));
    }
}

#[test]
fn repeated_timeouts_end_within_the_budget() {
    for phase in [Phase::Connect, Phase::FirstByte] {
        for entropy in [0, u32::MAX] {
            let mut world = World::new();
            world.entropy = entropy;
            match phase {
                Phase::Connect => world.always(|_| Act::Fail(Phase::Connect, FailureKind::Timeout)),
                _ => world.always(|_| Act::Fail(Phase::FirstByte, FailureKind::Timeout)),
            };
            refused(&mut relative(Authorization::None), &mut world);
            assert!(world.monotonic - 5_000 <= 9_500, "{} ms", world.monotonic - 5_000);
            assert!(
                world.needs.iter().all(|recorded| recorded.exchange.as_ref().unwrap().limits.total_ms > 0)
            );
        }
    }
}

#[test]
fn the_report_has_the_error_of_the_endpoint() {
    let mut world = World::new();
    let body =
        r#"{"code":"CredentialsNotFound","message":"no task for my-secret-token","HTTPErrorCode":400}"#;
    world.on("GET", reply(400, body));
    let error = refused(&mut relative(Authorization::Token("my-secret-token")), &mut world);
    assert_eq!(error.kind, ErrorKind::Status(400));
    assert!(error.to_string().contains("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
    assert_eq!(
        (world.report.code(), world.report.message()),
        ("CredentialsNotFound", ""),
        "the token is not redacted"
    );

    let mut world = World::new();
    world.on("FILE", content("secret-in-a-file")).on("GET", reply(403, r#"{"message":"bad in-a-file"}"#));
    refused(&mut relative(Authorization::File("/run/token")), &mut world);
    assert_eq!(world.report.message(), "");

    // A header value is sent without its surrounding spaces, so that form is redacted too.
    for authorization in [Authorization::Token("\t\t\t pin-1 "), Authorization::File("/run/token")] {
        let mut world = World::new();
        if let Authorization::File(_) = authorization {
            world.on("FILE", content("\t\t\t pin-1 \n"));
        }
        world.on("GET", reply(403, r#"{"message":"no task for pin-1","code":"Denied"}"#));
        refused(&mut relative(authorization), &mut world);
        assert_eq!((world.report.code(), world.report.message()), ("Denied", ""));
    }

    // The token is redacted from an error document with status 200 too.
    let mut world = World::new();
    let body = r#"{"Code":"Denied","Message":"secret-in-a-file is not good"}"#;
    world.on("FILE", content("secret-in-a-file")).on("GET", ok(body));
    refused(&mut relative(Authorization::File("/run/token")), &mut world);
    assert_eq!(world.report.message(), "");
}

#[test]
fn a_token_file_that_is_not_text_is_an_error_and_no_request_is_made() {
    let mut world = World::new();
    world.on("FILE", content(&b"token\xff"[..]));
    let error = refused(&mut relative(Authorization::File("/run/token")), &mut world);
    assert!(matches!(error.kind, ErrorKind::Invalid(_)), "{error}");
    world.finished();
}

#[test]
fn a_small_buffer_error_reports_the_needed_size() {
    let mut world = World::new();
    world.slots[0] = slot(8);
    world.on("FILE", content("0123456789"));
    let error = refused(&mut relative(Authorization::File("/run/token")), &mut world);
    assert_eq!(error.kind, ErrorKind::BufferTooSmall { buffer: Buffer::Slot, needed: 10 });

    let mut world = World::new();
    world.exchange = vec![0; 64];
    let ErrorKind::BufferTooSmall { buffer: Buffer::Exchange, needed } =
        refused(&mut relative(Authorization::Token("secret")), &mut world).kind
    else {
        panic!("not an error of the exchange buffer")
    };
    world.exchange = vec![0; needed];
    world.on("Authorization: secret\r\n", reply(404, ""));
    assert_eq!(
        refused(&mut relative(Authorization::Token("secret")), &mut world).kind,
        ErrorKind::Status(404)
    );
}

#[test]
fn without_a_uri_the_source_is_absent() {
    assert!(refused(&mut Container::absent(), &mut World::new()).is_absent());
}

#[test]
fn the_token_and_the_path_are_never_printed() {
    let flow = relative(Authorization::Token("my-secret"));
    let shown = format!("{flow:?} {:?}", Authorization::Token("my-secret"));
    assert!(!shown.contains("my-secret") && !shown.contains("f00d"), "{shown}");
}

#[test]
fn unrequested_file_content_is_reported_as_misuse() {
    let (mut world, mut flow) = (World::new(), relative(Authorization::None));
    assert!(matches!(world.poll(&mut flow), Step::Need(Need::Http(_))));
    world.answer(&mut flow, Answer::Content(0..3));
    let Step::Done(Err(error)) = world.poll(&mut flow) else { panic!("the flow is not done") };
    assert_eq!(error.kind, ErrorKind::Misuse);
}
