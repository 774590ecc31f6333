//! Certificates, and what is signed or obtained with them.

use core::fmt::{Debug, Display};
use core::hint::black_box;

use rolecall_core::flow::Flow;
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::x509::Certificate;
use rolecall_core::{flow, sigv4, sources, wire};

use crate::sources::{drive, endpoint, limits, retry_policy};
use crate::{bytes, formatted, number, signing, text, used};

pub(crate) fn call() {
    base64();
    pem();
    let Ok(certificate) = wire::x509::Certificate::parse(bytes()) else { return };
    wire::x509::Certificate::put_serial(&certificate, &mut wire::Count::default());
    match sign(certificate) {
        Ok(()) => {}
        Err(error) => formatted(|f| <sigv4::SignError as Display>::fmt(&error, f)),
    }
    let Ok(endpoint) = endpoint() else { return };
    flows(endpoint, certificate);
}

fn base64() {
    let mut out = wire::Count::default();
    wire::base64::encode(bytes(), &mut out);
    wire::base64::encode_url(bytes(), &mut out);
    used(wire::base64::decoded_len(number::<u8>().into()));
    if let Err(error) = wire::base64::decode(bytes(), black_box(&mut [0; 64])) {
        formatted(|f| <wire::base64::DecodeError as Display>::fmt(&error, f));
    }
}

fn pem() {
    let mut reader = wire::pem::Reader::new(bytes());
    while let Ok(Some(block)) = wire::pem::Reader::next_block(&mut reader) {
        used(wire::pem::Block::has_headers(&block));
        used(wire::pem::Block::decoded_len(&block));
        used(wire::pem::Block::decode(&block, black_box(&mut [0; 64])).is_ok());
        formatted(|f| <wire::pem::Block as Debug>::fmt(&block, f));
        used(wire::pem::line_of(bytes(), block.offset));
    }
}

fn texts() -> sigv4::CertificateTexts<'static> {
    sigv4::CertificateTexts { certificate: bytes(), chain: bytes() }
}

fn sign(certificate: Certificate<'static>) -> Result<(), sigv4::SignError> {
    let time = UnixTime::from_secs(number());
    let signer = sigv4::CertificateSigner::new(certificate, texts(), text(), text(), time)?;
    let scheme = sigv4::CertificateSigner::scheme(&signer);
    formatted(|f| <wire::x509::Scheme as Display>::fmt(&scheme, f));
    used(sigv4::CertificateSigner::date(&signer));
    let mut request = sigv4::Request::new(text(), text(), sigv4::Payload::Bytes(bytes()))?;
    sigv4::Request::header(&mut request, text(), bytes())?;
    let mut out = wire::Count::default();
    sigv4::CertificateSigner::put_canonical_request(&signer, &request, &mut out)?;
    sigv4::CertificateSigner::put_string_to_sign(&signer, &request, &mut out)?;
    sigv4::CertificateSigner::put_authorization(&signer, &request, text(), &mut out);
    if let Some(credentials) = signing::credentials() {
        sigv4::mqtt_url(&credentials, text(), text(), time, number(), &mut out)?;
    }
    Ok(())
}

fn flows(endpoint: flow::Endpoint<'static>, certificate: Certificate<'static>) {
    let device = sources::Iot::new(endpoint, text(), black_box(Some(text())));
    let device = sources::Iot::with_limits(device, limits());
    let mut device = sources::Iot::with_retry_policy(device, retry_policy());
    drive(
        &mut device,
        <sources::Iot as Flow>::slots,
        <sources::Iot as Flow>::poll,
        <sources::Iot as Flow>::answer,
        <sources::Iot as Flow>::restart,
    );

    let mut session = sources::AnywhereSession::new(text(), text(), text());
    session.duration_seconds = black_box(Some(number()));
    session.session_name = black_box(Some(text()));
    used(sources::AnywhereSession::region(&session));
    used(sources::AnywhereSession::check(&session));
    let mut anywhere = sources::RolesAnywhere::new(endpoint, session, certificate, texts());
    drive(
        &mut anywhere,
        <sources::RolesAnywhere as Flow>::slots,
        <sources::RolesAnywhere as Flow>::poll,
        <sources::RolesAnywhere as Flow>::answer,
        <sources::RolesAnywhere as Flow>::restart,
    );
}
