//! Random bytes for a board that has none: they are as good as the seed, which is on the emulator's command line.
//!
//! **Not for a product.** The emulated board has no generator; a real one fills the buffer from its hardware, and fails if
//! that does.

use core::sync::atomic::{AtomicU32, Ordering};

use rolecall_core::sigv4::Hasher;
use rolecall_core::wire::Put;
use rolecall_tls::rustls::crypto::GetRandomFailed;

static SEED: AtomicU32 = AtomicU32::new(0);
static BLOCKS: AtomicU32 = AtomicU32::new(0);

pub(crate) fn start(seed: u32) {
    SEED.store(seed, Ordering::Relaxed);
}

/// The hashes of the seed and a counter.
pub(crate) fn fill(room: &mut [u8]) -> Result<(), GetRandomFailed> {
    for part in room.chunks_mut(32) {
        let block = BLOCKS.fetch_add(1, Ordering::Relaxed);
        let mut hasher = Hasher::new();
        hasher.put(&SEED.load(Ordering::Relaxed).to_be_bytes());
        hasher.put(&block.to_be_bytes());
        part.iter_mut().zip(hasher.finish()).for_each(|(to, from)| *to = from);
    }
    Ok(())
}
