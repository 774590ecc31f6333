//! Signs one request, without any source of credentials: feature `sigv4` alone, into a buffer of the caller's.
//!
//! ```sh
//! cargo run -p rolecall-core --no-default-features --features sigv4 --example sign_only
//! ```

use rolecall_core::credentials::Credentials;
use rolecall_core::sigv4::{Payload, Request, Rules, Signer, SigningKey};
use rolecall_core::wire::http1::HeadWriter;
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::{Cursor, Put};

const FORM: &[u8] = b"application/x-www-form-urlencoded";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut buffer = [0; 1_024];
    print!("{}", run(&mut buffer)?);
    Ok(())
}

/// Writes a complete request into `buffer`, and returns the part that was written.
pub(crate) fn run(buffer: &mut [u8]) -> Result<&str, Box<dyn std::error::Error>> {
    let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None)?;
    // The time of day, within five minutes of the service's.
    let time = UnixTime::from_compact(b"20261129T120000Z")?;
    // A signing key is good for one day, region and service; keep it for the next request.
    let key = SigningKey::derive(credentials.secret_access_key(), time, "eu-west-1", "sts");

    let (target, host, body) =
        ("/", "sts.eu-west-1.amazonaws.com", "Action=GetCallerIdentity&Version=2011-06-15");
    let mut request = Request::new("POST", target, Payload::Bytes(body.as_bytes()))?;
    request.header("Host", host.as_bytes())?;
    request.header("Content-Type", FORM)?;

    let signer = Signer::new(&credentials, &key, Rules::STANDARD, time)?;
    let signed = signer.sign(&request)?;

    let mut out = Cursor::new(buffer);
    let mut head = HeadWriter::new(&mut out, "POST", &[target]);
    head.header("Host", host.as_bytes());
    head.header("Content-Type", FORM);
    head.header("Content-Length", body.len().to_string().as_bytes());
    head.suspend()?;
    // `x-amz-date`, with a session token `x-amz-security-token`, and `Authorization`.
    signed.put_header_lines(&mut out);
    out.put(b"\r\n");
    out.put(body.as_bytes());
    Ok(core::str::from_utf8(out.finish()?)?)
}
