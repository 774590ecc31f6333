//! Nothing: what every image holds. Copying, filling and comparing memory are in it, because they are
//! the compiler's own runtime, and no firmware is without them.

#![no_std]
#![no_main]

use core::hint::black_box;

sizes::image!(|| {
    // The runtime has a copy and a fill for each alignment.
    let mut memory = ([0u8; 64], [0u32; 64], [0u64; 64]);
    memory = black_box(memory);
    memory.0.fill(black_box(1));
    black_box(memory.0 == [1; 64]);
});
