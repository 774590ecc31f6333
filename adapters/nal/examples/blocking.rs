//! A gateway on a polled `embedded-nal` stack: the role of the machine it runs on, with it a role of
//! another account, and a signed request. Copy it as a module of a firmware.
//!
//! `tests/firmware/examples` compiles this file for a board.

use embedded_nal::{Dns, TcpClientStack};
use rolecall_core::call::{Outgoing, Service};
use rolecall_core::flow::{Endpoint, Memory, Slot};
use rolecall_core::refresh::{Refreshing, Windows};
use rolecall_core::sigv4::{Rules, Scope};
use rolecall_core::skew::Now;
use rolecall_core::sources::Imds;
use rolecall_core::sources::sts::{AssumeRole, AssumeRoleRequest};
use rolecall_nal::blocking::Tcp;
use rolecall_nal::{Board, Driver, Ticks};

/// What is lent: 21 KB, for tokens of 4 KB. It may be a `static`.
pub struct Buffers {
    exchange: [u8; 8_192],
    /// What is held, what is being fetched, and what it is fetched with.
    slots: [[u8; Slot::RECOMMENDED]; 3],
}

impl Buffers {
    /// Nothing in them.
    pub const fn new() -> Self {
        Self { exchange: [0; 8_192], slots: [[0; Slot::RECOMMENDED]; 3] }
    }
}

impl Default for Buffers {
    fn default() -> Self {
        Self::new()
    }
}

/// Where a gateway goes.
pub struct Settings<'c> {
    /// `http://` for a service on the local network; for `https` the driver takes `Streams`.
    pub sts: &'c str,
    /// The region of both services.
    pub region: &'c str,
    /// The role to assume.
    pub role_arn: &'c str,
    /// Names this board in audit logs.
    pub session_name: &'c str,
    /// `http://BUCKET.s3.REGION.amazonaws.com`
    pub bucket: &'c str,
}

/// A sign of life each minute.
const PERIOD_MS: u64 = 60_000;

/// Runs for ever. `poll` polls the stack.
pub fn gateway<S: TcpClientStack + Dns>(
    board: impl Board,
    stack: S,
    poll: impl Fn(&mut S),
    buffers: &mut Buffers,
    settings: &Settings<'_>,
) -> Result<core::convert::Infallible, rolecall_core::wire::Error> {
    let base = Imds::new(Endpoint::parse(Imds::ENDPOINT)?);
    let sts = Service::new(Endpoint::parse(settings.sts)?, settings.region);
    let bucket = Endpoint::parse(settings.bucket)?;
    let role = AssumeRoleRequest::new(settings.role_arn, settings.session_name);
    let mut source = Refreshing::new(AssumeRole::new(base, sts, role), Windows::default());

    let mut slots = buffers.slots.each_mut().map(|slot| Slot::new(slot));
    let mut driver = Driver::new(board, Tcp::new(stack, |stack| poll(stack)));
    let mut next = driver.board().now().monotonic;
    loop {
        poll(driver.network().stack());
        if driver.board().now().monotonic < next {
            continue;
        }
        next = next.after_ms(PERIOD_MS);
        let mut memory = Memory { exchange: &mut buffers.exchange, slots: &mut slots };
        // Credentials are there at once while what is held is good, else it takes an exchange or a few. A
        // refresh that fails keeps what is held.
        let scope = Scope { region: settings.region, service: "s3", rules: Rules::S3 };
        let request = Outgoing::new("PUT", bucket, "/alive", scope);
        match driver.send(&mut source, request, &mut memory) {
            Ok(answered) if answered.credentials_ended => {
                if let Some(held) = memory.slots.first().and_then(Slot::credentials) {
                    source.invalidate(held.access_key_id(), &memory);
                }
            }
            // Any status; `driver.report()` has the peer's words.
            Ok(_answered) => {}
            Err(_error) => {}
        }
    }
}

/// A board with a timer of 32 bits, which wraps every 49.7 days, and no clock that keeps the time.
pub struct Gateway {
    /// Milliseconds of the timer.
    pub milliseconds: fn() -> u32,
    /// Random bits of the hardware.
    pub random: fn() -> u32,
}

/// The timer in 64 bits. A static, so that interrupts and other boards may read it as well.
static TICKS: Ticks = Ticks::new();

impl Board for Gateway {
    fn now(&mut self) -> Now {
        Now { monotonic: TICKS.instant((self.milliseconds)()), wall: None }
    }

    fn entropy(&mut self) -> u32 {
        (self.random)()
    }
}
