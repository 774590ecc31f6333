//! The command line.

mod catalog;
#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
mod certificate;
mod common;
mod format;
#[cfg(feature = "generate")]
mod generate;
mod help;
mod identity;
mod nearest;
mod role;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "sessions")]
mod session;
#[cfg(feature = "setup")]
mod setup;
#[cfg(feature = "tokens")]
mod token;
mod value;

use std::ffi::OsString;

use lexopt::{Arg, Parser, ValueExt};
use rolecall::UnixTime;

use catalog::{COMMANDS, Opt, Topic};
pub(crate) use common::Common;
pub(crate) use format::{Format, Syntax};
pub(crate) use identity::IdentityOptions;
use nearest::nearest;
pub(crate) use role::RoleOptions;
#[cfg(feature = "serve")]
pub(crate) use serve::ServeOptions;
#[cfg(feature = "setup")]
pub(crate) use setup::{Recipe, SetupOptions};
#[cfg(feature = "tokens")]
pub(crate) use token::TokenKind;

/// A parsed command line.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) command: Command,
    pub(crate) common: Common,
}

#[derive(Debug)]
pub(crate) enum Command {
    Help(String),
    Version,
    Credentials(Format),
    /// A program to run, and its arguments.
    Exec {
        program: OsString,
        arguments: Vec<OsString>,
        /// Whether it gets an endpoint in place of keys.
        refresh: bool,
    },
    #[cfg(feature = "serve")]
    Serve(Box<ServeOptions>),
    #[cfg(feature = "sso")]
    Login {
        json: bool,
    },
    #[cfg(feature = "sso")]
    Logout {
        json: bool,
    },
    Whoami {
        json: bool,
    },
    #[cfg(feature = "profiles")]
    Profiles {
        json: bool,
    },
    Explain {
        json: bool,
    },
    Request(Target),
    #[cfg(feature = "verify")]
    Verify(VerifyOptions),
    #[cfg(feature = "tokens")]
    Token(TokenKind),
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
    /// A URL for MQTT over WebSocket.
    #[cfg(feature = "iot")]
    Mqtt {
        host: String,
        expires: u32,
        date: Option<UnixTime>,
    },
    #[cfg(feature = "setup")]
    Setup(Box<SetupOptions>),
    #[cfg(feature = "demo")]
    Demo {
        tamper: bool,
    },
}

impl Command {
    /// Whether it answers signals itself.
    #[cfg(unix)]
    pub(crate) fn ends_in_order(&self) -> bool {
        match self {
            Self::Exec { refresh, .. } => *refresh,
            #[cfg(feature = "serve")]
            Self::Serve(_) => true,
            _ => false,
        }
    }
}

/// The request to sign.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<OsString>,
    #[cfg(feature = "upload")]
    pub(crate) transfer: TransferOptions,
    pub(crate) service: Option<String>,
    pub(crate) region_set: Option<String>,
    /// Whether a session at the directory bucket of the URL signs.
    #[cfg(feature = "sessions")]
    pub(crate) s3_session: bool,
}

/// How a request is sent, and where its reply goes.
#[cfg(feature = "upload")]
#[derive(Debug, Default)]
pub(crate) struct TransferOptions {
    /// A file to send.
    pub(crate) upload: Option<OsString>,
    /// The length of what a pipe gives, in bytes.
    pub(crate) length: Option<u64>,
    /// The file that gets the reply.
    pub(crate) output: Option<OsString>,
    /// Whether status and headers of the reply are printed.
    pub(crate) include: bool,
    /// Attempts after the first.
    pub(crate) retries: u8,
    /// Seconds that all of it may take.
    pub(crate) timeout: Option<u32>,
}

/// How a captured request is checked.
#[cfg(feature = "verify")]
#[derive(Debug, Default)]
pub(crate) struct VerifyOptions {
    pub(crate) secret_from: Option<OsString>,
    pub(crate) service_reply: Option<OsString>,
    pub(crate) json: bool,
    pub(crate) service: Option<String>,
    pub(crate) date: Option<UnixTime>,
}

/// Every option, before the command is known.
#[derive(Default)]
struct Given {
    common: Common,
    words: Vec<String>,
    /// What follows `--` after `exec` or `serve`, as it is.
    program: std::vec::IntoIter<OsString>,
    has_program: bool,
    format: Option<Format>,
    headers: Vec<(String, String)>,
    body: Option<OsString>,
    #[cfg(feature = "upload")]
    transfer: TransferOptions,
    service: Option<String>,
    region_set: Option<String>,
    #[cfg(feature = "sessions")]
    s3_session: bool,
    method: Option<String>,
    #[cfg(feature = "verify")]
    verify: VerifyOptions,
    #[cfg(feature = "tokens")]
    token: token::Flags,
    #[cfg(feature = "iot")]
    mqtt: Option<String>,
    expires: Option<u32>,
    date: Option<UnixTime>,
    canonical: bool,
    tamper: bool,
    refresh: bool,
    json: bool,
    help: bool,
    version: bool,
    #[cfg(feature = "serve")]
    serve: ServeOptions,
    #[cfg(feature = "setup")]
    setup: SetupOptions,
    /// The long names of all options given.
    names: Vec<String>,
}

/// Parses a command line. An error says where to read on.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, String> {
    let mut given = Given::default();
    let parsed = given.read(arguments).and_then(|()| given.arguments());
    parsed.map_err(|error| {
        let words = given.words.strip_prefix(&["help".to_owned()]).unwrap_or(&given.words);
        let name = help::topic(words).map(|topic| format!("{} ", topic.name)).unwrap_or_default();
        format!("{error}\nTry 'rolecall {name}--help'.")
    })
}

impl Given {
    fn read(&mut self, arguments: impl IntoIterator<Item = OsString>) -> Result<(), lexopt::Error> {
        let mut parser = Parser::from_iter(arguments);
        loop {
            // What follows is for the other command to read.
            if self.takes_program()
                && let Some(mut rest) = parser.try_raw_args()
                && rest.next_if(|word| word == "--").is_some()
            {
                self.program = rest.collect::<Vec<_>>().into_iter();
                self.has_program = true;
                return Ok(());
            }
            let Some(argument) = parser.next()? else { return Ok(()) };
            let name = match argument {
                Arg::Value(_) if self.takes_program() => return Err(self.no_program().into()),
                Arg::Value(word) => {
                    self.words.push(word.string()?);
                    continue;
                }
                Arg::Long(name) => name.to_owned(),
                Arg::Short(letter) => {
                    let mut all = COMMANDS.iter().flat_map(Topic::all);
                    let named = all.find(|option| option.short() == Some(letter));
                    named.ok_or_else(|| Arg::Short(letter).unexpected())?.long().to_owned()
                }
            };
            if !self.take(&name, &mut parser)? {
                return Err(self.no_option(&name).into());
            }
            self.names.push(name);
        }
    }

    /// Whether the words so far are those of a command that runs another.
    fn takes_program(&self) -> bool {
        self.words == ["exec"] || (cfg!(feature = "serve") && self.words == ["serve"])
    }

    /// The error of such a command without the other, or with one that may have options of this one.
    fn no_program(&self) -> String {
        let name = self.words.first().map_or("exec", String::as_str);
        format!(
            "{name}: expected -- and the command to run, as in: rolecall {name} --profile build -- aws s3 ls"
        )
    }

    /// Parses the value of an option, and returns whether there is such an option.
    fn take(&mut self, name: &str, parser: &mut Parser) -> Result<bool, lexopt::Error> {
        let option = format!("--{name}");
        let mut text = || value::text(&option, parser);
        match name {
            "help" => self.help = true,
            "version" => self.version = true,
            "verbose" => self.common.verbose = true,
            "quiet" => self.common.quiet = true,
            "region" => self.common.region = Some(text()?),
            "profile" => self.common.profile = Some(text()?),
            "cache" => self.common.cache = Some(text()?),
            "wait" => self.common.wait = Some(value::seconds(&option, 0..=u32::MAX, parser)?),
            "json" => self.json = true,
            "format" => self.format = Some(format::format(&text()?)?),
            "header" => self.headers.push(value::header(&option, parser)?),
            // A body may begin as an option does.
            "data" => self.body = Some(parser.value()?),
            #[cfg(feature = "upload")]
            "upload-file" => self.transfer.upload = Some(value::any(&option, parser)?),
            #[cfg(feature = "upload")]
            "length" => self.transfer.length = Some(value::bytes(&option, parser)?),
            #[cfg(feature = "upload")]
            "output" => self.transfer.output = Some(value::any(&option, parser)?),
            #[cfg(feature = "upload")]
            "include" => self.transfer.include = true,
            #[cfg(feature = "upload")]
            "retry" => self.transfer.retries = value::retries(&option, parser)?,
            #[cfg(feature = "upload")]
            "timeout" => self.transfer.timeout = Some(value::seconds(&option, 1..=604_800, parser)?),
            "service" => self.service = Some(text()?),
            "region-set" if cfg!(feature = "sigv4a") => self.region_set = Some(text()?),
            #[cfg(feature = "sessions")]
            "s3-session" => self.s3_session = true,
            #[cfg(feature = "verify")]
            "secret-from" => self.verify.secret_from = Some(value::any(&option, parser)?),
            #[cfg(feature = "verify")]
            "service-reply" => self.verify.service_reply = Some(value::any(&option, parser)?),
            #[cfg(feature = "tokens")]
            "admin" => self.token.admin = true,
            #[cfg(feature = "tokens")]
            "serverless" => self.token.serverless = true,
            #[cfg(feature = "tokens")]
            "signing-algorithm" => self.token.algorithm = Some(text()?),
            "method" => self.method = Some(text()?),
            #[cfg(feature = "iot")]
            "mqtt" => self.mqtt = Some(text()?),
            "expires" => self.expires = Some(value::seconds(&option, 1..=604_800, parser)?),
            "date" => self.date = Some(date(&text()?)?),
            "canonical" => self.canonical = true,
            "refresh" if cfg!(feature = "serve") => self.refresh = true,
            "tamper" if cfg!(feature = "demo") => self.tamper = true,
            _ => return self.take_of_groups(name, parser),
        }
        Ok(true)
    }

    /// Parses the value of an option of one of the groups, and returns whether it is of any.
    fn take_of_groups(&mut self, name: &str, parser: &mut Parser) -> Result<bool, lexopt::Error> {
        let common = &mut self.common;
        if common.role.take(name, parser)? || common.identity.take(name, parser)? {
            return Ok(true);
        }
        #[cfg(feature = "sessions")]
        if self.common.session.take(name, parser)? {
            return Ok(true);
        }
        #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
        if self.common.certificate.take(name, parser)? {
            return Ok(true);
        }
        #[cfg(feature = "serve")]
        if self.serve.take(name, parser)? {
            return Ok(true);
        }
        #[cfg(feature = "setup")]
        if self.setup.take(name, parser)? {
            return Ok(true);
        }
        Ok(false)
    }

    fn arguments(&mut self) -> Result<Arguments, lexopt::Error> {
        if self.version {
            return Ok(plain(Command::Version));
        }
        let by_word = self.words.first().is_some_and(|word| word == "help");
        if by_word || self.help {
            return Ok(plain(Command::Help(self.help(by_word)?)));
        }
        let topic = self.topic(&self.words)?;
        if let Some(option) = self.names.iter().find(|name| !topic.has(name)) {
            let hint = hint("--", nearest(option, topic.all().map(Opt::long)));
            return Err(format!("{} has no option --{option}{hint}", topic.name).into());
        }
        self.check_repeated(topic)?;
        self.check_inputs(topic)?;
        let command = self.command(topic)?;
        self.common.check(topic.name == "setup cognito")?;
        Ok(Arguments { command, common: std::mem::take(&mut self.common) })
    }

    /// The error of an option that no command has.
    fn no_option(&self, name: &str) -> String {
        let of_topic = help::topic(&self.words).and_then(|topic| nearest(name, topic.all().map(Opt::long)));
        let all = || nearest(name, COMMANDS.iter().flat_map(Topic::all).map(Opt::long));
        format!("invalid option '--{name}'{}", hint("--", of_topic.or_else(all)))
    }

    /// Checks that no value is given twice: one of the two would be ignored.
    fn check_repeated(&self, topic: &Topic) -> Result<(), lexopt::Error> {
        let once = topic.all().filter(|option| option.given != catalog::Given::Often && option.has_value());
        for option in once {
            if self.names.iter().filter(|name| *name == option.long()).nth(1).is_some() {
                return Err(format!("--{} is given twice; leave one out", option.long()).into());
            }
        }
        Ok(())
    }

    /// Checks that standard input is read for one thing alone, and that a scope is named in one way.
    fn check_inputs(&self, topic: &Topic) -> Result<(), lexopt::Error> {
        #[cfg(feature = "upload")]
        let uploads = self.transfer.upload.as_ref().is_some_and(|path| path == "-")
            || self.body.as_ref().is_some_and(|body| body == "@-");
        #[cfg(not(feature = "upload"))]
        let uploads = false;
        if self.common.identity.password_stdin && (uploads || topic.name == "verify") {
            return Err(
                "--password-stdin: standard input is the request or its body; set AWS_COGNITO_PASSWORD"
                    .into(),
            );
        }
        if self.names.iter().any(|name| name == "region-set") && self.common.region.is_some() {
            return Err("--region or --region-set, not both".into());
        }
        Ok(())
    }

    /// The help that is asked for by the word `help` or by the option.
    fn help(&self, by_word: bool) -> Result<String, lexopt::Error> {
        // `rolecall help --help` is about `help` itself.
        let of_help = self.help && self.words.len() == 1;
        let words = if by_word && !of_help { &self.words[1..] } else { &self.words };
        if words.is_empty() {
            return Ok(help::overview());
        }
        let topic = self.topic(words)?;
        let named = topic.name.split(' ').count();
        let more = if by_word { 0 } else { topic.words.split_terminator(' ').count() };
        match words.get(named + more) {
            Some(word) => Err(unexpected(topic, word)),
            None => Ok(help::of(topic)),
        }
    }

    /// The topic of these words.
    fn topic(&self, words: &[String]) -> Result<&'static Topic, lexopt::Error> {
        let command = words.first().ok_or("no command given")?;
        let topic = help::topic(words).ok_or_else(|| {
            let all: Vec<_> = COMMANDS.iter().map(|topic| topic.name).collect();
            let hint = hint("", nearest(command, all.iter().copied()));
            format!("no such command: {command:?}{hint}; this build has {}", all.join(", "))
        })?;
        #[cfg(feature = "setup")]
        if let ("setup", Some(recipe)) = (topic.name, words.get(1)) {
            return Err(setup::unknown(recipe).into());
        }
        Ok(topic)
    }

    fn command(&mut self, topic: &'static Topic) -> Result<Command, lexopt::Error> {
        let named = topic.name.split(' ').count();
        let mut words = self.words.clone().into_iter().skip(named);
        let name = topic.name;
        let mut word = |what: &str| words.next().ok_or(format!("{name}: no {what} given"));
        let command = match name {
            "credentials" => Command::Credentials(self.format.unwrap_or_default()),
            "exec" => {
                let program = self.program.next().ok_or_else(|| self.no_program())?;
                Command::Exec { program, arguments: self.program.by_ref().collect(), refresh: self.refresh }
            }
            #[cfg(feature = "serve")]
            "serve" => {
                let mut options = std::mem::take(&mut self.serve);
                options.check()?;
                if self.has_program {
                    let program = self.program.next().ok_or_else(|| self.no_program())?;
                    options.program = Some((program, self.program.by_ref().collect()));
                }
                Command::Serve(Box::new(options))
            }
            #[cfg(feature = "sso")]
            "login" => Command::Login { json: self.json },
            #[cfg(feature = "sso")]
            "logout" => Command::Logout { json: self.json },
            "whoami" => Command::Whoami { json: self.json },
            #[cfg(feature = "profiles")]
            "profiles" => Command::Profiles { json: self.json },
            "explain" => Command::Explain { json: self.json },
            "request" => {
                #[cfg(feature = "upload")]
                if self.body.is_some() && self.transfer.upload.is_some() {
                    return Err("--data or --upload-file, not both".into());
                }
                #[cfg(feature = "upload")]
                if self.transfer.length.is_some() && self.transfer.upload.is_none() {
                    return Err("--length needs --upload-file".into());
                }
                Command::Request(self.target(word("method")?, word("URL")?))
            }
            #[cfg(feature = "verify")]
            "verify" => {
                let mut options = std::mem::take(&mut self.verify);
                (options.service, options.date) = (self.service.take(), self.date);
                options.json = self.json;
                Command::Verify(options)
            }
            #[cfg(feature = "tokens")]
            "token" => {
                let flags = token::Flags { expires: self.expires, ..std::mem::take(&mut self.token) };
                return Ok(Command::Token(token::kind(words, flags)?));
            }
            "sign" => {
                let target = self.target(word("method")?, word("URL")?);
                Command::Sign { target, canonical: self.canonical, date: self.date }
            }
            #[cfg(feature = "iot")]
            "presign" if self.mqtt.is_some() => {
                let beside = ["method", "header", "service", "canonical", "region-set", "s3-session"];
                if let Some(option) = self.names.iter().find(|name| beside.contains(&name.as_str())) {
                    return Err(format!("--mqtt or --{option}, not both").into());
                }
                let host = self.mqtt.take().unwrap_or_default();
                Command::Mqtt { host, expires: self.expires.unwrap_or(3600), date: self.date }
            }
            "presign" => {
                let method = self.method.take().unwrap_or_else(|| "GET".to_owned());
                let target = self.target(method, word("URL")?);
                let expires = self.expires.unwrap_or(3600);
                Command::Presign { target, expires, canonical: self.canonical, date: self.date }
            }
            #[cfg(feature = "generate")]
            "generate" => {
                let kind = word("kind")?;
                let text = generate::generated(&kind).ok_or_else(|| {
                    format!("generate: expected {}, found {kind:?}", generate::KINDS.join(", "))
                })?;
                Command::Help(text)
            }
            #[cfg(feature = "demo")]
            "demo" => Command::Demo { tamper: self.tamper },
            #[cfg(feature = "setup")]
            _ if topic.is_recipe() => {
                let mut setup = std::mem::take(&mut self.setup);
                setup.json = self.json;
                Command::Setup(Box::new(setup.of(topic, &mut self.common)?))
            }
            _ => return Err(word("recipe").map_or_else(Into::into, |word| unexpected(topic, &word))),
        };
        match words.next() {
            Some(word) => Err(unexpected(topic, &word)),
            None => Ok(command),
        }
    }

    fn target(&mut self, method: String, url: String) -> Target {
        Target {
            method,
            url,
            headers: std::mem::take(&mut self.headers),
            body: self.body.take(),
            #[cfg(feature = "upload")]
            transfer: std::mem::take(&mut self.transfer),
            service: self.service.take(),
            region_set: self.region_set.take(),
            #[cfg(feature = "sessions")]
            s3_session: self.s3_session,
        }
    }
}

/// What was probably meant, for an error.
fn hint(prefix: &str, nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean {prefix}{name}?")).unwrap_or_default()
}

fn plain(command: Command) -> Arguments {
    Arguments { command, common: Common::default() }
}

fn unexpected(topic: &Topic, word: &str) -> lexopt::Error {
    format!("{}: unexpected argument {word:?}", topic.name).into()
}

fn date(text: &str) -> Result<UnixTime, String> {
    let time = UnixTime::from_compact(text.as_bytes());
    time.map_err(|error| format!("--date: expected a time such as 20150830T123600Z, found {text:?}: {error}"))
}
