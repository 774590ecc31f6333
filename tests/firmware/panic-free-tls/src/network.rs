//! A board and a network of which the compiler knows nothing.

use core::hint::black_box;
use core::net::{IpAddr, Ipv4Addr};

use rolecall_core::error::FailureKind;
use rolecall_core::skew::{Instant, Now};
use rolecall_core::wire::time::UnixTime;
use rolecall_nal::asynch::{self, Timer};
use rolecall_nal::{Board, Remote, blocking};

pub(crate) struct Device;

impl Board for Device {
    fn now(&mut self) -> Now {
        Now {
            monotonic: Instant::from_millis(black_box(1)),
            wall: black_box(Some(UnixTime::from_secs(black_box(2)))),
        }
    }

    fn entropy(&mut self) -> u32 {
        black_box(3)
    }
}

impl Timer for Device {
    async fn sleep_until(&mut self, instant: Instant) {
        black_box(instant);
    }
}

#[derive(Debug)]
pub(crate) struct Network;

/// What came of an operation on `bytes`.
fn outcome(bytes: &[u8]) -> Result<usize, FailureKind> {
    black_box(Ok(black_box(bytes).len()))
}

fn address() -> Result<IpAddr, FailureKind> {
    black_box(Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)))
}

impl blocking::Link<Device> for Network {
    type Connection<'a> = Stream;

    fn wait(&mut self, _: &mut Device, until: Instant) {
        black_box(until);
    }

    fn resolve(&mut self, _: &mut Device, _: Instant, _: &str) -> Result<IpAddr, FailureKind> {
        address()
    }

    fn open(&mut self, _: &mut Device, _: Instant, _: &Remote<'_>) -> Result<Stream, FailureKind> {
        black_box(Ok(Stream))
    }
}

impl asynch::Link<Device> for Network {
    type Connection<'a> = Stream;

    async fn wait(&mut self, _: &mut Device, until: Instant) {
        black_box(until);
    }

    async fn resolve(&mut self, _: &mut Device, _: Instant, _: &str) -> Result<IpAddr, FailureKind> {
        address()
    }

    async fn open(&mut self, _: &mut Device, _: Instant, _: &Remote<'_>) -> Result<Stream, FailureKind> {
        black_box(Ok(Stream))
    }
}

pub(crate) struct Stream;

impl blocking::Connection<Device> for Stream {
    fn send(&mut self, _: &mut Device, _: Instant, bytes: &[u8]) -> Result<usize, FailureKind> {
        outcome(bytes)
    }

    fn receive(&mut self, _: &mut Device, _: Instant, room: &mut [u8]) -> Result<usize, FailureKind> {
        outcome(room)
    }
}

impl asynch::Connection<Device> for Stream {
    async fn send(&mut self, _: &mut Device, _: Instant, bytes: &[u8]) -> Result<usize, FailureKind> {
        outcome(bytes)
    }

    async fn receive(&mut self, _: &mut Device, _: Instant, room: &mut [u8]) -> Result<usize, FailureKind> {
        outcome(room)
    }
}
