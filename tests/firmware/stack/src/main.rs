//! Measures the stack usage of a signature, of instance credentials, and of a role's credentials, these also over sockets
//! with both drivers of rolecall-nal, and the size of the async driver's futures. The peer's responses are constants:
//! their content does not affect the depth of calls.

#![no_std]
#![no_main]
#![deny(unsafe_code)]

mod peer;
mod sockets;

use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

use board::{println, stack};
use cortex_m_rt::entry;
use embassy_net::dns::DnsSocket;
use embassy_net::tcp::client::TcpClient;
use peer::Peer;
use rolecall_core::credentials::Credentials;
use rolecall_core::flow::{Memory, Report, Slot};
use rolecall_core::sigv4::SigningKey;
use rolecall_core::skew::{Clock, Now};
use rolecall_core::sources::Imds;
use rolecall_core::wire::Cursor;
use rolecall_core::wire::time::UnixTime;
use rolecall_nal::asynch::Tcp;
use rolecall_nal::{Driver, WithDns};
use sizes::{Call, Instance, Link, Role, drive, instance, role, sign};
use sockets::Device;

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

    let mut flow = assumed();
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

    let (mut driver, mut flow) = (sockets::blocking(), assumed());
    let over_sockets = || {
        let fetched = driver.run(&mut flow, &mut memory).is_ok();
        let (Some(credentials), Some(time)) = (memory.slots[0].credentials(), driver.time()) else {
            return false;
        };
        fetched && sign(&CALL, &credentials, time, &mut Cursor::new(memory.exchange)).is_ok()
    };
    report_stack("chain-nal", stack::measured(over_sockets));

    let (mut driver, mut flow) = (sockets::asynchronous(), assumed());
    let mut future = pin!(driver.run_async(&mut flow, &mut memory));
    report_stack("chain-async", stack::measured(|| poll_to_end(future.as_mut())));
    println!("bytes future {}", size_of_val(&*future));
    println!(
        "bytes future-embassy {}",
        future_size(|driver: &'static mut Embassy, flow, memory| {
            driver.run_async::<Role<'static>>(flow, memory)
        })
    );

    println!("bytes signing-key {}", size_of::<SigningKey<'_>>());
    println!("bytes instance-flow {}", size_of::<Instance<'_>>());
    println!("bytes role-flow {}", size_of::<Role<'_>>());
    println!("bytes clock-and-report {}", size_of::<Clock>() + size_of::<Report>());
    println!("bytes slot {}", size_of::<Slot<'_>>());
    println!("lent exchange {EXCHANGE}");
    println!("lent slot {}", Slot::RECOMMENDED);
    board::exit(true)
}

/// The driver over embassy-net.
type Embassy = Driver<Device, Tcp<WithDns<TcpClient<'static, 1, 1024, 2048>, DnsSocket<'static>>>>;

/// The flow for a role.
fn assumed() -> Role<'static> {
    let sts = "http://10.0.0.7";
    role(Imds::ENDPOINT, sts, "eu-central-1", peer::ROLE_ARN).expect("they are URLs")
}

/// The size of the future that a call returns, which is not made.
fn future_size<A, B, C, F>(_: impl FnOnce(A, B, C) -> F) -> usize {
    size_of::<F>()
}

/// Polls as an executor does.
fn poll_to_end<T, E>(mut future: Pin<&mut impl Future<Output = Result<T, E>>>) -> bool {
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done.is_ok();
        }
    }
}

/// Prints the stack usage of a call, which must have succeeded.
fn report_stack(what: &str, (done, bytes): (bool, usize)) {
    assert!(done, "{what} failed");
    println!("stack {what} {bytes}");
}
