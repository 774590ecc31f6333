//! The cost of a signature: the operations, the hashing that a signature requires, and what another signer is.

pub mod bare;
pub mod operation;
pub mod signer;

pub use operation::Operation;
