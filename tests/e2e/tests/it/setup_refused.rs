//! Provisioning that fails: resources of another owner with the same name, invalid input, and errors halfway.

use e2e::servers::Server;
use e2e::setup::{PERHAPS, Provisioning, S3, user_pools};
use serde_json::json;

fn servers() -> impl Iterator<Item = (&'static str, Server)> {
    ["ministack", "moto"].into_iter().filter_map(|name| Some((name, Server::named(name)?)))
}

/// Creates a role that this project does not own.
fn make_role(server: &Server, name: &str) {
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    });
    let given = json!({"RoleName": name, "AssumeRolePolicyDocument": trust.to_string()});
    server.boto_call("iam", "create_role", given);
}

/// Checks that `what`, a resource of another owner, makes provisioning and undoing fail and is unchanged.
#[track_caller]
fn is_left_alone(up: &Provisioning<'_>, tag: &str, what: &str, name: &str, resource: &[&str]) {
    let before = up.server.read(resource);
    assert!(before["exists"] == true);
    let run = up.run(&[]);
    assert_eq!(run.stdout, "", "{run:#?}");
    let error = run.failed_midway();
    assert!(error.contains(&format!("{what} {name} exists and is not tagged")), "{error}");
    assert!(error.contains(&format!("is not tagged rolecall:setup={tag}")), "{error}");
    assert!(error.contains("choose another name"), "{error}");
    assert_eq!(up.server.read(resource), before, "provisioning changed it");

    let run = up.run(&["--undo"]);
    let error = run.failed_midway();
    assert!(error.contains(what) && error.contains(name) && error.contains("left unchanged"), "{error}");
    assert!(run.stdout.lines().any(|line| line.starts_with(&format!("kept {what} "))), "{run:#?}");
    assert_eq!(up.server.read(resource), before, "undoing changed it");
}

#[test]
fn a_role_of_another_owner_is_left_alone() {
    for (_, server) in servers() {
        let name = "of-another-owner";
        make_role(&server, name);
        let trusted = server.need("USER_ARN");
        for (subcommand, more) in [
            ("ec2-role", &[][..]),
            ("ecs-role", &["--image", "busybox"]),
            ("cross-account", &["--trust", &trusted]),
        ] {
            let given = [&[subcommand, "--role", name, "--policy", S3], more].concat();
            let up = Provisioning::new(&server, &given);
            is_left_alone(&up, &format!("{subcommand}/{name}"), "role", name, &["role", name]);
            assert!(!server.has(&["instance-profile", name]) && !server.has(&["task-definition", name]));
        }
    }
}

#[test]
fn a_role_of_another_subcommand_is_left_alone() {
    let Some(server) = Server::named("ministack") else { return };
    let name = "of-another-subcommand";
    let other = Provisioning::new(&server, &["ecs-role", "--role", name]);
    other.run(&[]).ok();
    let up = Provisioning::new(&server, &["ec2-role", "--role", name, "--policy", S3]);
    is_left_alone(&up, "ec2-role/of-another-subcommand", "role", name, &["role", name]);
    other.run(&["--undo"]).ok();
    assert!(!server.has(&["role", name]));
}

#[test]
fn other_resources_of_another_owner_are_left_alone() {
    for (_, server) in servers() {
        let name = "profile-of-others";
        let given = json!({"InstanceProfileName": name});
        server.boto_call("iam", "create_instance_profile", given);
        let up = Provisioning::new(&server, &["ec2-role", "--role", name]);
        is_left_alone(
            &up,
            "ec2-role/profile-of-others",
            "instance profile",
            name,
            &["instance-profile", name],
        );
        assert!(!server.has(&["role", name]), "the new role was not removed");

        let name = "tasks-of-others";
        let containers = json!([{"name": "other", "image": "busybox", "memory": 64}]);
        let given = json!({"family": name, "containerDefinitions": containers});
        server.boto_call("ecs", "register_task_definition", given);
        let up = Provisioning::new(&server, &["ecs-role", "--role", name, "--image", "busybox"]);
        is_left_alone(&up, "ecs-role/tasks-of-others", "task definition", name, &["task-definition", name]);
        assert!(!server.has(&["role", name]), "the new role was not removed");
    }
}

#[test]
fn pools_of_another_owner_are_left_alone() {
    let Some(server) = Server::named("ministack") else { return };
    let name = "pools-of-others";
    // Names of pools are not unique, so these do not conflict.
    server.boto_call("cognito-idp", "create_user_pool", json!({"PoolName": name}));
    let given = json!({"IdentityPoolName": name, "AllowUnauthenticatedIdentities": false});
    server.boto_call("cognito-identity", "create_identity_pool", given);
    let theirs = (server.read(&["user-pool", name]), server.read(&["identity-pool", name]));

    let up = Provisioning::new(&server, &["cognito", "--name", name]);
    up.run(&[]).ok();
    assert_eq!(user_pools(&server, name).len(), 2);
    let run = up.run(&["--undo"]);
    run.failed_midway();
    for (what, pool) in [("user pool", &theirs.0), ("identity pool", &theirs.1)] {
        let id = pool["id"].as_str().expect("an id");
        assert!(run.stdout.contains(&format!("kept {what} {id}\n")), "{run:#?}");
        assert!(
            run.stderr.contains(&format!("{what} {id} is not tagged rolecall:setup; left unchanged")),
            "{run:#?}"
        );
    }
    assert_eq!((server.read(&["user-pool", name]), server.read(&["identity-pool", name])), theirs);
    assert!(!server.has(&["role", "pools-of-others-us-east-1-authenticated"]));
}

#[test]
fn failed_provisioning_reports_existing_resources_and_can_be_resumed() {
    for (_, server) in servers() {
        for (name, resumed) in [("broken-then-whole", true), ("broken-then-undone", false)] {
            let given = ["ec2-role", "--role", name];
            let up = Provisioning::new(&server, &given);
            let run = up.run(&["--policy", PERHAPS]);
            assert_eq!(run.stdout, "", "{run:#?}");
            let error = run.failed_midway();
            assert!(error.contains("MalformedPolicyDocument"), "{error}");
            assert!(error.contains("check the policy"), "{error}");
            assert!(
                error.contains(&format!("created or found so far: role {}", up.role_arn(name))),
                "{error}"
            );
            assert!(error.contains("rerun to resume"), "{error}");
            // The failed call was reported before it was made.
            assert_eq!(run.calls().last(), Some(&"PutRolePolicy"), "{run:#?}");
            assert!(server.has(&["role", name]) && !server.has(&["instance-profile", name]));
            if resumed {
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
fn permanent_errors_are_reported_without_retries() {
    for (_, server) in servers() {
        // A name whose only letter occurs in every message.
        let error = refused(&server, "e", &["--policy", PERHAPS]);
        assert!(error.contains("MalformedPolicyDocument"), "{error}");
    }
}

/// Runs provisioning that must fail, undoes it, and returns the error.
#[track_caller]
fn refused(server: &Server, name: &str, more: &[&str]) -> String {
    let up = Provisioning::new(server, &["ec2-role", "--role", name]);
    let run = up.run(more);
    assert!(run.took < std::time::Duration::from_secs(10), "{run:#?}");
    let error = run.failed_midway().to_owned();
    up.run(&["--undo"]).ok();
    assert!(!server.has(&["role", name]) && !server.has(&["instance-profile", name]));
    error
}

#[test]
fn invalid_input_is_an_error_with_a_remedy() {
    for (kind, server) in servers() {
        let name = "wrong-input";
        let error = refused(&server, name, &["--instance-id", "i-0123456789abcdef0"]);
        assert!(error.contains("InvalidInstanceID.NotFound"), "{error}");
        assert!(error.contains("i-0123456789abcdef0") && error.contains("the region"), "{error}");

        // An instance only exists in its own region.
        let instance = server.instance();
        let error = refused(&server, name, &["--instance-id", &instance, "--region", "eu-west-1"]);
        assert!(error.contains("InvalidInstanceID.NotFound") && error.contains("the region"), "{error}");
        assert_eq!(server.read(&["association", &instance]), json!({"profiles": []}));

        // ministack attaches policies without checking that they exist.
        if kind == "moto" {
            let error = refused(&server, name, &["--policy-arn", "arn:aws:iam::aws:policy/ThereIsNone"]);
            assert!(error.contains("NoSuchEntity") && error.contains("check names and ARNs"), "{error}");
            assert!(error.contains("ThereIsNone"), "{error}");
        }
    }
}

#[test]
fn errors_before_the_first_call_change_nothing() {
    let Some(server) = Server::named("ministack") else { return };
    let up = Provisioning::new(&server, &["ec2-role", "--role", "never-made"]);
    let run = up.run(&["--policy", "/no/such/policy.json"]);
    assert!(run.failed().contains("/no/such/policy.json"), "{run:#?}");
    let run =
        Provisioning::new(&server, &["cognito", "--name", "never-made", "--username", "alice"]).run(&[]);
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
        let run = Provisioning::new(&server, wrong).run(&[]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{wrong:?}: {run:#?}");
    }
}
