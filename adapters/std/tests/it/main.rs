//! Tests of the adapter by its public functions, on simulated hosts and against servers on loopback.
//!
//! One program: linking one per file would take longer than running them.

#[cfg(unix)]
mod cache;
mod common;
mod custom_source;
#[cfg(unix)]
mod examples;
#[cfg(unix)]
mod first_boot;
#[cfg(all(feature = "middleware", feature = "log"))]
mod http_signer;
#[cfg(feature = "tls")]
mod https;
mod kept;
mod limits;
mod proxy;
mod send;
mod send_chunked;
mod settings;
mod sources;
mod threads;
