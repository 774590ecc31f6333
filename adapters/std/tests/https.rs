//! Which servers are trusted, and what is said of the others.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

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

/// Serves `ok` on 127.0.0.1, with a certificate for `name` from `issuer`; its port.
fn serve(issuer: &Issuer, name: &str) -> u16 {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new([name.to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, issuer).expect("a certificate");
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()));
    let config = Arc::new(config.expect("a configuration"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let mut session = ServerConnection::new(config.clone()).expect("a session");
            let mut stream = Stream::new(&mut session, &mut socket);
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|len| len == 1) {
                head.push(byte[0]);
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    port
}

/// A file of its own for each test, gone at the end.
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

fn provider(bundle: &str, sts: &str) -> Provider {
    let variables = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_CA_BUNDLE", bundle),
        ("AWS_ENDPOINT_URL_STS", sts),
    ];
    Provider::from_environment(&variables.into_iter().collect::<Environment>()).expect("a provider")
}

fn get(provider: &Provider, url: &str) -> Result<Vec<u8>, Error> {
    let request = Request::new("GET", url)?.service("execute-api");
    provider.send(&request).map(|reply| reply.body)
}

fn kind(result: Result<Vec<u8>, Error>) -> FailureKind {
    match result {
        Err(Error::Send(Failure { kind, .. })) => kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_bundle_is_trusted_and_nothing_else() {
    let (ours, theirs) = (issuer(), issuer());
    let bundle = File::new("bundle", &format!("A comment.\n{}\n{}", issuer().pem(), ours.pem()));
    let trusting = provider(bundle.path(), "");
    let port = serve(&ours, "127.0.0.1");
    let url = format!("https://127.0.0.1:{port}/");
    assert_eq!(get(&trusting, &url).unwrap(), b"ok");
    assert_eq!(kind(get(&trusting, &format!("https://localhost:{port}/"))), FailureKind::Untrusted);
    let stranger = format!("https://127.0.0.1:{}/", serve(&theirs, "127.0.0.1"));
    assert_eq!(kind(get(&trusting, &stranger)), FailureKind::Untrusted);
    // The built-in roots know neither.
    assert_eq!(kind(get(&provider("", ""), &url)), FailureKind::Untrusted);
}

#[test]
fn a_bundle_that_cannot_be_used_is_a_setting_to_correct() {
    let url = format!("https://127.0.0.1:{}", serve(&issuer(), "127.0.0.1"));
    let pem = issuer().pem();
    let empty = File::new("empty", "");
    let cut = File::new("cut", &pem[..pem.len() / 2]);
    let broken = File::new("broken", &format!("{pem}\n{}", pem.replacen("MII", "AAA", 1)));
    let folder = std::env::temp_dir();
    for (path, problem) in [
        ("/nonexistent/ca.pem", "No such file"),
        (empty.path(), "no certificate in it"),
        (cut.path(), "certificate 1"),
        (broken.path(), "certificate 2"),
        (folder.to_str().expect("a path"), "directory"),
    ] {
        let provider = provider(path, &url);
        for error in [get(&provider, &url).unwrap_err(), provider.caller_identity().unwrap_err()] {
            let text = error.to_string();
            assert!(text.starts_with(&format!("AWS_CA_BUNDLE: {path}: ")), "{text}");
            assert!(text.contains(problem), "{text}");
            assert_eq!(error.fault(), Fault::Configuration, "{error:?}");
        }
        // Plain http has no need of it.
        assert_eq!(kind(get(&provider, "http://127.0.0.1:1/")), FailureKind::NotFound);
    }
}

#[test]
fn a_bundle_may_come_late() {
    let issuer = issuer();
    let url = format!("https://127.0.0.1:{}/", serve(&issuer, "127.0.0.1"));
    let bundle = File::new("late", "");
    let provider = provider(bundle.path(), "");
    assert!(matches!(get(&provider, &url), Err(Error::Configuration(_))));
    std::fs::write(bundle.path(), issuer.pem()).expect("a file");
    assert_eq!(get(&provider, &url).unwrap(), b"ok");
}

#[test]
fn a_server_without_tls_is_told_from_an_untrusted_one() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let url = format!("https://127.0.0.1:{}/", listener.local_addr().expect("an address").port());
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let _ = socket.read(&mut [0; 1024]);
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    assert_eq!(kind(get(&provider("", ""), &url)), FailureKind::Protocol);
}
