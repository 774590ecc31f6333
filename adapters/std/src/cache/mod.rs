//! Credentials shared by processes, so that not each of them asks the metadata service.

use std::fmt;
use std::sync::Mutex;

use rolecall_core::flow::Lease;
use rolecall_core::refresh::advisory_window;
use rolecall_core::wire::time::UnixTime;

use crate::fetch::Fetched;
use crate::trace::{Trace, Tracer};
use crate::{Credentials, Error, lock};

#[cfg(unix)]
mod file;
pub(crate) mod key;

#[cfg(unix)]
pub use file::FileCache;

/// A store through which processes share temporary credentials. An error of it never prevents a fetch:
/// credentials are then fetched without it.
pub trait CredentialCache: Send + Sync {
    /// Returns what was stored under `key`, if it can be trusted.
    ///
    /// # Errors
    /// The entry is malformed, or belongs to another user.
    fn load(&self, key: &str) -> Result<Option<Entry>, CacheError>;

    /// Stores credentials under `key`, atomically.
    ///
    /// # Errors
    /// They could not be stored.
    fn store(&self, key: &str, entry: &Entry) -> Result<(), CacheError>;

    /// Waits until no other process fetches for `key`, and keeps others from it until the returned lock is
    /// dropped.
    ///
    /// # Errors
    /// The other process took too long.
    fn lock(&self, key: &str) -> Result<Box<dyn Lock>, CacheError>;

    /// Removes what was stored under `key`, because a service refused it.
    ///
    /// # Errors
    /// It could not be removed.
    fn remove(&self, key: &str) -> Result<(), CacheError>;
}

/// Held by the process that fetches; dropping it lets the next one in.
pub trait Lock {}

/// One set of temporary credentials, and how long they were valid when they were fetched.
#[derive(Debug)]
pub struct Entry {
    /// The credentials, which have an expiration.
    pub credentials: Credentials,
    /// Their lifetime in seconds when they were fetched.
    pub lifetime: u64,
}

/// Why the cache could not be used, in a sentence without a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheError(pub String);

impl fmt::Display for CacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CacheError {}

/// The cache, from the point of view of one fetch.
pub(crate) struct Cached<'a> {
    pub(crate) cache: &'a dyn CredentialCache,
    pub(crate) key: &'a str,
    /// The time, as well as it is known at that moment.
    pub(crate) time: &'a dyn Fn() -> UnixTime,
    /// The access key id that a service refused.
    pub(crate) refused: Option<String>,
    pub(crate) tracer: Option<&'a Tracer>,
    /// The problems that were reported before.
    pub(crate) reported: &'a Mutex<Vec<String>>,
}

/// How many problems are remembered, so that each is reported once.
const REMEMBERED: usize = 16;

impl Cached<'_> {
    /// Returns what another process stored, if it is not due for a refresh, else what `fetch` returns, and
    /// stores that if `fetch` allows it. Of processes that start together, one fetches, and the others wait
    /// for it.
    pub(crate) fn or_fetch(
        &self,
        fetch: &mut dyn FnMut() -> Result<(Fetched, bool), Error>,
    ) -> Result<Fetched, Error> {
        if let Some(found) = self.load().and_then(|entry| self.fresh(entry)) {
            return Ok(found);
        }
        let lock = self.tell(self.cache.lock(self.key));
        let entry = self.load();
        let entry = match entry {
            Some(entry) if self.is_fresh(&entry) => return Ok(self.remaining(entry)),
            other => other,
        };
        let fetched = fetch();
        let falls_back = match &fetched {
            Ok(((credentials, Lease { lifetime_ms: Some(lifetime), stale: false, .. }), true)) => {
                let entry = Entry { credentials: credentials.copied(), lifetime: lifetime / 1000 };
                self.tell(self.cache.store(self.key, &entry));
                false
            }
            Ok(((_, lease), _)) => lease.stale,
            Err(error) => error.is_recoverable(),
        };
        // Credentials that are due for a refresh are still better than none, and than those that have expired.
        if let Some(entry) = entry.filter(|entry| falls_back && self.is_usable(entry)) {
            return Ok(self.remaining(entry));
        }
        drop(lock);
        fetched.map(|(fetched, _)| fetched)
    }

    /// Removes the credentials that a service refused, unless others have replaced them.
    pub(crate) fn forget(&self, access_key_id: &str) {
        if self.load().is_some_and(|entry| entry.credentials.access_key_id() == access_key_id) {
            self.tell(self.cache.remove(self.key));
        }
    }

    fn load(&self) -> Option<Entry> {
        self.tell(self.cache.load(self.key)).flatten()
    }

    fn fresh(&self, entry: Entry) -> Option<Fetched> {
        if self.is_fresh(&entry) { Some(self.remaining(entry)) } else { None }
    }

    fn left(&self, entry: &Entry) -> u64 {
        let end = entry.credentials.expiration().unwrap_or(UnixTime::EPOCH);
        u64::try_from(end.seconds_since((self.time)())).unwrap_or(0)
    }

    fn is_usable(&self, entry: &Entry) -> bool {
        // More left than there was at first: by a clock that is behind, they may have expired long ago.
        let left = self.left(entry);
        (1..=entry.lifetime.saturating_add(60)).contains(&left)
            && self.refused.as_deref() != Some(entry.credentials.access_key_id())
    }

    /// Whether it is not yet in the refresh window.
    fn is_fresh(&self, entry: &Entry) -> bool {
        let window = u64::from(advisory_window(Some(entry.lifetime.saturating_mul(1000))));
        self.is_usable(entry) && self.left(entry) > window.min(entry.lifetime / 2)
    }

    fn remaining(&self, entry: Entry) -> Fetched {
        let left = self.left(&entry).saturating_mul(1000);
        let lease = Lease::new(entry.credentials.expiration(), Some(left));
        (entry.credentials, lease)
    }

    fn tell<T>(&self, result: Result<T, CacheError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(CacheError(problem)) => {
                self.report(problem);
                None
            }
        }
    }
    /// Reports a problem to the user, once.
    fn report(&self, problem: String) {
        let Some(tracer) = self.tracer else { return };
        let mut reported = lock(self.reported);
        if reported.contains(&problem) {
            return;
        }
        if reported.len() < REMEMBERED {
            reported.push(problem.clone());
        }
        drop(reported);
        tracer(Trace::Cache { problem: &problem });
    }
}
