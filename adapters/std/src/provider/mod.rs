//! Providers: credentials that are refreshed in time, shared by any number of threads.

mod builder;
mod call;
mod chunked;
mod explain;
mod held;
mod in_use;
mod keys;
#[cfg(any(feature = "sso", feature = "login"))]
mod login;
#[cfg(feature = "iot")]
mod mqtt;
mod send;

use std::fmt;
use std::sync::{Arc, Mutex};

use rolecall_core::refresh::Windows;
use rolecall_core::skew::Clock;
use rolecall_core::wire::time::UnixTime;

use crate::cache::{Cached, CredentialCache, key};
use crate::fetch::chain::{Link, chain};
use crate::fetch::{Fetched, Fetcher};
use crate::finding::Finding;
use crate::host::Host;
use crate::sessions::Session;
use crate::source::CredentialSource;
use crate::system::System;
use crate::trace::{Trace, Tracer};
use crate::wait::Wait;
use crate::{Credentials, Environment, Error, Role, Settings, lock};

use self::held::Held;
use self::keys::Keys;

pub use builder::ProviderBuilder;
pub use explain::Explanation;
pub use in_use::InUse;

/// Finds credentials, refreshes them, assumes roles, signs and sends. A clone is another handle to the same
/// credentials; any number of threads may share them.
///
/// Credentials are fetched at the first use, and again when they are due ([`rolecall_core::refresh`] says
/// when). One thread at a time fetches; others wait only if there are no unexpired credentials meanwhile.
#[derive(Clone)]
pub struct Provider {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) settings: Arc<Settings>,
    host: Arc<dyn Host>,
    pub(crate) clock: Arc<Mutex<Clock>>,
    pub(crate) tracer: Option<Arc<Tracer>>,
    cache: Option<Arc<dyn CredentialCache>>,
    wait: Option<Arc<Wait>>,
    /// Problems of the cache that were reported.
    reported: Arc<Mutex<Vec<String>>>,
    origin: Origin,
    held: Held,
    keys: Keys,
}

/// The source of the credentials.
#[derive(Clone)]
enum Origin {
    /// The default chain.
    Chain,
    /// A source of the caller's.
    Own(Arc<dyn CredentialSource>),
    /// STS, called with the credentials of another provider.
    Session(Provider, Session),
    /// STS, called with a token.
    Unsigned(Session),
}

impl Provider {
    /// A provider for the default chain, with the settings of the standard variables and the profile they
    /// name.
    ///
    /// # Errors
    /// [`Error::Configuration`] for a setting that cannot be used.
    pub fn from_environment(environment: &Environment) -> Result<Self, Error> {
        Ok(Self::new(Settings::from_environment(environment)?))
    }

    /// A provider for the default chain of `settings`.
    pub fn new(settings: Settings) -> Self {
        Self::builder(settings).build()
    }

    /// A builder, for a host, a trace, a cache or a source of the caller's.
    pub fn builder(settings: Settings) -> ProviderBuilder {
        ProviderBuilder::new(settings)
    }

    /// A provider of the credentials of `role`, assumed with those of this provider. Nothing is sent until
    /// they are needed.
    pub fn assume_role(&self, role: Role) -> Self {
        self.session(role)
    }

    /// A provider of the credentials of a session, which STS issues for those of this provider, or for a
    /// token. Nothing is sent until they are needed.
    pub fn session(&self, session: impl Into<Session>) -> Self {
        let session = session.into();
        let origin = if session.is_unsigned() {
            Origin::Unsigned(session)
        } else {
            Origin::Session(self.clone(), session)
        };
        Self { shared: Arc::new(self.with_origin(origin)) }
    }

    /// The same settings and host, and no credentials yet.
    fn with_origin(&self, origin: Origin) -> Shared {
        Shared {
            settings: self.shared.settings.clone(),
            host: self.shared.host.clone(),
            clock: self.shared.clock.clone(),
            tracer: self.shared.tracer.clone(),
            cache: self.shared.cache.clone(),
            wait: self.shared.wait.clone(),
            reported: self.shared.reported.clone(),
            origin,
            held: Held::new(Windows::default()),
            keys: Keys::default(),
        }
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The region of the settings; where none is set, that of the instance this runs on.
    ///
    /// # Errors
    /// [`Error::Configuration`] if there is none, or if it cannot be one.
    pub fn region(&self) -> Result<&str, Error> {
        self.fetcher().find_region();
        self.settings().region()
    }

    /// As [`Provider::region`], and `None` where there is no region.
    ///
    /// # Errors
    /// [`Error::Configuration`] if it cannot be one.
    pub fn region_if_any(&self) -> Result<Option<&str>, Error> {
        self.fetcher().find_region();
        self.settings().region_if_known()
    }

    /// The time to sign with: the system's, corrected by what services said.
    pub fn time(&self) -> UnixTime {
        lock(&self.shared.clock).time(self.host().now()).unwrap_or(UnixTime::EPOCH)
    }

    /// Seconds by which this machine's clock is behind (negative: ahead), as far as services showed.
    pub fn clock_skew(&self) -> i64 {
        lock(&self.shared.clock).skew()
    }

    /// Returns credentials, fetching them if they are due. If a refresh fails, those that are held are returned, even when they
    /// have ended: compare [`Credentials::expiration`] with [`Provider::time`] where that matters, and [`Provider::forget`]
    /// them to have the error. Threads may get the same ones in different [`Arc`]s ([`Credentials::same_as`]).
    ///
    /// # Errors
    /// [`Error::NoCredentials`] if no source is configured, [`Error::Chain`] if one is and fails; each has the findings of
    /// every source.
    pub fn credentials(&self) -> Result<Arc<Credentials>, Error> {
        self.shared.held.get(self.host(), || self.fetch())
    }

    /// Returns the credentials held, if no refresh of them is due: one that failed is not due for a while, even when they have
    /// ended. It never waits, so that an async caller need not leave its thread for it; where there are none,
    /// [`Provider::credentials`] fetches.
    pub fn held(&self) -> Option<Arc<Credentials>> {
        self.shared.held.good(self.host())
    }

    /// Reports that a service refused the credentials with this access key id as expired or unknown. If they
    /// are the ones in use, the next call fetches others; the cache forgets them.
    pub fn invalidate(&self, access_key_id: &str) {
        self.shared.held.invalidate(access_key_id);
        self.with_cached(|cached| cached.forget(access_key_id));
    }

    /// Drops the credentials held, and with them the time that a failed refresh is not repeated in; those that they were
    /// issued for, too. The next call fetches, or fails: for a caller that must not use credentials that have ended.
    pub fn forget(&self) {
        self.shared.held.forget();
        if let Origin::Session(base, _) = &self.shared.origin {
            base.forget();
        }
    }

    pub(crate) fn host(&self) -> &dyn Host {
        &*self.shared.host
    }

    pub(crate) fn fetcher(&self) -> Fetcher<'_> {
        Fetcher {
            settings: &self.shared.settings,
            host: self.host(),
            clock: &self.shared.clock,
            tracer: self.shared.tracer.as_deref(),
            variables: &[],
            wait: self.shared.wait.as_deref(),
            #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
            identity: None,
            #[cfg(any(feature = "iot", feature = "roles-anywhere", feature = "login"))]
            key: None,
        }
    }

    /// What `call` returns, called again and again as long as the caller waits for what is not there yet.
    fn waiting<T>(&self, mut call: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
        let Some(wait) = &self.shared.wait else { return call() };
        wait.until(self.host(), self.shared.tracer.as_deref(), || {
            self.shared.settings.forget_missing_region();
            call()
        })
    }

    /// The session that the credentials belong to, and the provider that calls STS for it, if it needs one;
    /// `None` for a chain or a source of the caller's.
    pub(crate) fn on_top(&self) -> Option<(Option<&Provider>, &Session)> {
        match &self.shared.origin {
            Origin::Session(base, session) => Some((Some(base), session)),
            Origin::Unsigned(session) => Some((None, session)),
            Origin::Chain | Origin::Own(_) => None,
        }
    }

    /// The source of the caller's, in place of the chain.
    fn own(&self) -> Option<&dyn CredentialSource> {
        match &self.shared.origin {
            Origin::Own(source) => Some(&**source),
            _ => None,
        }
    }

    /// Fetches, again and again as long as the caller waits for credentials that are not there yet.
    fn fetch(&self) -> Result<Fetched, Error> {
        self.waiting(|| self.fetch_once())
    }

    fn fetch_once(&self) -> Result<Fetched, Error> {
        let cached = self.with_cached(|cached| cached.or_fetch(&mut || self.fetch_now()));
        let fetched = cached.unwrap_or_else(|| self.fetch_now().map(|(fetched, _)| fetched));
        if fetched.is_ok() {
            // No key outlives the credentials that it is derived from.
            self.shared.keys.clear();
        }
        fetched
    }

    /// What `with` makes of the cache; `None` if there is no cache, or nothing that may be cached.
    fn with_cached<T>(&self, with: impl FnOnce(&Cached<'_>) -> T) -> Option<T> {
        let cache = self.shared.cache.as_ref()?;
        let key = self.cache_key()?;
        Some(with(&Cached {
            cache: &**cache,
            key: &key,
            time: &|| self.time(),
            refused: self.shared.held.refused(),
            tracer: self.shared.tracer.as_deref(),
            reported: &self.shared.reported,
        }))
    }

    /// Fetches credentials, and says whether other processes may have them: not keys that were given to this
    /// process.
    fn fetch_now(&self) -> Result<(Fetched, bool), Error> {
        match &self.shared.origin {
            Origin::Chain => self.fetch_chain(),
            Origin::Own(source) => self.fetch_own(&**source).map(|fetched| (fetched, false)),
            Origin::Session(base, session) => {
                self.fetch_session(base, session).map(|fetched| (fetched, true))
            }
            Origin::Unsigned(session) => self.fetcher().unsigned(session).map(|fetched| (fetched, true)),
        }
    }

    /// If STS refuses the credentials of `base` as expired, `base` is asked for others, once.
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

    fn fetch_own(&self, source: &dyn CredentialSource) -> Result<Fetched, Error> {
        self.fetcher().credentials(&mut *source.flow())
    }

    fn fetch_chain(&self) -> Result<(Fetched, bool), Error> {
        let (settings, mut findings, mut recoverable) = (self.settings(), Vec::new(), false);
        for &place in chain(settings) {
            match self.fetcher().fetch(place) {
                Ok(fetched) => return Ok((fetched, !settings.is_given(place))),
                Err(error) => {
                    self.note_profile(place, &error);
                    findings.push(Finding::of_place(place, settings, &error));
                    if !error.is_absent() {
                        return Err(Error::Chain { error: Box::new(error), findings });
                    }
                    // A metadata service that is unreachable, or has no role, may have one later.
                    recoverable |= error.is_not_yet();
                }
            }
        }
        Err(Error::NoCredentials { findings, recoverable })
    }

    /// Reports a named profile that has no credential setting, so that the instance's identity is no surprise.
    fn note_profile(&self, place: Link, error: &Error) {
        let named = place == Link::Profile && self.settings().names_profile && error.is_not_configured();
        if let Some(tracer) = self.shared.tracer.as_deref().filter(|_| named) {
            tracer(Trace::NoCredentialSettings { profile: &self.settings().profile_name });
        }
    }

    /// The cache key of these credentials; `None` for those that need no cache.
    fn cache_key(&self) -> Option<String> {
        let (settings, host) = (self.settings(), self.host());
        if self.on_top().is_some() {
            self.fetcher().find_region();
        }
        match &self.shared.origin {
            Origin::Chain => key::of_chain(settings, host),
            Origin::Own(_) => None,
            Origin::Session(base, session) => {
                // The keys of the settings belong to a chain alone.
                let of_keys =
                    || base.settings().keys_id().filter(|_| matches!(base.shared.origin, Origin::Chain));
                let base = base.cache_key().or_else(of_keys)?;
                Some(format!("{base}\n{}", key::of_session(settings, session, host)?))
            }
            Origin::Unsigned(session) => key::of_session(settings, session, host),
        }
    }
}

impl ProviderBuilder {
    /// Builds the provider. It fetches nothing until credentials are needed.
    pub fn build(self) -> Provider {
        let Self { settings, host, tracer, cache, windows, source, wait } = self;
        let clock = if settings.corrects_clock { Clock::new() } else { Clock::uncorrected() };
        let shared = Shared {
            host: host.unwrap_or_else(|| Arc::new(System::new(&settings))),
            settings: Arc::new(settings),
            clock: Arc::new(Mutex::new(clock)),
            tracer,
            cache,
            wait: wait.map(|limit| Arc::new(Wait::new(limit))),
            reported: Arc::default(),
            origin: source.map_or(Origin::Chain, Origin::Own),
            held: Held::new(windows),
            keys: Keys::default(),
        };
        Provider { shared: Arc::new(shared) }
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shared.origin {
            Origin::Chain => f.write_str("Provider(default chain)"),
            Origin::Own(source) => write!(f, "Provider({})", source.name()),
            Origin::Session(_, session) | Origin::Unsigned(session) => {
                write!(f, "Provider({})", session.name())
            }
        }
    }
}
