//! Programs that get credentials, and the variables that they must not have beside them.

use std::ffi::{OsStr, OsString};
use std::io::{Error, ErrorKind};
use std::path::Path;
use std::process::Command;

use crate::arguments::Common;
use crate::failure::Failure;
use crate::output::shown;

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

/// Refuses to run a program for `exec` in the environment of another one, if no other identity is named.
pub(super) fn check_not_nested(common: &Common) -> Result<(), Failure> {
    let nested = std::env::var_os(MARK).is_some_and(|mark| !mark.is_empty());
    if nested && !common.names_identity() {
        return Err(Failure::Usage(format!(
            "exec: the environment is that of another rolecall exec ({MARK} is set), and has its credentials: run \
             the command without rolecall exec, name another identity with --profile or --role-arn, or unset {MARK}"
        )));
    }
    Ok(())
}

/// The program, without variables that lead to other credentials.
pub(super) fn prepare(program: &OsStr, arguments: &[OsString]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env(MARK, "1");
    others().for_each(|name| _ = command.env_remove(name));
    command
}

/// The variables of this process that lead to other credentials.
pub(super) fn others() -> impl Iterator<Item = OsString> {
    let names = std::env::vars_os().map(|(name, _)| name);
    names.filter(|name| {
        // On Windows, names of any case are the same.
        let name = if cfg!(windows) { name.to_ascii_uppercase() } else { name.clone() };
        let name = name.to_string_lossy();
        OTHERS.contains(&&*name) || name.starts_with(BEARER)
    })
}

/// Why a program does not run that the command `of` was given.
pub(super) fn failure(of: &str, program: &OsStr, error: Error) -> Failure {
    Failure::Program(format!("{of}: {}", shown(&program.to_string_lossy())), advice(program, &error), error)
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
