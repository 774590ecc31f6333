//! The cost of a signature: the operations, another signer for comparison, and the hashing that a
//! signature requires.

pub mod bare;
pub mod operation;
pub mod peer;
pub mod provider;

pub use operation::Operation;
