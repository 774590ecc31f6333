//! Private keys in files that a passphrase opens.

use zeroize::zeroize_stack;

use super::pem::{KeyDer, KeyForm};
use crate::secret::Wiped;

/// The stack that decrypting uses at most, in bytes: `tests/memory` finds what is left if it is more.
const STACK: usize = 48 * 1024;

/// What is supported, and how to get there.
const CONVERT: &str =
    "expected PBES2 with AES; convert it: openssl pkcs8 -topk8 -v2 aes256 -in FILE -out NEW";

/// The work that a file may ask for: two seconds, and 32 MiB.
const MOST_ITERATIONS: u32 = 5_000_000;
const MOST_MEMORY: u64 = 32 * 1024 * 1024;
const MOST_PARALLEL: u16 = 16;

/// Refuses an encryption that would take too long, or too much memory.
fn check_cost(scheme: &pkcs8::pkcs5::EncryptionScheme) -> Result<(), String> {
    use pkcs8::pkcs5::EncryptionScheme;
    use pkcs8::pkcs5::pbes2::{Kdf, Pbkdf2Prf};
    let EncryptionScheme::Pbes2(parameters) = scheme else {
        return Err(format!("encrypted with PBES1, which is not supported: {CONVERT}"));
    };
    match &parameters.kdf {
        Kdf::Pbkdf2(kdf) if kdf.iteration_count > MOST_ITERATIONS => Err(format!(
            "encrypted with {} iterations of PBKDF2: expected {MOST_ITERATIONS} at most",
            kdf.iteration_count
        )),
        Kdf::Pbkdf2(kdf) if matches!(kdf.prf, Pbkdf2Prf::HmacWithSha1 | Pbkdf2Prf::HmacWithSha224) => {
            Err(format!("encrypted with PBKDF2 over SHA-1 or SHA-224, which is not supported: {CONVERT}"))
        }
        Kdf::Pbkdf2(_) => Ok(()),
        Kdf::Scrypt(kdf) => {
            let (n, r, p) = (kdf.cost_parameter, kdf.block_size, kdf.parallelization);
            let memory = n.saturating_mul(u64::from(r)).saturating_mul(128);
            if memory <= MOST_MEMORY && p <= MOST_PARALLEL {
                return Ok(());
            }
            Err(format!(
                "encrypted with scrypt of N {n}, r {r}, p {p}: expected 128 x N x r of at most {MOST_MEMORY} bytes, and p of \
                 at most {MOST_PARALLEL}"
            ))
        }
        _ => Err(format!("encrypted in a way that is not supported: {CONVERT}")),
    }
}

impl KeyDer {
    /// Decrypts it (PKCS#8 with PBES2: PBKDF2 or scrypt, and AES).
    pub(super) fn decrypt(self, passphrase: &[u8]) -> Result<Self, String> {
        let decrypted = self.decrypt_below(passphrase);
        // The cipher leaves blocks of the key there.
        zeroize_stack::<STACK>();
        decrypted
    }

    // Not inlined, so that what it leaves is below the caller.
    #[inline(never)]
    fn decrypt_below(self, passphrase: &[u8]) -> Result<Self, String> {
        let encrypted = pkcs8::EncryptedPrivateKeyInfoRef::try_from(self.der.as_slice())
            .map_err(|_| format!("encrypted in a way that is not supported: {CONVERT}"))?;
        check_cost(&encrypted.encryption_algorithm)?;
        let decrypted = encrypted.decrypt(passphrase).map_err(|_| "the passphrase is wrong".to_owned())?;
        Ok(Self { kind: KeyForm::Pkcs8, der: Wiped::new(decrypted.as_bytes().to_vec()) })
    }
}
