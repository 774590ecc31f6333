//! A board, its network, and what it runs.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use embedded_nal::nb;
use rolecall_core::error::Error;
use rolecall_core::flow::{Endpoint, Flow, Lease, Memory, Slot};
use rolecall_core::skew::{Instant, Now};
use rolecall_core::sources::Iot;
use rolecall_core::wire::time::UnixTime;
use rolecall_nal::asynch::{self, Timer};
use rolecall_nal::blocking::{Tcp, ZeroRead};
use rolecall_nal::{Board, Driver, WithDns};
use rolecall_tls::rustls::crypto::GetRandomFailed;
use rolecall_tls::{Config, Fault, Identity, P256Key, Records, Tls};

use crate::server::{Pair, Server};

/// The date of the firmware in these tests, seconds since 1970: a day ago.
pub(crate) fn built() -> UnixTime {
    now().saturating_add(-86_400)
}

pub(crate) fn now() -> UnixTime {
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    UnixTime::from_secs(wall.as_secs())
}

pub(crate) fn random(room: &mut [u8]) -> Result<(), GetRandomFailed> {
    getrandom::fill(room).map_err(|_| GetRandomFailed)
}

/// Every name leads to loopback.
pub(crate) struct Loopback;

impl embedded_nal::Dns for Loopback {
    type Error = std::io::Error;

    fn get_host_by_name(&mut self, _: &str, _: embedded_nal::AddrType) -> nb::Result<IpAddr, std::io::Error> {
        Ok(IpAddr::from([127, 0, 0, 1]))
    }

    fn get_host_by_address(&mut self, _: IpAddr, _: &mut [u8]) -> nb::Result<usize, std::io::Error> {
        Err(nb::Error::Other(std::io::ErrorKind::Unsupported.into()))
    }
}

impl embedded_nal_async::Dns for Loopback {
    type Error = std::io::Error;

    async fn get_host_by_name(
        &self,
        _: &str,
        _: embedded_nal_async::AddrType,
    ) -> Result<IpAddr, std::io::Error> {
        Ok(IpAddr::from([127, 0, 0, 1]))
    }

    async fn get_host_by_address(&self, _: IpAddr, _: &mut [u8]) -> Result<usize, std::io::Error> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

/// The loop under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loop {
    Blocking,
    Async,
}

/// A board with the monotonic clock of the machine, and a clock for the date if it is given one.
pub(crate) struct Device {
    started: std::time::Instant,
    /// The date that its clock shows at the start.
    pub(crate) wall: Option<UnixTime>,
}

impl Device {
    pub(crate) fn new(wall: Option<UnixTime>) -> Self {
        Self { started: std::time::Instant::now(), wall }
    }
}

impl Board for Device {
    fn now(&mut self) -> Now {
        let since = self.started.elapsed();
        let wall = self.wall.map(|wall| wall.saturating_add(since.as_secs() as i64));
        Now { monotonic: Instant::from_millis(since.as_millis() as u64), wall }
    }

    fn entropy(&mut self) -> u32 {
        4
    }
}

impl Timer for Device {
    async fn sleep_until(&mut self, instant: Instant) {
        let left = instant.ms_since(self.now().monotonic);
        async_io::Timer::after(Duration::from_millis(left)).await;
    }
}

type BlockingNet =
    Tcp<WithDns<std_embedded_nal::Stack, Loopback>, fn(&mut WithDns<std_embedded_nal::Stack, Loopback>)>;
type AsyncNet = asynch::Tcp<WithDns<std_embedded_nal_async::Stack, Loopback>>;

pub(crate) fn blocking_network() -> BlockingNet {
    let stack = WithDns { stack: std_embedded_nal::Stack, dns: Loopback };
    let idle: fn(&mut _) = |_| std::thread::sleep(Duration::from_millis(1));
    Tcp::new(stack, idle).with_zero_read(ZeroRead::End)
}

/// A driver over one of the loops.
pub(crate) enum Running {
    Blocking(Driver<Device, Tls<'static, BlockingNet>>),
    Async(Driver<Device, Tls<'static, AsyncNet>>),
}

/// A board with a certificate, and memory for credentials.
pub(crate) struct Rig {
    pub(crate) driver: Running,
    pub(crate) exchange: Vec<u8>,
    pub(crate) slots: Vec<Slot<'static>>,
}

/// What a board is built with.
pub(crate) struct Build<'p> {
    pub(crate) roots: Vec<Vec<u8>>,
    pub(crate) identity: Option<&'p Pair>,
    pub(crate) wall: Option<UnixTime>,
    pub(crate) built: UnixTime,
    pub(crate) incoming: usize,
    pub(crate) outgoing: usize,
}

impl<'p> Build<'p> {
    /// One that trusts the issuer of `server`, knows the date, and presents `identity`.
    pub(crate) fn new(server: &Server, identity: &'p Pair) -> Self {
        Self {
            roots: vec![server.root.clone()],
            identity: Some(identity),
            wall: Some(now()),
            built: built(),
            incoming: 16_640,
            outgoing: 4_096,
        }
    }

    pub(crate) fn on(self, on: Loop) -> Rig {
        let mut config = Config::new(random, self.built);
        for root in &self.roots {
            config = config.root(root).unwrap();
        }
        if let Some(pair) = self.identity {
            let key = P256Key::from_der(&pair.key.serialize_der()).unwrap();
            config = config.identity(Identity::new([&*pair.certificate], key));
        }
        let records =
            Records { incoming: vec![0; self.incoming].leak(), outgoing: vec![0; self.outgoing].leak() };
        let board = Device::new(self.wall);
        let driver = match on {
            Loop::Blocking => {
                Running::Blocking(Driver::new(board, Tls::new(blocking_network(), config, records).unwrap()))
            }
            Loop::Async => {
                let stack = WithDns { stack: std_embedded_nal_async::Stack::default(), dns: Loopback };
                let network = asynch::Tcp::new(stack);
                Running::Async(Driver::new(board, Tls::new(network, config, records).unwrap()))
            }
        };
        let slot = || Slot::new(vec![0; Slot::RECOMMENDED].leak());
        Rig { driver, exchange: vec![0; 8_192], slots: vec![slot(), slot(), slot()] }
    }
}

impl Rig {
    pub(crate) fn run<'c, F: Flow<'c, Output = Lease>>(&mut self, flow: &mut F) -> Result<Lease, Error> {
        let mut memory = Memory { exchange: &mut self.exchange, slots: &mut self.slots };
        match &mut self.driver {
            Running::Blocking(driver) => driver.run(flow, &mut memory),
            Running::Async(driver) => async_io::block_on(driver.run_async(flow, &mut memory)),
        }
    }

    /// Exchanges the certificate for credentials.
    pub(crate) fn iot(&mut self, server: &Server) -> Result<Lease, Error> {
        self.iot_at(&server.endpoint())
    }

    pub(crate) fn iot_at(&mut self, endpoint: &str) -> Result<Lease, Error> {
        self.run(&mut Iot::new(Endpoint::parse(endpoint).unwrap(), "gateways", Some("gateway-7")))
    }

    pub(crate) fn fault(&mut self) -> Option<Fault> {
        match &mut self.driver {
            Running::Blocking(driver) => driver.network().fault().cloned(),
            Running::Async(driver) => driver.network().fault().cloned(),
        }
    }

    pub(crate) fn forget_date(&mut self) {
        match &mut self.driver {
            Running::Blocking(driver) => driver.network().forget_date(),
            Running::Async(driver) => driver.network().forget_date(),
        }
    }

    pub(crate) fn handshakes(&mut self) -> u32 {
        match &mut self.driver {
            Running::Blocking(driver) => driver.network().handshakes(),
            Running::Async(driver) => driver.network().handshakes(),
        }
    }
}

/// A test on each loop.
#[macro_export]
macro_rules! on_both_loops {
    ($($name:ident),* $(,)?) => {
        mod blocking {
            $(#[test] fn $name() { super::$name($crate::board::Loop::Blocking) })*
        }
        mod asynch {
            $(#[test] fn $name() { super::$name($crate::board::Loop::Async) })*
        }
    };
}
