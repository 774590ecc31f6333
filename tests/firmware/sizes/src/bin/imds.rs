//! (b) Instance credentials with refresh: flow, JSON, HTTP.

#![no_std]
#![no_main]

use core::hint::black_box;

use rolecall_core::flow::{Memory, Report, Slot};
use rolecall_core::skew::Clock;
use sizes::image::Nowhere;

sizes::image!(|| {
    let Ok(mut flow) = sizes::instance(black_box("")) else { return };
    let (mut exchange, mut first, mut second) = ([0; 64], [0; 64], [0; 64]);
    let mut slots = [Slot::new(black_box(&mut first)), Slot::new(black_box(&mut second))];
    let mut memory = Memory { exchange: black_box(&mut exchange), slots: black_box(&mut slots) };
    let (mut clock, mut report) = (Clock::new(), Report::new());
    loop {
        black_box(sizes::drive(&mut flow, &mut memory, &mut clock, &mut report, &mut Nowhere).is_ok());
        black_box(report.code());
    }
});
