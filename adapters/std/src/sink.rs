//! A vector as a sink of the core's writers.

use rolecall_core::wire::Put;

/// Appends to a vector. Where a secret is written, the vector must have room for it: memory that is outgrown
/// is not wiped.
pub(crate) struct Sink<'v>(pub(crate) &'v mut Vec<u8>);

impl Put for Sink<'_> {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}
