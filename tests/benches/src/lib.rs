//! What a signature costs: the operations, the peer that signs the same, and the hashing without
//! which there is no signature.

pub mod bare;
pub mod operation;
pub mod peer;
pub mod provider;

pub use operation::Operation;
