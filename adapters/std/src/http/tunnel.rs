//! A tunnel through a proxy (CONNECT; RFC 9110, section 9.3.6).

use std::fmt;
use std::io::{self, Write};

use base64ct::{Base64, Encoding};
use rolecall_core::error::FailureKind;
use rolecall_core::wire::http1::{ResponseHead, head_len};
use ureq::config::Config;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, NextTimeout, Transport, TransportAdapter,
};
use ureq::{Error, Proxy, http};

use super::resolve::port;
use super::tcp::left;
use super::trouble::Trouble;
use crate::secret::Wiped;

/// The longest head of a proxy's reply, in bytes.
const MAX_HEAD: usize = 8 * 1024;

/// What a proxy did in place of a tunnel.
#[derive(Debug)]
struct NoTunnel(FailureKind);

impl fmt::Display for NoTunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no tunnel: {:?}", self.0)
    }
}

impl std::error::Error for NoTunnel {}

/// Maps the error of a tunnel.
pub(super) fn kind_of(error: &io::Error) -> Option<FailureKind> {
    Some(error.get_ref()?.downcast_ref::<NoTunnel>()?.0)
}

fn no_tunnel(kind: FailureKind) -> Error {
    io::Error::other(NoTunnel(kind)).into()
}

/// Connects through the proxy of a request, if it has one. All steps have the time of one connection, and end
/// within it.
#[derive(Debug)]
pub(crate) struct Tunnel {
    /// The configuration of a connection to the proxy itself.
    pub(crate) direct: Config,
    pub(crate) trouble: Trouble,
}

impl<In: Transport> Connector<In> for Tunnel {
    type Out = Either<In, Box<dyn Transport>>;

    fn connect(&self, details: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        if let Some(transport) = chained {
            return Ok(Some(Either::A(transport)));
        }
        let Some(proxy) = details.config.proxy() else { return Ok(None) };
        let target = target(details.uri).ok_or_else(|| Error::BadUri(details.uri.to_string()))?;
        let to_proxy = ConnectionDetails {
            uri: proxy.uri(),
            addrs: details.resolver.resolve(proxy.uri(), &self.direct, left(details))?,
            config: &self.direct,
            request_level: details.request_level,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        let transport = (details.run_connector)(&to_proxy)?;

        let mut stream = TransportAdapter::new(transport, details.current_time.clone());
        stream.set_timeout(left(details));
        stream.write_all(&request(&target, proxy))?;
        let mut transport = stream.into_inner();
        let status = status(&mut *transport, details)?;
        if !(200..300).contains(&status) {
            let at = format!("{}:{}", proxy.host(), proxy.port());
            let advice = match status {
                407 if authorization(proxy).is_some() => REFUSES_USER,
                407 => NEEDS_USER,
                _ => "check that it permits this host and port, and can reach them",
            };
            let problem =
                format!("the proxy {at} refused to connect to {target} (status {status}): {advice}");
            // What a proxy cannot reach may be there later; what it does not permit is a matter of settings.
            if status < 500 {
                self.trouble.set(problem);
                return Err(no_tunnel(FailureKind::Denied));
            }
            self.trouble.hint(problem);
            return Err(no_tunnel(FailureKind::NotFound));
        }
        Ok(Some(Either::B(Through(transport).boxed())))
    }
}

/// `HOST:PORT` of a URL.
fn target(uri: &http::Uri) -> Option<String> {
    Some(format!("{}:{}", uri.host()?, port(uri)))
}

/// What a proxy that refused a request as status 407 needs.
pub(super) const NEEDS_USER: &str = "it requires a user and a password: http://USER:PASSWORD@HOST:PORT";

/// The same with a user in the setting.
pub(super) const REFUSES_USER: &str = "it does not accept the user and the password of the setting";

/// The value of `Proxy-Authorization`, if the proxy has a user.
pub(super) fn authorization(proxy: &Proxy) -> Option<Wiped<String>> {
    if let (None, None) = (proxy.username(), proxy.password()) {
        return None;
    }
    let (user, password) = (proxy.username().unwrap_or_default(), proxy.password().unwrap_or_default());
    let pair = Wiped::new([user, ":", password].concat());
    let pair = Wiped::new(Base64::encode_string(pair.as_bytes()));
    Some(Wiped::new(["Basic ", &pair].concat()))
}

fn request(target: &str, proxy: &Proxy) -> Wiped<Vec<u8>> {
    let user = authorization(proxy);
    let user = user.map(|value| Wiped::new(["Proxy-Authorization: ", &value, "\r\n"].concat()));
    let user = user.unwrap_or_default();
    let request = ["CONNECT ", target, " HTTP/1.1\r\nHost: ", target, "\r\n", &user, "\r\n"].concat();
    Wiped::new(request.into_bytes())
}

/// Reads the head of the proxy's reply, and returns its status. What follows it stays unread.
fn status(transport: &mut dyn Transport, details: &ConnectionDetails) -> Result<u16, Error> {
    let mut searched = 0;
    loop {
        let closed = !transport.await_input(left(details))?;
        let input = transport.buffers().input();
        if let Some(len) = head_len(input, searched) {
            let head = input.get(..len).unwrap_or_default();
            let status = ResponseHead::parse(head).map(|head| head.status);
            transport.buffers().input_consume(len);
            return status.map_err(|_| no_tunnel(FailureKind::Protocol));
        }
        searched = input.len();
        if searched > MAX_HEAD {
            return Err(no_tunnel(FailureKind::Protocol));
        }
        if closed {
            return Err(no_tunnel(FailureKind::Closed));
        }
    }
}

/// The connection through a proxy. It is not a TLS session with the service, even if that with the proxy is one.
#[derive(Debug)]
struct Through(Box<dyn Transport>);

impl Transport for Through {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.0.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }
}
