//! HTTP, configured by values: the proxies, and the trusted certificates.

mod absolute;
mod buffers;
pub(crate) mod bundle;
mod failure;
pub(crate) mod proxy;
mod resolve;
mod tcp;
#[cfg(feature = "tls")]
mod time;
#[cfg(feature = "tls")]
mod tls;
pub(crate) mod transport;
mod trouble;
mod tunnel;
