//! The examples of rolecall-nal as modules of a firmware, with every crate that their copies depend on.

#![no_std]
#![deny(unused_crate_dependencies)]

#[path = "../../../adapters/nal/examples/blocking.rs"]
pub mod blocking;
#[path = "../../../adapters/nal/examples/embassy.rs"]
pub mod embassy;
