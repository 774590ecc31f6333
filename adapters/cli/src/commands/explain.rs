//! `rolecall explain`.

use std::process::ExitCode;

use rolecall::Provider;

use crate::failure::Failure;
use crate::output::print;

pub(super) fn run(provider: &Provider, json: bool) -> Result<ExitCode, Failure> {
    let explanation = provider.explain();
    let text = if json { explanation.to_json() } else { explanation.to_string() };
    print(text + "\n")?;
    Ok(if explanation.has_identity() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
