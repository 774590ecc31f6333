//! A server of credentials on loopback, in one event loop: what SDKs of any language ask for, in the container's or the
//! instance's way, so that they refresh by themselves.
//!
//! ```text
//!   request  -> service -> answer       what is asked, who may ask, what is answered
//!   connection, connections             one socket, and all of them
//!   fetcher, held                       the one thread that fetches, and what it fetched last
//!   listen, signals, child, notify      the socket, the end, the command below, systemd
//!   engine                              the loop
//! ```

mod answer;
mod child;
mod connection;
mod connections;
mod engine;
mod fetcher;
mod held;
mod listen;
mod notify;
mod request;
mod service;
mod signals;
#[cfg(test)]
mod tests;
mod tokens;

pub(crate) use child::{Running, ended_by, exit_code};
pub(crate) use engine::{End, Engine};
pub(crate) use listen::listen;
pub(crate) use notify::ready;
pub(crate) use service::{CONTAINER_PATH, Mode, Service};
pub(crate) use signals::Signals;
pub(crate) use tokens::random_text;
