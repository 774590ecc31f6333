//! `rolecall setup cross-account`, and the use of its role: another principal assumes it and uses S3.
//! ministack enforces trust policies, external ids and the role's permissions; moto does not.

use e2e::command::rolecall;
use e2e::servers::Server;
use e2e::setup::{Provisioning, READ_ONLY, S3};
use serde_json::{Value, json};

const EXTERNAL_ID: &str = "partner-4711/a:b@c.d";

#[test]
fn a_role_for_another_account_is_provisioned_and_undone() {
    for name in ["ministack", "moto"] {
        let Some(server) = Server::named(name) else { continue };
        let account = server.need("ACCOUNT_ID");
        let user = server.need("USER_ARN");
        let condition = json!({"StringEquals": {"sts:ExternalId": EXTERNAL_ID}});
        let root = format!("arn:aws:iam::{account}:root");
        for (role, trusted, principal, more) in [
            ("for-an-account", &account, &root, &["--external-id", EXTERNAL_ID][..]),
            ("for-a-user", &user, &user, &[]),
        ] {
            let given = ["cross-account", "--role", role, "--trust", trusted, "--policy", S3];
            let given = [&given[..], &["--policy-arn", READ_ONLY], more].concat();
            let up = Provisioning::new(&server, &given);
            let resources: [&[&str]; 1] = [&["role", role]];
            up.apply(&resources);
            let mut statement =
                json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"});
            if !more.is_empty() {
                statement["Condition"] = condition.clone();
            }
            let expected = json!({
                "exists": true,
                "arn": up.role_arn(role),
                "trust": {"Version": "2012-10-17", "Statement": [statement]},
                "tags": {"rolecall:setup": format!("cross-account/{role}")},
                "inline": {"rolecall": serde_json::from_str::<Value>(S3).expect("JSON")},
                "attached": [READ_ONLY],
                "instance_profiles": [],
            });
            assert_eq!(server.read(resources[0]), expected, "{name}");
            up.undo(&resources);
        }
    }
}

#[test]
fn the_role_is_assumed_and_used_on_s3() {
    let Some(server) = Server::named("ministack") else { return };
    let account = server.need("ACCOUNT_ID");
    let role = "partner";
    let given = ["cross-account", "--role", role, "--trust", &account, "--external-id", EXTERNAL_ID];
    let up = Provisioning::new(&server, &[&given[..], &["--policy", S3]].concat());
    up.run(&[]).ok();
    let arn = up.role_arn(role);
    let bucket = format!("{}/{}", server.need("URL"), server.need("BUCKET"));
    let object = format!("{bucket}/cross/account.txt");
    let with = |words: &[&str], external_id: &[&str]| {
        let given =
            [words, &["--service", "s3", "--role-arn", &arn, "--role-session-name", "visit"], external_id];
        rolecall(&given.concat(), server.every_service())
    };
    let id = ["--external-id", EXTERNAL_ID];
    with(&["request", "PUT", &object, "-d", "from afar"], &id).ok();
    let stored = server.read(&["object", &server.need("BUCKET"), "cross/account.txt"]);
    assert_eq!(stored, json!({"exists": true, "body": "from afar"}));
    assert_eq!(with(&["request", "GET", &object], &id).ok(), "from afar");
    let list = with(&["request", "GET", &format!("{bucket}?list-type=2&prefix=cross%2F")], &id);
    assert!(list.ok().contains("<Key>cross/account.txt</Key>"), "{list:#?}");

    // The URL needs no other credentials while it is valid.
    let url = with(&["presign", &object, "--expires", "60"], &id).ok().trim_end().to_owned();
    let body = ureq::get(&url).call().expect("it opens").into_body().read_to_string().expect("text");
    assert_eq!(body, "from afar");
    let other = url.replace("account.txt", "others.txt");
    assert!(ureq::get(&other).call().is_err(), "it is valid for another object");

    for external_id in [&["--external-id", "partner-4712"][..], &[]] {
        let run = with(&["request", "GET", &object], external_id);
        let error = run.failed();
        assert!(error.contains("AccessDenied") && error.contains("external id"), "{error}");
    }
    let who = ["whoami", "--role-arn", &arn, "--external-id", EXTERNAL_ID];
    let who = rolecall(&[&who[..], &["--role-session-name", "visit"]].concat(), server.every_service());
    assert!(who.ok().contains(&format!("arn:aws:sts::{account}:assumed-role/partner/visit")), "{who:#?}");
    up.run(&["--undo"]).ok();
    with(&["request", "GET", &object], &id).failed();
}

#[test]
fn a_profile_assumes_the_role() {
    let Some(server) = Server::named("ministack") else { return };
    let account = server.need("ACCOUNT_ID");
    let given = ["cross-account", "--role", "by-profile", "--trust", &account, "--external-id", EXTERNAL_ID];
    let up = Provisioning::new(&server, &[&given[..], &["--policy", S3]].concat());
    up.run(&[]).ok();
    let keys = (server.need("ACCESS_KEY_ID"), server.need("SECRET_ACCESS_KEY"));
    let role = format!(
        "role_arn = {}\nrole_session_name = nightly-7\nduration_seconds = 1200\n",
        up.role_arn("by-profile")
    );
    let config = format!(
        "[profile base]\naws_access_key_id = {}\naws_secret_access_key = {}\n\n\
         [profile cross]\n{role}external_id = {EXTERNAL_ID}\nsource_profile = base\n\n\
         [profile ambient]\n{role}external_id = {EXTERNAL_ID}\ncredential_source = Environment\n\n\
         [profile wrong]\n{role}external_id = partner-4712\nsource_profile = base\n",
        keys.0, keys.1
    );
    let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cross-account-config");
    std::fs::write(&file, config).expect("a file");
    let run = |words: &[&str], profile: &str| {
        let mut environment = server.every_service();
        environment.push(("AWS_CONFIG_FILE", file.to_string_lossy().into_owned()));
        if profile != "ambient" {
            environment.retain(|(name, _)| !name.contains("KEY"));
        }
        rolecall(&[words, &["--profile", profile]].concat(), environment)
    };
    let object = format!("{}/{}/by-profile", server.need("URL"), server.need("BUCKET"));
    for profile in ["cross", "ambient"] {
        let who = run(&["whoami"], profile);
        assert!(who.ok().contains("assumed-role/by-profile/nightly-7"), "{who:#?}");
        run(&["request", "PUT", &object, "--service", "s3", "-d", profile], profile).ok();
        assert_eq!(run(&["request", "GET", &object, "--service", "s3"], profile).ok(), profile);
        let document: Value = serde_json::from_str(run(&["credentials"], profile).ok()).expect("JSON");
        let ends = document["Expiration"]
            .as_str()
            .and_then(|text| rolecall::UnixTime::from_rfc3339(text.as_bytes()).ok());
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock");
        let lasts = ends.expect("an end").as_secs() - now.as_secs();
        assert!((1190..=1200).contains(&lasts), "{lasts} s: {document}");
    }
    let refused = run(&["whoami"], "wrong");
    let error = refused.failed();
    assert!(error.contains("profile wrong") && error.contains("external id"), "{error}");
    up.run(&["--undo"]).ok();
}
