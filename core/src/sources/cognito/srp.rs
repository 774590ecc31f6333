//! Secure Remote Password as in Cognito user pools: SRP-6a (RFC 5054) over the group of 3,072 bits (RFC
//! 3526), with SHA-256, and a key of sixteen bytes derived by HKDF (the client's side as in
//! amazon-cognito-identity-js). The password never leaves this side, in any form.
//!
//! Powers with a secret exponent take the same time for every exponent. They use up to 28 KB of stack, which
//! are wiped after them.

use base64ct::{Base64, Decoder};
use crypto_bigint::modular::ConstMontyForm;
use crypto_bigint::{U256, U1024, U3072, const_monty_params};
use zeroize::{Zeroize, Zeroizing, zeroize_stack};

use crate::error::ErrorKind;
use crate::sigv4::{Hasher, hmac};
use crate::wire::device::utf8;
use crate::wire::time::UnixTime;
use crate::wire::{Ascii, Cursor, Put};

use super::base64;

const_monty_params!(
    Group,
    U3072,
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD\
     EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
     EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F\
     83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B\
     E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510\
     15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7\
     ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C\
     BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF"
);

type Element = ConstMontyForm<Group, { U3072::LIMBS }>;

const GENERATOR: u8 = 2;
/// Bytes of an element.
const SIZE: usize = 384;

/// One side's part in one sign-in: a secret number, and the public number derived from it.
pub(super) struct Ephemeral {
    secret: U256,
    public: [u8; SIZE],
}

impl Drop for Ephemeral {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

/// The other side's answer.
pub(super) struct Challenge<'a> {
    /// The pool's name: the part of its id after the underscore.
    pub(super) pool: &'a str,
    /// The pool's own name of the user.
    pub(super) user: &'a str,
    pub(super) password: &'a str,
    /// Hexadecimal digits.
    pub(super) salt: &'a str,
    /// Hexadecimal digits.
    pub(super) public: &'a str,
    /// Base64.
    pub(super) secret_block: &'a str,
}

/// The stack that operations on secret numbers use at most, in bytes: `tests/memory` finds what is left if it
/// is more.
const DEAD: usize = 28 * 1024;

impl Ephemeral {
    /// No number yet.
    pub(super) const NONE: Self = Self { secret: U256::ZERO, public: [0; SIZE] };

    /// Draws the number, in the place where it stays. `random` has to be unpredictable, and new for each
    /// sign-in.
    pub(super) fn draw(&mut self, random: &[u8; 32]) {
        self.draw_below(random);
        zeroize_stack::<DEAD>();
    }

    #[inline(never)]
    fn draw_below(&mut self, random: &[u8; 32]) {
        self.secret = U256::from_be_slice(random);
        self.public = bytes(&power(&generator(), &self.secret.resize(), U256::BITS));
    }

    /// Writes `SRP_A`, in hexadecimal digits.
    pub(super) fn put_public(&self, out: &mut dyn Put) {
        for byte in self.public {
            let digit =
                |nibble: u8| if nibble < 10 { b'0' | nibble } else { (b'a' - 10).wrapping_add(nibble) };
            out.put(&[digit(byte >> 4), digit(byte & 15)]);
        }
    }

    /// `PASSWORD_CLAIM_SIGNATURE`, the proof that this side knows the password.
    ///
    /// # Errors
    /// [`ErrorKind::Unusable`] for a malformed challenge, or one that would reveal the secret.
    pub(super) fn claim(
        &self,
        challenge: &Challenge<'_>,
        timestamp: &Timestamp,
    ) -> Result<Ascii<44>, ErrorKind> {
        let claimed = self.claim_below(challenge, timestamp);
        zeroize_stack::<DEAD>();
        claimed
    }

    #[inline(never)]
    fn claim_below(&self, challenge: &Challenge<'_>, timestamp: &Timestamp) -> Result<Ascii<44>, ErrorKind> {
        let key = self.key(challenge)?;
        let mut fits = true;
        let code = hmac(&*key, &mut |out| {
            out.put(challenge.pool.as_bytes());
            out.put(challenge.user.as_bytes());
            fits = put_decoded(challenge.secret_block, out);
            out.put(timestamp.as_bytes());
        });
        if fits { Ok(base64(&code)) } else { Err(ErrorKind::Unusable("SECRET_BLOCK")) }
    }

    /// The key that both sides derive.
    fn key(&self, challenge: &Challenge<'_>) -> Result<Zeroizing<[u8; 16]>, ErrorKind> {
        let mut theirs = [0; SIZE];
        from_hex(challenge.public, &mut theirs).ok_or(ErrorKind::Unusable("SRP_B"))?;
        let mut salt = [0; 64];
        from_hex(challenge.salt, &mut salt).ok_or(ErrorKind::Unusable("SALT"))?;
        let public = Element::new(&U3072::from_be_slice(&theirs));
        let scramble = hash(&[&self.public, &theirs]);
        // Either would make the key public (RFC 5054, section 2.5.3).
        if bool::from(public.retrieve().is_zero()) || scramble == [0; 32] {
            return Err(ErrorKind::Unusable("SRP_B"));
        }
        let identity = Zeroizing::new(identity_of(challenge));
        let mut hasher = Hasher::new();
        put_integer(&salt, &mut hasher);
        hasher.put(&*identity);
        let private = Zeroizing::new(U256::from_be_slice(&*Zeroizing::new(hasher.finish())));
        let multiplier = U256::from_be_slice(&hash(&[&bytes_of_modulus(), &[GENERATOR]]));
        let verifier = Zeroizing::new(power(&generator(), &private.resize(), U256::BITS));
        let base = Zeroizing::new(public.sub(&Element::new(&multiplier.resize()).mul(&verifier)));
        let scramble_wide: U1024 = U256::from_be_slice(&scramble).resize();
        let mut exponent: U1024 = private.resize();
        exponent = exponent.wrapping_mul(&scramble_wide).wrapping_add(&self.secret.resize());
        // 256 and 256 bits multiplied, and 256 added.
        let shared = Zeroizing::new(bytes(&power(&base, &exponent, 520)));
        exponent.zeroize();
        let pseudorandom = {
            let mut key = [0; 33];
            let mut out = Cursor::new(&mut key);
            put_integer(&scramble, &mut out);
            let length = out.needed();
            hmac(key.get(..length).unwrap_or_default(), &mut |out| put_integer(&*shared, out))
        };
        let expanded = hmac(&*pseudorandom, &mut |out| out.put(b"Caldera Derived Key\x01"));
        expanded.first_chunk().copied().map(Zeroizing::new).ok_or(ErrorKind::Misuse)
    }
}

/// `base` to the power of an exponent of at most `bits` bits, in a time that does not depend on the exponent.
#[inline(never)]
fn power(base: &Element, exponent: &U1024, bits: u32) -> Element {
    base.pow_bounded_exp(exponent, bits)
}

fn generator() -> Element {
    Element::new(&U3072::from_u8(GENERATOR))
}

fn bytes(element: &Element) -> [u8; SIZE] {
    to_bytes(&element.retrieve())
}

fn bytes_of_modulus() -> [u8; SIZE] {
    to_bytes(Element::MODULUS.as_ref())
}

fn to_bytes(number: &U3072) -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    let encoded = number.to_be_bytes();
    for (to, from) in bytes.iter_mut().zip(encoded.as_ref()) {
        *to = *from;
    }
    bytes
}

/// SHA-256 of the pool, the user and the password.
fn identity_of(challenge: &Challenge<'_>) -> [u8; 32] {
    let mut hasher = Hasher::new();
    for part in [challenge.pool, challenge.user, ":", challenge.password] {
        hasher.put(part.as_bytes());
    }
    hasher.finish()
}

fn hash(integers: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Hasher::new();
    integers.iter().for_each(|integer| put_integer(integer, &mut hasher));
    hasher.finish()
}

/// Writes an integer as the other side hashes it: without leading zeroes, except for one before a set top
/// bit.
fn put_integer(bytes: &[u8], out: &mut dyn Put) {
    let zeroes = bytes.iter().take_while(|byte| **byte == 0).count();
    let significant = bytes.get(zeroes..).unwrap_or_default();
    if significant.first().is_none_or(|byte| byte & 0x80 != 0) {
        out.put(&[0]);
    }
    out.put(significant);
}

/// Parses hexadecimal digits into the end of `bytes`; `None` if it is too short, or they are malformed.
fn from_hex(digits: &str, bytes: &mut [u8]) -> Option<()> {
    let mut places = bytes.iter_mut().rev();
    if digits.is_empty() {
        return None;
    }
    for pair in digits.as_bytes().rchunks(2) {
        let mut byte = 0u8;
        for digit in pair {
            byte = (byte << 4) | u8::try_from(char::from(*digit).to_digit(16)?).ok()?;
        }
        *places.next()? = byte;
    }
    Some(())
}

/// Writes the bytes that `text` encodes, and returns whether it is base64.
fn put_decoded(text: &str, out: &mut dyn Put) -> bool {
    let Ok(mut decoder) = Decoder::<Base64>::new(text.as_bytes()) else { return false };
    let mut piece = [0; 48];
    loop {
        let length = decoder.remaining_len().min(piece.len());
        let Some(room) = piece.get_mut(..length).filter(|room| !room.is_empty()) else { return true };
        match decoder.decode(room) {
            Ok(decoded) => out.put(decoded),
            Err(_) => return false,
        }
    }
}

/// The time of a proof, as Cognito formats it: `Sun Aug 30 12:36:00 UTC 2015`, the day without a leading
/// zero.
pub(super) struct Timestamp {
    text: [u8; 28],
    len: usize,
}

impl Timestamp {
    pub(super) fn new(time: UnixTime) -> Self {
        let date = time.http_date();
        // Sun, 30 Aug 2015 12:36:00 GMT
        let part = |range: core::ops::Range<usize>| date.as_bytes().get(range).unwrap_or_default();
        let (weekday, day, month, year, clock) =
            (part(0..3), part(5..7), part(8..11), part(12..16), part(17..25));
        let day = day.strip_prefix(b"0").unwrap_or(day);
        let mut text = [0; 28];
        let mut out = Cursor::new(&mut text);
        for part in [weekday, b" ", month, b" ", day, b" ", clock, b" UTC ", year] {
            out.put(part);
        }
        let len = out.needed();
        Self { text, len }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or_default()
    }

    pub(super) fn as_str(&self) -> &str {
        utf8(self.as_bytes()).unwrap_or_default()
    }
}
