//! X.509 certificates, as OpenSSL writes them and in every damaged form.

use rolecall_core::wire::pem::Reader;
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::x509::{Certificate, KeyKind};
use rolecall_core::wire::{Cursor, Error, Kind};

const P256: &str = include_str!("../data/p256.pem");
const P384: &str = include_str!("../data/p384.pem");
const RSA_2048: &str = include_str!("../data/rsa2048.pem");
const RSA_4096: &str = include_str!("../data/rsa4096.pem");
const ED25519: &str = include_str!("../data/ed25519.pem");
const ALL: [&str; 5] = [P256, P384, RSA_2048, RSA_4096, ED25519];

fn der(text: &str) -> Vec<u8> {
    let block = Reader::new(text.as_bytes()).next_block().unwrap().unwrap();
    assert_eq!(block.label, "CERTIFICATE");
    let mut buffer = vec![0; block.decoded_len()];
    block.decode(&mut buffer).unwrap().to_vec()
}

fn serial(certificate: &Certificate<'_>) -> String {
    let mut buffer = [0; 64];
    let mut out = Cursor::new(&mut buffer);
    certificate.put_serial(&mut out);
    String::from_utf8(out.finish().unwrap().to_vec()).unwrap()
}

#[test]
fn serial_validity_and_key_are_those_that_openssl_shows() {
    // The decimal serial numbers are what OpenSSL prints, converted by Python.
    for (text, number, from, to, key, public) in [
        (P256, "1", "2025-01-01T00:00:00Z", "2035-01-01T00:00:00Z", KeyKind::P256, 65),
        (
            P384,
            "1455815122556039569304875813172705973874256318995",
            "2025-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            KeyKind::P384,
            97,
        ),
        // Valid from 1950, in two digits: before there is a Unix time.
        (RSA_2048, "128", "1970-01-01T00:00:00Z", "2049-12-31T23:59:59Z", KeyKind::Rsa, 270),
        (
            RSA_4096,
            "730750818665451459101842416358141509827966271487",
            "2049-12-31T23:59:59Z",
            "2050-01-01T00:00:00Z",
            KeyKind::Rsa,
            526,
        ),
        (ED25519, "1311768467294899695", "2025-01-01T00:00:00Z", "2035-01-01T00:00:00Z", KeyKind::Other, 32),
    ] {
        let der = der(text);
        let certificate = Certificate::parse(&der).unwrap();
        assert_eq!(serial(&certificate), number);
        assert_eq!(certificate.not_before.rfc3339().as_bytes(), from.as_bytes());
        assert_eq!(certificate.not_after.rfc3339().as_bytes(), to.as_bytes());
        assert_eq!((certificate.key, certificate.public_key.len()), (key, public));
        // Without the zero that keeps it positive.
        assert_ne!(certificate.serial[0], 0);
    }
}

#[test]
fn serial_numbers_are_written_in_decimal() {
    let der = der(P256);
    let decimal = |serial: &[u8]| {
        let mut certificate = Certificate::parse(&der).unwrap();
        certificate.serial = serial;
        self::serial(&certificate)
    };
    let mut value = 0u128;
    for step in 0..200u32 {
        assert_eq!(decimal(&value.to_be_bytes()), value.to_string());
        value = value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(u128::from(step) << 77 | 9);
    }
    for number in [0u128, 9, 10, 99, 100, 255, 256, u128::MAX] {
        assert_eq!(decimal(&number.to_be_bytes()), number.to_string());
    }
    assert_eq!(decimal(&[0xff; 20]), "1461501637330902918203684832716283019655932542975");
    assert_eq!(decimal(&[]), "0");
}

#[test]
fn a_certificate_that_is_cut_is_refused() {
    for der in ALL.map(der) {
        for len in 0..der.len() {
            let error = Certificate::parse(&der[..len]).unwrap_err();
            assert!(error.offset <= len, "{error} in {len} bytes");
            assert_eq!(error.kind, Kind::UnexpectedEnd, "{len} bytes");
        }
        let longer = [&der[..], &[0]].concat();
        let error = Certificate::parse(&longer).unwrap_err();
        assert_eq!(error, Error { offset: der.len(), kind: Kind::TrailingData });
    }
}

#[test]
fn a_certificate_with_a_flipped_byte_is_refused_or_keeps_its_bounds() {
    let mut parsed = 0;
    for der in ALL.map(der) {
        for at in 0..der.len() {
            for flip in [0x01, 0x20, 0x80, 0xff] {
                let mut damaged = der.clone();
                damaged[at] ^= flip;
                match Certificate::parse(&damaged) {
                    Ok(certificate) => {
                        parsed += 1;
                        assert!((1..=20).contains(&certificate.serial.len()));
                        assert!(serial(&certificate).len() <= 49);
                    }
                    Err(error) => assert!(error.offset <= der.len(), "{error}"),
                }
            }
        }
    }
    // Most bytes are in names, keys and signatures.
    assert!(parsed > 1_000, "{parsed}");
}

/// Replaces the one place that has `from` by as many bytes.
fn replaced(der: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut places = der.windows(from.len()).enumerate().filter(|(_, window)| *window == from);
    let (at, _) = places.next().expect("the bytes");
    assert!(places.next().is_none(), "they are there twice");
    let mut der = der.to_vec();
    der[at..at + to.len()].copy_from_slice(to);
    der
}

#[test]
fn times_are_checked_and_those_before_1970_count_as_its_start() {
    let der = der(P256);
    let parse = |from: &[u8], to: &[u8]| {
        let der = replaced(&der, from, to);
        Certificate::parse(&der).map(|certificate| (certificate.not_before, certificate.not_after))
    };
    let from = b"250101000000Z";
    let at = |text: &[u8]| UnixTime::from_compact(text).unwrap();
    assert_eq!(parse(from, b"491231235959Z").unwrap().0, at(b"20491231T235959Z"));
    assert_eq!(parse(from, b"700101000001Z").unwrap().0, at(b"19700101T000001Z"));
    for early in [&b"500101000000Z"[..], b"680229000000Z", b"691231235959Z"] {
        assert_eq!(parse(from, early).unwrap().0, UnixTime::EPOCH);
    }
    for wrong in [
        &b"250101000000z"[..],
        b"2501010000Z00",
        b"251301000000Z",
        b"250100000000Z",
        b"250229000000Z",
        b"250101240000Z",
        b"250101000060Z",
        b"25010100000 Z",
        b"501301000000Z",
        b"5x0101000000Z",
        b"-50101000000Z",
    ] {
        assert!(parse(from, wrong).is_err(), "{}", wrong.escape_ascii());
    }
}

#[test]
fn a_serial_number_is_positive_and_has_at_most_twenty_bytes() {
    let one = der(P256);
    // INTEGER 1 follows the version.
    let version = [0xa0, 3, 2, 1, 2];
    let with = |serial: u8| {
        let from = [&version[..], &[2, 1, 1]].concat();
        replaced(&one, &from, &[&version[..], &[2, 1, serial]].concat())
    };
    assert_eq!(Certificate::parse(&with(0x7f)).unwrap().serial, [0x7f]);
    for wrong in [0, 0x80, 0xff] {
        assert_eq!(Certificate::parse(&with(wrong)).unwrap_err().kind, Kind::BadNumber, "{wrong}");
    }
    // 20 bytes with a zero in front; 21 without.
    let long = der(P384);
    let number = [0x02, 0x15, 0x00, 0xff, 0x01];
    assert_eq!(Certificate::parse(&long).unwrap().serial.len(), 20);
    let long = replaced(&long, &number, &[0x02, 0x15, 0x01, 0xff, 0x01]);
    assert_eq!(Certificate::parse(&long).unwrap_err().kind, Kind::TooLong);
}

#[test]
fn lengths_are_in_their_shortest_form() {
    for (der, kind) in [
        (&[0x30, 0x80, 0, 0][..], Kind::UnexpectedByte),
        (&[0x30, 0x81, 0x01, 0], Kind::UnexpectedByte),
        (&[0x30, 0x82, 0, 0x80], Kind::UnexpectedByte),
        (&[0x30, 0x83, 0, 0xff, 0xff], Kind::UnexpectedByte),
        (&[0x30, 0x84, 1, 0, 0, 0], Kind::TooLong),
        (&[0x30, 0x81], Kind::UnexpectedEnd),
        (&[0x30, 0x83, 0xff, 0xff, 0xff], Kind::UnexpectedEnd),
        (&[0x3f, 0x01, 0], Kind::UnexpectedByte),
        (&[0x31, 0], Kind::UnexpectedByte),
        (&[0x30, 0], Kind::UnexpectedEnd),
        (&[], Kind::UnexpectedEnd),
    ] {
        assert_eq!(Certificate::parse(der).unwrap_err().kind, kind, "{der:02x?}");
    }
}
