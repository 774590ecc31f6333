//! Instance metadata: token, role, credentials, and the errors of each step.

use crate::common::*;
use rolecall_core::error::{Buffer, Error, ErrorKind, Failure, FailureKind, Fault, Origin, Phase};
use rolecall_core::flow::{Answer, Endpoint, Flow, Lease, Need, Reply, RetryPolicy, Step};
use rolecall_core::sources::Imds;
use rolecall_core::wire::time::UnixTime;

const LATER: u64 = START + 6 * 3600;

fn failed(world: &mut World) -> Error {
    world.run(&mut imds()).expect_err("an error")
}

/// Serves this document and returns the result of the source.
fn fetch_document(body: &str) -> (World, Result<Lease, Error>) {
    let mut world = World::new();
    token_and_role(&mut world).on(CREDENTIALS, ok(body).at(START));
    let result = world.run(&mut imds());
    (world, result)
}

#[test]
fn the_credentials_of_the_service_are_returned_unchanged() {
    let mut world = World::new();
    token_and_role(&mut world).on(CREDENTIALS, ok(document("ASIAONE", LATER)).at(START + 5));
    let lease = world.run(&mut imds()).unwrap();
    world.finished();

    assert_eq!(world.keys(), ("ASIAONE", "secret/of+ASIAONE", "token-of-ASIAONE=="));
    assert_eq!(lease.expiration, Some(UnixTime::from_secs(LATER)));
    assert_eq!(
        lease.lifetime_ms,
        Some((LATER - START - 5) * 1000),
        "the lifetime does not follow the service's clock"
    );
    assert_eq!(world.credentials().expiration(), lease.expiration);

    let [token, role, credentials] = &world.needs[..] else { panic!("three requests") };
    assert_eq!(token.header("X-aws-ec2-metadata-token-ttl-seconds"), Some("21600"));
    assert_eq!(token.header("Content-Length"), Some("0"));
    for recorded in [role, credentials] {
        assert_eq!(recorded.header("X-aws-ec2-metadata-token"), Some("METADATA-TOKEN=="));
        assert_eq!(recorded.header("X-aws-ec2-metadata-token-ttl-seconds"), None);
    }
    for recorded in &world.needs {
        assert_eq!(recorded.header("Host"), Some("169.254.169.254"));
        let exchange = recorded.exchange.as_ref().unwrap();
        assert!(exchange.metadata, "not marked as metadata, which forbids proxies and redirects");
        assert_eq!(exchange.limits, Imds::LIMITS);
    }
}

#[test]
fn the_base_path_of_the_endpoint_is_kept() {
    let mut world = World::new();
    world.on("PUT /base/latest/api/token ", token());
    world.on("GET /base/latest/meta-data/iam/security-credentials/ ", ok("demo-role"));
    world.on("GET /base/latest/meta-data/iam/security-credentials/demo-role ", ok(document("A", LATER)));
    world.run(&mut Imds::new(Endpoint::parse("http://localhost:1338/base/").unwrap())).unwrap();
    assert_eq!(world.needs[0].header("Host"), Some("localhost:1338"));
}

#[test]
fn the_metadata_token_is_kept_for_its_ttl() {
    let mut flow = imds();
    let mut world = World::new();
    world.on(TOKEN, ok("SHORT").with("x-aws-ec2-metadata-token-ttl-seconds: 600"));
    world.on(ROLE, ok("demo-role")).on(CREDENTIALS, ok(document("A", LATER)));
    world.run(&mut flow).unwrap();

    world.monotonic += 470_000;
    world.on(ROLE, ok("demo-role")).on(CREDENTIALS, ok(document("A", LATER)));
    world.run(&mut flow).unwrap();

    world.monotonic += 11_000;
    token_and_role(&mut world).on(CREDENTIALS, ok(document("A", LATER)));
    world.run(&mut flow).unwrap();
    world.finished();
}

#[test]
fn a_token_with_a_ttl_of_zero_causes_no_request_loop() {
    for ttl in ["0", "1", "-1", "x", ""] {
        let mut world = World::new();
        world.on(TOKEN, ok("BRIEF").with(&format!("X-Aws-Ec2-Metadata-Token-Ttl-Seconds: {ttl}")));
        world.on(ROLE, ok("demo-role")).on(CREDENTIALS, ok(document("A", LATER)));
        world.run(&mut imds()).unwrap();
        world.finished();
    }
}

#[test]
fn a_rejected_token_is_fetched_again_once() {
    let mut world = World::new();
    token_and_role(&mut world).on(CREDENTIALS, reply(401, "Unauthorized"));
    world.on(TOKEN, ok("SECOND")).on(ROLE, ok("demo-role"));
    world.on("X-aws-ec2-metadata-token: SECOND", ok(document("A", LATER)));
    world.run(&mut imds()).unwrap();
    world.finished();
}

#[test]
fn a_service_that_rejects_every_token_causes_no_request_loop() {
    let mut world = World::new();
    world.entropy = 0;
    world.always(|recorded| if recorded.starts_with("PUT") { token() } else { reply(401, "") });
    let error = failed(&mut world);
    assert_eq!((error.kind, error.origin), (ErrorKind::Status(401), Origin::Imds));
    assert!(world.needs.len() <= 6, "{} requests", world.needs.len());
}

#[test]
fn a_server_error_is_tried_three_times_with_backoff() {
    let mut world = World::new();
    world.on(TOKEN, reply(500, "")).on(TOKEN, reply(503, "<html>")).on(TOKEN, token());
    // A throttled request is retried later.
    world.on(ROLE, reply(429, "")).on(ROLE, ok("demo-role"));
    world.on(CREDENTIALS, ok(document("A", LATER)));
    world.run(&mut imds()).unwrap();
    let waited: Vec<u64> = world.needs.windows(2).map(|pair| pair[1].at - pair[0].at - world.pace).collect();
    assert_eq!(waited, [100, 200, 0, 100, 0], "half of 200 ms, half of 400");

    let mut world = World::new();
    world.on(TOKEN, reply(500, "")).on(TOKEN, reply(500, "")).on(TOKEN, reply(503, ""));
    assert_eq!(failed(&mut world).kind, ErrorKind::Status(503));
}

#[test]
fn other_error_statuses_are_final() {
    for status in [204, 301, 307, 400, 403, 404, 405] {
        let mut world = World::new();
        world.on(TOKEN, reply(status, "<html>").with("Location: http://evil/"));
        let error = failed(&mut world);
        assert_eq!((error.kind, error.step), (ErrorKind::Status(status), "token"));
        assert!(!error.is_absent());
    }
}

#[test]
fn an_instance_without_a_role_is_absent() {
    let mut world = World::new();
    world.on(TOKEN, token()).on(ROLE, reply(404, "<html>"));
    let error = failed(&mut world);
    assert_eq!(error.kind, ErrorKind::NoRole);
    assert!(error.is_absent() && error.fault() == Fault::Configuration);
}

#[test]
fn an_unreachable_service_is_absent_and_a_silent_one_is_not() {
    for (phase, absent) in
        [(Phase::Resolve, true), (Phase::Connect, true), (Phase::FirstByte, false), (Phase::Body, false)]
    {
        let mut world = World::new();
        world.on(TOKEN, Act::Fail(phase, FailureKind::Timeout));
        let error = failed(&mut world);
        assert_eq!(error.kind, ErrorKind::Transport(Failure { phase, kind: FailureKind::Timeout }));
        assert_eq!(error.is_absent(), absent, "{phase:?}");
        assert!(world.monotonic - 5_000 <= u64::from(Imds::LIMITS.total_ms), "more than one attempt");
    }
    let mut world = World::new();
    world.on(TOKEN, Act::Fail(Phase::FirstByte, FailureKind::Timeout));
    assert!(failed(&mut world).to_string().contains("hop limit"), "the error does not mention the hop limit");
}

#[test]
fn a_broken_connection_is_retried_a_limited_number_of_times() {
    let mut world = World::new();
    world.on(TOKEN, Act::Fail(Phase::FirstByte, FailureKind::Closed)).on(TOKEN, token());
    world.on(ROLE, ok("demo-role")).on(CREDENTIALS, ok(document("A", LATER)));
    world.run(&mut imds()).unwrap();

    let mut world = World::new();
    world.always(|_| Act::Fail(Phase::Body, FailureKind::Closed));
    failed(&mut world);
    assert_eq!(world.needs.len(), 3);
}

#[test]
fn a_slow_service_fails_within_the_budget() {
    let mut world = World::new();
    world.pace = 2_400;
    world.always(|_| reply(500, ""));
    let mut flow = imds().with_retry_policy(RetryPolicy::new(200, 9_500));
    world.run(&mut flow).unwrap_err();
    assert!(world.monotonic - 5_000 <= 9_500 + world.pace, "{} ms", world.monotonic - 5_000);
    for recorded in &world.needs {
        let spent = recorded.at - 5_000;
        assert!(
            spent < 9_500 && u64::from(recorded.exchange.as_ref().unwrap().limits.total_ms) <= 9_500 - spent
        );
    }
}

#[test]
fn a_role_name_cannot_inject_a_path_or_a_header() {
    for name in
        ["../x", "..", ".", "a/b", "a?b", "a#b", "a%2fb", "a b", "\r\na", "é", "<html>", "a\r\nEvil: x"]
    {
        let mut world = World::new();
        world.on(TOKEN, token()).on(ROLE, ok(name));
        if name.starts_with("a\r\n") {
            // Only the first line is used as the role name.
            world.on("security-credentials/a HTTP/1.1\r\nHost", ok(document("A", LATER)));
            world.run(&mut imds()).unwrap();
            assert!(!world.needs[2].text.contains("Evil"));
            continue;
        }
        assert_eq!(failed(&mut world).kind, ErrorKind::Unusable("role name"), "{name:?}");
    }
    for name in ["a\n", "a\r\nb", " a ", "_+=,.@-09Az"] {
        let mut world = World::new();
        world.on(TOKEN, token()).on(ROLE, ok(name)).on("security-credentials/", ok(document("A", LATER)));
        world.run(&mut imds()).unwrap();
    }
    let mut world = World::new();
    world.on(TOKEN, token()).on(ROLE, ok("a".repeat(500)));
    assert_eq!(failed(&mut world).kind, ErrorKind::Unusable("role name"));
}

#[test]
fn a_token_cannot_inject_a_header() {
    for bad in ["", " ", "a b", "a\r\nEvil: x", "a\0", "é", "<html><body>x</body></html>\n<p>"] {
        let mut world = World::new();
        world.on(TOKEN, ok(bad));
        assert_eq!(failed(&mut world).kind, ErrorKind::Unusable("token"), "{bad:?}");
    }
    let mut world = World::new();
    world.on(TOKEN, ok("t".repeat(257)));
    assert_eq!(failed(&mut world).kind, ErrorKind::Unusable("token"));
}

#[test]
fn document_variants_of_known_servers_are_parsed() {
    let fraction = r#"{"accesskeyid":"A","SECRETACCESSKEY":"s","SessionToken":"t","ExpiresAt":"2026-01-02T09:04:05.123456Z"}"#;
    let (world, result) = fetch_document(fraction);
    assert_eq!((world.keys(), result.unwrap().lifetime_ms), (("A", "s", "t"), Some(6 * 3_600_000)));

    let nested = r#"{"Extra":{"AccessKeyId":"inner","Token":["x"]},"AccessKeyId":"A","SecretAccessKey":"a\/b\u002b",
        "Token":"t","Expiration":"2026-01-02T10:04:05+01:00","Code":"Success","AccountId":"123456789012"}"#;
    let (world, result) = fetch_document(nested);
    assert_eq!((world.keys(), result.unwrap().lifetime_ms), (("A", "a/b+", "t"), Some(6 * 3_600_000)));
    assert_eq!(world.credentials().account_id(), Some("123456789012"));
}

#[test]
fn a_document_with_a_failure_code_is_an_error() {
    let message = "EC2 cannot assume the role \\u00e9\\n: check its trust policy";
    let body =
        format!(r#"{{"Code":"AssumeRoleUnauthorizedAccess","Message":"{message}","LastUpdated":"x"}}"#);
    let (world, result) = fetch_document(&body);
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused { status: 200, recoverable: true });
    assert_eq!(world.report.code(), "AssumeRoleUnauthorizedAccess");
    assert_eq!(world.report.message(), "EC2 cannot assume the role   : check its trust policy");
    assert!(error.advice_on(&world.report).contains("trust policy"));
    assert!(world.slots[0].credentials().is_none());
}

#[test]
fn a_message_that_contains_the_metadata_token_is_redacted() {
    let (world, result) = fetch_document(r#"{"Code":"Failed","Message":"token METADATA-TOK is bad"}"#);
    result.unwrap_err();
    assert_eq!((world.report.code(), world.report.message()), ("Failed", ""));
}

#[test]
fn invalid_documents_are_rejected() {
    use ErrorKind::*;
    let whole = document("ASIA", LATER);
    let change = |from: &str, to: &str| {
        assert!(whole.contains(from));
        whole.replace(from, to)
    };
    for (body, kind) in [
        (change(r#""ASIA""#, r#""""#), Missing("AccessKeyId")),
        (change(r#""AccessKeyId""#, r#""Other""#), Missing("AccessKeyId")),
        (change(r#""ASIA""#, "null"), Unusable("AccessKeyId")),
        (change(r#""ASIA""#, "7"), Unusable("AccessKeyId")),
        (change(r#""ASIA""#, r#"{"AccessKeyId":"inner"}"#), Unusable("AccessKeyId")),
        (change(r#""ASIA""#, r#"["ASIA"]"#), Unusable("AccessKeyId")),
        (change(r#""ASIA","#, r#""ASIA","accesskeyid":"OTHER","#), Unusable("AccessKeyId")),
        (change(r#""ASIA""#, r#""A\r\nEvil: x""#), Unusable("credentials")),
        (change(r#""ASIA""#, r#""A SIA""#), Unusable("credentials")),
        (change(r#""ASIA""#, r#""A/20260102/x""#), Unusable("credentials")),
        (change(r#""ASIA""#, r#""é""#), Unusable("credentials")),
        (change(r#""secret/of+ASIA""#, r#""a\u0000b""#), Unusable("credentials")),
        (change(r#""secret/of+ASIA""#, r#""""#), Missing("SecretAccessKey")),
        (change(r#""token-of-ASIA==""#, r#""t\r\nEvil: x""#), Unusable("credentials")),
        (change(r#""token-of-ASIA==""#, r#""""#), Missing("session token")),
        (change(r#""Token""#, r#""NoToken""#), Missing("session token")),
        (change(r#""Token" :"#, r#""SessionToken":"x","Token":"#), Unusable("Token")),
        (change(r#""2026-01-02T09:04:05Z""#, r#""tomorrow""#), Unusable("Expiration")),
        (change(r#""2026-01-02T09:04:05Z""#, "1767344645"), Unusable("Expiration")),
        (change(r#""2026-01-02T09:04:05Z""#, r#""""#), Unusable("Expiration")),
        (
            change(r#""Expiration""#, r#""ExpiresAt":"2026-01-02T09:04:05Z","Expiration""#),
            Unusable("Expiration"),
        ),
        (change(r#""Success""#, "true"), Unusable("Code")),
        ("[]".into(), Unusable("document")),
        ("null".into(), Unusable("document")),
        ("{}".into(), Missing("AccessKeyId")),
    ] {
        let (world, result) = fetch_document(&body);
        assert_eq!(result.expect_err(&body).kind, kind, "{body}");
        assert!(world.slots[0].credentials().is_none(), "{body}");
    }
    for body in [
        "",
        "<html><body>Not found</body></html>",
        "{",
        "\u{feff}{}",
        &format!("{whole}{whole}"),
        &whole[..whole.len() - 1],
    ] {
        let (world, result) = fetch_document(body);
        assert!(matches!(result.unwrap_err().kind, Malformed(_)), "{body}");
        assert!(world.slots[0].credentials().is_none(), "{body}");
    }
}

#[test]
fn expired_credentials_are_used_for_some_minutes() {
    for expiration in [START, START - 1, 0] {
        let (world, lease) = fetch_document(&document("A", expiration));
        let lease = lease.unwrap();
        let lifetime = lease.lifetime_ms.unwrap();
        assert!(lease.stale && (300_000..=600_000).contains(&lifetime), "{lease:?}");
        let left = world.credentials().expiration().unwrap().as_secs() - START;
        assert_eq!(left * 1000, lifetime, "the expiration of the document is passed on");
    }
    // Expiration is judged by the service's clock, because the local one may be wrong by hours.
    let mut world = World::new();
    world.wall = Some(START + 50_000);
    token_and_role(&mut world).on(CREDENTIALS, ok(document("A", LATER)).at(START));
    assert_eq!(world.run(&mut imds()).unwrap().lifetime_ms, Some((LATER - START) * 1000));
}

#[test]
fn an_unknown_lifetime_is_assumed_to_be_short() {
    let mut world = World::new();
    world.wall = None;
    token_and_role(&mut world).on(CREDENTIALS, ok(document("A", LATER)));
    assert_eq!(world.run(&mut imds()).unwrap().lifetime_ms, Some(300_000));
}

#[test]
fn a_small_buffer_error_reports_the_needed_size() {
    let mut world = World::new();
    world.exchange = vec![0; 10];
    let ErrorKind::BufferTooSmall { buffer: Buffer::Exchange, needed } = failed(&mut world).kind else {
        panic!("not an error of the exchange buffer")
    };
    world.exchange = vec![0; needed - 1];
    assert!(failed(&mut world).to_string().contains("exchange buffer"));
    world.exchange = vec![0; needed];
    world.on(TOKEN, reply(404, ""));
    assert_eq!(failed(&mut world).kind, ErrorKind::Status(404));

    for size in [0, 10, 20] {
        let mut world = World::new();
        world.slots[0] = slot(size);
        token_and_role(&mut world).on(CREDENTIALS, ok(document("ASIA", LATER)));
        let ErrorKind::BufferTooSmall { buffer: Buffer::Slot, needed } = failed(&mut world).kind else {
            panic!("not an error of the slot")
        };
        assert!(world.slots[0].credentials().is_none());
        for (size, suffices) in [(needed - 1, false), (needed, true)] {
            world.slots[0] = slot(size);
            token_and_role(&mut world).on(CREDENTIALS, ok(document("ASIA", LATER)));
            assert_eq!(world.run(&mut imds()).is_ok(), suffices);
        }
    }

    let mut world = World::new();
    world.slots.clear();
    token_and_role(&mut world).on(CREDENTIALS, ok(document("A", LATER)));
    assert_eq!(failed(&mut world).kind, ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: 1 });
}

#[test]
fn a_token_of_four_kilobytes_fits_the_recommended_memory() {
    let long = "t".repeat(4096);
    let (world, result) = fetch_document(&document("ASIA", LATER).replace("token-of-ASIA==", &long));
    result.unwrap();
    assert_eq!(world.keys().2, long);
    assert!(
        !format!("{:?} {:?}", world.credentials(), world.slots[0]).contains("ttt"),
        "the token is printed"
    );
}

#[test]
fn an_oversized_reply_is_an_error() {
    let mut world = World::new();
    token_and_role(&mut world).on(CREDENTIALS, ok("x".repeat(10_000)));
    let failure = Failure { phase: Phase::Body, kind: FailureKind::TooLarge };
    assert_eq!(failed(&mut world).kind, ErrorKind::Transport(failure));
}

#[test]
fn an_answer_of_the_wrong_kind_is_reported_as_misuse() {
    for answer in [Answer::Content(0..1), Answer::Addresses(&[])] {
        let (mut world, mut flow) = (World::new(), imds());
        assert!(matches!(world.poll(&mut flow), Step::Need(Need::Http(_))));
        world.answer(&mut flow, answer);
        let Step::Done(Err(error)) = world.poll(&mut flow) else { panic!("the flow is not done") };
        assert_eq!(error.kind, ErrorKind::Misuse);
        assert!(matches!(world.poll(&mut flow), Step::Need(Need::Http(_))), "the flow does not start again");
    }
}

#[test]
fn ranges_outside_the_buffer_are_an_error() {
    let (mut world, mut flow) = (World::new(), imds());
    assert!(matches!(world.poll(&mut flow), Step::Need(_)));
    let now = world.now();
    #[allow(clippy::reversed_empty_ranges, reason = "an invalid range from a faulty driver")]
    let (headers, body) = (7..3, 90_000..95_000);
    world.answer(&mut flow, Answer::Reply(Reply { status: 200, headers, body, sent: now, received: now }));
    assert!(matches!(world.poll(&mut flow), Step::Done(Err(_))));
}

#[test]
fn when_disabled_no_request_is_made() {
    let mut flow = Imds::disabled(Endpoint::parse(Imds::ENDPOINT).unwrap());
    let error = World::new().run(&mut flow).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Disabled);
    assert!(error.is_absent());
}

#[test]
fn a_restart_at_any_step_begins_with_the_token() {
    for steps in 0..3 {
        let (mut world, mut flow) = (World::new(), imds());
        for (at, body) in ["T", "demo-role", "x"].iter().enumerate().take(steps + 1) {
            assert!(matches!(world.poll(&mut flow), Step::Need(Need::Http(_))));
            if at < steps {
                world.exchange[..body.len()].copy_from_slice(body.as_bytes());
                let now = world.now();
                let (headers, body) = (0..0, 0..body.len());
                world.answer(
                    &mut flow,
                    Answer::Reply(Reply { status: 200, headers, body, sent: now, received: now }),
                );
            }
        }
        flow.restart();
        world.monotonic += 50_000;
        if steps == 0 {
            world.on(TOKEN, token());
        }
        world.on(ROLE, ok("demo-role")).on(CREDENTIALS, ok(document("A", LATER)));
        world.run(&mut flow).unwrap();
        world.finished();
    }
}
