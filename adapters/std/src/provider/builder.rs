//! Options of a provider.

use std::sync::Arc;
use std::time::Duration;

use rolecall_core::refresh::Windows;

use crate::Settings;
use crate::cache::CredentialCache;
use crate::host::Host;
use crate::source::CredentialSource;
use crate::trace::{Trace, Tracer};

/// Builds a [`Provider`](crate::Provider) with options.
///
/// ```no_run
/// use rolecall::{Environment, Provider, Settings};
///
/// let settings = Settings::from_environment(&Environment::process())?;
/// let provider = Provider::builder(settings).trace(|step| eprintln!("{step}")).build();
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
    pub(super) wait: Option<Duration>,
}

impl ProviderBuilder {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            host: None,
            tracer: None,
            cache: None,
            windows: Windows::default(),
            source: None,
            wait: None,
        }
    }

    /// Uses the network, files, processes, prompts and clocks of `host` in place of this machine's.
    pub fn host(mut self, host: impl Host + 'static) -> Self {
        self.host = Some(Arc::new(host));
        self
    }

    /// Calls `tracer` at every exchange and wait.
    pub fn trace(mut self, tracer: impl Fn(Trace<'_>) + Send + Sync + 'static) -> Self {
        self.tracer = Some(Arc::new(tracer));
        self
    }

    /// Sends every event to the crate `log`, with the target `rolecall`: what is wrong as a warning, exchanges and waits for
    /// debugging. It takes the place of [`ProviderBuilder::trace`].
    #[cfg(feature = "log")]
    pub fn log(self) -> Self {
        self.trace(|trace| {
            let level = match trace {
                Trace::Asking { .. } => log::Level::Trace,
                _ if trace.is_problem() => log::Level::Warn,
                _ => log::Level::Debug,
            };
            log::log!(target: "rolecall", level, "{trace}");
        })
    }

    /// Sends every event to the crate `tracing`, as `ProviderBuilder::log` does to `log`.
    #[cfg(feature = "tracing")]
    pub fn tracing(self) -> Self {
        self.trace(|trace| match trace {
            Trace::Asking { .. } => tracing::trace!(target: "rolecall", "{trace}"),
            _ if trace.is_problem() => tracing::warn!(target: "rolecall", "{trace}"),
            _ => tracing::debug!(target: "rolecall", "{trace}"),
        })
    }

    /// Shares credentials with other processes through `cache`: those of this provider, and those of the
    /// sessions made from it.
    pub fn cache(mut self, cache: impl CredentialCache + 'static) -> Self {
        self.cache = Some(Arc::new(cache));
        self
    }

    /// Fetches credentials from `source` in place of the default chain. They are kept and refreshed as others
    /// are, and are not cached.
    pub fn source(mut self, source: impl CredentialSource + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Tries for the first credentials for up to `limit`, from their first use on: for a program that starts before the
    /// network, or before its instance has a role. Between two attempts it sleeps for 1 to 5 seconds, and the last one
    /// begins within the limit. What waiting cannot fix is reported at once: no source that is configured, an error
    /// in a setting, a refusal.
    pub fn wait(mut self, limit: Duration) -> Self {
        self.wait = Some(limit);
        self
    }

    /// Draws the first refresh from the whole life of the credentials, so that the requests of machines that
    /// booted together spread evenly. Has no effect beside a cache, which keeps credentials until they are
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
