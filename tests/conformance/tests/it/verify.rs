//! The third-party SigV4 signing cases from the other side: each signed request is accepted, and with any other byte it
//! is refused, or it means the same.

use rolecall_core::credentials::Secret;
use rolecall_core::sigv4::verify::{Claim, Received, Verifier, VerifyError};
use rolecall_core::sigv4::{Rules, Scope, SigningKey, sha256_hex};
use rolecall_core::wire::time::UnixTime;

use conformance::text;

/// A signed request as it arrives, and what it was signed for.
#[derive(Clone)]
pub(crate) struct Arrived<'c> {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) secret: &'c str,
    pub(crate) scope: (&'c str, &'c str, Rules),
    pub(crate) token_after_signing: bool,
}

/// Who signed a request, and its canonical form.
#[derive(Debug, PartialEq)]
struct Meaning {
    id: String,
    canonical: String,
}

impl Arrived<'_> {
    fn verify(&self, now: UnixTime) -> Result<Meaning, VerifyError> {
        let (region, service, rules) = self.scope;
        let verifier = Verifier::new(Scope { region, service, rules })
            .with_unsigned_payload(true)
            .with_token_after_signing(self.token_after_signing);
        let lines = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let claim: Claim<'_, _> = verifier.claim(Received::new(&self.method, &self.target, lines))?;
        let hash = sha256_hex(self.body.as_bytes());
        let body = claim.needs_body_hash().then_some(&hash);
        let key = SigningKey::derive(&Secret::new(self.secret), claim.time(), region, service);
        let verified = claim.verify(&key, now, body)?;
        let mut check = verified.payload().check();
        rolecall_core::wire::Put::put(&mut check, self.body.as_bytes());
        check.finish()?;
        let mut canonical = text(|out| claim.put_canonical_request(body, out).expect("a canonical request"));
        if !verified.covers_token()
            && let Some((front, rest)) = canonical.split_once("X-Amz-Security-Token=")
        {
            canonical = format!("{front}{}", rest.trim_start_matches(|char| char != '&'));
        }
        Ok(Meaning { id: verified.access_key_id().to_owned(), canonical })
    }

    /// Every text of it.
    fn texts(&mut self) -> Vec<&mut String> {
        let headers = self.headers.iter_mut().flat_map(|(name, value)| [name, value]);
        [&mut self.method, &mut self.target, &mut self.body].into_iter().chain(headers).collect()
    }
}

/// Verifies at the time of the signature, then with one byte changed, for each byte. Returns how many were changed.
pub(crate) fn check(mut arrived: Arrived<'_>, now: UnixTime, name: &str) -> usize {
    let expected = arrived.verify(now).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut changed = 0;
    for text in 0..arrived.texts().len() {
        for at in 0..arrived.texts()[text].len() {
            let mut other = arrived.clone();
            let mut bytes = std::mem::take(other.texts()[text]).into_bytes();
            if !bytes[at].is_ascii() {
                continue;
            }
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            *other.texts()[text] = String::from_utf8(bytes).expect("still text");
            changed += 1;
            if let Ok(meaning) = other.verify(now) {
                // With another access key id, the caller looks up another secret.
                let same = meaning == expected || meaning.id != expected.id;
                assert!(same, "{name}: {text} {at}: {meaning:?} is not {expected:?}");
            }
        }
    }
    changed
}
