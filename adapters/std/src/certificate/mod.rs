//! The certificate of a device, and its key.

mod identity;
mod key;
mod load;
mod pem;
mod place;

pub use identity::Identity;
pub use key::Key;
pub use place::ClientCertificate;
