//! Which servers are trusted, and the errors for the others.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rolecall::core::error::{Failure, FailureKind};
use rolecall::{Environment, Error, Fault, Provider, Request};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, Stream};

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn issuer() -> Issuer {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an issuer")
}

/// The TLS configuration of a server with these names.
fn config(issuer: &Issuer, names: &[&str]) -> Arc<ServerConfig> {
    let names: Vec<String> = names.iter().copied().map(str::to_owned).collect();
    config_of(issuer, &CertificateParams::new(names).expect("names"))
}

/// The TLS configuration of a server with such a certificate.
fn config_of(issuer: &Issuer, params: &CertificateParams) -> Arc<ServerConfig> {
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, issuer);
    let chain = vec![certificate.expect("a certificate").der().clone()];
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::Pkcs8(key.serialize_der().into()));
    Arc::new(config.expect("a configuration"))
}

/// Listens on a port of 127.0.0.1 and handles connections sequentially.
fn listen(handle: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(handle));
    port
}

/// Serves `ok` with a certificate for `name` from `issuer`.
fn serve(issuer: &Issuer, name: &str) -> u16 {
    let config = config(issuer, &[name]);
    listen(move |mut socket| answer(&config, &mut socket))
}

/// Answers one request over `socket` as a TLS server.
fn answer(config: &Arc<ServerConfig>, socket: &mut (impl Read + Write)) {
    let mut session = ServerConnection::new(config.clone()).expect("a session");
    let mut stream = Stream::new(&mut session, socket);
    head(&mut stream);
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

fn head(stream: &mut (impl Read + ?Sized)) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|len| len == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// A temporary file of one test, removed on drop.
struct File(PathBuf);

impl File {
    fn new(name: &str, content: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rolecall-{}-{name}", std::process::id()));
        std::fs::write(&path, content).expect("a file");
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a path")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn given(variables: &[(&str, &str)]) -> Provider {
    Provider::from_environment(&environment(variables)).expect("a provider")
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    let keys = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    keys.iter().chain(variables).copied().collect()
}

fn provider(bundle: &str, sts: &str) -> Provider {
    given(&[("AWS_CA_BUNDLE", bundle), ("AWS_ENDPOINT_URL_STS", sts)])
}

fn get(provider: &Provider, url: &str) -> Result<Vec<u8>, Error> {
    let request = Request::new("GET", url)?.service("execute-api");
    provider.send(&request).map(|reply| reply.body)
}

fn kind(result: Result<Vec<u8>, Error>) -> FailureKind {
    match result {
        Err(Error::Send { failure: Failure { kind, .. }, .. }) => kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_the_bundle_is_trusted() {
    let (ours, theirs) = (issuer(), issuer());
    let bundle = File::new("bundle", &format!("A comment.\n{}\n{}", issuer().pem(), ours.pem()));
    let trusting = provider(bundle.path(), "");
    let port = serve(&ours, "127.0.0.1");
    let url = format!("https://127.0.0.1:{port}/");
    assert_eq!(get(&trusting, &url).unwrap(), b"ok");
    assert_eq!(kind(get(&trusting, &format!("https://localhost:{port}/"))), FailureKind::Untrusted);
    let untrusted = format!("https://127.0.0.1:{}/", serve(&theirs, "127.0.0.1"));
    assert_eq!(kind(get(&trusting, &untrusted)), FailureKind::Untrusted);
    // The built-in roots contain neither issuer.
    assert_eq!(kind(get(&provider("", ""), &url)), FailureKind::Untrusted);
}

/// Each has its own words, and none those of another.
#[test]
fn the_fault_of_a_certificate_is_said() {
    let ours = issuer();
    let bundle = File::new("faults", &ours.pem());
    let named = |name: &str| CertificateParams::new(vec![name.to_owned()]).expect("a name");
    let with = |change: fn(&mut CertificateParams)| {
        let mut params = named("127.0.0.1");
        change(&mut params);
        params
    };
    let unknown = "is from an issuer that is not trusted";
    let cases = [(issuer(), named("127.0.0.1"), unknown), (issuer(), named("other.example"), unknown)];
    let ours_too = [
        (named("other.example"), "is for another name"),
        (with(|params| params.not_after = rcgen::date_time_ymd(2024, 1, 1)), "has expired"),
        (with(|params| params.not_before = rcgen::date_time_ymd(2098, 1, 1)), "is not valid yet"),
        (
            with(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
            "presents the certificate of an authority",
        ),
    ];
    let all = cases.map(|(issuer, params, words)| (config_of(&issuer, &params), words)).into_iter();
    let all = all.chain(ours_too.map(|(params, words)| (config_of(&ours, &params), words)));
    for (config, words) in all {
        let port = listen(move |mut socket| answer(&config, &mut socket));
        let error =
            get(&provider(bundle.path(), ""), &format!("https://127.0.0.1:{port}/")).expect_err(words);
        let text = error.to_string();
        assert!(text.contains(words) && text.contains(&format!("https://127.0.0.1:{port}")), "{text}");
        assert_eq!(text.contains("AWS_CA_BUNDLE"), words == unknown, "{text}");
        assert_eq!(text.contains(bundle.path()), words == unknown, "{text}");
        assert!(matches!(error, Error::Send { failure: Failure { kind: FailureKind::Untrusted, .. }, .. }));
    }
    // Without a setting, the one to use is named; with SSL_CERT_FILE, that is.
    let url = format!("https://127.0.0.1:{}/", serve(&issuer(), "127.0.0.1"));
    let text = get(&provider("", ""), &url).expect_err("unknown").to_string();
    assert!(text.contains("AWS_CA_BUNDLE, which is not set"), "{text}");
    let text = get(&given(&[("SSL_CERT_FILE", bundle.path())]), &url).expect_err("unknown").to_string();
    assert!(text.contains("SSL_CERT_FILE (") && !text.contains("AWS_CA_BUNDLE"), "{text}");
}

#[test]
fn a_certificate_that_cannot_be_read_does_not_spoil_the_others() {
    let ours = issuer();
    let url = format!("https://127.0.0.1:{}/", serve(&ours, "127.0.0.1"));
    let broken = ours.pem().replacen("MII", "AAA", 1);
    let garbage = "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n";
    for (name, parts) in [
        ("first", [&broken, &ours.pem(), ""]),
        ("last", [&ours.pem(), &issuer().pem(), &broken]),
        ("between", [&issuer().pem(), &broken, &ours.pem()]),
        ("garbage", [garbage, &ours.pem(), garbage]),
    ] {
        let bundle = File::new(&format!("spoiled-{name}"), &parts.join("\n"));
        assert_eq!(get(&provider(bundle.path(), ""), &url).expect(name), b"ok");
        // The user hears of it, once.
        let warnings = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let heard = warnings.clone();
        let settings =
            rolecall::Settings::from_environment(&environment(&[("AWS_CA_BUNDLE", bundle.path())]));
        let watched = Provider::builder(settings.expect("settings")).trace(move |trace| {
            if let rolecall::Trace::Warning { problem } = trace {
                heard.lock().expect("the lock is not poisoned").push(problem.to_owned());
            }
        });
        let watched = watched.build();
        for _ in 0..2 {
            assert_eq!(get(&watched, &url).expect(name), b"ok");
        }
        let warnings = warnings.lock().expect("the lock is not poisoned");
        let [warning] = &warnings[..] else { panic!("{name}: one warning: {warnings:?}") };
        assert!(warning.contains("AWS_CA_BUNDLE") && warning.contains("it is skipped"), "{warning}");
        // As OpenSSL, Go and rustls-native-certs have it, after AWS_CA_BUNDLE.
        assert_eq!(get(&given(&[("SSL_CERT_FILE", bundle.path())]), &url).expect(name), b"ok");
        let both = [("SSL_CERT_FILE", "/nonexistent/roots.pem"), ("AWS_CA_BUNDLE", bundle.path())];
        assert_eq!(get(&given(&both), &url).expect(name), b"ok");
    }
    let missing = get(&given(&[("SSL_CERT_FILE", "/nonexistent/roots.pem")]), &url).expect_err("no file");
    assert!(missing.to_string().starts_with("SSL_CERT_FILE: /nonexistent/roots.pem: "), "{missing}");
}

#[test]
fn an_unusable_bundle_is_a_configuration_error() {
    let url = format!("https://127.0.0.1:{}", serve(&issuer(), "127.0.0.1"));
    let pem = issuer().pem();
    let empty = File::new("empty", "");
    let cut = File::new("cut", &pem[..pem.len() / 2]);
    let broken = File::new("broken", &format!("{pem}\n{}", pem.replacen("MII", "AAA", 1)));
    let other = pem.replacen("MII", "AAA", 1);
    let other = File::new("other", &format!("{other}\n{other}"));
    let words = File::new("words", "-----BEGIN CERTIFICATE-----\nd29yZHM=\n-----END CERTIFICATE-----\n");
    let key = File::new("key", "-----BEGIN PRIVATE KEY-----\nd29yZHM=\n-----END PRIVATE KEY-----\n");
    let folder = std::env::temp_dir();
    for (path, problem) in [
        (
            other.path(),
            "no certificate that can be read; 2 skipped, the first is certificate 1: what it holds is not",
        ),
        (
            words.path(),
            "no certificate that can be read; 1 skipped, the first is certificate 1: what it holds is not",
        ),
        (key.path(), "no certificate in it: expected blocks of PEM"),
        ("/nonexistent/ca.pem", "no such file"),
        (empty.path(), "no certificate in it"),
        (cut.path(), "certificate 1"),
        (broken.path(), "certificate 2"),
        (folder.to_str().expect("a path"), "directory"),
    ] {
        let provider = provider(path, &url);
        for error in [get(&provider, &url).unwrap_err(), provider.caller_identity().unwrap_err()] {
            let text = error.to_string();
            assert!(text.starts_with(&format!("AWS_CA_BUNDLE: {path}: ")), "{text}");
            assert!(text.contains(problem) && !text.contains("peer"), "{text}");
            assert_eq!(error.fault(), Fault::Configuration, "{error:?}");
        }
        // Plain http does not need the bundle.
        assert_eq!(kind(get(&provider, "http://127.0.0.1:1/")), FailureKind::NotFound);
    }
}

#[test]
fn a_bundle_may_be_created_later() {
    let issuer = issuer();
    let url = format!("https://127.0.0.1:{}/", serve(&issuer, "127.0.0.1"));
    let bundle = File::new("late", "");
    let provider = provider(bundle.path(), "");
    assert!(matches!(get(&provider, &url), Err(Error::Configuration(_))));
    std::fs::write(bundle.path(), issuer.pem()).expect("a file");
    assert_eq!(get(&provider, &url).unwrap(), b"ok");
}

#[test]
fn a_server_without_tls_is_distinguished_from_an_untrusted_one() {
    let port = listen(|mut socket| {
        let _ = socket.read(&mut [0; 1024]);
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    assert_eq!(kind(get(&provider("", ""), &format!("https://127.0.0.1:{port}/"))), FailureKind::Protocol);
}

#[test]
fn https_goes_through_a_tunnel_of_the_proxy() {
    let issuer = issuer();
    let bundle = File::new("proxy", &issuer.pem());
    let (sender, requests) = channel();
    let config = config(&issuer, &["127.0.0.1", "service.invalid"]);
    let tunnel = move |socket: &mut dyn Duplex| {
        sender.send(head(socket)).expect("a listener");
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
    };
    let (ours, begin) = (config.clone(), tunnel.clone());
    let plain = listen(move |mut socket| {
        begin(&mut socket);
        answer(&ours, &mut socket);
    });
    let secure = listen(move |mut socket| {
        let mut session = ServerConnection::new(config.clone()).expect("a session");
        let mut stream = Stream::new(&mut session, &mut socket);
        tunnel(&mut stream);
        answer(&config, &mut stream);
    });
    for proxy in [format!("http://user:p%40ss@127.0.0.1:{plain}"), format!("https://127.0.0.1:{secure}")] {
        let variables = [("https_proxy", proxy.as_str()), ("AWS_CA_BUNDLE", bundle.path())];
        let provider = given(&variables);
        assert_eq!(get(&provider, "https://service.invalid/").expect("a reply"), b"ok", "{proxy}");
        let head = requests.recv().expect("a tunnel");
        assert!(head.starts_with("CONNECT service.invalid:443 HTTP/1.1\r\n"), "{head}");
        // The Base64 text is user:p@ss.
        assert_eq!(head.contains("Proxy-Authorization: Basic dXNlcjpwQHNz\r\n"), proxy.contains("user"));
    }
}

trait Duplex: Read + Write {}

impl<T: Read + Write> Duplex for T {}
