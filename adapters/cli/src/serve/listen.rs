//! The socket that is listened on: one of its own, or one that systemd hands over.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use crate::failure::Failure;

/// The most connections at a time.
const MOST: usize = 1_024;
/// How many connections the system may keep before they are let in.
#[cfg(unix)]
const BACKLOG: i32 = 1_024;
/// Files that are open beside connections: standard ones, the loop's, and those of a fetch.
#[cfg(unix)]
const OTHER_FILES: u64 = 64;

/// A socket that listens.
pub(crate) struct Socket {
    pub(crate) listener: TcpListener,
    /// The address that clients use.
    pub(crate) address: SocketAddr,
}

/// Listens on `asked`, else on the socket of systemd, else on a free port of loopback. An address that others can reach
/// needs `on_network`.
pub(crate) fn listen(asked: Option<SocketAddr>, on_network: bool) -> Result<Socket, Failure> {
    let (name, listener) = match (handed_over()?, asked) {
        (Some(_), Some(_)) => {
            let problem = "--listen: systemd has handed over a socket (LISTEN_FDS): leave --listen out, or start without";
            return Err(Failure::Usage(problem.to_owned()));
        }
        (Some(listener), None) => ("LISTEN_FDS".to_owned(), listener),
        (None, asked) => {
            let address = asked.unwrap_or(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0));
            check(&format!("--listen {address}"), address, on_network)?;
            let name = format!("--listen {address}");
            let listener = TcpListener::bind(address).map_err(|error| Failure::Input(name.clone(), error))?;
            (name, listener)
        }
    };
    let failed = |error| Failure::Input(name.clone(), error);
    let bound = listener.local_addr().map_err(failed)?;
    check(&name, bound, on_network)?;
    listener.set_nonblocking(true).map_err(failed)?;
    // Once more, for a longer queue than that of the standard library.
    #[cfg(unix)]
    rustix::net::listen(&listener, BACKLOG).map_err(|error| failed(error.into()))?;
    Ok(Socket { listener, address: reached(bound) })
}

/// The socket of systemd, if there is one. It has to be called before there are threads: it removes variables.
#[cfg(unix)]
fn handed_over() -> Result<Option<TcpListener>, Failure> {
    let mut sockets = listenfd::ListenFd::from_env();
    let problem = match (sockets.len(), sockets.take_tcp_listener(0)) {
        (0, _) => return Ok(None),
        (1, Ok(listener)) => return Ok(listener),
        (1, Err(_)) => "it is not one of TCP".to_owned(),
        (count, _) => format!("there are {count}"),
    };
    let expected = "expected one socket that listens, as of ListenStream=127.0.0.1:PORT";
    Err(Failure::Usage(format!("LISTEN_FDS: {expected}; {problem}")))
}

#[cfg(not(unix))]
fn handed_over() -> Result<Option<TcpListener>, Failure> {
    Ok(None)
}

/// Refuses an address that other machines can reach, unless that is wanted.
fn check(name: &str, address: SocketAddr, on_network: bool) -> Result<(), Failure> {
    if on_network || address.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "{name}: expected an address of loopback, such as 127.0.0.1:0, found one that other machines may reach; they \
         would get credentials over plain http: choose loopback, or add --listen-on-network"
    )))
}

/// The address that clients on this machine use: an unspecified one is that of every interface.
fn reached(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, bound.port())
}

/// Lets this process open as many files as it may, and returns how many connections that is good for. A command that was
/// started before keeps the limit that it had.
pub(super) fn most_connections() -> usize {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        // Where the system refuses, the limit stays as it is.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX).saturating_sub(OTHER_FILES);
        usize::try_from(files).unwrap_or(MOST).clamp(1, MOST)
    }
    #[cfg(not(unix))]
    MOST
}
