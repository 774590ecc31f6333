//! Drivers that use the loopback network of the machine.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use rolecall_core::call::{Answered, Outgoing};
use rolecall_core::error::Error;
use rolecall_core::flow::{Flow, Lease, Memory, Report, Slot};
use rolecall_core::skew::Clock;
use rolecall_core::wire::time::UnixTime;
use rolecall_nal::blocking::ZeroRead;
use rolecall_nal::{Bodies, Driver, WithDns, asynch, blocking};

use crate::board::{Loop, RealBoard, slot};
use crate::streams::{ByteSource, Sink};

type Names = Rc<RefCell<Vec<String>>>;
type Blocking = WithDns<std_embedded_nal::Stack, CountingDns<std_embedded_nal::Stack>>;
type Async = WithDns<std_embedded_nal_async::Stack, CountingDns<std_embedded_nal_async::Stack>>;

type BlockingTcp = blocking::Tcp<Blocking, fn(&mut Blocking)>;

/// The system's resolver, which records the names it looks up.
pub(crate) struct CountingDns<D> {
    dns: D,
    asked: Names,
}

mod nb_dns {
    use super::CountingDns;
    use embedded_nal::{AddrType, Dns, nb};
    use std::net::IpAddr;

    impl<D: Dns> Dns for CountingDns<D> {
        type Error = D::Error;

        fn get_host_by_name(&mut self, host: &str, _: AddrType) -> nb::Result<IpAddr, D::Error> {
            self.asked.borrow_mut().push(host.to_owned());
            // The peers listen on IPv4 only.
            self.dns.get_host_by_name(host, AddrType::IPv4)
        }

        fn get_host_by_address(&mut self, address: IpAddr, name: &mut [u8]) -> nb::Result<usize, D::Error> {
            self.dns.get_host_by_address(address, name)
        }
    }
}

mod async_dns {
    use super::CountingDns;
    use embedded_nal_async::{AddrType, Dns};
    use std::net::IpAddr;

    impl<D: Dns> Dns for CountingDns<D> {
        type Error = D::Error;

        async fn get_host_by_name(&self, host: &str, _: AddrType) -> Result<IpAddr, D::Error> {
            self.asked.borrow_mut().push(host.to_owned());
            self.dns.get_host_by_name(host, AddrType::IPv4).await
        }

        async fn get_host_by_address(&self, address: IpAddr, name: &mut [u8]) -> Result<usize, D::Error> {
            self.dns.get_host_by_address(address, name).await
        }
    }
}

enum Either {
    Blocking(Driver<RealBoard, BlockingTcp>),
    Async(Driver<RealBoard, asynch::Tcp<Async>>),
}

/// A driver with its own memory.
pub(crate) struct Loopback {
    driver: Either,
    pub(crate) exchange: Vec<u8>,
    pub(crate) slots: Vec<Slot<'static>>,
    names: Names,
}

impl Loopback {
    /// `zero_read` affects only the blocking loop.
    pub(crate) fn new(on: Loop, board: RealBoard, zero_read: ZeroRead) -> Self {
        let names = Names::default();
        let asked = names.clone();
        let driver = match on {
            Loop::Blocking => {
                let dns = CountingDns { dns: std_embedded_nal::Stack, asked };
                let network = WithDns { stack: std_embedded_nal::Stack, dns };
                let idle: fn(&mut Blocking) = |_| std::thread::sleep(Duration::from_millis(1));
                Either::Blocking(Driver::new(
                    board,
                    blocking::Tcp::new(network, idle).with_zero_read(zero_read),
                ))
            }
            Loop::Async => {
                let dns = CountingDns { dns: std_embedded_nal_async::Stack::default(), asked };
                let network = WithDns { stack: std_embedded_nal_async::Stack::default(), dns };
                Either::Async(Driver::new(board, asynch::Tcp::new(network)))
            }
        };
        Self { driver, exchange: vec![0; 8_192], slots: (0..3).map(|_| slot()).collect(), names }
    }

    pub(crate) fn with_clock(self, clock: Clock) -> Self {
        let driver = match self.driver {
            Either::Blocking(driver) => Either::Blocking(driver.with_clock(clock)),
            Either::Async(driver) => Either::Async(driver.with_clock(clock)),
        };
        Self { driver, ..self }
    }

    pub(crate) fn run<'c, F: Flow<'c>>(&mut self, flow: &mut F) -> Result<F::Output, Error> {
        let mut memory = Memory { exchange: &mut self.exchange, slots: &mut self.slots };
        let result = match &mut self.driver {
            Either::Blocking(driver) => driver.run(flow, &mut memory),
            Either::Async(driver) => async_io::block_on(driver.run_async(flow, &mut memory)),
        };
        assert!(self.exchange.iter().all(|byte| *byte == 0), "the exchange buffer is not wiped");
        result
    }

    pub(crate) fn send<'c>(
        &mut self,
        base: &mut impl Flow<'c, Output = Lease>,
        request: Outgoing<'c>,
    ) -> Result<Answered, Error> {
        let mut memory = Memory { exchange: &mut self.exchange, slots: &mut self.slots };
        match &mut self.driver {
            Either::Blocking(driver) => driver.send(base, request, &mut memory),
            Either::Async(driver) => async_io::block_on(driver.send_async(base, request, &mut memory)),
        }
    }

    pub(crate) fn send_with<'c>(
        &mut self,
        base: &mut impl Flow<'c, Output = Lease>,
        request: Outgoing<'c>,
        spring: &mut ByteSource,
        sink: &mut Sink,
    ) -> Result<Answered, Error> {
        let mut bodies = Bodies::upload(spring).rewinding(|spring| spring.rewind()).and_download(sink);
        let mut memory = Memory { exchange: &mut self.exchange, slots: &mut self.slots };
        match &mut self.driver {
            Either::Blocking(driver) => driver.send_with(base, request, &mut bodies, &mut memory),
            Either::Async(driver) => {
                async_io::block_on(driver.send_with_async(base, request, &mut bodies, &mut memory))
            }
        }
    }

    pub(crate) fn report(&self) -> &Report {
        match &self.driver {
            Either::Blocking(driver) => driver.report(),
            Either::Async(driver) => driver.report(),
        }
    }

    pub(crate) fn time(&mut self) -> Option<UnixTime> {
        match &mut self.driver {
            Either::Blocking(driver) => driver.time(),
            Either::Async(driver) => driver.time(),
        }
    }

    /// The names that were looked up.
    pub(crate) fn names(&self) -> Vec<String> {
        self.names.borrow().clone()
    }
}
