//! Firmware that is linked but never run: it calls every public function of `rolecall-core`, and its panic
//! handler calls a function that does not exist. If any panic path remains, linking fails.
//!
//! Calls are written with their full paths, so that `public_functions.py` can find missing ones. Inputs come
//! from [`black_box`], so that the compiler cannot remove paths because of known values.

#![no_std]
#![no_main]

mod certificates;
mod chunks;
mod services;
mod signing;
mod sources;
mod state;
mod steps;
mod verifying;
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
        // Nothing else: what is refused has to be this path.
        if cfg!(feature = "panic-on-purpose") {
            black_box([1, 2, 3][black_box(3)]);
            continue;
        }
        wire::call();
        signing::call();
        verifying::call();
        chunks::call();
        certificates::call();
        state::call();
        sources::call();
        services::call();
        steps::call();
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

/// A number unknown to the compiler.
fn number<T: From<u8>>() -> T {
    black_box(7.into())
}

/// Prevents the compiler from removing a result.
fn used<T>(result: T) {
    black_box(&result);
}

/// Formats with the given function.
fn formatted(with: impl Fn(&mut Formatter<'_>) -> fmt::Result) {
    used(write!(Out, "{:8}", fmt::from_fn(with)));
}

/// An output that may fail.
struct Out;

impl Write for Out {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        used(text);
        if black_box(false) { Err(fmt::Error) } else { Ok(()) }
    }
}
