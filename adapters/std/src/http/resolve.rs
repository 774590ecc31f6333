//! The addresses of hosts.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::time::Duration;

use rolecall_core::error::FailureKind;
use ureq::config::Config;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use ureq::{Error, http};

/// Resolves a name by the system.
pub(crate) type Lookup = fn(&str) -> io::Result<Vec<IpAddr>>;

/// The system's own resolver.
pub(crate) fn lookup(name: &str) -> io::Result<Vec<IpAddr>> {
    Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
}

/// Resolves `host`. Only a name is passed to the system's resolver, which cannot be stopped: it runs in a
/// thread, which is left behind if it does not answer within `limit`.
pub(crate) fn resolve(host: &str, limit: Duration, lookup: Lookup) -> Result<Vec<IpAddr>, FailureKind> {
    if let Ok(address) = host.parse() {
        return Ok(vec![address]);
    }
    // This name needs no file of hosts and no name server.
    if is_localhost(host) {
        return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    let (sender, receiver) = mpsc::channel();
    let name = host.to_owned();
    let asked = std::thread::Builder::new().spawn(move || sender.send(lookup(&name)));
    asked.map_err(|_| FailureKind::Denied)?;
    match receiver.recv_timeout(limit) {
        Ok(Ok(addresses)) if !addresses.is_empty() => Ok(addresses),
        Ok(Err(error)) if is_unavailable(&error) => {
            Err(if has_name_server() { FailureKind::Timeout } else { FailureKind::Unsupported })
        }
        Ok(_) => Err(FailureKind::NotFound),
        Err(_) => Err(FailureKind::Timeout),
    }
}

/// Whether no name server answered, so that the name is not at fault (`EAI_AGAIN`, `EAI_FAIL`). The standard library
/// has the words of the system's resolver alone: those of glibc, musl and macOS.
fn is_unavailable(error: &io::Error) -> bool {
    let text = error.to_string();
    ["Temporary failure", "Try again", "Non-recoverable", "temporarily"]
        .iter()
        .any(|words| text.contains(words))
}

/// Whether the system names a name server. An image made from scratch has none, unless its runtime adds the file.
#[cfg(unix)]
fn has_name_server() -> bool {
    let file = std::fs::read("/etc/resolv.conf").unwrap_or_default();
    file.split(|byte| *byte == b'\n').any(|line| line.trim_ascii_start().starts_with(b"nameserver"))
}

#[cfg(not(unix))]
fn has_name_server() -> bool {
    true
}

/// The resolver's error for a system without a name server.
#[derive(Debug)]
pub(super) struct NoNameServer;

impl fmt::Display for NoNameServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no name server")
    }
}

impl std::error::Error for NoNameServer {}

/// Whether it is that error.
pub(super) fn is_no_name_server(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|error| error.is::<NoNameServer>())
}

/// Whether it is the name that always means this machine (RFC 6761).
pub(crate) fn is_localhost(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
}

/// The port of a URL, written or implied.
pub(super) fn port(uri: &http::Uri) -> u16 {
    uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 })
}

/// Resolves to the address that was checked, whatever the host's name resolves to now; without one, to those
/// of the host.
#[derive(Debug)]
pub(crate) struct Addresses {
    pub(crate) pinned: Option<IpAddr>,
    pub(crate) lookup: Lookup,
}

impl Resolver for Addresses {
    fn resolve(
        &self,
        uri: &http::Uri,
        _: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let found = match self.pinned {
            Some(address) => vec![address],
            None => resolve(host, *timeout.after, self.lookup).map_err(|kind| match kind {
                FailureKind::Timeout => Error::Timeout(timeout.reason),
                FailureKind::Unsupported => io::Error::other(NoNameServer).into(),
                FailureKind::Denied => io::Error::from(io::ErrorKind::PermissionDenied).into(),
                _ => Error::HostNotFound,
            })?,
        };
        let port = port(uri);
        let mut addresses = self.empty();
        // As many as there is room for.
        for address in found.into_iter().take(16) {
            addresses.push(SocketAddr::new(address, port));
        }
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(words: Lookup) -> FailureKind {
        resolve("name.invalid", Duration::from_secs(2), words).expect_err("no address")
    }

    fn failed(words: &str) -> io::Result<Vec<IpAddr>> {
        Err(io::Error::other(format!("failed to lookup address information: {words}")))
    }

    #[test]
    fn a_name_server_that_does_not_answer_is_not_a_name_that_does_not_exist() {
        let unavailable = if has_name_server() { FailureKind::Timeout } else { FailureKind::Unsupported };
        assert_eq!(kind(|_| failed("Temporary failure in name resolution")), unavailable); // glibc
        assert_eq!(kind(|_| failed("Try again")), unavailable); // musl
        assert_eq!(kind(|_| failed("Non-recoverable failure in name resolution")), unavailable);
        for missing in
            [|_: &str| failed("Name or service not known"), |_: &str| failed("Name does not resolve")]
        {
            assert_eq!(kind(missing), FailureKind::NotFound);
        }
        assert_eq!(kind(|_| failed("nodename nor servname provided, or not known")), FailureKind::NotFound); // macOS
        assert_eq!(kind(|_| Ok(Vec::new())), FailureKind::NotFound);
        assert!(resolve("192.0.2.1", Duration::ZERO, |_| panic!("an address is not looked up")).is_ok());
    }
}
