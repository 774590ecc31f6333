//! Services that are not ready yet, and services that lag behind: what a machine meets while it boots.

use crate::common::*;
use rolecall_core::error::{ErrorKind, FailureKind, Phase};
use rolecall_core::flow::{Endpoint, RetryPolicy};
use rolecall_core::refresh::{Refreshing, Windows};
use rolecall_core::sources::{
    Authorization, Container, Imds, ImdsRegion, OidcClient, OidcGrant, OidcRequest, SsoOidc,
};

const TOKEN: &str = "PUT /latest/api/token ";
const ROLE: &str = "GET /latest/meta-data/iam/security-credentials/ ";
const CREDENTIALS: &str = "GET /latest/meta-data/iam/security-credentials/demo-role ";
const REGION: &str = "GET /latest/meta-data/placement/region ";
const LATER: u64 = START + 6 * 3600;

fn refused() -> Act {
    Act::Fail(Phase::Connect, FailureKind::NotFound)
}

fn patient(attempts: u16) -> Imds<'static> {
    imds().with_retry_policy(RetryPolicy::until_ready(attempts, Imds::LIMITS.total_ms))
}

/// Milliseconds between each request and the one before it.
fn pauses(world: &World) -> Vec<u64> {
    world.needs.windows(2).map(|pair| pair[1].at - pair[0].at).collect()
}

#[test]
fn what_is_not_ready_yet_is_asked_for_again() {
    let half = &document("A", LATER)[..40];
    let scripts: [fn(&mut World, &str); 8] = [
        |world, _| {
            world.on(TOKEN, refused()).on(TOKEN, token()).on(ROLE, ok("demo-role"));
        },
        |world, _| {
            world.on(TOKEN, Act::Fail(Phase::FirstByte, FailureKind::Timeout));
            world.on(TOKEN, token()).on(ROLE, ok("demo-role"));
        },
        |world, _| {
            world.on(TOKEN, token()).on(ROLE, reply(404, "")).on(ROLE, ok("demo-role"));
        },
        |world, _| {
            world.on(TOKEN, token()).on(ROLE, ok("")).on(ROLE, ok("\n")).on(ROLE, ok("demo-role"));
        },
        |world, half| {
            world.on(TOKEN, token()).on(ROLE, ok("demo-role")).on(CREDENTIALS, ok(half));
        },
        |world, _| {
            world.on(TOKEN, token()).on(ROLE, ok("demo-role"));
            world.on(CREDENTIALS, Act::Fail(Phase::Body, FailureKind::Timeout));
        },
        |world, _| {
            world.on(TOKEN, reply(503, "")).on(TOKEN, reply(503, "")).on(TOKEN, token());
            world.on(ROLE, ok("demo-role"));
        },
        |world, _| {
            world.on(TOKEN, token()).on(ROLE, ok("demo-role"));
            world.on(CREDENTIALS, ok(r#"{"Code":"AssumeRoleUnauthorizedAccess"}"#));
        },
    ];
    for (number, script) in scripts.into_iter().enumerate() {
        let mut world = World::new();
        script(&mut world, half);
        world.on(CREDENTIALS, ok(document("A", LATER)));
        world.run(&mut patient(3)).unwrap_or_else(|error| panic!("script {number}: {error}"));
        world.finished();
    }
}

#[test]
fn ten_attempts_are_made_within_fifteen_seconds_where_nothing_hangs() {
    for entropy in [0, u32::MAX] {
        let mut world = World::new();
        world.entropy = entropy;
        world.always(|_| Act::Fail(Phase::Connect, FailureKind::NotFound));
        world.run(&mut patient(10)).unwrap_err();
        assert_eq!(world.needs.len(), 10);
        let pauses = pauses(&world);
        assert!(pauses.is_sorted() && pauses[0] >= 1_000, "{pauses:?}");
        assert!(world.monotonic - 5_000 < 15_000, "{} ms", world.monotonic - 5_000);
    }
}

#[test]
fn the_budget_suffices_for_every_attempt_that_hangs() {
    for attempts in [1, 2, 20, 300] {
        let mut world = World::new();
        world.pace = Imds::LIMITS.total_ms.into();
        world.always(|_| Act::Fail(Phase::FirstByte, FailureKind::Timeout));
        world.run(&mut patient(attempts)).unwrap_err();
        assert_eq!(world.needs.len(), usize::from(attempts));
    }
    assert_eq!(RetryPolicy::until_ready(u16::MAX, u32::MAX).budget_ms, u32::MAX);
}

#[test]
fn a_service_that_is_switched_off_is_asked_once() {
    for status in [400, 403, 405] {
        let mut world = World::new();
        world.on(TOKEN, reply(status, ""));
        assert_eq!(world.run(&mut patient(10)).unwrap_err().kind, ErrorKind::Status(status));
        world.finished();
    }
}

#[test]
fn a_role_that_was_replaced_is_listed_again_once() {
    let mut world = World::new();
    world.on(TOKEN, token()).on(ROLE, ok("old-role")).on("/old-role ", reply(404, ""));
    world.on(ROLE, ok("demo-role")).on(CREDENTIALS, ok(document("A", LATER)));
    world.run(&mut imds()).unwrap();
    world.finished();

    let mut world = World::new();
    world.on(TOKEN, token()).on(ROLE, ok("old-role")).on("/old-role ", reply(404, ""));
    world.on(ROLE, ok("old-role")).on("/old-role ", reply(404, ""));
    assert_eq!(world.run(&mut imds()).unwrap_err().kind, ErrorKind::Status(404));
    world.finished();
}

#[test]
fn a_role_that_is_named_is_requested_without_the_list() {
    let mut world = World::new();
    world.on(TOKEN, token()).on("/security-credentials/my-role ", ok(document("A", LATER)));
    world.run(&mut imds().with_role("my-role").unwrap()).unwrap();
    world.finished();

    let mut world = World::new();
    world.on(TOKEN, token()).on("/security-credentials/my-role ", reply(404, ""));
    let error = world.run(&mut imds().with_role("my-role").unwrap()).unwrap_err();
    assert!(error.kind == ErrorKind::NoRole && error.is_absent());
    for name in ["", "a b", "a/b", "..", " a", "a\n", "a\r\nb", &"a".repeat(65)] {
        assert!(imds().with_role(name).is_err(), "{name:?}");
    }
}

#[test]
fn stale_credentials_do_not_replace_those_in_use() {
    let mut flow = Refreshing::new(imds(), Windows::default());
    let mut world = World::new();
    world.on(TOKEN, token()).on(ROLE, ok("demo-role")).on(CREDENTIALS, ok(document("FIRST", START + 3600)));
    world.run(&mut flow).unwrap();

    // In an outage the service has others, whose time is over too.
    world.monotonic += 3_700_000;
    world.on(ROLE, ok("demo-role")).on(CREDENTIALS, ok(document("SECOND", START + 10)).at(START + 3_700));
    world.run(&mut flow).unwrap();
    world.finished();
    assert_eq!(world.keys().0, "FIRST");

    // After some minutes it is asked again.
    world.monotonic += 601_000;
    world.on(ROLE, ok("demo-role")).on(CREDENTIALS, ok(document("THIRD", LATER)));
    world.run(&mut flow).unwrap();
    world.finished();
    assert_eq!(world.keys().0, "THIRD");
}

#[test]
fn a_refresh_follows_stale_credentials_within_minutes() {
    let mut flow = Refreshing::new(imds(), Windows::default());
    let mut world = World::new();
    world.on(TOKEN, token()).on(ROLE, ok("demo-role")).on(CREDENTIALS, ok(document("STALE", START - 60)));
    assert!(world.run(&mut flow).unwrap().stale);
    assert_eq!(world.keys().0, "STALE");
    world.monotonic += 600_000;
    world.on(ROLE, ok("demo-role")).on(CREDENTIALS, ok(document("NEW", LATER)));
    assert!(!world.run(&mut flow).unwrap().stale);
    world.finished();
    assert_eq!(world.keys().0, "NEW");
}

#[test]
fn each_checked_address_of_a_container_endpoint_is_tried() {
    let mut flow = Container::full("http://creds.local:8080/x", Authorization::Token("secret")).unwrap();
    let mut world = World::new();
    world.on("RESOLVE creds.local", addresses(&["::1", "127.0.0.1", "169.254.170.23"]));
    world.on("GET /x", refused());
    world.on("GET /x", refused());
    world.on("GET /x", ok(document("A", LATER)));
    world.run(&mut flow).unwrap();
    world.finished();
    let tried = world.needs.iter().filter_map(|need| need.exchange.as_ref()?.address);
    assert_eq!(
        tried.map(|address| address.to_string()).collect::<Vec<_>>(),
        ["::1", "127.0.0.1", "169.254.170.23"]
    );
    assert!(pauses(&world).iter().all(|pause| *pause < 100), "a pause between addresses");
    assert!(world.needs.iter().skip(1).all(|need| need.header("Authorization") == Some("secret")));

    // An attempt is over when all of them have failed; then the first is tried again.
    let mut world = World::new();
    world.on("RESOLVE creds.local", addresses(&["::1", "127.0.0.1"]));
    world.on("GET /x", refused()).on("GET /x", refused()).on("GET /x", ok(document("A", LATER)));
    world.run(&mut flow).unwrap();
    assert_eq!(world.needs[3].exchange.as_ref().unwrap().address, Some("::1".parse().unwrap()));

    // A reply of the first one is its answer, whatever the others would say.
    let mut world = World::new();
    world.on("RESOLVE creds.local", addresses(&["::1", "127.0.0.1"]));
    world.on("GET /x", reply(403, ""));
    assert_eq!(world.run(&mut flow).unwrap_err().kind, ErrorKind::Status(403));
}

#[test]
fn a_container_endpoint_that_comes_late_is_found() {
    for entropy in [0, u32::MAX] {
        let mut world = World::new();
        world.entropy = entropy;
        world.on("GET /x", refused()).on("GET /x", refused()).on("GET /x", ok(document("A", LATER)));
        world.run(&mut Container::relative("/x", Authorization::None).unwrap()).unwrap();
        let spread = world.needs[2].at - world.needs[0].at;
        assert!((2_000..=3_000).contains(&spread), "{spread} ms");
    }
}

#[test]
fn the_region_of_an_instance_is_read_with_a_token() {
    let mut flow = ImdsRegion::new(Endpoint::parse(Imds::ENDPOINT).unwrap());
    let mut world = World::new();
    world.on(TOKEN, token()).on(REGION, ok("eu-central-1\n"));
    let lease = world.run(&mut flow).unwrap();
    world.finished();
    assert_eq!((flow.source().region(), lease.lifetime_ms), (Some("eu-central-1"), None));
    assert_eq!(world.needs[1].header("X-aws-ec2-metadata-token"), Some("METADATA-TOKEN=="));

    // A token that the service has forgotten is replaced.
    let mut world = World::new();
    world.on(REGION, reply(401, "")).on(TOKEN, token()).on(REGION, ok("us-gov-west-1"));
    world.run(&mut flow).unwrap();
    assert_eq!(flow.source().region(), Some("us-gov-west-1"));
}

#[test]
fn what_is_not_a_region_is_refused() {
    for text in ["", "evil.example/", "<html>", "eu west", "EU-WEST-1", &"a".repeat(64), "a\r\nb"] {
        let mut flow = ImdsRegion::new(Endpoint::parse(Imds::ENDPOINT).unwrap());
        let mut world = World::new();
        world.on(TOKEN, token()).on(REGION, ok(text));
        assert_eq!(world.run(&mut flow).unwrap_err().kind, ErrorKind::Unusable("region"), "{text:?}");
        assert_eq!(flow.source().region(), None);
    }
    let mut world = World::new();
    world.on(TOKEN, token()).on(REGION, reply(404, ""));
    let mut flow = ImdsRegion::new(Endpoint::parse(Imds::ENDPOINT).unwrap());
    assert_eq!(world.run(&mut flow).unwrap_err().kind, ErrorKind::Status(404));
}

fn oidc_with(request: OidcRequest<'static>) -> SsoOidc<'static> {
    SsoOidc::new(Endpoint::parse("https://oidc.eu-west-1.amazonaws.com").unwrap(), request)
}

const CLIENT: OidcClient<'_> = OidcClient { id: "id \"1\"", secret: "the-client-secret" };

fn oidc() -> SsoOidc<'static> {
    oidc_with(OidcRequest::Token { client: CLIENT, grant: OidcGrant::Refresh("the-refresh-token") })
}

#[test]
fn a_program_registers_and_asks_for_a_code_and_for_the_token() {
    let start_url = "https://x.awsapps.com/start";
    for (request, target, sent, reply) in [
        (
            OidcRequest::Register { name: "rolecall", scopes: &["sso:account:access"] },
            "POST /client/register ",
            serde_json::json!({"clientName": "rolecall", "clientType": "public", "scopes": ["sso:account:access"]}),
            r#"{"clientId":"c","clientSecret":"s","clientSecretExpiresAt":1893456000}"#,
        ),
        (
            OidcRequest::Authorize { client: CLIENT, start_url },
            "POST /device_authorization ",
            serde_json::json!({"clientId": CLIENT.id, "clientSecret": CLIENT.secret, "startUrl": start_url}),
            r#"{"deviceCode":"d","userCode":"ABCD-EFGH","verificationUri":"https://d/","expiresIn":600}"#,
        ),
        (
            OidcRequest::Token { client: CLIENT, grant: OidcGrant::Device("the-device-code") },
            "POST /token ",
            serde_json::json!({"clientId": CLIENT.id, "clientSecret": CLIENT.secret,
                "grantType": "urn:ietf:params:oauth:grant-type:device_code", "deviceCode": "the-device-code"}),
            r#"{"accessToken":"a","expiresIn":28800}"#,
        ),
    ] {
        let mut world = World::new();
        world.leaves_reply = true;
        world.on(target, ok(reply));
        let mut flow = oidc_with(request);
        world.run(&mut flow).unwrap();
        let body: serde_json::Value = serde_json::from_str(world.needs[0].body()).unwrap();
        assert_eq!(body, sent);
        assert_eq!(&world.exchange[flow.source().reply()], reply.as_bytes());
        let mut world = World::new();
        world.on(target, ok("{}"));
        assert!(matches!(world.run(&mut oidc_with(request)).unwrap_err().kind, ErrorKind::Missing(_)));
    }
}

#[test]
fn a_code_that_is_not_confirmed_yet_is_an_error_that_says_so() {
    let pending = r#"{"error":"authorization_pending","error_description":"the-device-code"}"#;
    for (header, code) in [
        ("X-Amzn-ErrorType: AuthorizationPendingException", "AuthorizationPendingException"),
        ("A: b", "authorization_pending"),
    ] {
        let mut world = World::new();
        world.on("POST /token ", reply(400, pending).with(header));
        let request = OidcRequest::Token { client: CLIENT, grant: OidcGrant::Device("the-device-code") };
        world.run(&mut oidc_with(request)).unwrap_err();
        assert_eq!((world.report.code(), world.report.message()), (code, ""));
        let shown = format!("{request:?}");
        assert!(!shown.contains("the-device-code") && !shown.contains("the-client-secret"), "{shown}");
    }
}

#[test]
fn a_refresh_token_is_exchanged_for_an_access_token() {
    let reply = r#"{"accessToken":"new","expiresIn":28800,"refreshToken":"next","tokenType":"Bearer"}"#;
    let mut flow = oidc();
    let mut world = World::new();
    world.leaves_reply = true;
    world.on("POST /token ", ok(reply));
    world.run(&mut flow).unwrap();
    let [request] = &world.needs[..] else { panic!("one request") };
    assert_eq!(request.header("Content-Type"), Some("application/json"));
    assert_eq!(request.header("Authorization"), None);
    let body: serde_json::Value = serde_json::from_str(request.body()).unwrap();
    let expected = serde_json::json!({"clientId": "id \"1\"", "clientSecret": "the-client-secret",
        "grantType": "refresh_token", "refreshToken": "the-refresh-token"});
    assert_eq!(body, expected);
    assert_eq!(&world.exchange[flow.source().reply()], reply.as_bytes());
}

#[test]
fn a_refused_refresh_token_means_signing_in_again_and_is_not_shown() {
    let body = r#"{"error":"invalid_grant","error_description":"the-refresh-token was used"}"#;
    let mut world = World::new();
    world.on("POST /token ", reply(400, body));
    let error = world.run(&mut oidc()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused { status: 400, recoverable: false });
    assert_eq!((world.report.code(), world.report.message()), ("invalid_grant", ""));
    assert_eq!(error.advice_on(&world.report), "sign in again: aws sso login");
    for reply in ["{}", r#"{"accessToken":""}"#, r#"{"accessToken":7}"#, "<html>", r#"{"accessToken":"x""#] {
        let mut world = World::new();
        world.on("POST /token ", ok(reply));
        world.run(&mut oidc()).expect_err(reply);
    }
}

#[test]
fn a_refresh_token_is_sent_once_unless_it_was_surely_not_received() {
    let mut world = World::new();
    world.on("POST /token ", Act::Fail(Phase::FirstByte, FailureKind::Closed));
    world.run(&mut oidc()).unwrap_err();
    world.finished();

    let mut world = World::new();
    world.leaves_reply = true;
    world.on("POST /token ", refused()).on("POST /token ", ok(r#"{"accessToken":"new"}"#));
    world.run(&mut oidc()).unwrap();
    world.finished();
}
