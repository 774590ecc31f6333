//! Credentials that own their memory.

use core::fmt;

use zeroize::Zeroize;

use crate::wire::device::utf8;
use crate::wire::time::UnixTime;
use crate::wire::{BufferTooSmall, Cursor, Put};

use super::Credentials;

/// Credentials that a program keeps: in a `static`, beside the flow that refreshes them, or for another
/// task. `N` is the sum of the texts that fit: 20 bytes of access key id, 40 of secret, 12 of account, and
/// the session token, for which to plan 4,096.
///
/// They are written in place, and wiped when they are replaced or dropped; a value that is
/// moved leaves its bytes where it was.
///
/// ```
/// use rolecall_core::credentials::{Credentials, OwnedCredentials};
/// let mut kept = OwnedCredentials::<256>::new();
/// assert!(kept.get().is_none());
/// kept.store(&Credentials::new("AKIDEXAMPLE", "secret", Some("token"))?)?;
/// assert_eq!(kept.get().unwrap().access_key_id(), "AKIDEXAMPLE");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct OwnedCredentials<const N: usize = 4_352> {
    memory: [u8; N],
    /// Where access key id, secret, token and account end. All zero without credentials.
    ends: [usize; 4],
    expiration: Option<UnixTime>,
}

impl<const N: usize> OwnedCredentials<N> {
    /// Room for credentials, and none in it.
    pub const fn new() -> Self {
        Self { memory: [0; N], ends: [0; 4], expiration: None }
    }

    /// Replaces what is kept by a copy of `credentials`.
    ///
    /// # Errors
    /// [`BufferTooSmall`], with the `N` that suffices; nothing is kept then.
    pub fn store(&mut self, credentials: &Credentials<'_>) -> Result<(), BufferTooSmall> {
        self.clear();
        let texts = [
            credentials.access_key_id(),
            credentials.secret_access_key().expose(),
            credentials.session_token().map_or("", |token| token.expose()),
            credentials.account_id().unwrap_or_default(),
        ];
        let mut out = Cursor::new(&mut self.memory);
        for (text, end) in texts.iter().zip(&mut self.ends) {
            out.put(text.as_bytes());
            *end = out.needed();
        }
        let written = out.finish().map(|_| ());
        match written {
            Ok(()) => self.expiration = credentials.expiration(),
            Err(_) => self.clear(),
        }
        written
    }

    /// The credentials that are kept.
    pub fn get(&self) -> Option<Credentials<'_>> {
        let [id, secret, token, account] = self.ends;
        let text = |start: usize, end: usize| {
            let text = utf8(self.memory.get(start..end)?).ok()?;
            Some(text).filter(|text| !text.is_empty())
        };
        let credentials = Credentials::new(text(0, id)?, text(id, secret)?, text(secret, token)).ok()?;
        Some(credentials.with_account_id(text(token, account)).with_expiration(self.expiration))
    }

    /// Wipes the credentials that are kept.
    pub fn clear(&mut self) {
        self.memory.zeroize();
        self.ends = [0; 4];
        self.expiration = None;
    }
}

impl<const N: usize> Default for OwnedCredentials<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Drop for OwnedCredentials<N> {
    fn drop(&mut self) {
        self.clear();
    }
}

impl<const N: usize> fmt::Debug for OwnedCredentials<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.get().map_or("none", |credentials| credentials.access_key_id());
        write!(f, "OwnedCredentials({id})")
    }
}
