//! Set-ups that do not come to their end: things of somebody else in the way, wrong inputs, set-ups that
//! break off halfway.

use e2e::servers::Server;
use e2e::setup::{S3, SetUp, user_pools};
use serde_json::json;

fn servers() -> impl Iterator<Item = (&'static str, Server)> {
    ["ministack", "moto"].into_iter().filter_map(|name| Some((name, Server::named(name)?)))
}

/// A role of somebody else.
fn make_role(server: &Server, name: &str) {
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    });
    let given = json!({"RoleName": name, "AssumeRolePolicyDocument": trust.to_string()});
    server.boto_call("iam", "create_role", given);
}

/// `what` is somebody else's, and in the way of the set-up; it is the same before and after.
#[track_caller]
fn stays(up: &SetUp<'_>, tag: &str, what: &str, name: &str, thing: &[&str]) {
    let before = up.server.read(thing);
    assert!(before["exists"] == true);
    let run = up.run(&[]);
    assert_eq!(run.stdout, "", "{run:#?}");
    let error = run.broke_off();
    assert!(error.contains(&format!("{what} {name} is there already")), "{error}");
    assert!(error.contains(&format!("without the tag rolecall:setup={tag}")), "{error}");
    assert!(error.contains("choose another name"), "{error}");
    assert_eq!(up.server.read(thing), before, "a set-up touched it");

    let run = up.run(&["--undo"]);
    let error = run.broke_off();
    assert!(error.contains(what) && error.contains(name) && error.contains("somebody else's"), "{error}");
    assert!(run.stdout.lines().any(|line| line.starts_with(&format!("kept: {what} "))), "{run:#?}");
    assert_eq!(up.server.read(thing), before, "an undoing touched it");
}

#[test]
fn a_role_of_somebody_else_stays() {
    for (_, server) in servers() {
        let name = "of-somebody-else";
        make_role(&server, name);
        let trusted = server.need("USER_ARN");
        for (journey, more) in [
            ("ec2-role", &[][..]),
            ("ecs-role", &["--image", "busybox"]),
            ("cross-account", &["--trust", &trusted]),
        ] {
            let given = [&[journey, "--role", name, "--policy", S3], more].concat();
            let up = SetUp::new(&server, &given);
            stays(&up, &format!("{journey}/{name}"), "role", name, &["role", name]);
            assert!(!server.has(&["instance-profile", name]) && !server.has(&["task-definition", name]));
        }
    }
}

#[test]
fn a_role_of_another_set_up_stays() {
    let Some(server) = Server::named("ministack") else { return };
    let name = "of-another-set-up";
    let other = SetUp::new(&server, &["ecs-role", "--role", name]);
    other.run(&[]).ok();
    let up = SetUp::new(&server, &["ec2-role", "--role", name, "--policy", S3]);
    stays(&up, "ec2-role/of-another-set-up", "role", name, &["role", name]);
    other.run(&["--undo"]).ok();
    assert!(!server.has(&["role", name]));
}

#[test]
fn other_things_of_somebody_else_stay() {
    for (_, server) in servers() {
        let name = "profile-of-others";
        let given = json!({"InstanceProfileName": name});
        server.boto_call("iam", "create_instance_profile", given);
        let up = SetUp::new(&server, &["ec2-role", "--role", name]);
        stays(&up, "ec2-role/profile-of-others", "instance profile", name, &["instance-profile", name]);
        assert!(!server.has(&["role", name]), "the role that was made is left");

        let name = "tasks-of-others";
        let containers = json!([{"name": "other", "image": "busybox", "memory": 64}]);
        let given = json!({"family": name, "containerDefinitions": containers});
        server.boto_call("ecs", "register_task_definition", given);
        let up = SetUp::new(&server, &["ecs-role", "--role", name, "--image", "busybox"]);
        stays(&up, "ecs-role/tasks-of-others", "task definition", name, &["task-definition", name]);
        assert!(!server.has(&["role", name]), "the role that was made is left");
    }
}

#[test]
fn pools_of_somebody_else_stay() {
    let Some(server) = Server::named("ministack") else { return };
    let name = "pools-of-others";
    // Several may have one name, so they are in nobody's way.
    server.boto_call("cognito-idp", "create_user_pool", json!({"PoolName": name}));
    let given = json!({"IdentityPoolName": name, "AllowUnauthenticatedIdentities": false});
    server.boto_call("cognito-identity", "create_identity_pool", given);
    let theirs = (server.read(&["user-pool", name]), server.read(&["identity-pool", name]));

    let up = SetUp::new(&server, &["cognito", "--name", name]);
    up.run(&[]).ok();
    assert_eq!(user_pools(&server, name).len(), 2);
    let run = up.run(&["--undo"]);
    run.broke_off();
    for (what, pool) in [("user pool", &theirs.0), ("identity pool", &theirs.1)] {
        let id = pool["id"].as_str().expect("an id");
        assert!(run.stdout.contains(&format!("kept: {what} {id}\n")), "{run:#?}");
        assert!(run.stderr.contains(&format!("{what} {id} has not the tag")), "{run:#?}");
    }
    assert_eq!((server.read(&["user-pool", name]), server.read(&["identity-pool", name])), theirs);
    assert!(!server.has(&["role", "pools-of-others-us-east-1-authenticated"]));
}

#[test]
fn a_set_up_that_breaks_off_says_what_is_there_and_goes_on() {
    for (_, server) in servers() {
        for (name, goes_on) in [("broken-then-whole", true), ("broken-then-undone", false)] {
            let given = ["ec2-role", "--role", name];
            let up = SetUp::new(&server, &given);
            let run = up.run(&["--policy", r#"{"nonsense":true}"#]);
            assert_eq!(run.stdout, "", "{run:#?}");
            let error = run.broke_off();
            assert!(error.contains("MalformedPolicyDocument"), "{error}");
            assert!(error.contains("check the policy"), "{error}");
            assert!(error.contains(&format!("there by now: role {}", up.role_arn(name))), "{error}");
            assert!(error.contains("run again, goes on from here"), "{error}");
            // The one that failed was told before it did.
            assert_eq!(run.calls().last(), Some(&"PutRolePolicy"), "{run:#?}");
            assert!(server.has(&["role", name]) && !server.has(&["instance-profile", name]));
            if goes_on {
                up.run(&["--policy", S3]).ok();
                let made = server.read(&["role", name]);
                assert_eq!(made["inline"]["rolecall"]["Statement"][0]["Action"], "s3:*", "{made}");
                assert_eq!(server.read(&["instance-profile", name])["roles"], json!([name]));
            }
            up.run(&["--undo"]).ok();
            assert!(!server.has(&["role", name]) && !server.has(&["instance-profile", name]), "{name}");
        }
    }
}

#[test]
fn what_waiting_does_not_mend_is_told_at_once() {
    for (_, server) in servers() {
        // The letter is in every message.
        let error = refused(&server, "e", &["--policy", r#"{"nonsense":true}"#]);
        assert!(error.contains("MalformedPolicyDocument"), "{error}");
    }
}

/// The error of a set-up that was refused, which is then undone.
#[track_caller]
fn refused(server: &Server, name: &str, more: &[&str]) -> String {
    let up = SetUp::new(server, &["ec2-role", "--role", name]);
    let run = up.run(more);
    assert!(run.took < std::time::Duration::from_secs(10), "{run:#?}");
    let error = run.broke_off().to_owned();
    up.run(&["--undo"]).ok();
    assert!(!server.has(&["role", name]) && !server.has(&["instance-profile", name]));
    error
}

#[test]
fn wrong_inputs_are_told_with_what_to_do() {
    for (kind, server) in servers() {
        let name = "wrongly-told";
        let error = refused(&server, name, &["--instance-id", "i-0123456789abcdef0"]);
        assert!(error.contains("InvalidInstanceID.NotFound"), "{error}");
        assert!(error.contains("i-0123456789abcdef0") && error.contains("the region"), "{error}");

        // An instance is known in its own region alone.
        let instance = server.instance();
        let error = refused(&server, name, &["--instance-id", &instance, "--region", "eu-west-1"]);
        assert!(error.contains("InvalidInstanceID.NotFound") && error.contains("the region"), "{error}");
        assert_eq!(server.read(&["association", &instance]), json!({"profiles": []}));

        // ministack attaches whatever it is told.
        if kind == "moto" {
            let error = refused(&server, name, &["--policy-arn", "arn:aws:iam::aws:policy/ThereIsNone"]);
            assert!(error.contains("NoSuchEntity") && error.contains("check names and ARNs"), "{error}");
            assert!(error.contains("ThereIsNone"), "{error}");
        }
    }
}

#[test]
fn what_is_wrong_before_any_call_changes_nothing() {
    let Some(server) = Server::named("ministack") else { return };
    let up = SetUp::new(&server, &["ec2-role", "--role", "never-made"]);
    let run = up.run(&["--policy", "/no/such/policy.json"]);
    assert!(run.failed().contains("/no/such/policy.json"), "{run:#?}");
    let run = SetUp::new(&server, &["cognito", "--name", "never-made", "--username", "alice"]).run(&[]);
    assert!(run.failed().contains("AWS_COGNITO_PASSWORD"), "{run:#?}");
    assert!(user_pools(&server, "never-made").is_empty() && !server.has(&["role", "never-made"]));
    for wrong in [
        &["ec2-role"][..],
        &["ec2-role", "--role", "x", "--image", "busybox"],
        &["ecs-role", "--role", "x", "--run"],
        &["cross-account", "--role", "x"],
        &["cognito", "--name", "x", "--oidc-url", "https://issuer.example"],
        &["nowhere"],
    ] {
        let run = SetUp::new(&server, wrong).run(&[]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{wrong:?}: {run:#?}");
    }
}
