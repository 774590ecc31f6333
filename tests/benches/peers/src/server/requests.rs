//! Random requests, and each with one byte changed in each of its parts.

use rolecall_core::sigv4::verify::VerifyError;
use rolecall_core::wire::percent;
use url::form_urlencoded;

use super::generator::Draw;
use super::random::{self, Drawn};
use super::sent::Sent;
use super::service::Server;

const COUNT: usize = 2_000;
const SEED: u64 = 20_991_231;
const DIGITS: &[u8] = b"0123456789abcdef";
/// What a byte is changed to. A `#` is left out, at which the crate `http` ends a target.
const VISIBLE: &[u8] =
    b"!\"$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";

/// A part of a request in which a byte is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Signature,
    Header,
    Path,
    Query,
    Body,
}

/// What both are to do with a changed request.
enum Expected {
    Refused,
    /// The byte is not covered, or the signed form is the same.
    Taken,
    /// The core refuses it; `s3s` may see no change.
    RefusedByCore,
}

/// Lets both verify every request, and refuse what was changed.
pub(super) fn compare() {
    let (server, mut draw) = (Server::new(), Draw::new(SEED));
    // Refused because of the signature, and not because of what was changed.
    let mut mismatches = 0;
    for number in 0..COUNT {
        let drawn = random::request(&mut draw);
        let sent = &drawn.sent;
        let (ours, theirs) = (sent.verify(), server.take(sent));
        assert_eq!(ours.as_ref(), Ok(&sent.body), "{number}: the core: {sent}");
        let data = theirs.map(|taken| taken.data);
        assert_eq!(data.as_ref(), Ok(&sent.body), "{number}: s3s: {sent}");
        for part in [Part::Signature, Part::Header, Part::Path, Part::Query, Part::Body] {
            let Some(changed) = change(sent, part, &mut draw) else { continue };
            let (ours, theirs) = (changed.verify(), server.take(&changed));
            match expected(&drawn, &changed, part) {
                Expected::RefusedByCore => {
                    assert!(ours.is_err(), "{number}: another {part:?}: {sent}\n{changed}");
                }
                Expected::Taken => assert!(
                    ours.is_ok() && theirs.is_ok(),
                    "{number}: another {part:?}: {ours:?}, s3s: {theirs:?}: {sent}\n{changed}"
                ),
                Expected::Refused => {
                    let reply = theirs.as_ref().map_or_else(String::as_str, |_| "");
                    let mismatch = reply.contains("SignatureDoesNotMatch");
                    mismatches += usize::from(mismatch);
                    let right = match part {
                        Part::Signature => ours == Err(VerifyError::Signature) && mismatch,
                        Part::Body => ours == Err(VerifyError::Body) && reply.contains("Sha256Mismatch"),
                        _ => ours.is_err() && theirs.is_err(),
                    };
                    assert!(
                        right,
                        "{number}: another {part:?}: {ours:?}, s3s: {theirs:?}: {sent}\n{changed}"
                    );
                }
            }
        }
    }
    assert!(mismatches > 2 * COUNT, "only {mismatches} requests were refused for their signature");
}

/// Says what is to become of `changed`.
fn expected(drawn: &Drawn, changed: &Sent, part: Part) -> Expected {
    let sent = &drawn.sent;
    match part {
        Part::Signature => Expected::Refused,
        Part::Body if drawn.hashed => Expected::Refused,
        // The signature says that it does not cover the payload.
        Part::Body => Expected::Taken,
        // `s3s` decodes a path and encodes it again, so that `%3b` is `%3B` to it; to the core a path is what was sent.
        Part::Path if decoded(sent) == decoded(changed) => Expected::RefusedByCore,
        Part::Path => Expected::Refused,
        // The same parameters, escaped or separated in another way.
        Part::Query if parameters(sent) == parameters(changed) => Expected::Taken,
        Part::Query => Expected::Refused,
        Part::Header => {
            let lines = || sent.lines.iter().zip(&changed.lines);
            let (before, after) = lines().find(|(before, after)| before != after).expect("a change");
            match before.0.as_str() {
                // Never signed.
                "User-Agent" => Expected::Taken,
                // `s3s` does not read the algorithm in front of the credential.
                "Authorization" if algorithm(&before.1) != algorithm(&after.1) => Expected::RefusedByCore,
                _ => Expected::Refused,
            }
        }
    }
}

/// Changes one byte of `part`, if the request has it.
fn change(sent: &Sent, part: Part, draw: &mut Draw) -> Option<Sent> {
    let mut changed = sent.clone();
    let mut target = sent.target.clone().into_bytes();
    let (signature, end) = (target.len().saturating_sub(64), path(sent).len());
    let lines = changed.lines.len();
    match part {
        // Written last by the signer, in a URL or in a header line.
        Part::Signature if sent.target.contains("X-Amz-Signature=") => {
            change_one(&mut target[signature..], DIGITS, draw)?;
        }
        Part::Signature => {
            let value = &mut changed.lines[lines - 1].1;
            let start = value.len() - 64;
            change_one(&mut value[start..], DIGITS, draw)?;
        }
        Part::Header => change_one(&mut changed.lines[draw.below(lines)].1, VISIBLE, draw)?,
        // But for the slash that every target starts with.
        Part::Path => change_one(&mut target[1..end], VISIBLE, draw)?,
        Part::Query => change_one(target.get_mut(end + 1..)?, VISIBLE, draw)?,
        Part::Body if sent.body.is_empty() => changed.body.push(0),
        Part::Body => change_one(&mut changed.body, VISIBLE, draw)?,
    }
    changed.target = String::from_utf8(target).expect("ASCII");
    Some(changed)
}

/// Changes one of `bytes` to another one of `choices`, if there are any.
fn change_one(bytes: &mut [u8], choices: &[u8], draw: &mut Draw) -> Option<()> {
    let at = draw.below(bytes.len().max(1));
    let byte = bytes.get_mut(at)?;
    let before = *byte;
    while *byte == before {
        *byte = *draw.one_of(choices);
    }
    Some(())
}

fn path(sent: &Sent) -> &str {
    sent.target.split('?').next().unwrap_or_default()
}

fn decoded(sent: &Sent) -> Vec<u8> {
    percent::decode(path(sent).as_bytes()).collect()
}

/// The parameters in an order that does not depend on their own.
fn parameters(sent: &Sent) -> Vec<(String, String)> {
    let query = sent.target.split_once('?').map_or("", |(_, query)| query);
    let mut parameters: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    parameters.sort();
    parameters
}

fn algorithm(authorization: &[u8]) -> Option<&[u8]> {
    authorization.split(|byte| *byte == b' ').next()
}
