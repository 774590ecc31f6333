//! A simulated host: clocks that the test advances, files and commands in lists, and a metadata service
//! that returns numbered keys.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};

use rolecall::core::error::{Failure, FailureKind, Phase};
use rolecall::core::flow::{Answer, Exchange, Reply};
use rolecall::core::skew::{Instant, Now};
use rolecall::{Buffer, Environment, Error, Host, Provider, ProviderBuilder, Settings, Streams, UnixTime};

/// The time at the start: 2026-01-02T03:04:05Z.
pub(crate) const START: u64 = 1_767_323_045;

/// A handle to the simulated host; clones share its state.
#[derive(Clone)]
pub(crate) struct World {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    opened: Condvar,
}

struct State {
    /// Seconds since the start on both clocks.
    elapsed: u64,
    files: HashMap<String, String>,
    outputs: HashMap<String, Result<String, FailureKind>>,
    run: Vec<String>,
    answers: Vec<String>,
    /// Lifetime in seconds of the keys that are returned, from the start on if it is negative.
    lifetime: i64,
    /// Exchanges that fail because nothing listens there.
    refuses: u32,
    /// The region of the instance.
    region: Option<String>,
    /// Status of the replies of the metadata service.
    status: u16,
    /// Number of requests for role credentials.
    fetches: u32,
    /// Bodies of the requests to STS.
    forms: Vec<String>,
    /// The regions they were signed for.
    regions: Vec<String>,
    /// STS rejects requests signed with this key as expired.
    ended: Option<String>,
    /// DNS answers in order; the last one is repeated.
    addresses: Vec<Vec<IpAddr>>,
    /// Addresses to which a flow pinned its connections.
    connected: Vec<IpAddr>,
    /// While false, all answers are held back.
    open: bool,
    /// Number of requests that wait for an answer.
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
            refuses: 0,
            region: None,
            status: 200,
            fetches: 0,
            forms: Vec::new(),
            regions: Vec::new(),
            ended: None,
            addresses: Vec::new(),
            connected: Vec::new(),
            open: true,
            waiting: 0,
        };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), opened: Condvar::new() }) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.shared.state.lock().expect("the lock is not poisoned")
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.state().elapsed += seconds;
    }

    pub(crate) fn answer_with(&self, status: u16) {
        self.state().status = status;
    }

    /// Keys expire so many seconds after they were fetched; before it if it is negative.
    pub(crate) fn live(&self, seconds: i64) {
        self.state().lifetime = seconds;
    }

    /// The next exchanges fail: nothing listens there yet.
    pub(crate) fn refuse(&self, exchanges: u32) {
        self.state().refuses = exchanges;
    }

    /// The instance is in this region.
    pub(crate) fn is_in(&self, region: &str) -> &Self {
        self.state().region = Some(region.to_owned());
        self
    }

    /// Seconds since the start.
    pub(crate) fn elapsed(&self) -> u64 {
        self.state().elapsed
    }

    /// The bodies of the requests to STS in order.
    pub(crate) fn forms(&self) -> Vec<String> {
        self.state().forms.clone()
    }

    /// The regions that the requests to STS were signed for.
    pub(crate) fn regions(&self) -> Vec<String> {
        self.state().regions.clone()
    }

    /// Makes STS reject requests signed with this key as expired.
    pub(crate) fn end(&self, access_key_id: &str) {
        self.state().ended = Some(access_key_id.to_owned());
    }

    /// Appends a DNS answer with these addresses.
    pub(crate) fn resolves_to(&self, addresses: &[[u8; 4]]) -> &Self {
        self.state().addresses.push(addresses.iter().map(|address| IpAddr::from(*address)).collect());
        self
    }

    /// The addresses to which a flow pinned its connections.
    pub(crate) fn connected(&self) -> Vec<IpAddr> {
        self.state().connected.clone()
    }

    /// The commands that were run, in order.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.state().run.clone()
    }

    /// Adds an answer of the user; the last one added is used first.
    pub(crate) fn answers(&self, answer: &str) -> &Self {
        self.state().answers.push(answer.to_owned());
        self
    }

    pub(crate) fn fetches(&self) -> u32 {
        self.state().fetches
    }

    /// Releases all answers, or holds them back.
    pub(crate) fn open(&self, open: bool) {
        self.state().open = open;
        self.shared.opened.notify_all();
    }

    /// Blocks until a request waits for its answer.
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

    /// The builder of [`World::provider`].
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
            state = self.shared.opened.wait(state).expect("the lock is not poisoned");
        }
        state.waiting -= 1;
        assert!(exchange.limits.total_ms >= 1_000, "an exchange has no time: {:?}", exchange.limits);
        if state.refuses > 0 {
            state.refuses -= 1;
            return Answer::Failed(Failure { phase: Phase::Connect, kind: FailureKind::NotFound });
        }
        let mut status = state.status;
        let end =
            UnixTime::from_secs((START + state.elapsed).saturating_add_signed(state.lifetime)).rfc3339();
        let body = match target.as_str() {
            "/latest/api/token" => "TOKEN==".to_owned(),
            "/latest/meta-data/iam/security-credentials/" => "role".to_owned(),
            "/latest/meta-data/iam/security-credentials/role" => {
                state.fetches += 1;
                format!(
                    r#"{{"AccessKeyId":"ASIA{}","SecretAccessKey":"secret","Token":"token","Expiration":"{end}"}}"#,
                    state.fetches
                )
            }
            "/latest/meta-data/placement/region" => {
                let region = state.region.clone();
                status = if region.is_some() { status } else { 404 };
                region.unwrap_or_default()
            }
            // A container endpoint: the key id contains the authorization of the request.
            "/v1/credentials" => {
                state.fetches += 1;
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
            // STS: each call returns the next key.
            "/" => {
                state.fetches += 1;
                let action = body.split(['=', '&']).nth(1).expect("an action").to_owned();
                state.forms.push(body);
                state.regions.push(authorization.split('/').nth(2).unwrap_or_default().to_owned());
                format!(
                    "<{action}Response><{action}Result><Credentials><AccessKeyId>ASIA{}</AccessKeyId>\
                     <SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>\
                     <Expiration>{end}</Expiration></Credentials></{action}Result></{action}Response>",
                    state.fetches
                )
            }
            other => panic!("unexpected request target {other}"),
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
        let next = addresses.first().unwrap_or_else(|| panic!("no address for {host}")).clone();
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

    /// A constant in the middle of the range.
    fn entropy(&self) -> u32 {
        0x8000_0000
    }
}

/// A temporary folder for one test.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}
