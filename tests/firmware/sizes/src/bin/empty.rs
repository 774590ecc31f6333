//! An empty image, to subtract from the others. It copies, fills and compares memory, because these functions
//! belong to the compiler's runtime and every firmware has them.

#![no_std]
#![no_main]

use core::hint::black_box;

sizes::image!(|| {
    // The runtime has a copy and a fill function for each alignment.
    let mut memory = ([0u8; 64], [0u32; 64], [0u64; 64]);
    memory = black_box(memory);
    memory.0.fill(black_box(1));
    black_box(memory.0 == [1; 64]);
    let bytes: &mut [u8] = black_box(&mut memory.0);
    bytes.fill(0);
});
