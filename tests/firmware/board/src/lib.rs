//! The lm3s6965evb as QEMU emulates it: a Cortex-M3 with 256 KB of flash and 64 KB of RAM.
//!
//! Registers and the unused part of the stack are reached here and nowhere else.

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

/// Ends the emulator.
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
