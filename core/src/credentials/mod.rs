//! Credentials as borrowed text, never printed.

mod owned;

use core::fmt;

use crate::wire::device::ON_DEVICE;
use crate::wire::time::UnixTime;

pub use owned::OwnedCredentials;

/// A secret in borrowed memory: no `Display`, no `Clone`, and `Debug` shows its length only.
///
/// The owner of the memory wipes it, as [`Slot`](crate::flow::Slot) does.
pub struct Secret<'a>(&'a str);

impl<'a> Secret<'a> {
    /// Marks `text` as secret.
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The secret itself. The caller is responsible for where it goes.
    pub const fn expose(&self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Secret<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "Secret({=usize} bytes)", self.0.len());
    }
}

/// One set of AWS credentials. `Debug` shows the access key id alone.
#[derive(Debug)]
pub struct Credentials<'a> {
    access_key_id: &'a str,
    secret_access_key: Secret<'a>,
    session_token: Option<Secret<'a>>,
    account_id: Option<&'a str>,
    expiration: Option<UnixTime>,
}

#[cfg(feature = "defmt")]
impl defmt::Format for Credentials<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(
            f,
            "Credentials({=str}, {}, {}, {})",
            self.access_key_id,
            self.secret_access_key,
            self.session_token,
            self.expiration,
        );
    }
}

impl<'a> Credentials<'a> {
    /// Checks the three texts: visible ASCII, neither key empty, and in the access key id none of the
    /// characters that structure an `Authorization` header. An empty session token counts as none.
    ///
    /// # Errors
    /// [`InvalidCredentials`] with the name of the text.
    pub fn new(
        access_key_id: &'a str,
        secret_access_key: &'a str,
        session_token: Option<&'a str>,
    ) -> Result<Self, InvalidCredentials> {
        let session_token = session_token.filter(|token| !token.is_empty());
        if access_key_id.is_empty() || !access_key_id.bytes().all(is_key_id_byte) {
            return Err(InvalidCredentials { field: "access key id" });
        }
        if secret_access_key.is_empty() || !is_visible(secret_access_key) {
            return Err(InvalidCredentials { field: "secret access key" });
        }
        if !is_visible(session_token.unwrap_or_default()) {
            return Err(InvalidCredentials { field: "session token" });
        }
        Ok(Self {
            access_key_id,
            secret_access_key: Secret(secret_access_key),
            session_token: session_token.map(Secret),
            account_id: None,
            expiration: None,
        })
    }

    /// Sets the account, which some sources name.
    pub fn with_account_id(mut self, account_id: Option<&'a str>) -> Self {
        self.account_id = account_id;
        self
    }

    /// Sets the expiration.
    pub fn with_expiration(mut self, expiration: Option<UnixTime>) -> Self {
        self.expiration = expiration;
        self
    }

    /// The access key id, which is not secret: `AKIA...` is a long-term key, `ASIA...` a temporary one.
    pub fn access_key_id(&self) -> &'a str {
        self.access_key_id
    }

    /// The secret access key, which signs and is never sent.
    pub fn secret_access_key(&self) -> &Secret<'a> {
        &self.secret_access_key
    }

    /// The session token of temporary credentials, up to about 4 KB long.
    pub fn session_token(&self) -> Option<&Secret<'a>> {
        self.session_token.as_ref()
    }

    /// The twelve digits of the account, if the source named it.
    pub fn account_id(&self) -> Option<&'a str> {
        self.account_id
    }

    /// When the service stops accepting them; `None` for credentials without an end.
    pub fn expiration(&self) -> Option<UnixTime> {
        self.expiration
    }
}

/// The error of a text that cannot be (part of) credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct InvalidCredentials {
    /// The name of the text.
    pub field: &'static str,
}

impl fmt::Display for InvalidCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} is empty or has a character that is not allowed there", self.field)
    }
}

impl core::error::Error for InvalidCredentials {}

/// Whether it is visible ASCII. On a host every byte is compared without a branch, so that many are at once.
pub(crate) fn is_visible(text: &str) -> bool {
    let visible = |byte: u8| byte.is_ascii_graphic();
    if ON_DEVICE {
        text.bytes().all(visible)
    } else {
        text.bytes().fold(true, |all, byte| all & visible(byte))
    }
}

fn is_key_id_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'/' | b',' | b'=' | b'&' | b'%' | b'+')
}
