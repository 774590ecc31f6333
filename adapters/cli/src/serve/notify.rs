//! What is reported to systemd, of a service with `Type=notify`: that there are credentials, and that it stops.

/// Says that clients get answers from now on.
pub(crate) fn ready() {
    say("READY=1");
}

/// Says that it stops.
pub(super) fn stopping() {
    say("STOPPING=1");
}

/// Sends a line to the socket in `NOTIFY_SOCKET`, if there is one. Who does not listen there is not waited for.
#[cfg(unix)]
fn say(line: &str) {
    use std::os::unix::net::UnixDatagram;
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let said = UnixDatagram::unbound().and_then(|socket| {
        socket.set_nonblocking(true)?;
        socket.send_to_addr(line.as_bytes(), &address(&path)?)
    });
    if let Err(error) = said {
        crate::output::note(format_args!("NOTIFY_SOCKET {}: {error}", path.display()));
    }
}

/// A path, or on Linux after an at sign an abstract name.
#[cfg(unix)]
fn address(path: &std::ffi::OsStr) -> std::io::Result<std::os::unix::net::SocketAddr> {
    use std::os::unix::net::SocketAddr;
    #[cfg(target_os = "linux")]
    if let [b'@', name @ ..] = path.as_encoded_bytes() {
        use std::os::linux::net::SocketAddrExt;
        return SocketAddr::from_abstract_name(name);
    }
    SocketAddr::from_pathname(path)
}

#[cfg(not(unix))]
fn say(_: &str) {}
