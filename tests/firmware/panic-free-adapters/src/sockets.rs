//! Resolvers and streams of which the compiler knows nothing.

use core::hint::black_box;
use core::net::IpAddr;

use embedded_io::{ErrorKind, ErrorType};
use embedded_nal::nb;
use rolecall_core::error::FailureKind;
use rolecall_core::skew::Instant;
use rolecall_nal::blocking::{Streams, ZeroRead};
use rolecall_nal::{NoDns, NoSuchName, Remote, WithDns, asynch, blocking, connect_failure};
use sizes::image::NoStack;

use crate::drivers::{self, address};

/// Calls everything that a network is made of.
pub(crate) fn call() {
    let network = WithDns { stack: NoStack, dns: Names };
    let tcp = blocking::Tcp::new(network, |_| {}).with_zero_read(black_box(ZeroRead::End));
    let mut driver = drivers::blocking(tcp);
    black_box(driver.network().stack());
    drivers::blocking(blocking::Tcp::new(WithDns { stack: NoStack, dns: NoDns }, |_| {}));
    let mut driver = drivers::blocking(Streams::new(Opener, || {}));
    black_box(driver.network().opener());
    drivers::asynch(asynch::Tcp::new(WithDns { stack: NoStack, dns: Names }));
    drivers::asynch(asynch::Tcp::new(WithDns { stack: NoStack, dns: NoDns }));
    drivers::asynch(Opener);
    black_box(connect_failure(&black_box(ErrorKind::Other)));
}

/// What came of an operation on `bytes`.
fn outcome(bytes: &[u8]) -> Result<usize, ErrorKind> {
    black_box(Ok(black_box(bytes).len()))
}

/// A resolver.
struct Names;

impl embedded_nal::Dns for Names {
    type Error = NoSuchName;

    fn get_host_by_name(&mut self, host: &str, _: embedded_nal::AddrType) -> nb::Result<IpAddr, NoSuchName> {
        black_box(host);
        black_box(Ok(address()))
    }

    fn get_host_by_address(&mut self, _: IpAddr, _: &mut [u8]) -> nb::Result<usize, NoSuchName> {
        black_box(Ok(1))
    }
}

impl embedded_nal_async::Dns for Names {
    type Error = NoSuchName;

    async fn get_host_by_name(
        &self,
        host: &str,
        _: embedded_nal_async::AddrType,
    ) -> Result<IpAddr, NoSuchName> {
        black_box(host);
        black_box(Ok(address()))
    }

    async fn get_host_by_address(&self, _: IpAddr, _: &mut [u8]) -> Result<usize, NoSuchName> {
        black_box(Ok(1))
    }
}

/// Opens streams.
struct Opener;

impl blocking::Open for Opener {
    type Stream<'a> = Stream;

    fn resolve(&mut self, _: &str, _: Instant) -> Result<IpAddr, FailureKind> {
        black_box(Ok(address()))
    }

    fn open(&mut self, remote: &Remote<'_>, _: Instant) -> Result<Stream, FailureKind> {
        black_box(remote.socket_addr());
        black_box(Ok(Stream))
    }
}

impl asynch::Open for Opener {
    type Stream<'a> = Stream;

    async fn resolve(&mut self, _: &str) -> Result<IpAddr, FailureKind> {
        black_box(Ok(address()))
    }

    async fn open(&mut self, _: &Remote<'_>) -> Result<Stream, FailureKind> {
        black_box(Ok(Stream))
    }
}

/// A stream.
struct Stream;
/// The body of a request.
pub(crate) struct Reader;
/// The body of a reply.
pub(crate) struct Writer;

impl ErrorType for Stream {
    type Error = ErrorKind;
}

impl ErrorType for Reader {
    type Error = ErrorKind;
}

impl ErrorType for Writer {
    type Error = ErrorKind;
}

impl embedded_io::Read for Stream {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        outcome(room)
    }
}

impl embedded_io::Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        outcome(bytes)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        black_box(Ok(()))
    }
}

impl embedded_io_async::Read for Stream {
    async fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        outcome(room)
    }
}

impl embedded_io_async::Write for Stream {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        outcome(bytes)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        black_box(Ok(()))
    }
}

impl embedded_io::Read for Reader {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        outcome(room)
    }
}

impl embedded_io_async::Read for Reader {
    async fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        outcome(room)
    }
}

impl embedded_io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        outcome(bytes)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        black_box(Ok(()))
    }
}

impl embedded_io_async::Write for Writer {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        outcome(bytes)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        black_box(Ok(()))
    }
}
