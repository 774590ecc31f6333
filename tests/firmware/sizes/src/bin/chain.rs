//! (c) Everything: instance credentials, AssumeRole, refresh, and signing with the role's credentials.

#![no_std]
#![no_main]

use core::hint::black_box;

use rolecall_core::flow::{Memory, Report, Slot};
use rolecall_core::skew::Clock;
use rolecall_core::wire::Cursor;
use rolecall_core::wire::time::UnixTime;
use sizes::image::{Nowhere, call};

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
    let (mut clock, mut report) = (Clock::new(), Report::new());
    loop {
        let mut memory = Memory { exchange: black_box(&mut exchange), slots: black_box(&mut slots) };
        black_box(sizes::drive(&mut flow, &mut memory, &mut clock, &mut report, &mut Nowhere).is_ok());
        black_box(report.code());
        let Some(credentials) = slots.first().and_then(Slot::credentials) else { continue };
        let mut out = Cursor::new(black_box(&mut exchange));
        let time = UnixTime::from_secs(black_box(0));
        black_box(sizes::sign(&call(), &credentials, time, &mut out).is_ok());
    }
});
