//! PEM files: blocks are read as rustls-pki-types reads them, and decoded as base64ct decodes them.

#![no_main]

use base64ct::{Base64, Encoding};
use libfuzzer_sys::fuzz_target;
use rolecall_core::wire::base64::{self, DecodeError};
use rolecall_core::wire::pem::{self, Reader};
use rolecall_fuzz::{has_description, put};
use rustls_pki_types::pem::{PemObject, SectionKind};

/// The labels that the reference knows; it skips other blocks.
const KNOWN: [(&str, SectionKind); 4] = [
    ("CERTIFICATE", SectionKind::Certificate),
    ("PRIVATE KEY", SectionKind::PrivateKey),
    ("EC PRIVATE KEY", SectionKind::EcPrivateKey),
    ("RSA PRIVATE KEY", SectionKind::RsaPrivateKey),
];

fuzz_target!(|input: &[u8]| {
    text(input);
    let (mut reader, mut ours, mut whole, mut dashes) = (Reader::new(input), Vec::new(), true, false);
    let mut last = 0;
    loop {
        match reader.next_block() {
            Ok(None) => break,
            Err(error) => {
                assert!(error.offset <= input.len());
                has_description(error);
                whole = false;
            }
            Ok(Some(block)) => {
                assert!(block.offset >= last && input[block.offset..].starts_with(b"-----BEGIN "));
                last = block.offset;
                assert!(pem::line_of(input, block.offset) >= 1);
                dashes |= block.label.contains('-') || block.label.ends_with(' ');
                let mut buffer = vec![0; block.decoded_len()];
                match block.decode(&mut buffer) {
                    Ok(content) => {
                        assert!(!block.has_headers());
                        ours.push((block.label.to_owned(), content.to_vec()));
                    }
                    Err(DecodeError::Malformed(error)) => {
                        assert!(error.offset <= input.len() && error.offset >= block.offset);
                        whole = false;
                    }
                    Err(error) => panic!("the counted length does not suffice: {error}"),
                }
            }
        }
    }
    if !whole || difference(input, dashes) {
        return;
    }
    ours.retain(|(label, _)| KNOWN.iter().any(|(known, _)| known == label));
    let mut theirs = Vec::new();
    for section in <(SectionKind, Vec<u8>) as PemObject>::pem_slice_iter(input) {
        let (kind, content) = section.expect("the reference refuses what was read");
        if let Some((label, _)) = KNOWN.iter().find(|(_, known)| *known == kind) {
            theirs.push(((*label).to_owned(), content));
        }
    }
    assert_eq!(ours, theirs);
});

/// Permitted differences: the reference ends a line at a lone CR, too; counts all dashes at the end of a first line, also
/// those of its label (`dashes`); and takes no tab or form feed there.
fn difference(input: &[u8], dashes: bool) -> bool {
    let lone = |(at, byte): (usize, &u8)| *byte == b'\r' && input.get(at + 1) != Some(&b'\n');
    dashes || input.iter().enumerate().any(lone) || input.iter().any(|byte| matches!(byte, b'\t' | b'\x0c'))
}

/// The input as base64 itself: the same verdict and content as the reference has for the text without white space.
fn text(input: &[u8]) {
    let digits: Vec<u8> =
        input.iter().copied().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).collect();
    let (mut one, mut other) = (vec![0; base64::decoded_len(input.len())], vec![0; digits.len()]);
    let theirs = Base64::decode(&digits, &mut other).ok();
    match base64::decode(input, &mut one) {
        Ok(content) => {
            assert_eq!(Some(&*content), theirs);
            assert_eq!(put(|out| base64::encode(content, out)), digits);
            let needed = content.len();
            let small = base64::decode(input, &mut vec![0; needed.saturating_sub(1)]).is_err();
            assert_eq!(small, needed > 0);
        }
        Err(DecodeError::Malformed(error)) => {
            assert!(theirs.is_none() && error.offset <= input.len());
            has_description(error);
        }
        Err(error) => panic!("the counted length does not suffice: {error}"),
    }
}
