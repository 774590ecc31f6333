//! Credentials and signatures.

use core::fmt::{Debug, Display};
use core::hint::black_box;

use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::{Count, Put};
use rolecall_core::{call, credentials, sigv4};

use crate::{bytes, formatted, number, text, used};

pub(crate) fn call() {
    if let Some(credentials) = credentials() {
        match sign(&credentials) {
            Ok(()) => {}
            Err(error) => {
                formatted(|f| <sigv4::SignError as Display>::fmt(&error, f));
            }
        }
    }
    used(<sigv4::Hasher as Default>::default());
    let mut hasher = sigv4::Hasher::new();
    <sigv4::Hasher as Put>::put(&mut hasher, bytes());
    used(sigv4::Hasher::finish(hasher.clone()));
    used(sigv4::Hasher::finish_hex(hasher));
    used(sigv4::sha256_hex(bytes()));
    used(sigv4::is_never_signed(text()));
    used(call::is_reserved(text()));
}

pub(crate) fn credentials() -> Option<credentials::Credentials<'static>> {
    match credentials::Credentials::new(text(), text(), black_box(Some(text()))) {
        Ok(credentials) => {
            let credentials = credentials::Credentials::with_account_id(credentials, black_box(Some(text())));
            let end = black_box(Some(UnixTime::from_secs(number())));
            let credentials = credentials::Credentials::with_expiration(credentials, end);
            used(credentials::Credentials::access_key_id(&credentials));
            used(credentials::Credentials::session_token(&credentials));
            used(credentials::Credentials::account_id(&credentials));
            used(credentials::Credentials::expiration(&credentials));
            Some(credentials)
        }
        Err(error) => {
            formatted(|f| <credentials::InvalidCredentials as Display>::fmt(&error, f));
            None
        }
    }
}

pub(crate) fn scope() -> sigv4::Scope<'static> {
    sigv4::Scope { region: text(), service: text(), rules: sigv4::Rules::of(text()) }
}

fn sign(credentials: &credentials::Credentials<'_>) -> Result<(), sigv4::SignError> {
    let time = UnixTime::from_secs(number());
    let secret = credentials::Secret::new(text());
    used(credentials::Secret::expose(&secret));
    formatted(|f| <credentials::Secret as Debug>::fmt(&secret, f));
    let secret = credentials::Credentials::secret_access_key(credentials);
    let key = sigv4::SigningKey::derive(secret, time, text(), text());
    used(sigv4::SigningKey::is_for(&key, UnixTime::from_secs(number())));
    used(sigv4::SigningKey::region(&key));
    used(sigv4::SigningKey::service(&key));
    formatted(|f| <sigv4::SigningKey as Debug>::fmt(&key, f));

    let hash = sigv4::sha256_hex(bytes());
    let payloads = [sigv4::Payload::Bytes(bytes()), sigv4::Payload::Hash(&hash), sigv4::Payload::Unsigned];
    let payload = *payloads.get(number::<u8>() as usize).unwrap_or(&sigv4::Payload::Unsigned);
    formatted(|f| <sigv4::Payload as Debug>::fmt(&payload, f));
    let mut request = sigv4::Request::new(text(), text(), payload)?;
    for _ in 0..number::<u8>() {
        sigv4::Request::header(&mut request, text(), bytes())?;
    }
    formatted(|f| <sigv4::Request as Debug>::fmt(&request, f));

    let rules = sigv4::Rules::of(text());
    let signer = sigv4::Signer::new(credentials, &key, rules, UnixTime::from_secs(number()))?;
    let placements = [sigv4::TokenPlacement::Signed, sigv4::TokenPlacement::AfterSigning];
    let placement = placements.get(number::<u8>() as usize).copied().unwrap_or_default();
    let signer = sigv4::Signer::with_token(signer, placement);

    let mut out = Count::default();
    let signed = sigv4::Signer::sign(&signer, &request)?;
    used(sigv4::Signed::signature(&signed));
    formatted(|f| <sigv4::Signed as Debug>::fmt(&signed, f));
    sigv4::Signed::put_header_lines(&signed, &mut out);
    sigv4::Signed::put_authorization(&signed, &mut out);
    sigv4::Signed::put_canonical_request(&signed, &mut out)?;
    sigv4::Signed::put_string_to_sign(&signed, &mut out)?;

    let mut table = [0; 8];
    let mut small: sigv4::Request<'_, 2> = sigv4::Request::with_room(text(), text(), payload)?;
    sigv4::Request::header(&mut small, text(), bytes())?;
    sigv4::Request::sort_parameters_in(&mut small, black_box(&mut table))?;
    used(sigv4::Signer::sign(&signer, &small)?.signature());

    let mut root: sigv4::Request<'_, 2> = sigv4::Request::root(text(), payload)?;
    sigv4::Request::header(&mut root, text(), bytes())?;
    used(sigv4::Signer::sign_root(&signer, &root)?.signature());

    let presigned = sigv4::Signer::presign(&signer, &request, number())?;
    used(sigv4::Presigned::signature(&presigned));
    formatted(|f| <sigv4::Presigned as Debug>::fmt(&presigned, f));
    sigv4::Presigned::put_target(&presigned, &mut out);
    sigv4::Presigned::put_canonical_request(&presigned, &mut out)?;
    sigv4::Presigned::put_string_to_sign(&presigned, &mut out)?;
    used(out);
    Ok(())
}
