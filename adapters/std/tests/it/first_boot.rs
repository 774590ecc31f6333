//! A machine that is still booting, and instance metadata that lags behind.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::World;
use rolecall::{Environment, Error, FileCache, Provider, ProviderBuilder, Request, Role, Trace};

/// Collects the traces of a provider, but for exchanges and waits.
fn watched(builder: ProviderBuilder) -> (ProviderBuilder, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = seen.clone();
    let builder = builder.trace(move |trace| {
        if !matches!(trace, Trace::Asking { .. } | Trace::Exchange { .. } | Trace::Wait { .. }) {
            kept.lock().expect("the lock is not poisoned").push(trace.to_string());
        }
    });
    (builder, seen)
}

fn key(provider: &Provider) -> String {
    provider.credentials().expect("credentials").access_key_id().to_owned()
}

#[test]
fn a_provider_waits_for_its_first_credentials() {
    let world = World::new();
    world.refuse(5);
    let (builder, seen) = watched(world.builder(&[]).wait(Duration::from_secs(60)));
    let provider = builder.build();
    assert_eq!(key(&provider), "ASIA1");
    assert!((5..=60).contains(&world.elapsed()), "{} s", world.elapsed());
    let seen = seen.lock().expect("the lock is not poisoned").join("|");
    assert!(seen.starts_with("no credentials yet, trying for 60 s: ") && !seen.contains('|'), "{seen}");
}

#[test]
fn waiting_ends_in_time_with_the_last_error() {
    for seconds in [0, 1, 7, 30] {
        let world = World::new();
        world.refuse(u32::MAX);
        let provider = world.builder(&[]).wait(Duration::from_secs(seconds)).build();
        let error = provider.credentials().expect_err("no credentials");
        assert!(matches!(error, Error::NoCredentials { recoverable: true, .. }), "{error:?}");
        assert!((seconds..=seconds + 1).contains(&world.elapsed()), "{} of {seconds} s", world.elapsed());
        // The time is over for the calls that follow, too.
        provider.credentials().expect_err("no credentials");
        assert!(world.elapsed() <= seconds + 2, "{} s", world.elapsed());
    }
}

#[test]
fn an_instance_without_a_role_is_waited_for_and_a_mistake_is_not() {
    let world = World::new();
    world.answer_with(404);
    let provider = world.builder(&[]).wait(Duration::from_secs(10)).build();
    provider.credentials().expect_err("no credentials");
    let waited = world.elapsed();

    let switched_off = [("AWS_EC2_METADATA_DISABLED", "true")];
    let half = [("AWS_ACCESS_KEY_ID", "AKIDHALF")];
    for variables in [&switched_off[..], &half[..]] {
        let world = World::new();
        world
            .builder(variables)
            .wait(Duration::from_secs(10))
            .build()
            .credentials()
            .expect_err("no credentials");
        assert_eq!(world.elapsed(), 0);
    }
    // 404 for the token is an error of the service; one for the role would be waited for as well.
    assert!(waited == 0 || waited >= 10, "{waited} s");
}

#[test]
fn a_role_on_top_waits_within_the_same_time() {
    let world = World::new();
    world.refuse(u32::MAX);
    let variables = [("AWS_REGION", "eu-west-1")];
    let base = world.builder(&variables).wait(Duration::from_secs(20)).build();
    let role = base.assume_role(Role::new("arn:aws:iam::123456789012:role/r", "session"));
    role.credentials().expect_err("no credentials");
    assert!((20..=21).contains(&world.elapsed()), "{} s", world.elapsed());
}

#[test]
fn stale_credentials_are_used_with_a_warning_until_there_are_better_ones() {
    let world = World::new();
    world.live(-600);
    let (builder, seen) = watched(world.builder(&[]));
    let provider = builder.build();
    let credentials = provider.credentials().expect("credentials");
    assert_eq!(credentials.access_key_id(), "ASIA1");
    let left = credentials.expiration().expect("an end").as_secs() - crate::common::START;
    assert!((300..=600).contains(&left), "the document has an end in {left} s");
    assert_eq!(seen.lock().expect("the lock is not poisoned").len(), 1);

    // The service goes on in the same way: the first ones stay, and it is asked every 5 to 10 minutes.
    for minute in 1..=30 {
        world.pass(60);
        assert_eq!(key(&provider), "ASIA1", "minute {minute}");
    }
    assert!((3..=8).contains(&world.fetches()), "{} fetches", world.fetches());
    world.live(3_600);
    world.pass(601);
    assert_eq!(key(&provider), format!("ASIA{}", world.fetches()));
    assert_ne!(key(&provider), "ASIA1");
}

#[test]
fn stale_credentials_are_not_cached_and_explained_as_such() {
    let world = World::new();
    world.live(-600);
    let folder = crate::common::folder("stale");
    let cache = || FileCache::new(&folder);
    assert_eq!(key(&world.builder(&[]).cache(cache()).build()), "ASIA1");
    assert_eq!(key(&world.builder(&[]).cache(cache()).build()), "ASIA2");
    let documents = std::fs::read_dir(&folder).map_or(0, |entries| {
        entries.flatten().filter(|entry| entry.path().extension().is_some_and(|end| end == "json")).count()
    });
    assert_eq!(documents, 0, "stale credentials were cached");

    // Those of the cache that have not expired are better.
    world.live(200);
    assert_eq!(key(&world.builder(&[]).cache(cache()).build()), "ASIA3");
    world.live(-600);
    world.pass(150);
    assert_eq!(key(&world.builder(&[]).cache(cache()).build()), "ASIA3");

    let explained = world.provider(&[("AWS_REGION", "eu-west-1")]).explain().to_string();
    assert!(explained.contains("expired, and used until the service has others"), "{explained}");
}

#[test]
fn the_region_of_the_instance_is_used_where_nothing_else_names_one() {
    let role = Role::new("arn:aws:iam::123456789012:role/r", "session");
    let scope = |world: &World, variables: &[(&str, &str)]| {
        world
            .provider(variables)
            .assume_role(role.clone())
            .credentials()
            .map(|_| world.regions().pop().expect("a request to STS"))
    };
    let sts = ("AWS_ENDPOINT_URL_STS", "http://sts.example");
    for variables in [&[][..], &[sts]] {
        let world = World::new();
        world.is_in("eu-central-1");
        assert_eq!(scope(&world, variables).expect("credentials"), "eu-central-1");
    }
    let world = World::new();
    world.is_in("eu-central-1");
    assert_eq!(scope(&world, &[("AWS_REGION", "ap-south-1")]).expect("credentials"), "ap-south-1");
    assert_eq!(scope(&world, &[("AWS_DEFAULT_REGION", "ap-south-2")]).expect("credentials"), "ap-south-2");

    // Without a region the endpoint of the settings is signed for us-east-1, as before, and no host is made up.
    let world = World::new();
    assert_eq!(scope(&world, &[sts]).expect("credentials"), "us-east-1");
    let error = scope(&world, &[]).expect_err("no region").to_string();
    assert!(error.contains("no region: set AWS_REGION") && error.contains("404"), "{error}");
}

#[test]
fn instance_metadata_is_not_asked_for_a_region_where_it_is_switched_off_or_not_needed() {
    let keys = [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let world = World::new();
    world.refuse(u32::MAX);
    let off = world.provider(&[keys[0], keys[1], ("AWS_EC2_METADATA_DISABLED", "true")]);
    let error = off.region().expect_err("no region").to_string();
    assert!(error.contains("AWS_EC2_METADATA_DISABLED"), "{error}");

    let world = World::new();
    world.is_in("eu-central-1");
    let provider = world.provider(&keys);
    let scope = |url: &str| {
        let signed =
            provider.sign(&Request::new("GET", url).expect("a URL").service("s3")).expect("a signature");
        let header = signed.headers().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        header.expect("a header").1.split('/').nth(2).expect("a region").to_owned()
    };
    assert_eq!(scope("https://b.s3.us-west-2.amazonaws.com/"), "us-west-2");
    assert_eq!(provider.settings().region, None);
    assert_eq!(scope("https://minio.example/"), "eu-central-1");
    assert_eq!(provider.region().expect("a region"), "eu-central-1");

    let environment: Environment = [("AWS_REGION", "evil.example/")].into_iter().collect();
    let error = Provider::from_environment(&environment)
        .expect("a provider")
        .region()
        .expect_err("refused")
        .to_string();
    assert!(error.starts_with("AWS_REGION: "), "{error}");
}

#[test]
fn what_waiting_cannot_fix_is_reported_at_once() {
    let off = ("AWS_EC2_METADATA_DISABLED", "true");
    let home = ("HOME", "/home");
    let config = |text: &str| {
        let world = World::new();
        world.file("/home/.aws/config", text);
        world
    };
    let failing = config("[default]\ncredential_process = false\n");
    failing.output("false", Err(rolecall::core::error::FailureKind::Unsuccessful));
    let signed_out = config(
        "[default]\nsso_start_url = https://x.example\nsso_region = eu-west-1\nsso_account_id = 123456789012\n\
         sso_role_name = r\n",
    );
    for world in [failing, signed_out] {
        let provider = world.builder(&[home, off]).wait(Duration::from_secs(30)).build();
        provider.credentials().expect_err("no credentials");
        assert_eq!(world.elapsed(), 0);
    }
    let world = World::new();
    world.answer_with(403);
    world.builder(&[]).wait(Duration::from_secs(30)).build().credentials().expect_err("no credentials");
    assert_eq!(world.elapsed(), 0);
}

#[test]
fn attempts_that_were_asked_for_end_with_the_time_to_wait() {
    for seconds in [1, 3, 10] {
        let world = World::new();
        world.refuse(u32::MAX);
        let (builder, seen) = watched(world.builder(&[("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "100")]));
        let provider = builder.wait(Duration::from_secs(seconds)).build();
        let error = provider.credentials().expect_err("no credentials").to_string();
        assert!((seconds..=seconds + 1).contains(&world.elapsed()), "{} of {seconds} s", world.elapsed());
        assert!(error.contains("connection refused"), "{error}");
        let seen = seen.lock().expect("the lock is not poisoned");
        assert!(seen.len() == 1 && seen[0].contains("connection refused"), "{seen:?}");
    }
}

#[test]
fn waiting_is_for_the_first_credentials_alone() {
    let world = World::new();
    world.refuse(1);
    let variables = [("AWS_REGION", "eu-west-1")];
    let base = world.builder(&variables).wait(Duration::from_secs(20)).build();
    let role = base.assume_role(Role::new("arn:aws:iam::123456789012:role/r", "session"));
    assert_eq!(key(&role), "ASIA2");
    // Refreshes, within the time and long after it, have their usual limits, and an outage keeps the credentials.
    for seconds in [10, 3_500, 3_500] {
        world.pass(seconds);
        key(&role);
    }
    world.refuse(u32::MAX);
    world.pass(3_500);
    let began = world.elapsed();
    key(&base);
    assert_eq!(world.elapsed(), began, "a refresh waits");
}
