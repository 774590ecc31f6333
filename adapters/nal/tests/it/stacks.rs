//! Stacks that behave differently within what their traits allow: the same flows, the same results.

use rolecall_core::call::Service;
use rolecall_core::error::{Failure, FailureKind, Phase};
use rolecall_core::flow::Endpoint;
use rolecall_core::sources::Imds;
use rolecall_core::sources::sts::{AssumeRole, AssumeRoleRequest};

use crate::board::Loop;
use crate::mock::{Manner, Mocked, Net, START, Then, reply, services};
use crate::on_both_loops;
use crate::probe::Probe;

on_both_loops!(
    every_manner_of_stack_gets_a_role,
    a_peer_that_ends_early_is_told_at_once,
    a_body_without_length_ends_with_the_stream,
    a_link_that_is_down_runs_into_the_limit,
    a_stack_that_takes_nothing_runs_into_the_limit,
    a_reply_tells_when_it_was_asked_for_and_when_it_came,
    names_are_looked_up_once_a_connection,
    the_last_byte_of_the_buffer_can_be_used,
);

/// All of them.
fn manners() -> impl Iterator<Item = Manner> {
    (0..16u8).map(|bits| Manner {
        zero_is_no_data: bits & 1 != 0,
        one_byte: bits & 2 != 0,
        gaps: bits & 4 != 0,
        short_writes: bits & 8 != 0,
        takes_nothing: false,
    })
}

/// What can be driven over such a stack.
fn every(on: Loop, net: impl Fn() -> Net, manner: Manner) -> Vec<Mocked> {
    let mut all = vec![Mocked::new(on, net())];
    if on == Loop::Blocking && !manner.zero_is_no_data {
        all.push(Mocked::where_zero_is_the_end(net()));
    }
    if on == Loop::Blocking && !manner.zero_is_no_data {
        all.push(Mocked::over_streams(net()));
    }
    all
}

fn every_manner_of_stack_gets_a_role(on: Loop) {
    for manner in manners() {
        let net = || {
            let net = Net::new(manner, |_| unreachable!());
            net.set_serve(services(net.time.clone(), 3_600));
            net
        };
        for mut mocked in every(on, net, manner) {
            let base = Imds::new(Endpoint::parse(Imds::ENDPOINT).unwrap());
            let service = Service::new(Endpoint::parse("http://10.0.0.7:4566").unwrap(), "eu-central-1");
            let request = AssumeRoleRequest::new("arn:aws:iam::111122223333:role/gateway", "gateway");
            let mut flow = AssumeRole::new(base, service, request);
            let lease = mocked.run(&mut flow).unwrap_or_else(|error| panic!("{manner:?}: {error}"));
            assert!(lease.lifetime_ms.unwrap() >= 3_590_000, "{manner:?}");
            assert_eq!(mocked.slots[0].credentials().unwrap().access_key_id(), "ASIA2", "{manner:?}");
            // Three exchanges with one service, one with the other.
            assert_eq!((mocked.net.requests().len(), mocked.net.connects()), (4, 2), "{manner:?}");
            assert!(mocked.time().unwrap().as_secs().abs_diff(START) < 20, "{manner:?}");
        }
    }
}

fn a_peer_that_ends_early_is_told_at_once(on: Loop) {
    let closed = |phase| Err(Failure { phase, kind: FailureKind::Closed });
    for manner in manners() {
        for then in [Then::End, Then::Reset] {
            // With zero bytes for the end, and nobody to say so, an end looks like silence.
            let silent = on == Loop::Blocking && !manner.zero_is_no_data && then == Then::End;
            let net = || {
                Net::new(manner, move |_| ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello".into(), then))
            };
            for (index, mut mocked) in every(on, net, manner).into_iter().enumerate() {
                let mut probe = Probe::new("http://10.0.0.7", 1);
                mocked.run(&mut probe).unwrap();
                if silent && index == 0 {
                    assert_eq!(probe.only(), Err(Failure { phase: Phase::Body, kind: FailureKind::Timeout }));
                } else {
                    assert_eq!(probe.only(), closed(Phase::Body), "{manner:?} {then:?} {index}");
                    assert!(mocked.net.time.get() < 300, "{manner:?}: {} ms", mocked.net.time.get());
                }
            }
        }
    }
}

fn a_body_without_length_ends_with_the_stream(on: Loop) {
    for manner in manners() {
        let net = || Net::new(manner, |_| ("HTTP/1.0 200 OK\r\n\r\nhello".into(), Then::End));
        for (index, mut mocked) in every(on, net, manner).into_iter().enumerate() {
            let mut probe = Probe::new("http://10.0.0.7", 2);
            mocked.run(&mut probe).unwrap();
            if on == Loop::Blocking && !manner.zero_is_no_data && index == 0 {
                let timeout = Failure { phase: Phase::Body, kind: FailureKind::Timeout };
                assert_eq!(probe.got, [Err(timeout), Err(timeout)]);
            } else {
                assert_eq!(probe.bodies(), ["hello"; 2], "{manner:?} {index}");
                assert_eq!(mocked.net.connects(), 2);
            }
        }
    }
}

fn a_link_that_is_down_runs_into_the_limit(on: Loop) {
    for manner in manners() {
        let net = || {
            let net = Net::new(manner, |_| unreachable!());
            net.set_up(false);
            net
        };
        for mut mocked in every(on, net, manner) {
            let mut probe = Probe::new("http://10.0.0.7", 1);
            mocked.run(&mut probe).unwrap();
            assert_eq!(probe.only(), Err(Failure { phase: Phase::Connect, kind: FailureKind::Timeout }));
            assert!((300..310).contains(&mocked.net.time.get()), "{} ms", mocked.net.time.get());
        }
    }
    let net = Net::new(Manner::default(), |_| unreachable!());
    net.set_up(false);
    let mut mocked = Mocked::new(on, net);
    let mut probe = Probe::new("http://known.example", 1);
    mocked.run(&mut probe).unwrap();
    assert_eq!(probe.only(), Err(Failure { phase: Phase::Resolve, kind: FailureKind::Timeout }));
    assert!((300..310).contains(&mocked.net.time.get()), "{} ms", mocked.net.time.get());
}

fn a_stack_that_takes_nothing_runs_into_the_limit(on: Loop) {
    let manner = Manner { takes_nothing: true, ..Manner::default() };
    for mut mocked in every(on, || Net::new(manner, |_| unreachable!()), manner) {
        let mut probe = Probe::new("http://10.0.0.7", 1);
        mocked.run(&mut probe).unwrap();
        assert_eq!(probe.only(), Err(Failure { phase: Phase::Send, kind: FailureKind::Timeout }));
        assert!((300..310).contains(&mocked.net.time.get()), "{} ms", mocked.net.time.get());
    }
}

fn a_reply_tells_when_it_was_asked_for_and_when_it_came(on: Loop) {
    let manner = Manner { gaps: true, one_byte: true, ..Manner::default() };
    let mut mocked = Mocked::new(on, Net::new(manner, |_| (reply(200, "hello"), Then::Stay)));
    let mut probe = Probe::new("http://known.example", 1);
    mocked.run(&mut probe).unwrap();
    let (sent, received) = (probe.replies[0].sent.monotonic, probe.replies[0].received.monotonic);
    // Sent when look-up and connection were done, a millisecond each; received at the end of the head.
    assert_eq!(sent.as_millis(), 2);
    let head = reply(200, "").len() as u64;
    assert!((head..head + 8).contains(&received.as_millis()), "{received:?}");
}

#[test]
fn https_goes_over_streams_of_the_callers() {
    for manner in manners().filter(|manner| !manner.zero_is_no_data) {
        let mut mocked = Mocked::over_streams(Net::new(manner, |_| (reply(200, "hello"), Then::Stay)));
        let mut probe = Probe::new("https://10.0.0.7", 3);
        mocked.run(&mut probe).unwrap();
        assert_eq!(probe.bodies(), ["hello"; 3], "{manner:?}");
        assert_eq!((mocked.net.requests().len(), mocked.net.connects()), (3, 1));
    }
}

fn names_are_looked_up_once_a_connection(on: Loop) {
    let manner = Manner { gaps: true, ..Manner::default() };
    let mut mocked = Mocked::new(on, Net::new(manner, |_| (reply(200, "hello"), Then::Stay)));
    let mut probe = Probe::new("http://known.example", 3);
    mocked.run(&mut probe).unwrap();
    assert_eq!(probe.bodies(), ["hello"; 3]);
    assert_eq!((mocked.net.names().len(), mocked.net.connects()), (1, 1));

    let mut probe = Probe::new("http://unknown.example", 1);
    mocked.run(&mut probe).unwrap();
    assert_eq!(probe.only(), Err(Failure { phase: Phase::Resolve, kind: FailureKind::NotFound }));
    // An address is none.
    for address in ["http://10.0.0.7", "http://[fd00:ec2::254]:8080"] {
        let mut probe = Probe::new(address, 1);
        mocked.run(&mut probe).unwrap();
        assert_eq!(probe.bodies(), ["hello"]);
    }
    assert_eq!(mocked.net.names(), ["known.example", "unknown.example"]);
}

fn the_last_byte_of_the_buffer_can_be_used(on: Loop) {
    let request = "GET /1 HTTP/1.1\r\nHost: 10.0.0.7\r\nX-Secret: do-not-show\r\n\r\n".len();
    for (one_byte, size) in [(false, request), (true, request), (false, 200), (true, 200)] {
        let manner = Manner { one_byte, ..Manner::default() };
        for (len, fits) in [(size, true), (size + 1, false)] {
            // None of its headers is wanted, so that the body may fill the buffer.
            let net = Net::new(manner, move |_| (reply(200, &"x".repeat(len)), Then::Stay));
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
