//! AssumeRole and GetCallerIdentity with other sources: what is sent, and which replies are accepted.

use crate::common::*;
use rolecall_core::call::{Call, Service};
use rolecall_core::credentials::Credentials;
use rolecall_core::error::{Buffer, Error, ErrorKind, Failure, FailureKind, Origin, Phase};
use rolecall_core::flow::{Answer, Endpoint, Flow, Need, RetryPolicy, Step};
use rolecall_core::sigv4::{Payload, Request, Rules, Signer, SigningKey};
use rolecall_core::skew::Clock;
use rolecall_core::sources::sts::{
    AssumeRole, AssumeRoleRequest, GetCallerIdentity, GetCallerIdentityRequest,
};
use rolecall_core::sources::{Authorization, Container, Fixed};
use rolecall_core::wire::time::UnixTime;

const ROLE_ARN: &str = "arn:aws:iam::123456789012:role/other";
const LATER: u64 = START + 3600;
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const STS: &str = "POST / HTTP/1.1\r\n";

fn service() -> Service<'static> {
    Service::new(Endpoint::parse("https://sts.eu-west-1.amazonaws.com").unwrap(), "eu-west-1")
}

fn keys() -> Fixed<'static> {
    Fixed::new(Some(Credentials::new("AKIDEXAMPLE", SECRET, Some("session/token+of=base")).unwrap()))
}

fn request() -> AssumeRoleRequest<'static> {
    AssumeRoleRequest::new(ROLE_ARN, "job")
}

fn on_keys() -> AssumeRole<'static, Fixed<'static>> {
    Call::new(keys(), service(), request())
}

fn failed<'c>(world: &mut World, flow: &mut impl Flow<'c>) -> Error {
    match world.run(flow) {
        Err(error) => error,
        Ok(_) => panic!("an error was expected"),
    }
}

/// Computes the signature of a recorded request with the given secret.
fn signature_of(recorded: &RecordedNeed, secret: &str) -> String {
    let key_id = recorded.header("Authorization").unwrap().split(['=', '/']).nth(1).unwrap();
    let credentials = Credentials::new(key_id, secret, recorded.header("X-Amz-Security-Token")).unwrap();
    let time = UnixTime::from_compact(recorded.header("X-Amz-Date").unwrap().as_bytes()).unwrap();
    let key = SigningKey::derive(credentials.secret_access_key(), time, "eu-west-1", "sts");
    let mut request = Request::new("POST", "/", Payload::Bytes(recorded.body().as_bytes())).unwrap();
    for name in ["host", "content-type"] {
        request.header(name, recorded.header(name).unwrap().as_bytes()).unwrap();
    }
    let signer = Signer::new(&credentials, &key, Rules::STANDARD, time).unwrap();
    signer.sign(&request).unwrap().signature().to_string()
}

#[track_caller]
fn assert_signed(recorded: &RecordedNeed, secret: &str) {
    let authorization = recorded.header("Authorization").unwrap();
    assert!(
        authorization.ends_with(&format!("Signature={}", signature_of(recorded, secret))),
        "{authorization}"
    );
    assert!(!authorization.ends_with(&signature_of(recorded, "another secret".replace(' ', "-").as_str())));
}

fn date_of(recorded: &RecordedNeed) -> u64 {
    UnixTime::from_compact(recorded.header("X-Amz-Date").unwrap().as_bytes()).unwrap().as_secs()
}

#[test]
fn the_role_is_requested_with_a_signed_form() {
    let mut world = World::new();
    world.on(STS, ok(assumed("ASIAROLE", LATER)).at(START + 5));
    let mut flow = Call::new(
        keys(),
        service(),
        with!(request(), duration_seconds = Some(900), external_id = Some("a:b/c=@,.+-_")),
    );
    let lease = world.run(&mut flow).unwrap();

    let recorded = &world.needs[0];
    assert_eq!(
        recorded.body(),
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fother\
         &RoleSessionName=job&DurationSeconds=900&ExternalId=a%3Ab%2Fc%3D%40%2C.%2B-_"
    );
    assert_eq!(recorded.header("Host"), Some("sts.eu-west-1.amazonaws.com"));
    assert_eq!(recorded.header("Content-Type"), Some("application/x-www-form-urlencoded; charset=utf-8"));
    assert_eq!(recorded.header("X-Amz-Security-Token"), Some("session/token+of=base"));
    assert_eq!(date_of(recorded), START + 5);
    let authorization = recorded.header("Authorization").unwrap();
    assert!(authorization.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "));
    assert!(authorization.contains("Credential=AKIDEXAMPLE/20260102/eu-west-1/sts/aws4_request, "));
    assert_signed(recorded, SECRET);
    let exchange = recorded.exchange.as_ref().unwrap();
    assert!(!exchange.metadata);
    assert_eq!(exchange.limits.total_ms, 9_500, "the limit exceeds the budget of the source");

    assert_eq!(world.keys(), ("ASIAROLE", "secret/of+ASIAROLE", "token-of-ASIAROLE=="));
    assert_eq!(world.credentials().account_id(), Some("123456789012"));
    assert_eq!((lease.expiration, lease.lifetime_ms), (Some(UnixTime::from_secs(LATER)), Some(3_595_000)));
}

#[test]
fn the_base_path_of_the_endpoint_is_signed_as_sent() {
    let mut world = World::new();
    world.on("POST /sts/ HTTP/1.1\r\n", ok(assumed("A", LATER)));
    let service = Service::new(Endpoint::parse("http://127.0.0.1:4566/sts/").unwrap(), "eu-west-1");
    world.run(&mut Call::new(keys(), service, request())).unwrap();
    assert_eq!(world.needs[0].header("Host"), Some("127.0.0.1:4566"));
}

#[test]
fn roles_can_be_chained_on_any_source() {
    let mut world = World::new();
    token_and_role(&mut world).on(CREDENTIALS, ok(document("ASIABASE", LATER)));
    world.on("Credential=ASIABASE/", ok(assumed("ASIAFIRST", LATER)));
    world.on("Credential=ASIAFIRST/", ok(assumed("ASIASECOND", LATER)));
    let mut flow = Call::new(Call::new(imds(), service(), request()), service(), request());
    assert_eq!(flow.slots(), 3);
    world.run(&mut flow).unwrap();
    world.finished();
    assert_eq!(world.keys().0, "ASIASECOND");
    assert_signed(&world.needs[3], "secret/of+ASIABASE");
    assert_signed(&world.needs[4], "secret/of+ASIAFIRST");
    assert_eq!(world.needs[4].header("X-Amz-Security-Token"), Some("token-of-ASIAFIRST=="));

    let mut world = World::new();
    world.on("GET /c", ok(document("ASIATASK", LATER))).on("Credential=ASIATASK/", ok(assumed("A", LATER)));
    let container = Container::relative("/c", Authorization::None).unwrap();
    world.run(&mut Call::new(container, service(), request())).unwrap();
}

#[test]
fn an_error_of_the_base_is_returned() {
    let mut world = World::new();
    world.on(TOKEN, token()).on(ROLE, reply(404, ""));
    let error = failed(&mut world, &mut Call::new(imds(), service(), request()));
    assert_eq!((error.origin, error.kind), (Origin::Imds, ErrorKind::NoRole));
    let error = failed(&mut World::new(), &mut Call::new(Fixed::new(None), service(), request()));
    assert!(error.is_absent());
}

#[test]
fn limits_are_checked_before_anything_is_sent() {
    let long = |len: usize| &*"x".repeat(len).leak();
    let arn = |len: usize| &*format!("arn:{}", long(len - 4)).leak();
    let good = request();
    for (request, word) in [
        (with!(good, role_arn = ""), "role ARN"),
        (with!(good, role_arn = arn(19)), "role ARN"),
        (with!(good, role_arn = arn(2049)), "role ARN"),
        (with!(good, role_arn = long(30)), "role ARN"),
        (with!(good, session_name = "a"), "session name"),
        (with!(good, session_name = long(65)), "session name"),
        (with!(good, session_name = "a b"), "session name"),
        (with!(good, session_name = "a&b=c"), "session name"),
        (with!(good, session_name = "naïve"), "session name"),
        (with!(good, duration_seconds = Some(899)), "900"),
        (with!(good, duration_seconds = Some(43_201)), "43,200"),
        (with!(good, external_id = Some("a")), "external id"),
        (with!(good, external_id = Some(long(1225))), "external id"),
        (with!(good, external_id = Some("a\r\nb")), "external id"),
    ] {
        // No request is sent to STS or the metadata service.
        let error = failed(&mut World::new(), &mut Call::new(imds(), service(), request));
        let ErrorKind::Invalid(what) = error.kind else { panic!("{error}") };
        assert!(what.contains(word), "{what}");
    }
    for request in [
        with!(good, role_arn = arn(2048), duration_seconds = Some(43_200)),
        with!(good, role_arn = arn(20), external_id = Some(long(1224))),
        with!(good, session_name = long(64), external_id = Some("ab")),
    ] {
        let mut world = World::new();
        world.on(STS, ok(assumed("A", LATER)));
        world.run(&mut Call::new(keys(), service(), request)).unwrap();
    }
}

#[test]
fn an_error_reply_is_reported_with_the_message_of_the_service() {
    let mut world = World::new();
    world.on(STS, reply(403, refusal("AccessDenied", "User: arn &amp; co\n is not <!-- x --> authorised é")));
    let error = failed(&mut world, &mut on_keys());
    assert_eq!(error.kind, ErrorKind::Refused { status: 403, recoverable: false });
    assert!(!error.is_recoverable() && error.advice_on(&world.report).contains("trust policy"));
    assert_eq!(world.report.code(), "AccessDenied");
    // Each byte that is not ASCII becomes a space.
    assert_eq!(world.report.message(), "User: arn & co  is not  authorised   ");
    assert_eq!(world.report.request_id(), "f93e25a7-0000-11e0-8154-cbc7ccf896c7");
    assert!(
        !world
            .slots
            .iter()
            .any(|slot| slot.credentials().is_some_and(|c| c.access_key_id() != "AKIDEXAMPLE"))
    );

    let mut world = World::new();
    world.on(STS, reply(400, "<html>no</html>").with("x-amzn-RequestId: from-the-header"));
    assert_eq!(failed(&mut world, &mut on_keys()).kind, ErrorKind::Status(400));
    assert_eq!(world.report.request_id(), "from-the-header");

    let mut world = World::new();
    world.on(STS, reply(403, refusal("AccessDenied", &"long ".repeat(1000))));
    failed(&mut world, &mut on_keys());
    assert_eq!(world.report.message().len(), 256);
}

#[test]
fn a_message_with_eight_bytes_of_a_secret_is_redacted() {
    for (message, kept) in [
        ("the key is wJalrXUt", false),
        ("ends in MPLEKEY", true),
        ("ends in AMPLEKEY", false),
        ("token session/", false),
        ("token session", true),
        ("token n+of&#x3d;base", false),
        ("your key id AKIDEXAMPLE", true),
    ] {
        let mut world = World::new();
        world.on(STS, reply(403, refusal("AccessDenied", message)));
        failed(&mut world, &mut on_keys());
        assert_eq!(!world.report.message().is_empty(), kept, "{message}");
        assert_eq!(world.report.code(), "AccessDenied");
    }
    let mut world = World::new();
    world.on(STS, reply(403, refusal(SECRET, SECRET)));
    failed(&mut world, &mut on_keys());
    assert!(!format!("{} {:?}", world.report, world.report).contains("wJalrXUt"));
}

#[test]
fn transient_errors_are_retried_with_a_new_signature() {
    let mut world = World::new();
    world.pace = 2_000;
    world.on(STS, reply(500, "")).on(STS, reply(400, refusal("Throttling", "slow down")));
    world.on(STS, ok(assumed("A", LATER)));
    world.run(&mut on_keys()).unwrap();
    let dates: Vec<u64> = world.needs.iter().map(date_of).collect();
    assert!(dates.is_sorted_by(|a, b| a < b), "{dates:?}");
    world.needs.iter().for_each(|recorded| assert_signed(recorded, SECRET));
    assert!(world.report.is_empty(), "the report of an earlier attempt is not cleared");

    for (act, kind) in [
        (reply(503, ""), ErrorKind::Status(503)),
        (reply(429, refusal("Throttling", "x")), ErrorKind::Refused { status: 429, recoverable: true }),
        (
            Act::Fail(Phase::FirstByte, FailureKind::Closed),
            ErrorKind::Transport(Failure { phase: Phase::FirstByte, kind: FailureKind::Closed }),
        ),
    ] {
        let mut world = World::new();
        world.on(STS, reply(500, "")).on(STS, reply(500, "")).on(STS, act);
        assert_eq!(failed(&mut world, &mut on_keys()).kind, kind);
    }
}

#[test]
fn repeated_timeouts_end_within_the_budget() {
    let mut world = World::new();
    world.always(|_| Act::Fail(Phase::Connect, FailureKind::Timeout));
    failed(&mut world, &mut on_keys());
    assert!(world.monotonic - 5_000 <= 9_500 && world.needs.len() == 3);

    let mut world = World::new();
    world.always(|_| Act::Fail(Phase::Body, FailureKind::Timeout));
    failed(&mut world, &mut on_keys());
    assert!(world.monotonic - 5_000 <= 9_500, "{} ms", world.monotonic - 5_000);

    let mut world = World::new();
    let patient = with!(service(), retries = RetryPolicy::new(9, 60_000));
    world.always(|_| Act::Fail(Phase::Body, FailureKind::Timeout));
    failed(&mut world, &mut Call::new(keys(), patient, request()));
    assert!(world.monotonic - 5_000 <= 60_000);
}

#[test]
fn a_clock_off_by_hours_is_corrected_by_one_refusal() {
    for off in [-5 * 3600_i64, 3 * 3600] {
        let right = (START + 5).saturating_add_signed(-off);
        let mut world = World::new();
        world.on(STS, reply(403, refusal("SignatureDoesNotMatch", "Signature expired")).at(right));
        world.on(STS, ok(assumed("A", right + 3600)).at(right));
        let lease = world.run(&mut on_keys()).unwrap();
        assert_eq!(world.needs.len(), 2);
        assert_eq!(date_of(&world.needs[0]), START + 5);
        assert!(date_of(&world.needs[1]).abs_diff(right) <= 1);
        assert_signed(&world.needs[1], SECRET);
        assert_eq!(lease.lifetime_ms, Some(3_600_000));
        assert!(world.clock.skew().abs_diff(-off) <= 1);
    }
    // The correction is made only once, because a wrong secret stays wrong.
    let mut world = World::new();
    world.always(|_| reply(403, refusal("SignatureDoesNotMatch", "x")).at(START + 9_000));
    failed(&mut world, &mut on_keys());
    assert_eq!(world.needs.len(), 2);
    // No correction for a right clock, for another error, or where correction is disabled.
    for (code, off, clock) in [
        ("SignatureDoesNotMatch", 200, Clock::new()),
        ("AccessDenied", 9_000, Clock::new()),
        ("SignatureDoesNotMatch", 9_000, Clock::uncorrected()),
    ] {
        let mut world = World::new();
        world.clock = clock;
        world.on(STS, reply(403, refusal(code, "x")).at(START + off));
        failed(&mut world, &mut on_keys());
    }
}

#[test]
fn without_a_wall_clock_the_time_is_learned() {
    // From the metadata service, which is called before anything is signed.
    let mut world = World::new();
    world.wall = None;
    world.on(TOKEN, token().at(START)).on(ROLE, ok("demo-role"));
    world.on(CREDENTIALS, ok(document("ASIABASE", LATER)).at(START));
    world.on(STS, ok(assumed("A", LATER)).at(START));
    world.run(&mut Call::new(imds(), service(), request())).unwrap();
    assert!(date_of(&world.needs[3]).abs_diff(START) <= 1);

    // From a refusal of the service.
    let mut world = World::new();
    world.wall = None;
    world.on("X-Amz-Date: 19700101T000000Z", reply(403, refusal("SignatureDoesNotMatch", "x")).at(START));
    world.on(STS, ok(assumed("A", LATER)).at(START));
    world.run(&mut on_keys()).unwrap();
    assert!(date_of(&world.needs[1]).abs_diff(START) <= 1);
    assert_signed(&world.needs[1], SECRET);

    // A refusal without a date is final.
    let mut world = World::new();
    world.wall = None;
    world.on(STS, reply(403, refusal("SignatureDoesNotMatch", "x")));
    failed(&mut world, &mut on_keys());

    // Where learning is disabled, nothing is signed.
    let mut world = World::new();
    (world.wall, world.clock) = (None, Clock::uncorrected());
    assert_eq!(failed(&mut world, &mut on_keys()).kind, ErrorKind::ClockUnknown);
}

#[test]
fn reply_variants_of_known_servers_are_parsed() {
    let whole = assumed("ASIAROLE", LATER);
    let moto = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
        <Credentials><SessionToken>token-of-ASIAROLE==</SessionToken><SecretAccessKey>secret/of+ASIAROLE</SecretAccessKey>\
        <Expiration>2026-01-02T04:04:05.123456Z</Expiration><AccessKeyId>ASIAROLE</AccessKeyId></Credentials>\
        <AssumedRoleUser><Arn>x</Arn></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>";
    for body in [
        moto.to_owned(),
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- x -->{whole}"),
        whole.replace("<AssumeRoleRe", "<sts:AssumeRoleRe").replace("</AssumeRoleRe", "</sts:AssumeRoleRe"),
        whole.replace("secret/of+ASIAROLE", "secret&#x2f;of<!-- x --><![CDATA[+ASIA]]>ROLE"),
        whole.replace(
            "<Credentials>",
            "<Extra><Deep><AccessKeyId>EVIL</AccessKeyId></Deep></Extra><Credentials kind='x'>",
        ),
    ] {
        let mut world = World::new();
        world.on(STS, ok(body).at(START));
        let lease = world.run(&mut on_keys()).unwrap();
        assert_eq!(world.keys(), ("ASIAROLE", "secret/of+ASIAROLE", "token-of-ASIAROLE=="));
        assert_eq!(lease.lifetime_ms, Some(3_600_000));
    }
}

#[test]
fn invalid_replies_are_rejected() {
    use ErrorKind::*;
    let whole = assumed("ASIAROLE", LATER);
    let change = |from: &str, to: &str| {
        assert!(whole.contains(from), "{from}");
        whole.replace(from, to)
    };
    for (body, kind) in [
        (refusal("AccessDenied", "with status 200"), Missing("AssumeRoleResponse")),
        (change("<AccessKeyId>ASIAROLE</AccessKeyId>", ""), Missing("AccessKeyId")),
        (change("<AccessKeyId>ASIAROLE<", "<AccessKeyId><"), Missing("AccessKeyId")),
        (change("token-of-ASIAROLE==", ""), Missing("session token")),
        (change("<Expiration>2026-01-02T04:04:05Z</Expiration>", ""), Missing("Expiration")),
        (change("2026-01-02T04:04:05Z", "soon"), Unusable("Expiration")),
        (
            change("</Expiration>", "</Expiration><Expiration>2026-01-02T04:04:05Z</Expiration>"),
            Unusable("Expiration"),
        ),
        (change("</AccessKeyId>", "</AccessKeyId><AccessKeyId>OTHER</AccessKeyId>"), Unusable("AccessKeyId")),
        (change("<AccessKeyId>ASIA", "<AccessKeyId>&#13;&#10;Evil: x"), Unusable("credentials")),
        (change("<AccessKeyId>ASIA", "<AccessKeyId>A SIA"), Unusable("credentials")),
        (change("secret/of+", "é"), Unusable("credentials")),
        (assumed("ASIAROLE", START - 10), Expired),
    ] {
        let mut world = World::new();
        world.on(STS, ok(&*body).at(START));
        assert_eq!(failed(&mut world, &mut on_keys()).kind, kind, "{body}");
        assert!(world.slots[0].credentials().is_none());
    }
    for body in [
        "",
        "<html><body>x",
        "{\"AssumeRoleResponse\":{}}",
        &change("<AccessKeyId>ASIAROLE</AccessKeyId>", "<AccessKeyId>ASIA<b/>ROLE</AccessKeyId>"),
        &format!("<!DOCTYPE a>{whole}"),
        &whole[..whole.len() / 2],
        &whole[..whole.len() - 10],
        &format!("{whole}{whole}"),
    ] {
        let mut world = World::new();
        world.on(STS, ok(body)).always(|_| panic!("a malformed reply is retried"));
        let error = failed(&mut world, &mut on_keys());
        assert!(matches!(error.kind, Malformed(_) | Missing(_)), "{error}: {body}");
        assert!(world.slots[0].credentials().is_none());
    }
}

#[test]
fn a_small_buffer_error_reports_the_needed_size() {
    let mut world = World::new();
    world.exchange = vec![0; 300];
    let ErrorKind::BufferTooSmall { buffer: Buffer::Exchange, needed } =
        failed(&mut world, &mut on_keys()).kind
    else {
        panic!("not an error of the exchange buffer")
    };
    world.exchange = vec![0; needed - 1];
    failed(&mut world, &mut on_keys());
    world.exchange = vec![0; needed];
    world.on(STS, reply(404, ""));
    assert_eq!(failed(&mut world, &mut on_keys()).kind, ErrorKind::Status(404));

    let mut world = World::new();
    world.slots[0] = slot(10);
    world.on(STS, ok(assumed("A", LATER)));
    let ErrorKind::BufferTooSmall { buffer: Buffer::Slot, needed } = failed(&mut world, &mut on_keys()).kind
    else {
        panic!("not an error of the slot")
    };
    for (size, suffices) in [(needed - 1, false), (needed, true)] {
        world.slots[0] = slot(size);
        world.on(STS, ok(assumed("A", LATER)));
        assert_eq!(world.run(&mut on_keys()).is_ok(), suffices);
    }

    let mut world = World::new();
    world.slots.truncate(1);
    let kind = ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: 2 };
    assert_eq!(failed(&mut world, &mut on_keys()).kind, kind);
}

#[test]
fn tokens_of_four_kilobytes_fit_the_recommended_memory() {
    let long = "t".repeat(4096);
    let mut world = World::new();
    world.on(TOKEN, token()).on(ROLE, ok("demo-role"));
    world.on(CREDENTIALS, ok(document("ASIABASE", LATER).replace("token-of-ASIABASE==", &long)));
    world.on(STS, ok(assumed("A", LATER).replace("token-of-A==", &long)));
    world.run(&mut Call::new(imds(), service(), request())).unwrap();
    assert_eq!(world.needs[3].header("X-Amz-Security-Token"), Some(&*long));
    assert_signed(&world.needs[3], "secret/of+ASIABASE");
    assert_eq!(world.keys().2, long);
}

#[test]
fn a_region_cannot_inject_a_header() {
    let evil = with!(service(), region = "eu-west-1\r\nEvil: x");
    let mut world = World::new();
    world.always(|_| reply(404, ""));
    let error = failed(&mut world, &mut Call::new(keys(), evil, request()));
    assert!(world.needs.iter().all(|recorded| !recorded.text.contains("\r\nEvil")), "{error}");
}

#[test]
fn the_identity_of_the_caller_is_returned() {
    let body = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n\
        <GetCallerIdentityResult>\n<Arn>arn:aws:iam::123456789012:user/Alice</Arn>\n<UserId>AIDAEXAMPLE</UserId>\n\
        <Account>123456789012</Account>\n</GetCallerIdentityResult>\n<ResponseMetadata><RequestId>x</RequestId>\
        </ResponseMetadata></GetCallerIdentityResponse>";
    let mut world = World::new();
    world.on(STS, ok(body));
    let mut flow: GetCallerIdentity<'_, _> = Call::new(keys(), service(), GetCallerIdentityRequest);
    world.run(&mut flow).unwrap();
    assert_eq!(world.needs[0].body(), "Action=GetCallerIdentity&Version=2011-06-15");
    assert_signed(&world.needs[0], SECRET);
    let identity = world.slots[0].identity().unwrap();
    assert_eq!(
        (identity.account, identity.arn, identity.user_id),
        ("123456789012", "arn:aws:iam::123456789012:user/Alice", "AIDAEXAMPLE")
    );
    assert!(world.slots[0].credentials().is_none());

    let mut world = World::new();
    world.on(STS, ok(body.replace("<UserId>AIDAEXAMPLE</UserId>", "")));
    let error = failed(&mut world, &mut Call::new(keys(), service(), GetCallerIdentityRequest));
    assert!(matches!((error.origin, error.kind), (Origin::CallerIdentity, ErrorKind::Missing(_))));
}

#[test]
fn an_answer_of_the_wrong_kind_is_reported_as_misuse() {
    let (mut world, mut flow) = (World::new(), on_keys());
    assert!(matches!(world.poll(&mut flow), Step::Need(Need::Http(_))));
    world.answer(&mut flow, Answer::Content(0..3));
    let Step::Done(Err(error)) = world.poll(&mut flow) else { panic!("the flow is not done") };
    assert_eq!(error.kind, ErrorKind::Misuse);
}
