//! The blocking driver on a PC, as on a board: the role of an instance, with it a role in another account, and an
//! object written with that. The simulator stands in for the cloud.
//!
//! ```sh
//! cargo run -p rolecall-nal --example pc_blocking
//! ```

use std::time::Duration;

use rolecall_core::call::{Content, Outgoing, Service};
use rolecall_core::flow::{Endpoint, Memory, Slot};
use rolecall_core::refresh::{Refreshing, Windows};
use rolecall_core::sigv4::{Rules, Scope};
use rolecall_core::skew::{Instant, Now};
use rolecall_core::sources::Imds;
use rolecall_core::sources::sts::{AssumeRole, AssumeRoleRequest};
use rolecall_nal::blocking::{Tcp, ZeroRead};
use rolecall_nal::{Board, Driver};
use rolecall_simulator::{Config, Simulator};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let simulator = Simulator::start(Config::default())?;
    println!("PUT: {}", run(&simulator)?);
    for event in simulator.events() {
        println!("{event}");
    }
    Ok(())
}

/// Returns the status with which the bucket answered.
pub(crate) fn run(simulator: &Simulator) -> Result<u16, Box<dyn std::error::Error>> {
    let (imds, sts, s3) = (simulator.imds_url(), simulator.sts_url(), simulator.s3_url());
    let region = simulator.region();

    // The flows: instance credentials, AssumeRole with them, and a refresh before they expire.
    let base = Imds::new(Endpoint::parse(&imds)?);
    let service = Service::new(Endpoint::parse(&sts)?, region);
    let role = AssumeRoleRequest::new(simulator.role_arn(), "board-7");
    let mut source = Refreshing::new(AssumeRole::new(base, service, role), Windows::default());

    // The memory: three slots hold the credentials in use, those being fetched, and those they are fetched with.
    let mut exchange = [0; 8_192];
    let mut memory = [[0; Slot::RECOMMENDED]; 3];
    let mut slots = memory.each_mut().map(|slot| Slot::new(slot));

    // The network: any `embedded_nal::TcpClientStack`, and what to do while it has nothing to report.
    let idle = |_: &mut std_embedded_nal::Stack| std::thread::sleep(Duration::from_millis(1));
    let network = Tcp::new(std_embedded_nal::Stack, idle).with_zero_read(ZeroRead::End);
    let mut driver = Driver::new(Pc { start: std::time::Instant::now(), seed: 7 }, network);

    let target = format!("/{}/alive", simulator.bucket());
    let scope = Scope { region, service: "s3", rules: Rules::S3 };
    let mut request = Outgoing::new("PUT", Endpoint::parse(&s3)?, &target, scope);
    request.content = Content::Bytes(b"alive");
    let mut memory = Memory { exchange: &mut exchange, slots: &mut slots };
    Ok(driver.send(&mut source, request, &mut memory)?.reply.status)
}

/// A board without a clock that keeps the time: it learns the time from the first reply.
struct Pc {
    start: std::time::Instant,
    seed: u32,
}

impl Board for Pc {
    fn now(&mut self) -> Now {
        Now { monotonic: Instant::from_millis(self.start.elapsed().as_millis() as u64), wall: None }
    }

    fn entropy(&mut self) -> u32 {
        self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.seed
    }
}
