//! Chains of sources, static credentials, and credentials that are refreshed.

use crate::common::*;
use rolecall_core::call::{Call, Service};
use rolecall_core::credentials::Credentials;
use rolecall_core::error::{Buffer, Error, ErrorKind, FailureKind, Origin, Phase};
use rolecall_core::flow::{Endpoint, Flow, Lease, Memory, Need, Step};
use rolecall_core::refresh::{Refreshing, Windows};
use rolecall_core::skew::Instant;
use rolecall_core::sources::sts::AssumeRoleRequest;
use rolecall_core::sources::{Authorization, Chain, Container, Fixed};
use rolecall_core::wire::time::UnixTime;

const HOUR: u64 = 3600;
const MINUTE_MS: u64 = 60_000;

fn given() -> Credentials<'static> {
    Credentials::new("AKIDGIVEN", "given/secret", None).unwrap()
}

fn serves(world: &mut World, key: &str) {
    let now = world.time();
    token_and_role(world).on(CREDENTIALS, ok(document(key, now + HOUR)).at(now));
}

/// As [`serves`], with a metadata token that is still valid.
fn serves_again(world: &mut World, key: &str) {
    let now = world.time();
    world.on(ROLE, ok("demo-role")).on(CREDENTIALS, ok(document(key, now + HOUR)).at(now));
}

type Source<'f> = &'f mut dyn Flow<'static, Output = Lease>;

fn chain_of(sources: Vec<Source<'_>>) -> Chain<Source<'_>, Vec<Source<'_>>> {
    Chain::new(sources)
}

#[test]
fn static_credentials_are_returned_unchanged() {
    let mut world = World::new();
    let lease = world.run(&mut Fixed::new(Some(given()))).unwrap();
    assert_eq!(lease, Lease::ENDLESS);
    assert_eq!(world.keys(), ("AKIDGIVEN", "given/secret", ""));

    let end = UnixTime::from_secs(world.time() + 100);
    let lease = world.run(&mut Fixed::new(Some(given().with_expiration(Some(end))))).unwrap();
    assert_eq!(lease, Lease::new(Some(end), Some(100_000)));
    let past = given().with_expiration(Some(UnixTime::from_secs(world.time())));
    assert_eq!(world.run(&mut Fixed::new(Some(past))).unwrap_err().kind, ErrorKind::Expired);

    assert!(world.run(&mut Fixed::new(None)).unwrap_err().is_absent());
    world.slots[0] = slot(20);
    let kind = world.run(&mut Fixed::new(Some(given()))).unwrap_err().kind;
    assert_eq!(kind, ErrorKind::BufferTooSmall { buffer: Buffer::Slot, needed: 21 });
}

#[test]
fn a_chain_continues_only_past_absent_sources() {
    let mut world = World::new();
    serves(&mut world, "ASIA");
    let (mut fixed, mut container, mut imds) = (Fixed::new(None), Container::absent(), imds());
    let mut chain = chain_of(vec![&mut fixed, &mut container, &mut imds]);
    assert_eq!(chain.slots(), 1);
    world.run(&mut chain).unwrap();
    assert_eq!(world.keys().0, "ASIA");
    let tried: Vec<Origin> = chain.tried().iter().map(|error| error.origin).collect();
    assert_eq!(tried, [Origin::Static, Origin::Container]);

    // Any other error ends the chain, so that no other identity is used by mistake.
    let mut world = World::new();
    world.on("GET /creds", reply(403, ""));
    let (mut container, mut imds) =
        (Container::relative("/creds", Authorization::None).unwrap(), crate::common::imds());
    let error = world.run(&mut chain_of(vec![&mut container, &mut imds])).unwrap_err();
    assert_eq!((error.origin, error.kind), (Origin::Container, ErrorKind::Status(403)));

    // The first source that is present decides.
    let mut world = World::new();
    world.run(&mut chain_of(vec![&mut Fixed::new(Some(given())), &mut crate::common::imds()])).unwrap();
    assert_eq!(world.keys().0, "AKIDGIVEN");
}

#[test]
fn a_chain_without_a_present_source_reports_it() {
    let mut world = World::new();
    world.on(TOKEN, Act::Fail(Phase::Connect, FailureKind::Timeout));
    let (mut fixed, mut container, mut imds) = (Fixed::new(None), Container::absent(), imds());
    let mut chain = chain_of(vec![&mut fixed, &mut container, &mut imds]);
    let error = world.run(&mut chain).unwrap_err();
    // An unreachable service may become reachable later, so the error is recoverable.
    assert!(matches!((error.origin, error.kind), (Origin::Chain, ErrorKind::Transport(_))), "{error}");
    assert!(error.is_recoverable() && error.is_absent() && error.to_string().contains("AWS_ACCESS_KEY_ID"));
    assert!(world.monotonic - 5_000 < 5_000);

    let none: Result<Lease, Error> = world.run(&mut chain_of(vec![]));
    assert!(none.unwrap_err().is_absent());
}

#[test]
fn a_chain_starts_with_its_first_source_each_time() {
    let mut world = World::new();
    serves(&mut world, "FIRST");
    let (mut container, mut imds) = (Container::absent(), imds());
    let mut chain = chain_of(vec![&mut container, &mut imds]);
    world.run(&mut chain).unwrap();
    serves_again(&mut world, "SECOND");
    world.run(&mut chain).unwrap();
    assert_eq!(chain.tried().len(), 1);
    world.finished();
}

#[test]
fn credentials_are_kept_until_their_replacement_is_complete() {
    let mut world = World::new();
    serves(&mut world, "FIRST");
    let mut flow = Refreshing::new(imds(), Windows::default());
    assert_eq!(flow.slots(), 2);
    world.run(&mut flow).unwrap();
    let fetched = world.monotonic;
    for minutes in [0, 10, 44] {
        world.monotonic = fetched + minutes * MINUTE_MS;
        world.run(&mut flow).unwrap();
        assert_eq!(world.keys().0, "FIRST", "the credentials are fetched again");
    }
    // The advisory window of one-hour credentials is their last fifteen minutes.
    let due = flow.policy().next_change(Instant::from_millis(world.monotonic)).unwrap().as_millis();
    assert!((fetched + 45 * MINUTE_MS..fetched + 59 * MINUTE_MS).contains(&due));
    world.monotonic = due - 1;
    world.run(&mut flow).unwrap();
    world.monotonic = due;
    assert!(matches!(world.poll(&mut flow), Step::Need(Need::Http(_))));
    assert_eq!(world.keys().0, "FIRST", "the old credentials are not kept during the fetch");
    serves_again(&mut world, "SECOND");
    world.run(&mut flow).unwrap();
    world.finished();
    assert_eq!(world.keys().0, "SECOND");
    assert!(world.slots[1].credentials().is_none(), "the old credentials are not wiped");
}

#[test]
fn a_failed_refresh_keeps_the_old_credentials_past_their_expiration() {
    let mut world = World::new();
    serves(&mut world, "FIRST");
    let mut flow = Refreshing::new(imds(), Windows::default());
    let first = world.run(&mut flow).unwrap();

    world.monotonic += 59 * MINUTE_MS + 30_000;
    world.on(ROLE, Act::Fail(Phase::Connect, FailureKind::Timeout));
    assert_eq!(world.run(&mut flow), Ok(first));
    assert_eq!(world.keys().0, "FIRST");

    // No second attempt for five to ten minutes.
    let failed_at = world.monotonic;
    world.monotonic += 5 * MINUTE_MS - 1;
    assert_eq!(world.run(&mut flow), Ok(first));
    let again = flow.policy().next_change(Instant::from_millis(world.monotonic)).unwrap().as_millis();
    assert!((failed_at + 5 * MINUTE_MS..=failed_at + 10 * MINUTE_MS).contains(&again));

    // Fetching credentials that have already expired counts as a failed refresh.
    world.monotonic = again;
    let now = world.time();
    world.on(ROLE, ok("demo-role")).on(CREDENTIALS, ok(document("STALE", now - 1)).at(now));
    assert_eq!(world.run(&mut flow), Ok(first));
    assert_eq!(world.keys().0, "FIRST");

    world.monotonic += 10 * MINUTE_MS;
    serves_again(&mut world, "SECOND");
    world.run(&mut flow).unwrap();
    assert_eq!(world.keys().0, "SECOND");
    world.finished();
}

#[test]
fn a_final_error_is_returned_at_once_and_cached_briefly() {
    let mut world = World::new();
    let service = Service::new(Endpoint::parse("https://sts.eu-west-1.amazonaws.com").unwrap(), "eu-west-1");
    let request = AssumeRoleRequest::new("arn:aws:iam::123456789012:role/other", "job");
    let mut flow =
        Refreshing::new(Call::new(Fixed::new(Some(given())), service, request), Windows::default());
    world.on("POST /", ok(assumed("ASIA", world.time() + HOUR)));
    world.run(&mut flow).unwrap();

    world.monotonic += 59 * MINUTE_MS + 30_000;
    world.on("POST /", reply(403, refusal("AccessDenied", "no more")));
    let error = world.run(&mut flow).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused { status: 403, recoverable: false });
    world.monotonic += 900;
    assert_eq!(world.run(&mut flow), Err(error), "the error is not cached");
    assert_eq!(world.keys().0, "ASIA", "the old credentials are dropped");
    world.monotonic += 4_200;
    world.on("POST /", ok(assumed("AGAIN", world.time() + HOUR)));
    world.run(&mut flow).unwrap();
    assert_eq!(world.keys().0, "AGAIN");
    world.finished();
}

#[test]
fn the_first_fetch_is_tried_on_every_call() {
    let mut world = World::new();
    let mut flow = Refreshing::new(imds(), Windows::default());
    for _ in 0..3 {
        world.on(TOKEN, Act::Fail(Phase::Connect, FailureKind::Timeout));
        assert!(matches!(world.run(&mut flow).unwrap_err().kind, ErrorKind::Transport(_)));
    }
    serves(&mut world, "FIRST");
    world.run(&mut flow).unwrap();
    world.finished();
}

#[test]
fn credentials_that_a_service_rejected_are_fetched_again() {
    let mut world = World::new();
    serves(&mut world, "FIRST");
    let mut flow = Refreshing::new(imds(), Windows::default());
    world.run(&mut flow).unwrap();

    let mut invalidate = |world: &mut World, key: &str| {
        let memory = Memory { exchange: &mut world.exchange, slots: &mut world.slots };
        flow.invalidate(key, &memory);
    };
    invalidate(&mut world, "SOME-OTHER");
    invalidate(&mut world, "");
    world.run(&mut flow).unwrap();

    let memory = Memory { exchange: &mut world.exchange, slots: &mut world.slots };
    flow.invalidate("FIRST", &memory);
    world.on(ROLE, reply(404, ""));
    assert_eq!(world.run(&mut flow).unwrap_err().kind, ErrorKind::NoRole);
    assert_eq!(world.keys().0, "FIRST");
}

#[test]
fn static_credentials_never_need_a_refresh() {
    let mut world = World::new();
    let mut flow = Refreshing::new(Fixed::new(Some(given())), Windows::default());
    world.run(&mut flow).unwrap();
    world.monotonic += 1_000_000 * HOUR;
    world.run(&mut flow).unwrap();
    assert_eq!(flow.policy().next_change(Instant::from_millis(0)), None);
}

#[test]
fn a_fetch_can_be_cancelled_at_any_point() {
    let mut world = World::new();
    serves(&mut world, "FIRST");
    let mut flow = Refreshing::new(imds(), Windows::default());
    world.run(&mut flow).unwrap();
    world.monotonic += 59 * MINUTE_MS + 30_000;
    assert!(matches!(world.poll(&mut flow), Step::Need(_)));
    flow.restart();
    assert_eq!(world.keys().0, "FIRST");
    serves_again(&mut world, "SECOND");
    world.run(&mut flow).unwrap();
    assert_eq!(world.keys().0, "SECOND");
}

#[test]
fn a_missing_slot_is_reported() {
    let mut world = World::new();
    world.slots.truncate(1);
    let mut flow = Refreshing::new(imds(), Windows::default());
    let kind = world.run(&mut flow).unwrap_err().kind;
    assert_eq!(kind, ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: 2 });
}

#[test]
fn a_wall_clock_that_jumps_changes_nothing() {
    let mut world = World::new();
    serves(&mut world, "FIRST");
    let mut flow = Refreshing::new(imds(), Windows::default());
    world.run(&mut flow).unwrap();
    for wall in [0, START * 2] {
        world.wall = Some(wall);
        world.run(&mut flow).unwrap();
    }
    world.wall = None;
    world.run(&mut flow).unwrap();
    assert_eq!(world.keys().0, "FIRST");
}
