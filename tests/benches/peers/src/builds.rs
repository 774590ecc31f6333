//! How long the packages and their dependencies take to compile, beside what a program would need without them.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, io};

use crate::table::{Table, times};

/// The workspace of the benchmarks, and that of the packages.
const OWN: &str = env!("CARGO_MANIFEST_DIR");
const PACKAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../..");

/// What cargo does without the profile of the workspace, as for a program that depends on the packages.
const PROFILE: [&str; 3] = [
    "--config=profile.release.codegen-units=16",
    "--config=profile.release.lto=false",
    "--config=profile.release.strip=false",
];

/// The time of a build from nothing.
pub(crate) struct Row {
    name: &'static str,
    /// The crates, the package itself among them.
    crates: usize,
    time: Duration,
}

/// Builds everything, each in an empty folder.
///
/// # Errors
/// That a build fails, or a folder cannot be removed.
pub(crate) fn rows() -> io::Result<Vec<Row>> {
    let of = |name, workspace: &str, arguments: &[&str]| -> io::Result<Row> {
        let crates = crates(workspace, arguments)?;
        Ok(Row { name, crates, time: build(workspace, arguments)? })
    };
    Ok(vec![
        of("ureq and serde_json, by hand", OWN, &["-p", "by-hand"])?,
        of("rolecall with `tls` alone", PACKAGES, &["-p", "rolecall", "--no-default-features", "-F", "tls"])?,
        of("rolecall", PACKAGES, &["-p", "rolecall"])?,
    ])
}

impl Row {
    fn to(&self, other: &Self) -> f64 {
        self.time.as_secs_f64() / other.time.as_secs_f64()
    }
}

/// The time of the packages without what is for few, as a multiple of the build by hand; `None` if there are no rows.
pub(crate) fn least(rows: &[Row]) -> Option<f64> {
    let [by_hand, least, ..] = rows else { return None };
    Some(least.to(by_hand))
}

/// A row for each, with the time as a multiple of the first.
pub(crate) fn table(rows: &[Row]) -> Table {
    let mut table = Table::new(1, ["release build from nothing", "crates", "s", "by hand"]);
    for row in rows {
        let ratio = rows.first().map(|first| row.to(first));
        let seconds = format!("{:.1}", row.time.as_secs_f64());
        table.row([row.name.to_owned(), row.crates.to_string(), seconds, times(ratio)]);
    }
    table
}

fn build(workspace: &str, arguments: &[&str]) -> io::Result<Duration> {
    let folder = Path::new(OWN).join("target/builds");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    // What is downloaded first is not part of the time.
    cargo(workspace, &["fetch", "--locked", "--quiet"])?;
    let start = Instant::now();
    let target = folder.to_string_lossy();
    let build = ["build", "--locked", "--quiet", "--release", "--target-dir", &target];
    cargo(workspace, &[&build[..], &PROFILE, arguments].concat())?;
    let time = start.elapsed();
    fs::remove_dir_all(&folder)?;
    Ok(time)
}

fn crates(workspace: &str, arguments: &[&str]) -> io::Result<usize> {
    let tree = ["tree", "--locked", "-e", "normal,build", "--prefix", "none", "--no-dedupe", "-f", "{p}"];
    let tree = cargo(workspace, &[&tree, arguments].concat())?;
    let mut crates: Vec<_> = tree.lines().map(|line| line.trim_end_matches(" (proc-macro)")).collect();
    crates.sort_unstable();
    crates.dedup();
    Ok(crates.len())
}

/// Runs cargo and returns its output.
fn cargo(workspace: &str, arguments: &[&str]) -> io::Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(arguments).current_dir(workspace).output()?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("cargo {}: {reason}", arguments.join(" "))));
    }
    String::from_utf8(output.stdout).map_err(io::Error::other)
}
