//! A request to verify, and what is accepted.

use core::time::Duration;

use super::super::Scope;

/// A request as it was received.
#[derive(Debug, Clone)]
pub struct Received<'r, L> {
    pub(super) method: &'r str,
    pub(super) target: &'r str,
    pub(super) lines: L,
}

impl<'r, L: Iterator<Item = (&'r str, &'r [u8])> + Clone> Received<'r, L> {
    /// A request of `method` for `target`, path and query as in the request line, with all its header lines in the order
    /// received: [`RequestHead`](crate::wire::http1::RequestHead) has these.
    pub fn new(method: &'r str, target: &'r str, lines: L) -> Self {
        Self { method, target, lines }
    }
}

/// What is accepted: one scope, a time window, and what need not be covered.
#[derive(Debug, Clone, Copy)]
pub struct Verifier<'a> {
    pub(super) scope: Scope<'a>,
    pub(super) window: Duration,
    pub(super) unsigned_payload: bool,
    pub(super) token_after_signing: bool,
}

impl<'a> Verifier<'a> {
    /// Accepts signatures for `scope`, made at most 15 minutes before or after the time of the check, that cover the
    /// payload and the session token.
    pub fn new(scope: Scope<'a>) -> Self {
        Self {
            scope,
            window: Duration::from_secs(15 * 60),
            unsigned_payload: false,
            token_after_signing: false,
        }
    }

    /// Sets how far the time of a signature may be from the time of the check, in whole seconds. A presigned URL may be
    /// older, up to its own lifetime.
    pub fn with_window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Sets whether requests are accepted whose signature covers no payload (`UNSIGNED-PAYLOAD`). Presigned URLs of S3
    /// are such. Off at first.
    pub fn with_unsigned_payload(mut self, accepted: bool) -> Self {
        self.unsigned_payload = accepted;
        self
    }

    /// Sets whether a session token is accepted that was added after signing, as clients of AWS IoT do. Off at first.
    pub fn with_token_after_signing(mut self, accepted: bool) -> Self {
        self.token_after_signing = accepted;
        self
    }
}
