//! Refresh on a board that has only a monotonic clock, over a link that drops.

use rolecall_core::error::{ErrorKind, FailureKind};
use rolecall_core::flow::Endpoint;
use rolecall_core::refresh::{Refreshing, Windows};
use rolecall_core::sources::Imds;

use crate::board::Loop;
use crate::mock::{Mocked, Net, START, StackBehavior, services};
use crate::on_both_loops;

on_both_loops!(
    credentials_are_refreshed_before_they_expire,
    refresh_goes_on_when_the_counter_wraps,
    a_link_down_before_a_refresh_keeps_the_old_credentials,
    a_link_down_during_a_refresh_keeps_the_old_credentials,
    without_old_credentials_the_failure_is_returned,
);

const HOUR_MS: u64 = 3_600_000;

fn mocked(on: Loop) -> Mocked {
    let net = Net::new(StackBehavior { gaps: true, ..StackBehavior::default() }, |_| unreachable!());
    net.set_serve(services(net.time.clone(), 3_600));
    Mocked::new(on, net)
}

fn refreshing() -> Refreshing<Imds<'static>> {
    Refreshing::new(Imds::new(Endpoint::parse(Imds::ENDPOINT).unwrap()), Windows::default())
}

fn key(mocked: &Mocked) -> String {
    mocked.slots[0].credentials().unwrap().access_key_id().to_owned()
}

fn credentials_are_refreshed_before_they_expire(on: Loop) {
    let (mut mocked, mut flow) = (mocked(on), refreshing());
    mocked.run(&mut flow).unwrap();
    assert_eq!(key(&mocked), "ASIA1");
    mocked.net.time.pass(1_000);
    mocked.run(&mut flow).unwrap();
    assert_eq!(mocked.net.requests().len(), 3, "a refresh was made before it was due");
    // A device may sleep until the next change.
    let now = mocked.now();
    let due = flow.policy().next_change(now).unwrap().ms_since(now);
    assert!((HOUR_MS * 3 / 4 - 5_000..HOUR_MS).contains(&due), "{due}");
    mocked.net.time.pass(due);
    mocked.run(&mut flow).unwrap();
    assert_eq!(key(&mocked), "ASIA2");
    // The metadata token outlives the credentials, so it is not fetched again.
    assert_eq!(mocked.net.requests().len(), 5);
    let uptime = mocked.net.time.get() / 1000;
    assert!(mocked.time().unwrap().as_secs().abs_diff(START + uptime) <= 2);
}

fn refresh_goes_on_when_the_counter_wraps(on: Loop) {
    const WRAP: u64 = 1 << 32;
    for wrap in 1..=3 {
        // In the middle of an exchange, between two, and long after the last.
        for before in [1, 3, 6, 20, 60_000, HOUR_MS / 2] {
            let (mut mocked, mut flow) = (mocked(on), refreshing());
            while mocked.net.time.get() < wrap * WRAP - HOUR_MS {
                mocked.run(&mut flow).unwrap();
                mocked.net.time.pass((WRAP - (1 << 26)).min(wrap * WRAP - HOUR_MS - mocked.net.time.get()));
            }
            mocked.net.time.pass(wrap * WRAP - before - mocked.net.time.get());
            for _ in 0..6 {
                let requests = mocked.net.requests().len();
                let lease = mocked.run(&mut flow).unwrap();
                assert_eq!(mocked.net.requests().len() - requests, 3, "{before} ms before wrap {wrap}");
                let now = mocked.now();
                let due = flow.policy().next_change(now).unwrap().ms_since(now);
                assert!((HOUR_MS * 3 / 4 - 5_000..HOUR_MS).contains(&due), "{due}");
                assert!(lease.lifetime_ms.is_some_and(|left| left.abs_diff(HOUR_MS) < 2_000), "{lease:?}");
                let uptime = mocked.net.time.get() / 1000;
                assert!(mocked.time().unwrap().as_secs().abs_diff(START + uptime) <= 2);
                // Past the metadata token, so that each refresh takes all three exchanges.
                mocked.net.time.pass(6 * HOUR_MS);
            }
        }
    }
}

fn a_link_down_before_a_refresh_keeps_the_old_credentials(on: Loop) {
    let (mut mocked, mut flow) = (mocked(on), refreshing());
    mocked.run(&mut flow).unwrap();
    mocked.net.time.pass(HOUR_MS - 30_000);
    mocked.net.set_link_up(false);
    let lease = mocked.run(&mut flow).unwrap();
    assert!(lease.expiration.is_some());
    assert_eq!(key(&mocked), "ASIA1");
    assert_refreshes_when_the_link_is_up(&mut mocked, &mut flow);
}

fn a_link_down_during_a_refresh_keeps_the_old_credentials(on: Loop) {
    for lost in 0..2 {
        let (mut mocked, mut flow) = (mocked(on), refreshing());
        mocked.run(&mut flow).unwrap();
        mocked.net.time.pass(HOUR_MS - 30_000);
        // The link drops after the role name or within the new credentials.
        let mut service = services(mocked.net.time.clone(), 3_600);
        let mut count = 0;
        mocked.net.set_serve(move |request| {
            let (mut reply, then) = service(request);
            count += 1;
            if count > lost {
                reply.truncate(reply.len() - 5);
            }
            (reply, then)
        });
        mocked.run(&mut flow).unwrap();
        assert_eq!(key(&mocked), "ASIA1");
        mocked.net.set_serve({
            let mut service = services(mocked.net.time.clone(), 3_600);
            let mut first = true;
            move |request| {
                // The new service counts from one, so skip the key that would equal the old one.
                if std::mem::take(&mut first) {
                    let _ = service("GET /latest/meta-data/iam/security-credentials/the-role HTTP/1.1");
                }
                service(request)
            }
        });
        assert_refreshes_when_the_link_is_up(&mut mocked, &mut flow);
    }
}

fn assert_refreshes_when_the_link_is_up(mocked: &mut Mocked, flow: &mut Refreshing<Imds<'static>>) {
    mocked.net.set_link_up(true);
    // No request yet, because the service has just failed.
    let before = mocked.net.requests().len();
    mocked.run(flow).unwrap();
    assert_eq!((key(mocked).as_str(), mocked.net.requests().len()), ("ASIA1", before));
    mocked.net.time.pass(600_000);
    mocked.run(flow).unwrap();
    assert_eq!(key(mocked), "ASIA2");
}

fn without_old_credentials_the_failure_is_returned(on: Loop) {
    let (mut mocked, mut flow) = (mocked(on), refreshing());
    mocked.net.set_link_up(false);
    let error = mocked.run(&mut flow).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Transport(failure) if failure.kind == FailureKind::Timeout));
    mocked.net.set_link_up(true);
    mocked.run(&mut flow).unwrap();
    assert_eq!(key(&mocked), "ASIA1");
}
