//! A vector as a sink of the core's writers.

use rolecall::core::wire::Put;
use zeroize::Zeroizing;

/// What was written, which is wiped. Where it is a secret, it has to be made with room for it: memory that is outgrown is
/// not wiped.
#[derive(Default)]
pub(crate) struct Sink(pub(crate) Zeroizing<Vec<u8>>);

impl Put for Sink {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}
