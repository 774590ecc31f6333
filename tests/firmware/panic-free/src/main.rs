//! Firmware that is linked and never run: it calls every public function of `rolecall-core`, and its
//! panic handler calls a function that does not exist. While one panic path is left, the link fails.
//!
//! Calls are written with their full paths, so that `public_functions.py` can tell which are missing.
//! Inputs come through [`black_box`], so that no path is left out because they are known.

#![no_std]
#![no_main]

mod services;
mod signing;
mod sources;
mod state;
mod steps;
mod wire;

use core::fmt::{self, Formatter, Write};
use core::hint::black_box;

unsafe extern "C" {
    safe fn a_panic_path_is_left() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    a_panic_path_is_left()
}

#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    loop {
        wire::call();
        signing::call();
        state::call();
        sources::call();
        services::call();
        steps::call();
        #[cfg(feature = "panic-on-purpose")]
        black_box([1, 2, 3][black_box(3)]);
    }
}

/// Some bytes.
fn bytes() -> &'static [u8] {
    black_box(b"some bytes")
}

/// Some text.
fn text() -> &'static str {
    black_box("some text")
}

/// Some number.
fn number<T: From<u8>>() -> T {
    black_box(7.into())
}

/// Makes sure that a result is computed.
fn used<T>(result: T) {
    black_box(&result);
}

/// Formats by a function that is named.
fn formatted(with: impl Fn(&mut Formatter<'_>) -> fmt::Result) {
    used(write!(Out, "{:8}", fmt::from_fn(with)));
}

/// A terminal.
struct Out;

impl Write for Out {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        used(text);
        if black_box(false) { Err(fmt::Error) } else { Ok(()) }
    }
}
