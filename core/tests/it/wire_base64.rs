//! Base64, compared with base64ct.

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use rolecall_core::wire::base64::{self, DecodeError};
use rolecall_core::wire::{Cursor, Error, Kind};

fn encoded(bytes: &[u8]) -> String {
    let mut buffer = vec![0; bytes.len() * 2 + 4];
    let mut out = Cursor::new(&mut buffer);
    base64::encode(bytes, &mut out);
    std::str::from_utf8(out.finish().unwrap()).unwrap().to_owned()
}

fn decoded(text: &str) -> Result<Vec<u8>, DecodeError> {
    let mut buffer = vec![0; base64::decoded_len(text.len())];
    base64::decode(text.as_bytes(), &mut buffer).map(|bytes| bytes.to_vec())
}

fn oracle(text: &str) -> Option<Vec<u8>> {
    let mut buffer = vec![0; text.len()];
    Base64::decode(text, &mut buffer).ok().map(<[u8]>::to_vec)
}

#[test]
fn every_length_and_every_byte_is_encoded_and_decoded_as_by_base64ct() {
    let mut buffer = [0; 512];
    for len in 0..=100usize {
        let bytes: Vec<u8> = (0..len).map(|index| (index * 37 + len * 101) as u8).collect();
        let text = encoded(&bytes);
        assert_eq!(text, Base64::encode(&bytes, &mut buffer).unwrap());
        assert_eq!(decoded(&text).unwrap(), bytes);
    }
    for byte in 0..=255u8 {
        for bytes in [&[byte][..], &[byte, !byte], &[1, byte, 2]] {
            let text = encoded(bytes);
            assert_eq!(text, Base64::encode(bytes, &mut buffer).unwrap());
            assert_eq!(decoded(&text).unwrap(), bytes);
            let mut for_urls = [0; 8];
            let mut out = Cursor::new(&mut for_urls);
            base64::encode_url(bytes, &mut out);
            let expected = Base64UrlUnpadded::encode(bytes, &mut buffer).unwrap();
            assert_eq!(out.finish().unwrap(), expected.as_bytes());
        }
    }
}

#[test]
fn every_byte_in_every_place_of_a_group_is_taken_or_refused_as_by_base64ct() {
    for place in 0..8 {
        for byte in 0..=127u8 {
            let mut text = *b"cm9sZWNh";
            text[place] = byte;
            let text = std::str::from_utf8(&text).unwrap();
            if text.bytes().any(|byte| byte.is_ascii_whitespace() && byte != 0x0c) {
                continue;
            }
            assert_eq!(decoded(text).ok(), oracle(text), "{text:?}");
        }
        let mut text = *b"cm9sZWNh";
        text[place] = 0xe9;
        let refused = DecodeError::Malformed(error(place, Kind::UnexpectedByte));
        assert_eq!(base64::decode(&text, &mut [0; 6]), Err(refused));
    }
}

fn error(offset: usize, kind: Kind) -> Error {
    Error { offset, kind }
}

#[test]
fn padding_is_where_the_encoder_writes_it_and_nowhere_else() {
    let alphabet = ["A", "=", "B"];
    // Every text of up to eight of these: half-filled groups, padding in each place and of each length.
    for len in 0..=8u32 {
        for number in 0..3usize.pow(len) {
            let text: String = (0..len).map(|place| alphabet[number / 3usize.pow(place) % 3]).collect();
            assert_eq!(decoded(&text).ok(), oracle(&text), "{text:?}");
        }
    }
    for (text, offset, kind) in [
        ("=", 0, Kind::UnexpectedByte),
        ("A=", 1, Kind::UnexpectedByte),
        ("AA", 2, Kind::UnexpectedEnd),
        ("AA=", 3, Kind::UnexpectedEnd),
        ("AA=A", 3, Kind::UnexpectedByte),
        ("AA===", 4, Kind::UnexpectedByte),
        ("AA==AAAA", 4, Kind::UnexpectedByte),
        // The last digit has bits that no byte has.
        ("AB==", 3, Kind::UnexpectedByte),
        ("AAA-", 3, Kind::UnexpectedByte),
    ] {
        assert_eq!(decoded(text), Err(DecodeError::Malformed(error(offset, kind))), "{text}");
    }
}

#[test]
fn white_space_between_digits_is_skipped_and_other_control_characters_are_not() {
    for text in ["cm9s\r\nZQ==\r\n", " c m\t9sZQ= =", "\ncm9sZQ\n==\n"] {
        assert_eq!(decoded(text).unwrap(), b"role", "{text:?}");
    }
    for text in ["cm9s\0ZQ==", "cm9s\x0bZQ==", "cm9s\x0cZQ==", "cm9s\u{a0}ZQ=="] {
        assert!(decoded(text).is_err(), "{text:?}");
    }
    assert_eq!(decoded(" \r\n").unwrap(), b"");
}

#[test]
fn a_buffer_that_is_too_small_is_reported_with_the_size_that_suffices() {
    for room in 0..4 {
        let result = base64::decode(b"cm9sZQ==", &mut [0; 3][..room.min(3)]).map(|bytes| bytes.to_vec());
        let Err(DecodeError::TooSmall(small)) = result else { panic!("{result:?}") };
        assert_eq!(small.needed, 4);
    }
    assert_eq!(base64::decode(b"cm9sZQ==", &mut [0; 4]).unwrap(), b"role");
    // The bound is for any white space.
    assert!(base64::decoded_len(8) >= 4 && base64::decoded_len(0) == 0);
    assert!(base64::decoded_len(usize::MAX) > usize::MAX / 2, "it does not wrap");
}
