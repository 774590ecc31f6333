//! This machine.

pub(crate) mod words;
