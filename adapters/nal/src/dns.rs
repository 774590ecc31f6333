//! Name resolution for stacks that have none.

use core::net::{IpAddr, SocketAddr};

use embedded_nal::{AddrType, Dns, TcpClientStack, nb};

/// A stack with a separate resolver.
///
/// ```
/// use rolecall_nal::{NoDns, WithDns};
/// # let stack = ();
/// // For services that are given by address: instance metadata, a container endpoint.
/// let network = WithDns { stack, dns: NoDns };
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct WithDns<S, D> {
    /// Opens connections.
    pub stack: S,
    /// Resolves names.
    pub dns: D,
}

/// A resolver that fails for every name with [`NoSuchName`].
#[derive(Debug, Clone, Copy, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct NoDns;

/// The error of [`NoDns`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct NoSuchName;

impl Dns for NoDns {
    type Error = NoSuchName;

    fn get_host_by_name(&mut self, _: &str, _: AddrType) -> nb::Result<IpAddr, NoSuchName> {
        Err(nb::Error::Other(NoSuchName))
    }

    fn get_host_by_address(&mut self, _: IpAddr, _: &mut [u8]) -> nb::Result<usize, NoSuchName> {
        Err(nb::Error::Other(NoSuchName))
    }
}

impl<S, D: Dns> Dns for WithDns<S, D> {
    type Error = D::Error;

    fn get_host_by_name(&mut self, host: &str, kind: AddrType) -> nb::Result<IpAddr, D::Error> {
        self.dns.get_host_by_name(host, kind)
    }

    fn get_host_by_address(&mut self, address: IpAddr, name: &mut [u8]) -> nb::Result<usize, D::Error> {
        self.dns.get_host_by_address(address, name)
    }
}

impl<S: TcpClientStack, D> TcpClientStack for WithDns<S, D> {
    type TcpSocket = S::TcpSocket;
    type Error = S::Error;

    fn socket(&mut self) -> Result<S::TcpSocket, S::Error> {
        self.stack.socket()
    }

    fn connect(&mut self, socket: &mut S::TcpSocket, remote: SocketAddr) -> nb::Result<(), S::Error> {
        self.stack.connect(socket, remote)
    }

    fn send(&mut self, socket: &mut S::TcpSocket, bytes: &[u8]) -> nb::Result<usize, S::Error> {
        self.stack.send(socket, bytes)
    }

    fn receive(&mut self, socket: &mut S::TcpSocket, room: &mut [u8]) -> nb::Result<usize, S::Error> {
        self.stack.receive(socket, room)
    }

    fn close(&mut self, socket: S::TcpSocket) -> Result<(), S::Error> {
        self.stack.close(socket)
    }
}

#[cfg(feature = "async")]
mod awaited {
    use super::{AddrType, IpAddr, NoDns, NoSuchName, SocketAddr, WithDns};
    use embedded_nal_async::{Dns, TcpConnect};

    impl Dns for NoDns {
        type Error = NoSuchName;

        async fn get_host_by_name(&self, _: &str, _: AddrType) -> Result<IpAddr, NoSuchName> {
            Err(NoSuchName)
        }

        async fn get_host_by_address(&self, _: IpAddr, _: &mut [u8]) -> Result<usize, NoSuchName> {
            Err(NoSuchName)
        }
    }

    impl<S, D: Dns> Dns for WithDns<S, D> {
        type Error = D::Error;

        async fn get_host_by_name(&self, host: &str, kind: AddrType) -> Result<IpAddr, D::Error> {
            self.dns.get_host_by_name(host, kind).await
        }

        async fn get_host_by_address(&self, address: IpAddr, name: &mut [u8]) -> Result<usize, D::Error> {
            self.dns.get_host_by_address(address, name).await
        }
    }

    impl<S: TcpConnect, D> TcpConnect for WithDns<S, D> {
        type Error = S::Error;
        type Connection<'a>
            = S::Connection<'a>
        where
            Self: 'a;

        async fn connect(&self, remote: SocketAddr) -> Result<S::Connection<'_>, S::Error> {
            self.stack.connect(remote).await
        }
    }
}
