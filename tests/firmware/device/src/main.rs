//! The firmware of a gateway: instance or container credentials, a role, signed requests, refresh. The
//! emulator's command line selects what it does, so that one image is used for every test:
//!
//!     run=chain|metadata|container seed=NUMBER [clock=fixed] [boot=TIME] [path=PATH] [token=TOKEN]
//!
//! `chain` assumes a role with the instance's credentials and makes signed requests until the instance's
//! credentials have been refreshed. The others fetch credentials and call GetCallerIdentity, with a few
//! attempts. The time of day is unknown unless `boot` is the start time in seconds since 1970. It is learned
//! or corrected unless the clock is fixed.

#![no_std]
#![no_main]
#![deny(unsafe_code)]

use board::{clock, println};
use cortex_m_rt::entry;
use rolecall_core::call::Service;
use rolecall_core::error::Error;
use rolecall_core::flow::{Endpoint, Flow, Lease, Memory, Slot};
use rolecall_core::refresh::{Refreshing, Windows};
use rolecall_core::skew::Clock;
use rolecall_core::sources::sts::{
    AssumeRole, AssumeRoleRequest, GetCallerIdentity, GetCallerIdentityRequest,
};
use rolecall_core::sources::{Authorization, Container, Imds};
use rolecall_core::wire::time::UnixTime;
use rolecall_nal::blocking::Link;
use rolecall_nal::{Board, Driver, NoDns};
use shared::{Device, download, network};

const STS: &str = "http://10.0.2.2:4566";
const REGION: &str = "us-east-1";
const ROLE_ARN: &str = "arn:aws:iam::000000000000:role/rolecall";
const OBJECT: &str = "/rolecall/greeting";

/// The keys in these tests have no session token, or one of a few hundred bytes.
const SLOT: usize = 1536;
const EXCHANGE: usize = 6144;
/// The number of attempts to fetch credentials.
const ATTEMPTS: usize = 4;

type Network<'a> = shared::network::Network<'a, NoDns>;

#[entry]
fn main() -> ! {
    let peripherals = cortex_m::Peripherals::take().expect("the only call");
    clock::start(peripherals.SYST);

    let mut line = [0; 256];
    let line = board::arguments(&mut line);
    let argument = |name: &str| {
        line.split(' ').filter_map(|word| word.split_once('=')).find(|(found, _)| *found == name)
    };
    let argument = |name: &str| argument(name).map(|(_, value)| value).unwrap_or_default();
    let random = argument("seed").parse().expect("the command line has a seed");
    let boot = argument("boot").parse().ok().map(UnixTime::from_secs);

    let mut sockets = network::Memory::default();
    let driver = Driver::new(Device { random, boot }, network::start(&mut sockets, random, NoDns));
    let learns = argument("clock") != "fixed";
    let mut driver = driver.with_clock(if learns { Clock::new() } else { Clock::uncorrected() });

    let done = match argument("run") {
        "chain" => chain(&mut driver),
        "metadata" => identify(&mut driver, Imds::new(endpoint(Imds::ENDPOINT))),
        "container" => {
            let token = Authorization::Token(argument("token"));
            identify(&mut driver, Container::relative(argument("path"), token).expect("it is a path"))
        }
        other => {
            println!("unknown run: {other}");
            false
        }
    };
    println!("{} after {} ms", if done { "done" } else { "failed" }, clock::milliseconds());
    board::exit(done)
}

/// Assumes a role repeatedly, until the instance's credentials have been refreshed.
fn chain(driver: &mut Driver<Device, Network<'_>>) -> bool {
    let instance = Refreshing::new(Imds::new(endpoint(Imds::ENDPOINT)), Windows::default());
    let role = AssumeRole::new(instance, service(), AssumeRoleRequest::new(ROLE_ARN, "device"));
    let mut whoami = GetCallerIdentity::new(role, service(), GetCallerIdentityRequest);

    let (mut exchange, mut lent) = ([0; EXCHANGE], [[0; SLOT]; 4]);
    let mut slots = lent.each_mut().map(|memory| Slot::new(memory));
    let mut first_end = None;
    loop {
        let mut memory = Memory { exchange: &mut exchange, slots: &mut slots };
        if let Err(error) = driver.run(&mut whoami, &mut memory) {
            return failed(driver, &error);
        }
        let [caller, role, instance, _] = &mut slots;
        let (Some(caller), Some(instance)) = (caller.identity(), instance.credentials()) else {
            return false;
        };
        let (Some(now), Some(end)) = (driver.time(), instance.expiration()) else { return false };
        println!("at {} I am {}", now.rfc3339(), caller.arn);
        println!("instance key {} ends {}", instance.access_key_id(), end.rfc3339());

        match download(driver, endpoint(STS), OBJECT, REGION, &mut exchange, role) {
            Ok(greeting) => println!("object: {}", greeting.as_str()),
            Err(error) => return failed(driver, &error),
        }

        let first_end = *first_end.get_or_insert(end);
        if now > first_end && end > first_end {
            println!("the first credentials have expired and were replaced");
            return true;
        }
        sleep(driver, 10_000);
    }
}

/// Fetches credentials and calls GetCallerIdentity, until it succeeds.
fn identify<'c>(driver: &mut Driver<Device, Network<'_>>, source: impl Flow<'c, Output = Lease>) -> bool {
    let source = Refreshing::new(source, Windows::default());
    let mut whoami = GetCallerIdentity::new(source, service(), GetCallerIdentityRequest);
    let (mut exchange, mut lent) = ([0; EXCHANGE], [[0; SLOT]; 3]);
    let mut slots = lent.each_mut().map(|memory| Slot::new(memory));
    for _ in 0..ATTEMPTS {
        let mut memory = Memory { exchange: &mut exchange, slots: &mut slots };
        match driver.run(&mut whoami, &mut memory) {
            Ok(_) => {
                let Some(caller) = slots[0].identity() else { return false };
                println!("I am {}", caller.arn);
                return true;
            }
            Err(error) => failed(driver, &error),
        };
        sleep(driver, 500);
    }
    false
}

fn failed(driver: &Driver<Device, Network<'_>>, error: &Error) -> bool {
    println!("error: {error}");
    if !driver.report().is_empty() {
        println!("service: {}", driver.report());
    }
    false
}

fn service() -> Service<'static> {
    Service::new(endpoint(STS), REGION)
}

fn endpoint(url: &str) -> Endpoint<'_> {
    Endpoint::parse(url).expect("it is a URL")
}

/// Waits while the network is polled.
fn sleep(driver: &mut Driver<Device, Network<'_>>, milliseconds: u64) {
    let until = driver.board().now().monotonic.after_ms(milliseconds);
    let (board, network) = (Device { random: 0, boot: None }, driver.network());
    Link::wait(network, &mut { board }, until);
}
