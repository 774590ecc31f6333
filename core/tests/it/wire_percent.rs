//! Percent-encoding: which bytes are kept or escaped, and that decoding restores them.

use crate::generator::Draw;
use rolecall_core::wire::percent::{self, Keep};
use rolecall_core::wire::{Cursor, Put};

fn put(write: impl FnOnce(&mut dyn Put)) -> Vec<u8> {
    let mut buffer = [0; 1024];
    let mut out = Cursor::new(&mut buffer);
    write(&mut out);
    out.finish().unwrap().to_vec()
}

fn encode(bytes: &[u8], keep: Keep) -> Vec<u8> {
    put(|out| percent::encode(bytes, keep, out))
}

fn canonical(text: &[u8], keep: Keep) -> Vec<u8> {
    put(|out| percent::canonical(text, keep, out))
}

/// What each byte becomes, one after the other.
fn encoded_one_by_one(bytes: &[u8], keep: Keep) -> Vec<u8> {
    let kept = |byte: &u8| match keep {
        Keep::Visible => byte.is_ascii_graphic(),
        _ => byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || keep == Keep::Slash && *byte == b'/',
    };
    let one = |byte: &u8| if kept(byte) { vec![*byte] } else { format!("%{byte:02X}").into_bytes() };
    bytes.iter().flat_map(one).collect()
}

fn decode(text: &[u8]) -> Vec<u8> {
    percent::decode(text).collect()
}

#[test]
fn every_byte_is_kept_or_escaped_in_upper_case() {
    for byte in 0..=255u8 {
        let escape = format!("%{byte:02X}").into_bytes();
        let plain = vec![byte];
        let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        for (keep, kept) in [
            (Keep::Unreserved, unreserved),
            (Keep::Slash, unreserved || byte == b'/'),
            (Keep::Visible, (0x21..0x7f).contains(&byte)),
        ] {
            assert_eq!(
                encode(&[byte], keep),
                if kept { &plain } else { &escape }.as_slice(),
                "{byte} {keep:?}"
            );
        }
        assert_eq!(decode(&escape), plain);
        assert_eq!(decode(&escape.to_ascii_lowercase()), plain);
    }
}

#[test]
fn a_percent_sign_outside_an_escape_is_literal() {
    for text in ["%", "%%", "%4", "%G1", "%1G", "a%", "%-1", "% 1", "%+1"] {
        assert_eq!(decode(text.as_bytes()), text.as_bytes(), "{text}");
    }
    assert_eq!(decode(b"%%41%4%41"), b"%A%4A");
    assert_eq!(canonical(b"100%", Keep::Unreserved), b"100%25");
    assert_eq!(decode(b"a+b"), b"a+b");
    assert_eq!(canonical(b"a+b%2b", Keep::Unreserved), b"a%2Bb%2B");
}

#[test]
fn an_escaped_slash_is_not_a_separator() {
    assert_eq!(canonical(b"/a%2fb/%7ec", Keep::Slash), b"/a%2Fb/~c");
}

#[test]
fn decoding_restores_the_input() {
    let mut draw = Draw::new(3);
    for _ in 0..20_000 {
        let bytes: Vec<u8> =
            (0..draw.below(24)).map(|_| *draw.one_of(b"aZ09-._~/%%%25aF+ &=\x00\x7f\x80\xff")).collect();
        for keep in [Keep::Unreserved, Keep::Slash] {
            let encoded = encode(&bytes, keep);
            assert_eq!(decode(&encoded), bytes);
            assert_eq!(canonical(&encoded, keep), encoded, "encoded text is not canonical");
            let once = canonical(&bytes, keep);
            assert_eq!(canonical(&once, keep), once, "canonical form is not idempotent");
            assert_eq!(decode(&once), decode(&bytes), "canonical form decodes to other bytes");
        }
    }
}

#[test]
fn long_texts_are_encoded_as_byte_by_byte() {
    let mut draw = Draw::new(7);
    for _ in 0..20_000 {
        let (length, seldom) = (draw.below(200), 1 + draw.below(60));
        let mut byte = || match draw.below(seldom) {
            0 => *draw.one_of(b"/%+ =&\x00\x7f\x80\xff-_"),
            _ => *draw.one_of(b"aZ09-._~"),
        };
        let bytes: Vec<u8> = (0..length).map(|_| byte()).collect();
        for keep in [Keep::Unreserved, Keep::Slash, Keep::Visible] {
            let expected = encoded_one_by_one(&bytes, keep);
            assert_eq!(encode(&bytes, keep), expected, "{bytes:?} {keep:?}");
            if keep != Keep::Visible {
                assert_eq!(canonical(&expected, keep), expected, "{bytes:?} {keep:?}");
                let lower = String::from_utf8(expected.clone()).unwrap().replace("%2B", "%2b");
                assert_eq!(canonical(lower.as_bytes(), keep), expected, "{bytes:?} {keep:?}");
            }
        }
    }
}
