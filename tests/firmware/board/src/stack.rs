//! How much stack a call takes: what is unused is painted before, and looked at after.

use core::ptr;

use cortex_m::register::msp;

const PAINT: u32 = 0xa5c3_5a3c;
/// Left unpainted below the stack pointer, for the painter's own frame.
const MARGIN: usize = 256;

unsafe extern "C" {
    /// The end of the static memory: the stack ends here.
    static mut __sheap: u32;
}

/// Runs `call` and returns what it returns, and how many bytes of stack it took at most.
#[inline(never)]
pub fn measured<T>(call: impl FnOnce() -> T) -> (T, usize) {
    let bottom = (&raw mut __sheap).addr();
    let top = msp::read() as usize;
    for address in (bottom..top - MARGIN).step_by(4) {
        // SAFETY: between static memory and the stack pointer nothing is in use.
        unsafe { ptr::write_volatile(ptr::with_exposed_provenance_mut(address), PAINT) }
    }
    let result = outlined(call);
    let untouched = (bottom..top - MARGIN).step_by(4).find(|address| {
        // SAFETY: as above.
        unsafe { ptr::read_volatile(ptr::with_exposed_provenance::<u32>(*address)) != PAINT }
    });
    (result, top - untouched.unwrap_or(top - MARGIN))
}

/// Keeps the frame of the call out of the painter's.
#[inline(never)]
fn outlined<T>(call: impl FnOnce() -> T) -> T {
    call()
}
