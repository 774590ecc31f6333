//! The cryptography that rustls asks for, of RustCrypto: TLS_AES_128_GCM_SHA256, P-256, ECDSA and RSA.

mod exchange;
mod hash;
mod random;
mod records;
mod rsa;
mod signatures;

use alloc::boxed::Box;
use alloc::vec;

use rustls::Error;
use rustls::crypto::{CryptoProvider, KeyProvider};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;

use crate::Arc;

use random::Generator;
pub use random::Random;
pub(crate) use signatures::VERIFIED;

/// Keys are given as [`SigningKey`], and not as text.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::General("keys are given as signing keys".into()))
    }
}

/// The cryptography, with this source of randomness. Two small objects of it are never freed: build it once.
pub fn provider(random: Random) -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![records::SUITE],
        kx_groups: vec![Box::leak(Box::new(exchange::P256(random)))],
        signature_verification_algorithms: VERIFIED,
        secure_random: Box::leak(Box::new(Generator(random))),
        key_provider: &NoKeys,
    }
}
