//! The time that requests are signed at, and the one retry after a wrong clock.

use crate::error::ErrorKind;
use crate::flow::Received;
use crate::skew::{self, Clock, Now};
use crate::wire::time::UnixTime;

/// What one run knows about the time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    /// Whether the last request was signed for an invented time.
    blind: bool,
    /// Whether the one retry after a wrong clock was made.
    corrected: bool,
}

impl Timing {
    pub(crate) const NEW: Self = Self { blind: false, corrected: false };

    /// The time to sign at. A board without a clock sends a date that will be refused: the refusal
    /// has the time.
    ///
    /// # Errors
    /// `ClockUnknown` on a board without a clock that does not learn from replies.
    pub(crate) fn signing_time(&mut self, clock: &Clock, now: Now) -> Result<UnixTime, ErrorKind> {
        let time = clock.time(now);
        self.blind = time.is_none();
        if self.blind && !clock.learns() {
            return Err(ErrorKind::ClockUnknown);
        }
        Ok(time.unwrap_or(UnixTime::EPOCH))
    }

    /// Whether the clock caused the refusal with `code`, so that the request is to be signed again.
    pub(crate) fn was_wrong(&mut self, clock: &Clock, received: &Received<'_>, code: &str) -> Option<bool> {
        let learned = self.blind && clock.time(received.reply.received).is_some();
        let unexplained = code.is_empty() && received.reply.status == 403;
        let explained = received.corrected && (unexplained || skew::may_be_meant(code));
        (learned || explained).then(|| !core::mem::replace(&mut self.corrected, true))
    }
}
