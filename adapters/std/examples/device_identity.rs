//! A device that has a certificate and nothing else: credentials from AWS IoT, and a signed PUT with them. The services are
//! on loopback, the certificates are made on the spot.
//!
//! ```sh
//! cargo run -p rolecall --example device_identity
//! ```

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::{env, fs, thread};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rolecall::{ClientCertificate, Credentials, Environment, IotRole, Provider, Request};
use rolecall_simulator::{Config, Simulator};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, Stream};

fn main() {
    let folder = env::temp_dir().join(format!("device-identity-{}", std::process::id()));
    let done = run(&folder, &mut |line| println!("{line}"));
    let _ = fs::remove_dir_all(folder);
    if let Err(error) = done {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

/// Says what it does line by line, so that a test can read along.
pub(crate) fn run(folder: &Path, say: &mut dyn FnMut(String)) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let file = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    fs::write(file("ca.pem"), authority.pem())?;
    say("made    an authority, for this run alone".to_owned());

    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["gateway-7".to_owned()])?.signed_by(&key, &authority)?;
    fs::write(file("device.pem"), certificate.pem())?;
    write_private(&file("device.key"), &key.serialize_pem())?;
    say("made    a certificate for the device gateway-7, and its key".to_owned());

    // The role of the alias is that of an instance of the simulator, whose bucket accepts its credentials.
    let mut config = Config::default();
    config.bucket_accounts.push(config.host_account.clone());
    let simulator = Simulator::start(config)?;
    let of_alias =
        Provider::from_environment(&simulator.environment().into_iter().collect())?.credentials()?;
    let endpoint = serve(&authority, of_alias)?;
    say(format!("started the credential provider of AWS IoT at {endpoint}"));

    // From here on, it is the device's program.
    let device = Provider::from_environment(&Environment::from_iter([("AWS_REGION", simulator.region())]))?;
    let files = ClientCertificate::files(file("device.pem"), file("device.key")).ca_file(file("ca.pem"));
    let role = IotRole::new(endpoint, "gateways", files);
    match device.session(role.clone().thing_name("gateway-8")).credentials() {
        Ok(_) => return Err("a thing of another name was accepted".into()),
        Err(error) => say(format!("refused {error}")),
    }
    let device = device.session(role.thing_name("gateway-7"));
    let credentials = device.credentials()?;
    let end = credentials.expiration().map(|end| end.rfc3339().to_string()).unwrap_or_default();
    say(format!("got     credentials {}, until {end}", credentials.access_key_id()));

    let url = format!("{}/{}/gateway-7/temperature", simulator.s3_url(), simulator.bucket());
    for (method, body) in [("PUT", "21.5"), ("GET", "")] {
        let reply = device.send(&Request::new(method, &url)?.service("s3").body(body))?;
        let body = String::from_utf8_lossy(&reply.body);
        say(format!("sent    {method} {url}: {} {body}", reply.status).trim_end().to_owned());
    }
    Ok(())
}

/// Writes a file that this user alone can read.
fn write_private(path: &str, content: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(content.as_bytes())
}

/// Answers as the credential provider of AWS IoT does, over TLS with a certificate of the client. Returns `HOST:PORT`.
fn serve(
    authority: &CertifiedIssuer<'_, KeyPair>,
    credentials: Arc<Credentials>,
) -> Result<String, Box<dyn Error>> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, authority)?;
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build()?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )?;
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let endpoint = format!("localhost:{}", listener.local_addr()?.port());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A device that is not known breaks off.
            let _ = answer(stream, &config, &credentials);
        }
    });
    Ok(endpoint)
}

fn answer(
    mut stream: TcpStream,
    config: &Arc<ServerConfig>,
    credentials: &Credentials,
) -> Result<(), Box<dyn Error>> {
    let mut session = ServerConnection::new(config.clone())?;
    let mut secure = Stream::new(&mut session, &mut stream);
    let lines = BufReader::new(&mut secure).lines();
    let head: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let known = head.iter().any(|line| line.eq_ignore_ascii_case("x-amzn-iot-thingname: gateway-7"));
    let (status, body) = if known {
        let [key, secret, token, end] = [
            credentials.access_key_id().to_owned(),
            credentials.expose_secret_access_key().to_owned(),
            credentials.expose_session_token().unwrap_or_default().to_owned(),
            credentials.expiration().map(|end| end.rfc3339().to_string()).unwrap_or_default(),
        ];
        let members = format!(
            r#""accessKeyId":"{key}","secretAccessKey":"{secret}","sessionToken":"{token}","expiration":"{end}""#
        );
        ("200 OK", format!(r#"{{"credentials":{{{members}}}}}"#))
    } else {
        ("403 Forbidden", r#"{"message":"Invalid thing name passed"}"#.to_owned())
    };
    write!(
        secure,
        "HTTP/1.1 {status}\r\nx-amzn-ErrorType: AccessDeniedException\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    session.send_close_notify();
    session.complete_io(&mut stream)?;
    Ok(())
}
