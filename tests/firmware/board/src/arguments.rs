//! The command line that the emulator passes to this image.

use cortex_m_semihosting::{nr, syscall};

/// The parameter block of the call: the buffer for the text, and its length.
#[repr(C)]
struct Block {
    text: *mut u8,
    len: usize,
}

/// Reads the command line into `buffer`; returns an empty string if there is none or it does not fit.
pub fn arguments(buffer: &mut [u8]) -> &str {
    let block = Block { text: buffer.as_mut_ptr(), len: buffer.len() };
    // SAFETY: the emulator writes within the buffer, whose length it receives, and stores the length of the
    // text in the block.
    let (status, len) = unsafe {
        let status = syscall(nr::GET_CMDLINE, &block);
        (status, core::ptr::read_volatile(&raw const block.len))
    };
    let text = buffer.get(..len).filter(|_| status == 0).unwrap_or_default();
    core::str::from_utf8(text).unwrap_or_default()
}
