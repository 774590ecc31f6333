//! Provisioning again with other options than the first time, and undoing with fewer.

use e2e::servers::Server;
use e2e::setup::{PERHAPS, Provisioning, READ_ONLY, S3, reported};
use serde_json::{Value, json};

#[test]
fn running_again_does_not_remove_an_external_id() {
    let Some(server) = Server::named("ministack") else { return };
    let trusted = server.need("USER_ARN");
    let given = ["cross-account", "--role", "guarded", "--trust", &trusted];
    let with_id = |id| Provisioning::new(&server, &[&given[..], &["--external-id", id]].concat());
    with_id("partner-7").run(&[]).ok();
    let before = server.read(&["role", "guarded"]);
    let run = Provisioning::new(&server, &given).run(&["--policy", S3]);
    assert!(run.failed_midway().contains("external id"), "{run:#?}");
    assert_eq!(server.read(&["role", "guarded"]), before, "nothing was changed");
    // A different external id is a change, and reported as one.
    let run = with_id("partner-8").run(&[]);
    assert!(run.ok().starts_with("changed role "), "{run:#?}");
    let trust = server.read(&["role", "guarded"])["trust"].to_string();
    assert!(trust.contains("partner-8") && !trust.contains("partner-7"), "{trust}");
    Provisioning::new(&server, &["cross-account", "--role", "guarded"]).run(&["--undo"]).ok();
    assert!(!server.has(&["role", "guarded"]));
}

#[test]
fn undoing_finds_resources_that_no_option_names() {
    let Some(server) = Server::named("ministack") else { return };
    let cluster = server.need("CLUSTER");
    let given = [
        "ecs-role",
        "--role",
        "far",
        "--family",
        "away",
        "--image",
        "busybox",
        "--run",
        "--cluster",
        &cluster,
    ];
    Provisioning::new(&server, &given).run(&[]).ok();
    let tasks = || server.read(&["tasks", &cluster, "away"])["tasks"].as_array().expect("a list").clone();
    assert_eq!(tasks().len(), 1);
    Provisioning::new(&server, &["ecs-role", "--role", "far"]).run(&["--undo"]).ok();
    assert!(tasks().iter().all(|task| task["last_status"] == "STOPPED"), "{:?}", tasks());
    assert!(!server.has(&["task-definition", "away"]) && !server.has(&["role", "far"]));

    let issuer = "https://far.example/away";
    let given = ["cognito", "--name", "far", "--oidc-url", issuer, "--oidc-client-id", "app"];
    Provisioning::new(&server, &given).run(&[]).ok();
    assert!(server.has(&["oidc-provider", issuer]));
    Provisioning::new(&server, &["cognito", "--name", "far"]).run(&["--undo"]).ok();
    assert!(!server.has(&["oidc-provider", issuer]) && !server.has(&["identity-pool", "far"]));
}

#[test]
fn a_task_of_an_earlier_image_is_reported_separately() {
    let Some(server) = Server::named("ministack") else { return };
    let cluster = server.need("CLUSTER");
    let with = |image| {
        let given = ["ecs-role", "--role", "moved", "--image", image, "--run", "--cluster", &cluster];
        Provisioning::new(&server, &given).run(&[])
    };
    let first = reported(&with("busybox:1"), "task");
    let run = with("busybox:2");
    assert_eq!(reported(&run, "earlier task"), first);
    assert_ne!(reported(&run, "task"), first);
    Provisioning::new(&server, &["ecs-role", "--role", "moved"]).run(&["--undo"]).ok();
}

#[test]
fn a_client_secret_is_printed_when_created_and_never_in_an_error() {
    let Some(server) = Server::named("ministack") else { return };
    let given = ["cognito", "--name", "reported", "--client-secret"];
    let broken = Provisioning::new(&server, &given).run(&["--policy", PERHAPS]);
    assert!(broken.failed_midway().contains("MalformedPolicyDocument"), "{broken:#?}");
    let made = Provisioning::new(&server, &given).run(&[]);
    let secret = reported(&made, "client secret");
    assert!(secret.len() > 20 && !broken.stderr.contains(&secret), "{broken:#?}");
    // A client secret can be neither removed nor added.
    let other = Provisioning::new(&server, &["cognito", "--name", "reported"]).run(&[]);
    assert!(other.failed_midway().contains("has a secret") && !other.stderr.contains(&secret), "{other:#?}");
    Provisioning::new(&server, &["cognito", "--name", "reported"]).run(&["--undo"]).ok();
}

#[test]
fn more_than_one_page_of_unrelated_associations_is_skipped() {
    let Some(server) = Server::named("moto") else { return };
    // More than one page, none of them for this test's instance.
    let profile = "unrelated";
    server.boto_call("iam", "create_instance_profile", json!({"InstanceProfileName": profile}));
    let given = json!({"ImageId": "ami-12345678", "MinCount": 120, "MaxCount": 120});
    let made = server.boto_call("ec2", "run_instances", given);
    for instance in made["Instances"].as_array().expect("a list") {
        let given = json!({"InstanceId": instance["InstanceId"], "IamInstanceProfile": {"Name": profile}});
        server.boto_call("ec2", "associate_iam_instance_profile", given);
    }
    let instance = server.instance();
    let up = Provisioning::new(&server, &["ec2-role", "--role", "among-many", "--instance-id", &instance]);
    up.run(&[]).ok();
    up.run(&["--undo"]).ok();
    assert_eq!(server.read(&["association", &instance])["profiles"], json!([]));
}

#[test]
fn options_without_effect_are_rejected() {
    let Some(server) = Server::named("ministack") else { return };
    for (given, expected) in [
        (&["ec2-role", "--role", "r", "--policy", S3, "--tag", "team=x"][..], "--tag needs --role-arn"),
        (&["ec2-role", "--role", "r", "--username", "bob"], "--cognito-identity-pool"),
        (&["ec2-role", "--role", "r", "--replace"], "--replace needs --instance-id"),
        (&["ecs-role", "--role", "r", "--subnet", "s"], "--subnet needs --run"),
        (&["ecs-role", "--role", "r", "--family", "f"], "--family needs --image"),
        (&["ecs-role", "--role", "r", "--execution-role", "e"], "--execution-role needs --image"),
        (&["ecs-role", "--role", "r", "--image", "i", "--run", "--public-ip"], "--public-ip needs --subnet"),
        (
            &["ec2-role", "--role", "r", "--max-session-duration", "3600"],
            "has no option --max-session-duration",
        ),
        (&["ec2-role", "--role", "r", "-q", "-v"], "--verbose or --quiet, not both"),
        (&["cognito", "--name", "n", "--thumbprint", "00"], "--thumbprint needs --oidc-url"),
    ] {
        let run = Provisioning::new(&server, given).run(&[]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:#?}");
        assert!(run.stderr.contains(expected), "{expected}: {run:#?}");
    }
    let whoami = ["whoami", "--username", "bob", "--password-stdin"];
    assert_eq!(e2e::command::rolecall(&whoami, server.every_service()).code, Some(2));
}

#[test]
fn a_long_policy_is_accepted_and_a_dry_run_needs_no_password() {
    let Some(server) = Server::named("ministack") else { return };
    let resources: Vec<String> =
        (0..180).map(|number| format!("arn:aws:s3:::bucket-{number:03}/some/where/*")).collect();
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources}],
    });
    let policy = serde_json::to_string_pretty(&policy).expect("JSON");
    let up = Provisioning::new(&server, &["ec2-role", "--role", "wordy", "--policy", &policy]);
    up.run(&[]).ok();
    let kept = &server.read(&["role", "wordy"])["inline"]["rolecall"]["Statement"][0]["Resource"];
    assert_eq!(kept.as_array().map(Vec::len), Some(180));
    up.run(&["--undo"]).ok();
    Provisioning::new(&server, &["cognito", "--name", "no-password", "--username", "ada"])
        .run(&["--dry-run"])
        .ok();
}

/// The description and the longest session of a role.
fn described(server: &Server, name: &str) -> (Value, Value) {
    let role = &server.boto_call("iam", "get_role", json!({"RoleName": name}))["Role"];
    (role["Description"].clone(), role["MaxSessionDuration"].clone())
}

#[test]
fn the_description_and_the_longest_session_are_set_and_changed() {
    for kind in ["ministack", "moto"] {
        let Some(server) = Server::named(kind) else { continue };
        let given =
            ["cross-account", "--role", "described", "--trust", "123456789012", "--policy-arn", READ_ONLY];
        let up = Provisioning::new(&server, &given);
        let both = ["--description", "reads reports, café", "--max-session-duration", "43200"];
        assert!(up.run(&both).ok().starts_with("created role "));
        assert_eq!(described(&server, "described"), ("reads reports, café".into(), 43_200.into()), "{kind}");
        // The same, and neither, change nothing.
        for again in [&both[..], &both[..2], &both[2..], &[]] {
            let run = up.run(again);
            assert!(run.ok().starts_with("found role "), "{kind}: {run:#?}");
            assert!(!run.calls().contains(&"UpdateRole"), "{kind}: {run:#?}");
        }
        // One of them changes that one.
        let dry = up.run(&["--max-session-duration", "3600", "--dry-run"]);
        assert!(dry.ok().starts_with("would change role "), "{kind}: {dry:#?}");
        assert_eq!(described(&server, "described").1, 43_200, "{kind}");
        let run = up.run(&["--max-session-duration", "3600"]);
        assert!(run.ok().starts_with("changed role "), "{kind}: {run:#?}");
        assert_eq!(described(&server, "described"), ("reads reports, café".into(), 3_600.into()), "{kind}");
        let run = up.run(&["--description", "reads more"]);
        assert!(run.ok().starts_with("changed role "), "{kind}: {run:#?}");
        assert_eq!(described(&server, "described"), ("reads more".into(), 3_600.into()), "{kind}");
        up.run(&["--undo"]).ok();
    }
}

#[test]
fn every_recipe_describes_its_roles() {
    let Some(server) = Server::named("ministack") else { return };
    for (given, roles) in [
        (&["ec2-role", "--role", "named-ec2"][..], &["named-ec2"][..]),
        (&["ecs-role", "--role", "named-ecs"], &["named-ecs"]),
        (
            &["cognito", "--name", "named", "--allow-unauthenticated", "--max-session-duration", "7200"],
            &["named-us-east-1-authenticated", "named-us-east-1-unauthenticated"],
        ),
    ] {
        let up = Provisioning::new(&server, given);
        up.run(&["--description", "for a test"]).ok();
        for role in roles {
            let seconds = if given[0] == "cognito" { 7_200 } else { 3_600 };
            assert_eq!(described(&server, role), ("for a test".into(), seconds.into()));
        }
        up.run(&["--undo"]).ok();
    }
}
