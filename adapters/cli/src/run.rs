//! The commands.

use std::ffi::OsStr;
use std::fmt;
use std::io::BufRead;
use std::process::ExitCode;
use std::sync::Arc;

use rolecall::core::flow::Limits;
#[cfg(feature = "setup")]
use rolecall::setup::SetupError;
use rolecall::{
    Canonical, Credentials, Environment, Error, Explanation, PoolIdentity, Provider, Request, Role, Secret,
    Settings, Trace, UnixTime, User, off_by,
};
use zeroize::Zeroizing;

use crate::arguments::{Command, Common, Format, IdentityOptions, RoleOptions, Target};
use crate::{document, print, tell};

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    Library(Error),
    #[cfg(feature = "setup")]
    Setup(Box<SetupError>),
    Body(String, std::io::Error),
    Output(std::io::Error),
    #[cfg(feature = "demo")]
    Demo(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Library(error) => error.fmt(f),
            #[cfg(feature = "setup")]
            Self::Setup(error) => error.fmt(f),
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
        Command::Explain { json } => {
            let explanation = provider.explain();
            let text = if *json { explanation.to_json() + "\n" } else { lines(&explanation) };
            print(text)?;
            let good = explanation.has_credentials() && !explanation.is_refuted();
            Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
        #[cfg(feature = "setup")]
        Command::Setup(options) => crate::setup::run(options, common, &provider),
        _ => Ok(ExitCode::FAILURE),
    }
}

fn print_canonical(canonical: &Canonical) -> Result<ExitCode, Failure> {
    print(format!("{}\n\n{}\n", canonical.request(), canonical.string_to_sign()))
}

/// One source a line, and below it what to do.
fn lines(explanation: &Explanation) -> String {
    let mut text = String::new();
    for finding in explanation.findings() {
        text.push_str(&format!("{:<13} {}: {}\n", finding.outcome.as_str(), finding.source, finding.reason));
        if !finding.advice.is_empty() {
            text.push_str(&format!("{:<13} -> {}\n", "", finding.advice));
        }
    }
    text
}

/// The default chain, and the role on top of it if one is named.
fn provider(common: &Common) -> Result<Provider, Failure> {
    let environment = Environment::process();
    let mut settings = Settings::load(&environment, common.profile.as_deref())?;
    if common.region.is_some() {
        settings.region.clone_from(&common.region);
    }
    let verbose = common.verbose;
    let mut provider = Provider::new(settings).with_trace(move |trace| tell_step(&trace, verbose));
    if let Some(folder) = common.cache.clone().or_else(|| environment.get("ROLECALL_CACHE")) {
        provider = cached(provider, folder)?;
    }
    if common.identity.is_given() {
        provider = provider.session(identity(&common.identity, &environment)?);
    }
    Ok(match role(&common.role)? {
        Some(role) => provider.assume_role(role),
        None => provider,
    })
}

/// The identity that the command line names.
fn identity(options: &IdentityOptions, environment: &Environment) -> Result<PoolIdentity, Failure> {
    let mut identity = match (&options.id, &options.pool) {
        (Some(id), _) => PoolIdentity::of_id(id),
        (None, pool) => PoolIdentity::in_pool(pool.as_deref().unwrap_or_default()),
    };
    for (provider, token) in &options.logins {
        let token = match token.strip_prefix('@') {
            Some(path) => Zeroizing::new(text_of(path, std::fs::read(path))?).trim().to_owned(),
            None => token.clone(),
        };
        identity = identity.login(provider, Secret::new(token));
    }
    if let (Some(pool), Some(client), Some(name)) =
        (&options.user_pool, &options.client_id, &options.username)
    {
        let mut user = User::new(pool, client, name);
        if let Some(secret) = environment.get("AWS_COGNITO_CLIENT_SECRET") {
            user = user.client_secret(Secret::new(secret));
        }
        if let Some(password) = password(options, environment)? {
            user = user.password(password);
        }
        if options.send_password {
            user = user.sending_password();
        }
        identity = identity.user(user);
    }
    if let Some(arn) = &options.custom_role_arn {
        identity = identity.custom_role_arn(arn);
    }
    if let Some(arn) = &options.role_arn {
        let name = environment.get("AWS_ROLE_SESSION_NAME").unwrap_or_else(|| "rolecall".to_owned());
        identity = identity.assuming(arn, name);
    }
    Ok(identity)
}

/// The user's password, if it is not to be asked for: a line of standard input, or a variable.
pub(crate) fn password(
    options: &IdentityOptions,
    environment: &Environment,
) -> Result<Option<Secret>, Failure> {
    if !options.password_stdin {
        return Ok(environment.get("AWS_COGNITO_PASSWORD").map(Secret::new));
    }
    let mut line = Zeroizing::new(String::new());
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| Failure::Body("standard input".to_owned(), error))?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        let nothing = Error::Configuration("--password-stdin: standard input has no password".to_owned());
        return Err(nothing.into());
    }
    Ok(Some(Secret::new(password.to_owned())))
}

/// What a file holds, as text.
pub(crate) fn text_of(path: &str, content: std::io::Result<Vec<u8>>) -> Result<String, Failure> {
    let content = content.map_err(|error| Failure::Body(path.to_owned(), error))?;
    String::from_utf8(content).map_err(|_| Error::Configuration(format!("{path}: not UTF-8")).into())
}

#[cfg(unix)]
fn cached(provider: Provider, folder: String) -> Result<Provider, Failure> {
    Ok(provider.with_cache(rolecall::FileCache::new(folder)))
}

#[cfg(not(unix))]
fn cached(_: Provider, _: String) -> Result<Provider, Failure> {
    Err(Error::Configuration("--cache: there is no cache on this system".to_owned()).into())
}

/// The role that the command line names.
fn role(options: &RoleOptions) -> Result<Option<Role>, Failure> {
    let Some(arn) = &options.arn else { return Ok(None) };
    let mut role = match &options.session_name {
        Some(name) => Role::new(arn, name),
        None => Role::unnamed(arn),
    };
    if let Some(seconds) = options.duration_seconds {
        role = role.duration_seconds(seconds);
    }
    if let Some(id) = &options.external_id {
        role = role.external_id(id);
    }
    if let Some(policy) = &options.policy {
        let policy = String::from_utf8(content(policy)?);
        role = role.policy(policy.map_err(|_| Error::Configuration("--policy: not UTF-8".to_owned()))?);
    }
    for arn in &options.policy_arns {
        role = role.policy_arn(arn);
    }
    for (key, value) in &options.tags {
        role = role.tag(key, value);
    }
    for key in &options.transitive_tags {
        role = role.transitive_tag_key(key);
    }
    if let Some(serial) = &options.mfa_serial {
        role = match &options.mfa_code {
            Some(code) => role.mfa_code(serial, code),
            None => role.mfa(serial),
        };
    }
    if let Some(name) = &options.source_identity {
        role = role.source_identity(name);
    }
    Ok(Some(role))
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

/// Tells a step on standard error: what is wrong here always, exchanges and waits where asked to.
fn tell_step(trace: &Trace<'_>, verbose: bool) {
    match trace {
        Trace::Exchange { asked, outcome, took } if verbose => {
            let took = took.as_millis();
            match outcome {
                Ok(status) => tell(format_args!("{asked}: {status} after {took} ms")),
                Err(failure) => tell(format_args!("{asked}: {failure} after {took} ms")),
            }
        }
        Trace::Wait { pause } if verbose => tell(format_args!("waiting {} ms", pause.as_millis())),
        Trace::Clock { behind } => {
            tell(format_args!("this machine's clock is {}; signing by the service's clock", off_by(*behind)))
        }
        Trace::Cache { problem } => tell(format_args!("cache not used: {problem}")),
        _ => {}
    }
}
