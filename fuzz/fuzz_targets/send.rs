//! A signed request to a hostile server (`rolecall_fuzz::hostile` describes its scripts): the request is
//! sent as specified and signed, is only repeated where that is allowed, and the result is the last served
//! response.
//!
//! | setting | meaning |
//! |---|---|
//! | `method=M`, `target=T`, `header=NAME:VALUE` | the parts of the request |
//! | `body=TEXT`, `unsigned=TEXT`, `streamed=N`, `rewinds=N` | the body: bytes, unsigned bytes, or a stream of N bytes |
//! | `attempts=N`, `idempotent=yes` | the retry policy |
//! | `rules=s3` | the signing rules of the service |

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::call::{Answered, Content, Outgoing, SendRequest};
use rolecall_core::credentials::Credentials;
use rolecall_core::error::{Error, ErrorKind};
use rolecall_core::flow::{Answer, Context, Endpoint, Flow, Limits, Memory, RetryPolicy, Step};
use rolecall_core::sigv4::{Payload, Request, Rules, Scope, Signer, SigningKey};
use rolecall_core::sources::Fixed;
use rolecall_core::wire::time::UnixTime;
use rolecall_fuzz::hostile::{self, Script, SentRequest};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "session/token+of=caller";
/// Headers of the signer and of the framing: a request with one of them is not sent.
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
    for sent in &outcome.requests {
        assert!(!headers.iter().any(|(name, _)| OWN.iter().any(|own| name.eq_ignore_ascii_case(own))));
        assert!(sent.https && sent.host == "example.amazonaws.com");
        assert_eq!((&*sent.method, &*sent.target), (request.method, request.target));
        assert_eq!(sent.body, body);
        for (name, value) in headers {
            assert_eq!(sent.header(name).map(str::as_bytes), Some(value.trim_ascii()), "{name}");
        }
        let length = usize::from(sent.header("content-length").is_some());
        let hash = usize::from(sent.header("x-amz-content-sha256").is_some());
        let agent = usize::from(!headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("user-agent")));
        // Plus host, date, token and signature.
        assert_eq!(sent.headers.len(), headers.len() + length + hash + agent + 4, "{sent:?}");
        assert_eq!(sent.header("x-amz-security-token"), Some(TOKEN));
        is_signed(sent, &request);
    }
    // One more attempt if the clock was wrong.
    let attempts = usize::try_from(request.retries.attempts).expect("few").max(1);
    assert!(outcome.requests.len() <= attempts + 1, "{} requests", outcome.requests.len());
    if matches!(request.content, Content::Streamed { rewinds: false, .. }) {
        let unsent = outcome.requests.len() - outcome.served.len();
        assert!(outcome.served.len() <= 1, "a stream was sent again; {unsent} other requests were not sent");
    }
    match &outcome.result {
        Ok((status, _)) => assert_eq!(Some(*status), outcome.served.last().map(|served| served.status)),
        Err(Error { kind: ErrorKind::BufferTooSmall { .. }, .. }) => panic!("too little memory"),
        Err(_) => {}
    }
});

/// The header in the script.
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
    request.retries = RetryPolicy::new(number("attempts").unwrap_or(1).min(8) as u16, budget_ms);
    request.idempotent |= script.setting("idempotent").is_some();
    request
}

fn sending<'s>(script: &Script<'s>, headers: &'s [(&'s str, &'s [u8])]) -> SendRequest<'s, Fixed<'static>> {
    let base = Credentials::new("AKIDEXAMPLE", SECRET, Some(TOKEN)).expect("credentials");
    SendRequest::new(Fixed::new(Some(base)), outgoing(script, headers))
}

/// Checks that the signature is that of the request as it is sent.
fn is_signed(sent: &SentRequest, request: &Outgoing<'_>) {
    let time = UnixTime::from_compact(sent.header("x-amz-date").expect("a date").as_bytes()).expect("a time");
    let payload = match sent.header("x-amz-content-sha256") {
        Some("UNSIGNED-PAYLOAD") => Payload::Unsigned,
        _ => Payload::Bytes(&sent.body),
    };
    let uncovered = matches!(payload, Payload::Unsigned);
    let rules = request.scope.rules;
    let rules = Rules { content_sha256: rules.content_sha256 || uncovered, ..rules };
    let mut signed = Request::<40>::with_room(&sent.method, &sent.target, payload).expect("a valid request");
    for (name, value) in &sent.headers {
        // The content length belongs to the framing, and is not signed.
        let own =
            ["authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "content-length"];
        if !own.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            signed.header(name, value.as_bytes()).expect("a valid header");
        }
    }
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET, Some(TOKEN)).expect("credentials");
    let Scope { region, service, .. } = request.scope;
    let key = SigningKey::derive(credentials.secret_access_key(), time, region, service);
    let signer = Signer::new(&credentials, &key, rules, time).expect("a signer");
    let signature = signer.sign(&signed).expect("a signature").signature();
    let authorization = sent.header("authorization").expect("a signature");
    assert!(authorization.ends_with(&format!("Signature={signature}")), "{authorization} of {signature}");
}

/// Wraps a flow to return only the status, and whether the credentials have expired.
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
