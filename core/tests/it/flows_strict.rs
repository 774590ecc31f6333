//! Regressions: unrequested answers, misplaced fields, and remains of an earlier attempt.

use crate::common::*;
use rolecall_core::call::{Call, Service};
use rolecall_core::credentials::Credentials;
use rolecall_core::error::{ErrorKind, FailureKind, Phase};
use rolecall_core::flow::{Answer, Endpoint, Flow, Lease, Need, Reply, Step};
use rolecall_core::refresh::{Refreshing, Windows};
use rolecall_core::skew::Instant;
use rolecall_core::sources::sts::AssumeRoleRequest;
use rolecall_core::sources::{Authorization, Chain, Container, Fixed};

const LATER: u64 = START + 3600;

fn on_keys() -> Call<'static, Fixed<'static>, AssumeRoleRequest<'static>> {
    let keys =
        Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", Some("session-token"))
            .unwrap();
    let service = Service::new(Endpoint::parse("https://sts.eu-west-1.amazonaws.com").unwrap(), "eu-west-1");
    Call::new(
        Fixed::new(Some(keys)),
        service,
        AssumeRoleRequest::new("arn:aws:iam::123456789012:role/other", "job"),
    )
}

fn fetch_document(body: &str) -> (World, Result<Lease, rolecall_core::error::Error>) {
    let mut world = World::new();
    token_and_role(&mut world).on(CREDENTIALS, ok(body).at(START));
    let result = world.run(&mut imds());
    (world, result)
}

#[test]
fn a_request_that_does_not_fit_is_wiped() {
    for size in [100, 300, 500] {
        let mut world = World::new();
        world.exchange = vec![0; size];
        assert!(matches!(world.run(&mut on_keys()).unwrap_err().kind, ErrorKind::BufferTooSmall { .. }));
        assert!(world.exchange.iter().all(|byte| *byte == 0), "{size}: {}", world.exchange.escape_ascii());
    }
}

#[test]
fn a_chain_with_an_unreachable_metadata_service_keeps_the_old_credentials() {
    let mut world = World::new();
    token_and_role(&mut world).on(CREDENTIALS, ok(document("FIRST", LATER)).at(START));
    let (mut container, mut imds) = (Container::absent(), imds());
    let sources: Vec<&mut dyn Flow<'_, Output = Lease>> = vec![&mut container, &mut imds];
    let mut flow = Refreshing::new(Chain::new(sources), Windows::default());
    world.run(&mut flow).unwrap();
    world.monotonic += 3_570_000;
    world.on(ROLE, Act::Fail(Phase::Connect, FailureKind::Timeout));
    world.run(&mut flow).expect("the old credentials are kept");
}

#[test]
fn an_http_reply_to_a_file_need_is_reported_as_misuse() {
    let mut world = World::new();
    let mut flow = Container::relative("/c", Authorization::File("/run/token")).unwrap();
    assert!(matches!(world.poll(&mut flow), Step::Need(Need::File { .. })));
    let body = document("EVIL", LATER);
    world.exchange[..body.len()].copy_from_slice(body.as_bytes());
    let now = world.now();
    world.answer(
        &mut flow,
        Answer::Reply(Reply { status: 200, headers: 0..0, body: 0..body.len(), sent: now, received: now }),
    );
    let Step::Done(Err(error)) = world.poll(&mut flow) else { panic!("the flow is not done") };
    assert_eq!(error.kind, ErrorKind::Misuse);
}

#[test]
fn unrequested_addresses_are_reported_as_misuse() {
    let mut world = World::new();
    let mut flow = Container::full("https://example.com/c", Authorization::None).unwrap();
    assert!(matches!(world.poll(&mut flow), Step::Need(Need::Http(_))));
    world.answer(&mut flow, Answer::Addresses(&["127.0.0.1".parse().unwrap()]));
    let Step::Done(Err(error)) = world.poll(&mut flow) else { panic!("the unrequested address is used") };
    assert_eq!(error.kind, ErrorKind::Misuse);
}

#[test]
fn credentials_outside_their_element_are_ignored() {
    let whole = assumed("ASIAROLE", LATER);
    for body in [
        whole
            .replace("<AccessKeyId>ASIAROLE</AccessKeyId>", "<Extra><AccessKeyId>EVIL</AccessKeyId></Extra>"),
        whole.replace("AssumeRoleResult>", "SomethingElse>"),
        whole
            .replace("<AssumeRoleResult>", "<AssumeRoleResult></AssumeRoleResult><ResponseMetadata>")
            .replacen("</AssumeRoleResult>\n", "</ResponseMetadata>\n", 1),
        whole
            .replace("<Credentials>", "<Other><Credentials>")
            .replace("</Credentials>", "</Credentials></Other>"),
    ] {
        let mut world = World::new();
        world.on("POST /", ok(&*body).at(START));
        assert!(world.run(&mut on_keys()).is_err(), "{:?} from {body}", world.keys());
    }
}

#[test]
fn a_duplicate_json_member_is_rejected_even_if_the_first_is_empty() {
    let whole = document("ASIA", LATER);
    for (from, to) in
        [(r#""ASIA","#, r#""","accesskeyid":"OTHER","#), (r#""token-of-ASIA==","#, r#""","Token":"x","#)]
    {
        let (_, result) = fetch_document(&whole.replace(from, to));
        assert!(matches!(result.expect_err("a duplicate field").kind, ErrorKind::Unusable(_)));
    }
}

#[test]
fn a_duplicate_xml_element_is_rejected_even_if_the_first_is_empty() {
    let whole = assumed("ASIA", LATER);
    let mut world = World::new();
    world.on("POST /", ok(whole.replace("<AccessKeyId>", "<AccessKeyId/><AccessKeyId>")).at(START));
    assert!(matches!(world.run(&mut on_keys()).expect_err("a duplicate field").kind, ErrorKind::Unusable(_)));
}

#[test]
fn a_duplicate_code_does_not_turn_a_failure_into_success() {
    let body =
        document("ASIA", LATER).replace(r#""Code" : "Success""#, r#""Code":"Failed","code":"Success""#);
    assert!(fetch_document(&body).1.is_err());
}

#[test]
fn a_secret_that_does_not_fit_is_redacted_too() {
    let body = r#"{"SecretAccessKey":"secret-in-full","Code":"Failed","Message":"not with secret-in-full"}"#;
    for size in [8, 64] {
        let mut world = World::new();
        world.slots[0] = slot(size);
        token_and_role(&mut world).on(CREDENTIALS, ok(body));
        world.run(&mut imds()).unwrap_err();
        assert_eq!(world.report.message(), "", "in {size} bytes");
    }
}

#[test]
fn the_report_of_an_earlier_container_error_is_cleared() {
    let mut world = World::new();
    world.on("GET /c", reply(400, r#"{"code":"Old","message":"old news"}"#));
    world.run(&mut Container::relative("/c", Authorization::None).unwrap()).unwrap_err();
    world.on("GET /c", reply(404, "<html>"));
    world.run(&mut Container::relative("/c", Authorization::None).unwrap()).unwrap_err();
    assert!(world.report.is_empty(), "container status: {}", world.report);
}

#[test]
fn the_report_of_an_earlier_imds_error_is_cleared() {
    let (mut world, result) = fetch_document(r#"{"Code":"Old","Message":"old news"}"#);
    result.unwrap_err();
    world.on(TOKEN, reply(403, ""));
    world.run(&mut imds()).unwrap_err();
    assert!(world.report.is_empty(), "{}", world.report);
}

#[test]
fn the_report_of_an_earlier_imds_document_is_cleared() {
    let (mut world, result) = fetch_document(r#"{"Code":"Old","Message":"old news"}"#);
    result.unwrap_err();
    token_and_role(&mut world).on(CREDENTIALS, ok("<html>"));
    world.run(&mut imds()).unwrap_err();
    assert!(world.report.is_empty(), "{}", world.report);
}

#[test]
fn temporary_credentials_without_an_expiration_are_refreshed() {
    for body in [
        document("A", LATER).replace("Expiration", "Other"),
        document("A", LATER).replace("\"2026-01-02T04:04:05Z\"", "null"),
    ] {
        let (_, result) = fetch_document(&body);
        assert!(
            result.map_or(true, |lease| lease.lifetime_ms.is_some()),
            "credentials with a session token are never refreshed"
        );
    }
}

#[test]
fn expired_credentials_do_not_stay_in_the_slot() {
    let mut world = World::new();
    world.on("GET /x", ok(document("A", START - 1)));
    let mut flow = Container::relative("/x", Authorization::None).unwrap();
    assert_eq!(world.run(&mut flow).unwrap_err().kind, ErrorKind::Expired);
    assert!(world.slots[0].credentials().is_none());
}

#[test]
fn a_role_name_may_start_with_a_dot() {
    let mut world = World::new();
    world
        .on(TOKEN, token())
        .on(ROLE, ok(".role"))
        .on("security-credentials/.role ", ok(document("A", LATER)));
    world.run(&mut imds()).unwrap();
}

#[test]
fn a_message_that_contains_the_secret_of_its_document_is_redacted() {
    let (world, result) = fetch_document(
        r#"{"Code":"Failed","SecretAccessKey":"abcdefghijkl","Message":"secret abcdefghijkl is bad"}"#,
    );
    result.unwrap_err();
    assert_eq!(world.report.message(), "");
}

#[test]
fn the_decision_changes_at_the_next_change() {
    use rolecall_core::refresh::{Refresh, Windows};
    let at = Instant::from_millis;
    let mut refresh = Refresh::new(Windows::default());
    assert!(refresh.succeeded(at(0), Some(3_600_000), 0));
    // The failure is at the end of the advisory window, where the mandatory window changes nothing.
    refresh.failed(at(3_500_000), true, 0);
    let next = refresh.next_change(at(3_500_000)).unwrap();
    assert_ne!(refresh.decide(next), refresh.decide(at(3_500_000)), "at {next:?}");
}

#[test]
fn a_container_source_that_failed_in_poll_starts_again() {
    let mut world = World::new();
    let mut flow = Container::relative("/c", Authorization::File("/run/token")).unwrap();
    world.exchange = vec![0; 100];
    world.on("FILE", content("old"));
    assert!(matches!(world.run(&mut flow).unwrap_err().kind, ErrorKind::BufferTooSmall { .. }));
    world.exchange = vec![0; 4096];
    world.monotonic += 60_000;
    world.on("FILE", content("new")).on("Authorization: new", ok(document("A", LATER)));
    world.run(&mut flow).unwrap();
}
