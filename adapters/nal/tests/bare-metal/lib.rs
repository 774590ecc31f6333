//! The examples, where there is no operating system.

#![no_std]

#[path = "../../examples/blocking.rs"]
pub mod blocking;
#[path = "../../examples/embassy.rs"]
pub mod embassy;
