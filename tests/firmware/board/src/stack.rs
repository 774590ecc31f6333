//! Measures the stack usage of a call: the unused stack is painted before, and inspected afterwards.

use core::ptr;

use cortex_m::register::msp;

const PAINT: u32 = 0xa5c3_5a3c;
/// Left unpainted below the stack pointer, for the frame of [`measured`] itself.
const MARGIN: usize = 256;

unsafe extern "C" {
    /// The end of static memory, which is the limit of the stack.
    static mut __sheap: u32;
}

/// Runs `call` and returns its result, and its maximum stack usage in bytes.
#[inline(never)]
pub fn measured<T>(call: impl FnOnce() -> T) -> (T, usize) {
    let bottom = (&raw mut __sheap).addr();
    let top = msp::read() as usize;
    for address in (bottom..top - MARGIN).step_by(4) {
        // SAFETY: the memory between static memory and the stack pointer is unused.
        unsafe { ptr::write_volatile(ptr::with_exposed_provenance_mut(address), PAINT) }
    }
    let result = outlined(call);
    let untouched = (bottom..top - MARGIN).step_by(4).find(|address| {
        // SAFETY: as above.
        unsafe { ptr::read_volatile(ptr::with_exposed_provenance::<u32>(*address)) != PAINT }
    });
    (result, top - untouched.unwrap_or(top - MARGIN))
}

/// Keeps the frame of the call out of the frame of [`measured`].
#[inline(never)]
fn outlined<T>(call: impl FnOnce() -> T) -> T {
    call()
}
