//! Requests as they are sent, and the core's check of them.

use std::fmt;

use benches::operation::{KEY_ID, REGION, SECRET};
use rolecall_core::credentials::{Credentials, Secret};
use rolecall_core::sigv4::chunked::ChunkSigner;
use rolecall_core::sigv4::verify::{Covered, Received, Verified, Verifier, VerifyError};
use rolecall_core::sigv4::{Payload, Request, Rules, Scope, Signer, SigningKey};
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::{Cursor, Put};

/// 2099-01-01T00:00:00Z, which no presigned URL outlives.
const TIME: u64 = 4_070_908_800;
/// More than any chunk here has.
const LONGEST: usize = 16_384;

pub(super) fn time() -> UnixTime {
    UnixTime::from_secs(TIME)
}

/// A request as it is sent.
#[derive(Clone, Default)]
pub(super) struct Sent {
    pub(super) method: &'static str,
    pub(super) target: String,
    pub(super) lines: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

/// As it is sent.
impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.method, self.target)?;
        for (name, value) in &self.lines {
            writeln!(f, "{name}: {}", value.escape_ascii())?;
        }
        write!(f, "\n{}", self.body.escape_ascii())
    }
}

impl Sent {
    /// Signs, for the `lifetime` of a URL or else in a header, adds what carries the signature, and returns the signer of
    /// chunks.
    pub(super) fn sign(
        &mut self,
        token: Option<&str>,
        payload: Payload<'_>,
        lifetime: Option<u32>,
    ) -> ChunkSigner {
        let credentials = Credentials::new(KEY_ID, SECRET, token).expect("credentials");
        let key = SigningKey::derive(credentials.secret_access_key(), time(), REGION, "s3");
        let signer = Signer::new(&credentials, &key, Rules::S3, time()).expect("a signer");
        let own = self.clone();
        let mut request = Request::new(own.method, &own.target, payload).expect("a request");
        for (name, value) in &own.lines {
            request.header(name, value).expect("a header");
        }
        let signature = if let Some(lifetime) = lifetime {
            let signed = signer.presign(&request, lifetime).expect("a signature");
            self.target = written(|out| signed.put_target(out));
            signed.signature()
        } else {
            let signed = signer.sign(&request).expect("a signature");
            for line in written(|out| signed.put_header_lines(out)).lines() {
                let (name, value) = line.split_once(": ").expect("a header line");
                self.lines.push((name.to_owned(), value.into()));
            }
            signed.signature()
        };
        ChunkSigner::new(&signer, &signature).expect("a short scope")
    }

    /// Verifies with the core, and returns the data of the body.
    pub(super) fn verify(&self) -> Result<Vec<u8>, VerifyError> {
        let lines = self.lines.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        let scope = Scope { region: REGION, service: "s3", rules: Rules::S3 };
        let verifier = Verifier::new(scope).with_unsigned_payload(true);
        let claim = verifier.claim(Received::new(self.method, &self.target, lines))?;
        if claim.access_key_id() != KEY_ID {
            return Err(VerifyError::Key);
        }
        let key = SigningKey::derive(&Secret::new(SECRET), claim.time(), REGION, "s3");
        let verified = claim.verify(&key, time(), None)?;
        match verified.payload() {
            Covered::Chunks { .. } | Covered::UnsignedChunks { .. } => self.decode(&verified, &key),
            covered => {
                let mut check = covered.check();
                check.put(&self.body);
                check.finish().map(|()| self.body.clone())
            }
        }
    }

    fn decode(&self, verified: &Verified<'_>, key: &SigningKey<'_>) -> Result<Vec<u8>, VerifyError> {
        let mut buffer = vec![0; LONGEST];
        let mut decoder = verified.chunks(key, &mut buffer)?;
        let (mut data, mut rest) = (Vec::new(), self.body.as_slice());
        while !rest.is_empty() {
            let released = decoder.advance(rest)?;
            data.extend_from_slice(released.data);
            rest = &rest[released.used..];
        }
        decoder.finish().map(|()| data)
    }
}

/// What `put` writes.
fn written(put: impl FnOnce(&mut Cursor<'_>)) -> String {
    let mut buffer = [0; 8192];
    let mut out = Cursor::new(&mut buffer);
    put(&mut out);
    String::from_utf8(out.finish().expect("room").to_vec()).expect("text")
}
