//! Signatures against servers that verify them: each request is accepted, and refused with one change.
//! `VERIFIERS.md` lists the checks of each server.

use e2e::command::rolecall;
use e2e::servers::Server;
use e2e::tamper::{Ask, CHANGES, Change};
use rolecall::{Credentials, Environment, Provider, Request, Role};
use rolecall_simulator::{Config, Simulator};

/// Sends `ask` unchanged and with every change; this server does not check the changes in `unverified`.
fn check(name: &str, ask: &Ask, credentials: &Credentials, unverified: &[Change]) {
    let control = ask.send(credentials, Change::Nothing).expect("the control");
    assert!((200..300).contains(&control), "{name}: the control got {control}: {ask:?}");
    let mut refused = 0;
    for change in CHANGES {
        match ask.send(credentials, change) {
            Some(status) if unverified.contains(&change) => {
                println!("{name}: {change:?}: not verified here ({status})");
            }
            Some(status) => {
                assert!((400..500).contains(&status), "{name}: {change:?} got {status}: {ask:?}");
                refused += 1;
            }
            None => {}
        }
    }
    println!("{name}: {} {}: accepted, and refused with {refused} changes", ask.method, ask.service);
    assert!(refused >= 4, "{name}: only {refused} changes were refused");
}

/// The requests under test: STS POST, S3 GET, PUT and presigned GET.
fn asks(sts: &str, s3: &str, bucket: &str, region: &str) -> [Ask; 4] {
    let ask = |method, url: String, service, body, presigned| Ask {
        method,
        url,
        service,
        region: region.to_owned(),
        body,
        presigned,
    };
    let object = format!("{s3}/{bucket}/a-note?x=1");
    let identity = "Action=GetCallerIdentity&Version=2011-06-15";
    [
        ask("POST", format!("{sts}/?x=1"), "sts", identity, false),
        ask("GET", object.clone(), "s3", "", false),
        ask("PUT", object.clone(), "s3", "content", false),
        ask("GET", object, "s3", "", true),
    ]
}

fn put_object(provider: &Provider, s3: &str, bucket: &str) {
    let put = Request::new("PUT", &format!("{s3}/{bucket}/a-note")).expect("a request");
    let reply = provider.send(&put.service("s3").body("content")).expect("a reply");
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
}

fn provider(environment: Vec<(&'static str, String)>) -> Provider {
    Provider::from_environment(&environment.into_iter().collect::<Environment>()).expect("a provider")
}

#[test]
fn the_simulator_verifies_every_change() {
    let accounts = vec!["111122223333".to_owned(), "444455556666".to_owned()];
    let simulator =
        Simulator::start(Config { bucket_accounts: accounts, ..Config::default() }).expect("a simulator");
    let instance = provider(simulator.environment());
    put_object(&instance, &simulator.s3_url(), simulator.bucket());
    let role = instance.assume_role(Role::new(simulator.role_arn(), "signatures"));
    for who in [instance, role] {
        let credentials = who.credentials().expect("credentials");
        for ask in asks(&simulator.sts_url(), &simulator.s3_url(), simulator.bucket(), simulator.region()) {
            if ask.service == "sts" {
                check_sts_at_the_root("simulator", &ask, &credentials, &[]);
            } else {
                check("simulator", &ask, &credentials, &[]);
            }
        }
    }
}

/// The same as [`check`], without the change of the path: another path is not verified at all.
fn check_sts_at_the_root(name: &str, ask: &Ask, credentials: &Credentials, unverified: &[Change]) {
    let control = ask.send(credentials, Change::Nothing).expect("the control");
    assert_eq!(control, 200, "{name}: the control: {ask:?}");
    for change in CHANGES {
        if change == Change::Path || unverified.contains(&change) {
            continue;
        }
        if let Some(status) = ask.send(credentials, change) {
            assert!((400..500).contains(&status), "{name}: {change:?} got {status}: {ask:?}");
        }
    }
}

#[test]
fn ministack_verifies_signatures() {
    let Some(server) = Server::named("ministack") else { return };
    let (url, bucket, region) = (server.need("URL"), server.need("BUCKET"), server.need("REGION"));
    let user = provider(server.environment());
    assert_eq!(user.caller_identity().expect("an identity").arn, server.need("USER_ARN"));
    let role = user.assume_role(Role::new(server.need("ROLE_ARN"), "signatures").duration_seconds(900));
    put_object(&role, &url, &bucket);
    let identity = role.caller_identity().expect("an identity");
    assert!(identity.arn.contains(":assumed-role/"), "{identity:?}");
    for who in [&user, &role] {
        let credentials = who.credentials().expect("credentials");
        let [sts, get, put, presigned] = asks(&url, &url, &bucket, &region);
        check_sts_at_the_root("ministack", &sts, &credentials, &[]);
        check("ministack", &get, &credentials, &[]);
        check("ministack", &put, &credentials, &[Change::Body]);
        check("ministack", &presigned, &credentials, &[]);
    }
    let given = Role::new(server.need("EXTERNAL_ID_ROLE_ARN"), "signatures");
    let with_id = user.assume_role(given.clone().external_id(server.need("EXTERNAL_ID")));
    with_id.credentials().expect("the external id is right");
    let without = user.assume_role(given).credentials();
    assert!(without.expect_err("no external id").to_string().contains("AccessDenied"));
}

#[test]
fn moto_verifies_signatures() {
    let Some(server) = Server::named("moto") else { return };
    let (url, bucket, region) = (server.need("URL"), server.need("BUCKET"), server.need("REGION"));
    let user = provider(server.environment());
    assert_eq!(user.caller_identity().expect("an identity").arn, server.need("USER_ARN"));
    let role = user.assume_role(Role::new(server.need("ROLE_ARN"), "signatures"));
    put_object(&role, &url, &bucket);
    // moto does not check dates, and answers presigned requests with an internal error.
    let dates = [Change::HourAgo, Change::HourAhead];
    for who in [&user, &role] {
        let credentials = who.credentials().expect("credentials");
        let [sts, get, put, _] = asks(&url, &url, &bucket, &region);
        check_sts_at_the_root("moto", &sts, &credentials, &dates);
        check("moto", &get, &credentials, &dates);
        check("moto", &put, &credentials, &[&dates[..], &[Change::Body]].concat());
    }
}

#[test]
fn seaweedfs_verifies_signatures() {
    let Some(server) = Server::named("seaweedfs") else { return };
    let (url, bucket, region) = (server.need("URL"), server.need("BUCKET"), server.need("REGION"));
    let user = provider(server.environment());
    put_object(&user, &url, &bucket);
    let credentials = user.credentials().expect("credentials");
    let [_, get, put, presigned] = asks(&url, &url, &bucket, &region);
    check("seaweedfs", &get, &credentials, &[]);
    check("seaweedfs", &put, &credentials, &[Change::Body]);
    check("seaweedfs", &presigned, &credentials, &[Change::HourAhead]);
}

#[test]
fn the_command_works_against_ministack() {
    let Some(server) = Server::named("ministack") else { return };
    let mut environment = server.environment();
    environment.push(("AWS_ENDPOINT_URL_S3", server.need("URL")));
    let who = rolecall(&["whoami"], environment.clone());
    assert!(who.ok().contains(&server.need("USER_ARN")), "{who:#?}");
    let role = server.need("ROLE_ARN");
    let as_role = ["--role-arn", role.as_str(), "--duration-seconds", "900"];
    let document = rolecall(&[&["credentials"], &as_role[..]].concat(), environment.clone());
    assert!(document.ok().starts_with("{\"Version\":1,"), "{document:#?}");
    // The service cannot be inferred from a common endpoint.
    let url =
        format!("{}/{}/from the command", server.need("URL"), server.need("BUCKET")).replace(' ', "%20");
    let put = [&["request", "PUT", &url, "--service", "s3", "-d", "hello"], &as_role[..]].concat();
    rolecall(&put, environment.clone()).ok();
    let got =
        rolecall(&[&["request", "GET", &url, "--service", "s3"], &as_role[..]].concat(), environment.clone());
    assert_eq!(got.ok(), "hello");
    let presigned =
        rolecall(&[&["presign", &url, "--service", "s3"], &as_role[..]].concat(), environment.clone());
    let body = ureq::get(presigned.ok().trim_end()).call().expect("it opens").into_body().read_to_string();
    assert_eq!(body.expect("text"), "hello");
    environment.retain(|(name, _)| *name != "AWS_SECRET_ACCESS_KEY");
    environment.push(("AWS_SECRET_ACCESS_KEY", "not-the-secret".to_owned()));
    let refused = rolecall(&["whoami"], environment);
    assert!(refused.failed().contains("SignatureDoesNotMatch"), "{refused:#?}");
}

#[test]
fn ministack_serves_instance_metadata() {
    let Some(server) = Server::named("ministack") else { return };
    let url = server.need("URL");
    let run = rolecall(&["credentials"], [("AWS_EC2_METADATA_SERVICE_ENDPOINT", url.as_str())]);
    assert!(run.ok().contains("\"Expiration\":"), "{run:#?}");
}
