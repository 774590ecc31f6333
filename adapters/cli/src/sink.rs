//! A vector as a sink of the core's writers.

use rolecall::core::wire::Put;
use zeroize::Zeroizing;

/// What was written, which is wiped, as is the memory that it outgrows.
#[derive(Default)]
pub(crate) struct Sink(pub(crate) Zeroizing<Vec<u8>>);

impl Put for Sink {
    fn put(&mut self, bytes: &[u8]) {
        let needed = self.0.len().saturating_add(bytes.len());
        if needed > self.0.capacity() {
            let mut larger =
                Zeroizing::new(Vec::with_capacity(needed.max(self.0.capacity().saturating_mul(2))));
            larger.extend_from_slice(&self.0);
            // The smaller one is wiped here.
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
    }
}
