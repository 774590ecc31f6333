//! The intermediate values of an SRP sign-in, computed independently of the core.

use num_bigint::BigUint;
use sha2::{Digest, Sha256};

use crate::secrets::{Forms, hmac, of_hash, of_key, of_text};

/// The group of 3,072 bits (RFC 3526).
const MODULUS: &[u8] =
    b"FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD\
EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F\
83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B\
E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510\
15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7\
ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C\
BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF";

/// The inputs of a sign-in, and the challenge of the pool.
pub(crate) struct Challenge<'a> {
    pub(crate) pool: &'a str,
    pub(crate) user: &'a str,
    pub(crate) password: &'a str,
    pub(crate) random: &'a [u8],
    pub(crate) salt: &'a BigUint,
    pub(crate) public: &'a BigUint,
}

/// All values that must not stay behind.
pub(crate) fn forms(challenge: &Challenge<'_>) -> Forms {
    let modulus = &BigUint::parse_bytes(MODULUS, 16).expect("digits");
    let generator = &BigUint::from(2u8);
    let own = hmac(challenge.random, &1u32.to_be_bytes());
    let own_number = &BigUint::from_bytes_be(&own);
    let own_public = generator.modpow(own_number, modulus);
    let scramble = &hash(&[&integer(&own_public), &integer(challenge.public)]);
    let identity =
        Sha256::digest([challenge.pool, challenge.user, ":", challenge.password].concat()).to_vec();
    let private = &hash(&[&integer(challenge.salt), &identity]);
    let multiplier = hash(&[&integer(modulus), &[2]]);
    let verifier = &generator.modpow(private, modulus);
    let blinded = &(multiplier * verifier % modulus);
    let base = &((challenge.public + modulus - blinded) % modulus);
    let exponent = &(own_number + scramble * private);
    let shared = &base.modpow(exponent, modulus);
    let pseudorandom = hmac(&integer(scramble), &integer(shared));
    let key = hmac(&pseudorandom, b"Caldera Derived Key\x01");

    let mut forms = of_text("password", challenge.password.as_bytes());
    forms.extend(of_key("random bytes", challenge.random));
    forms.push(("random bytes".to_owned(), challenge.random.to_vec()));
    forms.extend(of_hash("secret number", &own));
    forms.extend(of_hash("identity", &identity));
    forms.extend(of_hash("pseudorandom key", &pseudorandom));
    forms.extend(of_key("pseudorandom key", &pseudorandom));
    forms.extend(of_hash("derived key", &key));
    forms.extend(of_key("derived key", &key[..16]));
    for (name, number) in [
        ("secret number", own_number),
        ("private exponent", private),
        ("exponent", exponent),
        ("verifier", verifier),
        ("blinded verifier", blinded),
        ("base", base),
        ("shared secret", shared),
    ] {
        forms.extend(of_number(name, number));
        forms.extend(of_element(name, number, modulus));
    }
    let powers = [
        ("secret number", generator, own_number),
        ("verifier", generator, private),
        ("shared secret", base, exponent),
    ];
    for (name, base, exponent) in powers {
        // The intermediate powers, four bits at a time; the first ones are the same for every secret.
        for shift in (4..exponent.bits() - 8).step_by(4) {
            let part = base.modpow(&(exponent >> shift), modulus);
            forms.extend(of_element(&format!("{name}, intermediate power"), &part, modulus));
        }
    }
    for power in 2..16u32 {
        forms.extend(of_element("base, a power", &base.pow(power), modulus));
    }
    forms
}

/// A number in wire order and in limbs.
fn of_number(name: &str, number: &BigUint) -> Forms {
    vec![(name.to_owned(), number.to_bytes_be()), (format!("{name}, in limbs"), number.to_bytes_le())]
}

/// A number in Montgomery form, in limbs.
fn of_element(name: &str, number: &BigUint, modulus: &BigUint) -> Forms {
    let montgomery = (number << 3072u32) % modulus;
    vec![(format!("{name}, in Montgomery form"), montgomery.to_bytes_le())]
}

fn hash(parts: &[&[u8]]) -> BigUint {
    BigUint::from_bytes_be(&Sha256::digest(parts.concat()))
}

/// The number with a zero byte before a set top bit.
fn integer(number: &BigUint) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    if bytes[0] & 0x80 != 0 { [&[0], bytes.as_slice()].concat() } else { bytes }
}
