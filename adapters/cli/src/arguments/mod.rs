//! The command line.

mod common;
mod help;
mod identity;
mod role;
#[cfg(feature = "setup")]
mod setup;

use std::ffi::OsString;

use lexopt::{Arg, Parser, ValueExt};
use rolecall::UnixTime;

pub(crate) use common::Common;
pub(crate) use help::HELP;
pub(crate) use identity::IdentityOptions;
pub(crate) use role::RoleOptions;
#[cfg(feature = "setup")]
pub(crate) use setup::{Recipe, SetupOptions};

/// A parsed command line.
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
    #[cfg(feature = "setup")]
    Setup(Box<SetupOptions>),
    #[cfg(feature = "demo")]
    Demo {
        tamper: bool,
    },
}

/// The format of printed credentials.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Format {
    #[default]
    Process,
    Json,
    Env,
}

/// The request to sign.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<OsString>,
    pub(crate) service: Option<String>,
}

/// Every option, before the command is known.
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
    #[cfg(feature = "setup")]
    setup: SetupOptions,
    /// The options given that not every command has.
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
                if !given.take(&name, &mut parser)? {
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
    /// Parses an option of one of the groups, and returns whether it is of any.
    fn take(&mut self, name: &str, parser: &mut Parser) -> Result<bool, lexopt::Error> {
        let common = &mut self.common;
        if common.role.take(name, parser)? || common.identity.take(name, parser)? {
            return Ok(true);
        }
        #[cfg(feature = "setup")]
        if self.setup.take(name, parser)? {
            return Ok(true);
        }
        Ok(false)
    }

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
            #[cfg(feature = "setup")]
            "setup" => {
                let setup = std::mem::take(&mut self.setup);
                (Command::Setup(Box::new(setup.of(&word("recipe")?, &mut self.common)?)), &[])
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
        #[cfg(feature = "setup")]
        if let Some(option) = &self.setup.first {
            return Err(format!("{name} has no option {option}").into());
        }
        #[cfg(feature = "setup")]
        let makes_user = matches!(&command, Command::Setup(setup) if setup.recipe == Recipe::Cognito);
        #[cfg(not(feature = "setup"))]
        let makes_user = false;
        self.common.identity.check(makes_user)?;
        let role = &self.common.role;
        if let (Some(option), None) = (role.given.first(), &role.arn) {
            return Err(format!("{option} needs --role-arn").into());
        }
        if role.mfa_code.is_some() && role.mfa_serial.is_none() {
            return Err("--mfa-code needs --mfa-serial".into());
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
    let (name, value) = line.split_once(':').ok_or_else(|| "-H: expected NAME:VALUE".to_owned())?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn date(text: &str) -> Result<UnixTime, String> {
    let time = UnixTime::from_compact(text.as_bytes());
    time.map_err(|error| format!("--date: expected a time such as 20150830T123600Z: {error}"))
}
