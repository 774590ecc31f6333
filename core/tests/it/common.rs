//! A driver that answers the needs of a flow from a script.

use std::collections::VecDeque;
use std::net::IpAddr;

use rolecall_core::credentials::Credentials;
use rolecall_core::error::{Error, Failure, FailureKind, Phase};
use rolecall_core::flow::{Answer, Body, Context, Exchange, Flow, Memory, Need, Reply, Report, Slot, Step};
use rolecall_core::skew::{Clock, Instant, Now};
use rolecall_core::sources::Imds;
use rolecall_core::wire::time::UnixTime;

/// A value of a `#[non_exhaustive]` request type with these fields set.
#[allow(unused_macros, reason = "no test file uses all of it")]
macro_rules! with {
    ($made:expr, $($field:ident = $value:expr),* $(,)?) => {{
        let mut made = $made;
        $(made.$field = $value;)*
        made
    }};
}

/// The wall clock at the start: 2026-01-02T03:04:05Z.
pub(crate) const START: u64 = 1_767_323_045;

/// The scripted answer to a need.
pub(crate) enum Act {
    Reply { status: u16, headers: String, body: Vec<u8> },
    Fail(Phase, FailureKind),
    Content(Vec<u8>),
    Addresses(Vec<IpAddr>),
}

pub(crate) fn reply(status: u16, body: impl Into<Vec<u8>>) -> Act {
    Act::Reply { status, headers: String::new(), body: body.into() }
}

pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Act {
    reply(200, body)
}

pub(crate) fn content(bytes: impl Into<Vec<u8>>) -> Act {
    Act::Content(bytes.into())
}

pub(crate) fn addresses(texts: &[&str]) -> Act {
    Act::Addresses(texts.iter().map(|text| text.parse().unwrap()).collect())
}

impl Act {
    pub(crate) fn with(mut self, line: &str) -> Self {
        if let Act::Reply { headers, .. } = &mut self {
            headers.push_str(line);
            headers.push_str("\r\n");
        }
        self
    }

    /// Adds a `Date` header, in seconds since 1970.
    pub(crate) fn at(self, date: u64) -> Self {
        self.with(&format!("Date: {}", UnixTime::from_secs(date).http_date()))
    }
}

/// A recorded need of the flow.
pub(crate) struct RecordedNeed {
    /// The request, or `FILE path`, `RESOLVE host`, `PROMPT question`, `SIGN scheme` and the message.
    pub(crate) text: String,
    pub(crate) exchange: Option<Exchange<'static>>,
    /// When it arose, in milliseconds of the monotonic clock.
    pub(crate) at: u64,
}

impl RecordedNeed {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let head = self.text.split("\r\n\r\n").next().unwrap();
        let mut lines = head.split("\r\n").skip(1).filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").unwrap().1
    }
}

/// The clocks, the memory and the script.
pub(crate) struct World {
    pub(crate) exchange: Vec<u8>,
    pub(crate) slots: Vec<Slot<'static>>,
    pub(crate) clock: Clock,
    pub(crate) report: Report,
    pub(crate) entropy: u32,
    /// Milliseconds since boot.
    pub(crate) monotonic: u64,
    /// The wall clock at `monotonic` 0, in seconds; `None` without a wall clock.
    pub(crate) wall: Option<u64>,
    /// Duration of each exchange in milliseconds.
    pub(crate) pace: u64,
    script: VecDeque<(String, Act)>,
    /// Answers every need after the end of the script.
    always: Option<fn(&str) -> Act>,
    pub(crate) needs: Vec<RecordedNeed>,
    /// Whether the flow may leave a reply in the exchange buffer.
    pub(crate) leaves_reply: bool,
}

/// A slot whose memory is leaked_endpoint, so that it lives as long as the test.
pub(crate) fn slot(size: usize) -> Slot<'static> {
    Slot::new(Box::leak(vec![0; size].into_boxed_slice()))
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            exchange: vec![0; 8 * 1024],
            slots: (0..4).map(|_| slot(Slot::RECOMMENDED)).collect(),
            clock: Clock::new(),
            report: Report::new(),
            entropy: 0x8000_0000,
            monotonic: 5_000,
            wall: Some(START),
            pace: 20,
            script: VecDeque::new(),
            always: None,
            needs: Vec::new(),
            leaves_reply: false,
        }
    }

    /// Expects the next need to contain `fragment`, and answers it with `act`.
    pub(crate) fn on(&mut self, fragment: &str, act: Act) -> &mut Self {
        self.script.push_back((fragment.into(), act));
        self
    }

    /// Answers every need after the end of the script with `act`.
    pub(crate) fn always(&mut self, act: fn(&str) -> Act) -> &mut Self {
        self.always = Some(act);
        self
    }

    pub(crate) fn now(&self) -> Now {
        Now {
            monotonic: Instant::from_millis(self.monotonic),
            wall: self.wall.map(|wall| UnixTime::from_secs(wall + self.monotonic / 1000)),
        }
    }

    /// Unix time by the scripted wall clock.
    pub(crate) fn time(&self) -> u64 {
        self.wall.unwrap_or(START) + self.monotonic / 1000
    }

    pub(crate) fn poll<'c, F: Flow<'c>>(&mut self, flow: &mut F) -> Step<'c, F::Output> {
        let now = self.now();
        let mut cx = Context { now, entropy: self.entropy, clock: &mut self.clock, report: &mut self.report };
        flow.poll(&mut cx, &mut Memory { exchange: &mut self.exchange, slots: &mut self.slots })
    }

    pub(crate) fn answer<'c, F: Flow<'c>>(&mut self, flow: &mut F, answer: Answer<'_>) {
        let now = self.now();
        let mut cx = Context { now, entropy: self.entropy, clock: &mut self.clock, report: &mut self.report };
        flow.answer(&mut cx, &mut Memory { exchange: &mut self.exchange, slots: &mut self.slots }, answer);
    }

    /// Drives `flow` until it is done.
    #[track_caller]
    pub(crate) fn run<'c, F: Flow<'c>>(&mut self, flow: &mut F) -> Result<F::Output, Error> {
        for _ in 0..1_000 {
            let need = match self.poll(flow) {
                Step::Done(result) => return result,
                Step::Need(Need::Wait { until }) => {
                    assert!(until > Instant::from_millis(self.monotonic), "a wait ends in the future");
                    self.monotonic = until.as_millis();
                    continue;
                }
                Step::Need(need) => need,
            };
            let recorded = self.record(&need);
            // A need that the driver drops is returned again by the next poll.
            let Step::Need(need) = self.poll(flow) else { panic!("a dropped need is not returned again") };
            assert_eq!(self.record(&need).text, recorded.text, "a dropped need is returned again unchanged");
            self.carry_out(flow, recorded);
        }
        panic!("no result after {} needs", self.needs.len());
    }

    fn record(&self, need: &Need<'_>) -> RecordedNeed {
        let (text, exchange) = match need {
            Need::Http(http) => {
                let mut bytes = http.request.bytes(&self.exchange).to_vec();
                match http.body {
                    Body::Bytes(body) => bytes.extend_from_slice(body),
                    Body::Streamed(len) => bytes.extend(format!("{len} BYTES").into_bytes()),
                    _ => {}
                }
                let head = http.request.head(&self.exchange).expect("a valid request head");
                assert_eq!(head.headers.all("host").count(), 1);
                let length = head.headers.text("content-length").map_or(0, |text| text.parse().unwrap());
                let body = match http.body {
                    Body::Streamed(len) => len as usize,
                    _ => bytes.len() - http.request.head,
                };
                assert_eq!(body, length);
                // The need borrows the flow, so the record keeps text and a leaked_endpoint endpoint.
                let mut exchange = Exchange::new(leaked_endpoint(http), http.request, http.limits);
                (exchange.address, exchange.metadata) = (http.address, http.metadata);
                (exchange.repeatable, exchange.reply_headers) = (http.repeatable, http.reply_headers);
                exchange.streams_reply = http.streams_reply;
                exchange.presents_certificate = http.presents_certificate;
                (String::from_utf8(bytes).unwrap(), Some(exchange))
            }
            Need::File { path } => (format!("FILE {path}"), None),
            Need::Resolve { host } => (format!("RESOLVE {host}"), None),
            Need::Prompt { question, hidden } => {
                let how = if *hidden { "HIDDEN PROMPT" } else { "PROMPT" };
                (format!("{how} {question}"), None)
            }
            Need::PromptAfter { shown, question, hidden } => {
                let how = if *hidden { "HIDDEN PROMPT" } else { "PROMPT" };
                let shown = std::str::from_utf8(&self.exchange[shown.clone()]).unwrap();
                (format!("{how} {shown}{question}"), None)
            }
            Need::Sign { scheme, message } => {
                let message = std::str::from_utf8(&self.exchange[message.clone()]).unwrap();
                (format!("SIGN {scheme}\n{message}"), None)
            }
            Need::Process { command } => (format!("PROCESS {command}"), None),
            other => panic!("an unknown need: {other:?}"),
        };
        RecordedNeed { text, exchange, at: self.monotonic }
    }

    #[track_caller]
    fn carry_out<'c, F: Flow<'c>>(&mut self, flow: &mut F, recorded: RecordedNeed) {
        let act = match (self.script.pop_front(), self.always) {
            (Some((fragment, act)), _) => {
                assert!(
                    recorded.text.contains(&fragment),
                    "expected {fragment:?} but got\n{}",
                    recorded.text
                );
                act
            }
            (None, Some(always)) => always(&recorded.text),
            (None, None) => panic!("nothing in the script for\n{}", recorded.text),
        };
        let limits = recorded.exchange.as_ref().map(|exchange| exchange.limits);
        self.needs.push(recorded);
        let sent = self.now();
        self.monotonic += match (&act, limits) {
            (Act::Fail(Phase::Connect, FailureKind::Timeout), Some(limits)) => u64::from(limits.connect_ms),
            (Act::Fail(_, FailureKind::Timeout), Some(limits)) => u64::from(limits.total_ms),
            _ => self.pace,
        };
        match act {
            Act::Reply { status, headers, body } => {
                let len = headers.len() + body.len();
                if len > self.exchange.len() {
                    let failure = Failure { phase: Phase::Body, kind: FailureKind::TooLarge };
                    self.answer(flow, Answer::Failed(failure));
                } else {
                    self.exchange[..headers.len()].copy_from_slice(headers.as_bytes());
                    self.exchange[headers.len()..len].copy_from_slice(&body);
                    let (headers, body) = (0..headers.len(), headers.len()..len);
                    let received = self.now();
                    self.answer(flow, Answer::Reply(Reply { status, headers, body, sent, received }));
                }
            }
            Act::Content(bytes) => {
                self.exchange[..bytes.len()].copy_from_slice(&bytes);
                self.answer(flow, Answer::Content(0..bytes.len()));
            }
            Act::Addresses(addresses) => self.answer(flow, Answer::Addresses(&addresses)),
            Act::Fail(phase, kind) => self.answer(flow, Answer::Failed(Failure { phase, kind })),
        }
        let wiped = self.exchange.iter().all(|byte| *byte == 0);
        assert!(wiped || self.leaves_reply, "the exchange buffer is not wiped");
    }

    /// Asserts that the whole script was used.
    #[track_caller]
    pub(crate) fn finished(&self) {
        assert!(self.script.is_empty(), "unused script entry: {:?}", self.script[0].0);
    }

    #[track_caller]
    pub(crate) fn credentials(&self) -> Credentials<'_> {
        self.slots[0].credentials().expect("credentials in the first slot")
    }

    /// Access key id, secret and token in the first slot.
    #[track_caller]
    pub(crate) fn keys(&self) -> (&str, &str, &str) {
        let credentials = self.credentials();
        (
            credentials.access_key_id(),
            credentials.secret_access_key().expose(),
            credentials.session_token().map_or("", |token| token.expose()),
        )
    }
}

/// A copy of the endpoint with a leaked_endpoint URL.
fn leaked_endpoint(exchange: &Exchange<'_>) -> rolecall_core::flow::Endpoint<'static> {
    let endpoint = exchange.endpoint;
    let url = format!("{}://{}{}", endpoint.scheme().as_str(), endpoint.authority(), endpoint.base_path());
    rolecall_core::flow::Endpoint::parse(url.leak()).unwrap()
}

pub(crate) const TOKEN: &str = "PUT /latest/api/token ";
pub(crate) const ROLE: &str = "GET /latest/meta-data/iam/security-credentials/ ";
pub(crate) const CREDENTIALS: &str = "GET /latest/meta-data/iam/security-credentials/demo-role ";

pub(crate) fn imds() -> Imds<'static> {
    Imds::new(rolecall_core::flow::Endpoint::parse(Imds::ENDPOINT).unwrap())
}

/// The token reply of the metadata service.
pub(crate) fn token() -> Act {
    ok("METADATA-TOKEN==").with("X-aws-ec2-metadata-token-ttl-seconds: 21600")
}

/// Scripts the metadata requests that precede the credentials.
pub(crate) fn token_and_role(world: &mut World) -> &mut World {
    world.on(TOKEN, token()).on(ROLE, ok("demo-role"))
}

/// A credentials document in the format of the metadata service.
pub(crate) fn document(key: &str, expiration: u64) -> String {
    let expiration = UnixTime::from_secs(expiration).rfc3339();
    format!(
        r#"{{
  "Code" : "Success",
  "LastUpdated" : "2026-01-02T03:00:00Z",
  "Type" : "AWS-HMAC",
  "AccessKeyId" : "{key}",
  "SecretAccessKey" : "secret/of+{key}",
  "Token" : "token-of-{key}==",
  "Expiration" : "{expiration}"
}}"#
    )
}

/// A reply to AssumeRole.
pub(crate) fn assumed(key: &str, expiration: u64) -> String {
    let expiration = UnixTime::from_secs(expiration).rfc3339();
    format!(
        r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <SourceIdentity>someone</SourceIdentity>
    <AssumedRoleUser>
      <AssumedRoleId>AROAEXAMPLE:job</AssumedRoleId>
      <Arn>arn:aws:sts::123456789012:assumed-role/other/job</Arn>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>{key}</AccessKeyId>
      <SecretAccessKey>secret/of+{key}</SecretAccessKey>
      <SessionToken>token-of-{key}==</SessionToken>
      <Expiration>{expiration}</Expiration>
    </Credentials>
    <PackedPolicySize>8</PackedPolicySize>
  </AssumeRoleResult>
  <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>
</AssumeRoleResponse>
"#
    )
}

/// An error reply of STS.
pub(crate) fn refusal(code: &str, message: &str) -> String {
    format!(
        r#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>{code}</Code>
    <Message>{message}</Message>
  </Error>
  <RequestId>f93e25a7-0000-11e0-8154-cbc7ccf896c7</RequestId>
</ErrorResponse>
"#
    )
}
