//! Credentials shared by processes, so that not each of them asks the metadata service.

use std::fmt;

use rolecall_core::flow::Lease;
use rolecall_core::refresh::advisory_window;
use rolecall_core::wire::time::UnixTime;

use crate::fetch::Fetched;
use crate::trace::{Trace, Tracer};
use crate::{Credentials, Error};

#[cfg(unix)]
mod file;
pub(crate) mod key;

#[cfg(unix)]
pub use file::FileCache;

/// A place where processes leave temporary credentials for one another. What goes wrong with it
/// never keeps anybody from credentials: they are fetched without it.
pub trait CredentialCache: Send + Sync {
    /// What was stored under `key`, as long as it can be relied on.
    ///
    /// # Errors
    /// What is there cannot be relied on: it is broken, or somebody else's.
    fn load(&self, key: &str) -> Result<Option<Entry>, CacheError>;

    /// Stores credentials under `key`, for all to see or for none.
    ///
    /// # Errors
    /// They could not be stored.
    fn store(&self, key: &str, entry: &Entry) -> Result<(), CacheError>;

    /// Waits until nobody else fetches for `key`, and keeps others from it until what it returns is
    /// dropped.
    ///
    /// # Errors
    /// The others could not be waited for.
    fn lock(&self, key: &str) -> Result<Box<dyn Lock>, CacheError>;

    /// Forgets what was stored under `key`: a service has refused it.
    ///
    /// # Errors
    /// It could not be removed.
    fn remove(&self, key: &str) -> Result<(), CacheError>;
}

/// Held by whoever fetches; dropped, it lets the next one on.
pub trait Lock {}

/// One set of temporary credentials, and how long they were good for when they were fetched.
#[derive(Debug)]
pub struct Entry {
    /// The credentials; they have an end.
    pub credentials: Credentials,
    /// Seconds of life that they had at first.
    pub lifetime: u64,
}

/// Why a cache was of no use, in a sentence without a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheError(pub String);

impl fmt::Display for CacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CacheError {}

/// A cache, as one fetch sees it.
pub(crate) struct Cached<'a> {
    pub(crate) cache: &'a dyn CredentialCache,
    pub(crate) key: &'a str,
    /// The time, as well as it is known at that moment.
    pub(crate) time: &'a dyn Fn() -> UnixTime,
    /// The access key id that a service has refused.
    pub(crate) refused: Option<String>,
    pub(crate) tracer: Option<&'a Tracer>,
}

impl Cached<'_> {
    /// What another process left, if it is fresh, else what `fetch` brings; that is left for others if
    /// `fetch` says so. Of processes that start together, one fetches, and the others wait for it.
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
        match &fetched {
            Ok(((credentials, Lease { lifetime_ms: Some(lifetime), .. }), true)) => {
                let entry = Entry { credentials: credentials.copied(), lifetime: lifetime / 1000 };
                self.tell(self.cache.store(self.key, &entry));
            }
            Ok(_) => {}
            // What is due for a refresh is still better than nothing.
            Err(error) if error.is_recoverable() => {
                if let Some(entry) = entry.filter(|entry| self.is_usable(entry)) {
                    return Ok(self.remaining(entry));
                }
            }
            Err(_) => {}
        }
        drop(lock);
        fetched.map(|(fetched, _)| fetched)
    }

    /// Forgets the credentials that a service has refused, unless others have taken their place.
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
        // More life than there was at first: by a clock that is behind, they may have ended long ago.
        let left = self.left(entry);
        (1..=entry.lifetime.saturating_add(60)).contains(&left)
            && self.refused.as_deref() != Some(entry.credentials.access_key_id())
    }

    /// Whether it is not yet in the window in which it would be refreshed.
    fn is_fresh(&self, entry: &Entry) -> bool {
        let window = u64::from(advisory_window(Some(entry.lifetime.saturating_mul(1000))));
        self.is_usable(entry) && self.left(entry) > window.min(entry.lifetime / 2)
    }

    fn remaining(&self, entry: Entry) -> Fetched {
        let lease = Lease {
            expiration: entry.credentials.expiration(),
            lifetime_ms: Some(self.left(&entry).saturating_mul(1000)),
        };
        (entry.credentials, lease)
    }

    fn tell<T>(&self, result: Result<T, CacheError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(CacheError(problem)) => {
                if let Some(tracer) = self.tracer {
                    tracer(Trace::Cache { problem: &problem });
                }
                None
            }
        }
    }
}
