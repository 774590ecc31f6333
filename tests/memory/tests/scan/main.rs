//! No secret stays behind in the memory of a process that has used the libraries.
//!
//! A separate process (`src/main.rs`) makes each call and scans its own memory: when the call returns, with
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

/// Debug builds copy freely, and nothing is guaranteed for them: the other tests are not run there.
#[test]
fn the_scans_need_a_release_build() {
    if cfg!(debug_assertions) {
        assert!(std::env::var_os("CI").is_none(), "run these tests with --release");
        eprintln!("NOTHING IS SCANNED: run these tests with --release");
    }
}
