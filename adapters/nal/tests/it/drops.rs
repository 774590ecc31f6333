//! A future may be dropped at any await, and the flow continues from there.

use rolecall_core::call::Service;
use rolecall_core::flow::{Endpoint, Flow, Lease};
use rolecall_core::refresh::{Refreshing, Windows};
use rolecall_core::sources::Imds;
use rolecall_core::sources::sts::{AssumeRole, AssumeRoleRequest};

use crate::board::Loop;
use crate::mock::{Mocked, Net, StackBehavior, services};

/// A stack that is not ready at every other call.
const GAPS: StackBehavior = StackBehavior {
    gaps: true,
    zero_is_no_data: false,
    one_byte: false,
    short_writes: false,
    takes_nothing: false,
};
/// Additionally transfers single bytes.
const SLOW: StackBehavior = StackBehavior { one_byte: true, short_writes: true, ..GAPS };

fn net(behavior: StackBehavior) -> Net {
    let net = Net::new(behavior, |_| unreachable!());
    net.set_serve(services(net.time.clone(), 3_600));
    net
}

fn flow() -> impl Flow<'static, Output = Lease> {
    let base = Imds::new(Endpoint::parse(Imds::ENDPOINT).unwrap());
    let service = Service::new(Endpoint::parse("http://10.0.0.7:4566").unwrap(), "eu-central-1");
    let request = AssumeRoleRequest::new("arn:aws:iam::111122223333:role/gateway", "gateway");
    AssumeRole::new(base, service, request)
}

/// Drops the run of a new flow after 1, 1 + `step`, 1 + 2 * `step` polls and so on, then completes the flow.
fn drop_and_complete(behavior: StackBehavior, step: usize, least: usize) {
    let run = |polls| Mocked::new(Loop::Async, net(behavior)).run_cancelled(&mut flow(), polls);
    let whole = (1..).find(|polls| run(*polls).is_some()).unwrap();
    assert!(whole > least, "only {whole} polls, so too few points to drop at");
    for polls in (1..whole).step_by(step) {
        let (mut mocked, mut flow) = (Mocked::new(Loop::Async, net(behavior)), flow());
        assert!(mocked.run_cancelled(&mut flow, polls).is_none());
        mocked.run(&mut flow).unwrap_or_else(|error| panic!("after {polls} polls: {error}"));
        let credentials = mocked.slots[0].credentials().unwrap();
        assert!(["ASIA2", "ASIA3"].contains(&credentials.access_key_id()), "after {polls} polls");
        // Completed exchanges are not repeated; at most one exchange is lost.
        let requests = mocked.net.requests().len();
        assert!(requests <= 5, "after {polls} polls: {requests} requests");
    }
}

#[test]
fn a_flow_continues_after_a_drop_at_any_poll() {
    drop_and_complete(GAPS, 1, 14);
}

#[test]
fn a_flow_continues_after_a_drop_at_any_byte() {
    drop_and_complete(SLOW, 17, 1_000);
}

#[test]
fn a_flow_completes_despite_repeated_drops() {
    let (mut mocked, mut flow) = (Mocked::new(Loop::Async, net(GAPS)), flow());
    let mut drops = 0;
    let result = loop {
        // Each run gets more polls, until one suffices for an exchange.
        match mocked.run_cancelled(&mut flow, 1 + drops / 4) {
            Some(result) => break result,
            None => drops += 1,
        }
        assert!(drops < 1_000, "no progress");
    };
    result.unwrap();
    assert!(drops > 10, "{drops} drops");
    assert!(mocked.slots[0].credentials().is_some());
}

#[test]
fn a_drop_during_a_refresh_keeps_the_old_credentials() {
    let mut mocked = Mocked::new(Loop::Async, net(SLOW));
    let mut flow = Refreshing::new(Imds::new(Endpoint::parse(Imds::ENDPOINT).unwrap()), Windows::default());
    mocked.run(&mut flow).unwrap();
    mocked.net.time.pass(3_550_000);
    for polls in [1, 10, 100, 400] {
        assert!(mocked.run_cancelled(&mut flow, polls).is_none());
        assert_eq!(mocked.slots[0].credentials().unwrap().access_key_id(), "ASIA1");
    }
    mocked.run(&mut flow).unwrap();
    assert_eq!(mocked.slots[0].credentials().unwrap().access_key_id(), "ASIA2");
}
