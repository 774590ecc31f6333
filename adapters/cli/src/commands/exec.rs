//! `rolecall exec`: a program with the credentials in its environment.

use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitCode};

use super::program::{check_not_nested, failure, prepare};
use super::variables::variables;
use crate::arguments::Common;
use crate::failure::Failure;
use crate::provider::provider;

/// Runs `program` in place of this process, or on Windows below it.
pub(super) fn run(program: &OsStr, arguments: &[OsString], common: &Common) -> Result<ExitCode, Failure> {
    check_not_nested(common)?;
    let mut command = prepare(program, arguments);
    add_credentials(&mut command, common)?;
    start(command).map_err(|error| failure("exec", program, error))
}

/// Adds the variables of the credentials and of the region. When it returns, the only copies of secrets are those of
/// `command`.
fn add_credentials(command: &mut Command, common: &Common) -> Result<(), Failure> {
    let provider = provider(common)?;
    let credentials = provider.credentials()?;
    let region = provider.region_if_any()?;
    let expiration = credentials.expiration().map(|time| time.rfc3339());
    let regions = [("AWS_REGION", region), ("AWS_DEFAULT_REGION", region)];
    for (name, value) in
        variables(&credentials, expiration.as_ref().map(|time| time.as_str())).into_iter().chain(regions)
    {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    Ok(())
}

/// Returns if the program does not run. Otherwise this process is the program, and its memory is gone.
#[cfg(unix)]
fn start(mut command: Command) -> std::io::Result<ExitCode> {
    Err(std::os::unix::process::CommandExt::exec(&mut command))
}

/// Exits as the program does, if it runs: its exit code may be larger than an [`ExitCode`].
#[cfg(not(unix))]
fn start(mut command: Command) -> std::io::Result<ExitCode> {
    let mut child = command.spawn()?;
    drop(command);
    // A process that was ended from outside has no exit code on some systems.
    std::process::exit(child.wait()?.code().unwrap_or(1))
}
