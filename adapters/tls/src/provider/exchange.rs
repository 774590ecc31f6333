//! The key exchange on P-256.

use alloc::boxed::Box;
use core::fmt;

use p256::ecdh::diffie_hellman;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{PublicKey, SecretKey};
use rustls::crypto::{ActiveKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup, PeerMisbehaved};
use zeroize::Zeroizing;

use super::random::Random;

/// P-256 (secp256r1), with a source of randomness.
pub(super) struct P256(pub(super) Random);

impl fmt::Debug for P256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P256")
    }
}

/// A number that is no key, 0 or beyond the order of the curve, comes once in 2^32 times.
const MOST_DRAWS: usize = 8;

impl SupportedKxGroup for P256 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut drawn = Zeroizing::new([0; 32]);
        for _ in 0..MOST_DRAWS {
            (self.0)(&mut drawn[..])?;
            if let Ok(secret) = SecretKey::from_slice(&drawn[..]) {
                let point = secret.public_key().to_sec1_point(false);
                let mut public = [0; 65];
                public.iter_mut().zip(point.as_bytes()).for_each(|(to, from)| *to = *from);
                return Ok(Box::new(Begun { secret, public }));
            }
        }
        Err(GetRandomFailed.into())
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp256r1
    }
}

struct Begun {
    secret: SecretKey,
    /// The point, uncompressed.
    public: [u8; 65],
}

impl ActiveKeyExchange for Begun {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        // TLS 1.3 knows the uncompressed form alone (RFC 8446, section 4.2.8.2).
        let is_uncompressed = peer.first() == Some(&4);
        let peer =
            Some(peer).filter(|_| is_uncompressed).and_then(|peer| PublicKey::from_sec1_bytes(peer).ok());
        let peer = peer.ok_or(PeerMisbehaved::InvalidKeyShare)?;
        let secret = Zeroizing::new(self.secret.to_nonzero_scalar());
        let shared = diffie_hellman(*secret, peer.as_affine());
        Ok(SharedSecret::from(shared.raw_secret_bytes().as_slice()))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::secp256r1
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }
}
