//! Carries out exchanges with ureq.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rolecall_core::error::{Failure, FailureKind, Phase};
use rolecall_core::sources::{Answer, Exchange, Limits, Reply};
use rolecall_core::wire::http1::{is_header_name, is_header_value};
use rolecall_core::wire::uri::Uri;
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, AsSendBody, Body, Proxy, Timeout, http};
use zeroize::{Zeroize, Zeroizing};

use crate::system;

/// ureq's read and write buffers: heads of metadata services are small, and two of them are held.
const BUFFER: usize = 16 * 1024;

/// One connection pool, and what each exchange is held to.
pub(crate) struct Transport {
    agent: Agent,
}

/// A request on its way out.
pub(crate) struct Outgoing<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    pub(crate) headers: Vec<(&'a str, &'a [u8])>,
    pub(crate) body: &'a [u8],
    pub(crate) limits: Limits,
    /// For a link-local service: never through a proxy.
    pub(crate) metadata: bool,
}

impl Transport {
    pub(crate) fn new() -> Self {
        Self { agent: agent(None) }
    }

    /// Sends the request that is in `buffer`, and leaves the reply there: the headers that the flow
    /// asked for, then the body.
    pub(crate) fn carry_out(
        &self,
        exchange: &Exchange<'_>,
        buffer: &mut Zeroizing<Vec<u8>>,
    ) -> Answer<'static> {
        self.try_carry_out(exchange, buffer).unwrap_or_else(Answer::Failed)
    }

    fn try_carry_out(
        &self,
        exchange: &Exchange<'_>,
        buffer: &mut Zeroizing<Vec<u8>>,
    ) -> Result<Answer<'static>, Failure> {
        let protocol = |_| Failure { phase: Phase::Send, kind: FailureKind::Protocol };
        let deadline = Instant::now() + Duration::from_millis(exchange.limits.total.into());
        let sent = system::now();
        let head = exchange.request.head(buffer).map_err(protocol)?;
        let url = format!(
            "{}://{}{}",
            exchange.endpoint.scheme().as_str(),
            exchange.endpoint.authority(),
            head.target
        );
        let pinned = exchange.address.map(|address| agent(Some(address)));
        let mut response = send(
            pinned.as_ref().unwrap_or(&self.agent),
            Outgoing {
                method: head.method,
                url: &url,
                headers: head.headers.iter().collect(),
                body: exchange.request.body(buffer),
                limits: exchange.limits,
                metadata: exchange.metadata,
            },
        )?;
        let received = system::now();

        buffer.zeroize();
        let mut headers = Vec::new();
        for name in exchange.reply_headers {
            for value in response.headers().get_all(*name) {
                if is_header_name(name) && is_header_value(value.as_bytes()) {
                    for part in [name.as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                        headers.extend_from_slice(part);
                    }
                }
            }
        }
        buffer.extend_from_slice(&headers);
        read_body(response.body_mut(), exchange.limits.body as usize, deadline, buffer, None)?;
        let status = response.status().as_u16();
        let body = headers.len()..buffer.len();
        Ok(Answer::Reply(Reply { status, headers: 0..headers.len(), body, sent, received }))
    }

    /// Sends a request of the caller's own making.
    pub(crate) fn send(&self, outgoing: Outgoing<'_>) -> Result<http::Response<Body>, Failure> {
        send(&self.agent, outgoing)
    }
}

fn send(agent: &Agent, outgoing: Outgoing<'_>) -> Result<http::Response<Body>, Failure> {
    let bad = Failure { phase: Phase::Send, kind: FailureKind::Protocol };
    let mut request = http::Request::builder().method(outgoing.method).uri(outgoing.url);
    for (name, value) in &outgoing.headers {
        request = request.header(*name, *value);
    }
    // Methods that have a body by nature tell its length even when it is empty.
    if outgoing.body.is_empty() && !matches!(outgoing.method, "POST" | "PUT" | "PATCH") {
        run(agent, request.body(()).map_err(|_| bad)?, &outgoing)
    } else {
        run(agent, request.body(outgoing.body).map_err(|_| bad)?, &outgoing)
    }
}

fn run<S: AsSendBody>(
    agent: &Agent,
    request: http::Request<S>,
    outgoing: &Outgoing<'_>,
) -> Result<http::Response<Body>, Failure> {
    let direct = outgoing.metadata || is_loopback(outgoing.url);
    let limit = |milliseconds: u32| Some(Duration::from_millis(u64::from(milliseconds).max(1)));
    let request = agent
        .configure_request(request)
        .proxy(if direct { None } else { Proxy::try_from_env() })
        .timeout_resolve(limit(outgoing.limits.connect))
        .timeout_connect(limit(outgoing.limits.connect))
        .timeout_recv_response(limit(outgoing.limits.first_byte))
        .timeout_per_read(limit(outgoing.limits.first_byte))
        .timeout_global(limit(outgoing.limits.total))
        .build();
    agent.run(request).map_err(|error| failure(&error, Phase::FirstByte))
}

/// Reads a body into `buffer`, behind what it holds, up to `limit` bytes and until `deadline`. A
/// longer one goes to `overflow` as it comes, all of it; without an overflow it is an error.
pub(crate) fn read_body(
    body: &mut Body,
    limit: usize,
    deadline: Instant,
    buffer: &mut Zeroizing<Vec<u8>>,
    overflow: Option<&mut dyn Write>,
) -> Result<(), Failure> {
    let failed = |kind| Failure { phase: Phase::Body, kind };
    let denied = |_| failed(FailureKind::Denied);
    let end = buffer.len().saturating_add(limit);
    let mut reader = body.as_reader();
    let mut piece = Zeroizing::new([0; 4096]);
    let mut overflow = overflow.map(|out| (out, false));
    loop {
        let len = match reader.read(piece.as_mut_slice()) {
            Ok(0) => return Ok(()),
            Ok(len) => len,
            Err(error) => return Err(failure(&ureq::Error::from(error), Phase::Body)),
        };
        match &mut overflow {
            Some((out, true)) => out.write_all(&piece[..len]).map_err(denied)?,
            _ if buffer.len() + len <= end => append(buffer, &piece[..len]),
            Some((out, flowing)) => {
                out.write_all(buffer).and_then(|()| out.write_all(&piece[..len])).map_err(denied)?;
                buffer.zeroize();
                *flowing = true;
            }
            None => return Err(failed(FailureKind::TooLarge)),
        }
        if Instant::now() > deadline {
            return Err(failed(FailureKind::Timeout));
        }
    }
}

/// Appends, and wipes the old memory when there is not enough of it: a growing vector would not.
pub(crate) fn append(buffer: &mut Zeroizing<Vec<u8>>, bytes: &[u8]) {
    if buffer.capacity() - buffer.len() < bytes.len() {
        let mut larger = Zeroizing::new(Vec::with_capacity((buffer.len() + bytes.len()).next_power_of_two()));
        larger.extend_from_slice(buffer);
        *buffer = larger;
    }
    buffer.extend_from_slice(bytes);
}

/// The addresses of `host`, within `limit` milliseconds. The system's resolver cannot be stopped, so
/// that a thread is left behind if it does not answer.
pub(crate) fn resolve(host: &str, limit: u64) -> Result<Vec<IpAddr>, Failure> {
    let failed = |kind| Failure { phase: Phase::Resolve, kind };
    let (sender, receiver) = mpsc::channel();
    let name = host.to_owned();
    std::thread::spawn(move || {
        let addresses = std::net::ToSocketAddrs::to_socket_addrs(&(name.as_str(), 0));
        let _ = sender.send(addresses.map(|addresses| addresses.map(|address| address.ip()).collect()));
    });
    match receiver.recv_timeout(Duration::from_millis(limit)) {
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(_)) => Err(failed(FailureKind::NotFound)),
        Err(_) => Err(failed(FailureKind::Timeout)),
    }
}

fn agent(pinned: Option<IpAddr>) -> Agent {
    let config = Config::builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .input_buffer_size(BUFFER)
        .output_buffer_size(BUFFER)
        .user_agent(ureq::config::AutoHeaderValue::None)
        .accept(ureq::config::AutoHeaderValue::None)
        .accept_encoding(ureq::config::AutoHeaderValue::None)
        .max_idle_connections(2)
        .max_idle_connections_per_host(1)
        .build();
    Agent::with_parts(config, DefaultConnector::default(), Addresses { pinned })
}

fn is_loopback(url: &str) -> bool {
    Uri::parse(url).is_ok_and(|uri| {
        uri.host.eq_ignore_ascii_case("localhost")
            || uri.address().is_some_and(|address| address.is_loopback())
    })
}

/// Answers with the address that was checked, or that the URL spells out; only for a name it asks
/// the system, which takes a thread.
#[derive(Debug)]
struct Addresses {
    pinned: Option<IpAddr>,
}

impl Resolver for Addresses {
    fn resolve(
        &self,
        uri: &http::Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let Some(address) = self.pinned.or_else(|| host.parse().ok()) else {
            return DefaultResolver::default().resolve(uri, config, timeout);
        };
        let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        let mut addresses = self.empty();
        addresses.push(SocketAddr::new(address, uri.port_u16().unwrap_or(default)));
        Ok(addresses)
    }
}

/// What a ureq error comes to. `phase` is where it came up, if the error itself does not tell.
fn failure(error: &ureq::Error, phase: Phase) -> Failure {
    use ureq::Error;
    let (phase, kind) = match error {
        Error::Timeout(timeout) => (phase_of(*timeout).unwrap_or(phase), FailureKind::Timeout),
        Error::HostNotFound => (Phase::Resolve, FailureKind::NotFound),
        Error::ConnectionFailed => (Phase::Connect, FailureKind::NotFound),
        Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::AddrNotAvailable => (Phase::Connect, FailureKind::NotFound),
            io::ErrorKind::PermissionDenied => (Phase::Connect, FailureKind::Denied),
            io::ErrorKind::TimedOut => (phase, FailureKind::Timeout),
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => (phase, FailureKind::Closed),
            // The system's resolver gives no kind of its own.
            _ if error.to_string().contains("lookup address") => (Phase::Resolve, FailureKind::NotFound),
            _ => (phase, FailureKind::Other),
        },
        Error::LargeResponseHeader(..) | Error::BodyExceedsLimit(_) => (phase, FailureKind::TooLarge),
        Error::Protocol(_) => (phase, FailureKind::Protocol),
        Error::TlsRequired => (Phase::Connect, FailureKind::Unsupported),
        Error::Tls(_) | Error::RequireHttpsOnly(_) => (Phase::Connect, FailureKind::Untrusted),
        #[cfg(feature = "tls")]
        Error::Rustls(_) | Error::Pem(_) => (Phase::Connect, FailureKind::Untrusted),
        Error::ConnectProxyFailed(_) | Error::InvalidProxyUrl => (Phase::Connect, FailureKind::Other),
        _ => (phase, FailureKind::Other),
    };
    Failure { phase, kind }
}

fn phase_of(timeout: Timeout) -> Option<Phase> {
    match timeout {
        Timeout::Resolve => Some(Phase::Resolve),
        Timeout::Connect => Some(Phase::Connect),
        Timeout::SendRequest | Timeout::SendBody => Some(Phase::Send),
        Timeout::RecvResponse => Some(Phase::FirstByte),
        Timeout::RecvBody => Some(Phase::Body),
        _ => None,
    }
}
