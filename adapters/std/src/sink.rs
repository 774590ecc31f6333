//! Takes what the core puts.

use rolecall_core::wire::Put;

/// Appends to a vector: to one that never grows where a secret is put.
pub(crate) struct Sink<'v>(pub(crate) &'v mut Vec<u8>);

impl Put for Sink<'_> {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}
