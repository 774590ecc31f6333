//! The clock and the serial port of the lm3s6965evb.

use crate::register::Register;

/// The frequency of the internal oscillator, as the emulator starts it.
pub(crate) const CYCLES_PER_MILLISECOND: u32 = 12_500;

// SAFETY: this is the data register of UART0.
const DATA: Register = unsafe { Register::at(0x4000_c000) };

/// Writes a byte to the serial port.
pub(crate) fn print(byte: u8) {
    // The emulated port accepts any number of bytes without waiting.
    DATA.write(byte.into());
}
