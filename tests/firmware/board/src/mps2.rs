//! The clock and the serial port of the mps2-an385.

use crate::register::Register;

/// The frequency of the processor.
pub(crate) const CYCLES_PER_MILLISECOND: u32 = 25_000;

// SAFETY: these are the registers of UART0.
const DATA: Register = unsafe { Register::at(0x4000_4000) };
const STATE: Register = unsafe { Register::at(0x4000_4004) };
const CONTROL: Register = unsafe { Register::at(0x4000_4008) };
const DIVIDER: Register = unsafe { Register::at(0x4000_4010) };

/// Writes a byte to the serial port.
pub(crate) fn print(byte: u8) {
    // The smallest divider, and the transmitter: whatever they were.
    DIVIDER.write(16);
    CONTROL.write(1);
    // Until the byte before has left the buffer.
    while STATE.read() & 1 != 0 {}
    DATA.write(byte.into());
}
