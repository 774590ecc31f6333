//! `rolecall explain`.

use std::process::ExitCode;

use rolecall::{Explanation, Provider};

use crate::failure::Failure;
use crate::output::print;

pub(super) fn run(provider: &Provider, json: bool) -> Result<ExitCode, Failure> {
    let explanation = provider.explain();
    let text = if json { explanation.to_json() + "\n" } else { lines(&explanation) };
    print(text)?;
    let good = explanation.has_credentials() && !explanation.is_refuted();
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One source a line, and below it what to do.
fn lines(explanation: &Explanation) -> String {
    let mut text = String::new();
    for finding in explanation.findings() {
        text.push_str(&format!("{:<13} {}: {}\n", finding.outcome.as_str(), finding.source, finding.reason));
        if !finding.advice.is_empty() {
            text.push_str(&format!("{:<13} -> {}\n", "", finding.advice));
        }
    }
    text
}
