//! Sketch.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(any(test, doctest))]
extern crate std;

#[cfg(feature = "sigv4")]
pub mod credentials;
#[cfg(feature = "sigv4")]
pub mod sigv4;
pub mod wire;
