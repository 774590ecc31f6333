//! Credentials that own their memory, and the identity they belong to.

use std::fmt;
use std::sync::Arc;

use rolecall_core::credentials::Credentials as Borrowed;
use rolecall_core::wire::time::UnixTime;

use crate::{Error, Secret};

/// One set of AWS credentials. Wiped when dropped; `Debug` shows the access key id alone.
pub struct Credentials {
    keys: Arc<Keys>,
    account_id: Option<String>,
    expiration: Option<UnixTime>,
    stale: bool,
}

/// What signs, in memory once however many threads hold it.
struct Keys {
    access_key_id: String,
    secret_access_key: Secret,
    session_token: Option<Secret>,
}

impl Credentials {
    /// Makes credentials of known texts. An empty token counts as none.
    ///
    /// # Errors
    /// [`Error::Configuration`] for a text that is empty or has a character that cannot be sent in a header.
    pub fn new(
        access_key_id: &str,
        secret_access_key: &str,
        session_token: Option<&str>,
    ) -> Result<Self, Error> {
        let checked = Borrowed::new(access_key_id, secret_access_key, session_token);
        checked
            .map(|checked| Self::copy(&checked))
            .map_err(|invalid| Error::Configuration(invalid.to_string()))
    }

    /// Copies what a slot holds.
    pub(crate) fn copy(from: &Borrowed<'_>) -> Self {
        let keys = Keys {
            access_key_id: from.access_key_id().to_owned(),
            secret_access_key: Secret::new(from.secret_access_key().expose().to_owned()),
            session_token: from.session_token().map(|token| Secret::new(token.expose().to_owned())),
        };
        let account_id = from.account_id().map(str::to_owned);
        Self { keys: Arc::new(keys), account_id, expiration: from.expiration(), stale: false }
    }

    /// The same, with the keys in the memory that they are in.
    pub(crate) fn shared(&self) -> Self {
        Self { keys: self.keys.clone(), account_id: self.account_id.clone(), ..*self }
    }

    /// Copies them into memory of their own.
    pub(crate) fn copied(&self) -> Self {
        Self::copy(&self.borrow()).with_stale(self.stale)
    }

    /// Borrows them as the core's type, to sign with [`rolecall_core::sigv4`].
    pub fn borrow(&self) -> Borrowed<'_> {
        let token = self.keys.session_token.as_ref().map(Secret::expose);
        Borrowed::new(&self.keys.access_key_id, self.keys.secret_access_key.expose(), token)
            .expect("checked when they were made")
            .with_account_id(self.account_id.as_deref())
            .with_expiration(self.expiration)
    }

    /// Sets the account, twelve digits.
    pub fn with_account_id(mut self, account_id: Option<String>) -> Self {
        self.account_id = account_id;
        self
    }

    /// Sets the expiration.
    pub fn with_expiration(mut self, expiration: Option<UnixTime>) -> Self {
        self.expiration = expiration;
        self
    }

    pub(crate) fn with_stale(mut self, stale: bool) -> Self {
        self.stale = stale;
        self
    }

    /// The access key id: 16 to 128 characters, not secret. `AKIA...` is a long-term key, `ASIA...` a
    /// temporary one.
    pub fn access_key_id(&self) -> &str {
        &self.keys.access_key_id
    }

    /// The secret access key. The caller is responsible for where it goes; it is wiped with these
    /// credentials.
    pub fn expose_secret_access_key(&self) -> &str {
        self.keys.secret_access_key.expose()
    }

    /// The session token of temporary credentials, up to several KB; `None` for long-term keys.
    pub fn expose_session_token(&self) -> Option<&str> {
        self.keys.session_token.as_ref().map(Secret::expose)
    }

    /// The twelve digits of the account, where the source named it: instance metadata, IAM Identity Center
    /// and some processes do.
    pub fn account_id(&self) -> Option<&str> {
        self.account_id.as_deref()
    }

    /// When they expire; `None` for credentials without an end.
    pub fn expiration(&self) -> Option<UnixTime> {
        self.expiration
    }

    /// Whether `other` are the same ones, of the same fetch. Threads that ask one provider may have them in different
    /// [`Arc`]s.
    ///
    /// ```
    /// # use rolecall::Credentials;
    /// let [old, new] = ["AKIAIOSFODNN7EXAMPLE"; 2].map(|id| Credentials::new(id, "secret", None));
    /// let (old, new) = (old?, new?);
    /// assert!(old.same_as(&old) && !old.same_as(&new));
    /// # Ok::<(), rolecall::Error>(())
    /// ```
    pub fn same_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.keys, &other.keys)
    }

    /// Whether they had expired when they were fetched, as those of instance metadata in an outage: services accept them
    /// for longer, and [`Credentials::expiration`] is when others are requested.
    pub fn is_stale(&self) -> bool {
        self.stale
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.borrow().fmt(f)
    }
}

/// The identity that credentials belong to, as STS GetCallerIdentity returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallerIdentity {
    /// The twelve digits of the account.
    pub account: String,
    /// The principal's ARN: a user, an assumed role, or the account's root.
    pub arn: String,
    /// The principal's unique id, `AIDA...` or `AROA...:SESSION`.
    pub user_id: String,
}

/// Whether a text is an account: twelve digits.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
