//! Nothing: what every image holds.

#![no_std]
#![no_main]

sizes::image!(|| core::hint::black_box(()));
