//! What outlasts a session.

use rolecall_core::error::FailureKind;
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
        self.shown(now).or(self.learned.map(since))
    }

    /// What the clock of the board shows, if that can be.
    fn shown(&self, now: Now) -> Option<UnixTime> {
        now.wall.filter(|date| *date >= self.built)
    }

    /// Whether the date, if it is known, was learned of a server. A board that has a clock learns none.
    pub(crate) fn is_learned(&self) -> bool {
        self.learned.is_some()
    }

    /// Keeps a fault, and returns what the driver gets of it.
    pub(crate) fn refuse(&mut self, fault: Fault) -> FailureKind {
        let kind = fault.kind();
        self.fault = Some(fault);
        kind
    }

    pub(crate) fn learn(&mut self, date: UnixTime, now: Now) {
        self.learned = Some((date, now.monotonic));
    }
}
