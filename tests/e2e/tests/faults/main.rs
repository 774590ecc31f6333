//! The table of faults: what a peer on loopback may do wrong, for each source, with each adapter. Every
//! row comes to exactly what was served or to one clear error, soon, in little memory, without a busy core.
//!
//! `cargo test -p e2e --test faults -- --nocapture` prints the table.

mod caller;
mod content;
mod credentials;
mod json;
mod source;
mod statuses;
mod table;
mod wire;
mod xml;
