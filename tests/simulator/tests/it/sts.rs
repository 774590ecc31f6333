//! STS: authorization, and the rejection of invalid requests.

use crate::client::{Keys, Reply, Request, Signing, hours, instance_document, spoil, start, user};
use rolecall_simulator::{Config, Principal, Role, Simulator};
use std::time::Duration;

const ROLE: &str = "arn:aws:iam::444455556666:role/rolecall-cross-account";

fn form(parameters: &[(&str, &str)]) -> Request {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.append_pair("Version", "2011-06-15");
    body.extend_pairs(parameters);
    Request::new("POST", "/")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(body.finish().as_bytes())
}

fn who_am_i() -> Request {
    form(&[("Action", "GetCallerIdentity")])
}

fn call(simulator: &Simulator, keys: &Keys, request: Request) -> Reply {
    let url = simulator.sts_url();
    Signing::of(keys, "sts").sign(request, &url).send(&url)
}

/// Calls AssumeRole for the default role, with these additional parameters.
fn assume(simulator: &Simulator, keys: &Keys, more: &[(&str, &str)]) -> Reply {
    let mut parameters = vec![("Action", "AssumeRole")];
    for (name, value) in [("RoleArn", ROLE), ("RoleSessionName", "session")] {
        if !more.iter().any(|(n, _)| *n == name) {
            parameters.push((name, value));
        }
    }
    parameters.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    call(simulator, keys, form(&parameters))
}

#[test]
fn the_instance_assumes_the_role_of_the_other_account() {
    let simulator = start(Config::default());
    assert_eq!(simulator.role_arn(), ROLE);
    let instance = Keys::instance(&simulator);
    let reply = call(&simulator, &instance, who_am_i());
    let session = "arn:aws:sts::111122223333:assumed-role/rolecall-instance/i-";
    assert!(reply.xml("Arn").starts_with(session), "{}", reply.body);
    assert_eq!(reply.xml("Account"), "111122223333");

    let reply = assume(&simulator, &instance, &[("DurationSeconds", "900")]);
    let arn = "arn:aws:sts::444455556666:assumed-role/rolecall-cross-account/session";
    assert_eq!(reply.xml("Arn"), arn);
    assert!(reply.xml("AssumedRoleId").starts_with("AROA"));
    assert!(reply.xml("AssumedRoleId").ends_with(":session"));
    assert_eq!(reply.xml("RequestId"), reply.header("x-amzn-requestid"));
    assert_eq!(reply.header("content-type"), "text/xml");
    let namespace = "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"";
    assert!(reply.body.starts_with(&format!("<AssumeRoleResponse {namespace}>")));

    let assumed = Keys::assumed(&reply);
    let reply = call(&simulator, &assumed, who_am_i());
    assert_eq!(reply.xml("Arn"), arn);
    simulator.shift_clock(100);
    assert_eq!(call(&simulator, &assumed, who_am_i()).status, 200);

    let log: Vec<String> = simulator.events().iter().map(ToString::to_string).collect();
    assert!(log.contains(&format!("sts AssumeRole 200 OK {}", instance.id)));
    let log = log.join("\n");
    assert!(!log.contains(&assumed.secret) && !log.contains(&instance.secret));
}

#[test]
fn the_expiration_is_the_requested_duration() {
    let simulator = start(Config::default());
    let keys = Keys::instance(&simulator);
    let now = instance_document(&simulator).json("LastUpdated");
    for (asked, seconds) in [("900", 900), ("", 3600)] {
        let reply = assume(&simulator, &keys, &[("DurationSeconds", asked)]);
        let clock = |text: &str| {
            let part = |at: usize| text[at..at + 2].parse::<i32>().expect("a number");
            part(11) * 3600 + part(14) * 60 + part(17)
        };
        let lasts = (clock(reply.xml("Expiration")) - clock(&now)).rem_euclid(86_400);
        assert!((seconds..seconds + 30).contains(&lasts), "{lasts}");
    }
}

#[test]
fn credentials_expire() {
    let simulator = start(Config { instance_lifetime: Duration::from_secs(250), ..Config::default() });
    let keys = Keys::instance(&simulator);
    assert_eq!(call(&simulator, &keys, who_am_i()).status, 200);
    simulator.shift_clock(251);
    let reply = call(&simulator, &keys, who_am_i());
    assert_eq!(reply.verdict(), (403, "ExpiredToken"));
}

#[test]
fn only_trusted_principals_may_assume_the_role() {
    let simulator = start(Config {
        users: vec![user("alice"), user("bob")],
        roles: vec![
            Role::new("444455556666", "rolecall-cross-account"),
            Role {
                trusts: vec![Principal::Arn(user("alice").arn)],
                ..Role::new("444455556666", "path/for-alice")
            },
            Role {
                trusts: vec![Principal::Account("444455556666".into())],
                ..Role::new("444455556666", "inside")
            },
        ],
        ..Config::default()
    });
    let [alice, bob] = ["alice", "bob"].map(|name| Keys::of(&user(name)));
    let instance = Keys::instance(&simulator);
    let denied = (403, "AccessDenied");
    let for_alice = [("RoleArn", "arn:aws:iam::444455556666:role/path/for-alice")];
    let inside = [("RoleArn", "arn:aws:iam::444455556666:role/inside")];

    assert_eq!(assume(&simulator, &alice, &for_alice).status, 200);
    assert_eq!(assume(&simulator, &bob, &for_alice).verdict(), denied);
    assert_eq!(assume(&simulator, &instance, &for_alice).verdict(), denied);
    assert_eq!(assume(&simulator, &alice, &[]).verdict(), denied);
    assert_eq!(assume(&simulator, &instance, &inside).verdict(), denied);
    let unknown = [("RoleArn", "arn:aws:iam::444455556666:role/unknown")];
    let reply = assume(&simulator, &instance, &unknown);
    assert_eq!(reply.verdict(), denied);
    assert!(reply.xml("Message").contains("sts:AssumeRole on resource: arn:aws:iam::4444"));
    assert_eq!(reply.xml("Type"), "Sender");

    // Role chaining: a role trusted only within the other account.
    let first = Keys::assumed(&assume(&simulator, &instance, &[]));
    let second = Keys::assumed(&assume(&simulator, &first, &inside));
    let reply = call(&simulator, &second, who_am_i());
    assert!(reply.xml("Arn").ends_with(":assumed-role/inside/session"));
}

#[test]
fn a_configured_external_id_is_required() {
    let mut role = Role::new("444455556666", "rolecall-cross-account");
    role.external_id = Some("1234-5678".into());
    let simulator = start(Config { roles: vec![role], ..Config::default() });
    let keys = Keys::instance(&simulator);
    let with = |id| assume(&simulator, &keys, &[("ExternalId", id)]);
    assert_eq!(with("1234-5678").status, 200);
    assert_eq!(with("1234-5679").verdict(), (403, "AccessDenied"));
    assert_eq!(with("").verdict(), (403, "AccessDenied"));
}

#[test]
fn durations_are_limited() {
    let mut roles = vec![Role::new("444455556666", "rolecall-cross-account")];
    roles[0].trusts.push(Principal::Account("111122223333".into()));
    roles.push(Role { max_session_duration: 7200, ..roles[0].clone() });
    roles[1].arn += "-short";
    let short = roles[1].arn.clone();
    let simulator = start(Config { roles, users: vec![user("alice")], ..Config::default() });
    let alice = Keys::of(&user("alice"));
    let instance = Keys::instance(&simulator);
    let lasting = |keys, seconds| assume(&simulator, keys, &[("DurationSeconds", seconds)]);
    let invalid = (400, "ValidationError");

    assert_eq!(lasting(&alice, "900").status, 200);
    assert_eq!(lasting(&alice, "43200").status, 200);
    assert_eq!(lasting(&instance, "3600").status, 200);
    for seconds in ["899", "43201", "-900", "an hour"] {
        assert_eq!(lasting(&alice, seconds).verdict(), invalid, "{seconds}");
    }
    let chained = lasting(&instance, "3601");
    assert_eq!(chained.verdict(), invalid);
    assert!(chained.xml("Message").contains("role chaining"));
    let longer = [("RoleArn", short.as_str()), ("DurationSeconds", "7201")];
    let reply = assume(&simulator, &alice, &longer);
    assert_eq!(reply.verdict(), invalid);
    assert!(reply.xml("Message").contains("MaxSessionDuration"));
}

#[test]
fn parameters_are_checked() {
    let simulator = start(Config::default());
    let keys = Keys::instance(&simulator);
    let invalid = (400, "ValidationError");
    for more in [
        ("RoleSessionName", ""),
        ("RoleSessionName", "x"),
        ("RoleSessionName", "a b"),
        ("RoleSessionName", &"x".repeat(65)),
        ("RoleArn", ""),
        ("RoleArn", "role/rolecall-cross-account"),
        ("Policy", "{}"),
    ] {
        let reply = assume(&simulator, &keys, &[more]);
        assert_eq!(reply.verdict(), invalid, "{more:?}");
    }
    let twice = form(&[("Action", "GetCallerIdentity"), ("Action", "GetCallerIdentity")]);
    assert_eq!(call(&simulator, &keys, twice).verdict(), invalid);
    let unknown = call(&simulator, &keys, form(&[("Action", "Get<Caller>")]));
    assert_eq!(unknown.verdict(), (400, "InvalidAction"));
    assert!(unknown.xml("Message").contains("Get&lt;Caller&gt;"));
    let old = Request::new("POST", "/").body(b"Action=GetCallerIdentity&Version=2010-05-08");
    let old = call(&simulator, &keys, old);
    assert_eq!(old.verdict(), (400, "InvalidAction"));
    let mut elsewhere = who_am_i();
    elsewhere.target = "/other".into();
    assert_eq!(call(&simulator, &keys, elsewhere).status, 404);
}

#[test]
fn changed_requests_are_rejected() {
    let simulator = start(Config::default());
    let url = simulator.sts_url();
    let keys = Keys::instance(&simulator);
    let mut request = who_am_i().header("x-amz-note", "a note");
    request.target = "/?a=1".into();
    let good = Signing::of(&keys, "sts").sign(request, &url);
    assert_eq!(good.send(&url).verdict(), (200, "OK"));

    let changed = |change: &dyn Fn(&mut Request)| {
        let mut request = good.clone();
        change(&mut request);
        let reply = request.send(&url);
        let (status, code) = reply.verdict();
        (status, code.to_owned())
    };
    let mismatch = (403, "SignatureDoesNotMatch".to_owned());
    let unknown = (403, "InvalidClientTokenId".to_owned());
    let incomplete = (400, "IncompleteSignature".to_owned());
    assert_eq!(changed(&|r| r.method = "PUT".into()), mismatch);
    assert_eq!(changed(&|r| r.target = "/x?a=1".into()), mismatch);
    assert_eq!(changed(&|r| spoil(&mut r.target)), mismatch);
    assert_eq!(changed(&|r| spoil(r.value("x-amz-note"))), mismatch);
    assert_eq!(changed(&|r| spoil(r.value("content-type"))), mismatch);
    assert_eq!(changed(&|r| spoil(r.value("authorization"))), mismatch);
    assert_eq!(changed(&|r| r.body.push(b'&')), mismatch);
    assert_eq!(changed(&|r| spoil(r.value("x-amz-security-token"))), unknown);
    assert_eq!(changed(&|r| r.headers.retain(|(name, _)| name != "x-amz-security-token")), unknown);
    let another_key = |r: &mut Request| {
        let value = r.value("authorization");
        *value = value.replacen("Credential=ASIA", "Credential=ASIB", 1);
    };
    assert_eq!(changed(&another_key), unknown);
    assert_eq!(changed(&|r| r.headers.push(("x-amz-more".into(), "unsigned".into()))), mismatch);
    assert_eq!(changed(&|r| *r.value("authorization") = "AWS4-HMAC-SHA256 Signature=1".into()), incomplete);
    assert_eq!(
        changed(&|r| r.headers.retain(|(name, _)| name != "authorization")),
        (403, "MissingAuthenticationToken".to_owned())
    );
    assert_eq!(changed(&|r| r.value("x-amz-date").push('Z')), incomplete);
    // The unchanged request is still accepted: the changes were what mattered.
    assert_eq!(good.send(&url).verdict(), (200, "OK"));
}

/// The signature does not cover the scope as sent: the service has to compare it.
#[test]
fn the_credential_scope_is_compared_with_the_request() {
    let simulator = start(Config::default());
    let url = simulator.sts_url();
    let keys = Keys::instance(&simulator);
    let good = Signing::of(&keys, "sts").sign(who_am_i(), &url);
    assert_eq!(good.send(&url).verdict(), (200, "OK"));
    for (from, to) in [
        ("/20", "/19"),
        ("/eu-central-1/", "/eu-central-2/"),
        ("/sts/", "/s3/"),
        ("/aws4_request", "/aws5_request"),
        ("/aws4_request", "/aws4_request/"),
    ] {
        let mut request = good.clone();
        let authorization = request.value("authorization");
        assert!(authorization.contains(from));
        *authorization = authorization.replacen(from, to, 1);
        let reply = request.send(&url);
        assert_eq!(reply.verdict(), (400, "IncompleteSignature"), "{to}");
    }
}

#[test]
fn repeated_signature_headers_are_rejected() {
    let simulator = start(Config::default());
    let url = simulator.sts_url();
    let keys = Keys::instance(&simulator);
    let good = Signing::of(&keys, "sts").sign(who_am_i(), &url);
    for name in ["x-amz-date", "x-amz-security-token", "authorization"] {
        let mut request = good.clone();
        let again = request.value(name).clone();
        let reply = request.header(name, &again).send(&url);
        assert_eq!(reply.verdict(), (400, "IncompleteSignature"), "{name}");
    }
}

#[test]
fn a_declared_hash_must_match_the_body() {
    let simulator = start(Config::default());
    let url = simulator.sts_url();
    let keys = Keys::instance(&simulator);
    let declaring = |hash: &str| {
        let request = who_am_i().header("x-amz-content-sha256", hash);
        Signing::of(&keys, "sts").sign(request, &url).send(&url)
    };
    // The hash of "Version=2011-06-15&Action=GetCallerIdentity".
    let hash = "2e5272931159dc39306511e6dbae66f365e6748f021352ad514b568d66ebba7c";
    assert_eq!(declaring(hash).verdict(), (200, "OK"));
    let reply = declaring(&"0".repeat(64));
    assert_eq!(reply.verdict(), (403, "SignatureDoesNotMatch"));
}

#[test]
fn wrongly_signed_requests_are_rejected() {
    let simulator = start(Config::default());
    let url = simulator.sts_url();
    let keys = Keys::instance(&simulator);
    let good = Signing::of(&keys, "sts");
    let verdict = |signing: &Signing| {
        let reply = signing.sign(who_am_i(), &url).send(&url);
        let (status, code) = reply.verdict();
        (status, code.to_owned())
    };
    assert_eq!(verdict(&good), (200, "OK".to_owned()));

    let mut other_secret = good.clone();
    spoil(&mut other_secret.keys.secret);
    let mismatch = (403, "SignatureDoesNotMatch".to_owned());
    assert_eq!(verdict(&other_secret), mismatch);
    for time in [hours(-1), hours(1)] {
        assert_eq!(verdict(&Signing { time, ..good.clone() }), mismatch);
    }
    let incomplete = (400, "IncompleteSignature".to_owned());
    for other in [Signing { region: "us-east-1", ..good.clone() }, Signing { service: "iam", ..good.clone() }]
    {
        assert_eq!(verdict(&other), incomplete);
    }
}

#[test]
fn presigned_queries_work_until_they_expire() {
    let simulator = start(Config::default());
    let url = simulator.sts_url();
    let keys = Keys::instance(&simulator);
    let target = "/?Action=GetCallerIdentity&Version=2011-06-15";
    let good = Signing::presigning(&keys, "sts", 60).sign(Request::new("GET", target), &url);
    assert_eq!(good.send(&url).verdict(), (200, "OK"));
    let mut spoiled = good.clone();
    spoiled.target = spoiled.target.replacen("Version=2011", "Version=2012", 1);
    assert_eq!(spoiled.send(&url).verdict(), (403, "SignatureDoesNotMatch"));
    simulator.shift_clock(62);
    let late = good.send(&url);
    assert_eq!(late.verdict(), (403, "SignatureDoesNotMatch"));
    assert!(late.xml("Message").starts_with("Signature expired"));
}

#[test]
fn clock_skew_is_reported() {
    let simulator = start(Config { clock_offset: 7 * 3600, ..Config::default() });
    let url = simulator.sts_url();
    let keys = Keys::instance(&simulator);
    let reply = call(&simulator, &keys, who_am_i());
    assert_eq!(reply.verdict(), (403, "SignatureDoesNotMatch"));
    assert!(reply.xml("Message").starts_with("Signature expired"));
    let corrected = Signing { time: hours(7), ..Signing::of(&keys, "sts") };
    let reply = corrected.sign(who_am_i(), &url).send(&url);
    assert_eq!(reply.verdict(), (200, "OK"));
}

#[test]
fn with_the_wrong_secret_every_signature_is_rejected() {
    let simulator = start(Config { verify_with_wrong_secret: true, ..Config::default() });
    let keys = Keys::instance(&simulator);
    let reply = call(&simulator, &keys, who_am_i());
    assert_eq!(reply.verdict(), (403, "SignatureDoesNotMatch"));
}
