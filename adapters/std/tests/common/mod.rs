//! A world of a test's own making: clocks that stand until they are moved, files and commands in a
//! list, and an instance's metadata service that hands out numbered keys.

#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};

use rolecall::core::error::{Failure, FailureKind, Phase};
use rolecall::core::flow::{Answer, Exchange, Reply};
use rolecall::core::skew::{Instant, Now};
use rolecall::{Buffer, Environment, Error, Host, Provider, ProviderBuilder, Settings, Streams, UnixTime};

/// 2026-01-02T03:04:05Z.
pub(crate) const START: u64 = 1_767_323_045;

/// A clone is another handle to the same world.
#[derive(Clone)]
pub(crate) struct World {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    opened: Condvar,
}

struct State {
    /// Seconds since the start, on both clocks.
    elapsed: u64,
    files: HashMap<String, String>,
    outputs: HashMap<String, Result<String, FailureKind>>,
    run: Vec<String>,
    answers: Vec<String>,
    /// Seconds of life of the keys that are handed out.
    lifetime: u64,
    /// The metadata service answers with this status.
    status: u16,
    /// Requests for role credentials.
    fetches: u32,
    /// What STS was asked.
    forms: Vec<String>,
    /// STS refuses what is signed with this key as ended.
    ended: Option<String>,
    /// What names resolve to, one answer after the other; the last one stays.
    addresses: Vec<Vec<IpAddr>>,
    /// The addresses that were connected to, where the flow said so.
    connected: Vec<IpAddr>,
    /// Nobody gets an answer until it is.
    open: bool,
    /// Requests that wait for an answer.
    waiting: u32,
}

impl World {
    pub(crate) fn new() -> Self {
        let state = State {
            elapsed: 0,
            files: HashMap::new(),
            outputs: HashMap::new(),
            run: Vec::new(),
            answers: Vec::new(),
            lifetime: 3_600,
            status: 200,
            fetches: 0,
            forms: Vec::new(),
            ended: None,
            addresses: Vec::new(),
            connected: Vec::new(),
            open: true,
            waiting: 0,
        };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), opened: Condvar::new() }) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.shared.state.lock().expect("no test panics with it")
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.state().elapsed += seconds;
    }

    pub(crate) fn live(&self, seconds: u64) {
        self.state().lifetime = seconds;
    }

    pub(crate) fn answer_with(&self, status: u16) {
        self.state().status = status;
    }

    /// What STS was asked, in order.
    pub(crate) fn forms(&self) -> Vec<String> {
        self.state().forms.clone()
    }

    /// From now on STS refuses what is signed with this key as ended.
    pub(crate) fn end(&self, access_key_id: &str) {
        self.state().ended = Some(access_key_id.to_owned());
    }

    /// A name resolves to these, after what was said before.
    pub(crate) fn resolves_to(&self, addresses: &[[u8; 4]]) -> &Self {
        self.state().addresses.push(addresses.iter().map(|address| IpAddr::from(*address)).collect());
        self
    }

    /// The addresses that a flow had connected to.
    pub(crate) fn connected(&self) -> Vec<IpAddr> {
        self.state().connected.clone()
    }

    /// The commands that were run.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.state().run.clone()
    }

    /// What a person will answer, the last one first.
    pub(crate) fn answers(&self, answer: &str) -> &Self {
        self.state().answers.push(answer.to_owned());
        self
    }

    pub(crate) fn fetches(&self) -> u32 {
        self.state().fetches
    }

    /// Holds every answer back, or lets them go.
    pub(crate) fn open(&self, open: bool) {
        self.state().open = open;
        self.shared.opened.notify_all();
    }

    /// Waits until a request waits for its answer.
    pub(crate) fn until_asked(&self) {
        while self.state().waiting == 0 {
            std::thread::yield_now();
        }
    }

    pub(crate) fn file(&self, path: &str, content: &str) -> &Self {
        self.state().files.insert(path.to_owned(), content.to_owned());
        self
    }

    pub(crate) fn output(&self, command: &str, output: Result<&str, FailureKind>) -> &Self {
        self.state().outputs.insert(command.to_owned(), output.map(str::to_owned));
        self
    }

    pub(crate) fn settings(
        &self,
        variables: &[(&str, &str)],
        profile: Option<&str>,
    ) -> Result<Settings, Error> {
        Settings::load_from(self, &variables.iter().copied().collect::<Environment>(), profile)
    }

    /// The default chain with these variables.
    pub(crate) fn provider(&self, variables: &[(&str, &str)]) -> Provider {
        self.builder(variables).build()
    }

    /// What that is made of.
    pub(crate) fn builder(&self, variables: &[(&str, &str)]) -> ProviderBuilder {
        Provider::builder(self.settings(variables, None).expect("settings")).host(self.clone())
    }
}

impl Host for World {
    fn exchange(&self, exchange: &Exchange<'_>, buffer: &mut Buffer, _: &mut Streams<'_>) -> Answer<'static> {
        let sent = self.now();
        let head = exchange.request.head(buffer.bytes()).expect("a head");
        let target = head.target.to_owned();
        let authorization = head.headers.text("authorization").unwrap_or_default().to_owned();
        let body = String::from_utf8_lossy(exchange.request.body(buffer.bytes())).into_owned();
        let mut state = self.state();
        state.connected.extend(exchange.address);
        state.waiting += 1;
        while !state.open {
            state = self.shared.opened.wait(state).expect("no test panics with it");
        }
        state.waiting -= 1;
        let mut status = state.status;
        let body = match target.as_str() {
            "/latest/api/token" => "TOKEN==".to_owned(),
            "/latest/meta-data/iam/security-credentials/" => "role".to_owned(),
            "/latest/meta-data/iam/security-credentials/role" => {
                state.fetches += 1;
                let end = UnixTime::from_secs(START + state.elapsed + state.lifetime).rfc3339();
                format!(
                    r#"{{"AccessKeyId":"ASIA{}","SecretAccessKey":"secret","Token":"token","Expiration":"{end}"}}"#,
                    state.fetches
                )
            }
            // A container endpoint: the key tells who asked.
            "/v1/credentials" => {
                state.fetches += 1;
                let end = UnixTime::from_secs(START + state.elapsed + state.lifetime).rfc3339();
                format!(
                    r#"{{"AccessKeyId":"ASIA{authorization}","SecretAccessKey":"secret","Token":"token","Expiration":"{end}"}}"#
                )
            }
            "/" if state.ended.as_ref().is_some_and(|key| authorization.contains(&format!("={key}/"))) => {
                status = 403;
                "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>it has ended</Message></Error>\
                 </ErrorResponse>"
                    .to_owned()
            }
            // STS: each call gives the next key.
            "/" => {
                state.fetches += 1;
                let action = body.split(['=', '&']).nth(1).expect("an action").to_owned();
                let end = UnixTime::from_secs(START + state.elapsed + state.lifetime).rfc3339();
                state.forms.push(body);
                format!(
                    "<{action}Response><{action}Result><Credentials><AccessKeyId>ASIA{}</AccessKeyId>\
                     <SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>\
                     <Expiration>{end}</Expiration></Credentials></{action}Result></{action}Response>",
                    state.fetches
                )
            }
            other => panic!("nobody serves {other}"),
        };
        drop(state);
        buffer.clear();
        buffer.append(body.as_bytes());
        let body = 0..buffer.bytes().len();
        Answer::Reply(Reply { status, headers: 0..0, body, sent, received: self.now() })
    }

    fn read_file(&self, path: &str, buffer: &mut Buffer) -> Result<(), Failure> {
        let missing = Failure { phase: Phase::File, kind: FailureKind::NotFound };
        buffer.append(self.state().files.get(path).ok_or(missing)?.as_bytes());
        Ok(())
    }

    fn run(&self, command: &str, _: &[(&str, &str)], buffer: &mut Buffer) -> Result<(), Failure> {
        let mut state = self.state();
        state.run.push(command.to_owned());
        let failed = |kind| Failure { phase: Phase::Process, kind };
        match state.outputs.get(command) {
            Some(Ok(output)) => {
                buffer.append(output.as_bytes());
                Ok(())
            }
            Some(Err(kind)) => Err(failed(*kind)),
            None => Err(failed(FailureKind::NotFound)),
        }
    }

    fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Failure> {
        let addresses = &mut self.state().addresses;
        let next = addresses.first().unwrap_or_else(|| panic!("nobody knows {host}")).clone();
        if addresses.len() > 1 {
            addresses.remove(0);
        }
        Ok(next)
    }

    fn prompt(&self, _: &str, _: bool, buffer: &mut Buffer) -> Result<(), Failure> {
        let unsupported = Failure { phase: Phase::Prompt, kind: FailureKind::Unsupported };
        buffer.append(self.state().answers.pop().ok_or(unsupported)?.as_bytes());
        Ok(())
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), Failure> {
        bytes.fill(7);
        Ok(())
    }

    fn now(&self) -> Now {
        let elapsed = self.state().elapsed;
        Now {
            monotonic: Instant::from_millis(elapsed * 1000),
            wall: Some(UnixTime::from_secs(START + elapsed)),
        }
    }

    fn sleep_until(&self, instant: Instant) {
        let seconds = instant.as_millis().div_ceil(1000);
        let mut state = self.state();
        state.elapsed = state.elapsed.max(seconds);
    }

    /// In the middle of every draw.
    fn entropy(&self) -> u32 {
        0x8000_0000
    }
}

/// A folder of the test's own.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}
