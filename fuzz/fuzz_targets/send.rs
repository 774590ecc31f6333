//! Any signed request over a hostile server (`rolecall_fuzz::hostile` says how one is written): what is
//! sent is what was given and what was signed, once more only where that is allowed, and the reply is the
//! last that was served.
//!
//! | setting | is |
//! |---|---|
//! | `method=M`, `target=T`, `header=NAME:VALUE` | the request's parts |
//! | `body=TEXT`, `unsigned=TEXT`, `streamed=N`, `rewinds=N` | its body: bytes, bytes that are not signed, or N bytes of a stream |
//! | `attempts=N`, `idempotent=yes` | what is retried |
//! | `rules=s3` | what the service wants signed |

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::call::{Answered, Content, Outgoing, SendRequest};
use rolecall_core::credentials::Credentials;
use rolecall_core::error::{Error, ErrorKind};
use rolecall_core::flow::{Answer, Context, Endpoint, Flow, Limits, Memory, RetryPolicy, Step};
use rolecall_core::sigv4::{Payload, Request, Rules, Scope, Signer, SigningKey};
use rolecall_core::sources::Fixed;
use rolecall_core::wire::time::UnixTime;
use rolecall_fuzz::hostile::{self, Asked, Script};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "session/token+of=caller";
/// Headers of the signer and of the framing: a request that brings one is not sent.
const OWN: [&str; 7] = [
    "host",
    "authorization",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-content-sha256",
    "content-length",
    "transfer-encoding",
];

fuzz_target!(|input: &[u8]| {
    let script = Script::read(input);
    let headers = header(&script);
    let headers = headers.as_slice();
    let outcome = hostile::run_leaving(&script, || Status(sending(&script, headers)));
    outcome.reports_none_of(&[SECRET, TOKEN]);

    let request = outgoing(&script, headers);
    let body = match request.content {
        Content::Bytes(bytes) | Content::Unsigned(bytes) => bytes.to_vec(),
        Content::Streamed { len, .. } => vec![0; len as usize],
        _ => panic!("another content"),
    };
    for asked in &outcome.asked {
        assert!(!headers.iter().any(|(name, _)| OWN.iter().any(|own| name.eq_ignore_ascii_case(own))));
        assert!(asked.https && asked.host == "example.amazonaws.com");
        assert_eq!((&*asked.method, &*asked.target), (request.method, request.target));
        assert_eq!(asked.body, body);
        for (name, value) in headers {
            assert_eq!(asked.header(name).map(str::as_bytes), Some(value.trim_ascii()), "{name}");
        }
        let length = usize::from(asked.header("content-length").is_some());
        let hash = usize::from(asked.header("x-amz-content-sha256").is_some());
        let agent = usize::from(!headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("user-agent")));
        // Host, date, token and signature beside these.
        assert_eq!(asked.headers.len(), headers.len() + length + hash + agent + 4, "{asked:?}");
        assert_eq!(asked.header("x-amz-security-token"), Some(TOKEN));
        is_signed(asked, &request);
    }
    // Once more for a clock that was wrong.
    let attempts = usize::try_from(request.retries.attempts).expect("few").max(1);
    assert!(outcome.asked.len() <= attempts + 1, "{} requests", outcome.asked.len());
    if matches!(request.content, Content::Streamed { rewinds: false, .. }) {
        let unsent = outcome.asked.len() - outcome.served.len();
        assert!(outcome.served.len() <= 1, "a stream was given again; {unsent} others were not sent");
    }
    match &outcome.result {
        Ok((status, _)) => assert_eq!(Some(*status), outcome.served.last().map(|served| served.status)),
        Err(Error { kind: ErrorKind::BufferTooSmall { .. }, .. }) => panic!("in plenty of memory"),
        Err(_) => {}
    }
});

/// The header of the script.
fn header<'s>(script: &Script<'s>) -> Vec<(&'s str, &'s [u8])> {
    let given = script.setting("header").and_then(|line| line.split_once(':'));
    given.map(|(name, value)| (name, value.as_bytes())).into_iter().collect()
}

fn outgoing<'s>(script: &Script<'s>, headers: &'s [(&'s str, &'s [u8])]) -> Outgoing<'s> {
    let number = |name| script.setting(name).and_then(|number| number.parse::<u32>().ok());
    let rules = if script.setting("rules") == Some("s3") { Rules::S3 } else { Rules::STANDARD };
    let scope = Scope { region: "eu-west-1", service: "example", rules };
    let endpoint = Endpoint::parse("https://example.amazonaws.com").expect("a URL");
    let (method, target) = (script.setting("method"), script.setting("target"));
    let mut request = Outgoing::new(method.unwrap_or("GET"), endpoint, target.unwrap_or("/"), scope);
    request.headers = headers;
    request.content = match (script.setting("body"), script.setting("unsigned"), number("streamed")) {
        (Some(body), ..) => Content::Bytes(body.as_bytes()),
        (_, Some(body), _) => Content::Unsigned(body.as_bytes()),
        (_, _, Some(len)) => {
            let rewinds = number("rewinds").is_some();
            Content::Streamed { len: len.min(4_096).into(), sha256: None, rewinds }
        }
        _ => Content::Bytes(b""),
    };
    let budget_ms = RetryPolicy::DEFAULT.budget_ms;
    request.limits = Limits { total_ms: budget_ms, ..Outgoing::LIMITS };
    request.retries = RetryPolicy { attempts: number("attempts").unwrap_or(1).min(8) as u8, budget_ms };
    request.idempotent |= script.setting("idempotent").is_some();
    request
}

fn sending<'s>(script: &Script<'s>, headers: &'s [(&'s str, &'s [u8])]) -> SendRequest<'s, Fixed<'static>> {
    let base = Credentials::new("AKIDEXAMPLE", SECRET, Some(TOKEN)).expect("credentials");
    SendRequest::new(Fixed::new(Some(base)), outgoing(script, headers))
}

/// The signature is that of the very request that is sent.
fn is_signed(asked: &Asked, request: &Outgoing<'_>) {
    let time =
        UnixTime::from_compact(asked.header("x-amz-date").expect("a date").as_bytes()).expect("a time");
    let payload = match asked.header("x-amz-content-sha256") {
        Some("UNSIGNED-PAYLOAD") => Payload::Unsigned,
        _ => Payload::Bytes(&asked.body),
    };
    let uncovered = matches!(payload, Payload::Unsigned);
    let rules = request.scope.rules;
    let rules = Rules { content_sha256: rules.content_sha256 || uncovered, ..rules };
    let mut signed = Request::<40>::with_room(&asked.method, &asked.target, payload).expect("it was signed");
    for (name, value) in &asked.headers {
        // The length is the framing's, and not signed.
        let own =
            ["authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "content-length"];
        if !own.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            signed.header(name, value.as_bytes()).expect("it was signed");
        }
    }
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET, Some(TOKEN)).expect("credentials");
    let Scope { region, service, .. } = request.scope;
    let key = SigningKey::derive(credentials.secret_access_key(), time, region, service);
    let signer = Signer::new(&credentials, &key, rules, time).expect("a signer");
    let signature = signer.sign(&signed).expect("it was signed").signature();
    let authorization = asked.header("authorization").expect("a signature");
    assert!(authorization.ends_with(&format!("Signature={signature}")), "{authorization} of {signature}");
}

/// A request's status, and whether it says that the credentials have ended.
struct Status<F>(F);

impl<'c, F: Flow<'c, Output = Answered>> Flow<'c> for Status<F> {
    type Output = (u16, bool);

    fn slots(&self) -> usize {
        self.0.slots()
    }

    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, (u16, bool)> {
        match self.0.poll(cx, memory) {
            Step::Need(need) => Step::Need(need),
            Step::Done(done) => {
                Step::Done(done.map(|answered| (answered.reply.status, answered.credentials_ended)))
            }
        }
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        self.0.answer(cx, memory, answer);
    }

    fn restart(&mut self) {
        self.0.restart();
    }
}
