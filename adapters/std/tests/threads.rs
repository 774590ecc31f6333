//! One handle, many threads: one of them fetches, and nobody waits who need not.

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, OnceLock};

use common::World;
use rolecall::{Provider, Role};

/// What each of `count` threads gets, when all ask at once.
fn all_at_once(provider: &Provider, count: usize) -> Vec<Result<String, String>> {
    let barrier = Arc::new(Barrier::new(count));
    let threads: Vec<_> = (0..count)
        .map(|_| {
            let (provider, barrier) = (provider.clone(), barrier.clone());
            std::thread::spawn(move || {
                barrier.wait();
                let credentials = provider.credentials().map_err(|error| error.to_string())?;
                Ok(credentials.access_key_id().to_owned())
            })
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
}

#[test]
fn sixty_four_threads_make_one_fetch() {
    let world = World::new();
    let provider = world.provider(&[]);
    let all = all_at_once(&provider, 64);
    assert!(all.iter().all(|one| one.as_deref() == Ok("ASIA1")), "{all:?}");
    assert_eq!(world.fetches(), 1);
    // And so they do when it is due, and past due.
    world.pass(3_599);
    let all = all_at_once(&provider, 64);
    assert!(all.iter().all(|one| one.as_deref() == Ok("ASIA2")), "{all:?}");
    assert_eq!(world.fetches(), 2);
}

#[test]
fn while_one_refreshes_in_time_the_others_go_on_with_what_is_held() {
    let world = World::new();
    let provider = world.provider(&[]);
    provider.credentials().unwrap();
    // An hour's life: advised from minute 45 on, drawn in the middle, required at minute 59.
    world.pass(58 * 60);
    world.open(false);
    let one = std::thread::spawn({
        let provider = provider.clone();
        move || provider.credentials().map(|credentials| credentials.access_key_id().to_owned())
    });
    world.until_asked();
    for _ in 0..64 {
        assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA1");
    }
    world.open(true);
    assert_eq!(one.join().unwrap().unwrap(), "ASIA2");
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA2");
    assert_eq!(world.fetches(), 2);
}

#[test]
fn in_the_last_minute_all_wait_for_the_one() {
    let world = World::new();
    let provider = world.provider(&[]);
    provider.credentials().unwrap();
    world.pass(59 * 60 + 30);
    world.open(false);
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let provider = provider.clone();
            std::thread::spawn(move || provider.credentials().unwrap().access_key_id().to_owned())
        })
        .collect();
    world.until_asked();
    world.open(true);
    for thread in threads {
        assert_eq!(thread.join().unwrap(), "ASIA2");
    }
    assert_eq!(world.fetches(), 2);
}

#[test]
fn who_waited_for_a_fetch_that_failed_gets_its_error() {
    let world = World::new();
    world.answer_with(500);
    let provider = world.provider(&[]);
    world.open(false);
    let threads: Vec<_> = (0..16)
        .map(|_| {
            let provider = provider.clone();
            std::thread::spawn(move || provider.credentials().unwrap_err().to_string())
        })
        .collect();
    world.until_asked();
    // So that most are waiting by now; the others would ask once more.
    std::thread::sleep(std::time::Duration::from_millis(50));
    world.open(true);
    for thread in threads {
        let error = thread.join().unwrap();
        assert!(error.contains("unexpected HTTP status 500"), "{error}");
    }
}

#[test]
fn a_refresh_that_fails_keeps_what_is_held() {
    let world = World::new();
    let provider = world.provider(&[]);
    provider.credentials().unwrap();
    world.answer_with(500);
    world.pass(2 * 3_600);
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA1", "past its end, too");
    // The next attempt is five to ten minutes away.
    world.answer_with(200);
    world.pass(200);
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA1");
    world.pass(400);
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA2");
}

#[test]
fn what_a_service_refused_is_fetched_anew() {
    let world = World::new();
    let provider = world.provider(&[]);
    provider.credentials().unwrap();
    provider.invalidate("ASIA0");
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA1", "others were refused");
    provider.invalidate("ASIA1");
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA2");
}

#[test]
fn a_base_whose_keys_have_ended_is_asked_for_others() {
    let world = World::new();
    let base = world.provider(&[("AWS_REGION", "eu-west-1")]);
    assert_eq!(base.credentials().unwrap().access_key_id(), "ASIA1");
    world.end("ASIA1");
    let role = base.assume_role(Role::new("arn:aws:iam::123456789012:role/reports", "job"));
    assert_eq!(role.credentials().unwrap().access_key_id(), "ASIA3");
    assert_eq!(base.credentials().unwrap().access_key_id(), "ASIA2");
}

#[test]
fn limits_are_checked_before_the_base_is_asked() {
    let world = World::new();
    let base = world.provider(&[("AWS_REGION", "eu-west-1")]);
    let role = base.assume_role(Role::new("not-an-arn", "job"));
    assert!(role.credentials().unwrap_err().to_string().contains("role ARN"));
    assert_eq!(world.fetches(), 0);
}

#[test]
fn whoever_is_told_of_a_fetch_may_ask_for_credentials_without_hanging() {
    let world = World::new();
    let shared: Arc<OnceLock<Provider>> = Arc::default();
    let provider = world.builder(&[]).trace({
        let shared = shared.clone();
        move |_| {
            let provider: &Provider = shared.get().expect("it is there");
            let error = provider.credentials().expect_err("there are none yet").to_string();
            assert!(error.contains("by what fetches them"), "{error}");
        }
    });
    let provider = provider.build();
    shared.set(provider.clone()).expect("once");
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA1");
}

#[test]
fn a_fetch_that_panics_holds_nobody_up() {
    let world = World::new();
    let first = AtomicBool::new(true);
    let provider = world.builder(&[]).trace(move |_| {
        assert!(!first.swap(false, Ordering::Relaxed), "the first one panics");
    });
    let provider = provider.build();
    let other = provider.clone();
    assert!(std::thread::spawn(move || other.credentials()).join().is_err());
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA1");
}
