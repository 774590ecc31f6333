//! Where random bytes come from.

use core::fmt;

use rustls::crypto::{GetRandomFailed, SecureRandom};

/// Fills a buffer with random bytes for keys, or fails: a function over the board's generator. A seed with a counter is none.
pub type Random = fn(&mut [u8]) -> Result<(), GetRandomFailed>;

/// The same for rustls.
pub(super) struct Generator(pub(super) Random);

impl fmt::Debug for Generator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Generator")
    }
}

impl SecureRandom for Generator {
    fn fill(&self, room: &mut [u8]) -> Result<(), GetRandomFailed> {
        (self.0)(room)
    }
}
