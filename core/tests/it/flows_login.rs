//! Sessions of `aws login`, renewed.

use crate::common::*;
use base64ct::{Base64UrlUnpadded, Encoding};
use rolecall_core::error::{ErrorKind, FailureKind, Origin, Phase};
use rolecall_core::flow::Endpoint;
use rolecall_core::sources::{LoginRefresh, LoginToken};
use rolecall_core::wire::time::UnixTime;
use serde_json::{Value, json};

const POST: &str = "POST /v1/token ";
const CLIENT: &str = "arn:aws:signin:::devtools/same-device";
/// A signature in DER whose first number is short and whose second one has a zero in front.
const SIGNATURE: [u8; 11] = [0x30, 9, 2, 2, 1, 2, 2, 3, 0, 0x80, 9];

fn session() -> LoginToken<'static> {
    LoginToken { client_id: CLIENT, refresh_token: "the-refresh-token", account_id: "123456789012" }
}

fn flow() -> LoginRefresh<'static> {
    let service = Endpoint::parse("https://eu-west-1.signin.aws.amazon.com").unwrap();
    let key = [0, 32].map(|first| std::array::from_fn(|index| first + index as u8));
    LoginRefresh::new(service, session(), key, [0xff; 16])
}

fn renewed() -> String {
    r#"{"accessToken":{"accessKeyId":"ASIANEW","secretAccessKey":"new/secret","sessionToken":"new-token"},
        "tokenType":"aws_sigv4","expiresIn":900,"refreshToken":"next \"one\""}"#
        .to_owned()
}

fn signed() -> Act {
    content(SIGNATURE)
}

fn bytes(part: &str) -> Vec<u8> {
    let mut buffer = vec![0; part.len()];
    Base64UrlUnpadded::decode(part, &mut buffer).unwrap().to_vec()
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&bytes(part)).unwrap()
}

/// The payload of a request's proof.
fn payload(need: &RecordedNeed) -> Value {
    decoded(need.header("DPoP").unwrap().split('.').nth(1).unwrap())
}

#[test]
fn a_refresh_token_is_exchanged_for_credentials_and_the_next_one() {
    let mut world = World::new();
    world.on("SIGN ECDSA P-256 with SHA-256\n", signed()).on(POST, ok(renewed()).at(START + 5));
    let lease = world.run(&mut flow()).unwrap();
    assert_eq!(world.keys(), ("ASIANEW", "new/secret", "new-token"));
    assert_eq!(world.credentials().account_id(), Some("123456789012"));
    assert_eq!(lease.expiration, world.credentials().expiration());
    assert_eq!(lease.lifetime_ms, Some(900_000));
    assert_eq!(LoginRefresh::refresh_token(&world.slots[0]), Some("next \"one\""));

    let [_, request] = &world.needs[..] else { panic!("a signature and a request") };
    assert_eq!(request.header("Host"), Some("eu-west-1.signin.aws.amazon.com"));
    assert_eq!(request.header("Content-Type"), Some("application/json"));
    assert_eq!(request.header("Authorization"), None);
    assert!(!request.exchange.as_ref().unwrap().repeatable);
    let body: Value = serde_json::from_str(request.body()).unwrap();
    let expected =
        json!({"clientId": CLIENT, "grantType": "refresh_token", "refreshToken": "the-refresh-token"});
    assert_eq!(body, expected);
}

#[test]
fn the_proof_is_a_token_about_this_request() {
    let mut world = World::new();
    world.on("SIGN ", signed()).on(POST, ok(renewed()));
    world.run(&mut flow()).unwrap();
    let proof = world.needs[1].header("DPoP").unwrap();
    let [header, payload, signature] = proof.split('.').collect::<Vec<_>>()[..] else { panic!("{proof}") };
    assert_eq!(
        world.needs[0].text.lines().nth(1),
        Some(&*format!("{header}.{payload}")),
        "what is signed is sent"
    );
    let mut header = decoded(header);
    let mut coordinate = |name: &str| bytes(header["jwk"][name].take().as_str().unwrap());
    let (x, y) = (coordinate("x"), coordinate("y"));
    assert_eq!([x, y].concat(), (0..64).collect::<Vec<u8>>());
    let key = json!({"kty": "EC", "x": null, "y": null, "crv": "P-256"});
    assert_eq!(header, json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": key}));
    assert_eq!(
        decoded(payload),
        json!({
            "htm": "POST",
            "htu": "https://eu-west-1.signin.aws.amazon.com/v1/token",
            "iat": START + 5,
            "jti": "ffffffff-ffff-4fff-bfff-ffffffffffff",
        })
    );
    let fixed = [&[0; 30][..], &[1, 2], &[0; 30], &[0x80, 9]].concat();
    assert_eq!(bytes(signature), fixed);
}

#[test]
fn a_signature_that_is_none_on_p256_is_refused() {
    let mut negative = SIGNATURE;
    negative[8] = 0xff;
    let mut trailing = SIGNATURE.to_vec();
    trailing[1] = 11;
    trailing.extend([5, 0]);
    let mut long = vec![0x30, 40, 2, 33];
    long.extend([1; 33]);
    long.extend([2, 3, 1, 1, 1]);
    let zero = vec![0x30, 6, 2, 1, 0, 2, 1, 1];
    for wrong in [vec![], negative.to_vec(), trailing, long, zero, SIGNATURE[..9].to_vec(), vec![0; 64]] {
        let mut world = World::new();
        world.on("SIGN ", content(wrong.clone()));
        let error = world.run(&mut flow()).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Malformed(_)), "{wrong:x?}: {error}");
        assert_eq!((error.origin, error.step), (Origin::Login, "proof"));
    }
    let mut world = World::new();
    world.on("SIGN ", Act::Fail(Phase::Sign, FailureKind::Denied));
    assert!(world.run(&mut flow()).unwrap_err().to_string().contains("sign"));
}

#[test]
fn each_refusal_says_what_to_do_and_shows_no_token() {
    for (code, advice) in [
        ("TOKEN_EXPIRED", "the session has ended"),
        ("AUTHCODE_EXPIRED", "the session has ended"),
        ("USER_CREDENTIALS_CHANGED", "have changed"),
        ("INSUFFICIENT_PERMISSIONS", "signin:CreateOAuth2Token"),
        ("invalid_grant", "sign in again: aws login"),
    ] {
        let body = format!(r#"{{"error":"{code}","message":"the-refresh-token was refused"}}"#);
        let mut world = World::new();
        let refusal = reply(400, body).with("x-amzn-ErrorType: AccessDeniedException");
        world.on("SIGN ", signed()).on(POST, refusal);
        let error = world.run(&mut flow()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused { status: 400, recoverable: false });
        assert_eq!((world.report.code(), world.report.message()), (code, ""));
        let found = error.advice_on(&world.report);
        assert!(found.contains(advice) && found.ends_with("aws login"), "{code}: {found}");
        assert!(world.slots[0].credentials().is_none());
    }
    let mut world = World::new();
    world.on("SIGN ", signed()).on(POST, reply(503, "<html>"));
    let error = world.run(&mut flow()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused { status: 503, recoverable: true });
    assert!(error.advice().contains("try again later"));
    assert!(!format!("{:?}", flow()).contains("the-refresh-token"));
}

#[test]
fn a_reply_without_a_member_or_cut_short_leaves_nothing() {
    let whole = renewed();
    let run = |body: &str| {
        let mut world = World::new();
        world.on("SIGN ", signed()).on(POST, ok(body));
        let result = world.run(&mut flow());
        assert_eq!(result.is_ok(), world.slots[0].credentials().is_some(), "{body}");
        assert_eq!(result.is_ok(), LoginRefresh::refresh_token(&world.slots[0]).is_some(), "{body}");
        result.map(|_| ())
    };
    run(&whole).unwrap();
    for end in 0..whole.len() {
        run(&whole[..end]).expect_err("cut short");
    }
    for name in ["accessToken", "accessKeyId", "secretAccessKey", "sessionToken", "expiresIn", "refreshToken"]
    {
        let kind = run(&whole.replace(name, "other")).unwrap_err().kind;
        assert_eq!(kind, ErrorKind::Missing(name));
    }
    for (from, to, name) in [
        ("900", "\"900\"", "expiresIn"),
        ("900", "-1", "expiresIn"),
        ("900", "9.5", "expiresIn"),
        ("\"ASIANEW\"", "7", "accessKeyId"),
        ("\"new-token\"", "\"\"", "sessionToken"),
        (r#""next \"one\"""#, "null", "refreshToken"),
    ] {
        assert_eq!(run(&whole.replace(from, to)).unwrap_err().kind, ErrorKind::Unusable(name), "{to}");
    }
    assert_eq!(run(&whole.replace("900", "0")).unwrap_err().kind, ErrorKind::Expired);
}

#[test]
fn it_is_sent_once_unless_it_was_surely_not_received_and_each_proof_has_its_id() {
    let mut world = World::new();
    world.on("SIGN ", signed()).on(POST, Act::Fail(Phase::FirstByte, FailureKind::Closed));
    world.run(&mut flow()).unwrap_err();
    world.finished();

    let mut world = World::new();
    world.on("SIGN ", signed()).on(POST, Act::Fail(Phase::Connect, FailureKind::Timeout));
    world.on("SIGN ", signed()).on(POST, ok(renewed()));
    world.run(&mut flow()).unwrap();
    let (first, second) = (payload(&world.needs[1]), payload(&world.needs[3]));
    assert_ne!(first["jti"], second["jti"]);
    assert!(first["iat"].as_u64() < second["iat"].as_u64());
}

#[test]
fn a_wrong_clock_is_corrected_once() {
    let mut world = World::new();
    let late = START + 86_400;
    for _ in 0..2 {
        world.on("SIGN ", signed()).on(POST, reply(403, "{}").at(late));
    }
    world.run(&mut flow()).unwrap_err();
    world.finished();
    assert_eq!(payload(&world.needs[3])["iat"], late);

    let mut world = World::new();
    world.wall = None;
    world.on("SIGN ", signed()).on(POST, reply(403, "{}").at(late));
    world.on("SIGN ", signed()).on(POST, ok(renewed()).at(late));
    let lease = world.run(&mut flow()).unwrap();
    assert_eq!(lease.expiration, Some(UnixTime::from_secs(late + 900)));
}

#[test]
fn what_cannot_be_sent_is_refused_before_it_is() {
    let with_path = Endpoint::parse("https://proxy.example/signin").unwrap();
    let mut flow = LoginRefresh::new(with_path, session(), [[1; 32]; 2], [2; 16]);
    let error = World::new().run(&mut flow).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Invalid(what) if what.contains("without a path")), "{error}");
    for size in [16, 600] {
        let mut world = World::new();
        world.exchange = vec![0; size];
        world.always(|_| content(SIGNATURE));
        let error = world.run(&mut self::flow()).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::BufferTooSmall { .. }), "{size}: {error}");
    }
}
