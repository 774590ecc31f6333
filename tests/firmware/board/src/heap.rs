//! The heap: what is freed is wiped, and the most that was in use at once is known.

use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicUsize, Ordering};

use embedded_alloc::LlffHeap;
use zeroizing_alloc::ZeroAlloc;

#[global_allocator]
static HEAP: ZeroAlloc<Measured> = ZeroAlloc(Measured { heap: LlffHeap::empty(), most: AtomicUsize::new(0) });

/// Lends its memory to the heap.
pub fn start(memory: &'static mut [u8]) {
    // SAFETY: the memory is borrowed for good.
    unsafe { HEAP.0.heap.init(memory.as_mut_ptr().expose_provenance(), memory.len()) }
}

/// The most bytes that were in use at once, with what the allocator adds to them.
pub fn most_used() -> usize {
    HEAP.0.most.load(Ordering::Relaxed)
}

struct Measured {
    heap: LlffHeap,
    most: AtomicUsize,
}

// SAFETY: everything is left to the heap.
unsafe impl GlobalAlloc for Measured {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as required of the caller.
        let memory = unsafe { self.heap.alloc(layout) };
        self.most.fetch_max(self.heap.used(), Ordering::Relaxed);
        memory
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as required of the caller.
        unsafe { self.heap.dealloc(memory, layout) }
    }
}
