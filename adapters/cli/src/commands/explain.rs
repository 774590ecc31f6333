//! `rolecall explain`.

use std::process::ExitCode;

use rolecall::Provider;

use crate::failure::Failure;
use crate::output::print;

/// With `waits`, the sources are explained as they are when there are credentials, or when the time is over.
pub(super) fn run(provider: &Provider, json: bool, waits: bool) -> Result<ExitCode, Failure> {
    if waits {
        // An error is explained below.
        let _ = provider.credentials();
    }
    let explanation = provider.explain();
    let text = if json { explanation.to_json() } else { explanation.to_string() };
    print(text + "\n")?;
    Ok(if explanation.has_identity() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
