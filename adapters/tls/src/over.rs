//! A connection, with or without a session over it.

use core::fmt;

use rolecall_core::error::FailureKind;
use rolecall_core::skew::Now;
use rolecall_core::wire::http1::Headers;
use rolecall_core::wire::time::UnixTime;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, Error};

use crate::fault::Fault;
use crate::session::Session;
use crate::state::State;

/// An open connection: plain, or a TLS session.
pub struct Secured<'a, C> {
    pub(crate) stream: C,
    pub(crate) over: Option<Over<'a>>,
}

impl<C> fmt::Debug for Secured<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secured").field("is_tls", &self.over.is_some()).finish_non_exhaustive()
    }
}

/// A session, and what it is checked by.
pub(crate) struct Over<'a> {
    pub(crate) session: Session<'a>,
    state: &'a mut State,
    name: ServerName<'static>,
    /// The date at which the chain was verified, if that was known, and not just one at which it can be valid.
    date: Option<UnixTime>,
    /// The first reply was looked at.
    is_checked: bool,
}

impl<'a> Over<'a> {
    pub(crate) fn new(
        session: Session<'a>,
        state: &'a mut State,
        name: ServerName<'static>,
        date: Option<UnixTime>,
    ) -> Self {
        Self { session, state, name, date, is_checked: false }
    }

    /// Keeps a fault, and returns what the driver gets of it.
    pub(crate) fn failed(&mut self, fault: Fault) -> FailureKind {
        let fault = match fault {
            Fault::Tls(Error::InvalidCertificate(
                CertificateError::Other(_) | CertificateError::ApplicationVerificationFailure,
            )) => Fault::NoPath(self.state.trust.no_path()),
            fault => fault,
        };
        self.state.refuse(fault)
    }

    /// Verifies the chain once more, at the date of the first reply, if the date was not known; or corrects what was learned of a
    /// server that said a date long before this one.
    pub(crate) fn check(&mut self, now: Now, headers: &[u8]) -> Result<(), FailureKind> {
        if core::mem::replace(&mut self.is_checked, true) {
            return Ok(());
        }
        let date = date_of(headers);
        let is_due = match (self.date, date) {
            (None, _) => true,
            (Some(known), Some(date)) => self.state.is_learned() && date.seconds_since(known) > LATER,
            (Some(_), None) => false,
        };
        if !is_due {
            return Ok(());
        }
        let checked = match (date, self.session.chain()) {
            (Some(date), Some(chain)) => {
                self.state.trust.verify_at(chain, &self.name, date).map(|()| date).map_err(Fault::Tls)
            }
            _ => Err(Fault::NoDate),
        };
        match checked {
            Ok(date) => self.state.learn(date, now),
            // The chain is valid at the date that is known.
            Err(_) if self.date.is_some() => {}
            Err(fault) => return Err(self.failed(fault)),
        }
        Ok(())
    }
}

/// How much later a date has to be than the one that was learned, to replace it, in seconds: a day.
const LATER: i64 = 86_400;

/// The date of a reply. One with an age was kept by a cache since then.
fn date_of(headers: &[u8]) -> Option<UnixTime> {
    let headers = Headers::from_lines(headers).ok()?;
    let text = headers.get("date").filter(|_| headers.get("age").is_none())?;
    UnixTime::from_http_date(text).ok()
}
