//! Servers on loopback: AWS IoT and STS as far as a board sees them, with the TLS of rustls over ring.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rolecall_core::wire::time::UnixTime;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned, crypto};

use crate::board::now;

pub(crate) const HOST: &str = "c2example.credentials.iot.eu-west-1.amazonaws.com";

pub(crate) type Issuer = CertifiedIssuer<'static, KeyPair>;

/// A root of this name.
pub(crate) fn issuer(name: &str) -> Issuer {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// An issuer below `root`, with these usages of its key.
pub(crate) fn below(root: &Issuer, usages: Vec<KeyUsagePurpose>) -> Issuer {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "below");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = usages;
    CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), root).unwrap()
}

/// A certificate and its key.
pub(crate) struct Pair {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) key: KeyPair,
}

impl Pair {
    /// A certificate for this name, changed by `change`.
    pub(crate) fn made(issuer: &Issuer, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        change(&mut params);
        Self { certificate: params.signed_by(&key, issuer).unwrap().der().clone(), key }
    }

    pub(crate) fn of(issuer: &Issuer, name: &str) -> Self {
        Self::made(issuer, name, |_| {})
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.serialize_der().into())
    }
}

/// Sets when a certificate is valid.
pub(crate) fn valid(params: &mut CertificateParams, from: UnixTime, until: UnixTime) {
    let date = |time: UnixTime| date_time_ymd(1970, 1, 1) + Duration::from_secs(time.as_secs());
    (params.not_before, params.not_after) = (date(from), date(until));
}

/// How the server behaves.
#[derive(Clone)]
pub(crate) struct Ways {
    /// The `Date` of its replies.
    pub(crate) date: Option<UnixTime>,
    /// Whether it ends the connection without saying so, behind the half of its reply.
    pub(crate) breaks_off: bool,
    /// The length of what it puts before the credentials, to make replies longer.
    pub(crate) filler: usize,
    /// The `Age` of its replies.
    pub(crate) age: Option<u32>,
    /// Whether it says behind each reply that it sends no more, and keeps the connection.
    pub(crate) ends: bool,
    /// What it puts behind each reply, in a record of its own.
    pub(crate) surplus: &'static str,
    /// The size of its records, if it is limited.
    pub(crate) records: Option<usize>,
}

impl Default for Ways {
    fn default() -> Self {
        Self {
            date: Some(now()),
            breaks_off: false,
            filler: 0,
            age: None,
            ends: false,
            surplus: "",
            records: None,
        }
    }
}

/// A server for `HOST` on loopback.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) root: Vec<u8>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Presents `own` with `chain` behind it, and wants a certificate of `issuer`.
    pub(crate) fn start(issuer: &Issuer, own: &Pair, chain: &[CertificateDer<'static>], ways: Ways) -> Self {
        let provider = Arc::new(crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(issuer.der().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let whole = [std::slice::from_ref(&own.certificate), chain].concat();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap())
            .with_single_cert(whole, own.key())
            .unwrap();
        config.max_fragment_size = ways.records;
        let (config, seen) = (Arc::new(config), Arc::new(Mutex::new(Vec::new())));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (port, record) = (listener.local_addr().unwrap().port(), seen.clone());
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                serve(ServerConnection::new(config.clone()).unwrap(), socket, &ways, &record);
            }
        });
        Self { port, root: issuer.der().to_vec(), seen }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("https://{HOST}:{}", self.port)
    }

    /// A place where something else listens.
    pub(crate) fn of_port(port: u16, root: Vec<u8>) -> Self {
        Self { port, root, seen: Arc::default() }
    }

    /// The first line of each request, and whether a certificate came with it.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// The same of a server that has been refused: it hears that later than the board knows it.
    pub(crate) fn heard(&self) -> Vec<String> {
        let limit = Instant::now() + Duration::from_secs(10);
        while self.seen().is_empty() {
            assert!(Instant::now() < limit, "the server has heard nothing");
            std::thread::sleep(Duration::from_millis(5));
        }
        self.seen()
    }
}

pub(crate) fn serve(
    mut session: ServerConnection,
    mut socket: TcpStream,
    ways: &Ways,
    record: &Mutex<Vec<String>>,
) {
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    if let Err(error) = session.complete_io(&mut socket) {
        record.lock().unwrap().push(format!("handshake: {error}"));
        let _ = session.write_tls(&mut socket);
        let _ = std::io::copy(&mut socket, &mut std::io::sink());
        return;
    }
    let known = if session.peer_certificates().is_some() { "with" } else { "without" };
    let mut stream = StreamOwned::new(session, socket);
    while let Some(request) = request(&mut stream) {
        let line = request.lines().next().unwrap_or_default();
        record.lock().unwrap().push(format!("{line}, {known} a certificate"));
        let (status, body) = answer(&request, ways);
        let date =
            ways.date.map(|date| format!("Date: {}\r\n", date.http_date().as_str())).unwrap_or_default();
        let age = ways.age.map(|age| format!("Age: {age}\r\n")).unwrap_or_default();
        let reply = format!("HTTP/1.1 {status} X\r\n{date}{age}Content-Length: {}\r\n\r\n{body}", body.len());
        if ways.breaks_off {
            let _ = stream.write_all(&reply.as_bytes()[..reply.len() / 2]);
            let _ = stream.flush();
            return;
        }
        // Each in a record of its own, and sent together.
        let mut writer = stream.conn.writer();
        let written =
            writer.write_all(reply.as_bytes()).and_then(|()| writer.write_all(ways.surplus.as_bytes()));
        if written.and_then(|()| stream.flush()).is_err() {
            return;
        }
        if ways.ends {
            stream.conn.send_close_notify();
            let _ = stream.flush();
            // It goes on as if it had said nothing.
            let _ = std::io::copy(&mut stream.sock, &mut std::io::sink());
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

fn answer(request: &str, ways: &Ways) -> (u16, String) {
    let end = ways.date.unwrap_or_else(now).saturating_add(3_600).rfc3339();
    let filler = "x".repeat(ways.filler);
    if request.starts_with("GET /role-aliases/gateways/credentials ") {
        let credentials = format!(
            "{{\"filler\":\"{filler}\",\"credentials\":{{\"accessKeyId\":\"ASIATLS\",\"secretAccessKey\":\"s\",\
             \"sessionToken\":\"t\",\"expiration\":\"{end}\"}}}}"
        );
        return (200, credentials);
    }
    let body = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
         <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
         <Expiration>{end}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    );
    (200, body)
}
