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
use rolecall_tls::{Config, Identity, P256Key, Records, Tls};
use shared::{Device, download, network};
use static_cell::ConstStaticCell;

use names::Names;
use timed::Timed;

const STS: &str = "https://sts.us-east-1.amazonaws.com";
const S3: &str = "https://s3.us-east-1.amazonaws.com";
const REGION: &str = "us-east-1";
const ROLE_ARN: &str = "arn:aws:iam::000000000000:role/rolecall";
const OBJECT: &str = "/rolecall/greeting";

/// The keys in these tests have a session token of a few hundred bytes.
const SLOT: usize = 1536;
const EXCHANGE: usize = 6144;
/// One certificate, or a key.
const FILE: usize = 2048;
/// A quarter more than the most that is in use at once.
const HEAP_SIZE: usize = 14 * 1024;

static HEAP: ConstStaticCell<[u8; HEAP_SIZE]> = ConstStaticCell::new([0; HEAP_SIZE]);
/// One record of any server.
static INCOMING: ConstStaticCell<[u8; 16_640]> = ConstStaticCell::new([0; 16_640]);
static OUTGOING: ConstStaticCell<[u8; 4096]> = ConstStaticCell::new([0; 4096]);
static EXCHANGED: ConstStaticCell<[u8; EXCHANGE]> = ConstStaticCell::new([0; EXCHANGE]);
static HELD: ConstStaticCell<[[u8; SLOT]; 3]> = ConstStaticCell::new([[0; SLOT]; 3]);

type Network<'a> = Timed<Tls<'static, network::Network<'a, Names>>>;

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
    random::start(seed);

    let mut sockets = network::Memory::default();
    let network = network::start(&mut sockets, seed, Names);
    let records = Records { incoming: INCOMING.take(), outgoing: OUTGOING.take() };
    let tls = Tls::new(network, config(UnixTime::from_secs(built)), records).expect("it has roots");
    let mut driver = Driver::new(Device { random: seed, boot: None }, Timed(tls));

    let exchange = EXCHANGED.take();
    let mut slots = HELD.take().each_mut().map(|memory| Slot::new(memory));
    println!("started with {} bytes of heap", heap::most_used());
    for port in argument("ports").split(',') {
        serve(&mut driver, port, exchange, &mut slots);
    }
    println!("done after {} ms", clock::milliseconds());
    board::exit(true)
}

/// Trusts two roots, and has a certificate.
fn config(built: UnixTime) -> Config {
    let mut memory = [0; FILE];
    let certificate = board::file(c"device.der", &mut memory);
    let mut key = [0; FILE];
    let key = P256Key::from_der(board::file(c"device.key", &mut key)).expect("it is a key on P-256");
    let identity = Identity::new([certificate], key);
    let mut config = Config::new(random::fill, built).identity(identity);
    for name in [c"root.der", c"rsa.der"] {
        config = config.root(board::file(name, &mut memory)).expect("it is a certificate");
    }
    config
}

/// Gets credentials from the AWS IoT at `port`, and uses them; says what has come of it.
fn serve(
    driver: &mut Driver<Device, Network<'_>>,
    port: &str,
    exchange: &mut [u8; EXCHANGE],
    slots: &mut [Slot<'_>; 3],
) {
    let mut url = String::<96>::new();
    let _ = write!(url, "https://{}:{port}", names::IOT);
    println!("port {port}");
    let begun = clock::milliseconds();
    let (done, deepest) = stack::measured(|| {
        let iot = Iot::new(endpoint(&url), "gateways", Some("gateway-7"));
        let service = Service::new(endpoint(STS), REGION);
        let role = AssumeRole::new(iot, service, AssumeRoleRequest::new(ROLE_ARN, "device"));
        let mut whoami = GetCallerIdentity::new(role, service, GetCallerIdentityRequest);
        driver.run(&mut whoami, &mut Memory { exchange, slots })?;
        download(driver, endpoint(S3), OBJECT, REGION, exchange, &mut slots[1])
    });
    let [caller, _, held] = slots;
    match done {
        Ok(greeting) => {
            let arn = caller.identity().map(|caller| caller.arn).unwrap_or_default();
            println!("I am {arn}, object: {}", greeting.as_str());
        }
        Err(error) => {
            println!("error: {error}");
            if let Some(fault) = driver.network().0.fault() {
                println!("fault: {fault}");
                println!("kind: {fault:?}");
            }
            if !driver.report().is_empty() {
                println!("service: {}", driver.report());
            }
        }
    }
    let key = held.credentials().map(|held| held.access_key_id()).unwrap_or("none");
    println!("held: {key}");
    let (handshakes, heap) = (driver.network().0.handshakes(), heap::most_used());
    let passed = clock::milliseconds() - begun;
    println!("{handshakes} handshakes, heap {heap}, stack {deepest}, {passed} ms");
}

fn endpoint(url: &str) -> Endpoint<'_> {
    Endpoint::parse(url).expect("it is a URL")
}
