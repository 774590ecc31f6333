//! The firmware of a device with a certificate, and without a clock: AWS IoT exchanges the certificate for credentials, and
//! STS gives a role for these, everything over TLS. The emulator's command line has
//!
//!     seed=NUMBER built=TIME ports=PORT,PORT...
//!
//! with the date of the firmware in seconds since 1970. For each port it gets credentials from the AWS IoT that is there,
//! assumes a role with them, asks who it is, and reads an object; an error is printed, and the next port is next.
//!
//! What a firmware usually includes is in files beside the emulator's command line, so that one image is used for every test:
//! `root.der` and `rsa.der`, of which the board trusts what they have issued, `device.der` and `device.key`.

#![no_std]
#![no_main]
#![deny(unsafe_code)]

mod names;
#[cfg_attr(feature = "plain", path = "plain.rs")]
mod over;
#[cfg(not(feature = "plain"))]
mod random;
mod timed;

use core::fmt::Write;

use board::{clock, heap, println, stack};
use cortex_m_rt::entry;
use heapless::String;
use rolecall_core::call::Service;
use rolecall_core::flow::{Endpoint, Memory, Slot};
use rolecall_core::sources::Iot;
use rolecall_core::sources::sts::{
    AssumeRole, AssumeRoleRequest, GetCallerIdentity, GetCallerIdentityRequest,
};
use rolecall_core::wire::time::UnixTime;
use rolecall_nal::Driver;
use shared::{Device, download, network};
use static_cell::{ConstStaticCell, StaticCell};

use names::Names;
use timed::Timed;

const REGION: &str = "us-east-1";
const ROLE_ARN: &str = "arn:aws:iam::000000000000:role/rolecall";
const OBJECT: &str = "/rolecall/greeting";

/// The keys in these tests have a session token of a few hundred bytes.
const SLOT: usize = 1536;
const EXCHANGE: usize = 6144;
/// A little more than the most that is in use at once, with RSA of 4,096 bits.
const HEAP_SIZE: usize = 16 * 1024;

static HEAP: ConstStaticCell<[u8; HEAP_SIZE]> = ConstStaticCell::new([0; HEAP_SIZE]);
static SOCKETS: StaticCell<network::Memory<'_>> = StaticCell::new();
static EXCHANGED: ConstStaticCell<[u8; EXCHANGE]> = ConstStaticCell::new([0; EXCHANGE]);
static HELD: ConstStaticCell<[[u8; SLOT]; 3]> = ConstStaticCell::new([[0; SLOT]; 3]);

type Plain<'a> = network::Network<'a, Names>;
type Network<'a> = Timed<over::Over<'a>>;

#[entry]
fn main() -> ! {
    let peripherals = cortex_m::Peripherals::take().expect("the only call");
    clock::start(peripherals.SYST);
    heap::start(HEAP.take());

    let mut line = [0; 512];
    let line = board::arguments(&mut line);
    let argument = |name: &str| {
        line.split(' ').filter_map(|word| word.split_once('=')).find(|(found, _)| *found == name)
    };
    let argument = |name: &str| argument(name).map(|(_, value)| value).unwrap_or_default();
    let seed: u32 = argument("seed").parse().expect("the command line has a seed");
    let built = argument("built").parse().expect("the command line has the date of the firmware");
    let mut driver = driver(seed, UnixTime::from_secs(built));

    let exchange = EXCHANGED.take();
    let mut slots = HELD.take().each_mut().map(|memory| Slot::new(memory));
    println!("started with {} bytes of heap", heap::most_used());
    for port in argument("ports").split(',') {
        serve(&mut driver, port, exchange, &mut slots);
    }
    println!("done after {} ms", clock::milliseconds());
    board::exit(true)
}

/// The parts of the driver are moved here, outside of the frame of `main`, which is never left.
#[inline(never)]
fn driver(seed: u32, built: UnixTime) -> Driver<Device, Network<'static>> {
    #[cfg(not(feature = "plain"))]
    random::start(seed);
    let network = network::start(SOCKETS.init_with(network::Memory::default), seed, Names);
    let network = Timed(over::start(network, built));
    Driver::new(Device { random: seed, boot: None }, network)
}

/// Gets credentials from the AWS IoT at `port`, and uses them; says what has come of it.
#[inline(never)]
fn serve(
    driver: &mut Driver<Device, Network<'_>>,
    port: &str,
    exchange: &mut [u8; EXCHANGE],
    slots: &mut [Slot<'_>; 3],
) {
    let [iot, sts, s3] = [url(names::IOT, Some(port)), url(names::STS, None), url(names::S3, None)];
    println!("port {port}");
    let begun = clock::milliseconds();
    let (done, deepest) = stack::measured(|| {
        let iot = Iot::new(endpoint(&iot), "gateways", Some("gateway-7"));
        let service = Service::new(endpoint(&sts), REGION);
        let role = AssumeRole::new(iot, service, AssumeRoleRequest::new(ROLE_ARN, "device"));
        let mut whoami = GetCallerIdentity::new(role, service, GetCallerIdentityRequest);
        driver.run(&mut whoami, &mut Memory { exchange, slots })?;
        download(driver, endpoint(&s3), OBJECT, REGION, exchange, &mut slots[1])
    });
    let [caller, _, held] = slots;
    match done {
        Ok(greeting) => {
            let arn = caller.identity().map(|caller| caller.arn).unwrap_or_default();
            println!("I am {arn}, object: {}", greeting.as_str());
        }
        Err(error) => {
            println!("error: {error}");
            over::report(&driver.network().0);
            if !driver.report().is_empty() {
                println!("service: {}", driver.report());
            }
        }
    }
    let key = held.credentials().map(|held| held.access_key_id()).unwrap_or("none");
    println!("held: {key}");
    let (handshakes, heap) = (over::handshakes(&driver.network().0), heap::most_used());
    let passed = clock::milliseconds() - begun;
    println!("{handshakes} handshakes, heap {heap}, stack {deepest}, {passed} ms");
}

fn url(host: &str, port: Option<&str>) -> String<96> {
    let mut url = String::new();
    // There is room for any of these.
    let _ = write!(url, "{}://{host}", over::SCHEME);
    if let Some(port) = port {
        let _ = write!(url, ":{port}");
    }
    url
}

fn endpoint(url: &str) -> Endpoint<'_> {
    Endpoint::parse(url).expect("it is a URL")
}
