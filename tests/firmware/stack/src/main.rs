//! Measures the stack usage of a signature, of instance credentials, and of a role's credentials. The peer's
//! responses are constants: their content does not affect the depth of calls.

#![no_std]
#![no_main]
#![deny(unsafe_code)]

mod peer;

use board::{println, stack};
use cortex_m_rt::entry;
use peer::Peer;
use rolecall_core::credentials::Credentials;
use rolecall_core::flow::{Memory, Report, Slot};
use rolecall_core::sigv4::SigningKey;
use rolecall_core::skew::{Clock, Now};
use rolecall_core::sources::Imds;
use rolecall_core::wire::Cursor;
use rolecall_core::wire::time::UnixTime;
use sizes::{Call, Instance, Link, Role, drive, instance, role, sign};

/// The size for session tokens of 4 KB.
const EXCHANGE: usize = 8192;

const CALL: Call<'static> = Call {
    method: "GET",
    target: "/bucket/some/object?versionId=1",
    host: "s3.eu-central-1.amazonaws.com",
    body: b"",
    region: "eu-central-1",
    service: "s3",
};

#[entry]
fn main() -> ! {
    // All memory is above the painted part of the stack.
    let (mut exchange, mut lent) = ([0; EXCHANGE], [[0; Slot::RECOMMENDED]; 3]);
    let mut slots = lent.each_mut().map(|memory| Slot::new(memory));
    let (mut clock, mut report) = (Clock::new(), Report::new());

    let time = UnixTime::from_secs(peer::TIME);
    let credentials =
        Credentials::new("AKIDEXAMPLE", peer::SECRET, Some(peer::TOKEN)).expect("they are well-formed");
    let signing = || sign(&CALL, &credentials, time, &mut Cursor::new(&mut exchange)).is_ok();
    report_stack("sign", stack::measured(signing));

    let mut flow = instance(Imds::ENDPOINT).expect("it is a URL");
    let mut memory = Memory { exchange: &mut exchange, slots: &mut slots };
    let fetching = || drive(&mut flow, &mut memory, &mut clock, &mut report, &mut Peer::default()).is_ok();
    report_stack("instance", stack::measured(fetching));

    let sts = role(Imds::ENDPOINT, "http://sts.eu-central-1.amazonaws.com", "eu-central-1", peer::ROLE_ARN);
    let mut flow = sts.expect("they are URLs");
    let whole = || {
        let mut peer = Peer::default();
        let fetched = drive(&mut flow, &mut memory, &mut clock, &mut report, &mut peer).is_ok();
        let now: Now = peer.now();
        let (Some(credentials), Some(time)) = (memory.slots[0].credentials(), clock.time(now)) else {
            return false;
        };
        fetched && sign(&CALL, &credentials, time, &mut Cursor::new(memory.exchange)).is_ok()
    };
    report_stack("chain", stack::measured(whole));

    println!("bytes signing-key {}", size_of::<SigningKey<'_>>());
    println!("bytes instance-flow {}", size_of::<Instance<'_>>());
    println!("bytes role-flow {}", size_of::<Role<'_>>());
    println!("bytes clock-and-report {}", size_of::<Clock>() + size_of::<Report>());
    println!("bytes slot {}", size_of::<Slot<'_>>());
    println!("lent exchange {EXCHANGE}");
    println!("lent slot {}", Slot::RECOMMENDED);
    board::exit(true)
}

/// Prints the stack usage of a call, which must have succeeded.
fn report_stack(what: &str, (done, bytes): (bool, usize)) {
    assert!(done, "{what} failed");
    println!("stack {what} {bytes}");
}
