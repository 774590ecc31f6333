//! The first serial port.

use core::fmt;

use crate::register::Register;

// SAFETY: this is the data register of UART0.
const DATA: Register = unsafe { Register::at(0x4000_c000) };

/// Writes to the serial port.
#[derive(Debug)]
pub struct Terminal;

impl fmt::Write for Terminal {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // The emulated port accepts any number of bytes without waiting.
        text.bytes().for_each(|byte| DATA.write(byte.into()));
        Ok(())
    }
}

/// Writes a line.
#[macro_export]
macro_rules! println {
    ($($arg:tt)*) => {{
        use core::fmt::Write;
        // Writing cannot fail.
        let _ = writeln!($crate::terminal::Terminal, $($arg)*);
    }};
}
