//! The key of a board, which signs for IAM Roles Anywhere.

use std::cell::RefCell;
use std::rc::Rc;

use rolecall_core::error::{Error, ErrorKind, Failure, FailureKind, Phase};
use rolecall_core::flow::{Endpoint, Lease, Memory, Slot};
use rolecall_core::sigv4::CertificateTexts;
use rolecall_core::skew::{Instant, Now};
use rolecall_core::sources::{AnywhereSession, RolesAnywhere};
use rolecall_core::wire::pem::Reader;
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::x509::{Certificate, Scheme};
use rolecall_nal::asynch::Timer;
use rolecall_nal::{Board, Driver, nb};

use crate::board::{Loop, Time, VirtualBoard, poll_times, poll_to_end, slot};
use crate::mock::{Net, START, StackBehavior, Then};
use crate::on_both_loops;

on_both_loops!(
    a_key_answers_at_once,
    a_key_takes_two_seconds,
    a_key_that_takes_too_long_is_timed_out,
    a_key_that_refuses_is_reported,
    a_length_beyond_the_buffer_is_refused,
    a_board_without_a_key_has_no_signature,
    a_key_signs_again_for_another_attempt,
    a_borrowed_board_signs_as_well,
);

/// What the key does when it is asked.
#[derive(Debug, Clone, Copy)]
enum Does {
    Sign,
    /// Once this many milliseconds have passed since it was asked first.
    SignAfter(u64),
    Fail(FailureKind),
    /// Claims this many bytes more than there is room for.
    Overreport(usize),
    SignNothing,
}

/// The calls of the key: when, and with which message.
type Calls = Rc<RefCell<Vec<(u64, String)>>>;

struct Keyed {
    board: VirtualBoard,
    does: Does,
    calls: Calls,
}

impl Board for Keyed {
    fn now(&mut self) -> Now {
        self.board.now()
    }

    fn entropy(&mut self) -> u32 {
        self.board.entropy()
    }

    fn sign(
        &mut self,
        scheme: Scheme,
        message: &[u8],
        signature: &mut [u8],
    ) -> nb::Result<usize, FailureKind> {
        assert_eq!(scheme, Scheme::EcdsaP256Sha256);
        let now = self.board.time.get();
        let mut calls = self.calls.borrow_mut();
        calls.push((now, String::from_utf8(message.to_vec()).unwrap()));
        match self.does {
            Does::SignAfter(wait) if now < calls[0].0 + wait => {
                // A key may use the room before it is done.
                signature.fill(b'?');
                return Err(nb::Error::WouldBlock);
            }
            Does::Sign | Does::SignAfter(_) => {}
            Does::Fail(kind) => return Err(nb::Error::Other(kind)),
            Does::Overreport(by) => return Ok(signature.len().saturating_add(by)),
            Does::SignNothing => return Ok(0),
        }
        signature[..3].copy_from_slice(&[0xab, 0xcd, 0x01]);
        Ok(3)
    }
}

impl Timer for Keyed {
    async fn sleep_until(&mut self, instant: Instant) {
        self.board.sleep_until(instant).await;
    }
}

const PEM: &str = include_str!("../../../../core/tests/data/p256.pem");

fn flow() -> RolesAnywhere<'static> {
    let block = Reader::new(PEM.as_bytes()).next_block().unwrap().unwrap();
    let der = block.decode(vec![0; block.decoded_len()].leak()).unwrap();
    let session = AnywhereSession::new(
        "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/a",
        "arn:aws:rolesanywhere:eu-west-1:123456789012:profile/p",
        "arn:aws:iam::123456789012:role/gateway",
    );
    let service = Endpoint::parse("http://10.0.0.7:8080").unwrap();
    let texts = CertificateTexts { certificate: b"AAAA", chain: b"" };
    RolesAnywhere::new(service, session, Certificate::parse(der).unwrap(), texts)
}

/// A service that refuses the first `refusals` requests for now, and knows the time.
fn service(time: Time, mut refusals: usize) -> impl FnMut(&str) -> (String, Then) {
    move |request| {
        assert!(request.starts_with("POST /sessions?profileArn="), "{request}");
        assert!(request.contains(", Signature=abcd01\r\n"), "{request}");
        let now = START + time.get() / 1000;
        let (date, end) = (UnixTime::from_secs(now).http_date(), UnixTime::from_secs(now + 3_600).rfc3339());
        let day = format!("X-Amz-Date: {}", &UnixTime::from_secs(now).compact().to_string()[..8]);
        let (status, body) = if !request.contains(&day) {
            (403, "{}".to_owned())
        } else if refusals > 0 {
            refusals -= 1;
            (503, String::new())
        } else {
            let credentials = format!(
                "{{\"accessKeyId\":\"ASIAANY\",\"secretAccessKey\":\"s\",\"sessionToken\":\"t\",\"expiration\":\"{end}\"}}"
            );
            (201, format!("{{\"credentialSet\":[{{\"credentials\":{credentials}}}]}}"))
        };
        let length = body.len();
        (format!("HTTP/1.1 {status} X\r\nDate: {date}\r\nContent-Length: {length}\r\n\r\n{body}"), Then::Stay)
    }
}

/// What came of a run.
struct Run {
    result: Result<Lease, Error>,
    calls: Vec<(u64, String)>,
    requests: usize,
    connects: usize,
    slots: Vec<Slot<'static>>,
}

const IDLE: fn(&mut Net) = |net| net.time.pass(1);

/// Runs the flow with this board.
fn run_with<B: Timer>(on: Loop, net: &Net, board: B) -> (Result<Lease, Error>, Vec<Slot<'static>>) {
    let (mut exchange, mut slots) = (vec![0; 4_096], vec![slot()]);
    let mut memory = Memory { exchange: &mut exchange, slots: &mut slots };
    let result = match on {
        Loop::Blocking => Driver::new(board, rolecall_nal::blocking::Tcp::new(net.clone(), IDLE))
            .run(&mut flow(), &mut memory),
        Loop::Async => {
            let mut driver = Driver::new(board, rolecall_nal::asynch::Tcp::new(net.clone()));
            poll_to_end(driver.run_async(&mut flow(), &mut memory))
        }
    };
    assert!(exchange.iter().all(|byte| *byte == 0), "the exchange buffer is not wiped");
    assert_eq!(net.open(), 0);
    (result, slots)
}

fn network(refusals: usize) -> Net {
    let net = Net::new(StackBehavior::default(), |_| unreachable!("replaced"));
    net.set_serve(service(net.time.clone(), refusals));
    net
}

fn run(on: Loop, does: Does, refusals: usize) -> Run {
    let (net, calls) = (network(refusals), Calls::default());
    let board = Keyed { board: VirtualBoard::new(net.time.clone()), does, calls: calls.clone() };
    let (result, slots) = run_with(on, &net, board);
    let calls = calls.take();
    Run { result, calls, requests: net.requests().len(), connects: net.connects(), slots }
}

fn failure(run: &Run) -> Failure {
    let error = run.result.unwrap_err();
    let ErrorKind::Transport(failure) = error.kind else { panic!("{error}") };
    assert_eq!((failure.phase, error.step), (Phase::Sign, "signature"));
    assert!(run.requests == 0 && run.slots[0].credentials().is_none());
    failure
}

fn a_key_answers_at_once(on: Loop) {
    let run = run(on, Does::Sign, 0);
    assert!(run.result.unwrap().lifetime_ms.unwrap() > 3_500_000);
    assert_eq!(run.slots[0].credentials().unwrap().access_key_id(), "ASIAANY");
    // Without a clock, the first request is refused, and the refusal has the time.
    assert_eq!((run.calls.len(), run.requests), (2, 2));
    // The connection is kept while the key signs.
    assert_eq!(run.connects, 1);
    assert!(run.calls[1].1.starts_with("AWS4-X509-ECDSA-SHA256\n20260102T0304"), "{:?}", run.calls[1]);
}

fn a_key_takes_two_seconds(on: Loop) {
    let run = run(on, Does::SignAfter(2_000), 0);
    run.result.unwrap();
    let asked: Vec<u64> = run.calls.iter().map(|(at, _)| *at).collect();
    // The message stays the same while the key is at it.
    let message = &run.calls[0].1;
    let first = run.calls.iter().take_while(|(_, found)| found == message).count();
    assert!((150..=201).contains(&first), "asked {first} times");
    assert!(asked[..first].windows(2).all(|pair| (10..=13).contains(&(pair[1] - pair[0]))), "{asked:?}");
    assert!((2_000..=2_012).contains(&(asked[first - 1] - asked[0])), "{asked:?}");
    // Signed again for the time that was learned: at once, as the key is warm by then.
    assert_eq!((run.calls.len(), run.requests), (first + 1, 2));
}

fn a_key_that_takes_too_long_is_timed_out(on: Loop) {
    // Asked each 10 ms, the last time before ten seconds are over; what it has then comes too late.
    let in_time = run(on, Does::SignAfter(9_990), 0);
    in_time.result.unwrap();
    for takes in [9_991, 10_000, 60_000] {
        let run = run(on, Does::SignAfter(takes), 0);
        assert_eq!(failure(&run).kind, FailureKind::Timeout);
        let (first, last) = (run.calls[0].0, run.calls.last().unwrap().0);
        assert_eq!((last - first, run.calls.len()), (10_000, 1_001));
    }
}

fn a_key_that_refuses_is_reported(on: Loop) {
    for kind in [FailureKind::Denied, FailureKind::TooLarge, FailureKind::NotFound, FailureKind::Other] {
        let run = run(on, Does::Fail(kind), 0);
        assert_eq!(failure(&run).kind, kind);
        assert_eq!(run.calls.len(), 1);
    }
}

fn a_length_beyond_the_buffer_is_refused(on: Loop) {
    for by in [1, 4_096, usize::MAX] {
        assert_eq!(failure(&run(on, Does::Overreport(by), 0)).kind, FailureKind::Other);
    }
    let nothing = run(on, Does::SignNothing, 0);
    assert_eq!(nothing.result.unwrap_err().kind, ErrorKind::Missing("signature"));
    // All of the room is more than the slot holds.
    let whole = run(on, Does::Overreport(0), 0);
    assert!(matches!(whole.result.unwrap_err().kind, ErrorKind::BufferTooSmall { .. }));
}

fn a_board_without_a_key_has_no_signature(on: Loop) {
    let net = network(0);
    let (result, _) = run_with(on, &net, VirtualBoard::new(net.time.clone()));
    let error = result.unwrap_err();
    let failure = Failure { phase: Phase::Sign, kind: FailureKind::Unsupported };
    assert_eq!(error.kind, ErrorKind::Transport(failure));
    assert!(error.to_string().contains("there is no key"), "{error}");
}

fn a_key_signs_again_for_another_attempt(on: Loop) {
    let run = run(on, Does::Sign, 1);
    run.result.unwrap();
    assert_eq!((run.calls.len(), run.requests), (3, 3));
}

fn a_borrowed_board_signs_as_well(on: Loop) {
    let (net, calls) = (network(0), Calls::default());
    let mut board = Keyed { board: VirtualBoard::new(net.time.clone()), does: Does::Sign, calls };
    run_with(on, &net, &mut board).0.unwrap();
    assert_eq!(board.calls.borrow().len(), 2);
}

#[test]
fn a_run_that_is_dropped_while_the_key_signs_can_be_run_again() {
    let (net, calls) = (network(0), Calls::default());
    let board = Keyed { board: VirtualBoard::new(net.time.clone()), does: Does::SignAfter(500), calls };
    let mut driver = Driver::new(board, rolecall_nal::asynch::Tcp::new(net.clone()));
    let (mut exchange, mut slots, mut flow) = (vec![0; 4_096], vec![slot()], flow());
    let mut memory = Memory { exchange: &mut exchange, slots: &mut slots };
    assert!(poll_times(driver.run_async(&mut flow, &mut memory), 100).is_none());
    assert!(memory.exchange.iter().all(|byte| *byte == 0), "the exchange buffer is not wiped");
    poll_to_end(driver.run_async(&mut flow, &mut memory)).unwrap();
    assert_eq!(slots[0].credentials().unwrap().access_key_id(), "ASIAANY");
}
