//! The same flows return the same results over stacks with different permitted behavior.

use rolecall_core::call::Service;
use rolecall_core::error::{Failure, FailureKind, Phase};
use rolecall_core::flow::Endpoint;
use rolecall_core::sources::Imds;
use rolecall_core::sources::sts::{AssumeRole, AssumeRoleRequest};

use crate::board::Loop;
use crate::mock::{Mocked, Net, START, StackBehavior, Then, reply, services};
use crate::on_both_loops;
use crate::probe::Probe;

on_both_loops!(
    a_role_is_assumed_over_every_stack,
    a_truncated_reply_is_reported_at_once,
    a_body_without_a_length_ends_with_the_stream,
    a_link_that_is_down_times_out,
    a_stack_that_accepts_no_bytes_times_out,
    a_reply_has_the_times_of_sending_and_receiving,
    names_are_looked_up_once_per_connection,
    the_whole_buffer_can_be_used,
);

/// All behaviors under test.
fn behaviors() -> impl Iterator<Item = StackBehavior> {
    (0..16u8).map(|bits| StackBehavior {
        zero_is_no_data: bits & 1 != 0,
        one_byte: bits & 2 != 0,
        gaps: bits & 4 != 0,
        short_writes: bits & 8 != 0,
        takes_nothing: false,
    })
}

/// All drivers that can use such a stack.
fn every(on: Loop, net: impl Fn() -> Net, behavior: StackBehavior) -> Vec<Mocked> {
    let mut all = vec![Mocked::new(on, net())];
    if on == Loop::Blocking && !behavior.zero_is_no_data {
        all.push(Mocked::where_zero_is_the_end(net()));
    }
    if on == Loop::Blocking && !behavior.zero_is_no_data {
        all.push(Mocked::over_streams(net()));
    }
    all
}

fn a_role_is_assumed_over_every_stack(on: Loop) {
    for behavior in behaviors() {
        let net = || {
            let net = Net::new(behavior, |_| unreachable!());
            net.set_serve(services(net.time.clone(), 3_600));
            net
        };
        for mut mocked in every(on, net, behavior) {
            let base = Imds::new(Endpoint::parse(Imds::ENDPOINT).unwrap());
            let service = Service::new(Endpoint::parse("http://10.0.0.7:4566").unwrap(), "eu-central-1");
            let request = AssumeRoleRequest::new("arn:aws:iam::111122223333:role/gateway", "gateway");
            let mut flow = AssumeRole::new(base, service, request);
            let lease = mocked.run(&mut flow).unwrap_or_else(|error| panic!("{behavior:?}: {error}"));
            assert!(lease.lifetime_ms.unwrap() >= 3_590_000, "{behavior:?}");
            assert_eq!(mocked.slots[0].credentials().unwrap().access_key_id(), "ASIA2", "{behavior:?}");
            // Three exchanges with the metadata service and one with STS.
            assert_eq!((mocked.net.requests().len(), mocked.net.connects()), (4, 2), "{behavior:?}");
            assert!(mocked.time().unwrap().as_secs().abs_diff(START) < 20, "{behavior:?}");
        }
    }
}

fn a_truncated_reply_is_reported_at_once(on: Loop) {
    let closed = |phase| Err(Failure { phase, kind: FailureKind::Closed });
    for behavior in behaviors() {
        for then in [Then::End, Then::Reset] {
            // A blocking driver that takes zero bytes for missing data cannot see the end of the stream.
            let silent = on == Loop::Blocking && !behavior.zero_is_no_data && then == Then::End;
            let net = || {
                Net::new(behavior, move |_| {
                    ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello".into(), then)
                })
            };
            for (index, mut mocked) in every(on, net, behavior).into_iter().enumerate() {
                let mut probe = Probe::new("http://10.0.0.7", 1);
                mocked.run(&mut probe).unwrap();
                if silent && index == 0 {
                    assert_eq!(probe.only(), Err(Failure { phase: Phase::Body, kind: FailureKind::Timeout }));
                } else {
                    assert_eq!(probe.only(), closed(Phase::Body), "{behavior:?} {then:?} {index}");
                    assert!(mocked.net.time.get() < 300, "{behavior:?}: {} ms", mocked.net.time.get());
                }
            }
        }
    }
}

fn a_body_without_a_length_ends_with_the_stream(on: Loop) {
    for behavior in behaviors() {
        let net = || Net::new(behavior, |_| ("HTTP/1.0 200 OK\r\n\r\nhello".into(), Then::End));
        for (index, mut mocked) in every(on, net, behavior).into_iter().enumerate() {
            let mut probe = Probe::new("http://10.0.0.7", 2);
            mocked.run(&mut probe).unwrap();
            if on == Loop::Blocking && !behavior.zero_is_no_data && index == 0 {
                let timeout = Failure { phase: Phase::Body, kind: FailureKind::Timeout };
                assert_eq!(probe.got, [Err(timeout), Err(timeout)]);
            } else {
                assert_eq!(probe.bodies(), ["hello"; 2], "{behavior:?} {index}");
                assert_eq!(mocked.net.connects(), 2);
            }
        }
    }
}

fn a_link_that_is_down_times_out(on: Loop) {
    for behavior in behaviors() {
        let net = || {
            let net = Net::new(behavior, |_| unreachable!());
            net.set_link_up(false);
            net
        };
        for mut mocked in every(on, net, behavior) {
            let mut probe = Probe::new("http://10.0.0.7", 1);
            mocked.run(&mut probe).unwrap();
            assert_eq!(probe.only(), Err(Failure { phase: Phase::Connect, kind: FailureKind::Timeout }));
            assert!((300..310).contains(&mocked.net.time.get()), "{} ms", mocked.net.time.get());
        }
    }
    let net = Net::new(StackBehavior::default(), |_| unreachable!());
    net.set_link_up(false);
    let mut mocked = Mocked::new(on, net);
    let mut probe = Probe::new("http://known.example", 1);
    mocked.run(&mut probe).unwrap();
    assert_eq!(probe.only(), Err(Failure { phase: Phase::Resolve, kind: FailureKind::Timeout }));
    assert!((300..310).contains(&mocked.net.time.get()), "{} ms", mocked.net.time.get());
}

fn a_stack_that_accepts_no_bytes_times_out(on: Loop) {
    let behavior = StackBehavior { takes_nothing: true, ..StackBehavior::default() };
    for mut mocked in every(on, || Net::new(behavior, |_| unreachable!()), behavior) {
        let mut probe = Probe::new("http://10.0.0.7", 1);
        mocked.run(&mut probe).unwrap();
        assert_eq!(probe.only(), Err(Failure { phase: Phase::Send, kind: FailureKind::Timeout }));
        assert!((300..310).contains(&mocked.net.time.get()), "{} ms", mocked.net.time.get());
    }
}

fn a_reply_has_the_times_of_sending_and_receiving(on: Loop) {
    let behavior = StackBehavior { gaps: true, one_byte: true, ..StackBehavior::default() };
    let mut mocked = Mocked::new(on, Net::new(behavior, |_| (reply(200, "hello"), Then::Stay)));
    let mut probe = Probe::new("http://known.example", 1);
    mocked.run(&mut probe).unwrap();
    let (sent, received) = (probe.replies[0].sent.monotonic, probe.replies[0].received.monotonic);
    // Sent after the lookup and the connection, a millisecond each; received at the end of the head.
    assert_eq!(sent.as_millis(), 2);
    let head = reply(200, "").len() as u64;
    assert!((head..head + 8).contains(&received.as_millis()), "{received:?}");
}

#[test]
fn https_uses_streams_of_the_caller() {
    for behavior in behaviors().filter(|behavior| !behavior.zero_is_no_data) {
        let mut mocked = Mocked::over_streams(Net::new(behavior, |_| (reply(200, "hello"), Then::Stay)));
        let mut probe = Probe::new("https://10.0.0.7", 3);
        mocked.run(&mut probe).unwrap();
        assert_eq!(probe.bodies(), ["hello"; 3], "{behavior:?}");
        assert_eq!((mocked.net.requests().len(), mocked.net.connects()), (3, 1));
    }
}

fn names_are_looked_up_once_per_connection(on: Loop) {
    let behavior = StackBehavior { gaps: true, ..StackBehavior::default() };
    let mut mocked = Mocked::new(on, Net::new(behavior, |_| (reply(200, "hello"), Then::Stay)));
    let mut probe = Probe::new("http://known.example", 3);
    mocked.run(&mut probe).unwrap();
    assert_eq!(probe.bodies(), ["hello"; 3]);
    assert_eq!((mocked.net.names().len(), mocked.net.connects()), (1, 1));

    let mut probe = Probe::new("http://unknown.example", 1);
    mocked.run(&mut probe).unwrap();
    assert_eq!(probe.only(), Err(Failure { phase: Phase::Resolve, kind: FailureKind::NotFound }));
    // An address is not looked up.
    for address in ["http://10.0.0.7", "http://[fd00:ec2::254]:8080"] {
        let mut probe = Probe::new(address, 1);
        mocked.run(&mut probe).unwrap();
        assert_eq!(probe.bodies(), ["hello"]);
    }
    assert_eq!(mocked.net.names(), ["known.example", "unknown.example"]);
}

fn the_whole_buffer_can_be_used(on: Loop) {
    let request = "GET /1 HTTP/1.1\r\nHost: 10.0.0.7\r\nX-Secret: do-not-show\r\n\r\n".len();
    for (one_byte, size) in [(false, request), (true, request), (false, 200), (true, 200)] {
        let behavior = StackBehavior { one_byte, ..StackBehavior::default() };
        for (len, fits) in [(size, true), (size + 1, false)] {
            // No headers are requested, so the body may fill the buffer.
            let net = Net::new(behavior, move |_| (reply(200, &"x".repeat(len)), Then::Stay));
            let mut mocked = Mocked::new(on, net);
            mocked.exchange = vec![0; size];
            let mut probe = Probe::new("http://10.0.0.7", 1);
            mocked.run(&mut probe).unwrap();
            let too_large = Err(Failure { phase: Phase::Body, kind: FailureKind::TooLarge });
            let got = probe.only().map(|got| got.body.len());
            assert_eq!(got, if fits { Ok(len) } else { too_large }, "{size} {one_byte}");
        }
    }
}
