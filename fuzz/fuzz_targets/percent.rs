//! Percent-encoding compared with a bytewise reference: decoding reverses encoding, the canonical form is
//! stable and equivalent, and all output can be sent.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::wire::percent::{self, Keep};
use rolecall_fuzz::put;

fuzz_target!(|text: &[u8]| {
    let decoded = decode(text);
    assert_eq!(percent::decode(text).collect::<Vec<_>>(), decoded);
    for keep in [Keep::Unreserved, Keep::Slash, Keep::Visible] {
        let encoded = put(|out| percent::encode(text, keep, out));
        assert_eq!(encoded, encode(text, keep));
        assert!(encoded.iter().all(u8::is_ascii_graphic));
        // Visible characters are kept, including the percent sign.
        if keep != Keep::Visible {
            assert_eq!(decode(&encoded), text);
        }

        let canonical = put(|out| percent::canonical(text, keep, out));
        assert!(canonical.iter().all(u8::is_ascii_graphic));
        if keep != Keep::Visible {
            assert_eq!(decode(&canonical), decoded, "canonical form is equivalent");
            assert_eq!(
                put(|out| percent::canonical(&canonical, keep, out)),
                canonical,
                "canonical form is stable"
            );
            assert_eq!(
                put(|out| percent::canonical(&encoded, keep, out)),
                encoded,
                "encoded text is canonical"
            );
        }
        if keep == Keep::Unreserved {
            assert_eq!(canonical, encode(&decoded, keep));
        }
    }
});

fn kept(byte: u8, keep: Keep) -> bool {
    byte.is_ascii_alphanumeric()
        || b"-._~".contains(&byte)
        || match keep {
            Keep::Unreserved => false,
            Keep::Slash => byte == b'/',
            Keep::Visible => byte.is_ascii_graphic(),
        }
}

fn encode(bytes: &[u8], keep: Keep) -> Vec<u8> {
    let mut text = Vec::with_capacity(3 * bytes.len());
    for byte in bytes {
        if kept(*byte, keep) {
            text.push(*byte);
        } else {
            let digit = |value: u8| b"0123456789ABCDEF"[usize::from(value)];
            text.extend([b'%', digit(byte / 16), digit(byte % 16)]);
        }
    }
    text
}

fn decode(text: &[u8]) -> Vec<u8> {
    let (mut at, mut bytes) = (0, Vec::new());
    while let Some(byte) = text.get(at) {
        let digits = text.get(at + 1..at + 3).filter(|two| two.iter().all(u8::is_ascii_hexdigit));
        match digits {
            Some(two) if *byte == b'%' => {
                let two = str::from_utf8(two).expect("digits");
                bytes.push(u8::from_str_radix(two, 16).expect("digits"));
                at += 3;
            }
            _ => {
                bytes.push(*byte);
                at += 1;
            }
        }
    }
    bytes
}
