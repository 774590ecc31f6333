//! Plain TCP over `embedded-nal-async`.

use core::net::IpAddr;

use embedded_nal_async::{AddrType, Dns, TcpConnect};
use rolecall_core::error::FailureKind;
use rolecall_core::wire::uri::Scheme;

use super::Open;
use crate::{Remote, connect_failure};

/// A TCP/IP stack without TLS: an `https` endpoint is refused with [`FailureKind::Unsupported`], and needs TLS
/// over it (the crate `rolecall-tls`), or an [`Open`] of the caller's.
#[derive(Debug, Clone, Copy)]
pub struct Tcp<T> {
    stack: T,
}

impl<T: TcpConnect + Dns> Tcp<T> {
    /// A network over a stack that also resolves names; for others there is [`WithDns`](crate::WithDns).
    pub fn new(stack: T) -> Self {
        Self { stack }
    }
}

impl<T: TcpConnect + Dns> Open for Tcp<T> {
    type Stream<'a>
        = T::Connection<'a>
    where
        Self: 'a;

    async fn resolve(&mut self, host: &str) -> Result<IpAddr, FailureKind> {
        self.stack.get_host_by_name(host, AddrType::Either).await.map_err(|_| FailureKind::NotFound)
    }

    async fn open(&mut self, remote: &Remote<'_>) -> Result<T::Connection<'_>, FailureKind> {
        if remote.endpoint.scheme() == Scheme::Https && !remote.carries_tls {
            return Err(FailureKind::Unsupported);
        }
        self.stack.connect(remote.socket_addr()).await.map_err(|error| connect_failure(&error))
    }
}
