//! Credentials that stay fresh, shared by any number of threads.

mod call;
mod explain;
mod send;

use std::fmt;
use std::sync::{Arc, Condvar, Mutex};

use rolecall_core::refresh::{Decision, Refresh, Windows};
use rolecall_core::skew::Clock;
use rolecall_core::wire::time::UnixTime;

use crate::cache::{Cached, CredentialCache, key};
use crate::fetch::chain::chain;
use crate::fetch::{Fetched, Fetcher};
use crate::finding::Finding;
use crate::host::Host;
use crate::sessions::Session;
use crate::system::System;
use crate::trace::{Trace, Tracer};
use crate::{Credentials, Environment, Error, Role, Settings, lock};

pub use explain::{Explanation, off_by};

/// Finds credentials, keeps them fresh, assumes roles, signs and sends. A clone is another handle
/// to the same credentials; any number of threads may share them.
///
/// Credentials are fetched when first asked for, and again when they are due
/// ([`rolecall_core::refresh`] tells when). One thread at a time fetches; others wait for it only
/// where there is nothing good to be had meanwhile.
#[derive(Clone)]
pub struct Provider {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) settings: Arc<Settings>,
    pub(crate) system: Arc<System>,
    /// Another world than the system's, for tests and programs with means of their own.
    host: Option<Arc<dyn Host>>,
    pub(crate) clock: Arc<Mutex<Clock>>,
    pub(crate) tracer: Option<Arc<Tracer>>,
    cache: Option<Arc<dyn CredentialCache>>,
    origin: Origin,
    held: Mutex<Held>,
    /// Woken when a fetch has ended.
    fetched: Condvar,
}

/// Where the credentials come from.
#[derive(Clone)]
enum Origin {
    /// The default chain.
    Chain,
    /// STS, asked with those of another provider.
    Session(Provider, Session),
    /// STS, asked with a token.
    Unsigned(Session),
}

#[derive(Default)]
struct Held {
    refresh: Refresh,
    credentials: Option<Arc<Credentials>>,
    error: Option<Error>,
    /// The thread that is at it.
    fetching: Option<Thread>,
    /// So many others wait for it.
    waiting: usize,
    /// Fetches that have ended.
    ended: u64,
}

/// A thread that runs: the address of something that each has one of. The standard library's own
/// name for it would cost every program two system calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Thread(usize);

impl Thread {
    fn this() -> Self {
        thread_local! {
            static OWN: u8 = const { 0 };
        }
        OWN.with(|own| Self(std::ptr::from_ref(own).addr()))
    }
}

impl Provider {
    /// What the standard variables say, and the profile that they name.
    ///
    /// # Errors
    /// [`Error::Configuration`] for a setting that cannot be used.
    pub fn from_environment(environment: &Environment) -> Result<Self, Error> {
        Ok(Self::new(Settings::from_environment(environment)?))
    }

    /// The default chain of `settings`.
    pub fn new(settings: Settings) -> Self {
        let clock = if settings.corrects_clock { Clock::new() } else { Clock::uncorrected() };
        let shared = Shared {
            system: Arc::new(System::new(&settings)),
            settings: Arc::new(settings),
            host: None,
            clock: Arc::new(Mutex::new(clock)),
            tracer: None,
            cache: None,
            origin: Origin::Chain,
            held: Mutex::default(),
            fetched: Condvar::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// A provider like this one that takes the world from `host`, but for what [`Provider::send`]
    /// sends. It holds no credentials yet.
    pub fn with_host(self, host: impl Host + 'static) -> Self {
        self.changed(|shared| shared.host = Some(Arc::new(host)))
    }

    /// A provider like this one that tells `tracer` of every exchange and wait. It holds no
    /// credentials yet.
    pub fn with_trace(self, tracer: impl Fn(Trace<'_>) + Send + Sync + 'static) -> Self {
        self.changed(|shared| shared.tracer = Some(Arc::new(tracer)))
    }

    /// A provider like this one that shares what it fetches with other processes, and so do sessions
    /// that are made of it. It holds no credentials yet.
    pub fn with_cache(self, cache: impl CredentialCache + 'static) -> Self {
        self.changed(|shared| shared.cache = Some(Arc::new(cache)))
    }

    /// A provider like this one that draws the first refresh from the whole life of the credentials, so
    /// that a fleet which booted together asks evenly; beside a cache, in which credentials live
    /// until they are due, that comes to nothing. It holds no credentials yet.
    pub fn with_spread_refresh(self) -> Self {
        self.changed(|shared| {
            let windows = Windows { spread: true, ..Windows::default() };
            lock(&shared.held).refresh = Refresh::new(windows);
        })
    }

    fn changed(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        if Arc::get_mut(&mut self.shared).is_none() {
            self = Self { shared: Arc::new(self.with_origin(self.shared.origin.clone())) };
        }
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.held = Mutex::default();
            change(shared);
        }
        self
    }

    /// The credentials of `role`, assumed with those of this provider.
    pub fn assume_role(&self, role: Role) -> Self {
        self.session(role)
    }

    /// The credentials of a session, which STS gives for those of this provider, or for a token.
    pub fn session(&self, session: impl Into<Session>) -> Self {
        let session = session.into();
        let origin = if session.is_unsigned() {
            Origin::Unsigned(session)
        } else {
            Origin::Session(self.clone(), session)
        };
        Self { shared: Arc::new(self.with_origin(origin)) }
    }

    /// The same world, and nothing held.
    fn with_origin(&self, origin: Origin) -> Shared {
        Shared {
            settings: self.shared.settings.clone(),
            system: self.shared.system.clone(),
            host: self.shared.host.clone(),
            clock: self.shared.clock.clone(),
            tracer: self.shared.tracer.clone(),
            cache: self.shared.cache.clone(),
            origin,
            held: Mutex::default(),
            fetched: Condvar::new(),
        }
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The time to sign with: the system's, corrected by what services have told.
    pub fn time(&self) -> UnixTime {
        lock(&self.shared.clock).time(self.host().now()).unwrap_or(UnixTime::EPOCH)
    }

    /// Seconds by which this machine's clock is behind (negative: ahead), as services have told.
    pub fn clock_skew(&self) -> i64 {
        lock(&self.shared.clock).skew()
    }

    /// Credentials that are good now.
    ///
    /// # Errors
    /// [`Error::NoCredentials`] if no source is set up, [`Error::Chain`] if one is and fails; each
    /// tells how every source fared.
    pub fn credentials(&self) -> Result<Arc<Credentials>, Error> {
        let mut held = lock(&self.shared.held);
        loop {
            let decision = held.refresh.decide(self.host().now().monotonic);
            match (decision, &held.credentials, &held.error) {
                (Decision::Use | Decision::UseLimited, Some(credentials), _) => {
                    return Ok(credentials.clone());
                }
                (Decision::RepeatError, _, Some(error)) => return Err(error.clone()),
                // Somebody is at it already, and what is held is good until then.
                (Decision::FetchAdvised, Some(credentials), _) if held.fetching.is_some() => {
                    return Ok(credentials.clone());
                }
                _ if held.fetching.is_none() => break,
                // Whoever is told of a fetch by it cannot wait for its end.
                (_, credentials, _) if held.fetching == Some(Thread::this()) => {
                    let within = "credentials were asked for by what fetches them".to_owned();
                    return credentials.clone().ok_or(Error::Configuration(within));
                }
                _ => {}
            }
            let ended = held.ended;
            held.waiting += 1;
            while held.fetching.is_some() && held.ended == ended {
                held = self.shared.fetched.wait(held).unwrap_or_else(std::sync::PoisonError::into_inner);
            }
            held.waiting -= 1;
            // What that fetch failed with is the answer for all who waited for it.
            if let (None, Some(error)) = (&held.credentials, &held.error) {
                return Err(error.clone());
            }
        }
        held.fetching = Some(Thread::this());
        drop(held);
        let turn = Turn(&self.shared);
        let fetched = self.fetch();
        turn.end(fetched, self.host())
    }

    /// A service refused the credentials with this access key id as expired or unknown. If they are
    /// the ones held, they are fetched anew when next asked for; the cache forgets them.
    pub fn invalidate(&self, access_key_id: &str) {
        let mut held = lock(&self.shared.held);
        if held.credentials.as_ref().is_some_and(|held| held.access_key_id() == access_key_id) {
            held.refresh.invalidate();
        }
        drop(held);
        self.with_cached(|cached| cached.forget(access_key_id));
    }

    /// Whether what is held was refused, so that a cache must not hand it out again.
    fn refused(&self) -> Option<String> {
        let held = lock(&self.shared.held);
        let refused = held.refresh.is_invalidated();
        held.credentials.as_ref().filter(|_| refused).map(|held| held.access_key_id().to_owned())
    }

    pub(crate) fn host(&self) -> &dyn Host {
        match &self.shared.host {
            Some(host) => &**host,
            None => &*self.shared.system,
        }
    }

    pub(crate) fn fetcher(&self) -> Fetcher<'_> {
        Fetcher {
            settings: &self.shared.settings,
            host: self.host(),
            clock: &self.shared.clock,
            tracer: self.shared.tracer.as_deref(),
        }
    }

    /// The session that these are the credentials of, and the provider that it is asked for with, if
    /// it takes one; `None` for a chain.
    pub(crate) fn on_top(&self) -> Option<(Option<&Provider>, &Session)> {
        match &self.shared.origin {
            Origin::Session(base, session) => Some((Some(base), session)),
            Origin::Unsigned(session) => Some((None, session)),
            Origin::Chain => None,
        }
    }

    fn fetch(&self) -> Result<Fetched, Error> {
        let cached = self.with_cached(|cached| cached.or_fetch(&mut || self.fetch_anew()));
        cached.unwrap_or_else(|| self.fetch_anew().map(|(fetched, _)| fetched))
    }

    /// What `with` makes of the cache; `None` where there is none, or nothing to be kept in one.
    fn with_cached<T>(&self, with: impl FnOnce(&Cached<'_>) -> T) -> Option<T> {
        let cache = self.shared.cache.as_ref()?;
        let key = self.cache_key()?;
        Some(with(&Cached {
            cache: &**cache,
            key: &key,
            time: &|| self.time(),
            refused: self.refused(),
            tracer: self.shared.tracer.as_deref(),
        }))
    }

    /// New credentials, and whether others may have them: not keys that somebody gave to this process.
    fn fetch_anew(&self) -> Result<(Fetched, bool), Error> {
        match &self.shared.origin {
            Origin::Chain => self.fetch_chain(),
            Origin::Session(base, session) => {
                self.fetch_session(base, session).map(|fetched| (fetched, true))
            }
            Origin::Unsigned(session) => self.fetcher().unsigned(session).map(|fetched| (fetched, true)),
        }
    }

    /// A base whose credentials STS refuses as ended is asked for others, once.
    fn fetch_session(&self, base: &Provider, session: &Session) -> Result<Fetched, Error> {
        self.fetcher().check(session)?;
        let credentials = base.credentials()?;
        match self.fetcher().session(session, &credentials) {
            Err(error) if error.says_ended() => {
                base.invalidate(credentials.access_key_id());
                let others = base.credentials()?;
                if others.access_key_id() == credentials.access_key_id() {
                    return Err(error);
                }
                self.fetcher().session(session, &others)
            }
            result => result,
        }
    }

    fn fetch_chain(&self) -> Result<(Fetched, bool), Error> {
        let (settings, mut findings, mut recoverable) = (self.settings(), Vec::new(), false);
        for place in chain(settings) {
            match self.fetcher().fetch(place) {
                Ok(fetched) => return Ok((fetched, !settings.is_given(place))),
                Err(error) => {
                    findings.push(Finding::of_place(place, settings, &error));
                    if !error.is_absent() {
                        return Err(Error::Chain { error: Box::new(error), findings });
                    }
                    // A metadata service that cannot be reached now may be there later.
                    recoverable |= error.is_recoverable();
                }
            }
        }
        Err(Error::NoCredentials { findings, recoverable })
    }

    /// What tells these credentials from all others; `None` for those that need no cache.
    fn cache_key(&self) -> Option<String> {
        let (settings, host) = (self.settings(), self.host());
        match &self.shared.origin {
            Origin::Chain => key::of_chain(settings, host),
            Origin::Session(base, session) => {
                let base = base.cache_key().or_else(|| base.settings().keys_id())?;
                Some(format!("{base}\n{}", key::of_session(settings, session, host)?))
            }
            Origin::Unsigned(session) => key::of_session(settings, session, host),
        }
    }
}

/// The one thread that fetches. Whatever comes of it, others are let on.
struct Turn<'a>(&'a Shared);

impl Turn<'_> {
    fn end(self, fetched: Result<Fetched, Error>, host: &dyn Host) -> Result<Arc<Credentials>, Error> {
        let (now, entropy) = (host.now().monotonic, host.entropy());
        let mut held = lock(&self.0.held);
        match fetched {
            Ok((credentials, lease)) => {
                let good = held.refresh.succeeded(now, lease.lifetime, entropy);
                if good || held.credentials.is_none() {
                    held.credentials = Some(Arc::new(credentials));
                }
                held.error = None;
            }
            Err(error) => {
                let recoverable = error.is_recoverable();
                held.refresh.failed(now, recoverable, entropy);
                held.error = Some(error.clone());
                if !recoverable || held.credentials.is_none() {
                    return Err(error);
                }
            }
        }
        held.credentials.clone().ok_or(Error::NoCredentials { findings: Vec::new(), recoverable: true })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut held = lock(&self.0.held);
        held.fetching = None;
        held.ended += 1;
        // The system would be called for nobody, too.
        if held.waiting > 0 {
            self.0.fetched.notify_all();
        }
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shared.origin {
            Origin::Chain => f.write_str("Provider(default chain)"),
            Origin::Session(_, session) | Origin::Unsigned(session) => {
                write!(f, "Provider({})", session.name())
            }
        }
    }
}
