//! (c) with the async driver of rolecall-nal: instance credentials, AssumeRole, refresh, and signing.

#![no_std]
#![no_main]

use core::hint::black_box;

use rolecall_core::flow::{Memory, Slot};
use rolecall_core::wire::Cursor;
use sizes::image::{async_driver, block_on, call};

sizes::image!(|| {
    let Ok(mut flow) = sizes::role(black_box(""), black_box(""), black_box(""), black_box("")) else {
        return;
    };
    let (mut exchange, mut first, mut second, mut third) = ([0; 64], [0; 64], [0; 64], [0; 64]);
    let mut slots = [
        Slot::new(black_box(&mut first)),
        Slot::new(black_box(&mut second)),
        Slot::new(black_box(&mut third)),
    ];
    let mut driver = async_driver();
    loop {
        let mut memory = Memory { exchange: black_box(&mut exchange), slots: black_box(&mut slots) };
        black_box(block_on(driver.run_async(&mut flow, &mut memory)).is_ok());
        black_box(driver.report().code());
        let Some(credentials) = slots.first().and_then(Slot::credentials) else { continue };
        let Some(time) = driver.time() else { continue };
        let mut out = Cursor::new(black_box(&mut exchange));
        black_box(sizes::sign(&call(), &credentials, time, &mut out).is_ok());
    }
});
