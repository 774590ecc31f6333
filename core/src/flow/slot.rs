//! Caller-provided memory for one set of credentials.

use core::fmt;
use core::ops::Range;

use zeroize::Zeroize;

use crate::credentials::Credentials;
use crate::error::{Buffer, ErrorKind};
use crate::wire::device::utf8;
use crate::wire::time::UnixTime;
use crate::wire::{BufferTooSmall, Cursor, Put};

use crate::flow::Kept;

/// The texts of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
// A word, which a device copies in one piece.
#[repr(u32)]
pub(crate) enum Field {
    AccessKeyId,
    SecretAccessKey,
    SessionToken,
    AccountId,
    /// An identity's name, and the principal's id, or that of an identity in a pool.
    Arn,
    UserId,
    /// The code of a multi-factor device, for one request.
    TokenCode,
    /// The texts kept of a reply.
    Kept,
}

const FIELDS: usize = 8;

/// The position of a text that was not written: after all memory, so that nothing is found there.
const NOWHERE: Range<usize> = usize::MAX..usize::MAX;

/// Memory for one set of credentials, or one identity. It is wiped before it is written again, and when the
/// slot is dropped.
///
/// It holds the sum of its texts: 20 bytes of access key id, 40 of secret, 12 of account, and the session
/// token, for which AWS states no limit: 400 to 1,500 bytes are usual; plan for 4,096. [`Slot::RECOMMENDED`]
/// holds that; [`Slot::LEAST`] the short tokens of a role without session tags.
pub struct Slot<'m> {
    memory: &'m mut [u8],
    used: usize,
    texts: [Range<usize>; FIELDS],
    expiration: Option<UnixTime>,
    sealed: bool,
}

impl<'m> Slot<'m> {
    /// The size in bytes that holds credentials with a token of 4 KB.
    pub const RECOMMENDED: usize = 4_352;
    /// The size in bytes below which ordinary role credentials do not fit.
    pub const LEAST: usize = 1_024;

    /// An empty slot in `memory`.
    pub fn new(memory: &'m mut [u8]) -> Self {
        Self { memory, used: 0, texts: [NOWHERE; FIELDS], expiration: None, sealed: false }
    }

    /// The credentials, if it holds some.
    pub fn credentials(&self) -> Option<Credentials<'_>> {
        if !self.sealed {
            return None;
        }
        let digits = |account: &&str| account.bytes().all(|byte| byte.is_ascii_digit());
        let account = self.text(Field::AccountId).filter(digits);
        let credentials = Credentials::new(
            self.text(Field::AccessKeyId)?,
            self.text(Field::SecretAccessKey)?,
            self.text(Field::SessionToken),
        );
        // Not by `ok`, which moves all of them once more.
        match credentials {
            Ok(credentials) => Some(credentials.with_account_id(account).with_expiration(self.expiration)),
            Err(_) => None,
        }
    }

    /// The identity, if it holds one.
    pub fn identity(&self) -> Option<CallerIdentity<'_>> {
        if !self.sealed {
            return None;
        }
        Some(CallerIdentity {
            account: self.text(Field::AccountId)?,
            arn: self.text(Field::Arn)?,
            user_id: self.text(Field::UserId)?,
        })
    }

    /// What was kept of the reply to an action with these paths
    /// ([`Action::KEPT`](crate::call::Action::KEPT)); nothing if it holds something else.
    pub fn kept(&self, names: &'static [&'static str]) -> Kept<'_> {
        let place = self.texts.get(Field::Kept as usize).filter(|_| self.sealed);
        let texts = place.and_then(|place| self.memory.get(place.clone()));
        Kept::new(names, texts.unwrap_or_default())
    }

    /// Wipes and empties it.
    pub fn clear(&mut self) {
        self.memory.zeroize();
        self.used = 0;
        self.texts = [NOWHERE; FIELDS];
        self.expiration = None;
        self.sealed = false;
    }

    /// Adds a text. One that does not fit is counted all the same, for [`Slot::seal`] to report.
    #[cfg_attr(target_os = "none", inline(never))]
    pub(crate) fn write(&mut self, field: Field, text: &mut dyn FnMut(&mut Cursor<'_>)) {
        let mut out = Cursor::new(self.memory.get_mut(self.used..).unwrap_or_default());
        text(&mut out);
        let end = self.used.saturating_add(out.needed());
        if let Some(place) = self.texts.get_mut(field as usize) {
            *place = self.used..end;
        }
        self.used = end;
    }

    pub(crate) fn set_expiration(&mut self, expiration: Option<UnixTime>) {
        self.expiration = expiration;
    }

    pub(crate) fn expiration(&self) -> Option<UnixTime> {
        self.expiration
    }

    /// Whether there is a text, even an empty one, or one that did not fit.
    pub(crate) fn has(&self, field: Field) -> bool {
        self.texts.get(field as usize).is_some_and(|place| *place != NOWHERE)
    }

    /// The text, if there is one that is not empty.
    pub(crate) fn text(&self, field: Field) -> Option<&str> {
        let place = self.texts.get(field as usize)?.clone();
        let text = self.memory.get(place).filter(|text| !text.is_empty())?;
        utf8(text).ok()
    }

    /// Whether a text did not fit.
    pub(crate) fn overflows(&self) -> bool {
        self.used > self.memory.len()
    }

    /// Marks the content as complete. Content that did not fit is wiped.
    pub(crate) fn seal(&mut self) -> Result<(), ErrorKind> {
        if self.overflows() {
            let needed = self.used;
            self.clear();
            return Err(ErrorKind::BufferTooSmall { buffer: Buffer::Slot, needed });
        }
        self.sealed = true;
        Ok(())
    }

    /// Stores credentials of the caller's.
    ///
    /// # Errors
    /// [`BufferTooSmall`] with the size that suffices; nothing is stored then.
    pub fn store(&mut self, credentials: &Credentials<'_>) -> Result<(), BufferTooSmall> {
        self.clear();
        self.write(Field::AccessKeyId, &mut |out| out.put(credentials.access_key_id().as_bytes()));
        self.write(Field::SecretAccessKey, &mut |out| {
            out.put(credentials.secret_access_key().expose().as_bytes());
        });
        if let Some(token) = credentials.session_token() {
            self.write(Field::SessionToken, &mut |out| out.put(token.expose().as_bytes()));
        }
        if let Some(account) = credentials.account_id() {
            self.write(Field::AccountId, &mut |out| out.put(account.as_bytes()));
        }
        self.expiration = credentials.expiration();
        let needed = self.used;
        self.seal().map_err(|_| BufferTooSmall { needed })
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}

impl fmt::Debug for Slot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slot({} of {} bytes)", self.used.min(self.memory.len()), self.memory.len())
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Slot<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        let size = self.memory.len();
        defmt::write!(f, "Slot({=usize} of {=usize} bytes)", self.used.min(size), size);
    }
}

/// The identity that credentials belong to, according to STS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct CallerIdentity<'a> {
    /// The twelve digits of the account.
    pub account: &'a str,
    /// The principal's ARN.
    pub arn: &'a str,
    /// The principal's unique id.
    pub user_id: &'a str,
}
