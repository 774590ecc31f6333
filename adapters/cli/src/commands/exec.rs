//! `rolecall exec`: a program with the credentials in its environment.

use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitCode};

use super::variables::variables;
use crate::arguments::Common;
use crate::failure::Failure;
use crate::output::shown;
use crate::provider::provider;

/// Marks the environment of the program.
const MARK: &str = "ROLECALL_EXEC";

/// What leads to other credentials, or proves an identity to get some. The region is not among them.
const OTHERS: [&str; 15] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    // Older names, which some SDKs and tools still read.
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_EXPIRATION",
    "AWS_COGNITO_PASSWORD",
    "AWS_COGNITO_CLIENT_SECRET",
];

/// Runs `program` in place of this process, or on Windows below it.
pub(super) fn run(program: &OsStr, arguments: &[OsString], common: &Common) -> Result<ExitCode, Failure> {
    let nested = std::env::var_os(MARK).is_some_and(|mark| !mark.is_empty());
    if nested && !common.names_identity() {
        return Err(Failure::Usage(format!(
            "exec: the environment is that of another rolecall exec ({MARK} is set), and has its credentials: run \
             the command without rolecall exec, name another identity with --profile or --role-arn, or unset {MARK}"
        )));
    }
    let mut command = Command::new(program);
    command.args(arguments).env(MARK, "1");
    OTHERS.iter().for_each(|name| _ = command.env_remove(name));
    add_credentials(&mut command, common)?;
    start(command).map_err(|error| Failure::Program(shown(&program.to_string_lossy()), error))
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
