//! Events for logs: exchanges, waits, and what went wrong on the way.

use std::fmt;
use std::time::Duration;

use rolecall_core::error::Failure;

use crate::clock::off_by;

/// One step of a flow, for logs. It holds no secret.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Trace<'a> {
    /// An exchange begins.
    Asking {
        /// The method, and the service without path or query: `GET http://169.254.169.254`.
        asked: &'a str,
    },
    /// An exchange has ended.
    Exchange {
        /// The method, and the service without path or query: `GET http://169.254.169.254`.
        asked: &'a str,
        /// The status of the reply, or why there is none.
        outcome: Result<u16, Failure>,
        /// How long it took.
        took: Duration,
    },
    /// The provider waits before the next attempt.
    Wait {
        /// How long.
        pause: Duration,
    },
    /// A reply showed that this machine's clock is wrong; from now on, requests are signed with the service's
    /// time.
    Clock {
        /// Seconds by which it is behind (negative: ahead).
        behind: i64,
    },
    /// The profile that was named has no credential settings; the container endpoint and instance metadata are next.
    NoCredentialSettings {
        /// The profile's name.
        profile: &'a str,
    },
    /// Instance metadata returned credentials that have expired, as it does in an outage. They are used, because
    /// services accept them for longer, and others are requested in 5 to 10 minutes.
    Stale,
    /// There are no credentials yet, and the provider tries again
    /// ([`ProviderBuilder::wait`](crate::ProviderBuilder::wait)). Reported once.
    NotYet {
        /// Why there are none.
        reason: &'a str,
        /// How long it goes on trying.
        left: Duration,
    },
    /// A setting of the host is wrong in part, and used all the same.
    Warning {
        /// What is wrong with it.
        problem: &'a str,
    },
    /// The cache could not be used; credentials are fetched without it.
    Cache {
        /// What is wrong with the cache.
        problem: &'a str,
    },
}

#[cfg(any(feature = "log", feature = "tracing"))]
impl Trace<'_> {
    /// Whether it is about something that is wrong, and not a step on the way.
    pub(crate) fn is_problem(&self) -> bool {
        !matches!(self, Self::Asking { .. } | Self::Exchange { .. } | Self::Wait { .. } | Self::NotYet { .. })
    }
}

impl fmt::Display for Trace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asking { asked } => write!(f, "{asked} ..."),
            Self::Exchange { asked, outcome, took } => {
                write!(f, "{asked}: ")?;
                match outcome {
                    Ok(status) => write!(f, "{status}")?,
                    Err(failure) => write!(f, "{failure}")?,
                }
                write!(f, " after {} ms", took.as_millis())
            }
            Self::Wait { pause } => write!(f, "waiting {} ms", pause.as_millis()),
            Self::Clock { behind } => {
                write!(f, "this machine's clock is {}; signing by the service's clock", off_by(*behind))
            }
            Self::NoCredentialSettings { profile } => write!(
                f,
                "profile {profile} has no credential settings; asking the container endpoint and instance metadata"
            ),
            Self::Stale => f.write_str(
                "instance metadata returned credentials that have expired; using them, as services accept them for \
                 longer in an outage",
            ),
            Self::NotYet { reason, left } => {
                write!(f, "no credentials yet, trying for {} s: {reason}", left.as_millis().div_ceil(1000))
            }
            Self::Warning { problem } => f.write_str(problem),
            Self::Cache { problem } => write!(f, "cache not used: {problem}"),
        }
    }
}

/// Called at every step.
pub(crate) type Tracer = dyn Fn(Trace<'_>) + Send + Sync;
