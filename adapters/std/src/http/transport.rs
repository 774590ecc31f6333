//! Carries out exchanges with ureq.

use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use rolecall_core::error::{Failure, FailureKind, Phase};
use rolecall_core::flow::{Answer, Exchange, Limits, Reply};
use rolecall_core::wire::http1::is_header_value;
use rolecall_core::wire::uri::{Scheme, Uri};
use ureq::config::Config;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, TcpConnector};
use ureq::{Agent, AsSendBody, Body, Proxy, Timeout, http};
use zeroize::{Zeroize, Zeroizing};

use super::proxy::{Proxies, is_this_machine};
use super::resolve::{Addresses, Lookup, lookup, resolve};
#[cfg(feature = "tls")]
use super::tls::{self, Tls};
use crate::host::append_within;
use crate::{Error, clock};

/// ureq's read and write buffers: heads of metadata services are small, and two of them are held.
const BUFFER: usize = 16 * 1024;
/// For the rest of a reply's head, in milliseconds.
const GRACE: u32 = 20;

/// One connection pool, and what all exchanges have in common.
pub(crate) struct Transport {
    proxies: Result<Proxies, Error>,
    means: Means,
    agent: Agent,
}

/// What a connection is made with.
struct Means {
    lookup: Lookup,
    #[cfg(feature = "tls")]
    tls: Tls,
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
    /// Through `proxies`, trusting the certificates in the PEM file `ca_bundle`, else the built-in roots.
    /// Neither reads a certificate nor opens a connection.
    pub(crate) fn new(proxies: Result<Proxies, Error>, ca_bundle: Option<String>) -> Self {
        Self::with_lookup(proxies, ca_bundle, lookup)
    }

    #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "nothing is trusted without TLS"))]
    fn with_lookup(proxies: Result<Proxies, Error>, ca_bundle: Option<String>, lookup: Lookup) -> Self {
        let means = Means {
            lookup,
            #[cfg(feature = "tls")]
            tls: Tls::new(ca_bundle),
        };
        Self { proxies, agent: means.agent(None), means }
    }

    /// What is wrong with a setting that an exchange needed: it failed as untrusted or unsupported.
    pub(crate) fn misconfigured(&self) -> Option<String> {
        if let Err(error) = &self.proxies {
            return Some(error.to_string());
        }
        #[cfg(feature = "tls")]
        return self.means.tls.trouble();
        #[cfg(not(feature = "tls"))]
        None
    }

    /// The addresses of `host`, within `limit` milliseconds.
    pub(crate) fn resolve(&self, host: &str, limit: u32) -> Result<Vec<IpAddr>, Failure> {
        resolve(host, Duration::from_millis(limit.into()), self.means.lookup)
            .map_err(|kind| Failure { phase: Phase::Resolve, kind })
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
        let sent = clock::now();
        let head = exchange.request.head(buffer).map_err(protocol)?;
        let url = format!(
            "{}://{}{}",
            exchange.endpoint.scheme().as_str(),
            exchange.endpoint.authority(),
            head.target
        );
        let pinned = exchange.address.map(|address| self.means.agent(Some(address)));
        let mut response = self.send_by(
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
        let received = clock::now();
        if response.body().content_length().is_some_and(|length| length > exchange.limits.body.into()) {
            // What will not be taken is not waited for.
            return Err(Failure { phase: Phase::Body, kind: FailureKind::TooLarge });
        }

        buffer.zeroize();
        let mut headers = Vec::new();
        for (name, value) in response.headers() {
            if exchange.reply_headers.include(name.as_str()) && is_header_value(value.as_bytes()) {
                for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                    headers.extend_from_slice(part);
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
        self.send_by(&self.agent, outgoing)
    }

    fn send_by(&self, agent: &Agent, outgoing: Outgoing<'_>) -> Result<http::Response<Body>, Failure> {
        let bad = Failure { phase: Phase::Send, kind: FailureKind::Protocol };
        let uri = Uri::parse(outgoing.url).map_err(|_| bad)?;
        if cfg!(not(feature = "tls")) && uri.scheme == Scheme::Https {
            return Err(Failure { phase: Phase::Connect, kind: FailureKind::Unsupported });
        }
        let proxy = match &self.proxies {
            _ if outgoing.metadata || is_this_machine(&uri) => None,
            Ok(proxies) => proxies.of(&uri),
            Err(_) => return Err(Failure { phase: Phase::Connect, kind: FailureKind::Unsupported }),
        };
        let mut request = http::Request::builder().method(outgoing.method).uri(outgoing.url);
        for (name, value) in &outgoing.headers {
            request = request.header(*name, *value);
        }
        // Methods that have a body by nature tell its length even when it is empty.
        if outgoing.body.is_empty() && !matches!(outgoing.method, "POST" | "PUT" | "PATCH") {
            run(agent, request.body(()).map_err(|_| bad)?, proxy, outgoing.limits)
        } else {
            run(agent, request.body(outgoing.body).map_err(|_| bad)?, proxy, outgoing.limits)
        }
    }
}

impl Means {
    /// Connects to `pinned`, if there is such an address, and to no other.
    fn agent(&self, pinned: Option<IpAddr>) -> Agent {
        let connector = ().chain(ConnectProxyConnector::default()).chain(TcpConnector::default());
        #[cfg(feature = "tls")]
        let connector = connector.chain(self.tls.clone());
        Agent::with_parts(config(), connector, Addresses { pinned, lookup: self.lookup })
    }
}

fn run<S: AsSendBody>(
    agent: &Agent,
    request: http::Request<S>,
    proxy: Option<&Proxy>,
    limits: Limits,
) -> Result<http::Response<Body>, Failure> {
    let limit = |milliseconds: u32| Some(Duration::from_millis(u64::from(milliseconds).max(1)));
    let silence = limit(limits.first_byte);
    let request = agent
        .configure_request(request)
        .proxy(proxy.cloned())
        .timeout_resolve(limit(limits.connect))
        .timeout_connect(limit(limits.connect))
        // The limits of reads and writes are those of the socket from one exchange to the next. Were this
        // one the shorter, the system would be told anew at each, of a microsecond less.
        .timeout_recv_response(limit(limits.first_byte.saturating_add(GRACE)))
        .timeout_per_read(silence)
        .timeout_per_write(silence)
        .timeout_global(limit(limits.total))
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
            _ if buffer.len() + len <= end => append_within(end, buffer, &piece[..len]),
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

fn config() -> Config {
    Config::builder()
        // Else it would be the environment's, whatever the settings say.
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .input_buffer_size(BUFFER)
        // Told before the buffer is full, which ureq takes for the end of the stream.
        .max_response_header_size(BUFFER - 1)
        .output_buffer_size(BUFFER)
        .user_agent(ureq::config::AutoHeaderValue::None)
        .accept(ureq::config::AutoHeaderValue::None)
        .accept_encoding(ureq::config::AutoHeaderValue::None)
        .max_idle_connections(2)
        .max_idle_connections_per_host(1)
        .build()
}

/// What a ureq error comes to. `phase` is where it came up, if the error itself does not tell.
fn failure(error: &ureq::Error, phase: Phase) -> Failure {
    use ureq::Error;
    #[cfg(feature = "tls")]
    if let Error::Io(error) = error
        && let Some(kind) = tls::kind_of(error)
    {
        // But for a body, it is the handshake that fails.
        let phase = if phase == Phase::Body { phase } else { Phase::Connect };
        return Failure { phase, kind };
    }
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
            _ => (phase, FailureKind::Other),
        },
        // It ended within the line of a chunk: ureq has input left that is of no use to it.
        Error::BodyStalled => (phase, FailureKind::Closed),
        Error::LargeResponseHeader(..) | Error::BodyExceedsLimit(_) => (phase, FailureKind::TooLarge),
        Error::Protocol(_) => (phase, FailureKind::Protocol),
        Error::TlsRequired => (Phase::Connect, FailureKind::Unsupported),
        Error::Tls(_) => (Phase::Connect, FailureKind::Untrusted),
        Error::ConnectProxyFailed(_) => (Phase::Connect, FailureKind::Other),
        _ => (phase, FailureKind::Other),
    };
    Failure { phase, kind }
}

fn phase_of(timeout: Timeout) -> Option<Phase> {
    match timeout {
        Timeout::Resolve => Some(Phase::Resolve),
        Timeout::Connect => Some(Phase::Connect),
        Timeout::SendRequest | Timeout::SendBody | Timeout::PerWrite => Some(Phase::Send),
        Timeout::RecvResponse => Some(Phase::FirstByte),
        Timeout::RecvBody => Some(Phase::Body),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc::{Receiver, Sender, channel};

    use rolecall_core::flow::{Endpoint, Span};

    use super::*;
    use crate::Environment;

    /// Answers every request on a new port of 127.0.0.1 with `ok`, tunnels included; tells what it was asked.
    fn serve() -> (u16, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (sender, asked) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                std::thread::spawn(move || answer(&stream, &sender));
            }
        });
        (port, asked)
    }

    fn answer(mut stream: &TcpStream, sender: &Sender<String>) -> Option<()> {
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        loop {
            let first = lines.next()?;
            lines.find(|line| line.is_empty())?;
            let tunnel = first.starts_with("CONNECT");
            let rest = if tunnel { "\r\n" } else { "Content-Length: 2\r\n\r\nok" };
            sender.send(first).ok()?;
            write!(stream, "HTTP/1.1 200 OK\r\n{rest}").ok()?;
        }
    }

    fn transport(variables: &[(&str, &str)], lookup: Lookup) -> Transport {
        let environment: Environment = variables.iter().copied().collect();
        Transport::with_lookup(Proxies::from_environment(&environment), None, lookup)
    }

    fn get(url: &str, metadata: bool) -> Outgoing<'_> {
        let limits = Limits { connect: 2_000, first_byte: 2_000, total: 4_000, body: 64 };
        Outgoing { method: "GET", url, headers: Vec::new(), body: b"", limits, metadata }
    }

    /// Where nobody listens.
    fn elsewhere(_: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![[127, 0, 0, 9].into()])
    }

    fn here(_: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![[127, 0, 0, 1].into()])
    }

    #[test]
    fn a_pinned_address_is_connected_to_whatever_the_name_resolves_to_now() {
        let (port, asked) = serve();
        let transport = transport(&[], elsewhere);
        let url = format!("http://credentials.invalid:{port}");
        let head = format!("GET /path HTTP/1.1\r\nHost: credentials.invalid:{port}\r\n\r\n");
        let mut exchange = Exchange::new(
            Endpoint::parse(&url).expect("an endpoint"),
            Span { head: head.len(), len: head.len() },
            get(&url, true).limits,
        );
        exchange.metadata = true;
        let request = || Zeroizing::new(head.clone().into_bytes());
        let failed = transport.carry_out(&exchange, &mut request());
        assert!(matches!(failed, Answer::Failed(Failure { kind: FailureKind::NotFound, .. })), "{failed:?}");
        exchange.address = Some([127, 0, 0, 1].into());
        let answer = transport.carry_out(&exchange, &mut request());
        assert!(matches!(answer, Answer::Reply(Reply { status: 200, .. })), "{answer:?}");
        assert_eq!(asked.iter().next().as_deref(), Some("GET /path HTTP/1.1"));
    }

    #[test]
    fn a_proxy_is_for_services_and_not_for_metadata() {
        let (port, asked) = serve();
        let proxy = format!("127.0.0.1:{port}");
        let transport = transport(&[("ALL_PROXY", &proxy), ("NO_PROXY", "direct.invalid")], here);
        let next = || asked.recv_timeout(Duration::from_secs(2)).expect("asked");
        transport.send(get("http://service.invalid/a", false)).expect("through the proxy");
        assert_eq!(
            (next(), next()),
            ("CONNECT service.invalid:80 HTTP/1.1".into(), "GET /a HTTP/1.1".into())
        );
        let metadata = format!("http://metadata.invalid:{port}/b");
        transport.send(get(&metadata, true)).expect("a reply");
        assert_eq!(next(), "GET /b HTTP/1.1");
        let direct = format!("http://direct.invalid:{port}/c");
        transport.send(get(&direct, false)).expect("a reply");
        assert_eq!(next(), "GET /c HTTP/1.1");
    }

    #[test]
    fn localhost_needs_no_resolver() {
        let (port, asked) = serve();
        let transport = transport(&[], elsewhere);
        transport.send(get(&format!("http://localhost:{port}/"), false)).expect("a reply");
        assert_eq!(asked.iter().next().as_deref(), Some("GET / HTTP/1.1"));
        assert_eq!(transport.resolve("localhost", 10).map(|found| found[0]), Ok([127, 0, 0, 1].into()));
    }

    #[test]
    fn a_resolver_that_hangs_is_given_up() {
        let transport = transport(&[], |_| {
            loop {
                std::thread::sleep(Duration::from_secs(60));
            }
        });
        let mut outgoing = get("http://slow.invalid/", false);
        outgoing.limits.connect = 50;
        let failure = transport.send(outgoing).expect_err("no address");
        assert_eq!((failure.phase, failure.kind), (Phase::Resolve, FailureKind::Timeout));
    }

    #[cfg(feature = "tls")]
    #[test]
    fn no_certificate_is_loaded_before_https_is_spoken() {
        let (port, asked) = serve();
        let transport = transport(&[], here);
        let loaded = |transport: &Transport| format!("{:?}", transport.means.tls).contains("loaded: true");
        transport.send(get(&format!("http://service.invalid:{port}/"), false)).expect("a reply");
        assert!(asked.iter().next().is_some() && !loaded(&transport));
        transport.send(get(&format!("https://service.invalid:{port}/"), false)).expect_err("no TLS there");
        assert!(loaded(&transport));
    }
}
