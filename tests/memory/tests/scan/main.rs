//! No secret stays behind in the memory of a process that has used the libraries.
//!
//! A separate process (`subject`, built in release) makes each call and scans its own memory: when the call returns, with
//! the stack as the call has left it, all writable memory except what the caller holds; and again after the
//! caller has dropped everything. Eight consecutive bytes of a secret, or of any value derived from it, are a
//! finding.

#![cfg(target_os = "linux")]

mod certificate;
mod nal;
mod plant;
mod process;
mod scenario;
mod secrets;
mod signing;
mod srp;
mod user;

use crate::scenario::Outcome;

/// The date of the subject's clock.
pub(crate) const DAY: &str = "20260102";

#[track_caller]
pub(crate) fn clean(what: &str, outcome: &Outcome, ended: &str) {
    assert!(outcome.ended.contains(ended), "{what}: {}", outcome.ended);
    assert!(outcome.found.is_empty(), "{what}: {:#?}", outcome.found);
}
