//! Verifying signatures.

use core::fmt::{Debug, Display};
use core::hint::black_box;

use rolecall_core::sigv4;
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::{Count, Put};

use crate::{bytes, formatted, number, signing, text, used};

type Lines = core::iter::Copied<core::slice::Iter<'static, (&'static str, &'static [u8])>>;

pub(crate) fn call() {
    if let Err(error) = verified() {
        formatted(|f| <sigv4::verify::VerifyError as Display>::fmt(&error, f));
        let of = black_box(sigv4::SignError::MissingHost);
        used(<sigv4::verify::VerifyError as From<_>>::from(of));
    }
}

fn verified() -> Result<(), sigv4::verify::VerifyError> {
    let scope = signing::scope();
    let window = core::time::Duration::from_secs(number());
    let verifier = sigv4::verify::Verifier::with_window(sigv4::verify::Verifier::new(scope), window);
    let verifier = sigv4::verify::Verifier::with_unsigned_payload(verifier, black_box(true));
    let verifier = sigv4::verify::Verifier::with_token_after_signing(verifier, black_box(true));
    let lines: &[(&str, &[u8])] = black_box(&[("host", b"example.com")]);
    let request = sigv4::verify::Received::new(text(), text(), lines.iter().copied());
    let claim = sigv4::verify::Verifier::claim(&verifier, request)?;
    formatted(|f| <sigv4::verify::Claim<'_, Lines> as Debug>::fmt(&claim, f));
    used(sigv4::verify::Claim::access_key_id(&claim));
    used(sigv4::verify::Claim::has_token(&claim));
    let mut out = Count::default();
    sigv4::verify::Claim::put_token(&claim, &mut out);
    let hash = sigv4::sha256_hex(bytes());
    sigv4::verify::Claim::put_canonical_request(&claim, black_box(Some(&hash)), &mut out)?;
    sigv4::verify::Claim::put_path(&claim, &mut out)?;
    sigv4::verify::Claim::put_string_to_sign(&claim, &hash, &mut out);
    let body = sigv4::verify::Claim::needs_body_hash(&claim).then_some(&hash);
    let secret = rolecall_core::credentials::Secret::new(text());
    let time = sigv4::verify::Claim::time(&claim);
    let key = sigv4::SigningKey::derive(&secret, time, text(), text());
    let now = UnixTime::from_secs(number());
    let verified = sigv4::verify::Claim::verify(&claim, &key, now, body)?;
    formatted(|f| <sigv4::verify::Verified as Debug>::fmt(&verified, f));
    used(sigv4::verify::Verified::access_key_id(&verified));
    used(sigv4::verify::Verified::signed_headers(&verified));
    used(sigv4::verify::Verified::covers(&verified, text()));
    used(sigv4::verify::Verified::covers_token(&verified));
    let mut lent = [0; 64];
    if let Ok(mut decoder) = sigv4::verify::Verified::chunks(&verified, &key, &mut lent) {
        used(sigv4::verify::ChunkDecoder::advance(&mut decoder, bytes())?.data.len());
        used(sigv4::verify::ChunkDecoder::is_complete(&decoder));
        formatted(|f| <sigv4::verify::ChunkDecoder as Debug>::fmt(&decoder, f));
        sigv4::verify::ChunkDecoder::finish(decoder)?;
    }
    let mut check = sigv4::verify::Covered::check(sigv4::verify::Verified::payload(&verified));
    <sigv4::verify::BodyCheck as Put>::put(&mut check, bytes());
    used(out);
    sigv4::verify::BodyCheck::finish(check)
}
