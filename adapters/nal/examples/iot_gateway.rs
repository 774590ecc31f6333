//! A gateway with a certificate of AWS IoT, on a PC: the credentials of a role alias, over TLS sessions of rustls.
//!
//! ```sh
//! cargo run -p rolecall-nal --example iot_gateway -- \
//!     c2example.credentials.iot.eu-west-1.amazonaws.com gateways gateway-7 cert.pem key.pem AmazonRootCA1.pem
//! ```

use std::error::Error;
use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use embedded_io::ErrorKind;
use rolecall_core::error::FailureKind;
use rolecall_core::flow::{Endpoint, Memory, Slot};
use rolecall_core::refresh::{Refreshing, Windows};
use rolecall_core::skew::{Instant, Now};
use rolecall_core::sources::Iot;
use rolecall_core::wire::time::UnixTime;
use rolecall_nal::blocking::{Open, Streams};
use rolecall_nal::{Board, Driver, Remote};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, role_alias, thing, certificate, key, roots] = &arguments[..] else {
        return Err("expected: HOST ROLE_ALIAS THING CERTIFICATE KEY ROOTS".into());
    };
    let mut trusted = RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(roots)? {
        trusted.add(root?)?;
    }
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<_, _>>()?;
    let tls = Tls::new(trusted, Some((chain, PrivateKeyDer::from_pem_file(key)?)))?;

    let url = format!("https://{host}");
    let provider = Iot::new(Endpoint::parse(&url)?, role_alias, Some(thing));
    let mut source = Refreshing::new(provider, Windows::default());
    // The credentials in use, and those that replace them.
    let (mut exchange, mut one, mut other) = ([0; 8_192], [0; Slot::RECOMMENDED], [0; Slot::RECOMMENDED]);
    let mut slots = [Slot::new(&mut one), Slot::new(&mut other)];
    let mut memory = Memory { exchange: &mut exchange, slots: &mut slots };
    let idle = || std::thread::sleep(Duration::from_millis(1));
    let mut driver = Driver::new(Pc { start: std::time::Instant::now(), seed: 7 }, Streams::new(tls, idle));
    let lease = match driver.run(&mut source, &mut memory) {
        Ok(lease) => lease,
        Err(error) => return Err(format!("{error}; {}", error.advice_on(driver.report())).into()),
    };
    let credentials = slots[0].credentials().ok_or("no credentials")?;
    println!("{} for {} s", credentials.access_key_id(), lease.lifetime_ms.unwrap_or_default() / 1000);
    Ok(())
}

/// A certificate with those between it and its root, and its key.
pub(crate) type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Opens TLS sessions, with the gateway's certificate where a service asks for it.
pub(crate) struct Tls {
    pub(crate) with: Option<Arc<ClientConfig>>,
    pub(crate) without: Arc<ClientConfig>,
    /// Where every name leads to, if not to what the resolver finds: a VPC endpoint, a tunnel.
    pub(crate) address: Option<IpAddr>,
}

impl Tls {
    pub(crate) fn new(trusted: RootCertStore, own: Option<Identity>) -> Result<Self, rustls::Error> {
        let builder = || {
            let provider = Arc::new(crypto::ring::default_provider());
            let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
            builder.map(|builder| builder.with_root_certificates(trusted.clone()))
        };
        let with = match own {
            Some((chain, key)) => Some(Arc::new(builder()?.with_client_auth_cert(chain, key)?)),
            None => None,
        };
        Ok(Self { with, without: Arc::new(builder()?.with_no_client_auth()), address: None })
    }

    pub(crate) fn resolve(&self, host: &str) -> Result<IpAddr, FailureKind> {
        let mut found = (host, 443).to_socket_addrs().into_iter().flatten().map(|address| address.ip());
        self.address.or_else(|| found.next()).ok_or(FailureKind::NotFound)
    }

    pub(crate) fn connect(&self, remote: &Remote<'_>) -> Result<Session, FailureKind> {
        let config = match remote.presents_certificate {
            true => self.with.as_ref().ok_or(FailureKind::Unsupported)?,
            false => &self.without,
        };
        let name = ServerName::try_from(remote.endpoint.host().to_owned());
        let name = name.map_err(|_| FailureKind::NotFound)?;
        let mut session = ClientConnection::new(config.clone(), name).map_err(|_| FailureKind::Other)?;
        let limit = Duration::from_secs(3);
        let mut socket = TcpStream::connect_timeout(&remote.socket_addr(), limit)
            .map_err(|error| rolecall_nal::connect_failure(&ErrorKind::from(error.kind())))?;
        // The session ends the handshake, then reads return after a moment without data, as the driver wants it.
        for (limit, handshake) in [(limit, true), (Duration::from_millis(5), false)] {
            socket.set_read_timeout(Some(limit)).map_err(|_| FailureKind::Other)?;
            while handshake && session.is_handshaking() {
                session.complete_io(&mut socket).map_err(|error| match kind(&error) {
                    ErrorKind::PermissionDenied => FailureKind::Denied,
                    ErrorKind::InvalidData => FailureKind::Untrusted,
                    ErrorKind::TimedOut => FailureKind::Timeout,
                    _ => FailureKind::Closed,
                })?;
            }
        }
        Ok(Session(StreamOwned::new(session, socket)))
    }
}

/// An alert of the service is a refusal; the other faults of a session are found on this side.
fn kind(error: &std::io::Error) -> ErrorKind {
    use std::io::ErrorKind::{InvalidData, TimedOut, WouldBlock};
    let fault = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match (error.kind(), fault) {
        (WouldBlock | TimedOut, _) => ErrorKind::TimedOut,
        (_, Some(rustls::Error::AlertReceived(_))) => ErrorKind::PermissionDenied,
        (InvalidData, _) => ErrorKind::InvalidData,
        _ => ErrorKind::ConnectionReset,
    }
}

impl Open for Tls {
    type Stream<'a> = Session;

    fn resolve(&mut self, host: &str, _: Instant) -> Result<IpAddr, FailureKind> {
        Tls::resolve(self, host)
    }

    fn open(&mut self, remote: &Remote<'_>, _: Instant) -> Result<Session, FailureKind> {
        self.connect(remote)
    }
}

/// A TLS session as a stream.
pub(crate) struct Session(StreamOwned<ClientConnection, TcpStream>);

impl embedded_io::ErrorType for Session {
    type Error = ErrorKind;
}

impl embedded_io::Read for Session {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        self.0.read(room).map_err(|error| kind(&error))
    }
}

impl embedded_io::Write for Session {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.0.write(bytes).map_err(|error| kind(&error))
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.0.flush().map_err(|error| kind(&error))
    }
}

struct Pc {
    start: std::time::Instant,
    seed: u32,
}

impl Board for Pc {
    fn now(&mut self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).ok();
        Now {
            monotonic: Instant::from_millis(self.start.elapsed().as_millis() as u64),
            wall: wall.map(|wall| UnixTime::from_secs(wall.as_secs())),
        }
    }

    fn entropy(&mut self) -> u32 {
        self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.seed
    }
}
