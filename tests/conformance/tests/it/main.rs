//! Third-party test vectors, and cases of botocore, against the core.
//!
//! One program: linking one per file would take longer than running them.

mod aws_sigv4;
mod chain;
mod clock_skew;
mod endpoints;
#[expect(dead_code, reason = "nothing is damaged here")]
#[path = "../../../../core/tests/it/generator.rs"]
mod generator;
mod hosts;
mod login;
mod operations;
mod own_cases;
mod partitions;
mod profiles;
mod refresh;
mod sigv4;
mod sigv4_refusals;
mod sigv4a;
mod srp;
mod sts_requests;
mod tokens;
mod verify;
