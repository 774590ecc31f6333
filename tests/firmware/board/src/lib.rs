//! Support for two boards as emulated by QEMU: the lm3s6965evb, a Cortex-M3 with 256 KB of flash and 64 KB of RAM, and by
//! the feature `mps2` the mps2-an385, one with 4 MB of each.
//!
//! All access to registers, to the heap and to the unused part of the stack is in this crate.

#![no_std]

mod arguments;
#[cfg(feature = "nic")]
#[cfg_attr(feature = "mps2", path = "lan9118.rs")]
#[cfg_attr(not(feature = "mps2"), path = "stellaris.rs")]
mod chip;
pub mod clock;
#[cfg(feature = "heap")]
pub mod heap;
#[cfg_attr(feature = "mps2", path = "mps2.rs")]
#[cfg_attr(not(feature = "mps2"), path = "lm3s6965evb.rs")]
mod machine;
#[cfg(feature = "nic")]
pub mod nic;
mod register;
pub mod stack;
pub mod terminal;

pub use arguments::{arguments, file};

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
