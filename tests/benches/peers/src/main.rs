//! Measures what signing and reading cost, and what they cost in other crates, and prints it all as multiples.
//!
//!     peers                prints
//!     peers --rounds N     the same, of N rounds; of one, to see that all signatures are equal
//!     peers --write        also writes RESULTS.md, chart.svg and the tables of the README

mod aims;
mod chart;
mod chunks;
mod clock;
mod provider;
mod readers;
mod reading;
mod report;
#[cfg(feature = "server")]
mod server;
mod signers;
mod signing;
mod table;

use std::process::ExitCode;

/// Enough for every call to have an undisturbed round, on a machine that does other things too.
const ROUNDS: usize = 400;
/// The fewest whose shortest may be published.
const PUBLISHED: usize = 60;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((rounds, write)) = parse(&arguments) else {
        eprintln!(
            "benches: the arguments are --rounds N, at least 1, and --write, with at least {PUBLISHED} rounds"
        );
        return ExitCode::from(2);
    };
    chunks::compare();
    #[cfg(feature = "server")]
    server::compare();
    let report = report::Report {
        rounds,
        signed: signing::rows(rounds),
        read: reading::rows(rounds),
        cached: signing::cached_credentials(rounds),
    };
    print!("{}", report.markdown());
    if write && let Err(error) = report.write() {
        eprintln!("benches: the results could not be written: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The number of rounds, and whether to write.
fn parse(mut arguments: &[String]) -> Option<(usize, bool)> {
    let (mut rounds, mut write) = (ROUNDS, false);
    loop {
        arguments = match arguments {
            [] => break,
            [flag, rest @ ..] if flag == "--write" => {
                write = true;
                rest
            }
            [flag, number, rest @ ..] if flag == "--rounds" => {
                rounds = number.parse().ok().filter(|rounds| *rounds > 0)?;
                rest
            }
            _ => return None,
        }
    }
    (!write || rounds >= PUBLISHED).then_some((rounds, write))
}
