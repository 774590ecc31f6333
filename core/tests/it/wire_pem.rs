//! PEM files: blocks and what is around them.

use rolecall_core::wire::base64::DecodeError;
use rolecall_core::wire::pem::{self, Reader};
use rolecall_core::wire::{Error, Kind};

const ONE: &str = "-----BEGIN CERTIFICATE-----\nMAMC\nAQU=\n-----END CERTIFICATE-----\n";
const CONTENT: [u8; 5] = [0x30, 3, 2, 1, 5];

/// Label and content of each block, up to the first error.
fn blocks(text: &str) -> (Vec<(String, Vec<u8>)>, Option<Error>) {
    let mut reader = Reader::new(text.as_bytes());
    let mut found = Vec::new();
    loop {
        match reader.next_block() {
            Ok(None) => return (found, None),
            Err(error) => return (found, Some(error)),
            Ok(Some(block)) => {
                assert!(text[block.offset..].starts_with("-----BEGIN "));
                let mut buffer = vec![0; block.decoded_len()];
                match block.decode(&mut buffer) {
                    Ok(content) => found.push((block.label.to_owned(), content.to_vec())),
                    Err(DecodeError::Malformed(error)) => return (found, Some(error)),
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }
}

fn certificate() -> (String, Vec<u8>) {
    ("CERTIFICATE".to_owned(), CONTENT.to_vec())
}

fn error(offset: usize, kind: Kind) -> Option<Error> {
    Some(Error { offset, kind })
}

#[test]
fn line_ends_text_around_and_white_space_do_not_matter() {
    for text in [
        ONE.to_owned(),
        ONE.trim_end().to_owned(),
        ONE.replace('\n', "\r\n"),
        ONE.replace('\n', " \t\r\n"),
        ONE.replace("MAMC\nAQU=", "\n  MA MC\n\n\tAQ\nU=\n"),
        ONE.replace("MAMC\nAQU=", "MAMCAQU="),
        format!("subject=/CN=gateway-7\nissuer: ----- BEGIN of nothing\n\n{ONE}trailing text\n"),
    ] {
        assert_eq!(blocks(&text), (vec![certificate()], None), "{text}");
    }
    assert_eq!(blocks(""), (vec![], None));
    assert_eq!(blocks("no block\nat all"), (vec![], None));
    // The dashes begin a line, or they are text.
    assert_eq!(blocks(&format!(" {ONE}")), (vec![], None));
}

#[test]
fn blocks_are_read_in_order_whatever_their_label() {
    let key = ONE.replace("CERTIFICATE", "EC PRIVATE KEY");
    let text = format!("{ONE}between\n{key}{ONE}");
    let labels: Vec<String> = blocks(&text).0.into_iter().map(|(label, _)| label).collect();
    assert_eq!(labels, ["CERTIFICATE", "EC PRIVATE KEY", "CERTIFICATE"]);
    let empty = ONE.replace("MAMC\nAQU=\n", "");
    assert_eq!(blocks(&empty), (vec![("CERTIFICATE".to_owned(), vec![])], None));
}

#[test]
fn a_block_without_its_end_is_reported_where_it_begins() {
    let open = ONE.replace("-----END CERTIFICATE-----\n", "");
    assert_eq!(blocks(&open), (vec![], error(0, Kind::UnexpectedEnd)));
    let text = format!("{ONE}{open}");
    assert_eq!(blocks(&text), (vec![certificate()], error(ONE.len(), Kind::UnexpectedEnd)));
    assert_eq!(pem::line_of(text.as_bytes(), ONE.len()), 5);
    // Another block inside of it: the error is there, and that block can be read.
    let text = format!("{open}{ONE}");
    let mut reader = Reader::new(text.as_bytes());
    assert_eq!(reader.next_block().err(), error(open.len(), Kind::UnexpectedByte));
    let block = reader.next_block().unwrap().expect("the second block");
    assert_eq!(block.offset, open.len());
    assert_eq!(block.decode(&mut [0; 6]).unwrap(), CONTENT);
    assert!(reader.next_block().unwrap().is_none());
}

#[test]
fn the_labels_of_a_block_are_the_same() {
    let at = ONE.find("-----END").unwrap();
    for end in ["-----END PRIVATE KEY-----", "-----END CERTIFICATE", "-----END CERTIFICATE----", "-----END "]
    {
        let text = ONE.replace("-----END CERTIFICATE-----", end);
        assert_eq!(blocks(&text), (vec![], error(at, Kind::Mismatch)), "{end}");
    }
    let text = ONE.replace("-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE----");
    assert_eq!(blocks(&text), (vec![], error(0, Kind::UnexpectedByte)));
    for start in ["-----BEGIN ", "-----BEGIN -", "-----BEGIN \r"] {
        assert_eq!(blocks(&format!("{start}\n{ONE}")).1, error(0, Kind::UnexpectedByte), "{start:?}");
    }
    let text = ONE.replace("CERTIFICATE", "CERTIFICAT\u{c9}");
    assert_eq!(blocks(&text), (vec![], error(0, Kind::UnexpectedByte)));
}

#[test]
fn a_block_with_headers_is_recognised_and_not_decoded() {
    let headers = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0A1B\n\n";
    let text = ONE.replace("MAMC", &format!("{headers}MAMC"));
    let block = Reader::new(text.as_bytes()).next_block().unwrap().unwrap();
    assert!(block.has_headers());
    let at = text.find("-Type").unwrap();
    let refused = DecodeError::Malformed(Error { offset: at, kind: Kind::UnexpectedByte });
    assert_eq!(block.decode(&mut [0; 64]), Err(refused));
    let plain = Reader::new(ONE.as_bytes()).next_block().unwrap().unwrap();
    assert!(!plain.has_headers());
}

#[test]
fn errors_of_base64_are_reported_by_their_place_in_the_file() {
    let text = format!("text\n{}", ONE.replace("AQU=", "AQ?="));
    let at = text.find('?').unwrap();
    assert_eq!(blocks(&text), (vec![], error(at, Kind::UnexpectedByte)));
    assert_eq!(pem::line_of(text.as_bytes(), at), 4);
    let text = ONE.replace("AQU=", "AQU");
    assert_eq!(blocks(&text), (vec![], error(text.find("-----END").unwrap(), Kind::UnexpectedEnd)));
}

#[test]
fn a_file_that_is_cut_or_damaged_is_never_read_as_something_else() {
    let text = format!("text\n{ONE}{ONE}");
    let whole = [certificate(), certificate()];
    for len in 0..=text.len() {
        let (found, _) = blocks(&text[..len]);
        assert!(whole.starts_with(&found), "{len} bytes: {found:?}");
    }
    for at in 0..text.len() {
        for byte in [b'\n', b' ', b'-', b'=', b'\0', b':', 0x7f] {
            let mut damaged = text.clone().into_bytes();
            damaged[at] = byte;
            let damaged = String::from_utf8(damaged).unwrap();
            for (label, content) in blocks(&damaged).0 {
                // A digit may be replaced by white space or padding, which changes the length.
                let same = content == CONTENT && label.len() == 11;
                assert!(same || content.len() < 5, "{damaged}: {label} {content:?}");
            }
        }
    }
}

#[test]
fn a_block_shows_its_label_but_not_its_content() {
    let block = Reader::new(ONE.as_bytes()).next_block().unwrap().unwrap();
    assert_eq!(format!("{block:?}"), "Block(CERTIFICATE, 10 bytes)");
}

#[test]
fn lines_are_counted_from_one() {
    for (offset, line) in [(0, 1), (3, 1), (4, 2), (7, 2), (8, 3), (99, 3)] {
        assert_eq!(pem::line_of(b"one\ntwo\n", offset), line, "{offset}");
    }
}
