//! Support for end-to-end tests: runs the command as a user does, and provides servers to run it against.

pub mod boto;
pub mod command;
pub mod device;
pub mod host;
pub mod peer;
pub mod pools;
pub mod prompt;
pub mod served;
pub mod servers;
pub mod setup;
pub mod tamper;

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
