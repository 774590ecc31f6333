//! The commands.

use std::ffi::OsStr;
use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use rolecall::core::sources::Limits;
use rolecall::{
    Canonical, Credentials, Environment, Error, Provider, Request, Role, Settings, Trace, UnixTime,
};
use zeroize::Zeroizing;

use crate::arguments::{Command, Common, Format, Target};
use crate::{document, print, tell};

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    Library(Error),
    Body(String, std::io::Error),
    Output(std::io::Error),
    #[cfg(feature = "demo")]
    Demo(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Library(error) => error.fmt(f),
            Self::Body(path, error) => write!(f, "{path}: {error}"),
            Self::Output(error) => write!(f, "standard output: {error}"),
            #[cfg(feature = "demo")]
            Self::Demo(what) => f.write_str(what),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

/// A request that is sent: as in the library, but for an hour, and longer bodies flow through.
const LIMITS: Limits = Limits { total: 3_600_000, ..Request::SEND_LIMITS };

pub(crate) fn run(command: &Command, common: &Common) -> Result<ExitCode, Failure> {
    let provider = provider(common)?;
    match command {
        Command::Credentials(format) => {
            let credentials = provider.credentials()?;
            print(match format {
                Format::Process => document::json(&credentials, Some(1)),
                Format::Json => document::json(&credentials, None),
                Format::Env => document::env(&credentials),
            })
        }
        Command::Whoami => {
            let identity = provider.caller_identity()?;
            print(format!(
                "account: {}\narn: {}\nuser id: {}\n",
                identity.account, identity.arn, identity.user_id
            ))
        }
        Command::Request(target) => {
            let request = request(target, common)?.with_limits(LIMITS);
            let reply = provider.send_to(&request, &mut std::io::stdout().lock())?;
            print(&reply.body)?;
            if (200..300).contains(&reply.status) {
                return Ok(ExitCode::SUCCESS);
            }
            tell(format_args!("HTTP status {}", reply.status));
            Ok(ExitCode::FAILURE)
        }
        Command::Sign { target, canonical, date } => {
            let (credentials, time) = signing(&provider, *date)?;
            let request = request(target, common)?.completed(provider.settings())?;
            if *canonical {
                return print_canonical(&request.canonical(&credentials, time)?);
            }
            let mut lines = Zeroizing::new(String::new());
            for (name, value) in request.sign(&credentials, time)?.headers() {
                lines.push_str(&format!("{name}: {value}\n"));
            }
            print(lines.as_bytes())
        }
        Command::Presign { target, expires, canonical, date } => {
            let (credentials, time) = signing(&provider, *date)?;
            let request = request(target, common)?.completed(provider.settings())?;
            if *canonical {
                return print_canonical(&request.canonical_presigned(&credentials, time, *expires)?);
            }
            print(format!("{}\n", request.presign(&credentials, time, *expires)?.url()))
        }
        _ => Ok(ExitCode::FAILURE),
    }
}

fn print_canonical(canonical: &Canonical) -> Result<ExitCode, Failure> {
    print(format!("{}\n\n{}\n", canonical.request(), canonical.string_to_sign()))
}

/// The default chain, and the role on top of it if one is named.
fn provider(common: &Common) -> Result<Provider, Failure> {
    let mut settings = Settings::from_environment(&Environment::process())?;
    if common.region.is_some() {
        settings.region.clone_from(&common.region);
    }
    let mut provider = Provider::new(settings);
    if common.verbose {
        provider = provider.with_trace(tell_step);
    }
    let Some(arn) = &common.role_arn else { return Ok(provider) };
    let given = common.role_session_name.clone().or_else(|| provider.settings().role_session_name.clone());
    let mut role = Role::new(arn, given.unwrap_or_else(session_name));
    if let Some(seconds) = common.duration_seconds {
        role = role.duration_seconds(seconds);
    }
    if let Some(id) = &common.external_id {
        role = role.external_id(id);
    }
    Ok(provider.assume_role(role)?)
}

fn session_name() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("rolecall-{}", now.as_secs())
}

fn request(target: &Target, common: &Common) -> Result<Request, Failure> {
    let mut request = Request::new(&target.method, &target.url)?;
    for (name, value) in &target.headers {
        request = request.header(name, value)?;
    }
    if let Some(body) = &target.body {
        request = request.body(content(body)?);
    }
    if let Some(service) = &target.service {
        request = request.service(service);
    }
    if let Some(region) = &common.region {
        request = request.region(region);
    }
    Ok(request)
}

/// The body: `@FILE` names a file, everything else is the body itself.
fn content(body: &OsStr) -> Result<Vec<u8>, Failure> {
    let bytes = body.as_encoded_bytes();
    match body.to_str().and_then(|text| text.strip_prefix('@')) {
        Some(path) => std::fs::read(path).map_err(|error| Failure::Body(path.to_owned(), error)),
        None => Ok(bytes.to_vec()),
    }
}

fn signing(provider: &Provider, date: Option<UnixTime>) -> Result<(Arc<Credentials>, UnixTime), Failure> {
    let credentials = provider.credentials()?;
    Ok((credentials, date.unwrap_or_else(|| provider.time())))
}

/// Tells a step on standard error.
fn tell_step(trace: Trace<'_>) {
    match trace {
        Trace::Exchange { asked, outcome, took } => {
            let took = took.as_millis();
            match outcome {
                Ok(status) => tell(format_args!("{asked}: {status} after {took} ms")),
                Err(failure) => tell(format_args!("{asked}: {failure} after {took} ms")),
            }
        }
        Trace::Wait { pause } => tell(format_args!("waiting {} ms", pause.as_millis())),
        _ => {}
    }
}
