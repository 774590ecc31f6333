//! What a provider does with its credentials: signs, sends, asks who they are.

use std::io::Write;
use std::time::{Duration, Instant};

use rolecall_core::call::read_error;
use rolecall_core::error::{Failure, FailureKind};
use rolecall_core::flow::Report;
use rolecall_core::skew::Authority;
use zeroize::Zeroizing;

use super::Provider;
use crate::credentials::Identity;
use crate::driver::{Driver, EXCHANGE};
use crate::host::Host;
use crate::http::transport::{Outgoing, read_body};
use crate::trace::Trace;
use crate::{Credentials, Error, Presigned, Reply, Request, Signed, lock};

impl Provider {
    /// Whose credentials these are (STS GetCallerIdentity).
    ///
    /// # Errors
    /// Those of [`Provider::credentials`], and of the call.
    pub fn caller_identity(&self) -> Result<Identity, Error> {
        let credentials = self.credentials()?;
        let identity = self.fetcher().identity(&credentials);
        if identity.as_ref().is_err_and(Error::says_ended) {
            self.invalidate(credentials.access_key_id());
        }
        identity
    }

    /// Signs `request` with the credentials, now.
    ///
    /// # Errors
    /// Those of [`Provider::credentials`] and [`Request::sign`].
    pub fn sign(&self, request: &Request) -> Result<Signed, Error> {
        let request = request.completed(self.settings())?;
        request.sign(&*self.credentials()?, self.time())
    }

    /// Presigns `request` with the credentials, from now on for `lifetime` seconds.
    ///
    /// # Errors
    /// Those of [`Provider::credentials`] and [`Request::presign`].
    pub fn presign(&self, request: &Request, lifetime: u32) -> Result<Presigned, Error> {
        let request = request.completed(self.settings())?;
        request.presign(&*self.credentials()?, self.time(), lifetime)
    }

    /// Signs and sends `request`; any status is a reply. It is sent once, and once more if the
    /// service says that this machine's clock is wrong.
    ///
    /// # Errors
    /// Those of [`Provider::sign`]; [`Error::Send`] if there is no reply.
    pub fn send(&self, request: &Request) -> Result<Reply, Error> {
        self.send_and_read(request, None)
    }

    /// As [`Provider::send`], for a body of any length: one that is longer than the request's limit
    /// goes to `out` as it comes, and what came before an error has been written by then. A shorter
    /// one is in the reply as usual.
    ///
    /// # Errors
    /// As [`Provider::send`].
    pub fn send_to(&self, request: &Request, out: &mut dyn Write) -> Result<Reply, Error> {
        self.send_and_read(request, Some(out))
    }

    fn send_and_read(&self, request: &Request, mut out: Option<&mut dyn Write>) -> Result<Reply, Error> {
        let request = request.completed(self.settings())?.canonical_path();
        let credentials = self.credentials()?;
        let first: Option<&mut dyn Write> = if let Some(out) = &mut out { Some(&mut **out) } else { None };
        let (mut reply, skew) = self.send_once(&request, &credentials, first)?;
        if reply.status >= 400 {
            let mut report = Report::new();
            let known = read_error(&reply.body, &mut report).is_ok();
            if known && lock(&self.shared.clock).explains(report.code(), skew) {
                reply = self.send_once(&request, &credentials, out)?.0;
            } else if matches!(report.code(), "ExpiredToken" | "ExpiredTokenException" | "InvalidToken") {
                self.invalidate(credentials.access_key_id());
            }
        }
        Ok(reply)
    }

    fn send_once(
        &self,
        request: &Request,
        credentials: &Credentials,
        out: Option<&mut dyn Write>,
    ) -> Result<(Reply, Option<i64>), Error> {
        let signed = request.sign(credentials, self.time())?;
        let limits = request.limits();
        let (start, sent) = (Instant::now(), self.host().now());
        let headers = signed.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let outgoing = Outgoing {
            method: request.method(),
            url: request.url(),
            headers: headers.collect(),
            body: request.content(),
            limits,
            metadata: false,
        };
        let exchanged = self.shared.system.transport().send(outgoing);
        if let Some(tracer) = &self.shared.tracer {
            let asked = format!("{} {}", request.method(), request.origin());
            let outcome =
                exchanged.as_ref().map(|response| response.status().as_u16()).map_err(|failure| *failure);
            tracer(Trace::Exchange { asked: &asked, outcome, took: start.elapsed() });
        }
        let mut response = exchanged.map_err(|failure| self.unsent(failure))?;
        let (headers, received) = (response.headers(), self.host().now());
        let date = headers.get("date").map(|value| value.as_bytes());
        let has_age = headers.contains_key("age");
        let before = self.clock_skew();
        let skew = lock(&self.shared.clock).observe(date, has_age, sent, received, Authority::Service);
        self.driver().tell_clock(before);
        let headers = headers.iter().filter_map(|(name, value)| {
            value.to_str().ok().map(|value| (name.as_str().to_owned(), value.to_owned()))
        });
        let (status, headers) = (response.status().as_u16(), headers.collect());
        let mut body = Zeroizing::new(Vec::new());
        let deadline = start + Duration::from_millis(limits.total.into());
        read_body(response.body_mut(), limits.body as usize, deadline, &mut body, out)
            .map_err(Error::Send)?;
        Ok((Reply { status, headers, body: std::mem::take(&mut *body) }, skew))
    }

    /// The error of a request without a reply: that of a setting, if it is one's fault.
    fn unsent(&self, failure: Failure) -> Error {
        let trouble = self
            .shared
            .system
            .trouble()
            .filter(|_| matches!(failure.kind, FailureKind::Untrusted | FailureKind::Unsupported));
        trouble.map_or(Error::Send(failure), Error::Configuration)
    }

    fn driver(&self) -> Driver<'_> {
        Driver {
            host: self.host(),
            clock: &self.shared.clock,
            tracer: self.shared.tracer.as_deref(),
            room: EXCHANGE,
        }
    }
}
