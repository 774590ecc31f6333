//! A provider whose fetches block other threads than those of tasks.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::SystemTime;

use rolecall::{Credentials, Provider, UnixTimeExt};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

use crate::Error;

/// The fetches of one provider that are under way at once. One thread fetches; while it does so early, the others get the
/// credentials that are still good, and when there are none they all wait for it.
const AT_ONCE: usize = 4;

/// A function that an executor runs once, on a thread that may block for seconds.
pub type Job = Box<dyn FnOnce() + Send>;

/// A [`Provider`] for tasks: it fetches on another thread while they wait. A clone is another handle to the same
/// credentials.
///
/// A task that stops waiting leaves its fetch running, and the next one gets what that has fetched.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use rolecall::{Environment, Provider};
/// use rolecall_aws::AsyncProvider;
///
/// let provider = AsyncProvider::new(Provider::from_environment(&Environment::process())?);
/// println!("{}", provider.credentials().await?.access_key_id());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AsyncProvider {
    provider: Provider,
    executor: Arc<dyn Fn(Job) + Send + Sync>,
    room: Arc<Semaphore>,
}

impl AsyncProvider {
    /// Fetches by `tokio::task::spawn_blocking` in tasks of a Tokio runtime, and elsewhere on a new thread for each fetch.
    pub fn new(provider: Provider) -> Self {
        Self::with_executor(provider, run)
    }

    /// Fetches by `executor`, which sends each job to a thread that may block: `|job| blocking::unblock(job).detach()`
    /// for example. If it ran the job itself, the task that asks would block meanwhile.
    pub fn with_executor(provider: Provider, executor: impl Fn(Job) + Send + Sync + 'static) -> Self {
        Self { provider, executor: Arc::new(executor), room: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The provider, which blocks.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Returns credentials that are good now: those held, at once, or else those of [`Provider::credentials`] on another
    /// thread.
    ///
    /// # Errors
    /// [`Error::Provider`] as [`Provider::credentials`] has it, [`Error::NotRun`] if the executor did not run the fetch.
    pub async fn credentials(&self) -> Result<Arc<Credentials>, Error> {
        if let Some(held) = self.provider.held() {
            return Ok(held);
        }
        let permit = self.room.clone().acquire_owned().await.map_err(|_| Error::NotRun)?;
        let (answer, answered) = oneshot::channel();
        let provider = self.provider.clone();
        (self.executor)(Box::new(move || {
            let fetched = provider.credentials();
            drop(permit);
            // The task may have stopped waiting.
            let _ = answer.send(fetched);
        }));
        answered.await.map_err(|_| Error::NotRun)?.map_err(Error::Provider)
    }

    /// When credentials end, by the clock of this machine, which clients compare with.
    #[cfg_attr(not(any(feature = "sdk", feature = "reqsign")), allow(dead_code, reason = "one has no end"))]
    pub(crate) fn end(&self, credentials: &Credentials) -> Option<SystemTime> {
        let behind = self.provider.clock_skew();
        Some(credentials.expiration()?.saturating_add(behind.saturating_neg()).to_system_time())
    }
}

impl fmt::Debug for AsyncProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncProvider").field(&self.provider).finish()
    }
}

/// Runs a job where it may block.
fn run(job: Job) {
    match Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn_blocking(job)),
        // Without a thread the job is dropped, which the task hears of.
        Err(_) => drop(thread::Builder::new().name("rolecall".to_owned()).spawn(job)),
    }
}
