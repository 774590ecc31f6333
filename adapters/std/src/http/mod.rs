//! HTTP, made from values: which proxies there are, and whose certificates are trusted.

pub(crate) mod proxy;
mod resolve;
#[cfg(feature = "tls")]
mod tls;
pub(crate) mod transport;
