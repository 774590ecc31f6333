//! The peer as a TCP/IP stack, blocking and async, and a board for both.

use core::convert::Infallible;
use core::future::ready;
use core::net::SocketAddr;

use embedded_nal::{TcpError, TcpErrorKind, nb};
use rolecall_core::skew::{Instant, Now};
use rolecall_nal::asynch::{self, Timer};
use rolecall_nal::{Board, Driver, NoDns, WithDns, blocking};
use sizes::Link;

use crate::peer::Peer;

/// A board for the drivers, with the clock of the peer.
pub(crate) struct Device;

impl Board for Device {
    fn now(&mut self) -> Now {
        Peer::default().now()
    }

    fn entropy(&mut self) -> u32 {
        Peer::default().entropy()
    }
}

impl Timer for Device {
    /// Everything is ready at once.
    async fn sleep_until(&mut self, _: Instant) {
        core::future::pending::<()>().await;
    }
}

/// A stack with the peer behind every address.
pub(crate) struct Sockets;

pub(crate) fn blocking() -> Driver<Device, impl blocking::Link<Device>> {
    let stack = WithDns { stack: Sockets, dns: NoDns };
    Driver::new(Device, blocking::Tcp::new(stack, |_| {}).with_zero_read(blocking::ZeroRead::End))
}

pub(crate) fn asynchronous() -> Driver<Device, asynch::Tcp<WithDns<Sockets, NoDns>>> {
    Driver::new(Device, asynch::Tcp::new(WithDns { stack: Sockets, dns: NoDns }))
}

/// No error.
#[derive(Debug)]
pub(crate) struct Never(Infallible);

impl TcpError for Never {
    fn kind(&self) -> TcpErrorKind {
        match self.0 {}
    }
}

impl embedded_nal::TcpClientStack for Sockets {
    type TcpSocket = Peer;
    type Error = Never;

    fn socket(&mut self) -> Result<Peer, Never> {
        Ok(Peer::default())
    }

    fn connect(&mut self, _: &mut Peer, _: SocketAddr) -> nb::Result<(), Never> {
        Ok(())
    }

    fn send(&mut self, peer: &mut Peer, bytes: &[u8]) -> nb::Result<usize, Never> {
        Link::send(peer, bytes);
        Ok(bytes.len())
    }

    fn receive(&mut self, peer: &mut Peer, room: &mut [u8]) -> nb::Result<usize, Never> {
        Ok(Link::receive(peer, room))
    }

    fn close(&mut self, _: Peer) -> Result<(), Never> {
        Ok(())
    }
}

impl embedded_nal_async::TcpConnect for Sockets {
    type Error = Infallible;
    type Connection<'a> = Peer;

    async fn connect(&self, _: SocketAddr) -> Result<Peer, Infallible> {
        ready(Ok(Peer::default())).await
    }
}

impl embedded_io_async::ErrorType for Peer {
    type Error = Infallible;
}

impl embedded_io_async::Read for Peer {
    async fn read(&mut self, room: &mut [u8]) -> Result<usize, Infallible> {
        ready(Ok(Link::receive(self, room))).await
    }
}

impl embedded_io_async::Write for Peer {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Link::send(self, bytes);
        ready(Ok(bytes.len())).await
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        ready(Ok(())).await
    }
}
