//! Support for the lm3s6965evb as emulated by QEMU: a Cortex-M3 with 256 KB of flash and 64 KB of RAM.
//!
//! All access to registers and to the unused part of the stack is in this crate.

#![no_std]

mod arguments;
pub mod clock;
#[cfg(feature = "nic")]
pub mod nic;
mod register;
pub mod stack;
pub mod terminal;

pub use arguments::arguments;

use cortex_m_semihosting::debug;

/// Exits the emulator.
pub fn exit(success: bool) -> ! {
    let status = if success { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE };
    loop {
        debug::exit(status);
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    println!("{info}");
    exit(false)
}
