//! The readers of the core and of other crates: a file for each format, with its documents.

pub(crate) mod http1;
pub(crate) mod json;
pub(crate) mod xml;

/// A document, and how both read it: into a buffer, and to the number of bytes of the fields that were read.
pub(crate) struct Document {
    pub(crate) name: &'static str,
    /// Whether those that follow are the same in large.
    pub(crate) small: bool,
    pub(crate) text: String,
    pub(crate) ours: fn(&[u8], &mut [u8]) -> usize,
    pub(crate) theirs: fn(&[u8]) -> usize,
}

/// The documents of a format, and the crate that also reads them.
pub(crate) struct Format {
    pub(crate) name: &'static str,
    pub(crate) peer: &'static str,
    pub(crate) documents: Vec<Document>,
}

/// A text of `len` bytes, as in a session token.
fn token(len: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (0..len).map(|at| char::from(ALPHABET[(at * 37 + at / 64) % 64])).collect()
}

/// A text of `len` bytes, in which one place in ten is `escape`.
fn escaped(len: usize, escape: &str) -> String {
    let unit = token(9) + escape;
    unit.repeat(len / unit.len())
}
