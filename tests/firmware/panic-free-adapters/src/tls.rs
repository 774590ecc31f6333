//! Sessions over a network of which the compiler knows nothing.

use core::hint::black_box;
use core::net::IpAddr;

use rolecall_core::error::FailureKind;
use rolecall_core::skew::Instant;
use rolecall_core::wire::time::UnixTime;
use rolecall_nal::{Remote, asynch, blocking};
use rolecall_tls::rustls::crypto::GetRandomFailed;
use rolecall_tls::{Config, Identity, P256Key, Records, Sign, Tls};

use crate::drivers::{self, Device, address};
use crate::{bytes, used};

pub(crate) fn call() {
    for identity in [held(), of_element()].into_iter().flatten() {
        over(identity);
    }
}

/// A key in memory.
fn held() -> Option<Identity> {
    let key = P256Key::from_der(bytes())?;
    used(format_args!("{key:?}"));
    Some(Identity::new([bytes()], key))
}

/// A key in a secure element.
fn of_element() -> Option<Identity> {
    let sign: Sign = black_box(|_, room| Some(room.len()));
    Some(Identity::new([bytes()], P256Key::of_element(sign)))
}

#[inline(never)]
fn over(identity: Identity) {
    let (mut incoming, mut outgoing) = (black_box([0; 16_640]), black_box([0; 4096]));
    if let Some(tls) = new(&identity, Records { incoming: &mut incoming, outgoing: &mut outgoing }) {
        about(drivers::blocking(tls).network());
    }
    if let Some(tls) = new(&identity, Records { incoming: &mut incoming, outgoing: &mut outgoing }) {
        drivers::asynch(tls);
    }
}

fn new<'b>(identity: &Identity, records: Records<'b>) -> Option<Tls<'b, Network>> {
    let config = Config::new(black_box(random), UnixTime::from_secs(black_box(1)));
    Tls::new(Network, config.identity(identity.clone()).root(bytes()).ok()?, records).ok()
}

/// What a network with TLS knows.
fn about(tls: &mut Tls<'_, Network>) {
    used(format_args!("{} {:?}", tls.handshakes(), tls.network()));
    if let Some(fault) = tls.fault() {
        used(format_args!("{fault} {fault:?} {:?}", fault.kind()));
    }
    tls.forget_date();
}

fn random(room: &mut [u8]) -> Result<(), GetRandomFailed> {
    room.fill(black_box(4));
    Ok(())
}

#[derive(Debug)]
struct Network;

struct Connection;

/// What came of an operation on `bytes`.
fn outcome(bytes: &[u8]) -> Result<usize, FailureKind> {
    black_box(Ok(black_box(bytes).len()))
}

impl blocking::Link<Device> for Network {
    type Connection<'a> = Connection;

    fn wait(&mut self, _: &mut Device, until: Instant) {
        black_box(until);
    }

    fn resolve(&mut self, _: &mut Device, _: Instant, _: &str) -> Result<IpAddr, FailureKind> {
        black_box(Ok(address()))
    }

    fn open(&mut self, _: &mut Device, _: Instant, _: &Remote<'_>) -> Result<Connection, FailureKind> {
        black_box(Ok(Connection))
    }
}

impl asynch::Link<Device> for Network {
    type Connection<'a> = Connection;

    async fn wait(&mut self, _: &mut Device, until: Instant) {
        black_box(until);
    }

    async fn resolve(&mut self, _: &mut Device, _: Instant, _: &str) -> Result<IpAddr, FailureKind> {
        black_box(Ok(address()))
    }

    async fn open(&mut self, _: &mut Device, _: Instant, _: &Remote<'_>) -> Result<Connection, FailureKind> {
        black_box(Ok(Connection))
    }
}

impl blocking::Connection<Device> for Connection {
    fn send(&mut self, _: &mut Device, _: Instant, bytes: &[u8]) -> Result<usize, FailureKind> {
        outcome(bytes)
    }

    fn receive(&mut self, _: &mut Device, _: Instant, room: &mut [u8]) -> Result<usize, FailureKind> {
        outcome(room)
    }
}

impl asynch::Connection<Device> for Connection {
    async fn send(&mut self, _: &mut Device, _: Instant, bytes: &[u8]) -> Result<usize, FailureKind> {
        outcome(bytes)
    }

    async fn receive(&mut self, _: &mut Device, _: Instant, room: &mut [u8]) -> Result<usize, FailureKind> {
        outcome(room)
    }
}
