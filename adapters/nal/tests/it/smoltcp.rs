//! smoltcp at both ends of a cable: the driver uses smoltcp-nal, the services a bare socket.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use rolecall_core::call::Service;
use rolecall_core::error::{Failure, FailureKind, Phase};
use rolecall_core::flow::{Endpoint, Memory};
use rolecall_core::sources::Imds;
use rolecall_core::sources::sts::{AssumeRole, AssumeRoleRequest};
use rolecall_nal::blocking::Tcp;
use rolecall_nal::{Driver, NoDns, WithDns};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpCidr, Ipv4Address};
use smoltcp_nal::NetworkStack;

use crate::board::{Time, VirtualBoard, slot};
use crate::mock::{Serve, Then, services};
use crate::probe::Probe;

type Frames = Rc<RefCell<VecDeque<Vec<u8>>>>;

/// One end of a cable.
struct End {
    arriving: Frames,
    leaving: Frames,
    /// Frames are lost while the cable is unplugged.
    plugged: Rc<RefCell<bool>>,
}

struct Arrived(Vec<u8>);
struct Leaving<'a>(&'a End);

impl RxToken for Arrived {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

impl TxToken for Leaving<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, write: F) -> R {
        let mut frame = vec![0; len];
        let result = write(&mut frame);
        if *self.0.plugged.borrow() {
            self.0.leaving.borrow_mut().push_back(frame);
        }
        result
    }
}

impl Device for End {
    type RxToken<'a> = Arrived;
    type TxToken<'a> = Leaving<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Arrived, Leaving<'_>)> {
        let frame = self.arriving.borrow_mut().pop_front()?;
        Some((Arrived(frame), Leaving(self)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Leaving<'_>> {
        Some(Leaving(self))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 1_514;
        capabilities
    }
}

fn interface(device: &mut End, last: u8, address: [u8; 4]) -> Interface {
    let hardware = HardwareAddress::Ethernet(EthernetAddress([2, 0, 0, 0, 0, last]));
    let mut interface = Interface::new(Config::new(hardware), device, Instant::from_millis(0));
    interface.update_ip_addrs(|addresses| {
        let [a, b, c, d] = address;
        addresses.push(IpCidr::new(Ipv4Address::new(a, b, c, d).into(), 16)).unwrap();
    });
    interface
}

fn socket() -> tcp::Socket<'static> {
    let buffer = |size| tcp::SocketBuffer::new(vec![0; size]);
    tcp::Socket::new(buffer(1_024), buffer(512))
}

/// Serves one connection at a time, on ports 80 and 4566 of 169.254.169.254.
struct Server {
    interface: Interface,
    device: End,
    sockets: SocketSet<'static>,
    ports: Vec<(SocketHandle, u16)>,
    serve: Box<Serve>,
    /// Bytes still to be sent, for each port.
    sending: [Vec<u8>; 2],
    closing: [bool; 2],
    time: Time,
    served: Rc<RefCell<usize>>,
    accepted: Rc<RefCell<usize>>,
}

impl Server {
    fn poll(&mut self) {
        let now = Instant::from_millis(self.time.get() as i64);
        self.interface.poll(now, &mut self.device, &mut self.sockets);
        for (index, (handle, port)) in self.ports.clone().into_iter().enumerate() {
            let socket = self.sockets.get_mut::<tcp::Socket>(handle);
            if !socket.is_open() {
                socket.listen(port).unwrap();
                self.closing[index] = false;
                self.sending[index].clear();
                *self.accepted.borrow_mut() += 1;
            }
            // A request is removed once it is complete.
            let request = socket
                .recv(|bytes| {
                    let text = String::from_utf8_lossy(bytes).into_owned();
                    let length =
                        text.split("Content-Length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
                    let length = length.map_or(0, |length| length.parse::<usize>().unwrap());
                    let len = text.find("\r\n\r\n").map_or(usize::MAX, |at| at + 4 + length);
                    if len <= bytes.len() { (len, Some(text)) } else { (0, None) }
                })
                .ok()
                .flatten();
            if let Some(request) = request {
                let (reply, then) = (self.serve)(&request);
                self.sending[index].extend(reply.bytes());
                self.closing[index] = then == Then::End;
                *self.served.borrow_mut() += 1;
                if then == Then::Reset {
                    socket.abort();
                }
            }
            if socket.can_send() {
                let sent = socket.send_slice(&self.sending[index]).unwrap();
                self.sending[index].drain(..sent);
            }
            let ended = self.closing[index] || !socket.may_recv();
            if socket.may_send() && ended && self.sending[index].is_empty() {
                socket.close();
            }
        }
        self.interface.poll(now, &mut self.device, &mut self.sockets);
    }
}

#[derive(Clone)]
struct Clock(Time);

impl embedded_time::Clock for Clock {
    type T = u32;
    const SCALING_FACTOR: embedded_time::rate::Fraction = embedded_time::rate::Fraction::new(1, 1_000);

    fn try_now(&self) -> Result<embedded_time::Instant<Self>, embedded_time::clock::Error> {
        Ok(embedded_time::Instant::new(self.0.get() as u32))
    }
}

type Stack = WithDns<NetworkStack<'static, End, Clock>, NoDns>;
type Idle = Box<dyn FnMut(&mut Stack)>;

/// A board on a cable, and the counters of the other end.
struct Cable {
    driver: Driver<VirtualBoard, Tcp<Stack, Idle>>,
    time: Time,
    plugged: Rc<RefCell<bool>>,
    served: Rc<RefCell<usize>>,
    /// How often a port started to listen.
    accepted: Rc<RefCell<usize>>,
}

fn cable(serve: impl FnOnce(&Time) -> Box<Serve>) -> Cable {
    let (time, plugged) = (Time::default(), Rc::new(RefCell::new(true)));
    let (here, there) = (Frames::default(), Frames::default());
    let end = |arriving: &Frames, leaving: &Frames| End {
        arriving: arriving.clone(),
        leaving: leaving.clone(),
        plugged: plugged.clone(),
    };
    let mut device = end(&there, &here);
    let mut sockets = SocketSet::new(vec![]);
    let ports = [80, 4_566].map(|port| (sockets.add(socket()), port)).to_vec();
    let (served, accepted) = (Rc::default(), Rc::default());
    let mut server = Server {
        interface: interface(&mut device, 1, [169, 254, 169, 254]),
        device,
        sockets,
        ports,
        serve: serve(&time),
        sending: Default::default(),
        closing: Default::default(),
        time: time.clone(),
        served: Rc::clone(&served),
        accepted: Rc::clone(&accepted),
    };

    let mut device = end(&here, &there);
    let mut sockets = SocketSet::new(vec![]);
    // The driver needs only one socket.
    sockets.add(socket());
    let interface = interface(&mut device, 2, [169, 254, 7, 7]);
    let stack = NetworkStack::new(interface, device, sockets, Clock(time.clone()));
    let network = WithDns { stack, dns: NoDns };
    let idle: Idle = Box::new({
        let time = time.clone();
        move |network: &mut Stack| {
            network.stack.poll().unwrap();
            server.poll();
            time.pass(1);
        }
    });
    let driver = Driver::new(VirtualBoard::new(time.clone()), Tcp::new(network, idle));
    Cable { driver, time, plugged, served, accepted }
}

fn role_flow() -> AssumeRole<'static, Imds<'static>> {
    let base = Imds::new(Endpoint::parse(Imds::ENDPOINT).unwrap());
    let service = Service::new(Endpoint::parse("http://169.254.169.254:4566").unwrap(), "eu-central-1");
    AssumeRole::new(
        base,
        service,
        AssumeRoleRequest::new("arn:aws:iam::111122223333:role/gateway", "gateway"),
    )
}

#[test]
fn a_role_is_assumed_with_metadata_credentials() {
    let mut cable = cable(|time| Box::new(services(time.clone(), 3_600)));
    let mut exchange = vec![0; 8_192];
    let mut slots = [slot(), slot()];
    let mut flow = role_flow();
    // Repeated runs show that each run frees the only socket.
    for run in 1..=3 {
        let mut memory = Memory { exchange: &mut exchange, slots: &mut slots };
        cable.driver.run(&mut flow, &mut memory).unwrap_or_else(|error| panic!("run {run}: {error}"));
        assert_eq!(slots[0].credentials().unwrap().access_key_id(), format!("ASIA{}", 2 * run));
    }
    // The metadata token is requested only once.
    assert_eq!(*cable.served.borrow(), 4 + 3 + 3);
    // One connection for each service and run, because a closed port listens again.
    assert!(*cable.accepted.borrow() <= 2 + 6, "{} connections", cable.accepted.borrow());
}

fn probe(cable: &mut Cable, count: usize) -> Probe {
    let mut probe = Probe::new("http://169.254.169.254", count);
    let mut exchange = vec![0; 8_192];
    cable.driver.run(&mut probe, &mut Memory { exchange: &mut exchange, slots: &mut [] }).unwrap();
    probe
}

#[test]
fn a_body_without_a_length_ends_with_the_stream() {
    let body = "x".repeat(3_000);
    let reply = format!("HTTP/1.0 200 OK\r\n\r\n{body}");
    let mut cable = cable(|_| Box::new(move |_| (reply.clone(), Then::End)));
    assert_eq!(probe(&mut cable, 2).bodies(), [body.as_str(); 2]);
}

#[test]
fn an_end_of_stream_or_a_reset_within_a_reply_is_reported_at_once() {
    for (then, length) in [(Then::End, 99), (Then::Reset, 99)] {
        let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nhello");
        let mut cable = cable(|_| Box::new(move |_| (reply.clone(), then)));
        let failed = probe(&mut cable, 1).only().unwrap_err();
        assert_eq!(failed.kind, FailureKind::Closed, "{then:?}");
        assert!(cable.time.get() < 250, "{then:?}: {} ms", cable.time.get());
    }
}

#[test]
fn an_unplugged_cable_times_out_and_works_again() {
    let reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    let mut cable = cable(|_| Box::new(move |_| (reply.into(), Then::Stay)));
    assert_eq!(probe(&mut cable, 1).bodies(), ["hello"]);
    *cable.plugged.borrow_mut() = false;
    let timeout = Failure { phase: Phase::Connect, kind: FailureKind::Timeout };
    assert_eq!(probe(&mut cable, 2).got, [Err(timeout), Err(timeout)]);
    *cable.plugged.borrow_mut() = true;
    // Retransmission of lost segments may delay the first exchange, but the second must succeed.
    let again = probe(&mut cable, 3);
    assert_eq!(again.bodies().last(), Some(&"hello"), "{:?}", again.got);
}
