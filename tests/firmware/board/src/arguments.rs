//! The command line that the emulator was given for this image.

use cortex_m_semihosting::{nr, syscall};

/// Room for the text, which is written in front, and where it is told to be and how long.
#[repr(C)]
struct Block {
    text: *mut u8,
    len: usize,
}

/// Reads it into `buffer`; nothing, if there is none or if it does not fit.
pub fn arguments(buffer: &mut [u8]) -> &str {
    let block = Block { text: buffer.as_mut_ptr(), len: buffer.len() };
    // SAFETY: the emulator writes within the buffer, whose length it is told, and puts the length of the
    // text into the block.
    let (status, len) = unsafe {
        let status = syscall(nr::GET_CMDLINE, &block);
        (status, core::ptr::read_volatile(&raw const block.len))
    };
    let text = buffer.get(..len).filter(|_| status == 0).unwrap_or_default();
    core::str::from_utf8(text).unwrap_or_default()
}
