//! Performs exchanges with ureq.

use std::io::{self, Read};
use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use rolecall_core::error::{Failure, FailureKind, Phase};
use rolecall_core::flow::{Answer, Body as Content, Endpoint, Exchange, Limits, Reply};
use rolecall_core::wire::http1::is_header_value;
use rolecall_core::wire::uri::Scheme;
use ureq::config::Config;
use ureq::unversioned::transport::Connector;
use ureq::{Agent, AsSendBody, Body, Proxy, SendBody, http};

use super::absolute::{self, Absolute};
use super::bundle::Bundle;
use super::failure::failure;
use super::proxy::Proxies;
use super::resolve::{Addresses, Lookup, lookup, resolve};
use super::tcp::{Tcp, on_kept};
#[cfg(feature = "tls")]
use super::tls::Tls;
use super::trouble::Trouble;
use super::tunnel::{NEEDS_USER, REFUSES_USER, Tunnel, authorization};
use crate::clock;
use crate::host::{Download, Streams, append_within};
use crate::secret::Wiped;

/// ureq's read and write buffers: heads of metadata services are small, and two of them are held.
const BUFFER: usize = 16 * 1024;
/// The write buffer of a request with a longer head. A line of it has to fit.
const LARGE_BUFFER: usize = 256 * 1024;
/// For the rest of a reply's head, in milliseconds.
const GRACE: u32 = 20;

/// The connection pool, and what all exchanges have in common.
pub(crate) struct Transport {
    proxies: Proxies,
    means: Means,
    agent: Agent,
    /// For plain http through a proxy; the connections to it are kept apart from others.
    by_proxy: OnceLock<Agent>,
}

/// What a connection needs.
struct Means {
    lookup: Lookup,
    trouble: Trouble,
    #[cfg(feature = "tls")]
    tls: Tls,
}

impl Transport {
    /// Connects through `proxies`, trusting the certificates in the PEM file `ca_bundle`, else the built-in
    /// roots. Neither reads a certificate nor opens a connection.
    pub(crate) fn new(proxies: Proxies, ca_bundle: Option<Bundle>) -> Self {
        Self::with(proxies, ca_bundle, lookup, SystemTime::now)
    }

    #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "nothing is trusted without TLS"))]
    pub(super) fn with(
        proxies: Proxies,
        ca_bundle: Option<Bundle>,
        lookup: Lookup,
        wall: fn() -> SystemTime,
    ) -> Self {
        let trouble = Trouble::default();
        let means = Means {
            lookup,
            #[cfg(feature = "tls")]
            tls: Tls::new(ca_bundle, wall, trouble.clone()),
            trouble,
        };
        Self { proxies, agent: means.agent(None, BUFFER), means, by_proxy: OnceLock::new() }
    }

    /// The same, with connections of its own, which present a certificate to one endpoint.
    #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
    pub(crate) fn presenting(&self, identity: &crate::Identity, endpoint: &Endpoint<'_>) -> Self {
        let Means { lookup, trouble, tls } = &self.means;
        let host = endpoint.host();
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let tls = tls.presenting(identity, &format!("{host}:{}", endpoint.port()));
        let means = Means { lookup: *lookup, trouble: trouble.clone(), tls };
        Self {
            proxies: self.proxies.clone(),
            agent: means.agent(None, BUFFER),
            means,
            by_proxy: OnceLock::new(),
        }
    }

    /// What is wrong with a setting that made the last exchange fail as untrusted, unsupported or denied.
    pub(crate) fn misconfigured(&self) -> Option<String> {
        self.means.trouble.of_setting()
    }

    /// What is wrong with a file of certificates that is used all the same, once.
    #[cfg(feature = "tls")]
    pub(crate) fn warning(&self) -> Option<String> {
        self.means.tls.warning()
    }

    /// What to do about the last exchange that failed.
    pub(crate) fn hint(&self) -> Option<String> {
        self.means.trouble.advice()
    }

    /// The proxy of requests to `endpoint`.
    pub(crate) fn proxy(&self, endpoint: &Endpoint<'_>) -> Option<String> {
        let proxy = self.proxies.of(endpoint).ok()??;
        let setting = self.proxies.setting(endpoint);
        Some(format!("{}:{} of {setting}", proxy.host(), proxy.port()))
    }

    /// The addresses of `host`, within `limit` milliseconds.
    pub(crate) fn resolve(&self, host: &str, limit: u32) -> Result<Vec<IpAddr>, Failure> {
        resolve(host, Duration::from_millis(limit.into()), self.means.lookup)
            .map_err(|kind| Failure { phase: Phase::Resolve, kind })
    }

    /// Sends the request whose head is in `buffer`, and leaves the reply there: the headers that the flow
    /// asked for, then the body, unless that is streamed.
    pub(crate) fn carry_out(
        &self,
        exchange: &Exchange<'_>,
        buffer: &mut Wiped<Vec<u8>>,
        streams: &mut Streams<'_>,
    ) -> Answer<'static> {
        self.try_carry_out(exchange, buffer, streams).unwrap_or_else(Answer::Failed)
    }

    fn try_carry_out(
        &self,
        exchange: &Exchange<'_>,
        buffer: &mut Wiped<Vec<u8>>,
        streams: &mut Streams<'_>,
    ) -> Result<Answer<'static>, Failure> {
        let deadline = Instant::now() + Duration::from_millis(exchange.limits.total_ms.into());
        let sent = clock::now();
        let mut response = self.send(exchange, buffer, streams, deadline)?;
        let received = clock::now();
        #[cfg(feature = "tls")]
        self.means.tls.time().learn(exchange, response.headers().get("date").map(|date| date.as_bytes()));
        let status = response.status().as_u16();
        let download = streams.download.as_deref_mut();
        let download = download.filter(|_| exchange.streams_reply && (200..300).contains(&status));
        let announced = response.body().content_length();
        let limit = exchange.limits.body_bytes;
        if download.is_none() && announced.is_some_and(|length| length > limit.into()) {
            // A body that is too long to be read is not waited for.
            return Err(Failure { phase: Phase::Body, kind: FailureKind::TooLarge });
        }

        buffer.wipe();
        let mut headers = Vec::new();
        for (name, value) in response.headers() {
            if exchange.reply_headers.include(name.as_str().as_bytes()) && is_header_value(value.as_bytes()) {
                for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                    headers.extend_from_slice(part);
                }
            }
        }
        buffer.extend_from_slice(&headers);
        match download {
            Some(out) => {
                let (head, body) = response.into_parts();
                self.write_body(&head, body, deadline, out)?;
            }
            None => read_body(response.body_mut(), limit as usize, deadline, buffer)?,
        }
        let body = headers.len()..buffer.len();
        Ok(Answer::Reply(Reply { status, headers: 0..headers.len(), body, sent, received }))
    }

    /// Writes a body of any length to `out` as it arrives, until `deadline`.
    fn write_body(
        &self,
        head: &http::response::Parts,
        mut body: Body,
        deadline: Instant,
        out: &mut dyn Download,
    ) -> Result<(), Failure> {
        // The peer is not at fault, so that the caller has to hear the reason.
        let denied = |error: io::Error| {
            self.means.trouble.set(format!("writing the body of the reply: {error}"));
            Failure { phase: Phase::Body, kind: FailureKind::Denied }
        };
        let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            Some((name.as_str().to_owned(), std::str::from_utf8(value.as_bytes()).ok()?.to_owned()))
        };
        let headers: Vec<_> = head.headers.iter().filter_map(text).collect();
        out.start(head.status.as_u16(), &headers).map_err(denied)?;
        each_piece(&mut body, deadline, &mut |piece| out.write(piece).map_err(denied))?;
        out.end().map_err(denied)
    }

    /// Sends the request. The server may have closed a kept connection while it was on its way: what changes nothing is
    /// sent once more then, on another one (RFC 9112, section 9.3.1).
    fn send(
        &self,
        exchange: &Exchange<'_>,
        buffer: &[u8],
        streams: &mut Streams<'_>,
        deadline: Instant,
    ) -> Result<http::Response<Body>, Failure> {
        let (sent, kept) = on_kept(|| self.attempt(exchange, buffer, streams, exchange.limits));
        let closed = sent.as_ref().is_err_and(|failure| failure.kind == FailureKind::Closed);
        let changes_nothing = || {
            let head = exchange.request.head(buffer);
            head.is_ok_and(|head| matches!(head.method, "GET" | "HEAD"))
                && !matches!(exchange.body, Content::Streamed(_))
        };
        if !(closed && kept && changes_nothing()) {
            return sent;
        }
        let left = deadline.saturating_duration_since(Instant::now()).as_millis();
        let total_ms = u32::try_from(left).unwrap_or(u32::MAX);
        self.attempt(exchange, buffer, streams, Limits { total_ms, ..exchange.limits })
    }

    fn attempt(
        &self,
        exchange: &Exchange<'_>,
        buffer: &[u8],
        streams: &mut Streams<'_>,
        limits: Limits,
    ) -> Result<http::Response<Body>, Failure> {
        let bad = Failure { phase: Phase::Send, kind: FailureKind::Protocol };
        let endpoint = &exchange.endpoint;
        if cfg!(not(feature = "tls")) && endpoint.scheme() == Scheme::Https {
            return Err(Failure { phase: Phase::Connect, kind: FailureKind::Unsupported });
        }
        self.means.trouble.clear();
        let proxy = match self.proxies.of(endpoint) {
            _ if exchange.metadata => None,
            Ok(proxy) => proxy,
            Err(error) => {
                self.means.trouble.set(error.to_string());
                return Err(Failure { phase: Phase::Connect, kind: FailureKind::Unsupported });
            }
        };
        let head = exchange.request.head(buffer).map_err(|_| bad)?;
        let absolute = proxy.filter(|_| endpoint.scheme() == Scheme::Http);
        let uri = match absolute {
            Some(proxy) => absolute::uri(proxy, endpoint.authority(), head.target),
            None => http::Uri::builder()
                .scheme(endpoint.scheme().as_str())
                .authority(endpoint.authority())
                .path_and_query(head.target)
                .build(),
        };
        let mut request = http::Request::builder().method(head.method).uri(uri.map_err(|_| bad)?);
        if let Some(value) = absolute.and_then(authorization) {
            let mut value = wiped(value.as_bytes()).map_err(|_| bad)?;
            value.set_sensitive(true);
            request = request.header("proxy-authorization", value);
        }
        for (name, value) in head.headers.iter() {
            // ureq would not send it, and blame the peer.
            if !value.is_ascii() {
                return Err(bad);
            }
            request = request.header(name, wiped(value).map_err(|_| bad)?);
        }
        let room = if exchange.request.head > BUFFER { LARGE_BUFFER } else { BUFFER };
        let own = match absolute {
            Some(_) => (room > BUFFER).then(|| self.means.agent_by_proxy(room)),
            None => (exchange.address.is_some() || room > BUFFER)
                .then(|| self.means.agent(exchange.address, room)),
        };
        let usual = match absolute {
            Some(_) => self.by_proxy.get_or_init(|| self.means.agent_by_proxy(BUFFER)),
            None => &self.agent,
        };
        let agent = own.as_ref().unwrap_or(usual);
        // A request line that has the whole URL goes to the proxy as to any server.
        let tunnel = proxy.filter(|_| absolute.is_none());
        let refused = |reply: http::Response<Body>| match absolute {
            Some(proxy) if reply.status() == 407 => {
                let at = format!("{}:{}", proxy.host(), proxy.port());
                self.means.trouble.set({
                    let advice = if authorization(proxy).is_some() { REFUSES_USER } else { NEEDS_USER };
                    format!("the proxy {at} refused the request (status 407): {advice}")
                });
                Err(Failure { phase: Phase::Connect, kind: FailureKind::Denied })
            }
            _ => Ok(reply),
        };
        let bytes = match exchange.body {
            Content::InExchange => exchange.request.body(buffer),
            Content::Bytes(bytes) => bytes,
            Content::Streamed(_) => {
                let failed = |kind| Failure { phase: Phase::Send, kind };
                let upload = streams.upload.as_mut().ok_or(failed(FailureKind::Unsupported))?;
                let reader = upload.start().map_err(|_| failed(FailureKind::Unsupported))?;
                let mut reader = Watched { reader, error: None };
                let body = request.body(SendBody::from_reader(&mut reader)).map_err(|_| bad)?;
                let sent = run(agent, body, tunnel, limits);
                return match reader.error {
                    Some(error) if sent.is_err() => {
                        self.means.trouble.set(format!("reading the body of the request: {error}"));
                        Err(failed(FailureKind::Denied))
                    }
                    _ => sent.and_then(refused),
                };
            }
            _ => return Err(bad),
        };
        // Methods that define a body announce its length even when it is empty.
        if bytes.is_empty()
            && !head.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        {
            run(agent, request.body(()).map_err(|_| bad)?, tunnel, limits)
        } else {
            run(agent, request.body(bytes).map_err(|_| bad)?, tunnel, limits)
        }
        .and_then(refused)
    }
}

/// The value of a header, in memory that is wiped when the last reference to it is dropped.
fn wiped(value: &[u8]) -> Result<http::HeaderValue, http::header::InvalidHeaderValue> {
    let owner = Wiped::new(value.to_vec());
    http::HeaderValue::from_maybe_shared(Bytes::from_owner(owner))
}

/// Remembers why the caller's body could not be read.
struct Watched<'a> {
    reader: Box<dyn Read + 'a>,
    error: Option<io::Error>,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer).map_err(|error| {
            let kind = error.kind();
            self.error = Some(error);
            kind.into()
        })
    }
}

impl Means {
    /// An agent that connects to `pinned`, if there is such an address, and to no other, and that has `room` for each
    /// line of a request's head.
    fn agent(&self, pinned: Option<IpAddr>, room: usize) -> Agent {
        let tunnel = Tunnel { direct: config(BUFFER), trouble: self.trouble.clone() };
        let connector = ().chain(tunnel).chain(Tcp);
        #[cfg(feature = "tls")]
        let connector = connector.chain(self.tls.clone());
        Agent::with_parts(config(room), connector, Addresses { pinned, lookup: self.lookup })
    }

    /// An agent for requests over plain http, whose URLs are those of proxies.
    fn agent_by_proxy(&self, room: usize) -> Agent {
        let connector = ().chain(Tcp);
        #[cfg(feature = "tls")]
        let connector = connector.chain(self.tls.clone());
        let connector = connector.chain(Absolute);
        Agent::with_parts(config(room), connector, Addresses { pinned: None, lookup: self.lookup })
    }
}

fn run<S: AsSendBody>(
    agent: &Agent,
    request: http::Request<S>,
    proxy: Option<&Proxy>,
    limits: Limits,
) -> Result<http::Response<Body>, Failure> {
    let limit = |milliseconds: u32| Some(Duration::from_millis(u64::from(milliseconds).max(1)));
    let silence = limit(limits.first_byte_ms);
    let request = agent
        .configure_request(request)
        .proxy(proxy.cloned())
        .timeout_resolve(limit(limits.connect_ms))
        .timeout_connect(limit(limits.connect_ms))
        // The limits of reads and writes are those of the socket from one exchange to the next. If this one
        // were shorter, the system would be called again for each, with a microsecond less.
        .timeout_recv_response(limit(limits.first_byte_ms.saturating_add(GRACE)))
        .timeout_per_read(silence)
        .timeout_per_write(silence)
        .timeout_global(limit(limits.total_ms))
        .build();
    agent.run(request).map_err(|error| failure(&error, Phase::FirstByte))
}

/// Reads a body into `buffer`, after what it holds, up to `limit` bytes and until `deadline`.
fn read_body(
    body: &mut Body,
    limit: usize,
    deadline: Instant,
    buffer: &mut Wiped<Vec<u8>>,
) -> Result<(), Failure> {
    let end = buffer.len().saturating_add(limit);
    each_piece(body, deadline, &mut |piece| {
        if buffer.len() + piece.len() > end {
            return Err(Failure { phase: Phase::Body, kind: FailureKind::TooLarge });
        }
        append_within(end, buffer, piece);
        Ok(())
    })
}

fn each_piece(
    body: &mut Body,
    deadline: Instant,
    take: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut reader = body.as_reader();
    let mut piece = Wiped::new([0; 4096]);
    loop {
        match reader.read(piece.as_mut_slice()) {
            Ok(0) => return Ok(()),
            Ok(len) => take(&piece[..len])?,
            Err(error) => return Err(failure(&ureq::Error::from(error), Phase::Body)),
        }
        if Instant::now() > deadline {
            return Err(Failure { phase: Phase::Body, kind: FailureKind::Timeout });
        }
    }
}

fn config(room: usize) -> Config {
    Config::builder()
        // Otherwise ureq would use the environment's, whatever the settings.
        .proxy(None)
        .http_status_as_error(false)
        // Any token is a method (RFC 9110, section 9.1).
        .allow_non_standard_methods(true)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .input_buffer_size(BUFFER)
        // Below the size of the buffer: ureq takes a full one for the end of the stream.
        .max_response_header_size(BUFFER - 1)
        .output_buffer_size(room)
        .user_agent(ureq::config::AutoHeaderValue::None)
        .accept(ureq::config::AutoHeaderValue::None)
        .accept_encoding(ureq::config::AutoHeaderValue::None)
        .max_idle_connections(2)
        .max_idle_connections_per_host(1)
        .build()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc::{Receiver, Sender, channel};

    use rolecall_core::flow::Span;

    use super::*;
    use crate::Environment;

    /// Answers every request on a new port of 127.0.0.1 with `ok`, including tunnels, and reports the request
    /// lines.
    fn serve() -> (u16, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                std::thread::spawn(move || answer(&stream, &sender));
            }
        });
        (port, requests)
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
        Transport::with(Proxies::from_environment(&environment), None, lookup, SystemTime::now)
    }

    /// The status of a GET request to a service or, with `metadata`, to a metadata endpoint.
    fn get(transport: &Transport, url: &str, metadata: bool) -> Result<u16, Failure> {
        get_at(transport, url, metadata, None, 2_000)
    }

    fn get_at(
        transport: &Transport,
        url: &str,
        metadata: bool,
        address: Option<IpAddr>,
        connect: u32,
    ) -> Result<u16, Failure> {
        let uri = rolecall_core::wire::uri::Uri::parse(url).expect("a URL");
        let head = format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", uri.target, uri.authority);
        let limits = Limits { connect_ms: connect, first_byte_ms: 2_000, total_ms: 4_000, body_bytes: 64 };
        let span = Span { head: head.len(), len: head.len() };
        let mut exchange = Exchange::new(Endpoint::at_origin_of(&uri), span, limits);
        (exchange.metadata, exchange.address) = (metadata, address);
        let mut buffer = Wiped::new(head.into_bytes());
        match transport.carry_out(&exchange, &mut buffer, &mut Streams::default()) {
            Answer::Reply(reply) => Ok(reply.status),
            Answer::Failed(failure) => Err(failure),
            other => panic!("{other:?}"),
        }
    }

    /// A name that resolves to a port without a listener.
    fn elsewhere(_: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![[127, 0, 0, 9].into()])
    }

    fn here(_: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![[127, 0, 0, 1].into()])
    }

    #[test]
    fn a_pinned_address_is_used_even_if_the_name_resolves_differently() {
        let (port, requests) = serve();
        let transport = transport(&[], elsewhere);
        let url = format!("http://credentials.invalid:{port}/path");
        let failed = get(&transport, &url, true);
        assert!(matches!(failed, Err(Failure { kind: FailureKind::NotFound, .. })), "{failed:?}");
        assert_eq!(get_at(&transport, &url, true, Some([127, 0, 0, 1].into()), 2_000), Ok(200));
        assert_eq!(requests.iter().next().as_deref(), Some("GET /path HTTP/1.1"));
    }

    #[test]
    fn services_use_the_proxy_and_metadata_does_not() {
        let (port, requests) = serve();
        let proxy = format!("127.0.0.1:{port}");
        let transport = transport(&[("ALL_PROXY", &proxy), ("NO_PROXY", "direct.invalid")], here);
        let next = || requests.recv_timeout(Duration::from_secs(2)).expect("a request");
        for path in ["a", "b?c=/d"] {
            get(&transport, &format!("http://service.invalid/{path}"), false).expect("through the proxy");
            assert_eq!(next(), format!("GET http://service.invalid/{path} HTTP/1.1"));
        }
        let metadata = format!("http://metadata.invalid:{port}/b");
        get(&transport, &metadata, true).expect("a reply");
        assert_eq!(next(), "GET /b HTTP/1.1");
        let direct = format!("http://direct.invalid:{port}/c");
        get(&transport, &direct, false).expect("a reply");
        assert_eq!(next(), "GET /c HTTP/1.1");
    }

    #[test]
    fn localhost_needs_no_resolver() {
        let (port, requests) = serve();
        let transport = transport(&[], elsewhere);
        get(&transport, &format!("http://localhost:{port}/"), false).expect("a reply");
        assert_eq!(requests.iter().next().as_deref(), Some("GET / HTTP/1.1"));
        assert_eq!(transport.resolve("localhost", 10).map(|found| found[0]), Ok([127, 0, 0, 1].into()));
    }

    #[test]
    fn a_hanging_resolver_times_out() {
        let transport = transport(&[], |_| {
            loop {
                std::thread::sleep(Duration::from_secs(60));
            }
        });
        let failure = get_at(&transport, "http://slow.invalid/", false, None, 50).expect_err("no address");
        assert_eq!((failure.phase, failure.kind), (Phase::Resolve, FailureKind::Timeout));
    }

    #[cfg(feature = "tls")]
    #[test]
    fn certificates_are_loaded_only_for_https() {
        let (port, requests) = serve();
        let transport = transport(&[], here);
        let loaded = |transport: &Transport| format!("{:?}", transport.means.tls).contains("loaded: true");
        get(&transport, &format!("http://service.invalid:{port}/"), false).expect("a reply");
        assert!(requests.iter().next().is_some() && !loaded(&transport));
        get(&transport, &format!("https://service.invalid:{port}/"), false)
            .expect_err("the server has no TLS");
        assert!(loaded(&transport));
    }
}
