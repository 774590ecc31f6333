//! Firmware that is linked but never run: it calls everything of `rolecall-nal` and `rolecall-tls`, over both loops. What is
//! below, rustls and its cryptography, has panic paths, so that linking cannot refuse them all; `tests/panics` finds whose
//! they are.
//!
//! Inputs come from [`black_box`], so that the compiler cannot remove paths because of known values.

#![no_std]
#![no_main]
#![forbid(unsafe_code)]

mod drivers;
mod planted;
mod sockets;
mod tls;

use core::fmt::{self, Write};
use core::hint::black_box;

use cortex_m_rt::entry;

#[entry]
fn main() -> ! {
    black_box(board::heap::most_used());
    loop {
        if cfg!(feature = "panic-on-purpose") {
            planted::all();
        }
        sockets::call();
        tls::call();
    }
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
