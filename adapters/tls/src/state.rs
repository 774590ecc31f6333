//! What outlasts a session.

use rolecall_core::skew::{Instant, Now};
use rolecall_core::wire::time::UnixTime;

use crate::Arc;
use crate::fault::Fault;
use crate::trust::{Today, Trust};

/// What outlasts a session.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) trust: Arc<Trust>,
    pub(crate) today: Arc<Today>,
    pub(crate) built: UnixTime,
    /// A date that a server has sent whose certificate is valid at it, and when.
    pub(crate) learned: Option<(UnixTime, Instant)>,
    pub(crate) fault: Option<Fault>,
    pub(crate) handshakes: u32,
}

impl State {
    /// The date, if it is known.
    pub(crate) fn date(&self, now: Now) -> Option<UnixTime> {
        let since = |(date, then): (UnixTime, Instant)| {
            let seconds = now.monotonic.ms_since(then) / 1000;
            date.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX))
        };
        let shown = now.wall.filter(|date| *date >= self.built);
        shown.or(self.learned.map(since))
    }

    pub(crate) fn learn(&mut self, date: UnixTime, now: Now) {
        self.learned = Some((date, now.monotonic));
    }
}
