//! A future may be dropped at any await: the flow goes on from there.

use rolecall_core::call::Service;
use rolecall_core::flow::{Endpoint, Flow, Lease};
use rolecall_core::refresh::{Refreshing, Windows};
use rolecall_core::sources::Imds;
use rolecall_core::sources::sts::{AssumeRole, AssumeRoleRequest};

use crate::board::Loop;
use crate::mock::{Manner, Mocked, Net, services};

/// Waits at every call.
const GAPS: Manner =
    Manner { gaps: true, zero_is_no_data: false, one_byte: false, short_writes: false, takes_nothing: false };
/// Waits at every byte, too.
const SLOW: Manner = Manner { one_byte: true, short_writes: true, ..GAPS };

fn net(manner: Manner) -> Net {
    let net = Net::new(manner, |_| unreachable!());
    net.set_serve(services(net.time.clone(), 3_600));
    net
}

fn flow() -> impl Flow<'static, Output = Lease> {
    let base = Imds::new(Endpoint::parse(Imds::ENDPOINT).unwrap());
    let service = Service::new(Endpoint::parse("http://10.0.0.7:4566").unwrap(), "eu-central-1");
    let request = AssumeRoleRequest::new("arn:aws:iam::111122223333:role/gateway", "gateway");
    AssumeRole::new(base, service, request)
}

/// Drops the future of a new run after each `step` polls more, and then runs to the end.
fn dropped_after_each(manner: Manner, step: usize, least: usize) {
    let run = |polls| Mocked::new(Loop::Async, net(manner)).give_up(&mut flow(), polls);
    let whole = (1..).find(|polls| run(*polls).is_some()).unwrap();
    assert!(whole > least, "{whole} polls: the stack waits too little");
    for polls in (1..whole).step_by(step) {
        let (mut mocked, mut flow) = (Mocked::new(Loop::Async, net(manner)), flow());
        assert!(mocked.give_up(&mut flow, polls).is_none());
        mocked.run(&mut flow).unwrap_or_else(|error| panic!("after {polls} polls: {error}"));
        let credentials = mocked.slots[0].credentials().unwrap();
        assert!(["ASIA2", "ASIA3"].contains(&credentials.access_key_id()), "after {polls} polls");
        // What was done is not done again: one exchange at most was lost.
        let requests = mocked.net.requests().len();
        assert!(requests <= 5, "after {polls} polls: {requests} requests");
    }
}

#[test]
fn dropped_after_any_poll_a_flow_goes_on() {
    dropped_after_each(GAPS, 1, 14);
}

#[test]
fn dropped_in_the_middle_of_any_line_it_goes_on() {
    dropped_after_each(SLOW, 17, 1_000);
}

#[test]
fn dropped_again_and_again_it_comes_to_its_end() {
    let (mut mocked, mut flow) = (Mocked::new(Loop::Async, net(GAPS)), flow());
    let mut drops = 0;
    let result = loop {
        // A little longer each time, until an exchange fits.
        match mocked.give_up(&mut flow, 1 + drops / 4) {
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
fn dropped_in_a_refresh_the_old_credentials_stay() {
    let mut mocked = Mocked::new(Loop::Async, net(SLOW));
    let mut flow = Refreshing::new(Imds::new(Endpoint::parse(Imds::ENDPOINT).unwrap()), Windows::default());
    mocked.run(&mut flow).unwrap();
    mocked.net.time.pass(3_550_000);
    for polls in [1, 10, 100, 400] {
        assert!(mocked.give_up(&mut flow, polls).is_none());
        assert_eq!(mocked.slots[0].credentials().unwrap().access_key_id(), "ASIA1");
    }
    mocked.run(&mut flow).unwrap();
    assert_eq!(mocked.slots[0].credentials().unwrap().access_key_id(), "ASIA2");
}
