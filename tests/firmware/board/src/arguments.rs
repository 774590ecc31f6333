//! The command line that the emulator passes to this image, and files beside it.

use core::ffi::CStr;

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

/// Reads a file of the folder that the emulator was started in; returns nothing if there is none or it does not fit.
pub fn file<'b>(name: &CStr, buffer: &'b mut [u8]) -> &'b [u8] {
    const READ_BINARY: usize = 1;
    let room = buffer.len();
    // SAFETY: the emulator reads the name, and writes within the buffer; it receives the lengths of both.
    let left = unsafe {
        let handle = syscall(nr::OPEN, &[name.as_ptr().addr(), READ_BINARY, name.count_bytes()]);
        // The bytes of the buffer that are left; all of them if there is no such file.
        let left = syscall(nr::READ, &[handle, buffer.as_mut_ptr().expose_provenance(), room]);
        syscall(nr::CLOSE, &[handle]);
        left
    };
    // None left may be the front of a larger one.
    let len = room.checked_sub(left).filter(|len| *len < room);
    buffer.get(..len.unwrap_or(0)).unwrap_or_default()
}
