//! No secret stays behind in the memory of a process that has used the libraries.
//!
//! A process of its own (`src/main.rs`) makes each call and reads its own memory: at the moment the call
//! returns, with its stack as the call has left it, all that can be written but what the caller holds; and
//! once more when the caller has dropped everything. Eight bytes in a row of a secret, or of anything that
//! is derived from it on the way, are a find.

#![cfg(target_os = "linux")]

mod nal;
mod person;
mod plant;
mod process;
mod scene;
mod secrets;
mod signing;
mod srp;

use crate::scene::Seen;

/// The day of the subject's clock.
pub(crate) const DAY: &str = "20260102";

#[track_caller]
pub(crate) fn clean(what: &str, seen: &Seen, ended: &str) {
    assert!(seen.ended.contains(ended), "{what}: {}", seen.ended);
    assert!(seen.found.is_empty(), "{what}: {:#?}", seen.found);
}

/// A debug build copies at every turn, and nothing is promised of it: there, the others are not run.
#[test]
fn what_is_looked_at_is_optimised() {
    if cfg!(debug_assertions) {
        assert!(std::env::var_os("CI").is_none(), "run these tests with --release");
        eprintln!("NOTHING IS LOOKED AT: run these tests with --release");
    }
}
