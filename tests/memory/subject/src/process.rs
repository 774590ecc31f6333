//! The library for operating systems: over ureq, or over an HTTP client that keeps no copies.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream};

use rolecall::core::error::{Failure, FailureKind, Phase};
use rolecall::core::flow::{Answer, Exchange, Reply};
use rolecall::core::skew::{Instant, Now};
use rolecall::{
    AnywhereRole, Buffer, ClientCertificate, Environment, FileCache, Host, PoolIdentity, Provider, Request,
    Role, Secret, Settings, Streams, System, User,
};
use zeroize::Zeroizing;

use crate::input::{Input, Lent};
use crate::nal::TODAY;
use crate::stage::Stage;

pub(crate) fn run(source: &str, mode: &str, input: &Input, stage: &Stage) -> String {
    let (url, folder) = (input.get("url"), input.get("folder"));
    let file = |name: &str| format!("{folder}/{name}");
    let mut variables = vec![
        ("AWS_REGION", "eu-west-1".to_owned()),
        ("AWS_CONFIG_FILE", file("config")),
        ("AWS_SHARED_CREDENTIALS_FILE", file("credentials")),
        ("AWS_ENDPOINT_URL_STS", url.to_owned()),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", url.to_owned()),
        ("AWS_ENDPOINT_URL_ROLESANYWHERE", url.to_owned()),
        ("AWS_ENDPOINT_URL_COGNITO_IDENTITY", url.to_owned()),
        ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", url.to_owned()),
    ];
    match source {
        "container" => {
            variables.push(("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{url}/credentials")));
            variables.push(("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file("authorization")));
        }
        "web-identity" => {
            variables.push(("AWS_WEB_IDENTITY_TOKEN_FILE", file("token")));
            variables.push(("AWS_ROLE_ARN", "arn:aws:iam::444455556666:role/x".to_owned()));
        }
        "assume-role" => variables.push(("AWS_PROFILE", "own".to_owned())),
        "signed" => variables.push(("AWS_PROFILE", "temporary".to_owned())),
        "command" => variables.push(("AWS_PROFILE", "command".to_owned())),
        _ => {}
    }
    let settings =
        || Settings::from_environment(&Environment::from_iter(variables.clone())).expect("settings");
    let ended = fetch(source, mode, &settings, input);
    stage.scan();
    ended
}

/// Fetches credentials, and drops everything that held them.
#[inline(never)]
fn fetch(source: &str, mode: &str, settings: &dyn Fn() -> Settings, input: &Input) -> String {
    let cache = format!("{}/cache", input.get("folder"));
    let system = System::new(&settings());
    let mut provider = Provider::builder(settings());
    if mode == "client" {
        let random = matches!(source, "sign-in" | "prompted").then(|| input.lend("random"));
        let answer = (source == "prompted").then(|| input.lend("password"));
        provider = provider.host(Plain { system, random, answer });
    }
    if source == "cached" {
        provider = provider.cache(FileCache::new(&cache));
    }
    let mut provider = provider.build();
    match source {
        "assume-role" => provider = provider.assume_role(Role::new("arn:aws:iam::444455556666:role/x", "s1")),
        "sign-in" => {
            provider = provider.session(identity().user(user(input).password(secret(input, "password"))))
        }
        "prompted" => provider = provider.session(identity().user(user(input))),
        "anywhere" => provider = provider.session(anywhere(input)),
        _ => {}
    }
    let fetched = provider.credentials();
    if source == "cached" && fetched.is_ok() {
        // As another process would: read the cache entry back.
        provider = Provider::builder(settings()).cache(FileCache::new(&cache)).build();
        assert!(provider.credentials().is_ok(), "the cached credentials");
    }
    if source == "signed" {
        let request = Request::new("GET", "https://bucket.s3.eu-west-1.amazonaws.com/key").expect("a URL");
        let signed = provider.sign(&request).map(|_| ()).and(provider.presign(&request, 300).map(|_| ()));
        signed.expect("two signatures");
    }
    match fetched {
        Ok(credentials) => credentials.access_key_id().to_owned(),
        Err(error) => error.to_string(),
    }
}

/// A role by a certificate, whose key may be encrypted.
fn anywhere(input: &Input) -> AnywhereRole {
    const ARN: &str = "arn:aws:rolesanywhere:eu-west-1:111122223333";
    let file = |name: &str| format!("{}/{name}", input.get("folder"));
    let mut files = ClientCertificate::files(file("certificate.pem"), file("key.pem")).shared_key_file();
    if input.get("encrypted") == "yes" {
        files = files.passphrase_file(file("passphrase"));
    }
    let (anchor, profile) = (format!("{ARN}:trust-anchor/a"), format!("{ARN}:profile/p"));
    AnywhereRole::new(anchor, profile, "arn:aws:iam::111122223333:role/x", files)
}

/// The identity of a user who signs in to a user pool.
fn identity() -> PoolIdentity {
    PoolIdentity::in_pool("eu-west-1:5b22ff62-98c3-4b4b-9a4b-2b8b8c2f7f0d")
}

/// The user, without a password.
fn user(input: &Input) -> User {
    User::new(input.get("pool"), "client", input.get("user")).client_secret(secret(input, "client secret"))
}

fn secret(input: &Input, name: &str) -> Secret {
    Secret::new(input.lend(name).text().to_owned())
}

/// The operating system as host, with a fixed clock and a minimal HTTP client that keeps no copies, so that
/// all findings are copies of the library.
struct Plain {
    system: System,
    /// Predictable random bytes, so that the tests can search for the values computed from them.
    random: Option<Lent>,
    /// What the user types.
    answer: Option<Lent>,
}

impl Plain {
    fn ask(exchange: &Exchange<'_>, buffer: &mut Buffer) -> std::io::Result<(u16, usize, usize)> {
        let mut stream = TcpStream::connect(exchange.endpoint.authority())?;
        stream.write_all(exchange.request.bytes(buffer.bytes()))?;
        buffer.clear();
        let mut piece = Zeroizing::new([0; 4096]);
        loop {
            let head = buffer.bytes().windows(4).position(|end| end == b"\r\n\r\n");
            if let Some(head) = head {
                let text = std::str::from_utf8(&buffer.bytes()[..head + 2]).expect("a head");
                let lines = text.find('\n').expect("a line") + 1;
                let length = text.split_once("Content-Length: ").expect("a length").1;
                let length: usize = length.lines().next().expect("digits").parse().expect("a number");
                if buffer.bytes().len() >= head + 4 + length {
                    return Ok((text[9..12].parse().expect("a status"), lines, head + 4));
                }
            }
            match stream.read(piece.as_mut_slice())? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                len => buffer.append(&piece[..len]),
            }
        }
    }
}

impl Host for Plain {
    fn exchange(&self, exchange: &Exchange<'_>, buffer: &mut Buffer, _: &mut Streams<'_>) -> Answer<'static> {
        let sent = self.now();
        match Self::ask(exchange, buffer) {
            Ok((status, lines, body)) => Answer::Reply(Reply {
                status,
                headers: lines..body - 2,
                body: body..buffer.bytes().len(),
                sent,
                received: self.now(),
            }),
            Err(_) => Answer::Failed(Failure { phase: Phase::Body, kind: FailureKind::Closed }),
        }
    }

    fn read_file(&self, path: &str, buffer: &mut Buffer) -> Result<(), Failure> {
        self.system.read_file(path, buffer)
    }

    fn run(&self, command: &str, variables: &[(&str, &str)], buffer: &mut Buffer) -> Result<(), Failure> {
        self.system.run(command, variables, buffer)
    }

    fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Failure> {
        self.system.resolve(host)
    }

    fn prompt(&self, question: &str, hidden: bool, buffer: &mut Buffer) -> Result<(), Failure> {
        match &self.answer {
            Some(answer) => buffer.append(answer.bytes()),
            None => self.system.prompt(question, hidden, buffer)?,
        }
        Ok(())
    }

    fn now(&self) -> Now {
        Now { wall: Some(TODAY), ..self.system.now() }
    }

    fn sleep_until(&self, instant: Instant) {
        self.system.sleep_until(instant);
    }

    fn entropy(&self) -> u32 {
        self.system.entropy()
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), Failure> {
        match &self.random {
            Some(random) => bytes.copy_from_slice(random.bytes()),
            None => self.system.random(bytes)?,
        }
        Ok(())
    }
}
