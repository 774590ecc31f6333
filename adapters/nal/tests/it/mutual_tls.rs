//! A board with a certificate, over TLS sessions of the caller: AWS IoT and IAM Roles Anywhere on loopback.

use std::future::poll_fn;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use embedded_io::ErrorKind as StreamError;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rolecall_core::call::{Call, Service};
use rolecall_core::error::{Error, ErrorKind, Failure, FailureKind, Phase};
use rolecall_core::flow::{Endpoint, Flow, Lease, Memory, Slot};
use rolecall_core::sigv4::CertificateTexts;
use rolecall_core::skew::{Instant, Now};
use rolecall_core::sources::sts::AssumeRoleRequest;
use rolecall_core::sources::{AnywhereSession, Iot, RolesAnywhere};
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::x509::{Certificate, Scheme};
use rolecall_core::wire::{Cursor, base64};
use rolecall_nal::asynch::Timer;
use rolecall_nal::{Board, Driver, Remote, nb};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, SignatureScheme, StreamOwned, crypto};

use crate::board::{Loop, RealBoard, slot};
use crate::examples::iot_gateway::{Session, Tls};
use crate::on_both_loops;

on_both_loops!(
    the_right_certificate_yields_credentials,
    no_certificate_or_a_wrong_one_is_said_so,
    a_server_that_is_not_trusted_sees_no_certificate,
    a_connection_with_a_certificate_carries_nothing_else,
    roles_anywhere_takes_the_signature_of_the_key,
);

const HOST: &str = "c2example.credentials.iot.eu-west-1.amazonaws.com";

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn issuer() -> Issuer {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate and its key.
struct Pair {
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Pair {
    fn issued_by(issuer: &Issuer, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        Self { certificate: params.signed_by(&key, issuer).unwrap().der().clone(), key }
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.serialize_der().into())
    }

    fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.certificate.clone()]
    }
}

fn roots(issuer: &Issuer) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(issuer.der().clone()).unwrap();
    roots
}

fn provider() -> Arc<crypto::CryptoProvider> {
    Arc::new(crypto::ring::default_provider())
}

/// What the server saw of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    name: Option<String>,
    has_certificate: bool,
    requests: Vec<String>,
}

/// A server for `HOST` on loopback.
struct Server {
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Trusts the certificates of `issuer`, and requires one if `is_strict`.
    fn start(issuer: &Issuer, is_strict: bool) -> Self {
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(issuer)), provider());
        let verifier = if is_strict { verifier } else { verifier.allow_unauthenticated() };
        let own = Pair::issued_by(issuer, HOST);
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(own.chain(), own.key())
            .unwrap();
        let (config, seen) = (Arc::new(config), Arc::new(Mutex::new(Vec::new())));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (port, record) = (listener.local_addr().unwrap().port(), seen.clone());
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                serve(ServerConnection::new(config.clone()).unwrap(), socket, &record);
            }
        });
        Self { port, seen }
    }

    fn endpoint(&self) -> Endpoint<'static> {
        Endpoint::parse(format!("https://{HOST}:{}", self.port).leak()).unwrap()
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut session: ServerConnection, mut socket: TcpStream, record: &Mutex<Vec<Seen>>) {
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    if session.complete_io(&mut socket).is_err() {
        // The alert is out; what comes is read, so that the close does not overtake it.
        let _ = session.write_tls(&mut socket);
        let _ = std::io::copy(&mut socket, &mut std::io::sink());
        return;
    }
    let seen = Seen {
        name: session.server_name().map(str::to_owned),
        has_certificate: session.peer_certificates().is_some(),
        requests: Vec::new(),
    };
    let at = record.lock().unwrap().len();
    record.lock().unwrap().push(seen);
    let mut stream = StreamOwned::new(session, socket);
    while let Some(request) = request(&mut stream) {
        record.lock().unwrap()[at].requests.push(request.clone());
        let (status, body) = answer(&request);
        let reply = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        if stream.write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

/// The head of a request; its body is read and dropped.
fn request(stream: &mut impl Read) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.split("Content-Length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).ok()?;
    Some(head)
}

fn answer(request: &str) -> (u16, String) {
    let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let end = UnixTime::from_secs(wall.as_secs() + 3_600).rfc3339();
    let credentials = format!(
        "\"credentials\":{{\"accessKeyId\":\"ASIATLS\",\"secretAccessKey\":\"s\",\"sessionToken\":\"t\",\
         \"expiration\":\"{end}\"}}"
    );
    if request.starts_with("GET /role-aliases/gateways/credentials ") {
        (200, format!("{{{credentials}}}"))
    } else if request.starts_with("POST /sessions?") {
        (201, format!("{{\"credentialSet\":[{{{credentials}}}]}}"))
    } else {
        let body = format!(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
             <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
             <Expiration>{end}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
        );
        (200, body)
    }
}

impl embedded_io_async::Read for Session {
    async fn read(&mut self, room: &mut [u8]) -> Result<usize, StreamError> {
        poll_fn(|cx| match embedded_io::Read::read(self, room) {
            Err(StreamError::TimedOut) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            read => Poll::Ready(read),
        })
        .await
    }
}

impl embedded_io_async::Write for Session {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, StreamError> {
        embedded_io::Write::write(self, bytes)
    }

    async fn flush(&mut self) -> Result<(), StreamError> {
        embedded_io::Write::flush(self)
    }
}

impl rolecall_nal::asynch::Open for Tls {
    type Stream<'a> = Session;

    async fn resolve(&mut self, host: &str) -> Result<IpAddr, FailureKind> {
        Tls::resolve(self, host)
    }

    async fn open(&mut self, remote: &Remote<'_>) -> Result<Session, FailureKind> {
        self.connect(remote)
    }
}

/// The sessions of the example, towards loopback.
fn tls(trusted: &Issuer, own: Option<&Pair>) -> Tls {
    let own = own.map(|own| (own.chain(), own.key()));
    let mut tls = Tls::new(roots(trusted), own).unwrap();
    tls.address = Some(Ipv4Addr::LOCALHOST.into());
    tls
}

/// A board whose key signs with rustls, in the place of a secure element.
struct Gateway {
    board: RealBoard,
    key: Option<PrivateKeyDer<'static>>,
    signed: Vec<Vec<u8>>,
}

impl Board for Gateway {
    fn now(&mut self) -> Now {
        self.board.now()
    }

    fn entropy(&mut self) -> u32 {
        self.board.entropy()
    }

    fn sign(
        &mut self,
        scheme: Scheme,
        message: &[u8],
        signature: &mut [u8],
    ) -> nb::Result<usize, FailureKind> {
        let key = self.key.as_ref().ok_or(nb::Error::Other(FailureKind::NotFound))?;
        assert_eq!(scheme, Scheme::EcdsaP256Sha256);
        let key = crypto::ring::sign::any_ecdsa_type(key).unwrap();
        let signer = key.choose_scheme(&[SignatureScheme::ECDSA_NISTP256_SHA256]).unwrap();
        let made = signer.sign(message).unwrap();
        signature[..made.len()].copy_from_slice(&made);
        self.signed.push(message.to_vec());
        Ok(made.len())
    }
}

impl Timer for Gateway {
    async fn sleep_until(&mut self, instant: Instant) {
        self.board.sleep_until(instant).await;
    }
}

fn gateway(own: Option<&Pair>) -> Gateway {
    Gateway { board: RealBoard::new(true), key: own.map(Pair::key), signed: Vec::new() }
}

/// Runs the flow, and returns what is in the first slot and what was signed.
fn run<'c, F: Flow<'c, Output = Lease>>(
    on: Loop,
    tls: Tls,
    own: Option<&Pair>,
    flow: &mut F,
) -> (Result<Lease, Error>, Slot<'static>, Vec<Vec<u8>>) {
    let (mut exchange, mut slots) = (vec![0; 8_192], vec![slot(), slot()]);
    let mut memory = Memory { exchange: &mut exchange, slots: &mut slots };
    let mut board = gateway(own);
    let result = match on {
        Loop::Blocking => {
            let idle = || std::thread::sleep(Duration::from_millis(1));
            Driver::new(&mut board, rolecall_nal::blocking::Streams::new(tls, idle)).run(flow, &mut memory)
        }
        Loop::Async => {
            let mut driver = Driver::new(&mut board, tls);
            async_io::block_on(driver.run_async(flow, &mut memory))
        }
    };
    assert!(exchange.iter().all(|byte| *byte == 0), "the exchange buffer is not wiped");
    (result, slots.swap_remove(0), board.signed)
}

fn iot(server: &Server) -> Iot<'static> {
    Iot::new(server.endpoint(), "gateways", Some("gateway-7"))
}

fn key_id<'s>(slot: &'s Slot<'_>) -> &'s str {
    slot.credentials().expect("credentials").access_key_id()
}

fn the_right_certificate_yields_credentials(on: Loop) {
    let ours = issuer();
    let (server, own) = (Server::start(&ours, true), Pair::issued_by(&ours, "gateway-7"));
    let (result, slot, _) = run(on, tls(&ours, Some(&own)), None, &mut iot(&server));
    assert!(result.unwrap().lifetime_ms.unwrap() > 3_500_000);
    assert_eq!(key_id(&slot), "ASIATLS");
    let [seen] = &server.seen()[..] else { panic!("{:?}", server.seen()) };
    assert_eq!((seen.name.as_deref(), seen.has_certificate), (Some(HOST), true));
    assert!(seen.requests[0].contains("\r\nx-amzn-iot-thingname: gateway-7\r\n"));
}

fn no_certificate_or_a_wrong_one_is_said_so(on: Loop) {
    let (ours, theirs) = (issuer(), issuer());
    let server = Server::start(&ours, true);
    let wrong = Pair::issued_by(&theirs, "gateway-7");
    // A session that has none where one is wanted.
    let mut bare = tls(&ours, None);
    bare.with = Some(bare.without.clone());
    for tls in [bare, tls(&ours, Some(&wrong))] {
        let (result, slot, _) = run(on, tls, None, &mut iot(&server));
        let error = result.unwrap_err();
        let ErrorKind::Transport(Failure { phase, kind }) = error.kind else { panic!("{error}") };
        assert_eq!(kind, FailureKind::Denied, "{error}");
        // In TLS 1.3 the session is open before the server has looked at the certificate.
        assert!(matches!(phase, Phase::Connect | Phase::Send | Phase::FirstByte), "{error}");
        assert!(error.advice().contains("register the certificate"), "{}", error.advice());
        assert!(slot.credentials().is_none() && server.seen().is_empty());
    }
    // An opener that knows that it has none does not connect.
    let (result, ..) = run(on, tls(&ours, None), None, &mut iot(&server));
    let none = Failure { phase: Phase::Connect, kind: FailureKind::Unsupported };
    assert_eq!(result.unwrap_err().kind, ErrorKind::Transport(none));
}

fn a_server_that_is_not_trusted_sees_no_certificate(on: Loop) {
    let (ours, theirs) = (issuer(), issuer());
    let (server, own) = (Server::start(&theirs, false), Pair::issued_by(&ours, "gateway-7"));
    let (result, ..) = run(on, tls(&ours, Some(&own)), None, &mut iot(&server));
    let untrusted = Failure { phase: Phase::Connect, kind: FailureKind::Untrusted };
    assert_eq!(result.unwrap_err().kind, ErrorKind::Transport(untrusted));
    assert!(server.seen().is_empty());
}

fn a_connection_with_a_certificate_carries_nothing_else(on: Loop) {
    let ours = issuer();
    let (server, own) = (Server::start(&ours, false), Pair::issued_by(&ours, "gateway-7"));
    let request = AssumeRoleRequest::new("arn:aws:iam::123456789012:role/other", "job");
    // The same host and port: without the certificate, one connection would do.
    let mut flow = Call::new(iot(&server), Service::new(server.endpoint(), "eu-west-1"), request);
    let (result, slot, _) = run(on, tls(&ours, Some(&own)), None, &mut flow);
    result.unwrap();
    assert_eq!(key_id(&slot), "ASIAROLE");
    let seen: Vec<(bool, usize)> =
        server.seen().iter().map(|seen| (seen.has_certificate, seen.requests.len())).collect();
    assert_eq!(seen, [(true, 1), (false, 1)]);
}

fn roles_anywhere_takes_the_signature_of_the_key(on: Loop) {
    let ours = issuer();
    let (server, own) = (Server::start(&ours, false), Pair::issued_by(&ours, "gateway-7"));
    let mut text = vec![0; own.certificate.len() * 2];
    let mut out = Cursor::new(&mut text);
    base64::encode(&own.certificate, &mut out);
    let texts = CertificateTexts { certificate: out.finish().unwrap(), chain: b"" };
    let certificate = Certificate::parse(&own.certificate).unwrap();
    let session = AnywhereSession::new(
        "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/a",
        "arn:aws:rolesanywhere:eu-west-1:123456789012:profile/p",
        "arn:aws:iam::123456789012:role/gateway",
    );
    let mut flow = RolesAnywhere::new(server.endpoint(), session, certificate, texts);
    let (result, slot, signed) = run(on, tls(&ours, Some(&own)), Some(&own), &mut flow);
    result.unwrap();
    assert_eq!(key_id(&slot), "ASIATLS");
    let [seen] = &server.seen()[..] else { panic!("{:?}", server.seen()) };
    // The certificate is in the request, not in the handshake.
    assert!(!seen.has_certificate);
    let hex = seen.requests[0].split("Signature=").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap();
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    let signature: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
    let algorithms = provider().signature_verification_algorithms;
    let mapped = algorithms.mapping.iter();
    let (_, verifiers) =
        mapped.into_iter().find(|(scheme, _)| *scheme == SignatureScheme::ECDSA_NISTP256_SHA256).unwrap();
    let verified = |message: &[u8]| {
        verifiers.iter().any(|one| one.verify_signature(certificate.public_key, message, &signature).is_ok())
    };
    assert!(verified(&signed[0]) && !verified(b"something else"));

    let (result, ..) = run(on, tls(&ours, None), None, &mut flow);
    let none = Failure { phase: Phase::Sign, kind: FailureKind::NotFound };
    assert_eq!(result.unwrap_err().kind, ErrorKind::Transport(none));
}
