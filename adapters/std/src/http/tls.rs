//! https over rustls. Certificates are read when the first https connection is made, and not before.

use std::fmt;
use std::io::{self, Read, Write};
#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::SystemTime;

use rolecall_core::error::FailureKind;
use rolecall_core::wire::time::UnixTime;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, NextTimeout, Transport, TransportAdapter,
};

use super::buffers::WipedBuffers;
use super::bundle::Bundle;
use super::tcp::left;
use super::time::VerificationTime;
use super::trouble::Trouble;
use crate::files::{read_up_to, without_mark};
use crate::host::Buffer;
use crate::lock;

/// The trusted certificates, and sessions made with them. A clone is another handle to the same.
#[derive(Clone)]
pub(crate) struct Tls {
    shared: Arc<Shared>,
}

struct Shared {
    bundle: Option<Bundle>,
    #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
    presenting: Option<Presenting>,
    time: Arc<VerificationTime>,
    /// Set by the first https connection that succeeds in reading them.
    config: OnceLock<Arc<ClientConfig>>,
    /// Why the last one could not.
    trouble: Trouble,
    /// A certificate of the bundle that is not used.
    skipped: OnceLock<String>,
    /// The same, until the caller has heard of it: one for all that present a certificate, too.
    unheard: Arc<Mutex<Option<String>>>,
}

impl Tls {
    /// Trusts the certificates in the PEM file `bundle`, else the roots of webpki-roots.
    /// Reports in `trouble` what is wrong with the file.
    pub(crate) fn new(bundle: Option<Bundle>, wall: fn() -> SystemTime, trouble: Trouble) -> Self {
        let time = Arc::new(VerificationTime::new(wall));
        Self {
            shared: Arc::new(Shared {
                bundle,
                #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
                presenting: None,
                time,
                config: OnceLock::new(),
                trouble,
                skipped: OnceLock::new(),
                unheard: Arc::default(),
            }),
        }
    }

    /// The same, with a certificate that is presented to one server, and the roots that it comes with.
    #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
    pub(super) fn presenting(&self, identity: &crate::Identity, authority: &str) -> Self {
        let Shared { bundle, time, trouble, unheard, .. } = &*self.shared;
        let own = |path: &str| Bundle { setting: "--ca or iot_ca_bundle".to_owned(), path: path.to_owned() };
        Self {
            shared: Arc::new(Shared {
                bundle: identity.ca_file().map(own).or_else(|| bundle.clone()),
                presenting: Some(Presenting {
                    identity: identity.clone(),
                    authority: authority.to_ascii_lowercase(),
                    asked: Arc::default(),
                    others: self.clone(),
                }),
                time: time.clone(),
                config: OnceLock::new(),
                trouble: trouble.clone(),
                skipped: OnceLock::new(),
                unheard: unheard.clone(),
            }),
        }
    }

    /// A certificate that was skipped, once.
    pub(crate) fn warning(&self) -> Option<String> {
        lock(&self.shared.unheard).take()
    }

    /// The time at which certificates are verified.
    pub(crate) fn time(&self) -> &VerificationTime {
        &self.shared.time
    }

    /// Reports what may be why a certificate is not trusted: the clock, or one of the bundle that is not used.
    fn explain(&self, error: &io::Error) {
        let time = self.time();
        let of_session = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
        let trouble = &self.shared.trouble;
        match of_session {
            Some(rustls::Error::InvalidCertificate(certificate)) => {
                trouble.hint(advice(certificate, self.shared.bundle.as_ref(), time.now()));
                let unknown =
                    matches!(certificate, CertificateError::UnknownIssuer | CertificateError::BadSignature);
                if let Some(skipped) = self.shared.skipped.get().filter(|_| unknown) {
                    trouble.set(format!("{skipped}, and the server's issuer is not among the others"));
                }
            }
            Some(error) => {
                if let Some(advice) = advice_on_session(error) {
                    trouble.hint(advice);
                }
            }
            #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
            None => self.explain_end(error),
            #[cfg(not(any(feature = "iot", feature = "roles-anywhere")))]
            None => {}
        }
        if kind_of(error) != Some(FailureKind::Untrusted) {
            return;
        }
        if time.is_unset() {
            self.shared.trouble.set(format!(
                "the server's certificate is not trusted at the time of this machine, {}, which is before this \
                 program was released: set the clock",
                time.now().rfc3339().as_str()
            ));
        }
    }

    /// Says that a server which ends the connection may not accept the certificate: its alert can be lost.
    #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
    fn explain_end(&self, error: &io::Error) {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        let asked = self.shared.presenting.as_ref().is_some_and(|it| it.asked.load(Ordering::Relaxed));
        if asked && matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof) {
            let advice =
                "the server ended the connection after the certificate was presented: it may not accept it";
            self.shared.trouble.hint(advice.to_owned());
        }
    }

    fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        if let Some(config) = self.shared.config.get() {
            return Ok(config.clone());
        }
        let roots = match &self.shared.bundle {
            None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
            Some(bundle) => {
                let (roots, broken) = read_bundle(&bundle.path).map_err(|problem| {
                    self.shared.trouble.set(bundle.problem(&problem));
                    Error::Tls("no certificate to trust")
                })?;
                if let Some(broken) = broken {
                    let skipped = bundle.problem(&format!("{broken}; it is skipped"));
                    if self.shared.skipped.set(skipped.clone()).is_ok() {
                        *lock(&self.shared.unheard) = Some(skipped);
                    }
                }
                roots
            }
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_details(provider, self.shared.time.clone())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots);
        #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
        let config = match &self.shared.presenting {
            Some(Presenting { identity, asked, .. }) => {
                let certified = Arc::new(identity.in_tls());
                config.with_client_cert_resolver(Arc::new(Presented { certified, asked: asked.clone() }))
            }
            None => config.with_no_client_auth(),
        };
        #[cfg(not(any(feature = "iot", feature = "roles-anywhere")))]
        let config = config.with_no_client_auth();
        Ok(self.shared.config.get_or_init(|| Arc::new(config)).clone())
    }
}

/// The longest file of certificates, in bytes: those of systems have a quarter of a million.
const MAX_BUNDLE: usize = 4 * 1024 * 1024;

/// Reads the certificates of a file, and says what is wrong with the first one that cannot be used, if there are others.
fn read_bundle(path: &str) -> Result<(RootCertStore, Option<String>), String> {
    let mut text = Buffer::new();
    read_up_to(MAX_BUNDLE, path, &mut text).map_err(|failure| failure.to_string())?;
    let (mut roots, mut broken, mut skipped) = (RootCertStore::empty(), None, 0);
    for (index, certificate) in CertificateDer::pem_slice_iter(without_mark(text.bytes())).enumerate() {
        let read = certificate.map_err(|error| error.to_string());
        let added = read.and_then(|certificate| roots.add(certificate).map_err(|error| unreadable(&error)));
        if let Err(problem) = added {
            skipped += 1;
            broken.get_or_insert_with(|| format!("certificate {}: {problem}", index + 1));
        }
    }
    match broken {
        _ if !roots.is_empty() => Ok((roots, broken)),
        Some(broken) => {
            Err(format!("it has no certificate that can be read; {skipped} skipped, the first is {broken}"))
        }
        None => Err("there is no certificate in it: expected blocks of PEM, BEGIN CERTIFICATE".to_owned()),
    }
}

/// Why a block of the file is no certificate. The library speaks of a peer's.
fn unreadable(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(error) => format!("what it holds is not a certificate ({error:?})"),
        error => error.to_string(),
    }
}

/// What is wrong with a handshake that fails before a certificate is looked at, and what to do.
fn advice_on_session(error: &rustls::Error) -> Option<String> {
    use rustls::AlertDescription::{HandshakeFailure, ProtocolVersion};
    let advice = match error {
        rustls::Error::InvalidMessage(_) => {
            "the server does not speak TLS: check scheme and port of the endpoint"
        }
        rustls::Error::PeerIncompatible(_) | rustls::Error::AlertReceived(ProtocolVersion) => {
            "the server has neither TLS 1.2 nor TLS 1.3, or no cipher in common"
        }
        rustls::Error::AlertReceived(HandshakeFailure) => {
            "the server refused the handshake: it has no cipher in common, or requires a certificate of the client"
        }
        rustls::Error::General(problem) if problem.starts_with("signing with the private key") => {
            return Some(problem.clone());
        }
        rustls::Error::AlertReceived(alert) => match about_client(*alert) {
            Some(advice) => advice,
            None => return Some(format!("the server refused the handshake: {alert:?}")),
        },
        _ => return None,
    };
    Some(advice.to_owned())
}

/// What an alert says about this client's certificate; `None` if it is about something else.
fn about_client(alert: rustls::AlertDescription) -> Option<&'static str> {
    use rustls::AlertDescription::{
        AccessDenied, BadCertificate, CertificateExpired, CertificateRequired, CertificateRevoked,
        CertificateUnknown, DecryptError, UnknownCA, UnsupportedCertificate,
    };
    Some(match alert {
        CertificateRequired => "the server requires a certificate of the client",
        UnknownCA => {
            "the server does not trust the issuer of this client's certificate, or a certificate between them is missing"
        }
        CertificateExpired => {
            "the server says that this client's certificate has expired, or is not valid yet"
        }
        CertificateRevoked => "the server says that this client's certificate was revoked",
        BadCertificate | CertificateUnknown | UnsupportedCertificate | AccessDenied => {
            "the server does not accept this client's certificate"
        }
        DecryptError => {
            "the server could not verify this client's signature: the key does not belong to the certificate"
        }
        _ => return None,
    })
}

/// What is wrong with a server's certificate, and what to do.
fn advice(certificate: &CertificateError, bundle: Option<&Bundle>, now: UnixTime) -> String {
    let roots = match bundle {
        Some(bundle) => format!("{} ({})", bundle.setting, bundle.path),
        None => "AWS_CA_BUNDLE, which is not set (for AWS IoT also --ca or iot_ca_bundle),".to_owned(),
    };
    match certificate {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => format!(
            "the certificate is from an issuer that is not trusted: {roots} has to name a file with that issuer's \
             certificate, if it is a proxy or a service of your own"
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is for another name: check the host of the endpoint".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => format!(
            "the certificate has expired: its owner has to renew it; this machine's clock says {}",
            now.rfc3339().as_str()
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet: check this machine's clock".to_owned()
        }
        other if format!("{other:?}").contains("EndEntityUsedAsCa") => {
            "the certificate was issued by one that is not an authority's: it is forged, or the server's chain is wrong"
                .to_owned()
        }
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "the server presents the certificate of an authority as its own: it needs one that the authority issued"
                .to_owned()
        }
        other => format!("the certificate cannot be used: {other:?}"),
    }
}

/// A certificate that is presented to every server that asks for one.
#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
#[derive(Debug)]
struct Presented {
    certified: Arc<rustls::sign::CertifiedKey>,
    asked: Arc<AtomicBool>,
}

/// What is presented, and to whom.
#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
struct Presenting {
    identity: crate::Identity,
    /// `HOST:PORT`, in lower case: a proxy on the way is another.
    authority: String,
    /// Whether a server has asked for it.
    asked: Arc<AtomicBool>,
    /// For connections to others.
    others: Tls,
}

/// `HOST:PORT` of a URL, in lower case.
#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
fn authority_of(uri: &ureq::http::Uri) -> String {
    format!("{}:{}", uri.host().unwrap_or_default(), super::resolve::port(uri)).to_ascii_lowercase()
}

#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
impl rustls::client::ResolvesClientCert for Presented {
    fn resolve(&self, _: &[&[u8]], _: &[rustls::SignatureScheme]) -> Option<Arc<rustls::sign::CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        Some(self.certified.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Maps the error of a session.
pub(crate) fn kind_of(error: &io::Error) -> Option<FailureKind> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
            FailureKind::Untrusted
        }
        rustls::Error::General(_) | rustls::Error::FailedToGetRandomBytes => FailureKind::Other,
        rustls::Error::AlertReceived(alert) if about_client(*alert).is_some() => FailureKind::Denied,
        _ => FailureKind::Protocol,
    })
}

impl<In: Transport> Connector<In> for Tls {
    // Boxed: a session is large, and a plain connection would be as large.
    type Out = Either<In, Box<dyn Transport>>;

    fn connect(&self, details: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = chained else { return Ok(None) };
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }
        #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
        if let Some(Presenting { authority, others, .. }) = &self.shared.presenting
            && *authority != authority_of(details.uri)
        {
            return others.connect(details, Some(transport));
        }
        let host = details.uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host).map_err(|_| Error::BadUri(host.to_owned()))?.to_owned();
        let mut session = ClientConnection::new(self.config()?, name).map_err(io::Error::other)?;
        let mut socket = TransportAdapter::new(transport.boxed(), details.current_time.clone());
        socket.set_timeout(left(details));
        if let Err(error) = session.complete_io(&mut socket) {
            // Sends the alert, from which the server learns the reason.
            while session.wants_write() && session.write_tls(&mut socket).is_ok_and(|sent| sent > 0) {}
            self.explain(&error);
            return Err(error.into());
        }
        let buffers = WipedBuffers::new(details);
        let session = TlsStream { buffers, stream: StreamOwned::new(session, socket), tls: self.clone() };
        Ok(Some(Either::B(session.boxed())))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("loaded", &self.shared.config.get().is_some()).finish_non_exhaustive()
    }
}

/// A TLS session over a connection.
struct TlsStream {
    buffers: WipedBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
    tls: Tls,
}

impl TlsStream {
    /// In TLS 1.3 a server refuses a certificate after the handshake has ended here.
    fn explained(&self, error: io::Error) -> Error {
        self.tls.explain(&error);
        error.into()
    }
}

impl Transport for TlsStream {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.sock.set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        let sent = self.stream.write_all(output);
        self.buffers.sent(amount);
        sent.map_err(|error| self.explained(error))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.sock.set_timeout(timeout);
        let read = self.stream.read(self.buffers.input_append_buf());
        let amount = read.map_err(|error| self.explained(error))?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for TlsStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsStream")
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
    use std::time::Duration;

    use crate::secret::Wiped;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rolecall_core::error::{Failure, FailureKind};
    use rolecall_core::flow::{Answer, Endpoint, Exchange, Limits, Span};
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ServerConfig, ServerConnection};

    use super::*;
    use crate::clock::{RELEASED, UnixTimeExt};
    use crate::host::Streams;
    use crate::http::proxy::Proxies;
    use crate::http::transport::Transport as Client;

    fn epoch() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(7)
    }

    /// A clock that is set, and wrong by years.
    fn early() -> SystemTime {
        RELEASED.to_system_time() + Duration::from_secs(60)
    }

    fn listen(answer: impl Fn(TcpStream) + Send + 'static) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        std::thread::spawn(move || listener.incoming().flatten().for_each(answer));
        port
    }

    fn answer(stream: &mut (impl io::Read + Write), date: &str) {
        let mut lines = BufReader::new(&mut *stream).lines().map_while(Result::ok);
        lines.find(|line| line.is_empty());
        let _ = write!(stream, "HTTP/1.1 200 OK\r\n{date}Content-Length: 2\r\nConnection: close\r\n\r\nok");
    }

    /// A server whose certificate is valid from 2028 on, and the file of its issuer.
    fn secure() -> (u16, std::path::PathBuf) {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer =
            CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an issuer");
        let bundle = std::env::temp_dir().join(format!("rolecall-tls-time-{}.pem", std::process::id()));
        std::fs::write(&bundle, issuer.pem()).expect("a file");
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
        params.not_before = rcgen::date_time_ymd(2028, 1, 1);
        let certificate = params.signed_by(&key, &issuer).expect("a certificate").der().clone();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key.serialize_der().into()));
        let config = Arc::new(config.expect("a configuration"));
        let port = listen(move |mut socket| {
            let mut session = ServerConnection::new(config.clone()).expect("a session");
            answer(&mut rustls::Stream::new(&mut session, &mut socket), "");
        });
        (port, bundle)
    }

    fn get(client: &Client, url: &str, metadata: bool, address: Option<IpAddr>) -> Result<u16, FailureKind> {
        let endpoint = Endpoint::parse(url).expect("a URL");
        let head = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", endpoint.authority());
        let limits = Limits { connect_ms: 2_000, first_byte_ms: 2_000, total_ms: 4_000, body_bytes: 64 };
        let mut exchange = Exchange::new(endpoint, Span { head: head.len(), len: head.len() }, limits);
        (exchange.metadata, exchange.address) = (metadata, address);
        let mut buffer = Wiped::new(head.into_bytes());
        match client.carry_out(&exchange, &mut buffer, &mut Streams::default()) {
            Answer::Reply(reply) => Ok(reply.status),
            Answer::Failed(Failure { kind, .. }) => Err(kind),
            other => panic!("{other:?}"),
        }
    }

    fn client(bundle: &std::path::Path, wall: fn() -> SystemTime) -> Client {
        let lookup = |_: &str| Ok(vec![Ipv4Addr::LOCALHOST.into()]);
        let bundle =
            Bundle { setting: "AWS_CA_BUNDLE".to_owned(), path: bundle.to_str().expect("text").to_owned() };
        Client::with(Proxies::default(), Some(bundle), lookup, wall)
    }

    #[test]
    fn certificates_are_verified_at_the_time_of_metadata_while_the_clock_was_never_set() {
        let (port, bundle) = secure();
        let https = format!("https://127.0.0.1:{port}/");
        let dated = |date: &'static str| {
            format!("http://127.0.0.1:{}/", listen(move |mut stream| answer(&mut stream, date)))
        };
        let later = dated("Date: Thu, 01 Jun 2028 00:00:00 GMT\r\n");
        let before = dated("Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n");
        let never = dated("");
        let untrusted = Err(FailureKind::Untrusted);

        let unset = client(&bundle, epoch);
        assert_eq!(get(&unset, &https, false, None), untrusted);
        let reason = unset.misconfigured().expect("a reason");
        assert!(reason.contains("1970-01-01T00:00:07Z") && reason.contains("set the clock"), "{reason}");
        // Neither another service, nor a time in the past, nor none, nor metadata by name from afar.
        for (url, metadata) in [(&later, false), (&before, true), (&never, true)] {
            assert_eq!(get(&unset, url, metadata, None), Ok(200));
            assert_eq!(get(&unset, &https, false, None), untrusted, "{url}");
        }
        let by_name = later.replace("127.0.0.1", "metadata.example");
        assert_eq!(get(&unset, &by_name, true, Some(Ipv4Addr::LOCALHOST.into())), Ok(200));
        assert_eq!(get(&unset, &https, false, None), untrusted);

        assert_eq!(get(&unset, &later, true, None), Ok(200));
        assert_eq!(get(&unset, &https, false, None), Ok(200));

        // A clock that was set is believed, though it is wrong.
        let set = client(&bundle, early);
        assert_eq!(get(&set, &later, true, None), Ok(200));
        assert_eq!(get(&set, &https, false, None), untrusted);
        assert_eq!(set.misconfigured(), None);
        std::fs::remove_file(bundle).expect("removed");
    }
}
