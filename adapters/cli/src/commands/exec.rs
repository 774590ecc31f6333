//! `rolecall exec`: a program with the credentials in its environment.

use std::ffi::{OsStr, OsString};
use std::io::{Error, ErrorKind};
use std::path::Path;
use std::process::{Command, ExitCode};

use super::variables::variables;
use crate::arguments::Common;
use crate::failure::Failure;
use crate::output::shown;
use crate::provider::provider;

/// Marks the environment of the program.
const MARK: &str = "ROLECALL_EXEC";

/// What leads to other credentials or to none, or proves an identity to get some. The region is not among them, nor what
/// says where and how services are reached.
const OTHERS: [&str; 28] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_COGNITO_PASSWORD",
    "AWS_COGNITO_CLIENT_SECRET",
    // Other names of the same, which SDKs and tools read beside or before these.
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_EXPIRATION",
    "AWS_TOKEN",
    "AMAZON_ACCESS_KEY_ID",
    "AMAZON_SECRET_ACCESS_KEY",
    "AMAZON_SESSION_TOKEN",
    "AMAZON_PROFILE",
    "EC2_ACCESS_KEY",
    "EC2_SECRET_KEY",
    "EC2_SECURITY_TOKEN",
    "AWS_EB_PROFILE",
    "AWS_CREDENTIAL_FILE",
    "AWS_CREDENTIAL_PROFILES_FILE",
    // Requests that are not signed.
    "AWS_NO_SIGN_REQUEST",
    "AWS_SKIP_SIGNATURE",
];

/// The start of the names of keys for one service, which SDKs prefer to a signature.
const BEARER: &str = "AWS_BEARER_TOKEN_";

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
    let names = std::env::vars_os().map(|(name, _)| name);
    names
        .filter(|name| name.to_string_lossy().starts_with(BEARER))
        .for_each(|name| _ = command.env_remove(name));
    add_credentials(&mut command, common)?;
    start(command)
        .map_err(|error| Failure::Program(shown(&program.to_string_lossy()), advice(program, &error), error))
}

/// What to do about a program that does not run.
fn advice(program: &OsStr, error: &Error) -> &'static str {
    let path = Path::new(program);
    match error.kind() {
        ErrorKind::NotFound if path.components().count() > 1 && path.is_file() => {
            "not run: install the interpreter that its first line names"
        }
        ErrorKind::NotFound => "not found: give its path, or a name that is in PATH",
        _ => "cannot be run: give a program that this user may execute",
    }
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
