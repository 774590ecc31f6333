//! The table of faults: server faults on loopback, for each source and with each adapter. Every row must end
//! with exactly the served credentials or one clear error, in bounded time, memory and processor time.
//!
//! `cargo test -p e2e faults -- --nocapture` prints the table.

mod around;
mod caller;
mod content;
mod credentials;
mod json;
mod source;
mod statuses;
mod table;
mod wire;
mod xml;
