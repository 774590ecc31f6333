//! Expirations, and the time in replies.

use crate::skew::{Authority, Clock};
use crate::wire::time::UnixTime;

use super::exchange::Reply;
pub(crate) use super::exchange::TIME_HEADERS;
use super::retry::draw_short;

/// Learns the time from a reply: returns the peer's, and whether the caller's wall clock was off by more than
/// a service tolerates.
pub(crate) fn observe(
    clock: &mut Clock,
    reply: &Reply,
    exchange: &[u8],
    authority: Authority,
) -> (Option<UnixTime>, bool) {
    let headers = reply.headers(exchange);
    let date = if headers.get("age").is_none() { headers.get("date") } else { None };
    let date = date.and_then(|date| UnixTime::from_http_date(date).ok());
    let skew = clock.learn(date, reply.sent, reply.received, authority);
    (date, clock.is_off(skew))
}

/// The result of a source of credentials. The credentials are in the first slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Lease {
    /// When they expire, according to the service; `None` for credentials without an end.
    pub expiration: Option<UnixTime>,
    /// Milliseconds until they expire, counted from the fetch; `None` for credentials without an end.
    pub lifetime_ms: Option<u64>,
    /// Whether their expiration had passed when they were fetched. In an outage instance metadata returns the last
    /// ones it has, and services accept them for longer; `expiration` and `lifetime_ms` are then 5 to 10 minutes from
    /// the fetch, when another is due.
    pub stale: bool,
}

impl Lease {
    /// The lease of credentials without an end, and of calls that return no credentials.
    pub const ENDLESS: Self = Self::new(None, None);

    /// Credentials that expire at `expiration`, this many milliseconds after they were fetched; `None` for those without
    /// an end.
    pub const fn new(expiration: Option<UnixTime>, lifetime_ms: Option<u64>) -> Self {
        Self { expiration, lifetime_ms, stale: false }
    }

    /// Credentials that had expired at `time`, and are used for 5 to 10 minutes more: a wait drawn by `entropy`, so that
    /// a fleet does not ask again all at once.
    pub(crate) fn of_expired(time: UnixTime, entropy: u32) -> Self {
        let seconds = draw_short(entropy, 300).saturating_add(300);
        let expiration = UnixTime::from_secs(time.as_secs().saturating_add(seconds.into()));
        Self { stale: true, ..Self::new(Some(expiration), Some(u64::from(seconds).wrapping_mul(1000))) }
    }
}

/// The lifetime to assume if the time is unknown: too short rather than too long.
const UNKNOWN_LIFETIME_MS: u64 = 5 * 60 * 1000;

/// The lease of credentials that expire at `expiration`, if it is `time` now; `None` if they have expired
/// already. The end is measured by the clock of the peer that set it, so that a wrong wall clock on this side
/// neither shortens nor lengthens it.
pub(crate) fn remaining(expiration: Option<UnixTime>, time: Option<UnixTime>) -> Option<Lease> {
    let lifetime = match (expiration, time) {
        (None, _) => None,
        (Some(_), None) => Some(UNKNOWN_LIFETIME_MS),
        (Some(expiration), Some(time)) => {
            let seconds = u64::try_from(expiration.seconds_since(time)).unwrap_or(0);
            if seconds == 0 {
                return None;
            }
            // Below 2^48.
            Some(seconds.wrapping_mul(1000))
        }
    };
    Some(Lease::new(expiration, lifetime))
}
