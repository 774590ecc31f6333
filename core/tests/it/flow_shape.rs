//! The public `Flow` trait, checked with three flows outside the crate: a file and an unsigned call,
//! two dependent calls, and a flow that prompts the user.

use crate::common::*;
use rolecall_core::call::read_error;
use rolecall_core::credentials::Credentials;
use rolecall_core::error::{Buffer, Error, ErrorKind, Failure, FailureKind, Origin, Phase};
use rolecall_core::flow::{
    Answer, Context, Endpoint, Exchange, Flow, Lease, Limits, Memory, Need, Reply, Slot, Span, Step,
};
use rolecall_core::refresh::{Refreshing, Windows};
use rolecall_core::sigv4::{Payload, Request, Rules, Signer, SigningKey};
use rolecall_core::skew::Authority;
use rolecall_core::wire::http1::HeadWriter;
use rolecall_core::wire::json::{self, Token, Writer};
use rolecall_core::wire::percent::{self, Keep};
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::xml::{Event, Reader};
use rolecall_core::wire::{Cursor, Put};

const LATER: u64 = START + 3600;
const LIMITS: Limits =
    Limits { connect_ms: 3_000, first_byte_ms: 10_000, total_ms: 15_000, body_bytes: 256 * 1024 };

fn error(kind: ErrorKind) -> Error {
    Error::new(Origin::Other, "", kind)
}

fn endpoint(url: &'static str) -> Endpoint<'static> {
    Endpoint::parse(url).unwrap()
}

/// Writes a POST request with these headers and this body.
fn post(
    exchange: &mut [u8],
    endpoint: &Endpoint<'_>,
    headers: &[(&str, &[u8])],
    body: &[u8],
) -> Result<Span, ErrorKind> {
    let mut out = Cursor::new(exchange);
    let mut head = HeadWriter::new(&mut out, "POST", &[endpoint.root()]);
    head.header("Host", endpoint.authority().as_bytes());
    head.header("Content-Length", body.len().to_string().as_bytes());
    for (name, value) in headers {
        head.header(name, value);
    }
    head.finish().map_err(|invalid| ErrorKind::Invalid(invalid.part))?;
    let head = out.needed();
    out.put(body);
    let len = out.needed();
    match out.finish() {
        Ok(_) => Ok(Span { head, len }),
        Err(small) => Err(ErrorKind::BufferTooSmall { buffer: Buffer::Exchange, needed: small.needed }),
    }
}

fn step<'c, T>(endpoint: Endpoint<'c>, written: Result<Span, ErrorKind>) -> Step<'c, T> {
    match written {
        Ok(request) => Step::Need(Need::Http(Exchange::new(endpoint, request, LIMITS))),
        Err(kind) => Step::Done(Err(error(kind))),
    }
}

/// A lease computed from the service's clock.
fn lease(cx: &mut Context<'_>, reply: &Reply, exchange: &[u8], end: UnixTime) -> Result<Lease, ErrorKind> {
    let headers = reply.headers(exchange);
    cx.clock.observe(
        headers.get("date"),
        headers.get("age").is_some(),
        reply.sent,
        reply.received,
        Authority::Service,
    );
    let now = cx.clock.time(reply.received).ok_or(ErrorKind::ClockUnknown)?;
    match u64::try_from(end.seconds_since(now)) {
        Ok(seconds @ 1..) => Ok(Lease::new(Some(end), Some(seconds * 1000))),
        _ => Err(ErrorKind::Expired),
    }
}

fn store(slot: &mut Slot<'_>, keys: [&str; 3], end: UnixTime) -> Result<(), ErrorKind> {
    let [id, secret, token] = keys;
    let credentials =
        Credentials::new(id, secret, Some(token)).map_err(|invalid| ErrorKind::Unusable(invalid.field))?;
    slot.store(&credentials.with_expiration(Some(end)))
        .map_err(|small| ErrorKind::BufferTooSmall { buffer: Buffer::Slot, needed: small.needed })
}

/// AssumeRoleWithWebIdentity: the token file is read for every attempt; the call is unsigned.
struct WebIdentity {
    endpoint: Endpoint<'static>,
    token: String,
    ended: Option<Result<Lease, Error>>,
}

impl WebIdentity {
    fn new() -> Self {
        Self { endpoint: endpoint("https://sts.eu-west-1.amazonaws.com"), token: String::new(), ended: None }
    }

    fn take_reply(
        &mut self,
        cx: &mut Context<'_>,
        memory: &mut Memory<'_, '_>,
        reply: &Reply,
    ) -> Result<Lease, ErrorKind> {
        let body = reply.body(memory.exchange);
        if reply.status != 200 {
            cx.report.clear();
            read_error(body, cx.report).map_err(ErrorKind::Malformed)?;
            return Err(ErrorKind::Refused { status: reply.status, recoverable: false });
        }
        let mut texts =
            ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"].map(|name| (name, [0; 2048], 0));
        let mut reader = Reader::new(body);
        while let Some(event) = reader.next_event().map_err(ErrorKind::Malformed)? {
            let Event::Start(name) = event else { continue };
            if let Some((_, buffer, len)) = texts.iter_mut().find(|(wanted, ..)| *wanted == name) {
                let mut out = Cursor::new(buffer);
                reader.text(&mut out).map_err(ErrorKind::Malformed)?;
                *len = out.finish().map_err(|_| ErrorKind::Unusable("text"))?.len();
            }
        }
        let [id, secret, token, end] =
            texts.each_ref().map(|(_, buffer, len)| std::str::from_utf8(&buffer[..*len]).unwrap());
        let end = UnixTime::from_rfc3339(end.as_bytes()).map_err(|_| ErrorKind::Unusable("Expiration"))?;
        store(&mut memory.slots[0], [id, secret, token], end)?;
        lease(cx, reply, memory.exchange, end)
    }
}

impl Flow<'static> for WebIdentity {
    type Output = Lease;

    fn slots(&self) -> usize {
        1
    }

    fn poll(&mut self, _: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'static, Lease> {
        if let Some(result) = self.ended.take() {
            self.restart();
            return Step::Done(result);
        }
        if self.token.is_empty() {
            return Step::Need(Need::File { path: "/var/run/token" });
        }
        let mut body = [0; 1024];
        let mut out = Cursor::new(&mut body);
        out.put(b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&WebIdentityToken=");
        percent::encode(self.token.as_bytes(), Keep::Unreserved, &mut out);
        let body = match out.finish() {
            Ok(body) => &*body,
            Err(_) => return Step::Done(Err(error(ErrorKind::Invalid("token")))),
        };
        let form = [("Content-Type", &b"application/x-www-form-urlencoded"[..])];
        step(self.endpoint, post(memory.exchange, &self.endpoint, &form, body))
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        let result = match answer {
            Answer::Content(place) if self.token.is_empty() => {
                match std::str::from_utf8(&memory.exchange[place]) {
                    Ok(token) => self.token = token.trim_end().into(),
                    Err(_) => self.ended = Some(Err(error(ErrorKind::Invalid("token file")))),
                }
                memory.exchange.fill(0);
                return;
            }
            Answer::Reply(reply) if !self.token.is_empty() => self.take_reply(cx, memory, &reply),
            Answer::Failed(failure) => Err(ErrorKind::Transport(failure)),
            _ => Err(ErrorKind::Misuse),
        };
        self.ended = Some(result.map_err(error));
        memory.exchange.fill(0);
    }

    fn restart(&mut self) {
        self.token.clear();
        self.ended = None;
    }
}

/// An identity pool: GetId, then GetCredentialsForIdentity with the returned id.
struct IdentityPool {
    endpoint: Endpoint<'static>,
    pool: &'static str,
    identity: Option<String>,
    ended: Option<Result<Lease, Error>>,
}

impl IdentityPool {
    fn new() -> Self {
        let endpoint = endpoint("https://cognito-identity.eu-west-1.amazonaws.com");
        Self { endpoint, pool: "eu-west-1:pool", identity: None, ended: None }
    }

    fn take_reply(
        &mut self,
        cx: &mut Context<'_>,
        memory: &mut Memory<'_, '_>,
        reply: &Reply,
    ) -> Result<Option<Lease>, ErrorKind> {
        let body = reply.body(memory.exchange);
        if reply.status != 200 {
            return Err(ErrorKind::Status(reply.status));
        }
        let text = |document, name: &'static str| match json::member(document, name) {
            Ok(Some(Token::Str(text))) => Ok(text.chars().collect::<String>()),
            Ok(_) => Err(ErrorKind::Missing(name)),
            Err(error) => Err(ErrorKind::Malformed(error)),
        };
        if self.identity.is_none() {
            self.identity = Some(text(body, "IdentityId")?);
            return Ok(None);
        }
        let object = object(body, "Credentials").ok_or(ErrorKind::Missing("Credentials"))?;
        let seconds = match json::member(object, "Expiration") {
            Ok(Some(Token::Number(number))) => {
                number.parse::<f64>().map_err(|_| ErrorKind::Unusable("Expiration"))?
            }
            _ => return Err(ErrorKind::Missing("Expiration")),
        };
        let end = UnixTime::from_secs(seconds as u64);
        let keys = [text(object, "AccessKeyId")?, text(object, "SecretKey")?, text(object, "SessionToken")?];
        store(&mut memory.slots[0], keys.each_ref().map(|key| key.as_str()), end)?;
        lease(cx, reply, memory.exchange, end).map(Some)
    }
}

/// The bytes of the member `name`, itself an object, of the JSON object `document`.
fn object<'d>(document: &'d [u8], name: &str) -> Option<&'d [u8]> {
    let mut reader = json::Reader::new(document);
    while let Some(token) = reader.next_token().ok()? {
        let Token::Key(key) = token else { continue };
        // The reader is past the colon; spaces before the value are harmless.
        let start = reader.offset();
        reader.skip_value().ok()?;
        if key.is(name) && reader.depth() == 1 {
            return document.get(start..reader.offset());
        }
    }
    None
}

impl Flow<'static> for IdentityPool {
    type Output = Lease;

    fn slots(&self) -> usize {
        1
    }

    fn poll(&mut self, _: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'static, Lease> {
        if let Some(result) = self.ended.take() {
            self.restart();
            return Step::Done(result);
        }
        let (operation, name, value) = match &self.identity {
            None => ("GetId", "IdentityPoolId", self.pool),
            Some(identity) => ("GetCredentialsForIdentity", "IdentityId", identity.as_str()),
        };
        let mut body = [0; 256];
        let mut out = Cursor::new(&mut body);
        let mut json = Writer::new(&mut out);
        json.begin_object();
        json.key(name);
        json.string(value);
        json.end_object();
        let Ok(body) = out.finish() else { return Step::Done(Err(error(ErrorKind::Unusable("IdentityId")))) };
        let target = format!("AWSCognitoIdentityService.{operation}");
        let headers =
            [("Content-Type", &b"application/x-amz-json-1.1"[..]), ("X-Amz-Target", target.as_bytes())];
        step(self.endpoint, post(memory.exchange, &self.endpoint, &headers, body))
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        let result = match answer {
            Answer::Reply(reply) => self.take_reply(cx, memory, &reply),
            Answer::Failed(failure) => Err(ErrorKind::Transport(failure)),
            _ => Err(ErrorKind::Misuse),
        };
        self.ended = result.map_err(error).transpose();
        memory.exchange.fill(0);
    }

    fn restart(&mut self) {
        self.identity = None;
        self.ended = None;
    }
}

/// A flow that wraps a source and signs a call with an MFA code that the user enters.
struct WithMfa<B> {
    base: B,
    endpoint: Endpoint<'static>,
    authorized: bool,
    code: Option<[u8; 6]>,
    ended: Option<Result<u16, Error>>,
}

impl<B> WithMfa<B> {
    fn new(base: B) -> Self {
        let endpoint = endpoint("https://sts.eu-west-1.amazonaws.com");
        Self { base, endpoint, authorized: false, code: None, ended: None }
    }
}

impl<B: Flow<'static, Output = Lease>> Flow<'static> for WithMfa<B> {
    /// The HTTP status of the call.
    type Output = u16;

    fn slots(&self) -> usize {
        self.base.slots() + 1
    }

    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'static, u16> {
        if let Some(result) = self.ended.take() {
            self.restart();
            return Step::Done(result);
        }
        if !self.authorized {
            match self.base.poll(cx, &mut memory.without_first_slot()) {
                Step::Need(need) => return Step::Need(need),
                Step::Done(Ok(_)) => self.authorized = true,
                Step::Done(Err(error)) => return Step::Done(Err(error)),
            }
        }
        let Some(code) = self.code else {
            return Step::Need(Need::Prompt {
                question: "Code of arn:aws:iam::123456789012:mfa/me",
                hidden: false,
            });
        };
        let Some(time) = cx.clock.time(cx.now) else {
            return Step::Done(Err(error(ErrorKind::ClockUnknown)));
        };
        let credentials = memory.slots[1].credentials().expect("credentials of the base");
        let body = [&b"Action=GetSessionToken&Version=2011-06-15&TokenCode="[..], &code].concat();
        let signed = || {
            let key = SigningKey::derive(credentials.secret_access_key(), time, "eu-west-1", "sts");
            let mut request = Request::new("POST", self.endpoint.root(), Payload::Bytes(&body))?;
            request.header("host", self.endpoint.authority().as_bytes())?;
            let mut authorization = [0; 512];
            let mut out = Cursor::new(&mut authorization);
            let signer = Signer::new(&credentials, &key, Rules::STANDARD, time)?;
            signer.sign(&request)?.put_authorization(&mut out);
            Ok(out.finish().expect("long enough").to_vec())
        };
        let written = signed().map_err(ErrorKind::Sign).and_then(|authorization| {
            let date = time.compact();
            let token = credentials.session_token().map_or("", |token| token.expose());
            let headers = [
                ("X-Amz-Date", date.as_bytes()),
                ("X-Amz-Security-Token", token.as_bytes()),
                ("Authorization", &authorization),
            ];
            post(memory.exchange, &self.endpoint, &headers, &body)
        });
        step(self.endpoint, written)
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        if !self.authorized {
            return self.base.answer(cx, &mut memory.without_first_slot(), answer);
        }
        match answer {
            Answer::Content(place) if self.code.is_none() => {
                match memory.exchange[place].trim_ascii().try_into() {
                    Ok(code) => self.code = Some(code),
                    Err(_) => self.ended = Some(Err(error(ErrorKind::Invalid("code: six digits")))),
                }
            }
            Answer::Reply(reply) if self.code.is_some() => self.ended = Some(Ok(reply.status)),
            Answer::Failed(failure) => self.ended = Some(Err(error(ErrorKind::Transport(failure)))),
            _ => self.ended = Some(Err(error(ErrorKind::Misuse))),
        }
        memory.exchange.fill(0);
    }

    fn restart(&mut self) {
        self.base.restart();
        (self.authorized, self.code, self.ended) = (false, None, None);
    }
}

#[test]
fn a_flow_reads_a_file_and_then_makes_an_unsigned_call() {
    let mut world = World::new();
    world.on("FILE /var/run/token", content("eyJhb.Gci+/OiJ=\n"));
    world.on("WebIdentityToken=eyJhb.Gci%2B%2FOiJ%3D", ok(assumed("ASIAWEB", LATER)).at(START));
    let lease = world.run(&mut WebIdentity::new()).unwrap();
    assert_eq!((world.keys().0, lease.lifetime_ms), ("ASIAWEB", Some(3_600_000)));
    assert_eq!(world.needs[1].header("Authorization"), None);

    let mut world = World::new();
    world.on("FILE", content("t")).on("POST /", reply(400, refusal("ExpiredTokenException", "old")));
    let error = world.run(&mut WebIdentity::new()).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Refused { status: 400, .. }));
    assert_eq!(world.report.code(), "ExpiredTokenException");

    let mut world = World::new();
    world.on("FILE", Act::Fail(Phase::Body, FailureKind::NotFound));
    let failure = Failure { phase: Phase::Body, kind: FailureKind::NotFound };
    assert_eq!(world.run(&mut WebIdentity::new()).unwrap_err().kind, ErrorKind::Transport(failure));
}

#[test]
fn a_flow_makes_two_dependent_calls() {
    let mut world = World::new();
    world.on("{\"IdentityPoolId\":\"eu-west-1:pool\"}", ok(r#"{"IdentityId":"eu-west-1:someone"}"#));
    let credentials = format!(
        r#"{{"AccessKeyId":"ASIAPOOL","SecretKey":"s\/s","SessionToken":"t","Expiration":{LATER}.5E0}}"#
    );
    let body = format!(r#"{{"IdentityId":"x","Credentials":{credentials}}}"#);
    world.on("{\"IdentityId\":\"eu-west-1:someone\"}", ok(body).at(START));
    let lease = world.run(&mut IdentityPool::new()).unwrap();
    assert_eq!((world.keys(), lease.lifetime_ms), (("ASIAPOOL", "s/s", "t"), Some(3_600_000)));
    let targets: Vec<_> =
        world.needs.iter().map(|recorded| recorded.header("X-Amz-Target").unwrap()).collect();
    assert_eq!(
        targets,
        ["AWSCognitoIdentityService.GetId", "AWSCognitoIdentityService.GetCredentialsForIdentity"]
    );
}

#[test]
fn a_flow_prompts_the_user() {
    let mut world = World::new();
    token_and_role(&mut world).on(CREDENTIALS, ok(document("ASIABASE", LATER)));
    world.on("PROMPT Code of", content("123456\n")).on("&TokenCode=123456", reply(200, ""));
    assert_eq!(world.run(&mut WithMfa::new(imds())), Ok(200));
    assert!(world.needs[4].header("Authorization").unwrap().contains("Credential=ASIABASE/"));

    let mut world = World::new();
    token_and_role(&mut world).on(CREDENTIALS, ok(document("ASIABASE", LATER)));
    world.on("PROMPT", content("letters"));
    assert!(matches!(world.run(&mut WithMfa::new(imds())).unwrap_err().kind, ErrorKind::Invalid(_)));
}

#[test]
fn custom_flows_compose_with_the_flows_of_the_crate() {
    let mut world = World::new();
    world.on("FILE", content("token")).on("POST /", ok(assumed("ASIAWEB", LATER)).at(START));
    let mut flow = Refreshing::new(WebIdentity::new(), Windows::default());
    world.run(&mut flow).unwrap();
    world.monotonic += 10_000;
    world.run(&mut flow).unwrap();
    assert_eq!((world.keys().0, world.needs.len()), ("ASIAWEB", 2));

    let mut world = World::new();
    world.on("FILE", content("token")).on("POST /", ok(assumed("ASIAWEB", LATER)).at(START));
    world.on("PROMPT", content("123456")).on("Credential=ASIAWEB/", reply(200, ""));
    world.run(&mut WithMfa::new(WebIdentity::new())).unwrap();
}
