//! The credentials that a provider holds: one thread at a time fetches, readers take no lock.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use rolecall_core::refresh::{Decision, Refresh, Windows};
use rolecall_core::skew::Instant;

use crate::fetch::Fetched;
use crate::host::Host;
use crate::{Credentials, Error, lock};

/// The credentials in use, and the state of the refresh.
pub(super) struct Held {
    /// Credentials that are good until an instant: read without the lock, and cleared where the lock may
    /// decide otherwise.
    good: ArcSwapOption<Good>,
    windows: Windows,
    state: Mutex<State>,
    /// Notified when a fetch has ended.
    fetched: Condvar,
}

struct Good {
    credentials: Arc<Spread>,
    until: Instant,
}

/// The credentials of one fetch. Threads count their references at different places, so that they do not wait for each
/// other's counts.
struct Spread([Arc<Credentials>; Self::PLACES]);

impl Spread {
    const PLACES: usize = 8;

    fn new(credentials: Credentials) -> Arc<Self> {
        Arc::new(Self(std::array::from_fn(|_| Arc::new(credentials.shared()))))
    }

    /// The place of this thread.
    fn here(&self) -> &Arc<Credentials> {
        let [first, ..] = &self.0;
        self.0.get(Thread::this().below(Self::PLACES)).unwrap_or(first)
    }
}

#[derive(Default)]
struct State {
    refresh: Refresh,
    credentials: Option<Arc<Spread>>,
    error: Option<Error>,
    /// The thread that fetches.
    fetching: Option<Thread>,
    /// How many other threads wait for it.
    waiting: usize,
    /// Fetches that have ended.
    ended: u64,
}

/// Identifies a running thread by the address of a thread-local. The standard library's thread id would cost
/// every program two system calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Thread(usize);

impl Thread {
    fn this() -> Self {
        thread_local! {
            static OWN: u8 = const { 0 };
        }
        OWN.with(|own| Self(std::ptr::from_ref(own).addr()))
    }

    /// A number below `count`, evenly for the addresses of threads, which are far apart.
    fn below(self, count: usize) -> usize {
        // The golden ratio of the range: Fibonacci hashing.
        const RATIO: u64 = 0x9e37_79b9_7f4a_7c15;
        let hash = (self.0 as u64).wrapping_mul(RATIO) >> 32;
        ((hash * count as u64) >> 32) as usize
    }
}

impl Held {
    pub(super) fn new(windows: Windows) -> Self {
        let state = State { refresh: Refresh::new(windows), ..State::default() };
        Self {
            good: ArcSwapOption::const_empty(),
            windows,
            state: Mutex::new(state),
            fetched: Condvar::new(),
        }
    }

    /// Returns credentials that are good now: those held, or those that `fetch` returns.
    pub(super) fn get(
        &self,
        host: &dyn Host,
        fetch: impl FnOnce() -> Result<Fetched, Error>,
    ) -> Result<Arc<Credentials>, Error> {
        if let Some(good) = self.good(host) {
            return Ok(good);
        }
        let mut state = lock(&self.state);
        loop {
            let now = host.monotonic();
            match (state.refresh.decide(now), &state.credentials, &state.error) {
                (Decision::Use | Decision::UseLimited, Some(credentials), _) => {
                    let until = state.refresh.next_change(now).unwrap_or(Instant::from_millis(u64::MAX));
                    self.good.store(Some(Arc::new(Good { credentials: credentials.clone(), until })));
                    return Ok(credentials.here().clone());
                }
                (Decision::RepeatError, _, Some(error)) => return Err(error.clone()),
                // Another thread fetches, and the credentials in use are good until it is done.
                (Decision::FetchAdvised, Some(credentials), _) if state.fetching.is_some() => {
                    return Ok(credentials.here().clone());
                }
                _ if state.fetching.is_none() => break,
                // A fetch that calls this again cannot wait for itself.
                (_, credentials, _) if state.fetching == Some(Thread::this()) => {
                    let within = "the fetch of these credentials asked for them itself".to_owned();
                    let held = credentials.as_ref().map(|held| held.here().clone());
                    return held.ok_or(Error::Configuration(within));
                }
                _ => {}
            }
            let ended = state.ended;
            state.waiting += 1;
            while state.fetching.is_some() && state.ended == ended {
                state = self.fetched.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.waiting -= 1;
            // The error of that fetch is the answer for every thread that waited for it.
            if let (None, Some(error)) = (&state.credentials, &state.error) {
                return Err(error.clone());
            }
        }
        state.fetching = Some(Thread::this());
        drop(state);
        let turn = Turn(self);
        let fetched = fetch();
        turn.end(fetched, host)
    }

    /// Returns those that are good now, without a fetch and without waiting.
    pub(super) fn good(&self, host: &dyn Host) -> Option<Arc<Credentials>> {
        let good = self.good.load();
        good.as_ref().filter(|good| host.monotonic() < good.until).map(|good| good.credentials.here().clone())
    }

    /// Marks credentials with this access key id as refused: if they are the ones held, the next
    /// [`Held::get`] fetches.
    pub(super) fn invalidate(&self, access_key_id: &str) {
        let mut state = lock(&self.state);
        if state.credentials.as_ref().is_some_and(|held| held.here().access_key_id() == access_key_id) {
            state.refresh.invalidate();
            self.good.store(None);
        }
    }

    /// Drops the credentials held and the error of the last fetch: the next [`Held::get`] fetches.
    pub(super) fn forget(&self) {
        let mut state = lock(&self.state);
        state.refresh = Refresh::new(self.windows);
        (state.credentials, state.error) = (None, None);
        self.good.store(None);
    }

    /// The access key id of the credentials in use, if a service refused it: they must not come back from a
    /// cache.
    pub(super) fn refused(&self) -> Option<String> {
        let state = lock(&self.state);
        let refused = state.refresh.is_invalidated();
        state.credentials.as_ref().filter(|_| refused).map(|held| held.here().access_key_id().to_owned())
    }
}

/// The turn of the one thread that fetches. Dropping it wakes the others, whatever the result.
struct Turn<'a>(&'a Held);

impl Turn<'_> {
    fn end(self, fetched: Result<Fetched, Error>, host: &dyn Host) -> Result<Arc<Credentials>, Error> {
        let (now, entropy) = (host.monotonic(), host.entropy());
        let mut state = lock(&self.0.state);
        match fetched {
            Ok((credentials, lease)) => {
                let good = state.refresh.fetched(now, &lease, entropy);
                if good || state.credentials.is_none() {
                    state.credentials = Some(Spread::new(credentials));
                    self.0.good.store(None);
                }
                state.error = None;
            }
            Err(error) => {
                let recoverable = error.is_recoverable();
                state.refresh.failed(now, recoverable, entropy);
                state.error = Some(error.clone());
                if !recoverable || state.credentials.is_none() {
                    return Err(error);
                }
            }
        }
        let held = state.credentials.as_ref().map(|held| held.here().clone());
        held.ok_or(Error::NoCredentials { findings: Vec::new(), recoverable: true })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.fetching = None;
        state.ended += 1;
        // Without a waiting thread, no system call is needed.
        if state.waiting > 0 {
            self.0.fetched.notify_all();
        }
    }
}
