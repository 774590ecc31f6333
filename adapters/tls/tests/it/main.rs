//! Boards that meet servers over TLS.

mod board;
mod chains;
mod dates;
mod faults;
mod server;
mod sessions;
mod signatures;
