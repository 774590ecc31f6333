//! `rolecall serve`, and `rolecall exec --refresh`, which is the same for one command.

use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitCode};

use rolecall::{Host, Provider, System};
use zeroize::Zeroizing;

use super::default_profile::{EMPTY, FILES, has_credentials};
use super::program::{check_not_nested, failure, others, prepare};
use super::shell::export;
use super::variables::KEYS;
use crate::arguments::{Common, ServeOptions};
use crate::failure::Failure;
use crate::output::{close, note, print};
use crate::provider::provider;
use crate::serve::{
    CONTAINER_PATH, End, Engine, Mode, Running, Service, Signals, ended_by, exit_code, listen, random_text,
    ready,
};

/// Where programs find instance metadata.
const IMDS_ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
/// What keeps them from it.
const IMDS_SETTINGS: [&str; 2] = ["AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"];
/// What systemd sets for this process, and not for the command.
#[cfg(unix)]
const OF_SYSTEMD: [&str; 5] =
    ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "LISTEN_FDS_FIRST_FD", "NOTIFY_SOCKET"];
#[cfg(not(unix))]
const OF_SYSTEMD: [&str; 0] = [];

/// Serves until a signal, or for as long as the command runs.
pub(super) fn run(options: &ServeOptions, common: &Common) -> Result<ExitCode, Failure> {
    serve("serve", options, common)
}

/// Runs a command with an endpoint of its own in place of fixed keys.
pub(super) fn exec(program: &OsStr, arguments: &[OsString], common: &Common) -> Result<ExitCode, Failure> {
    check_not_nested(common)?;
    let program = Some((program.to_owned(), arguments.to_vec()));
    serve("exec", &ServeOptions { program, ..ServeOptions::default() }, common)
}

fn serve(name: &str, options: &ServeOptions, common: &Common) -> Result<ExitCode, Failure> {
    let system = |what: &str, error| Failure::Input(format!("{name}: {what}"), error);
    let socket = listen(options.listen, options.on_network)?;
    // It may wait for a password, which a signal ends as ever.
    let provider = provider(common)?;
    let signals = Signals::new(options.program.is_some()).map_err(|error| system("signals", error))?;
    let token = random_text().map_err(|error| system("random numbers", error.into()))?;
    let variables = if options.is_imds {
        vec![(IMDS_ENDPOINT, Zeroizing::new(format!("http://{}", socket.address)))]
    } else {
        let uri = format!("http://{}{CONTAINER_PATH}", socket.address);
        vec![
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", Zeroizing::new(uri)),
            authorization(options, &token, &provider)?,
        ]
    };
    let role_arn = common.role.arn.clone();
    let mode = if options.is_imds {
        Mode::Imds { role: role_name(role_arn.as_deref()) }
    } else {
        Mode::Container { token }
    };
    let engine = Engine::new(socket, Service::new(mode), role_arn, provider, signals);
    let end = engine.map_err(|error| system("the loop", error))?.run(|credentials, region| {
        if options.is_imds {
            note(
                "serve: every process of this machine, of any user, can get these credentials (--mode imds)",
            );
        }
        if credentials.expose_session_token().is_none() {
            note(format_args!(
                "{name}: these credentials have no session token, without which some SDKs fail, that for Rust among them: \
                 use a role (--role-arn, or a profile with one) or a session (--user-session)"
            ));
        }
        let child = match &options.program {
            Some((program, arguments)) => {
                let command = command(prepare(program, arguments), &variables, region);
                Some(Running::start(command).map_err(|error| failure(name, program, error))?)
            }
            None => {
                if has_credentials() {
                    note(
                        "serve: the profile default has credentials, which SDKs prefer: use rolecall serve -- COMMAND, or \
                         set AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE to other files",
                    );
                }
                print(lines(&variables)?)?;
                // For a shell that reads until everybody has closed it, as in: eval "$(rolecall serve &)".
                close();
                None
            }
        };
        ready();
        Ok(child)
    })?;
    Ok(match end {
        // Before the command was run.
        End::Stopped(signal) if options.program.is_some() => ended_by(signal),
        End::Stopped(_) => ExitCode::SUCCESS,
        End::Command(status) => exit_code(status),
    })
}

/// The variable with the token, or with the file that gets it.
fn authorization(
    options: &ServeOptions,
    token: &Zeroizing<String>,
    provider: &Provider,
) -> Result<(&'static str, Zeroizing<String>), Failure> {
    let Some(path) = &options.token_file else {
        return Ok(("AWS_CONTAINER_AUTHORIZATION_TOKEN", token.clone()));
    };
    let system = System::new(provider.settings());
    let written = system.replace_file(path, token.as_bytes());
    written.map_err(|error| Failure::Usage(format!("--token-file {path}: it cannot be written: {error}")))?;
    // Programs may run in another folder.
    let absolute = std::path::absolute(path).ok().and_then(|path| path.into_os_string().into_string().ok());
    Ok(("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", Zeroizing::new(absolute.unwrap_or_else(|| path.clone()))))
}

/// The role's name in the list of instance metadata.
fn role_name(arn: Option<&str>) -> String {
    let name = arn.and_then(|arn| arn.rsplit('/').next());
    name.unwrap_or("rolecall").to_owned()
}

/// The command with these variables and the region, and without what SDKs would prefer to them.
fn command(mut command: Command, variables: &[(&str, Zeroizing<String>)], region: Option<&str>) -> Command {
    for name in KEYS.into_iter().chain(IMDS_SETTINGS).chain(OF_SYSTEMD) {
        command.env_remove(name);
    }
    for (name, value) in variables {
        command.env(name, &**value);
    }
    if has_credentials() {
        FILES.iter().for_each(|name| _ = command.env(name, EMPTY));
    }
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        match region {
            Some(region) => command.env(name, region),
            None => command.env_remove(name),
        };
    }
    command
}

/// The variables for a POSIX shell. What the shell has in its environment beside them, and SDKs would prefer, is removed.
fn lines(variables: &[(&'static str, Zeroizing<String>)]) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let found = |name: &&str| std::env::var_os(name).is_some();
    let keys = KEYS.into_iter().chain(IMDS_SETTINGS).filter(found).map(OsString::from);
    let stale = keys.chain(others()).filter(|name| variables.iter().all(|(set, _)| name != set));
    let stale: Vec<String> = stale.filter_map(|name| name.into_string().ok()).collect();
    let set = variables.iter().map(|(name, value)| (*name, Some(value.as_str())));
    export(&set.chain(stale.iter().map(|name| (name.as_str(), None))).collect::<Vec<_>>())
}
