//! A task that keeps credentials fresh and hands them to others, as embassy has it. Copy it as a
//! module of a firmware.
//!
//! Built for a board: `cargo build --target thumbv7em-none-eabihf` in `tests/bare-metal`.
//!
//! With embassy-net and embassy-time, the parts are:
//!
//! ```ignore
//! impl rolecall_nal::Board for Esp {
//!     fn now(&mut self) -> Now {
//!         Now { monotonic: Instant::from_millis(embassy_time::Instant::now().as_millis()), wall: None }
//!     }
//!     fn entropy(&mut self) -> u32 {
//!         self.rng.next_u32()
//!     }
//! }
//!
//! impl rolecall_nal::asynch::Timer for Esp {
//!     async fn sleep_until(&mut self, instant: Instant) {
//!         embassy_time::Timer::at(embassy_time::Instant::from_millis(instant.as_millis())).await;
//!     }
//! }
//!
//! #[embassy_executor::task]
//! async fn credentials(stack: embassy_net::Stack<'static>, rng: Rng) {
//!     static STATE: TcpClientState<1, 1024, 2048> = TcpClientState::new();
//!     let network = WithDns { stack: TcpClient::new(stack, &STATE), dns: DnsSocket::new(stack) };
//!     keep_fresh(Esp { rng }, network, &mut Buffers::new(), async |credentials, time| {
//!         // Sign with them, or publish them to the tasks that do.
//!     })
//!     .await
//! }
//! ```

use embedded_nal_async::{Dns, TcpConnect};
use rolecall_core::credentials::Credentials;
use rolecall_core::flow::{Endpoint, Flow, Lease, Memory, Slot};
use rolecall_core::refresh::{Refreshing, Windows};
use rolecall_core::skew::Instant;
use rolecall_core::sources::{Authorization, Chain, Container, Imds};
use rolecall_core::wire::time::UnixTime;
use rolecall_nal::Driver;
use rolecall_nal::asynch::{Tcp, Timer};

/// What is lent: 17 KB, for tokens of 4 KB. In the task they are a part of its future.
pub struct Buffers {
    exchange: [u8; 8_192],
    /// What is held, and what is being fetched.
    slots: [[u8; Slot::RECOMMENDED]; 2],
}

impl Buffers {
    /// Nothing in them.
    pub const fn new() -> Self {
        Self { exchange: [0; 8_192], slots: [[0; Slot::RECOMMENDED]; 2] }
    }
}

impl Default for Buffers {
    fn default() -> Self {
        Self::new()
    }
}

/// With an error, or credentials that never end: when to look again, in milliseconds.
const LOOK_AGAIN_MS: u64 = 60_000;

/// Runs for ever: asks the container endpoint, else the instance's metadata; calls `publish` when
/// there are new credentials, and sleeps until others are due.
pub async fn keep_fresh<B: Timer, N: TcpConnect + Dns>(
    board: B,
    network: N,
    buffers: &mut Buffers,
    mut publish: impl AsyncFnMut(&Credentials<'_>, Option<UnixTime>),
) -> Result<core::convert::Infallible, rolecall_core::wire::Error> {
    let mut container = Container::relative("/v2/credentials", Authorization::None)?;
    let mut imds = Imds::new(Endpoint::parse(Imds::ENDPOINT)?);
    let sources: [&mut dyn Flow<'_, Output = Lease>; 2] = [&mut container, &mut imds];
    let mut source = Refreshing::new(Chain::new(sources), Windows::default());

    let mut slots = buffers.slots.each_mut().map(|slot| Slot::new(slot));
    let mut driver = Driver::new(board, Tcp::new(network));
    let mut held: Option<Lease> = None;
    loop {
        let mut memory = Memory { exchange: &mut buffers.exchange, slots: &mut slots };
        // May be dropped at any time, by a `select` say: it goes on from there.
        let lease = driver.run_async(&mut source, &mut memory).await.ok();
        if lease.is_some() && lease != held {
            held = lease;
            if let Some(credentials) = slots.first().and_then(Slot::credentials) {
                publish(&credentials, driver.time()).await;
            }
        }
        let now: Instant = driver.board().now().monotonic;
        let due = source.policy().next_change(now).unwrap_or(now.after_ms(LOOK_AGAIN_MS));
        driver.board().sleep_until(due).await;
    }
}
