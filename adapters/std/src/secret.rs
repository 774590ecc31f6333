//! A secret that owns its memory.

use std::fmt;
use std::ops::Deref;

use zeroize::Zeroize;

/// A secret: wiped when dropped, neither printed nor cloned; `Debug` shows its length.
pub struct Secret(Wiped);

impl Secret {
    /// Takes ownership of `text`.
    pub fn new(text: String) -> Self {
        Self(Wiped(text))
    }

    /// The secret itself. The caller is responsible for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

/// A text that is wiped when dropped.
pub(crate) struct Wiped(pub(crate) String);

impl Deref for Wiped {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        // Capacity is wiped at once, and characters one by one: all of it becomes capacity first.
        self.0.clear();
        self.0.zeroize();
    }
}
