//! IAM Roles Anywhere.

use crate::common::*;
use rolecall_core::error::{Buffer, ErrorKind, FailureKind, Origin, Phase};
use rolecall_core::flow::{Answer, Endpoint, Need, Step};
use rolecall_core::sigv4::{CertificateSigner, CertificateTexts, Payload, Request, SignError, sha256_hex};
use rolecall_core::sources::{AnywhereSession, RolesAnywhere};
use rolecall_core::wire::Cursor;
use rolecall_core::wire::pem::Reader;
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::x509::{Certificate, Scheme};

const ANCHOR: &str = "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/5cf2ae0b";
const PROFILE: &str = "arn:aws:rolesanywhere:eu-west-1:123456789012:profile/0d9ae7e8";
const ROLE: &str = "arn:aws:iam::123456789012:role/site/gateway";
const QUERY: &str = "profileArn=arn%3Aaws%3Arolesanywhere%3Aeu-west-1%3A123456789012%3Aprofile%2F0d9ae7e8\
    &roleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fsite%2Fgateway\
    &trustAnchorArn=arn%3Aaws%3Arolesanywhere%3Aeu-west-1%3A123456789012%3Atrust-anchor%2F5cf2ae0b";
const HOST: &str = "rolesanywhere.eu-west-1.amazonaws.com";
const LATER: u64 = START + 3600;
/// What the key of the test answers, and its hexadecimal form.
const SIGNATURE: [u8; 8] = [0x30, 0x06, 0x02, 0x01, 0xfe, 0x02, 0x01, 0x0a];
const HEX: &str = "30060201fe02010a";

/// A certificate and its base64, for the length of the test.
struct Held {
    der: &'static [u8],
    text: &'static [u8],
}

fn held(pem: &'static str) -> Held {
    let block = Reader::new(pem.as_bytes()).next_block().unwrap().unwrap();
    let buffer = vec![0; block.decoded_len()].leak();
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    Held { der: block.decode(buffer).unwrap(), text: text.leak().as_bytes() }
}

fn p384() -> Held {
    held(include_str!("../data/p384.pem"))
}

fn p256() -> Held {
    held(include_str!("../data/p256.pem"))
}

fn session() -> AnywhereSession<'static> {
    AnywhereSession::new(ANCHOR, PROFILE, ROLE)
}

fn flow_of(session: AnywhereSession<'static>, own: &Held, chain: &'static [u8]) -> RolesAnywhere<'static> {
    let service = Endpoint::parse("https://rolesanywhere.eu-west-1.amazonaws.com").unwrap();
    let texts = CertificateTexts { certificate: own.text, chain };
    RolesAnywhere::new(service, session, Certificate::parse(own.der).unwrap(), texts)
}

fn flow() -> RolesAnywhere<'static> {
    flow_of(session(), &p256(), b"")
}

fn set(key: &str, expiration: u64) -> String {
    let expiration = UnixTime::from_secs(expiration).rfc3339();
    format!(
        r#"{{"assumedRoleUser":{{"arn":"arn:aws:sts::123456789012:assumed-role/gateway/01"}},"credentials":{{"accessKeyId":"{key}","secretAccessKey":"secret/of+{key}","sessionToken":"token-of-{key}==","expiration":"{expiration}"}},"packedPolicySize":9,"roleArn":"{ROLE}","sourceIdentity":"CN=gateway-7"}}"#
    )
}

fn created(key: &str, expiration: u64) -> String {
    let set = set(key, expiration);
    format!(
        r#"{{"credentialSet":[{set}],"subjectArn":"arn:aws:rolesanywhere:eu-west-1:123456789012:subject/41"}}"#
    )
}

/// Scripts a signature and a reply.
fn on(world: &mut World, act: Act) {
    world.on("SIGN ", content(SIGNATURE)).on("POST /sessions?", act);
}

#[test]
fn a_certificate_yields_a_session_of_the_role() {
    for status in [200, 201] {
        let mut world = World::new();
        on(&mut world, reply(status, created("ASIAANY", LATER)).at(START));
        let lease = world.run(&mut flow()).unwrap();
        assert_eq!(lease.expiration, Some(UnixTime::from_secs(LATER)));
        assert_eq!(lease.lifetime_ms, Some(3_600_000));
        assert_eq!(world.keys(), ("ASIAANY", "secret/of+ASIAANY", "token-of-ASIAANY=="));
        assert_eq!(world.credentials().account_id(), Some("123456789012"));
        let exchange = world.needs[1].exchange.as_ref().unwrap();
        // The certificate is in a header, not in the handshake.
        assert!(!exchange.presents_certificate && exchange.repeatable && !exchange.metadata);
        world.finished();
    }
}

#[test]
fn the_string_to_sign_and_the_request_are_those_of_the_guide() {
    let (own, intermediate) = (p384(), p256());
    let serial = "1455815122556039569304875813172705973874256318995";
    for (chain, length, name) in [(&b""[..], None, None), (intermediate.text, Some(900), Some("gate"))] {
        let body = match length {
            Some(_) => r#"{"durationSeconds":900,"roleSessionName":"gate"}"#,
            None => "{}",
        };
        let own_text = std::str::from_utf8(own.text).unwrap();
        let chain_text = std::str::from_utf8(chain).unwrap();
        let (line, chained, sent) = match chain {
            b"" => (String::new(), "", String::new()),
            _ => (
                format!("x-amz-x509-chain:{chain_text}\n"),
                ";x-amz-x509-chain",
                format!("X-Amz-X509-Chain: {chain_text}\r\n"),
            ),
        };
        let names = format!("content-type;host;x-amz-date;x-amz-x509{chained}");
        let hash = String::from_utf8(sha256_hex(body.as_bytes()).as_bytes().to_vec()).unwrap();
        let canonical = format!(
            "POST\n/sessions\n{QUERY}\ncontent-type:application/json\nhost:{HOST}\nx-amz-date:20260102T030410Z\n\
             x-amz-x509:{own_text}\n{line}\n{names}\n{hash}"
        );
        let hash = String::from_utf8(sha256_hex(canonical.as_bytes()).as_bytes().to_vec()).unwrap();
        let scope = "20260102/eu-west-1/rolesanywhere/aws4_request";
        let message = format!("AWS4-X509-ECDSA-SHA256\n20260102T030410Z\n{scope}\n{hash}");

        let session = with!(session(), duration_seconds = length, session_name = name);
        let mut world = World::new();
        world.exchange = vec![0; 16 * 1024];
        on(&mut world, reply(201, created("ASIAANY", LATER)));
        world.run(&mut flow_of(session, &own, chain)).unwrap();
        assert_eq!(world.needs[0].text, format!("SIGN ECDSA P-384 with SHA-256\n{message}"));
        let request = format!(
            "POST /sessions?{QUERY} HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: rolecall/{}\r\n\
             Content-Type: application/json\r\nX-Amz-Date: 20260102T030410Z\r\nX-Amz-X509: {own_text}\r\n{sent}\
             Content-Length: {}\r\nAuthorization: AWS4-X509-ECDSA-SHA256 Credential={serial}/{scope}, \
             SignedHeaders={names}, Signature={HEX}\r\n\r\n{body}",
            env!("CARGO_PKG_VERSION"),
            body.len()
        );
        assert_eq!(world.needs[1].text, request);
    }
}

#[test]
fn each_key_has_its_scheme_and_other_keys_are_refused() {
    for (pem, scheme, algorithm) in [
        (include_str!("../data/p256.pem"), "ECDSA P-256 with SHA-256", "AWS4-X509-ECDSA-SHA256"),
        (include_str!("../data/p384.pem"), "ECDSA P-384 with SHA-256", "AWS4-X509-ECDSA-SHA256"),
        (include_str!("../data/rsa2048.pem"), "RSA PKCS#1 with SHA-256", "AWS4-X509-RSA-SHA256"),
        (include_str!("../data/rsa4096.pem"), "RSA PKCS#1 with SHA-256", "AWS4-X509-RSA-SHA256"),
    ] {
        let mut world = World::new();
        world.on(&format!("SIGN {scheme}\n{algorithm}\n"), content([7; 512]));
        let hex = "07".repeat(512);
        world.on(&format!("Authorization: {algorithm} Credential="), ok(created("ASIA", LATER)));
        world.run(&mut flow_of(session(), &held(pem), b"")).unwrap();
        assert!(world.needs[1].text.contains(&format!("Signature={hex}\r\n")));
    }
    let other = held(include_str!("../data/ed25519.pem"));
    let error = World::new().run(&mut flow_of(session(), &other, b"")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Sign(SignError::InvalidKey));
    assert!(error.to_string().contains("neither ECDSA on P-256"), "{error}");
}

#[test]
fn texts_that_are_not_base64_are_refused() {
    let (own, time) = (p256(), UnixTime::from_secs(START));
    let certificate = Certificate::parse(own.der).unwrap();
    let signer = |certificate_text, chain, region| {
        let texts = CertificateTexts { certificate: certificate_text, chain };
        CertificateSigner::new(certificate, texts, region, "rolesanywhere", time)
            .map(|signer| signer.scheme())
    };
    assert_eq!(signer(own.text, b"AA==,BB==", "eu-west-1"), Ok(Scheme::EcdsaP256Sha256));
    for (text, chain) in [
        (&b""[..], &b""[..]),
        (b"AA==\r\nX: y", b""),
        (b"AA==,BB==", b""),
        (b"AA==", b"BB== CC=="),
        (b"-----BEGIN", b""),
    ] {
        assert_eq!(signer(text, chain, "eu-west-1"), Err(SignError::InvalidHeader));
    }
    assert_eq!(signer(own.text, b"", "eu/west"), Err(SignError::InvalidScope));
}

#[test]
fn any_request_is_signed_with_a_certificate() {
    let own = p256();
    let texts = CertificateTexts { certificate: b"AAAA", chain: b"" };
    let certificate = Certificate::parse(own.der).unwrap();
    let time = UnixTime::from_compact(b"20150830T123600Z").unwrap();
    let signer = CertificateSigner::new(certificate, texts, "us-east-1", "other", time).unwrap();
    let mut request = Request::new("GET", "/a?z=1&b=2", Payload::Bytes(b"")).unwrap();
    let mut buffer = [0; 512];
    // Without its host, no request is signed.
    let mut out = Cursor::new(&mut buffer);
    assert_eq!(signer.put_string_to_sign(&request, &mut out), Err(SignError::MissingHost));
    request.header("Host", b"example.com").unwrap();
    request.header("X-Trace", b"  1  2 ").unwrap();
    let text = |put: &dyn Fn(&mut Cursor<'_>)| {
        let mut buffer = [0; 1024];
        let mut out = Cursor::new(&mut buffer);
        put(&mut out);
        String::from_utf8(out.finish().unwrap().to_vec()).unwrap()
    };
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(
        text(&|out| signer.put_canonical_request(&request, out).unwrap()),
        format!(
            "GET\n/a\nb=2&z=1\nhost:example.com\nx-amz-date:20150830T123600Z\nx-amz-x509:AAAA\nx-trace:1 2\n\n\
             host;x-amz-date;x-amz-x509;x-trace\n{empty}"
        )
    );
    assert_eq!(
        text(&|out| signer.put_authorization(&request, "ab12", out)),
        "AWS4-X509-ECDSA-SHA256 Credential=1/20150830/us-east-1/other/aws4_request, \
         SignedHeaders=host;x-amz-date;x-amz-x509;x-trace, Signature=ab12"
    );
    assert_eq!(signer.date(), b"20150830T123600Z");
}

#[test]
fn the_limits_are_checked_before_anything_is_signed() {
    let long: &'static str = format!("{ANCHOR}{}", "a".repeat(1_000)).leak();
    type Change = fn(&mut AnywhereSession<'static>, &'static str);
    let anchor: Change = |session, to| session.trust_anchor_arn = to;
    let profile: Change = |session, to| session.profile_arn = to;
    let role: Change = |session, to| session.role_arn = to;
    let name: Change = |session, to| session.session_name = Some(to);
    let expected_anchor = "trust anchor: expected arn:";
    for (change, to, what) in [
        (anchor, "", expected_anchor),
        (anchor, PROFILE, expected_anchor),
        (anchor, "arn:aws:iam:eu-west-1:123456789012:trust-anchor/5cf2ae0b", expected_anchor),
        (anchor, long, expected_anchor),
        (anchor, "arn:aws:rolesanywhere::123456789012:trust-anchor/5cf2ae0b", "trust anchor: its ARN"),
        (anchor, "arn:aws:rolesanywhere:eu/west:123456789012:trust-anchor/5c", "trust anchor: its ARN"),
        (anchor, "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/5c", "trust anchor and profile"),
        (profile, ANCHOR, "profile: expected arn:"),
        (profile, "profile/0d9ae7e8", "profile: expected arn:"),
        (role, "gateway", "role ARN:"),
        (role, long, "role ARN:"),
        (name, "x", "role session name:"),
        (name, "two words", "role session name:"),
    ] {
        let mut session = session();
        change(&mut session, to);
        let Err(ErrorKind::Invalid(found)) = session.check() else { panic!("{to}") };
        assert!(found.starts_with(what), "{to}: {found}");
        let error = World::new().run(&mut flow_of(session, &p256(), b"")).unwrap_err();
        assert_eq!((error.origin, error.kind), (Origin::RolesAnywhere, ErrorKind::Invalid(found)));
    }
    for (seconds, fits) in [(899, false), (900, true), (43_200, true), (43_201, false)] {
        let session =
            with!(session(), duration_seconds = Some(seconds), session_name = Some("a+b=c,d.e@f-g_h"));
        assert_eq!(session.check().is_ok(), fits, "{seconds}");
    }
    assert_eq!((session().check(), session().region()), (Ok(()), "eu-west-1"));
    // Each is short enough, and all of them together are not.
    let many: &'static str = format!("{ROLE}{}", "+".repeat(800)).leak();
    let error = World::new().run(&mut flow_of(with!(session(), role_arn = many), &p256(), b"")).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Invalid(what) if what.starts_with("ARNs:")), "{error}");
}

#[test]
fn a_wrong_clock_is_corrected_and_the_request_signed_once_more() {
    let denied =
        || reply(403, r#"{"message":"Signature expired"}"#).with("x-amzn-ErrorType: AccessDeniedException");
    let mut world = World::new();
    on(&mut world, denied().at(START + 86_400));
    on(&mut world, reply(201, created("ASIA", START + 90_000)).at(START + 86_400));
    world.run(&mut flow()).unwrap();
    assert!(world.needs[1].text.contains("X-Amz-Date: 20260102T"));
    assert!(
        world.needs[2].text.contains("\n20260103T") && world.needs[3].text.contains("X-Amz-Date: 20260103T")
    );
    world.finished();

    // Only once, and only if the clock is wrong.
    for date in [START, START + 172_800] {
        let mut world = World::new();
        on(&mut world, denied().at(date));
        if date > START {
            on(&mut world, denied().at(date + 86_400));
        }
        let error = world.run(&mut flow()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused { status: 403, recoverable: false });
        world.finished();
    }
}

#[test]
fn a_board_without_a_clock_learns_the_time_from_the_refusal() {
    let mut world = World::new();
    world.wall = None;
    on(&mut world, reply(403, "{}").at(START));
    on(&mut world, reply(201, created("ASIA", LATER)).at(START));
    let lease = world.run(&mut flow()).unwrap();
    assert_eq!(lease.lifetime_ms, Some(3_600_000));
    assert!(world.needs[3].text.contains("X-Amz-Date: 20260102T"));
    world.finished();
    let mut world = World::new();
    world.wall = None;
    on(&mut world, reply(403, "{}"));
    world.run(&mut flow()).unwrap_err();
    world.finished();
}

#[test]
fn a_slow_key_may_take_its_time() {
    let mut world = World::new();
    world.pace = 2_000;
    let began = world.monotonic;
    on(&mut world, reply(201, created("ASIA", LATER)));
    world.run(&mut flow()).unwrap();
    assert_eq!(world.needs[1].at, began + 2_000);
    // Signed for the time at which the key was asked.
    assert!(world.needs[1].text.contains("X-Amz-Date: 20260102T030410Z"));
}

#[test]
fn each_failure_of_the_key_is_reported_as_such() {
    for (kind, says, advice) in [
        (FailureKind::NotFound, "there is no key", "belongs to the certificate"),
        (FailureKind::Unsupported, "no key for such a signature", "belongs to the certificate"),
        (FailureKind::TooLarge, "too long", "larger exchange buffer"),
        (FailureKind::Timeout, "timed out", ""),
        (FailureKind::Denied, "not permitted", "unlock the key"),
        (FailureKind::Other, "failed", ""),
    ] {
        let mut world = World::new();
        world.on("SIGN ", Act::Fail(Phase::Sign, kind));
        let error = world.run(&mut flow()).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("signing with the private key") && text.contains(says), "{text}");
        assert!(error.advice().contains(advice), "{text}");
        assert_eq!((error.origin, error.step), (Origin::RolesAnywhere, "signature"));
        // It is not asked again: a key may lock after several failures.
        assert_eq!(world.needs.len(), 1);
    }
    let mut world = World::new();
    world.on("SIGN ", content(*b""));
    assert_eq!(world.run(&mut flow()).unwrap_err().kind, ErrorKind::Missing("signature"));
}

#[test]
fn a_signature_outside_of_the_buffer_or_of_another_kind_is_refused() {
    for answer in [Answer::Content(0..usize::MAX), Answer::Content(9_000..9_001), Answer::Addresses(&[])] {
        let (mut world, mut flow) = (World::new(), flow());
        assert!(matches!(world.poll(&mut flow), Step::Need(Need::Sign { .. })));
        world.answer(&mut flow, answer);
        let Step::Done(Err(error)) = world.poll(&mut flow) else { panic!("it goes on") };
        assert!(matches!(error.kind, ErrorKind::Missing("signature") | ErrorKind::Misuse), "{error}");
    }
}

#[test]
fn the_signature_is_left_nowhere_after_the_end() {
    let left = |world: &World| {
        let slots = format!("{:?}", world.slots);
        world.exchange.windows(HEX.len()).any(|part| part == HEX.as_bytes()) || !slots.contains("Slot(0 of")
    };
    for act in
        [reply(403, "{}"), reply(201, "{}"), ok("<html>"), Act::Fail(Phase::Connect, FailureKind::Untrusted)]
    {
        let mut world = World::new();
        world.slots.truncate(1);
        on(&mut world, act);
        world.run(&mut flow()).unwrap_err();
        assert!(!left(&world));
    }
    let mut world = World::new();
    on(&mut world, reply(201, created("ASIA", LATER)));
    world.run(&mut flow()).unwrap();
    let used = format!("{:?}", world.slots[0]);
    let texts = ["ASIA", "secret/of+ASIA", "token-of-ASIA==", "123456789012"];
    assert!(used.starts_with(&format!("Slot({} of", texts.concat().len())), "{used}");
}

#[test]
fn what_may_pass_is_signed_and_sent_again() {
    for act in [
        reply(429, "{}"),
        reply(503, ""),
        reply(400, r#"{"__type":"ThrottlingException"}"#),
        Act::Fail(Phase::FirstByte, FailureKind::Closed),
    ] {
        let mut world = World::new();
        on(&mut world, act);
        on(&mut world, reply(201, created("ASIA", LATER)));
        world.run(&mut flow()).unwrap();
        world.finished();
    }
    let mut world = World::new();
    for _ in 0..3 {
        on(&mut world, reply(503, "{}"));
    }
    assert_eq!(world.run(&mut flow()).unwrap_err().kind, ErrorKind::Status(503));
    world.finished();
}

#[test]
fn codes_of_the_service_have_their_advice() {
    for (status, code, advice) in [
        (403, "AccessDeniedException", "rolesanywhere.amazonaws.com"),
        (404, "ResourceNotFoundException", "check the ARNs of trust anchor and profile"),
        (400, "ValidationException", "check the value that the message names"),
        (403, "UnrecognizedClientException", "does not know the access key"),
    ] {
        let mut world = World::new();
        let answer = reply(status, r#"{"message":"No"}"#);
        on(&mut world, answer.with(&format!("x-amzn-ErrorType: {code}:http://internal.example/")));
        let error = world.run(&mut flow()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused { status, recoverable: false });
        assert_eq!((world.report.code(), world.report.message()), (code, "No"));
        assert!(
            error.advice_on(&world.report).contains(advice),
            "{code}: {}",
            error.advice_on(&world.report)
        );
        assert_eq!(error.step, "CreateSession");
    }
}

#[test]
fn replies_without_exactly_one_set_of_credentials_are_rejected() {
    let (whole, one) = (created("ASIA", LATER), set("ASIA", LATER));
    for (body, kind) in [
        ("{}".to_owned(), ErrorKind::Missing("credentialSet")),
        (r#"{"credentialSet":[]}"#.to_owned(), ErrorKind::Missing("credentials")),
        (r#"{"credentialSet":[{}]}"#.to_owned(), ErrorKind::Missing("credentials")),
        (r#"{"credentialSet":null}"#.to_owned(), ErrorKind::Missing("credentials")),
        (format!(r#"{{"credentialSet":{one}}}"#), ErrorKind::Missing("credentials")),
        (format!(r#"{{"credentialSet":[{one},{one}]}}"#), ErrorKind::Unusable("credentials")),
        (whole.replacen('{', r#"{"credentialSet":[],"#, 1), ErrorKind::Unusable("credentialSet")),
        (whole.replace("accessKeyId", "other"), ErrorKind::Missing("AccessKeyId")),
        (whole.replace("secretAccessKey", "other"), ErrorKind::Missing("SecretAccessKey")),
        (whole.replace("sessionToken", "other"), ErrorKind::Missing("session token")),
        (whole.replace("expiration", "other"), ErrorKind::Missing("Expiration")),
        (created("ASIA", START - 1), ErrorKind::Expired),
    ] {
        let mut world = World::new();
        on(&mut world, reply(201, body.clone()).at(START));
        assert_eq!(world.run(&mut flow()).unwrap_err().kind, kind, "{body}");
        assert!(world.slots[0].credentials().is_none());
    }
}

#[test]
fn memory_that_is_too_small_is_reported_with_what_suffices() {
    let mut world = World::new();
    world.exchange = vec![0; 64];
    let error = world.run(&mut flow()).unwrap_err();
    let ErrorKind::BufferTooSmall { buffer: Buffer::Exchange, needed } = error.kind else {
        panic!("{error}")
    };
    assert!(world.exchange.iter().all(|byte| *byte == 0), "a part of the text to sign is left");
    world.exchange = vec![0; needed];
    world.on("SIGN ", content(SIGNATURE));
    let error = world.run(&mut flow()).unwrap_err();
    let ErrorKind::BufferTooSmall { buffer: Buffer::Exchange, needed } = error.kind else {
        panic!("{error}")
    };
    assert!(world.exchange.iter().all(|byte| *byte == 0), "a part of the request is left");
    world.exchange = vec![0; needed];
    world.on("SIGN ", content(SIGNATURE)).on("POST", Act::Fail(Phase::Body, FailureKind::TooLarge));
    world.run(&mut flow()).unwrap_err();
    // A slot of the least size holds the signature of an RSA key of 4,096 bits.
    for (size, fits) in [(1_023, false), (1_024, true)] {
        let mut world = World::new();
        world.slots = vec![slot(size)];
        world.on("SIGN ", content([9; 512]));
        if fits {
            world.on("POST", reply(201, created("ASIA", LATER)));
        }
        assert_eq!(world.run(&mut flow()).is_ok(), fits, "{size}");
    }
}
