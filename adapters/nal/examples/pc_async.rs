//! The async driver on a PC, as on a board: credentials of a container, refreshed when they are due, and an object
//! read with them. The simulator stands in for the cloud, and async-io for the executor of the board.
//!
//! ```sh
//! cargo run -p rolecall-nal --example pc_async
//! ```

use std::time::Duration;

use rolecall_core::call::Outgoing;
use rolecall_core::flow::{Endpoint, Memory, Slot};
use rolecall_core::refresh::{Refreshing, Windows};
use rolecall_core::sigv4::{Rules, Scope};
use rolecall_core::skew::{Instant, Now};
use rolecall_core::sources::{Authorization, Container};
use rolecall_nal::asynch::{Tcp, Timer};
use rolecall_nal::{Board, Driver};
use rolecall_simulator::{Config, Simulator};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let simulator = Simulator::start(Config::default())?;
    println!("GET: {:?}", async_io::block_on(run(&simulator))?);
    for event in simulator.events() {
        println!("{event}");
    }
    Ok(())
}

/// Returns the statuses of two requests, the second signed with credentials that are held.
pub(crate) async fn run(simulator: &Simulator) -> Result<[u16; 2], Box<dyn std::error::Error>> {
    let variables = simulator.container_environment();
    let variable = |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    let uri = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI").ok_or("no container endpoint")?;
    let token =
        variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").map_or(Authorization::None, Authorization::Token);
    let mut source = Refreshing::new(Container::full(uri, token)?, Windows::default());

    // The memory: two slots hold the credentials in use and those being fetched.
    let mut exchange = [0; 8_192];
    let mut memory = [[0; Slot::RECOMMENDED]; 2];
    let mut slots = memory.each_mut().map(|slot| Slot::new(slot));

    // The network: any `embedded_nal_async::TcpConnect` that also looks names up.
    let network = Tcp::new(std_embedded_nal_async::Stack::default());
    let mut driver = Driver::new(Pc { start: std::time::Instant::now(), seed: 7 }, network);

    let (s3, region) = (simulator.s3_url(), simulator.region());
    let target = format!("/{}/settings.json", simulator.bucket());
    let scope = Scope { region, service: "s3", rules: Rules::S3 };
    let mut statuses = [0; 2];
    for status in &mut statuses {
        let request = Outgoing::new("GET", Endpoint::parse(&s3)?, &target, scope);
        let mut memory = Memory { exchange: &mut exchange, slots: &mut slots };
        // The future may be dropped at any time, by a `select` say; the next call resumes.
        *status = driver.send_async(&mut source, request, &mut memory).await?.reply.status;
    }
    Ok(statuses)
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

impl Timer for Pc {
    async fn sleep_until(&mut self, instant: Instant) {
        let left = instant.ms_since(self.now().monotonic);
        async_io::Timer::after(Duration::from_millis(left)).await;
    }
}
