//! Connects to AWS IoT by MQTT over WebSocket, with the credentials of a provider: a signed URL, the upgrade, and a CONNECT.
//! A client library of MQTT takes the same URL; this shows what is on the wire.
//!
//! ```sh
//! cargo run -p rolecall --example mqtt_websocket -- HOST CLIENT_ID
//! ```

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rolecall::{Environment, Provider};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, client] = arguments.as_slice() else {
        eprintln!("usage: mqtt_websocket HOST CLIENT_ID");
        std::process::exit(2);
    };
    let connected =
        Provider::from_environment(&Environment::process()).map_err(Into::into).and_then(|provider| {
            let stream = secure(host)?;
            run(&provider, host, client, stream)
        });
    match connected {
        Ok(()) => println!("connected to {host} as {client}"),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}

/// A TLS connection to port 443 of `host`.
fn secure(host: &str) -> Result<impl Read + Write, Box<dyn Error>> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned())?;
    let session = ClientConnection::new(Arc::new(config), name)?;
    Ok(StreamOwned::new(session, TcpStream::connect((host, 443))?))
}

/// Takes the stream as an argument, so that a test can be at its other end.
pub(crate) fn run(
    provider: &Provider,
    host: &str,
    client: &str,
    stream: impl Read + Write,
) -> Result<(), Box<dyn Error>> {
    // The URL is a secret, and good for one minute: it is made for each connection.
    let url = provider.mqtt_url(host, 60, None)?;
    let (_, target) = url.url().split_at(url.url().find("/mqtt").ok_or("a URL without a path")?);
    let mut stream = BufReader::new(stream);
    write!(
        stream.get_mut(),
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cm9sZWNhbGwgZXhhbXBsZQ==\r\n\
         Sec-WebSocket-Protocol: mqtt\r\n\r\n"
    )?;
    stream.get_mut().flush()?;
    let mut status = String::new();
    stream.read_line(&mut status)?;
    let mut line = status.clone();
    while line.trim_end() != "" {
        line.clear();
        stream.read_line(&mut line)?;
    }
    if !status.starts_with("HTTP/1.1 101 ") {
        return Err(format!("no upgrade: {}", status.trim_end()).into());
    }
    stream.get_mut().write_all(&frame(&connect(client)))?;
    stream.get_mut().flush()?;
    // A frame of four bytes: CONNACK, whose last byte is 0 if the server accepts.
    let mut answer = [0; 6];
    stream.read_exact(&mut answer)?;
    match answer {
        [0x82, 4, 0x20, 2, _, 0] => Ok(()),
        [0x82, 4, 0x20, 2, _, code] => Err(format!("the server refuses the client: code {code}").into()),
        other => Err(format!("not a CONNACK: {other:02x?}").into()),
    }
}

/// CONNECT of MQTT 3.1.1: a clean session, kept alive for a minute.
fn connect(client: &str) -> Vec<u8> {
    let length = u8::try_from(client.len()).unwrap_or(23).min(115);
    let mut packet = vec![0x10, 12 + length, 0, 4];
    packet.extend_from_slice(b"MQTT\x04\x02\x00\x3c\x00");
    packet.push(length);
    packet.extend_from_slice(&client.as_bytes()[..usize::from(length)]);
    packet
}

/// A binary frame of WebSocket, masked with zeroes: TLS hides what it has.
fn frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x82, 0x80, 0, 0, 0, 0];
    match u8::try_from(payload.len()) {
        Ok(length @ ..126) => frame[1] |= length,
        _ => {
            frame[1] |= 126;
            frame.splice(2..2, u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}
