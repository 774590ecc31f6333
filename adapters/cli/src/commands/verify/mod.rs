//! `rolecall verify`: whether the signature of a request is right, and what it covers.

mod received;
mod reply;

use std::ffi::OsStr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use rolecall::core::credentials::Secret;
use rolecall::core::sigv4::verify::{Claim, Covered, Received, Verified, Verifier, VerifyError};
use rolecall::core::sigv4::{Rules, Scope, SigningKey, sha256_hex};
use rolecall::core::wire::Put;
use rolecall::{Credentials, UnixTime, UnixTimeExt};
use zeroize::Zeroizing;

use self::received::{Captured, Named, named};
use self::reply::{Theirs, difference};
use crate::arguments::{Common, VerifyOptions};
use crate::failure::Failure;
use crate::input;
use crate::output::{facts, note, print, shown};
use crate::provider::provider;
use crate::sink::Sink;

/// Room for a chunk of a body in chunks.
const CHUNK: usize = 16 * 1024 * 1024;

pub(super) fn run(options: &VerifyOptions, common: &Common) -> Result<ExitCode, Failure> {
    if options.secret_from.is_some() && common.names_identity() {
        let problem = "--secret-from is in place of credentials; leave out the options that lead to some";
        return Err(Failure::Usage(format!("verify: {problem}")));
    }
    let theirs = options.service_reply.as_deref().map(reply).transpose()?;
    let captured = Captured::new(input::standard()?)?;
    let head = captured.head()?;
    let body = captured.body(&head)?;
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
    let whose = Whose::of(options, common, &named)?;
    let key = SigningKey::derive(&Secret::new(whose.secret()), claim.time(), region, service);
    // A clock before 1970 is refused as too far from any request.
    let now = options.date.or_else(|| UnixTime::from_system_time(SystemTime::now()));
    let now = now.unwrap_or(UnixTime::from_secs(0));
    let hash = sha256_hex(&body);
    let hash = claim.needs_body_hash().then_some(&hash);
    // Why a body is another one, if it is not all here.
    let with_body = |error| Failure::Refused(format!("verify: {error}{}", captured.difference(&head, &body)));
    match claim.verify(&key, now, hash) {
        Ok(verified) => {
            let checked = check(&verified, &key, &body);
            let token = whose.token(&claim, verified.covers_token());
            report(options.json, &verified, &claim.time(), &scope, &checked, token)?;
            checked.map_err(with_body)?;
            match token {
                Token::Other => Err(Failure::Refused(
                    "verify: the session token is not that of the credentials, which services refuse"
                        .to_owned(),
                )),
                _ => Ok(ExitCode::SUCCESS),
            }
        }
        Err(VerifyError::Signature) => {
            let canonical = text(|out| _ = claim.put_canonical_request(hash, out));
            let string_to_sign = text(|out| claim.put_string_to_sign(&sha256_hex(canonical.as_bytes()), out));
            match theirs {
                Some(theirs) => compare(theirs, &canonical, &string_to_sign)?,
                None => _ = print(format!("{canonical}\n\n{string_to_sign}\n"))?,
            }
            Err(if hash.is_some() {
                with_body(VerifyError::Signature)
            } else {
                refused(VerifyError::Signature)
            })
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

/// Whose secret a request is checked with.
enum Whose {
    Named(Zeroizing<String>),
    Credentials(Arc<Credentials>),
}

/// What is known of the session token of a request.
#[derive(Clone, Copy)]
enum Token {
    None,
    Covered,
    NotCovered,
    /// That of other credentials, or none where these have one.
    Other,
}

impl Whose {
    /// The secret that is named, or that of the credentials if the request names their access key id.
    fn of(options: &VerifyOptions, common: &Common, named: &Named) -> Result<Self, Failure> {
        if let Some(given) = &options.secret_from {
            return Ok(Self::Named(input::secret("--secret-from", given)?));
        }
        let credentials = provider(common)?.credentials()?;
        if credentials.access_key_id() == named.access_key_id {
            return Ok(Self::Credentials(credentials));
        }
        Err(Failure::Usage(format!(
            "verify: the request is signed with {}, and the credentials here are those of {}: name the variable or the \
             file that has its secret, with --secret-from NAME or --secret-from @FILE",
            shown(&named.access_key_id),
            shown(credentials.access_key_id()),
        )))
    }

    fn secret(&self) -> &str {
        match self {
            Self::Named(secret) => secret,
            Self::Credentials(credentials) => credentials.expose_secret_access_key(),
        }
    }

    /// What is known of the token of `claim`, whose signature is right.
    fn token<'r, L>(&self, claim: &Claim<'r, L>, is_covered: bool) -> Token
    where
        L: Iterator<Item = (&'r str, &'r [u8])> + Clone,
    {
        let mut sent = Sink::default();
        claim.put_token(&mut sent);
        let expected = match self {
            // It is not known which one belongs to the secret.
            Self::Named(_) => None,
            Self::Credentials(credentials) => Some(credentials.expose_session_token().unwrap_or_default()),
        };
        match expected {
            Some(expected) if expected.as_bytes() != sent.0.as_slice() => Token::Other,
            _ if !claim.has_token() => Token::None,
            _ if is_covered => Token::Covered,
            _ => Token::NotCovered,
        }
    }
}

/// Compares the body with what is covered of it, and returns what that is.
fn check(verified: &Verified<'_>, key: &SigningKey<'_>, body: &[u8]) -> Result<&'static str, VerifyError> {
    let covered = verified.payload();
    match covered {
        Covered::Unsigned => Ok("not covered: any holder of the request can replace it"),
        Covered::Hashed(_) => {
            let mut check = covered.check();
            check.put(body);
            check.finish().map(|()| "covered by its SHA-256, and right")
        }
        Covered::Chunks { .. } | Covered::UnsignedChunks { .. } => {
            let mut buffer = vec![0; CHUNK.min(body.len())];
            let mut decoder = verified.chunks(key, &mut buffer)?;
            let mut rest = body;
            while !rest.is_empty() {
                let used = decoder.advance(rest)?.used;
                rest = rest.get(used..).unwrap_or_default();
            }
            decoder.finish()?;
            match covered {
                Covered::Chunks { .. } => Ok("covered chunk by chunk, and right"),
                _ => Ok(
                    "not covered but for its length: any holder of the request can replace it; its checksum is right",
                ),
            }
        }
    }
}

/// What is covered, a line for each.
fn report(
    json: bool,
    verified: &Verified<'_>,
    time: &UnixTime,
    scope: &Scope<'_>,
    body: &Result<&'static str, VerifyError>,
    token: Token,
) -> Result<ExitCode, Failure> {
    let token = match token {
        Token::None => "none",
        Token::Covered => "covered",
        Token::NotCovered => "not covered",
        Token::Other => "another than that of the credentials",
    };
    let body = body.as_ref().map_or("another than the signed one", |body| body);
    facts(
        json,
        &[
            ("access key id", "accessKeyId", verified.access_key_id()),
            ("signed at", "signedAt", time.rfc3339().as_str()),
            ("for", "scope", &format!("{} in {}", scope.service, scope.region)),
            ("headers covered", "headersCovered", verified.signed_headers()),
            ("session token", "sessionToken", token),
            ("body", "body", body),
        ],
    )
}

/// The texts in the error of a service, and the file that has it.
fn reply(path: &OsStr) -> Result<(String, Theirs), Failure> {
    Ok((path.display().to_string(), Theirs::read(input::text_of("--service-reply", path)?.as_bytes())))
}

/// Says where the texts of a service differ from ours.
fn compare((path, theirs): (String, Theirs), canonical: &str, string_to_sign: &str) -> Result<(), Failure> {
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
            path
        ));
    } else {
        note("the service signs the same text as this: the secret is another one");
    }
    Ok(())
}

fn text(put: impl Fn(&mut dyn Put)) -> String {
    let mut out = Sink::default();
    put(&mut out);
    String::from_utf8_lossy(&out.0).into_owned()
}
