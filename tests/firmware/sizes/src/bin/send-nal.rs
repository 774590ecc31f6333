//! (d) with the driver of rolecall-nal: instance credentials with refresh, and signed requests.

#![no_std]
#![no_main]

use core::hint::black_box;

use rolecall_core::call::Outgoing;
use rolecall_core::flow::{Endpoint, Memory, Slot};
use rolecall_core::sigv4::{Rules, Scope};
use sizes::image::driver;

sizes::image!(|| {
    let Ok(mut flow) = sizes::instance(black_box("")) else { return };
    let Ok(endpoint) = Endpoint::parse(black_box("")) else { return };
    let (mut exchange, mut first, mut second) = ([0; 64], [0; 64], [0; 64]);
    let mut slots = [Slot::new(black_box(&mut first)), Slot::new(black_box(&mut second))];
    let mut memory = Memory { exchange: black_box(&mut exchange), slots: black_box(&mut slots) };
    let mut driver = driver();
    loop {
        black_box(driver.run(&mut flow, &mut memory).is_ok());
        let scope = Scope { region: black_box(""), service: "s3", rules: Rules::S3 };
        let request = Outgoing::new("GET", endpoint, black_box(""), scope);
        let answered = driver.send(&mut flow, request, &mut memory);
        black_box(answered.map(|answered| answered.reply.status).is_ok());
        black_box(driver.report().code());
    }
});
