//! Many threads share a provider: only one fetches, and the others wait only if they must.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, OnceLock};

use crate::common::World;
use rolecall::{Provider, Role};

/// The results of `count` threads that request credentials at the same time.
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
fn sixty_four_threads_share_one_fetch() {
    let world = World::new();
    let provider = world.provider(&[]);
    let all = all_at_once(&provider, 64);
    assert!(all.iter().all(|one| one.as_deref() == Ok("ASIA1")), "{all:?}");
    assert_eq!(world.fetches(), 1);
    // The same holds after the credentials have expired.
    world.pass(3_599);
    let all = all_at_once(&provider, 64);
    assert!(all.iter().all(|one| one.as_deref() == Ok("ASIA2")), "{all:?}");
    assert_eq!(world.fetches(), 2);
}

/// Threads that count references at one place wait for each other: the more of them, the longer.
#[test]
fn threads_hold_the_same_credentials_at_different_places() {
    let world = World::new();
    let provider = world.provider(&[]);
    let first = provider.credentials().unwrap();
    let barrier = Barrier::new(64);
    let all: Vec<_> = std::thread::scope(|scope| {
        let ask = || {
            barrier.wait();
            let twice = [(); 2].map(|()| provider.credentials().unwrap());
            // No thread ends before all have begun, so that no two have one stack.
            barrier.wait();
            twice
        };
        let threads: Vec<_> = (0..64).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(all.iter().all(|[one, other]| Arc::ptr_eq(one, other)), "a thread stays at its place");
    let all: Vec<_> = all.iter().map(|[one, _]| one).collect();
    assert!(all.iter().all(|one| one.same_as(&first)));
    assert!(all.iter().all(|one| one.expose_session_token() == first.expose_session_token()));
    let mut places: Vec<_> = all.iter().map(|one| Arc::as_ptr(one)).collect();
    places.sort_unstable();
    places.dedup();
    assert!((5..=8).contains(&places.len()), "{} places", places.len());
    assert_eq!(world.fetches(), 1);
    world.pass(3_599);
    assert!(!provider.credentials().unwrap().same_as(&first), "others, of another fetch");
}

#[test]
fn during_an_advisory_refresh_other_threads_use_the_old_credentials() {
    let world = World::new();
    let provider = world.provider(&[]);
    provider.credentials().unwrap();
    // One-hour credentials: the advisory window starts at minute 45, the mandatory one at minute 59.
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
fn during_a_mandatory_refresh_all_threads_wait() {
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
fn threads_waiting_for_a_failed_fetch_get_its_error() {
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
    // Most threads are waiting by now; a late one would fetch again.
    std::thread::sleep(std::time::Duration::from_millis(50));
    world.open(true);
    for thread in threads {
        let error = thread.join().unwrap();
        assert!(error.contains("unexpected HTTP status 500"), "{error}");
    }
}

#[test]
fn credentials_that_are_forgotten_are_fetched_again_whatever_failed_before() {
    let world = World::new();
    let here = world.provider(&[("AWS_REGION", "eu-west-1")]);
    let role = here.assume_role(rolecall::Role::new("arn:aws:iam::123456789012:role/reports", "gateway-7"));
    for provider in [here, role] {
        let first = provider.credentials().unwrap();
        world.refuse(u32::MAX);
        world.pass(2 * 3600);
        assert_eq!(provider.credentials().unwrap().access_key_id(), first.access_key_id());
        provider.forget();
        assert!(provider.credentials().is_err());
        world.refuse(0);
        assert_ne!(provider.credentials().unwrap().access_key_id(), first.access_key_id());
    }
}

#[test]
fn a_failed_refresh_keeps_the_old_credentials() {
    let world = World::new();
    let provider = world.provider(&[]);
    provider.credentials().unwrap();
    world.answer_with(500);
    world.pass(2 * 3_600);
    assert_eq!(
        provider.credentials().unwrap().access_key_id(),
        "ASIA1",
        "the old credentials are dropped at their expiration"
    );
    // The next attempt follows five to ten minutes later.
    world.answer_with(200);
    world.pass(200);
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA1");
    world.pass(400);
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA2");
}

#[test]
fn rejected_credentials_are_fetched_again() {
    let world = World::new();
    let provider = world.provider(&[]);
    provider.credentials().unwrap();
    provider.invalidate("ASIA0");
    assert_eq!(
        provider.credentials().unwrap().access_key_id(),
        "ASIA1",
        "credentials that were not rejected are dropped"
    );
    provider.invalidate("ASIA1");
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA2");
}

#[test]
fn a_base_with_expired_keys_is_refreshed() {
    let world = World::new();
    let base = world.provider(&[("AWS_REGION", "eu-west-1")]);
    assert_eq!(base.credentials().unwrap().access_key_id(), "ASIA1");
    world.end("ASIA1");
    let role = base.assume_role(Role::new("arn:aws:iam::123456789012:role/reports", "job"));
    assert_eq!(role.credentials().unwrap().access_key_id(), "ASIA3");
    assert_eq!(base.credentials().unwrap().access_key_id(), "ASIA2");
}

#[test]
fn limits_are_checked_before_the_base_is_used() {
    let world = World::new();
    let base = world.provider(&[("AWS_REGION", "eu-west-1")]);
    let role = base.assume_role(Role::new("not-an-arn", "job"));
    assert!(role.credentials().unwrap_err().to_string().contains("role ARN"));
    assert_eq!(world.fetches(), 0);
}

#[test]
fn a_callback_during_a_fetch_may_request_credentials_without_deadlock() {
    let world = World::new();
    let shared: Arc<OnceLock<Provider>> = Arc::default();
    let provider = world.builder(&[]).trace({
        let shared = shared.clone();
        move |_| {
            let provider: &Provider = shared.get().expect("a provider");
            let error = provider.credentials().expect_err("no credentials yet").to_string();
            assert!(error.contains("the fetch of these credentials asked for them itself"), "{error}");
        }
    });
    let provider = provider.build();
    shared.set(provider.clone()).expect("once");
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA1");
}

#[test]
fn a_panic_in_a_fetch_does_not_block_other_threads() {
    let world = World::new();
    let first = AtomicBool::new(true);
    let provider = world.builder(&[]).trace(move |_| {
        assert!(!first.swap(false, Ordering::Relaxed), "the first fetch panics");
    });
    let provider = provider.build();
    let other = provider.clone();
    assert!(std::thread::spawn(move || other.credentials()).join().is_err());
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA1");
}
