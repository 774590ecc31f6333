//! The certificate of a device, and its key; and the key of a session, which has no certificate.

#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
mod encrypted;
#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
mod identity;
mod key;
#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
mod load;
mod pem;
#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
mod place;
#[cfg(feature = "login")]
mod proof;

#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
pub use identity::Identity;
pub use key::Key;
#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
pub use place::ClientCertificate;
#[cfg(feature = "login")]
pub(crate) use proof::ProofKey;
