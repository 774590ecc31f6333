//! Verification of RSA signatures (RFC 8017): PKCS#1 version 1.5, and PSS with a salt as long as the hash.
//!
//! Numbers have a fixed size, because the libraries for RSA need an allocator for each; nothing here is secret.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U2048, U4096, Uint};
use der::asn1::UintRef;
use der::{Decode, Reader, SliceReader};

use crate::digest::{Digest, Hash};

/// How a digest is padded to the size of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Padding {
    Pkcs1,
    Pss,
}

/// The sizes of keys, in bits.
const SMALLEST: usize = 2048;
const LARGEST: usize = 4096;
/// Public exponents are odd, and lie between these.
const EXPONENTS: core::ops::Range<u64> = 3..1 << 33;

/// Returns `Some` if `signature` is one of `message` by `key`, an RSAPublicKey in DER.
pub(super) fn verify(
    key: &[u8],
    padding: Padding,
    hash: Hash,
    message: &[u8],
    signature: &[u8],
) -> Option<()> {
    let mut reader = SliceReader::new(key).ok()?;
    let numbers = reader.sequence(|reader| Ok((UintRef::decode(reader)?, UintRef::decode(reader)?)));
    let (modulus, exponent) = numbers.and_then(|numbers| reader.finish().map(|()| numbers)).ok()?;
    let modulus = modulus.as_bytes();
    let bits = modulus.len().checked_mul(8)?.checked_sub(modulus.first()?.leading_zeros() as usize)?;
    let exponent = exponent.as_bytes();
    if !(SMALLEST..=LARGEST).contains(&bits) || exponent.len() > 8 || signature.len() != modulus.len() {
        return None;
    }
    let exponent = exponent.iter().fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
    if !EXPONENTS.contains(&exponent) || exponent % 2 == 0 {
        return None;
    }
    let mut encoded = [0; LARGEST / 8];
    if bits <= SMALLEST {
        power::<{ U2048::LIMBS }>(signature, exponent, modulus, &mut encoded)?;
    } else {
        power::<{ U4096::LIMBS }>(signature, exponent, modulus, &mut encoded)?;
    }
    let encoded = encoded.get(encoded.len().checked_sub(modulus.len())?..)?;
    let digest = Digest::of(hash, &[message]);
    match padding {
        Padding::Pkcs1 => is_pkcs1(encoded, hash, digest.bytes()),
        Padding::Pss => is_pss(encoded, bits, hash, digest.bytes()),
    }
    .then_some(())
}

/// Writes `base` to the power of `exponent` modulo `modulus` to the end of `out`.
#[inline(never)]
fn power<const LIMBS: usize>(base: &[u8], exponent: u64, modulus: &[u8], out: &mut [u8]) -> Option<()> {
    let modulus: Uint<LIMBS> = number(modulus)?;
    let base: Uint<LIMBS> = number(base)?;
    // RFC 8017, section 5.2.2.
    if base >= modulus {
        return None;
    }
    let params = FixedMontyParams::new_vartime(Option::from(Odd::new(modulus))?);
    let base = FixedMontyForm::new(&base, &params);
    let mut result = base;
    // From the bit below the highest one down.
    for bit in (0..exponent.checked_ilog2()?).rev() {
        result = result.square();
        if exponent >> bit & 1 == 1 {
            result = result.mul(&base);
        }
    }
    let bytes = result.retrieve().to_be_bytes();
    let bytes: &[u8] = bytes.as_ref();
    out.iter_mut().rev().zip(bytes.iter().rev()).for_each(|(to, from)| *to = *from);
    Some(())
}

/// A number of these bytes, which may be fewer than it can have.
fn number<const LIMBS: usize>(bytes: &[u8]) -> Option<Uint<LIMBS>> {
    let mut padded = [0; LARGEST / 8];
    let padded = padded.get_mut(..Uint::<LIMBS>::BYTES)?;
    if bytes.len() > padded.len() {
        return None;
    }
    padded.iter_mut().rev().zip(bytes.iter().rev()).for_each(|(to, from)| *to = *from);
    Some(Uint::from_be_slice(padded))
}

/// What stands before a digest in a signature of PKCS#1: a DigestInfo but for the digest itself (RFC 8017, section 9.2).
fn digest_info(hash: Hash) -> [u8; 19] {
    // The length of what follows, the last number of the hash's identifier, and the length of a digest.
    let (rest, arc, len) = match hash {
        Hash::Sha256 => (49, 1, 32),
        Hash::Sha384 => (65, 2, 48),
        Hash::Sha512 => (81, 3, 64),
    };
    [48, rest, 48, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, arc, 5, 0, 4, len]
}

fn is_pkcs1(encoded: &[u8], hash: Hash, digest: &[u8]) -> bool {
    let info = digest_info(hash);
    let Some(padding) = encoded
        .len()
        .checked_sub(3 + 19)
        .and_then(|len| len.checked_sub(digest.len()))
        .filter(|len| *len >= 8)
    else {
        return false;
    };
    let expected = [0, 1].into_iter().chain(core::iter::repeat_n(0xff, padding)).chain([0]);
    encoded.iter().copied().eq(expected.chain(info).chain(digest.iter().copied()))
}

/// EMSA-PSS-VERIFY (RFC 8017, section 9.1.2).
fn is_pss(encoded: &[u8], bits: usize, hash: Hash, digest: &[u8]) -> bool {
    pss(encoded, bits, hash, digest).is_some()
}

fn pss(encoded: &[u8], bits: usize, hash: Hash, digest: &[u8]) -> Option<()> {
    // One bit less than the key has; a whole byte less where that is a multiple of eight.
    let bits = bits.checked_sub(1)?;
    let (surplus, encoded) = encoded.split_at_checked(encoded.len().checked_sub(bits.div_ceil(8))?)?;
    let (rest, trailer) = encoded.split_at_checked(encoded.len().checked_sub(1)?)?;
    if surplus.iter().any(|byte| *byte != 0) || trailer != [0xbc] {
        return None;
    }
    let (masked, seed) = rest.split_at_checked(rest.len().checked_sub(hash.len())?)?;
    let unused = 0xffu8
        .checked_shl(8u32.checked_sub(encoded.len().checked_mul(8)?.checked_sub(bits)? as u32)?)
        .unwrap_or(0);
    if masked.first()? & unused != 0 {
        return None;
    }
    let mut block = [0; LARGEST / 8];
    let block = block.get_mut(..masked.len())?;
    block.iter_mut().zip(masked).for_each(|(to, from)| *to = *from);
    unmask(block, hash, seed);
    *block.first_mut()? &= !unused;
    let (padding, salt) = block.split_at_checked(block.len().checked_sub(hash.len())?)?;
    let (one, zeros) = padding.split_last()?;
    if *one != 1 || zeros.iter().any(|byte| *byte != 0) {
        return None;
    }
    (Digest::of(hash, &[&[0; 8], digest, salt]).bytes() == seed).then_some(())
}

/// Removes the mask that MGF1 makes of `seed` (RFC 8017, appendix B.2.1).
fn unmask(block: &mut [u8], hash: Hash, seed: &[u8]) {
    for (part, counter) in block.chunks_mut(hash.len()).zip(0u32..) {
        let mask = Digest::of(hash, &[seed, &counter.to_be_bytes()]);
        part.iter_mut().zip(mask.bytes()).for_each(|(byte, mask)| *byte ^= mask);
    }
}
