//! The certificate of a device, and its key.

mod key;
mod load;
mod pem;
mod place;

pub use key::Key;
pub use load::Identity;
pub use place::ClientCertificate;
