//! Firmware that is linked but never run: it calls everything of `rolecall-tls`, over both loops. What is below, rustls and
//! its cryptography, has panic paths, so that linking cannot refuse them all; `tests/panics` finds whose they are.
//!
//! Inputs come from [`black_box`], so that the compiler cannot remove paths because of known values.

#![no_std]
#![no_main]
#![forbid(unsafe_code)]

mod network;
mod planted;

use core::fmt::{self, Write};
use core::future::Future;
use core::hint::black_box;
use core::pin::pin;
use core::task::{Context, Waker};

use cortex_m_rt::entry;
use rolecall_core::call::Service;
use rolecall_core::error::Error;
use rolecall_core::flow::{Endpoint, Memory, Slot};
use rolecall_core::sources::Iot;
use rolecall_core::sources::sts::{AssumeRole, AssumeRoleRequest};
use rolecall_core::wire::time::UnixTime;
use rolecall_nal::Driver;
use rolecall_tls::rustls::crypto::GetRandomFailed;
use rolecall_tls::{Config, Identity, P256Key, Records, Sign, Tls};

use network::{Device, Network};

#[entry]
fn main() -> ! {
    black_box(board::heap::most_used());
    loop {
        if cfg!(feature = "panic-on-purpose") {
            planted::all();
        }
        for identity in [held(), of_element()].into_iter().flatten() {
            run(identity);
        }
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
fn run(identity: Identity) {
    let config = Config::new(black_box(random), UnixTime::from_secs(black_box(1))).identity(identity);
    let Ok(config) = config.root(bytes()) else { return };
    let (mut incoming, mut outgoing) = (black_box([0; 16_640]), black_box([0; 4096]));
    let records = Records { incoming: &mut incoming, outgoing: &mut outgoing };
    let Ok(tls) = Tls::new(Network, config, records) else { return };
    let mut driver = Driver::new(Device, tls);

    let Ok(endpoint) = Endpoint::parse(black_box("https://c2example.example.com")) else { return };
    let flow = || {
        let iot = Iot::new(endpoint, text(), Some(text()));
        AssumeRole::new(iot, Service::new(endpoint, text()), AssumeRoleRequest::new(text(), text()))
    };
    let mut exchange = black_box([0; 2048]);
    let (mut one, mut other) = (black_box([0; 1024]), black_box([0; 1024]));
    let mut slots = [Slot::new(&mut one), Slot::new(&mut other)];
    let mut memory = Memory { exchange: &mut exchange, slots: &mut slots };

    report(&driver.run(&mut flow(), &mut memory).map(drop));
    ended(driver.run_async(&mut flow(), &mut memory));

    let tls = driver.network();
    used(format_args!("{} {:?}", tls.handshakes(), tls.network()));
    if let Some(fault) = tls.fault() {
        used(format_args!("{fault} {fault:?} {:?}", fault.kind()));
    }
    tls.forget_date();
}

/// Polls a future until it ends, as an executor does.
fn ended<T>(future: impl Future<Output = T>) {
    let mut future = pin!(future);
    while future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {}
}

/// Formats an error.
fn report(result: &Result<(), Error>) {
    if let Err(error) = result {
        used(format_args!("{error}"));
    }
}

fn random(room: &mut [u8]) -> Result<(), GetRandomFailed> {
    room.fill(black_box(4));
    Ok(())
}

/// Bytes unknown to the compiler.
fn bytes() -> &'static [u8] {
    black_box(b"some bytes")
}

/// Text unknown to the compiler.
fn text() -> &'static str {
    black_box("some text")
}

/// Prevents the compiler from removing a text.
fn used(text: fmt::Arguments<'_>) {
    // The output cannot fail, and a `Display` that does is not a panic.
    let _ = Out.write_fmt(text);
}

struct Out;

impl Write for Out {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        black_box(text);
        Ok(())
    }
}
