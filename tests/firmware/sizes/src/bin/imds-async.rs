//! (b) with the async driver of rolecall-nal: instance credentials with refresh.

#![no_std]
#![no_main]

use core::hint::black_box;

use rolecall_core::flow::{Memory, Slot};
use sizes::image::{async_driver, block_on};

sizes::image!(|| {
    let Ok(mut flow) = sizes::instance(black_box("")) else { return };
    let (mut exchange, mut first, mut second) = ([0; 64], [0; 64], [0; 64]);
    let mut slots = [Slot::new(black_box(&mut first)), Slot::new(black_box(&mut second))];
    let mut memory = Memory { exchange: black_box(&mut exchange), slots: black_box(&mut slots) };
    let mut driver = async_driver();
    loop {
        black_box(block_on(driver.run_async(&mut flow, &mut memory)).is_ok());
        black_box(driver.report().code());
    }
});
