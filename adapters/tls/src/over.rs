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
    /// The chain was verified at the date of today, and not just at one at which it can be valid.
    is_dated: bool,
}

impl<'a> Over<'a> {
    pub(crate) fn new(
        session: Session<'a>,
        state: &'a mut State,
        name: ServerName<'static>,
        is_dated: bool,
    ) -> Self {
        Self { session, state, name, is_dated }
    }

    /// Keeps a fault, and returns what the driver gets of it.
    pub(crate) fn failed(&mut self, fault: Fault) -> FailureKind {
        let fault = match fault {
            Fault::Tls(Error::InvalidCertificate(CertificateError::Other(_))) => {
                Fault::NoPath(self.state.trust.no_path())
            }
            fault => fault,
        };
        let kind = fault.kind();
        self.state.fault = Some(fault);
        kind
    }

    /// Verifies the chain once more, at the date of the first reply.
    pub(crate) fn check(&mut self, now: Now, headers: &[u8]) -> Result<(), FailureKind> {
        if self.is_dated {
            return Ok(());
        }
        let date = Headers::from_lines(headers).ok().and_then(|headers| headers.get("date"));
        let date = date.and_then(|text| UnixTime::from_http_date(text).ok());
        let checked = match (date, self.session.chain()) {
            (Some(date), Some(chain)) => {
                self.state.trust.verify_at(chain, &self.name, date).map(|()| date).map_err(Fault::Tls)
            }
            _ => Err(Fault::NoDate),
        };
        match checked {
            Ok(date) => {
                self.state.learn(date, now);
                self.is_dated = true;
                Ok(())
            }
            Err(fault) => Err(self.failed(fault)),
        }
    }
}
