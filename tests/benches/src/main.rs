//! Runs the comparison with other crates (`peers`), which is a workspace of its own: their newest versions need a newer
//! Rust than the packages do, and bring crates that no test needs.

use std::env;
use std::process::{Command, ExitCode};

const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/Cargo.toml");

fn main() -> ExitCode {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let run = Command::new(cargo)
        .args(["run", "--release", "--locked", "--manifest-path", MANIFEST, "--"])
        .args(env::args_os().skip(1))
        .status();
    match run {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => {
            eprintln!(
                "benches: the comparison in tests/benches/peers did not run: cargo ended with {status}"
            );
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("benches: cargo could not be started: {error}");
            ExitCode::FAILURE
        }
    }
}
