//! `rolecall verify`: whether the signature of a request is right, and what it covers.

mod received;
mod reply;

use std::ffi::OsStr;
use std::fmt::Write;
use std::process::ExitCode;
use std::time::SystemTime;

use rolecall::core::credentials::Secret;
use rolecall::core::sigv4::verify::{Claim, Covered, Received, Verified, Verifier, VerifyError};
use rolecall::core::sigv4::{Rules, Scope, SigningKey, sha256_hex};
use rolecall::core::wire::Put;
use rolecall::{UnixTime, UnixTimeExt};
use zeroize::Zeroizing;

use self::received::{Captured, Named, named};
use self::reply::{Theirs, difference};
use crate::arguments::{Common, VerifyOptions};
use crate::failure::Failure;
use crate::input;
use crate::output::{note, print, shown};
use crate::provider::provider;

/// Room for a chunk of a body in chunks.
const CHUNK: usize = 16 * 1024 * 1024;

pub(super) fn run(options: &VerifyOptions, common: &Common) -> Result<ExitCode, Failure> {
    let captured = Captured::new(input::standard()?);
    let head = captured.head()?;
    let Some(named) = named(&head) else {
        let problem = "no access key id and scope in Authorization, nor in X-Amz-Credential";
        return Err(Failure::Refused(format!("verify: {problem}: the request is not signed with SigV4")));
    };
    let service = options.service.as_deref().unwrap_or(&named.service);
    let region = common.region.as_deref().unwrap_or(&named.region);
    let scope = Scope { region, service, rules: Rules::of(service) };
    // What is not covered is said, not refused.
    let verifier = Verifier::new(scope).with_unsigned_payload(true).with_token_after_signing(true);
    let refused = |error: VerifyError| Failure::Refused(format!("verify: {error}"));
    let received = Received::new(head.method, head.target, head.headers.iter());
    let claim = verifier.claim(received).map_err(refused)?;
    if claim.needs_body_hash() && !captured.is_whole(&head) {
        let problem =
            "the body is not as long as content-length says, and has to be hashed; capture all of it";
        return Err(Failure::Refused(format!("verify: {problem}")));
    }
    let secret = secret(options, common, &named)?;
    let key = SigningKey::derive(&Secret::new(&secret), claim.time(), region, service);
    // A clock before 1970 is refused as too far from any request.
    let now = options.date.or_else(|| UnixTime::from_system_time(SystemTime::now()));
    let now = now.unwrap_or(UnixTime::from_secs(0));
    let hash = sha256_hex(&captured.body);
    let hash = claim.needs_body_hash().then_some(&hash);
    match claim.verify(&key, now, hash) {
        Ok(verified) => {
            let body = body(&verified, &key, &captured, captured.is_whole(&head));
            print(report(&claim, &verified, &scope, &body))?;
            match body {
                Ok(_) => Ok(ExitCode::SUCCESS),
                Err(error) => Err(refused(error)),
            }
        }
        Err(VerifyError::Signature) => {
            let canonical = text(|out| _ = claim.put_canonical_request(hash, out));
            let string_to_sign = text(|out| claim.put_string_to_sign(&sha256_hex(canonical.as_bytes()), out));
            match &options.service_reply {
                Some(path) => compare(path, &canonical, &string_to_sign)?,
                None => _ = print(format!("{canonical}\n\n{string_to_sign}\n"))?,
            }
            Err(refused(VerifyError::Signature))
        }
        Err(error @ (VerifyError::Date | VerifyError::Expired)) => {
            let (then, now) = (claim.time().rfc3339(), now.rfc3339());
            Err(Failure::Refused(format!(
                "verify: {error}: it was signed at {then}, and is checked at {now}; --date checks it at another time"
            )))
        }
        Err(error) => Err(refused(error)),
    }
}

/// The secret of the access key id that the request names: the one that is named, or that of the credentials.
fn secret(options: &VerifyOptions, common: &Common, named: &Named) -> Result<Zeroizing<String>, Failure> {
    if let Some(given) = &options.secret_from {
        return input::secret("--secret-from", given);
    }
    let credentials = provider(common)?.credentials()?;
    if credentials.access_key_id() == named.access_key_id {
        return Ok(Zeroizing::new(credentials.expose_secret_access_key().to_owned()));
    }
    Err(Failure::Usage(format!(
        "verify: the request is signed with {}, and the credentials here are those of {}: name the variable or the file \
         that has its secret, with --secret-from NAME or --secret-from @FILE",
        shown(&named.access_key_id),
        shown(credentials.access_key_id()),
    )))
}

/// Compares the body with what is covered of it, and returns what that is.
fn body(
    verified: &Verified<'_>,
    key: &SigningKey<'_>,
    captured: &Captured,
    is_whole: bool,
) -> Result<&'static str, VerifyError> {
    let covered = verified.payload();
    match covered {
        Covered::Unsigned => Ok("not covered: any holder of the request can replace it"),
        _ if !is_whole => Ok("covered, and not compared: it is not as long here as content-length says"),
        Covered::Hashed(_) => {
            let mut check = covered.check();
            check.put(&captured.body);
            check.finish().map(|()| "covered by its SHA-256, and right")
        }
        Covered::Chunks { .. } | Covered::UnsignedChunks { .. } => {
            let mut buffer = vec![0; CHUNK.min(captured.body.len())];
            let mut decoder = verified.chunks(key, &mut buffer)?;
            let mut rest = &captured.body[..];
            while !rest.is_empty() {
                let used = decoder.advance(rest)?.used;
                rest = rest.get(used..).unwrap_or_default();
            }
            decoder.finish()?;
            match covered {
                Covered::Chunks { .. } => Ok("covered chunk by chunk, and right"),
                _ => Ok("not covered but for its length; its checksum is right"),
            }
        }
    }
}

/// What is covered, a line for each.
fn report<'r, L>(
    claim: &Claim<'r, L>,
    verified: &Verified<'_>,
    scope: &Scope<'_>,
    body: &Result<&'static str, VerifyError>,
) -> String
where
    L: Iterator<Item = (&'r str, &'r [u8])> + Clone,
{
    let token = match (claim.has_token(), verified.covers_token()) {
        (false, _) => "none",
        (true, true) => "covered",
        (true, false) => "not covered",
    };
    let body = body.as_ref().map_or("another than the signed one", |body| body);
    let mut out = String::new();
    for (name, value) in [
        ("access key id", verified.access_key_id()),
        ("signed at", claim.time().rfc3339().as_str()),
        ("for", &format!("{} in {}", scope.service, scope.region)),
        ("headers covered", verified.signed_headers()),
        ("session token", token),
        ("body", body),
    ] {
        // Writing to a string does not fail.
        let _ = writeln!(out, "{name}: {value}");
    }
    out
}

/// Says where the texts of a service differ from ours.
fn compare(path: &OsStr, canonical: &str, string_to_sign: &str) -> Result<(), Failure> {
    let theirs = Theirs::read(input::text_of("--service-reply", path)?.as_bytes());
    let mut any = false;
    for (what, ours, theirs) in [
        ("canonical request", canonical, theirs.canonical),
        ("string to sign", string_to_sign, theirs.string_to_sign),
    ] {
        let Some(theirs) = theirs else { continue };
        any = true;
        match difference(ours, &theirs) {
            Some((line, ours, theirs)) => {
                print(format!(
                    "{what}: line {line} differs\n  here:        {ours}\n  the service: {theirs}\n"
                ))?;
                return Ok(());
            }
            None => _ = print(format!("{what}: the same\n"))?,
        }
    }
    if !any {
        note(format_args!(
            "--service-reply {}: neither CanonicalRequest and StringToSign, as in an error of S3, nor a message with the \
             Canonical String; not every service sends them",
            path.display()
        ));
    } else {
        note("the service signs the same text as this: the secret is another one");
    }
    Ok(())
}

fn text(put: impl Fn(&mut dyn Put)) -> String {
    struct Text(Vec<u8>);
    impl Put for Text {
        fn put(&mut self, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }
    }
    let mut out = Text(Vec::new());
    put(&mut out);
    String::from_utf8_lossy(&out.0).into_owned()
}
