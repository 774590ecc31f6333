//! Certificates: serial number, validity and key are those that x509-parser reads.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::wire::x509::{Certificate, KeyKind};
use rolecall_core::wire::{Error, Kind};
use rolecall_fuzz::{has_description, put};
use x509_parser::asn1_rs::{Any, Tag, oid};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

fuzz_target!(|input: &[u8]| {
    let theirs = X509Certificate::from_der(input).ok().filter(|(rest, _)| rest.is_empty());
    let ours = match Certificate::parse(input) {
        Ok(ours) => ours,
        Err(error) => {
            assert!(error.offset <= input.len());
            has_description(error);
            if let Some((_, theirs)) = theirs {
                assert!(is_stricter(error, &theirs), "{error}, but the reference accepts it");
            }
            return;
        }
    };
    let digits = String::from_utf8(put(|out| ours.put_serial(out))).expect("digits");
    assert!(digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0'), "{digits}");
    assert!((1..=20).contains(&ours.serial.len()) && ours.serial[0] != 0);
    // Permitted difference: names, extensions and the signature are not looked at.
    let Some((_, theirs)) = theirs else { return };
    let info = theirs.public_key();
    assert_eq!(theirs.serial.to_string(), digits);
    assert_eq!(&*info.subject_public_key.data, ours.public_key);
    let seconds = |time: x509_parser::time::ASN1Time| u64::try_from(time.timestamp()).unwrap_or(0);
    assert_eq!(seconds(theirs.validity().not_before), ours.not_before.as_secs());
    assert_eq!(seconds(theirs.validity().not_after), ours.not_after.as_secs());
    // Compared as bytes: the reference prints a name that breaks off as if it were complete, and reads an element of
    // any tag as one.
    let named =
        |any: &&Any<'_>| any.header.is_universal() && any.header.is_primitive() && any.tag() == Tag::Oid;
    let curve = info.algorithm.parameters.as_ref().filter(named).map(|any| any.as_bytes());
    let key = match &info.algorithm.algorithm {
        name if *name == oid!(1.2.840.113549.1.1.1) => KeyKind::Rsa,
        name if *name != oid!(1.2.840.10045.2.1) => KeyKind::Other,
        _ if curve == Some(oid!(1.2.840.10045.3.1.7).as_bytes()) => KeyKind::P256,
        _ if curve == Some(oid!(1.3.132.0.34).as_bytes()) => KeyKind::P384,
        _ => KeyKind::Other,
    };
    assert_eq!(key, ours.key);
});

/// Permitted differences: what is refused here and not by the reference.
fn is_stricter(error: Error, theirs: &X509Certificate<'_>) -> bool {
    let serial = theirs.raw_serial();
    let significant = serial.iter().skip_while(|byte| **byte == 0).count();
    match error.kind {
        // A serial number is positive (RFC 5280, section 4.1.2.2).
        Kind::BadNumber => significant == 0 || serial[0] > 0x7f,
        // It has at most 20 bytes; lengths have at most three.
        Kind::TooLong => true,
        // Times are in one of two forms, to the second, and end in Z (section 4.1.2.5).
        Kind::OutOfRange => true,
        // Lengths are in their shortest form; no unused bits; a key on a curve has the curve's name (RFC 5480).
        Kind::UnexpectedByte => true,
        _ => false,
    }
}
