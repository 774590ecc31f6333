//! HTTP.

pub(crate) mod proxy;
pub(crate) mod resolve;
#[cfg(feature = "tls")]
pub(crate) mod tls;
pub(crate) mod transport;
