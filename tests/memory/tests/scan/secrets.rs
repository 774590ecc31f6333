//! Secrets of a test's own, and every form in which they may lie around.

use sha2::block_api::compress256;
use sha2::{Digest, Sha256};

/// What to look for: a name, and bytes.
pub(crate) type Forms = Vec<(String, Vec<u8>)>;

/// SHA-256's words before anything is hashed, and the constants of its rounds: the fractions of the roots
/// of the first primes.
fn constants(count: usize, root: impl Fn(f64) -> f64) -> Vec<u32> {
    let prime = |n: &u32| (2..*n).all(|d| !n.is_multiple_of(d));
    (2u32..)
        .filter(prime)
        .take(count)
        .map(|n| (root(f64::from(n)).fract() * 4_294_967_296.0) as u32)
        .collect()
}

/// A text of letters and digits that nobody else has.
pub(crate) fn text(len: usize) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    random(len).iter().map(|byte| char::from(letters[usize::from(*byte) % letters.len()])).collect()
}

/// Bytes that nobody else has.
pub(crate) fn random(len: usize) -> Vec<u8> {
    use std::io::Read;
    let mut bytes = vec![0; len];
    std::fs::File::open("/dev/urandom").expect("Linux").read_exact(&mut bytes).expect("bytes");
    bytes
}

/// A text, and that text in SHA-256's words, wherever those begin.
pub(crate) fn of_text(name: &str, text: &[u8]) -> Forms {
    let swapped =
        (0..4).map(|start| (format!("{name}, in words"), words_of(text.get(start..).unwrap_or(&[]))));
    std::iter::once((name.to_owned(), text.to_vec())).chain(swapped).collect()
}

/// The result of a hash that is a secret, and the state that it was read from.
pub(crate) fn of_hash(name: &str, hash: &[u8]) -> Forms {
    let words: Vec<u32> =
        hash.chunks(4).map(|word| u32::from_be_bytes(word.try_into().expect("four"))).collect();
    let mut forms = vec![(name.to_owned(), hash.to_vec())];
    if let Ok(state) = words.try_into() {
        forms.extend(of_state(name, state));
    }
    forms
}

/// A state, in order and as the SHA instructions have it.
fn of_state(name: &str, [a, b, c, d, e, f, g, h]: [u32; 8]) -> Forms {
    let bytes = |words: &[u32]| words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    vec![
        (format!("{name}, as a state"), bytes(&[a, b, c, d, e, f, g, h])),
        (format!("{name}, as a state in registers"), bytes(&[f, e, b, a])),
        (format!("{name}, as a state in registers"), bytes(&[h, g, d, c])),
    ]
}

/// What is made of a key for HMAC.
pub(crate) fn of_key(name: &str, key: &[u8]) -> Forms {
    let key = if key.len() > 64 { Sha256::digest(key).to_vec() } else { key.to_vec() };
    let mut forms = Forms::new();
    for (pad, byte) in [("inner", 0x36), ("outer", 0x5c)] {
        let name = format!("{name}, its {pad} pad");
        let mut block = [byte; 64];
        block.iter_mut().zip(&key).for_each(|(to, from)| *to ^= from);
        forms.extend(of_text(&name, &block[..key.len()]));
        forms.extend(schedule(&name, &block, key.len()));
        let mut state = initial();
        compress256(&mut state, &[block]);
        forms.extend(of_state(&format!("{name} absorbed"), state));
    }
    forms
}

fn initial() -> [u32; 8] {
    constants(8, f64::sqrt).try_into().expect("eight")
}

/// The words that a block becomes, with and without the constants of the rounds.
fn schedule(name: &str, block: &[u8; 64], len: usize) -> Forms {
    let mut words: Vec<u32> =
        block.chunks(4).map(|word| u32::from_be_bytes(word.try_into().expect("four"))).collect();
    for t in 16..64 {
        let (near, far) = (words[t - 2], words[t - 15]);
        let near = near.rotate_right(17) ^ near.rotate_right(19) ^ (near >> 10);
        let far = far.rotate_right(7) ^ far.rotate_right(18) ^ (far >> 3);
        words.push(near.wrapping_add(words[t - 7]).wrapping_add(far).wrapping_add(words[t - 16]));
    }
    let added: Vec<u32> = words
        .iter()
        .zip(constants(64, f64::cbrt))
        .map(|(word, constant)| word.wrapping_add(constant))
        .collect();
    let bytes = |words: &[u32]| words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<u8>>();
    vec![
        (format!("{name}, expanded"), bytes(&words[16..])),
        (format!("{name}, in a round"), bytes(&added[..len / 4])),
        (format!("{name}, in a round"), bytes(&added[16..])),
    ]
}

fn words_of(text: &[u8]) -> Vec<u8> {
    text.chunks_exact(4).flat_map(|word| word.iter().rev().copied()).collect()
}

/// HMAC-SHA-256 (RFC 2104).
pub(crate) fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let padded = |byte: u8| block.map(|of| of ^ byte);
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}

/// A secret access key, and all that signing for a day, region and service makes of it.
pub(crate) fn of_secret_key(name: &str, secret: &str, days: &[&str], region: &str, service: &str) -> Forms {
    let start = format!("AWS4{secret}").into_bytes();
    let mut forms = of_text(name, secret.as_bytes());
    forms.extend(of_text(&format!("{name} with AWS4"), &start));
    forms.extend(of_key(name, &start));
    for day in days {
        let mut key = start.clone();
        for part in [day, region, service, "aws4_request"] {
            key = hmac(&key, part.as_bytes());
            let name = format!("{name} after {part}");
            forms.extend(of_hash(&name, &key));
            forms.extend(of_key(&name, &key));
        }
    }
    forms
}
