//! TCP over the board's network interface, which prints the addresses it connects to.

use core::net::SocketAddr;

use board::nic::Nic;
use board::{clock, println};
use embedded_nal::{Dns, TcpClientStack, nb};
use embedded_time::clock::Error as ClockError;
use embedded_time::fraction::Fraction;
use rolecall_nal::WithDns;
use rolecall_nal::blocking::Tcp;
use smoltcp::iface::{Config, Interface, SocketSet, SocketStorage};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpCidr, Ipv4Address};
use smoltcp_nal::NetworkStack;

const HARDWARE_ADDRESS: EthernetAddress = EthernetAddress([0x02, 0, 0, 0, 0, 0x0f]);
const ADDRESS: Ipv4Address = Ipv4Address::new(10, 0, 2, 15);
const GATEWAY: Ipv4Address = Ipv4Address::new(10, 0, 2, 2);

/// The network that the driver uses.
pub type Network<'a, D> = Tcp<WithDns<Stack<'a>, D>, fn(&mut WithDns<Stack<'a>, D>)>;

/// Memory for two sockets: one is in use, while the previous one may still be closing.
#[derive(Debug)]
pub struct Memory<'a> {
    buffers: [([u8; 2048], [u8; 1024]); 2],
    sockets: [SocketStorage<'a>; 2],
}

impl Default for Memory<'_> {
    fn default() -> Self {
        Self { buffers: [([0; 2048], [0; 1024]); 2], sockets: Default::default() }
    }
}

/// Starts the network, with a resolver.
pub fn start<'a, D: Dns>(memory: &'a mut Memory<'a>, seed: u32, dns: D) -> Network<'a, D> {
    let mut nic = Nic::new(HARDWARE_ADDRESS);
    let mut config = Config::new(HardwareAddress::Ethernet(HARDWARE_ADDRESS));
    config.random_seed = seed.into();
    let mut interface = Interface::new(config, &mut nic, Instant::ZERO);
    interface.update_ip_addrs(|addresses| {
        addresses.push(IpCidr::new(ADDRESS.into(), 24)).expect("there is room for an address");
    });
    interface.routes_mut().add_default_ipv4_route(GATEWAY).expect("there is room for a route");

    let mut sockets = SocketSet::new(&mut memory.sockets[..]);
    for (receive, send) in &mut memory.buffers {
        let receive = tcp::SocketBuffer::new(&mut receive[..]);
        sockets.add(tcp::Socket::new(receive, tcp::SocketBuffer::new(&mut send[..])));
    }
    let mut stack = NetworkStack::new(interface, nic, sockets, Milliseconds);
    stack.seed_random_port(&seed.to_le_bytes());
    Tcp::new(WithDns { stack: Stack(stack), dns }, |network| {
        // The only error is a clock that runs backwards, which this one never does.
        let _ = network.stack.0.poll();
        // The next tick of the clock ends the wait.
        cortex_m::asm::wfi();
    })
}

/// The TCP/IP stack, which prints each address.
pub struct Stack<'a>(NetworkStack<'a, Nic, Milliseconds>);

impl<'a> TcpClientStack for Stack<'a> {
    type TcpSocket = (<NetworkStack<'a, Nic, Milliseconds> as TcpClientStack>::TcpSocket, bool);
    type Error = <NetworkStack<'a, Nic, Milliseconds> as TcpClientStack>::Error;

    fn socket(&mut self) -> Result<Self::TcpSocket, Self::Error> {
        Ok((TcpClientStack::socket(&mut self.0)?, false))
    }

    fn connect(&mut self, socket: &mut Self::TcpSocket, remote: SocketAddr) -> nb::Result<(), Self::Error> {
        if !core::mem::replace(&mut socket.1, true) {
            println!("connecting to {remote}");
        }
        TcpClientStack::connect(&mut self.0, &mut socket.0, remote)
    }

    fn send(&mut self, socket: &mut Self::TcpSocket, bytes: &[u8]) -> nb::Result<usize, Self::Error> {
        TcpClientStack::send(&mut self.0, &mut socket.0, bytes)
    }

    fn receive(&mut self, socket: &mut Self::TcpSocket, room: &mut [u8]) -> nb::Result<usize, Self::Error> {
        TcpClientStack::receive(&mut self.0, &mut socket.0, room)
    }

    fn close(&mut self, socket: Self::TcpSocket) -> Result<(), Self::Error> {
        TcpClientStack::close(&mut self.0, socket.0)
    }
}

/// The board's clock, for smoltcp-nal.
#[derive(Debug)]
pub struct Milliseconds;

impl embedded_time::Clock for Milliseconds {
    type T = u32;
    const SCALING_FACTOR: Fraction = Fraction::new(1, 1000);

    fn try_now(&self) -> Result<embedded_time::Instant<Self>, ClockError> {
        Ok(embedded_time::Instant::new(clock::milliseconds()))
    }
}
