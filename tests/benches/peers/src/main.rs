//! Measures what signing and reading cost, and what they cost in other crates, and prints it all as multiples.
//!
//!     peers                prints
//!     peers --rounds N     the same, of N rounds; of one, to see that all signatures are equal
//!     peers --builds       also compares builds from nothing, which takes minutes
//!     peers --write        the same, and writes RESULTS.md, chart.svg and the tables of the README

mod aims;
mod builds;
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
    let Some(Asked { rounds, builds, write }) = parse(&arguments) else {
        eprintln!(
            "benches: the arguments are --rounds N, at least 1, --builds, and --write, with at least {PUBLISHED} rounds"
        );
        return ExitCode::from(2);
    };
    chunks::compare();
    #[cfg(feature = "server")]
    server::compare();
    let built = match builds.then(builds::rows).transpose() {
        Ok(built) => built.unwrap_or_default(),
        Err(error) => {
            eprintln!("benches: {error}");
            return ExitCode::FAILURE;
        }
    };
    let report = report::Report {
        rounds,
        built,
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

/// What the arguments ask for.
struct Asked {
    rounds: usize,
    builds: bool,
    write: bool,
}

fn parse(mut arguments: &[String]) -> Option<Asked> {
    let mut asked = Asked { rounds: ROUNDS, builds: false, write: false };
    loop {
        arguments = match arguments {
            [] => break,
            [flag, rest @ ..] if flag == "--builds" => {
                asked.builds = true;
                rest
            }
            [flag, rest @ ..] if flag == "--write" => {
                (asked.builds, asked.write) = (true, true);
                rest
            }
            [flag, number, rest @ ..] if flag == "--rounds" => {
                asked.rounds = number.parse().ok().filter(|rounds| *rounds > 0)?;
                rest
            }
            _ => return None,
        }
    }
    (!asked.write || asked.rounds >= PUBLISHED).then_some(asked)
}
