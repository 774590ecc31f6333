//! A hostile server that follows a script, and a driver that runs a flow against it.
//!
//! An input is a script: a line of settings, then the acts, one for each need of the flow, separated by lines
//! of three dashes. The last act is repeated.
//!
//! | setting | meaning |
//! |---|---|
//! | `exchange=N`, `slot=N` | the sizes of lent memory |
//! | `wall=N` | the wall clock in seconds, `none` for a board without one |
//! | `entropy=N` | the value of the random source |
//! | any other | specific to the target |
//!
//! | act | meaning |
//! |---|---|
//! | `HTTP/1.1 200 OK`... | a raw response |
//! | `fail PHASE KIND` | a failure |
//! | `hosts ADDRESS...` | the addresses of a host name |
//! | anything else | the content of a file, output of a command, input of a user or signature of a key, or a response body without headers |
//!
//! An act may start with a line `after N`, for a delay of N milliseconds.

use std::net::IpAddr;

use rolecall_core::error::{Buffer, Error, ErrorKind, Failure, FailureKind, Phase};
use rolecall_core::flow::{
    Answer, Body, Context, Exchange, Flow, Memory, Need, Reply, Report, RetryPolicy, Slot, Step,
};
use rolecall_core::skew::{Clock, Instant, Now};
use rolecall_core::wire::http1::{self, RequestHead, ResponseHead, head_len};
use rolecall_core::wire::time::UnixTime;

/// More needs than any source has within its bounds.
const MOST_NEEDS: usize = 40;
/// The number of consecutive bytes of a secret that must not be reported.
const MIN_MATCH: usize = 8;

pub struct Script<'a> {
    settings: Vec<(&'a str, &'a str)>,
    acts: Vec<&'a [u8]>,
    len: usize,
}

impl<'a> Script<'a> {
    pub fn read(input: &'a [u8]) -> Self {
        let (first, rest) = split_line(input);
        let words = str::from_utf8(first).unwrap_or_default().split(' ');
        let mut acts = Vec::new();
        let (mut act, mut next) = (rest, rest);
        while !next.is_empty() {
            let (line, behind) = split_line(next);
            if line == b"---" {
                acts.push(&act[..act.len() - next.len()]);
                act = behind;
            }
            next = behind;
        }
        acts.push(act);
        Self { settings: words.filter_map(|word| word.split_once('=')).collect(), acts, len: input.len() }
    }

    pub fn setting(&self, name: &str) -> Option<&'a str> {
        self.settings.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.setting(name)?.parse().ok()
    }
}

/// The sizes of lent memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sizes {
    exchange: usize,
    slot: usize,
}

/// The result of a flow.
#[derive(Debug, PartialEq)]
pub struct Outcome<T> {
    pub result: Result<T, Error>,
    /// The first slot's credentials.
    pub keys: Option<Keys>,
    pub requests: Vec<SentRequest>,
    pub served: Vec<Served>,
    /// The messages that a key was to sign, and the signatures that it gave.
    pub signed: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// Code, message and request id.
    report: [String; 3],
    /// The elapsed milliseconds.
    spent: u64,
    /// The length of a response or content that did not fit.
    too_large: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    pub id: String,
    pub secret: String,
    pub token: Option<String>,
    pub account: Option<String>,
    pub expiration: Option<u64>,
}

/// A request that the flow made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentRequest {
    pub https: bool,
    pub presents_certificate: bool,
    pub host: String,
    pub address: Option<IpAddr>,
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl SentRequest {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }
}

/// An input of a flow: a response, or with status 0 the content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    pub status: u16,
    /// The number of requests before it.
    requests: usize,
    /// The time of the server's clock, if known, otherwise of the wall clock unless an earlier response had
    /// another time.
    pub time: Option<u64>,
    pub body: Vec<u8>,
}

/// Drives the flow that `make` creates to its end: with ample memory, and with the sizes in the script,
/// enlarged as errors require, which must have the same result.
pub fn run<'c, F>(script: &Script<'_>, make: impl Fn() -> F) -> Outcome<F::Output>
where
    F: Flow<'c>,
    F::Output: PartialEq + std::fmt::Debug,
{
    run_calls(1, script, make)
}

/// The same as [`run`], for a flow whose last response stays in the exchange buffer.
pub fn run_leaving<'c, F>(script: &Script<'_>, make: impl Fn() -> F) -> Outcome<F::Output>
where
    F: Flow<'c>,
    F::Output: PartialEq + std::fmt::Debug,
{
    run_bounded(Bounds { calls: 1, leaves_reply: true }, script, make)
}

/// The same as [`run`], for a flow of up to `calls` calls, each within its bounds.
pub fn run_calls<'c, F>(calls: usize, script: &Script<'_>, make: impl Fn() -> F) -> Outcome<F::Output>
where
    F: Flow<'c>,
    F::Output: PartialEq + std::fmt::Debug,
{
    run_bounded(Bounds { calls, leaves_reply: false }, script, make)
}

/// The permitted behavior of a flow.
#[derive(Clone, Copy)]
struct Bounds {
    calls: usize,
    leaves_reply: bool,
}

fn run_bounded<'c, F>(bounds: Bounds, script: &Script<'_>, make: impl Fn() -> F) -> Outcome<F::Output>
where
    F: Flow<'c>,
    F::Output: PartialEq + std::fmt::Debug,
{
    // A byte may be sent as an escape of six bytes.
    let plenty = Sizes { exchange: 4096 + 6 * script.len, slot: 1024 + script.len };
    let outcome = run_in(bounds, plenty, script, &mut make());
    assert_eq!(outcome.required(plenty), None, "the ample memory is too small");
    let size = |name| script.number(name).map_or(4096, |size| size.min(8192) as usize);
    let mut sizes = Sizes { exchange: size("exchange"), slot: size("slot") };
    for _ in 0..MOST_NEEDS {
        let mut again = run_in(bounds, sizes, script, &mut make());
        match again.required(sizes) {
            Some(more) => sizes = more,
            None => {
                // Permitted difference: if a secret did not fit, error details are not reported.
                if again.report.iter().all(String::is_empty) {
                    again.report.clone_from(&outcome.report);
                }
                assert_eq!(again, outcome, "in {sizes:?}");
                return outcome;
            }
        }
    }
    panic!("the required sizes are never sufficient");
}

impl<T> Outcome<T> {
    /// The required sizes, if `sizes` were too small.
    fn required(&self, sizes: Sizes) -> Option<Sizes> {
        let wanted = match (&self.result, self.too_large) {
            (_, Some(exchange)) => Sizes { exchange, ..sizes },
            (Err(Error { kind: ErrorKind::BufferTooSmall { buffer, needed }, .. }), None) => match buffer {
                Buffer::Exchange => Sizes { exchange: *needed, ..sizes },
                Buffer::Slot => Sizes { slot: *needed, ..sizes },
                other => panic!("the number of slots is sufficient: {other:?}"),
            },
            _ => return None,
        };
        assert!(wanted.exchange > sizes.exchange || wanted.slot > sizes.slot, "{wanted:?} in {sizes:?}");
        Some(wanted)
    }

    /// The value of `header` in the request of the last response. Only that server can have revealed it in
    /// the report; secrets of later requests were not sent to it.
    pub fn last_sent(&self, header: &str) -> &str {
        let reply = self.served.iter().rev().find(|served| served.status > 0);
        let sent = reply.and_then(|reply| self.requests.get(reply.requests.checked_sub(1)?));
        sent.and_then(|sent| sent.header(header)).unwrap_or_default()
    }

    /// Checks that the results are well-formed, and that the report contains none of `secrets`.
    pub fn is_clean(&self, secrets: &[&str]) {
        self.reports_none_of(secrets);
        let Some(keys) = &self.keys else {
            assert!(self.result.is_err(), "success without credentials");
            return;
        };
        assert!(self.result.is_ok(), "credentials after an error");
        for text in [&keys.id, &keys.secret].into_iter().chain(&keys.token).chain(&keys.account) {
            assert!(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
        }
    }

    /// Checks that the report is printable, and contains no part of `secrets`.
    pub fn reports_none_of(&self, secrets: &[&str]) {
        for text in &self.report {
            assert!(text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{text:?}");
            for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
                let part = secret.len().min(MIN_MATCH);
                let reported = |window: &[u8]| text.as_bytes().windows(part).any(|found| found == window);
                assert!(!secret.as_bytes().windows(part).any(reported), "{text:?} contains {secret:?}");
            }
        }
    }
}

fn run_in<'c, F: Flow<'c>>(
    bounds: Bounds,
    sizes: Sizes,
    script: &Script<'_>,
    flow: &mut F,
) -> Outcome<F::Output> {
    let mut memory: Vec<Vec<u8>> = (0..flow.slots()).map(|_| vec![0; sizes.slot]).collect();
    let mut slots: Vec<Slot<'_>> = memory.iter_mut().map(|memory| Slot::new(memory)).collect();
    let mut driver = Driver {
        exchange: vec![0; sizes.exchange],
        clock: Clock::new(),
        report: Report::new(),
        entropy: script.number("entropy").unwrap_or(7) as u32,
        spent: 0,
        wall: if script.setting("wall") == Some("none") {
            None
        } else {
            Some(script.number("wall").unwrap_or(1_767_323_045).min(1 << 37))
        },
        learned: false,
    };
    let mut outcome = Outcome {
        result: Err(Error::new(rolecall_core::error::Origin::Other, "", ErrorKind::Misuse)),
        keys: None,
        requests: Vec::new(),
        served: Vec::new(),
        signed: Vec::new(),
        report: Default::default(),
        spent: 0,
        too_large: None,
    };
    let mut acts = script.acts.iter().chain(std::iter::repeat(script.acts.last().expect("at least one")));
    for round in 0.. {
        assert!(round < MOST_NEEDS * bounds.calls, "too many needs");
        let need = match driver.poll(flow, &mut slots) {
            Step::Done(result) => {
                assert!(result.is_ok() || driver.is_wiped(), "a response is left after an error");
                outcome.result = result;
                break;
            }
            Step::Need(Need::Wait { until }) => {
                assert!(until.as_millis() > driver.spent, "a wait must end in the future");
                driver.spent = until.as_millis();
                continue;
            }
            Step::Need(need) => need,
        };
        let (delay, act) = after(acts.next().expect("an endless iterator"));
        match need {
            Need::Http(exchange) => {
                let sent = driver.sent_request(&exchange);
                // A dropped need must be returned again.
                match driver.poll(flow, &mut slots) {
                    Step::Need(Need::Http(again)) => assert_eq!(driver.sent_request(&again), sent),
                    _ => panic!("a dropped need is not returned again"),
                }
                outcome.requests.push(sent);
                driver.exchange(flow, &mut slots, &exchange, act, delay, &mut outcome);
            }
            Need::File { .. } | Need::Process { .. } | Need::Prompt { .. } | Need::PromptAfter { .. } => {
                match failure(act) {
                    Some(failure) => driver.answer(flow, &mut slots, Answer::Failed(failure)),
                    None => driver.content(flow, &mut slots, act, &mut outcome),
                }
            }
            Need::Resolve { .. } => match (hosts(act), failure(act)) {
                (Some(hosts), _) => driver.answer(flow, &mut slots, Answer::Addresses(&hosts)),
                (_, Some(failure)) => driver.answer(flow, &mut slots, Answer::Failed(failure)),
                _ => driver.content(flow, &mut slots, act, &mut outcome),
            },
            Need::Sign { message, .. } => {
                let message = driver.exchange[message].to_vec();
                match failure(act) {
                    Some(failure) => {
                        outcome.signed.push((message, None));
                        driver.answer(flow, &mut slots, Answer::Failed(failure));
                    }
                    None => {
                        outcome.signed.push((message, Some(act.to_vec())));
                        driver.content(flow, &mut slots, act, &mut outcome);
                    }
                }
            }
            other => panic!("an unknown need: {other:?}"),
        }
        assert!(bounds.leaves_reply || driver.is_wiped(), "the exchange buffer is wiped");
        assert!(
            driver.spent <= u64::from(RetryPolicy::DEFAULT.budget_ms) * bounds.calls as u64,
            "the time limit is exceeded"
        );
    }
    outcome.spent = driver.spent;
    outcome.report =
        [driver.report.code(), driver.report.message(), driver.report.request_id()].map(str::to_owned);
    outcome.keys = slots[0].credentials().map(|credentials| Keys {
        id: credentials.access_key_id().to_owned(),
        secret: credentials.secret_access_key().expose().to_owned(),
        token: credentials.session_token().map(|token| token.expose().to_owned()),
        account: credentials.account_id().map(str::to_owned),
        expiration: credentials.expiration().map(UnixTime::as_secs),
    });
    outcome
}

/// The clocks and the lent memory, except for the slots.
struct Driver {
    exchange: Vec<u8>,
    clock: Clock,
    report: Report,
    entropy: u32,
    /// The elapsed milliseconds of the monotonic clock.
    spent: u64,
    /// The initial time of the wall clock.
    wall: Option<u64>,
    /// Whether a response had a date.
    learned: bool,
}

impl Driver {
    fn is_wiped(&self) -> bool {
        self.exchange.iter().all(|byte| *byte == 0)
    }

    fn now(&self) -> Now {
        Now {
            monotonic: Instant::from_millis(self.spent),
            wall: self.wall.map(|wall| UnixTime::from_secs(wall + self.spent / 1000)),
        }
    }

    fn poll<'c, F: Flow<'c>>(&mut self, flow: &mut F, slots: &mut [Slot<'_>]) -> Step<'c, F::Output> {
        let now = self.now();
        let mut cx = Context { now, entropy: self.entropy, clock: &mut self.clock, report: &mut self.report };
        flow.poll(&mut cx, &mut Memory { exchange: &mut self.exchange, slots })
    }

    fn answer<'c, F: Flow<'c>>(&mut self, flow: &mut F, slots: &mut [Slot<'_>], answer: Answer<'_>) {
        let now = self.now();
        let mut cx = Context { now, entropy: self.entropy, clock: &mut self.clock, report: &mut self.report };
        flow.answer(&mut cx, &mut Memory { exchange: &mut self.exchange, slots }, answer);
    }

    fn sent_request(&self, exchange: &Exchange<'_>) -> SentRequest {
        let bytes = exchange.request.bytes(&self.exchange);
        assert_eq!(head_len(bytes, 0), Some(exchange.request.head), "one head");
        let RequestHead { method, target, headers } = exchange.request.head(&self.exchange).expect("a head");
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.to_owned(), String::from_utf8(value.to_vec()).expect("text")))
            .collect();
        for (at, (name, _)) in headers.iter().enumerate() {
            assert!(
                headers[..at].iter().all(|(other, _)| !other.eq_ignore_ascii_case(name)),
                "{name} is repeated"
            );
        }
        let sent = SentRequest {
            presents_certificate: exchange.presents_certificate,
            https: exchange.endpoint.scheme().as_str() == "https",
            host: exchange.endpoint.host().to_owned(),
            address: exchange.address,
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            body: match exchange.body {
                Body::Bytes(bytes) => bytes.to_vec(),
                Body::Streamed(len) => vec![0; len as usize],
                _ => exchange.request.body(&self.exchange).to_vec(),
            },
        };
        assert_eq!(sent.header("host"), Some(exchange.endpoint.authority()));
        let length = sent.header("content-length").map_or(0, |length| length.parse().expect("a number"));
        assert_eq!(sent.body.len(), length);
        sent
    }

    /// Performs an HTTP exchange within its limits.
    fn exchange<'c, F: Flow<'c>>(
        &mut self,
        flow: &mut F,
        slots: &mut [Slot<'_>],
        exchange: &Exchange<'_>,
        act: &[u8],
        delay: u64,
        outcome: &mut Outcome<F::Output>,
    ) {
        let sent = self.now();
        let fail = |phase, kind| Answer::Failed(Failure { phase, kind });
        let total = u64::from(exchange.limits.total_ms);
        self.spent += delay.min(total);
        if delay > total {
            return self.answer(flow, slots, fail(Phase::FirstByte, FailureKind::Timeout));
        }
        if let Some(failure) = failure(act) {
            return self.answer(flow, slots, Answer::Failed(failure));
        }
        if let Some(hosts) = hosts(act) {
            return self.answer(flow, slots, Answer::Addresses(&hosts));
        }
        let (status, lines, body) = match reply(act) {
            Ok(reply) => reply,
            Err((phase, kind)) => return self.answer(flow, slots, fail(phase, kind)),
        };
        let len = lines.len() + body.len();
        if len > self.exchange.len() {
            outcome.too_large = Some(len);
            return self.answer(flow, slots, fail(Phase::Body, FailureKind::TooLarge));
        }
        self.exchange[..lines.len()].copy_from_slice(lines);
        self.exchange[lines.len()..len].copy_from_slice(&body);
        let received = self.now();
        let reply = Reply { status, headers: 0..lines.len(), body: lines.len()..len, sent, received };
        let headers = reply.headers(&self.exchange);
        let date = headers.get("date").filter(|_| headers.get("age").is_none());
        let date = date.and_then(|date| UnixTime::from_http_date(date).ok());
        self.learned |= date.is_some();
        let time = date.or(received.wall.filter(|_| !self.learned)).map(UnixTime::as_secs);
        outcome.served.push(Served { status, requests: outcome.requests.len(), time, body });
        self.answer(flow, slots, Answer::Reply(reply));
    }

    fn content<'c, F: Flow<'c>>(
        &mut self,
        flow: &mut F,
        slots: &mut [Slot<'_>],
        content: &[u8],
        outcome: &mut Outcome<F::Output>,
    ) {
        let Some(place) = self.exchange.get_mut(..content.len()) else {
            outcome.too_large = Some(content.len());
            let failure = Failure { phase: Phase::File, kind: FailureKind::TooLarge };
            return self.answer(flow, slots, Answer::Failed(failure));
        };
        place.copy_from_slice(content);
        let (requests, body) = (outcome.requests.len(), content.to_vec());
        outcome.served.push(Served { status: 0, requests, time: None, body });
        self.answer(flow, slots, Answer::Content(0..content.len()));
    }
}

/// The delay before an act, and the act.
fn after(act: &[u8]) -> (u64, &[u8]) {
    let (line, rest) = split_line(act);
    let delay = str::from_utf8(line).ok().and_then(|line| line.strip_prefix("after ")?.parse().ok());
    delay.map_or((20, act), |delay| (delay, rest))
}

/// Status, header lines and body.
type Parts<'a> = (u16, &'a [u8], Vec<u8>);

/// The response of an act, or the failure of the exchange.
fn reply(act: &[u8]) -> Result<Parts<'_>, (Phase, FailureKind)> {
    if !act.starts_with(b"HTTP/") {
        return Ok((200, b"", act.to_vec()));
    }
    let end = head_len(act, 0).ok_or((Phase::FirstByte, FailureKind::Closed))?;
    let (head, mut stream) = act.split_at(end);
    let parsed = ResponseHead::parse(head).map_err(|_| (Phase::FirstByte, FailureKind::Protocol))?;
    let framing = parsed.framing().map_err(|_| (Phase::FirstByte, FailureKind::Protocol))?;
    let (mut body, mut data) = (http1::Body::new(framing), Vec::new());
    while !stream.is_empty() && !body.is_complete() {
        let step = body.advance(stream).map_err(|_| (Phase::Body, FailureKind::Protocol))?;
        data.extend_from_slice(&stream[step.data]);
        stream = &stream[step.used..];
    }
    body.finish().map_err(|_| (Phase::Body, FailureKind::Closed))?;
    let lines = head.iter().position(|byte| *byte == b'\n').expect("a status line") + 1;
    Ok((parsed.status, &head[lines..end - 2], data))
}

fn failure(act: &[u8]) -> Option<Failure> {
    let line = str::from_utf8(split_line(act).0).ok()?;
    let mut words = line.strip_prefix("fail ")?.split(' ');
    let phase = match words.next()? {
        "resolve" => Phase::Resolve,
        "connect" => Phase::Connect,
        "send" => Phase::Send,
        "first-byte" => Phase::FirstByte,
        "file" => Phase::File,
        "process" => Phase::Process,
        "prompt" => Phase::Prompt,
        "sign" => Phase::Sign,
        _ => Phase::Body,
    };
    let kind = match words.next()? {
        "timeout" => FailureKind::Timeout,
        "not-found" => FailureKind::NotFound,
        "closed" => FailureKind::Closed,
        "untrusted" => FailureKind::Untrusted,
        "protocol" => FailureKind::Protocol,
        "denied" => FailureKind::Denied,
        "unsupported" => FailureKind::Unsupported,
        _ => FailureKind::Other,
    };
    Some(Failure { phase, kind })
}

fn hosts(act: &[u8]) -> Option<Vec<IpAddr>> {
    let line = str::from_utf8(split_line(act).0).ok()?;
    Some(line.strip_prefix("hosts")?.split(' ').filter_map(|word| word.parse().ok()).collect())
}

/// The first line without its line break, and the rest.
fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, b""),
    }
}
