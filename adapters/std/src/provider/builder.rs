//! What a provider is made of.

use std::sync::Arc;

use rolecall_core::refresh::Windows;

use crate::Settings;
use crate::cache::CredentialCache;
use crate::host::Host;
use crate::source::CredentialSource;
use crate::trace::{Trace, Tracer};

/// Makes a [`Provider`](crate::Provider).
///
/// ```no_run
/// use rolecall::{Environment, Provider, Settings};
///
/// let settings = Settings::from_environment(&Environment::process())?;
/// let provider = Provider::builder(settings).trace(|step| eprintln!("{step:?}")).build();
/// # let _ = provider;
/// # Ok::<(), rolecall::Error>(())
/// ```
pub struct ProviderBuilder {
    pub(super) settings: Settings,
    pub(super) host: Option<Arc<dyn Host>>,
    pub(super) tracer: Option<Arc<Tracer>>,
    pub(super) cache: Option<Arc<dyn CredentialCache>>,
    pub(super) windows: Windows,
    pub(super) source: Option<Arc<dyn CredentialSource>>,
}

impl ProviderBuilder {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, host: None, tracer: None, cache: None, windows: Windows::default(), source: None }
    }

    /// Takes the network, files, processes, users and clocks from `host`, and not from this machine.
    pub fn host(mut self, host: impl Host + 'static) -> Self {
        self.host = Some(Arc::new(host));
        self
    }

    /// Calls `tracer` at every exchange and wait.
    pub fn trace(mut self, tracer: impl Fn(Trace<'_>) + Send + Sync + 'static) -> Self {
        self.tracer = Some(Arc::new(tracer));
        self
    }

    /// Shares what is fetched with other processes, by this provider and by the sessions made of it.
    pub fn cache(mut self, cache: impl CredentialCache + 'static) -> Self {
        self.cache = Some(Arc::new(cache));
        self
    }

    /// Asks `source` for credentials, and nothing else: the default chain is not looked at. They are kept and
    /// refreshed as others are, and are in no cache.
    pub fn source(mut self, source: impl CredentialSource + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Draws the first refresh from the whole life of the credentials, so that a fleet which booted
    /// together asks evenly. It has no effect beside a cache, in which credentials live until they are
    /// due.
    pub fn spread_refresh(mut self) -> Self {
        self.windows.spread = true;
        self
    }
}

impl std::fmt::Debug for ProviderBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
