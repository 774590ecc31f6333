//! Runs the command as a user does, and peers for it to meet.

pub mod boto;
pub mod command;
pub mod peer;
pub mod person;
pub mod pools;
pub mod servers;
pub mod setup;
pub mod tamper;
