//! The commands.

mod credentials;
#[cfg(feature = "serve")]
mod default_profile;
#[cfg(feature = "demo")]
mod demo;
#[cfg(feature = "upload")]
mod destination;
mod exec;
mod explain;
#[cfg(feature = "sso")]
mod login;
#[cfg(feature = "profiles")]
mod profiles;
mod program;
#[cfg(feature = "upload")]
mod progress;
mod request;
mod section;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "setup")]
mod setup;
mod shell;
mod sign;
#[cfg(feature = "tokens")]
mod token;
#[cfg(feature = "upload")]
mod upload;
mod variables;
#[cfg(feature = "verify")]
mod verify;

use std::process::ExitCode;

use rolecall::Provider;

use crate::arguments::{Arguments, Command, Common, Target};
use crate::failure::Failure;
use crate::output::{facts, print};
use crate::provider::provider;

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let common = &arguments.common;
    match &arguments.command {
        Command::Help(text) => print(text),
        Command::Version => print(concat!("rolecall ", env!("CARGO_PKG_VERSION"), "\n")),
        Command::Credentials(format) => credentials::run(&provider(common)?, *format),
        #[cfg(feature = "serve")]
        Command::Exec { program, arguments, refresh: true } => serve::exec(program, arguments, common),
        Command::Exec { program, arguments, .. } => exec::run(program, arguments, common),
        #[cfg(feature = "serve")]
        Command::Serve(options) => serve::run(options, common),
        #[cfg(feature = "profiles")]
        Command::Profiles { json } => profiles::run(*json),
        #[cfg(feature = "sso")]
        Command::Login { json } => login::login(&provider(common)?, *json),
        #[cfg(feature = "sso")]
        Command::Logout { json } => login::logout(&provider(common)?, *json),
        Command::Whoami { json } => whoami(&provider(common)?, *json),
        Command::Explain { json } => explain::run(&provider(common)?, *json, common.wait.is_some()),
        Command::Request(target) => request::run(target, common, &provider_at(target, common)?),
        Command::Sign { target, canonical, date } => {
            sign::sign(target, common, &provider_at(target, common)?, *canonical, *date)
        }
        Command::Presign { target, expires, canonical, date } => {
            sign::presign(target, common, &provider_at(target, common)?, *expires, *canonical, *date)
        }
        #[cfg(feature = "verify")]
        Command::Verify(options) => verify::run(options, common),
        #[cfg(feature = "tokens")]
        Command::Token(kind) => token::run(kind, common.region.as_deref(), &provider(common)?),
        #[cfg(feature = "iot")]
        Command::Mqtt { host, expires, date } => sign::mqtt(&provider(common)?, host, *expires, *date),
        #[cfg(feature = "setup")]
        Command::Setup(options) => setup::run(options, common, &provider(common)?),
        #[cfg(feature = "demo")]
        Command::Demo { tamper } => demo::run(*tamper),
    }
}

/// The provider of what signs a request: a session at its bucket, if one is asked for.
fn provider_at(target: &Target, common: &Common) -> Result<Provider, Failure> {
    let provider = provider(common)?;
    #[cfg(feature = "sessions")]
    if target.s3_session {
        return Ok(provider.session(rolecall::S3Session::new(&target.url)));
    }
    #[cfg(not(feature = "sessions"))]
    let _ = target;
    Ok(provider)
}

fn whoami(provider: &Provider, json: bool) -> Result<ExitCode, Failure> {
    let identity = provider.caller_identity()?;
    facts(
        json,
        &[
            ("account", "Account", &identity.account),
            ("arn", "Arn", &identity.arn),
            ("user id", "UserId", &identity.user_id),
        ],
    )
}
