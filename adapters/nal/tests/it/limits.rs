//! Each documented limit, to the millisecond and the byte: what comes one before it is taken, and what comes at it is not.

use rolecall_core::call::{Content, Outgoing};
use rolecall_core::credentials::Credentials;
use rolecall_core::error::{Error, ErrorKind, Failure, FailureKind, Phase};
use rolecall_core::flow::{Endpoint, Limits, Need, RetryPolicy};
use rolecall_core::sigv4::{Rules, Scope};
use rolecall_core::sources::{Fixed, Imds};
use rolecall_nal::Bodies;

use crate::board::Loop;
use crate::mock::{Mocked, Net, Operation, StackBehavior, Then, reply, services};
use crate::on_both_loops;
use crate::probe::{Got, Needs, Probe};
use crate::streams::{ByteSource, Faults, Sink};

on_both_loops!(
    connect_is_the_limit_of_the_look_up_and_of_the_connection_each,
    first_byte_is_the_limit_of_sending_and_of_the_first_byte,
    total_is_the_limit_of_everything,
    a_budget_bounds_every_limit,
    a_request_has_the_limits_that_are_documented,
    a_look_up_of_a_flow_takes_five_seconds_at_most,
    first_byte_starts_over_with_each_piece_of_a_body,
    total_is_the_limit_of_a_writer,
    eight_interim_replies_are_skipped,
    a_body_needs_its_length_in_the_buffer,
    redirects_are_not_followed,
);

const LIMITS: Limits = Limits { connect_ms: 300, first_byte_ms: 200, total_ms: 900, body_bytes: 4_096 };
const BUDGET: Limits = Limits { connect_ms: 10_000, first_byte_ms: 10_000, total_ms: 15_000, ..LIMITS };
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// Asserts when a run has ended. Closing a connection of the blocking stack takes a millisecond more.
#[track_caller]
fn assert_took(on: Loop, took: u64, expected: u64) {
    let closing = u64::from(on == Loop::Blocking);
    assert!((expected..=expected + closing).contains(&took), "{took} ms, not {expected}");
}

/// The outcome of an exchange with a service at this URL whose operations take this long, and when it ended.
fn exchange(
    on: Loop,
    limits: Limits,
    url: &'static str,
    delays: &[(Operation, u64)],
) -> (Result<Got, Failure>, u64) {
    let net = Net::new(StackBehavior::default(), |_| (OK.into(), Then::Stay));
    for (operation, milliseconds) in delays {
        net.set_delay(*operation, *milliseconds);
    }
    let mut mocked = Mocked::new(on, net);
    let mut probe = Probe::new(url, 1).limits(limits);
    mocked.run(&mut probe).unwrap();
    (probe.only(), mocked.net.time.get())
}

/// Asserts that an exchange in which `last` takes `limit` fails in that phase, after `ends` milliseconds, and that one
/// which takes a millisecond less does not.
#[track_caller]
fn assert_limit(
    on: Loop,
    limits: Limits,
    url: &'static str,
    first: &[(Operation, u64)],
    (last, limit): (Operation, u64),
    phase: Phase,
) {
    let spent: u64 = first.iter().map(|(_, milliseconds)| milliseconds).sum();
    let before = exchange(on, limits, url, &[first, &[(last, limit - 1)]].concat());
    assert_eq!(before.0.map(|got| got.body), Ok("hello".into()));
    assert_took(on, before.1, spent + limit - 1);
    for late in [limit, limit + 1, u64::MAX / 2] {
        let at = exchange(on, limits, url, &[first, &[(last, late)]].concat());
        assert_eq!(at.0, Err(Failure { phase, kind: FailureKind::Timeout }), "{late}");
        assert_took(on, at.1, spent + limit);
    }
}

const BY_ADDRESS: &str = "http://10.0.0.7";
const BY_NAME: &str = "http://known.example";

fn connect_is_the_limit_of_the_look_up_and_of_the_connection_each(on: Loop) {
    assert_limit(on, LIMITS, BY_NAME, &[], (Operation::Resolve, 300), Phase::Resolve);
    assert_limit(on, LIMITS, BY_ADDRESS, &[], (Operation::Connect, 300), Phase::Connect);
    let looked_up = [(Operation::Resolve, 299)];
    assert_limit(on, LIMITS, BY_NAME, &looked_up, (Operation::Connect, 300), Phase::Connect);
}

fn first_byte_is_the_limit_of_sending_and_of_the_first_byte(on: Loop) {
    assert_limit(on, LIMITS, BY_ADDRESS, &[], (Operation::Send, 200), Phase::Send);
    assert_limit(on, LIMITS, BY_ADDRESS, &[], (Operation::Receive, 200), Phase::FirstByte);
    let connected = [(Operation::Connect, 299)];
    assert_limit(on, LIMITS, BY_ADDRESS, &connected, (Operation::Receive, 200), Phase::FirstByte);
    // From the connection, and not from the end of the request.
    let before = exchange(on, LIMITS, BY_ADDRESS, &[(Operation::Send, 150), (Operation::Receive, 49)]);
    assert!(before.0.is_ok());
    assert_took(on, before.1, 199);
    let at = exchange(on, LIMITS, BY_ADDRESS, &[(Operation::Send, 150), (Operation::Receive, 50)]);
    assert_eq!(at.0, Err(Failure { phase: Phase::FirstByte, kind: FailureKind::Timeout }));
    assert_took(on, at.1, 200);
}

fn total_is_the_limit_of_everything(on: Loop) {
    let short = Limits { total_ms: 400, ..LIMITS };
    let first = [(Operation::Resolve, 250)];
    assert_limit(on, short, BY_NAME, &first, (Operation::Connect, 150), Phase::Connect);
    let first = [(Operation::Resolve, 250), (Operation::Connect, 60)];
    assert_limit(on, short, BY_NAME, &first, (Operation::Receive, 90), Phase::FirstByte);
    // A reply of single bytes, each of which takes its time: the last is too late.
    let took = 10 * OK.len() as u64;
    for (total, fits) in [(took + 1, true), (took, false)] {
        let behavior = StackBehavior { one_byte: true, ..StackBehavior::default() };
        let net = Net::new(behavior, |_| (OK.into(), Then::Stay));
        net.set_delay(Operation::Receive, 10);
        let mut mocked = Mocked::new(on, net);
        let mut probe = Probe::new(BY_ADDRESS, 1).limits(Limits { total_ms: total as u32, ..LIMITS });
        mocked.run(&mut probe).unwrap();
        let timeout = Failure { phase: Phase::Body, kind: FailureKind::Timeout };
        let got = probe.only().map(|got| got.body);
        assert_eq!(got, if fits { Ok("hello".to_owned()) } else { Err(timeout) });
        assert_took(on, mocked.net.time.get(), took);
    }
}

/// Asserts what comes of three exchanges that take this long each, with ten seconds for the first byte, and when.
#[track_caller]
fn assert_fetch(on: Loop, policy: RetryPolicy, takes: u64, (fits, ends): (bool, u64)) {
    let net = Net::new(StackBehavior::default(), |_| unreachable!("replaced"));
    net.set_serve(services(net.time.clone(), 3_600));
    net.set_delay(Operation::Receive, takes);
    let mut mocked = Mocked::new(on, net);
    let imds = Imds::new(Endpoint::parse(Imds::ENDPOINT).unwrap());
    let mut imds = imds.with_limits(BUDGET).with_retry_policy(policy);
    let late = ErrorKind::Transport(Failure { phase: Phase::FirstByte, kind: FailureKind::Timeout });
    let kind = mocked.run(&mut imds).map_err(|error| error.kind);
    assert_eq!(kind.map(|_| ()), if fits { Ok(()) } else { Err(late) });
    assert_took(on, mocked.net.time.get(), ends);
}

fn a_budget_bounds_every_limit(on: Loop) {
    // 9.5 seconds, unless another is given: the ten of the first byte are never reached.
    let usual = RetryPolicy::DEFAULT;
    assert_fetch(on, usual, 100_000, (false, 9_500));
    // Three exchanges that fit, and one that does not.
    assert_fetch(on, usual, 3_166, (true, 9_498));
    assert_fetch(on, usual, 3_167, (false, 9_500));
    // With a longer budget, the limits are those of the exchange.
    let long = RetryPolicy::new(1, 60_000);
    assert_fetch(on, long, 9_999, (true, 29_997));
    assert_fetch(on, long, 10_000, (false, 10_000));
}

fn base() -> Fixed<'static> {
    Fixed::new(Some(Credentials::new("AKIDGIVEN", "a-secret", None).unwrap()))
}

fn outgoing(method: &'static str) -> Outgoing<'static> {
    let scope = Scope { region: "eu-central-1", service: "s3", rules: Rules::S3 };
    Outgoing::new(method, Endpoint::parse(BY_ADDRESS).unwrap(), "/key", scope)
}

/// Learns the time from a first request, so that the next one is signed at once.
fn knowing_the_time(on: Loop, serve: impl FnMut(&str) -> (String, Then) + 'static) -> Mocked {
    let net = Net::new(StackBehavior::default(), |_| unreachable!("replaced"));
    net.set_serve(services(net.time.clone(), 3_600));
    let mut mocked = Mocked::new(on, net);
    mocked.run(&mut Imds::new(Endpoint::parse(Imds::ENDPOINT).unwrap())).unwrap();
    mocked.net.set_serve(serve);
    mocked
}

fn timeout(phase: Phase) -> Result<u16, Failure> {
    Err(Failure { phase, kind: FailureKind::Timeout })
}

fn outcome(result: Result<rolecall_core::call::Answered, Error>) -> Result<u16, Failure> {
    match result {
        Ok(answered) => Ok(answered.reply.status),
        Err(Error { kind: ErrorKind::Transport(failure), .. }) => Err(failure),
        Err(error) => panic!("{error}"),
    }
}

fn a_request_has_the_limits_that_are_documented(on: Loop) {
    for (operation, limit, phase) in [
        (Operation::Connect, 3_000, Phase::Connect),
        (Operation::Send, 30_000, Phase::Send),
        (Operation::Receive, 30_000, Phase::FirstByte),
    ] {
        for (takes, expected) in [(limit - 1, Ok(200)), (limit, timeout(phase))] {
            let mut mocked = knowing_the_time(on, |_| (OK.into(), Then::Stay));
            mocked.net.set_delay(operation, takes);
            let began = mocked.net.time.get();
            assert_eq!(outcome(mocked.send(&mut base(), outgoing("GET"))), expected, "{operation:?}");
            assert_took(on, mocked.net.time.get() - began, takes);
        }
    }
}

fn a_look_up_of_a_flow_takes_five_seconds_at_most(on: Loop) {
    for (takes, fits) in [(4_999, true), (5_000, false), (60_000, false)] {
        let net = Net::new(StackBehavior::default(), |_| unreachable!());
        net.set_delay(Operation::Resolve, takes);
        let mut mocked = Mocked::new(on, net);
        let mut flow = Needs { need: || Need::Resolve { host: "known.example" }, answer: None };
        mocked.run(&mut flow).unwrap();
        let late = Err(Failure { phase: Phase::Resolve, kind: FailureKind::Timeout });
        let expected = if fits { Ok(vec![[10, 0, 0, 9].into()]) } else { late };
        assert_eq!(flow.answer.unwrap(), expected);
        assert_eq!(mocked.net.time.get(), takes.min(5_000));
    }
}

fn first_byte_starts_over_with_each_piece_of_a_body(on: Loop) {
    for (takes, expected) in [(199, Ok(200)), (200, timeout(Phase::Send))] {
        let mut mocked = knowing_the_time(on, |_| (OK.into(), Then::Stay));
        let mut request = outgoing("PUT");
        request.limits = Limits { total_ms: 10_000, ..LIMITS };
        request.content = Content::Streamed { len: 3, sha256: None, rewinds: false };
        let faults = Faults { piece: 1, takes_ms: takes, time: mocked.net.time.clone(), ..Faults::default() };
        let mut source = ByteSource { bytes: b"abc".into(), faults, ..ByteSource::default() };
        let began = mocked.net.time.get();
        let mut sink = Sink::default();
        let mut bodies = Bodies::upload(&mut source).and_download(&mut sink);
        assert_eq!(outcome(mocked.send_with(&mut base(), request, &mut bodies)), expected, "{takes}");
        let pieces = if takes < 200 { 3 } else { 1 };
        assert_took(on, mocked.net.time.get() - began, pieces * takes);
    }
}

fn total_is_the_limit_of_a_writer(on: Loop) {
    for (takes, expected) in [(179, Ok(200)), (180, timeout(Phase::Body))] {
        let mut mocked = knowing_the_time(on, |_| (OK.into(), Then::Stay));
        let mut request = outgoing("GET");
        request.limits = LIMITS;
        let faults = Faults { piece: 1, takes_ms: takes, time: mocked.net.time.clone(), ..Faults::default() };
        let (mut source, mut sink) = (ByteSource::default(), Sink { faults, ..Sink::default() });
        let began = mocked.net.time.get();
        let mut bodies = Bodies::upload(&mut source).and_download(&mut sink);
        // Five bytes, of which the last is written at the limit of 900 ms.
        assert_eq!(outcome(mocked.send_with(&mut base(), request, &mut bodies)), expected, "{takes}");
        assert_took(on, mocked.net.time.get() - began, 5 * takes);
    }
}

fn eight_interim_replies_are_skipped(on: Loop) {
    for (count, fits) in [(8, true), (9, false)] {
        let interim = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(count);
        let net = Net::new(StackBehavior::default(), move |_| (format!("{interim}{OK}"), Then::Stay));
        let mut mocked = Mocked::new(on, net);
        let mut probe = Probe::new(BY_ADDRESS, 1);
        mocked.run(&mut probe).unwrap();
        let refused = Failure { phase: Phase::FirstByte, kind: FailureKind::Protocol };
        assert_eq!(probe.only().map(|got| got.body), if fits { Ok("hello".into()) } else { Err(refused) });
    }
}

/// The least buffer for a reply, to a request that needs less.
fn least_buffer(on: Loop, reply: String, then: Then) -> usize {
    let fits = |size: usize| {
        let reply = reply.clone();
        let behavior = StackBehavior { zero_is_no_data: true, ..StackBehavior::default() };
        let mut mocked = Mocked::new(on, Net::new(behavior, move |_| (reply.clone(), then)));
        mocked.exchange = vec![0; size];
        let mut probe = Probe::new(BY_ADDRESS, 1);
        mocked.run(&mut probe).unwrap();
        let too_large = Failure { phase: Phase::Body, kind: FailureKind::TooLarge };
        probe.only().is_err_and(|failure| {
            assert_eq!(failure, too_large);
            true
        })
    };
    (150..1_000).find(|size| !fits(*size)).expect("some size is enough")
}

fn a_body_needs_its_length_in_the_buffer(on: Loop) {
    let body = "x".repeat(500);
    let head = "HTTP/1.1 200 OK\r\n";
    // The Date that is kept; the line of the length is not.
    let kept = "Date: now\r\n";
    assert_eq!(least_buffer(on, reply(200, &body), Then::Stay), 500);
    let dated = format!("{head}{kept}Content-Length: 500\r\n\r\n{body}");
    assert_eq!(least_buffer(on, dated, Then::Stay), 500 + kept.len());
    // One more, for the transfer coding and for the end of the stream.
    let chunked =
        format!("{head}Transfer-Encoding: chunked\r\n\r\n1f4;x=y\r\n{body}\r\n0\r\nTrailer: x\r\n\r\n");
    assert_eq!(least_buffer(on, chunked, Then::Stay), 501);
    let (one, other) = body.split_at(15);
    let chunked =
        format!("{head}Transfer-Encoding: chunked\r\n\r\nf\r\n{one}\r\n1e5\r\n{other}\r\n0\r\n\r\n");
    assert_eq!(least_buffer(on, chunked, Then::Stay), 501);
    assert_eq!(least_buffer(on, format!("{head}\r\n{body}"), Then::End), 501);
}

fn redirects_are_not_followed(on: Loop) {
    let moved = "HTTP/1.1 307 Moved\r\nLocation: http://10.0.0.8/\r\nContent-Length: 0\r\n\r\n";
    let net = Net::new(StackBehavior::default(), move |_| (moved.into(), Then::Stay));
    let mut mocked = Mocked::new(on, net);
    let mut probe = Probe::new(BY_ADDRESS, 1);
    mocked.run(&mut probe).unwrap();
    assert_eq!(probe.only().map(|got| got.status), Ok(307));
    assert_eq!(mocked.net.requests().len(), 1);
}
