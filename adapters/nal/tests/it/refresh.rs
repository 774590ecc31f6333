//! Refresh on the monotonic clock of a board that has no other, over a link that drops.

use rolecall_core::error::{ErrorKind, FailureKind};
use rolecall_core::flow::Endpoint;
use rolecall_core::refresh::{Refreshing, Windows};
use rolecall_core::sources::Imds;

use crate::board::Loop;
use crate::mock::{Manner, Mocked, Net, START, services};
use crate::on_both_loops;

on_both_loops!(
    credentials_are_refreshed_in_time,
    a_link_that_drops_before_a_refresh_leaves_the_old_credentials,
    a_link_that_drops_in_the_middle_leaves_the_old_credentials,
    without_credentials_to_keep_the_failure_is_told,
);

const HOUR_MS: u64 = 3_600_000;

fn mocked(on: Loop) -> Mocked {
    let net = Net::new(Manner { gaps: true, ..Manner::default() }, |_| unreachable!());
    net.set_serve(services(net.time.clone(), 3_600));
    Mocked::new(on, net)
}

fn refreshing() -> Refreshing<Imds<'static>> {
    Refreshing::new(Imds::new(Endpoint::parse(Imds::ENDPOINT).unwrap()), Windows::default())
}

fn key(mocked: &Mocked) -> String {
    mocked.slots[0].credentials().unwrap().access_key_id().to_owned()
}

fn credentials_are_refreshed_in_time(on: Loop) {
    let (mut mocked, mut flow) = (mocked(on), refreshing());
    mocked.run(&mut flow).unwrap();
    assert_eq!(key(&mocked), "ASIA1");
    mocked.net.time.pass(1_000);
    mocked.run(&mut flow).unwrap();
    assert_eq!(mocked.net.requests().len(), 3, "asked though nothing is due");
    // A device may sleep until then.
    let now = mocked.now();
    let due = flow.policy().next_change(now).unwrap().ms_since(now);
    assert!((HOUR_MS * 3 / 4 - 5_000..HOUR_MS).contains(&due), "{due}");
    mocked.net.time.pass(due);
    mocked.run(&mut flow).unwrap();
    assert_eq!(key(&mocked), "ASIA2");
    // The metadata token lives longer than the credentials.
    assert_eq!(mocked.net.requests().len(), 5);
    let uptime = mocked.net.time.get() / 1000;
    assert!(mocked.time().unwrap().as_secs().abs_diff(START + uptime) <= 2);
}

fn a_link_that_drops_before_a_refresh_leaves_the_old_credentials(on: Loop) {
    let (mut mocked, mut flow) = (mocked(on), refreshing());
    mocked.run(&mut flow).unwrap();
    mocked.net.time.pass(HOUR_MS - 30_000);
    mocked.net.set_up(false);
    let lease = mocked.run(&mut flow).unwrap();
    assert!(lease.expiration.is_some());
    assert_eq!(key(&mocked), "ASIA1");
    goes_on_when_the_link_is_back(&mut mocked, &mut flow);
}

fn a_link_that_drops_in_the_middle_leaves_the_old_credentials(on: Loop) {
    for lost in 0..2 {
        let (mut mocked, mut flow) = (mocked(on), refreshing());
        mocked.run(&mut flow).unwrap();
        mocked.net.time.pass(HOUR_MS - 30_000);
        // Gone after the role's name, or in the middle of the new credentials.
        let mut service = services(mocked.net.time.clone(), 3_600);
        let mut asked = 0;
        mocked.net.set_serve(move |request| {
            let (mut reply, then) = service(request);
            asked += 1;
            if asked > lost {
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
                // This service counts anew: its first set would have the old one's name.
                if std::mem::take(&mut first) {
                    let _ = service("GET /latest/meta-data/iam/security-credentials/the-role HTTP/1.1");
                }
                service(request)
            }
        });
        goes_on_when_the_link_is_back(&mut mocked, &mut flow);
    }
}

fn goes_on_when_the_link_is_back(mocked: &mut Mocked, flow: &mut Refreshing<Imds<'static>>) {
    mocked.net.set_up(true);
    // Not at once: the service has failed just now.
    let asked = mocked.net.requests().len();
    mocked.run(flow).unwrap();
    assert_eq!((key(mocked).as_str(), mocked.net.requests().len()), ("ASIA1", asked));
    mocked.net.time.pass(600_000);
    mocked.run(flow).unwrap();
    assert_eq!(key(mocked), "ASIA2");
}

fn without_credentials_to_keep_the_failure_is_told(on: Loop) {
    let (mut mocked, mut flow) = (mocked(on), refreshing());
    mocked.net.set_up(false);
    let error = mocked.run(&mut flow).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Transport(failure) if failure.kind == FailureKind::Timeout));
    mocked.net.set_up(true);
    mocked.run(&mut flow).unwrap();
    assert_eq!(key(&mocked), "ASIA1");
}
