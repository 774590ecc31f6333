//! The first serial port.

use core::fmt;

use crate::machine;

/// Writes to the serial port.
#[derive(Debug)]
pub struct Terminal;

impl fmt::Write for Terminal {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(machine::print);
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
