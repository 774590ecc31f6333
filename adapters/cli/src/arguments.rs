//! The command line.

use std::ffi::OsString;

use lexopt::{Arg, Parser, ValueExt};
use rolecall::UnixTime;

pub(crate) const HELP: &str = "\
AWS credentials and signed requests, without an SDK.

usage: rolecall COMMAND [OPTIONS]

  credentials [--format process|json|env]     print credentials (process: what credential_process wants)
  whoami                                      print account, ARN and user id (STS GetCallerIdentity)
  explain [--json]                            go through every source, and tell why it gives credentials or not
  request METHOD URL [-H NAME:VALUE]... [-d BODY|@FILE]
                                              sign and send; the body of the reply goes to standard output
  sign METHOD URL [-H ...] [-d ...] [--canonical] [--date TIME]
                                              print the headers to send, or what is signed
  presign URL [--method METHOD] [--expires SECONDS] [--canonical] [--date TIME]
                                              print a URL that carries its own signature
  demo [--tamper]                             EC2, STS and S3 on loopback, and the whole way through them

with every command:
  --profile NAME                this profile, before keys in the environment; else AWS_PROFILE, else default
  --region REGION               else AWS_REGION, AWS_DEFAULT_REGION, the profile's, or what the URL's host tells
  --cache FOLDER                share credentials with other processes there; else ROLECALL_CACHE, else no cache
  -v, --verbose                 tell every exchange on standard error
  --help, --version

a role to assume first, with every command:
  --role-arn ARN
  --role-session-name NAME      else AWS_ROLE_SESSION_NAME, else rolecall-<unix time>
  --duration-seconds SECONDS    900 to 43200
  --external-id ID
  --policy JSON|@FILE           what the session is limited to
  --policy-arn ARN              the same as a managed policy; up to 10 times
  --tag KEY=VALUE               a session tag; up to 50 times
  --transitive-tag KEY          goes on to the sessions of further roles
  --mfa-serial SERIAL           the caller's multi-factor device; its code is asked for, or --mfa-code CODE
  --source-identity NAME        who is behind the session

with request, sign and presign:
  --service SERVICE             the name to sign for (s3, sts, execute-api...), else what the URL tells
  --date 20150830T123600Z       sign and presign: the time to sign with

Credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, else the profile (keys, roles, web identity,
IAM Identity Center, credential_process), else AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, else the container
endpoint (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, ..._FULL_URI), else EC2 instance metadata.
Exit code: 0 success (request: a status of 2xx; explain: credentials that STS does not refuse), 1 failure,
2 wrong usage.
";

/// A command line, understood.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) command: Command,
    pub(crate) common: Common,
}

#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Version,
    Credentials(Format),
    Whoami,
    Explain {
        json: bool,
    },
    Request(Target),
    Sign {
        target: Target,
        canonical: bool,
        date: Option<UnixTime>,
    },
    Presign {
        target: Target,
        expires: u32,
        canonical: bool,
        date: Option<UnixTime>,
    },
    #[cfg(feature = "demo")]
    Demo {
        tamper: bool,
    },
}

/// How credentials are printed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Format {
    #[default]
    Process,
    Json,
    Env,
}

/// What is signed.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<OsString>,
    pub(crate) service: Option<String>,
}

/// Options of every command.
#[derive(Debug, Default)]
pub(crate) struct Common {
    pub(crate) profile: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) cache: Option<String>,
    pub(crate) role: RoleOptions,
    pub(crate) verbose: bool,
}

/// The role to assume, and what goes with it.
#[derive(Debug, Default)]
pub(crate) struct RoleOptions {
    pub(crate) arn: Option<String>,
    pub(crate) session_name: Option<String>,
    pub(crate) duration_seconds: Option<u32>,
    pub(crate) external_id: Option<String>,
    pub(crate) policy: Option<OsString>,
    pub(crate) policy_arns: Vec<String>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) transitive_tags: Vec<String>,
    pub(crate) mfa_serial: Option<String>,
    pub(crate) mfa_code: Option<String>,
    pub(crate) source_identity: Option<String>,
    /// The first of them that was given beside the ARN.
    pub(crate) first: Option<String>,
}

impl RoleOptions {
    /// Takes the option `name`; whether it is one of these.
    fn take(&mut self, name: &str, parser: &mut Parser) -> Result<bool, lexopt::Error> {
        let mut text = || parser.value()?.string();
        match name {
            "role-arn" => self.arn = Some(text()?),
            "role-session-name" => self.session_name = Some(text()?),
            "duration-seconds" => self.duration_seconds = Some(parser.value()?.parse()?),
            "external-id" => self.external_id = Some(text()?),
            "policy" => self.policy = Some(parser.value()?),
            "policy-arn" => self.policy_arns.push(text()?),
            "tag" => {
                let pair = text()?;
                let (key, value) = pair.split_once('=').ok_or("--tag wants KEY=VALUE")?;
                self.tags.push((key.to_owned(), value.to_owned()));
            }
            "transitive-tag" => self.transitive_tags.push(text()?),
            "mfa-serial" => self.mfa_serial = Some(text()?),
            "mfa-code" => self.mfa_code = Some(text()?),
            "source-identity" => self.source_identity = Some(text()?),
            _ => return Ok(false),
        }
        if name != "role-arn" && self.first.is_none() {
            self.first = Some(format!("--{name}"));
        }
        Ok(true)
    }
}

/// Everything that may stand on a command line, before it is known which command it is for.
#[derive(Default)]
struct Given {
    common: Common,
    words: Vec<String>,
    format: Option<Format>,
    headers: Vec<(String, String)>,
    body: Option<OsString>,
    service: Option<String>,
    method: Option<String>,
    expires: Option<u32>,
    date: Option<UnixTime>,
    canonical: bool,
    tamper: bool,
    json: bool,
    /// The options that not every command takes, as they were given.
    own: Vec<&'static str>,
}

pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, lexopt::Error> {
    let mut parser = Parser::from_iter(arguments);
    let mut given = Given::default();
    while let Some(argument) = parser.next()? {
        let mut own = |name| given.own.push(name);
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(plain(Command::Help)),
            Arg::Short('V') | Arg::Long("version") => return Ok(plain(Command::Version)),
            Arg::Short('v') | Arg::Long("verbose") => given.common.verbose = true,
            Arg::Long("region") => given.common.region = Some(parser.value()?.string()?),
            Arg::Long("profile") => given.common.profile = Some(parser.value()?.string()?),
            Arg::Long("cache") => given.common.cache = Some(parser.value()?.string()?),
            Arg::Long("json") => {
                own("--json");
                given.json = true;
            }
            Arg::Long("format") => {
                own("--format");
                given.format = Some(format(&parser.value()?.string()?)?);
            }
            Arg::Short('H') | Arg::Long("header") => {
                own("-H");
                given.headers.push(header(&parser.value()?.string()?)?);
            }
            Arg::Short('d') | Arg::Long("data") => {
                own("-d");
                given.body = Some(parser.value()?);
            }
            Arg::Long("service") => {
                own("--service");
                given.service = Some(parser.value()?.string()?);
            }
            Arg::Long("method") => {
                own("--method");
                given.method = Some(parser.value()?.string()?);
            }
            Arg::Long("expires") => {
                own("--expires");
                given.expires = Some(parser.value()?.parse()?);
            }
            Arg::Long("date") => {
                own("--date");
                given.date = Some(date(&parser.value()?.string()?)?);
            }
            Arg::Long("canonical") => {
                own("--canonical");
                given.canonical = true;
            }
            Arg::Long("tamper") => {
                own("--tamper");
                given.tamper = true;
            }
            Arg::Value(word) => given.words.push(word.string()?),
            Arg::Long(name) => {
                let name = name.to_owned();
                if !given.common.role.take(&name, &mut parser)? {
                    return Err(Arg::Long(&name).unexpected());
                }
            }
            other => return Err(other.unexpected()),
        }
    }
    given.command()
}

fn plain(command: Command) -> Arguments {
    Arguments { command, common: Common::default() }
}

impl Given {
    fn command(mut self) -> Result<Arguments, lexopt::Error> {
        let mut words = std::mem::take(&mut self.words).into_iter();
        let name = words.next().ok_or("no command given")?;
        let mut word = |what: &str| words.next().ok_or(format!("{name}: no {what} given"));
        let (command, takes): (Command, &[&str]) = match name.as_str() {
            "help" => (Command::Help, &[]),
            "credentials" => (Command::Credentials(self.format.unwrap_or_default()), &["--format"]),
            "whoami" => (Command::Whoami, &[]),
            "explain" => (Command::Explain { json: self.json }, &["--json"]),
            "request" => {
                let target = self.target(word("method")?, word("URL")?);
                (Command::Request(target), &["-H", "-d", "--service"])
            }
            "sign" => {
                let target = self.target(word("method")?, word("URL")?);
                let command = Command::Sign { target, canonical: self.canonical, date: self.date };
                (command, &["-H", "-d", "--service", "--canonical", "--date"])
            }
            "presign" => {
                let method = self.method.take().unwrap_or_else(|| "GET".to_owned());
                let target = self.target(method, word("URL")?);
                let expires = self.expires.unwrap_or(3600);
                let command =
                    Command::Presign { target, expires, canonical: self.canonical, date: self.date };
                (command, &["--service", "--method", "--expires", "--canonical", "--date"])
            }
            #[cfg(feature = "demo")]
            "demo" => (Command::Demo { tamper: self.tamper }, &["--tamper"]),
            other => return Err(format!("no such command: {other}").into()),
        };
        if let Some(word) = words.next() {
            return Err(format!("{name}: unexpected argument {word:?}").into());
        }
        if let Some(option) = self.own.iter().find(|option| !takes.contains(option)) {
            return Err(format!("{name} has no option {option}").into());
        }
        let role = &self.common.role;
        if let (Some(option), None) = (&role.first, &role.arn) {
            return Err(format!("{option} goes with --role-arn").into());
        }
        if role.mfa_code.is_some() && role.mfa_serial.is_none() {
            return Err("--mfa-code goes with --mfa-serial".into());
        }
        Ok(Arguments { command, common: self.common })
    }

    fn target(&mut self, method: String, url: String) -> Target {
        Target {
            method,
            url,
            headers: std::mem::take(&mut self.headers),
            body: self.body.take(),
            service: self.service.take(),
        }
    }
}

fn format(name: &str) -> Result<Format, String> {
    match name {
        "process" => Ok(Format::Process),
        "json" => Ok(Format::Json),
        "env" => Ok(Format::Env),
        _ => Err(format!("no such format: {name:?} (process, json, env)")),
    }
}

fn header(line: &str) -> Result<(String, String), String> {
    let (name, value) = line.split_once(':').ok_or_else(|| "-H wants NAME:VALUE".to_owned())?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn date(text: &str) -> Result<UnixTime, String> {
    let time = UnixTime::from_compact(text.as_bytes());
    time.map_err(|error| format!("--date wants a time like 20150830T123600Z: {error}"))
}
