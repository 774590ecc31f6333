//! `rolecall setup ec2-role` and `ecs-role` against ministack and moto. The result is read back with boto3
//! (`tests/lib/readback.py`), independently of the command.
//!
//! ministack starts tasks but has no container instances; moto starts no tasks without them. Neither
//! validates a trust policy when a role is created.

use e2e::servers::Server;
use e2e::setup::{Provisioning, READ_ONLY, S3, reported};
use serde_json::{Value, json};

fn servers() -> impl Iterator<Item = (&'static str, Server)> {
    ["ministack", "moto"].into_iter().filter_map(|name| Some((name, Server::named(name)?)))
}

/// The expected description of a role by boto3.
fn role(up: &Provisioning<'_>, subcommand: &str, name: &str, service: &str) -> Value {
    json!({
        "exists": true,
        "arn": up.role_arn(name),
        "trust": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"},
            ],
        },
        "tags": {"rolecall:setup": format!("{subcommand}/{name}")},
        "inline": {"rolecall": serde_json::from_str::<Value>(S3).expect("JSON")},
        "attached": [READ_ONLY],
        "instance_profiles": if subcommand == "ec2-role" { json!([name]) } else { json!([]) },
    })
}

fn profile_arn(server: &Server, name: &str) -> String {
    format!("arn:aws:iam::{}:instance-profile/{name}", server.need("ACCOUNT_ID"))
}

#[test]
fn a_role_for_an_instance_is_provisioned_and_undone() {
    for (_, server) in servers() {
        let (name, instance) = ("gateway", server.instance());
        let resources: [&[&str]; 2] = [&["role", name], &["instance-profile", name]];
        let given = ["ec2-role", "--role", name, "--instance-id", &instance, "--policy", S3];
        let up = Provisioning::new(&server, &[&given[..], &["--policy-arn", READ_ONLY]].concat());
        let run = up.apply(&resources);
        assert!(run.stdout.contains(&format!("role: {}\n", up.role_arn(name))), "{run:#?}");
        assert_eq!(server.read(resources[0]), role(&up, "ec2-role", name, "ec2.amazonaws.com"));
        let tags = json!({"rolecall:setup": "ec2-role/gateway"});
        assert_eq!(server.read(resources[1]), json!({"exists": true, "tags": tags, "roles": [name]}));
        let associated = server.read(&["association", &instance]);
        assert_eq!(associated, json!({"profiles": [profile_arn(&server, name)]}));

        // Running it again repairs manual changes.
        let other = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        let given = json!({"RoleName": name, "PolicyDocument": other});
        server.boto_call("iam", "update_assume_role_policy", given);
        let given = json!({"InstanceProfileName": name, "RoleName": name});
        server.boto_call("iam", "remove_role_from_instance_profile", given);
        up.run(&[]).ok();
        assert_eq!(server.read(resources[0]), role(&up, "ec2-role", name, "ec2.amazonaws.com"));

        up.undo(&resources);
        assert_eq!(server.read(&["association", &instance]), json!({"profiles": []}));
    }
}

#[test]
fn an_instance_keeps_another_role_without_the_replace_option() {
    for (_, server) in servers() {
        let instance = server.instance();
        let given = |name| ["ec2-role", "--role", name, "--instance-id", &instance, "--policy", S3];
        let (first, second) = (
            Provisioning::new(&server, &given("its-first")),
            Provisioning::new(&server, &given("its-second")),
        );
        first.run(&[]).ok();
        let run = second.run(&[]);
        let (error, has) = (run.failed_midway(), profile_arn(&server, "its-first"));
        assert!(error.contains(&instance) && error.contains(&has), "{error}");
        assert!(error.contains("replace it"), "{error}");
        assert_eq!(server.read(&["association", &instance]), json!({"profiles": [has]}));

        second.run(&["--replace"]).ok();
        let has = json!({"profiles": [profile_arn(&server, "its-second")]});
        assert_eq!(server.read(&["association", &instance]), has);
        // Undoing the replaced one leaves the instance alone.
        first.run(&["--undo"]).ok();
        assert_eq!(server.read(&["association", &instance]), has);
        second.run(&["--undo"]).ok();
        assert_eq!(server.read(&["association", &instance]), json!({"profiles": []}));
        for name in ["its-first", "its-second"] {
            assert!(!server.has(&["role", name]) && !server.has(&["instance-profile", name]), "{name}");
        }
    }
}

#[test]
fn a_role_for_tasks_with_a_task_is_provisioned_and_undone() {
    let Some(server) = Server::named("ministack") else { return };
    let (name, cluster) = ("worker", server.need("CLUSTER"));
    let resources: [&[&str]; 2] = [&["role", name], &["task-definition", name]];
    let given = ["ecs-role", "--role", name, "--image", "busybox", "--run", "--cluster", &cluster];
    let given = [&given[..], &["--policy", S3, "--policy-arn", READ_ONLY]].concat();
    let up = Provisioning::new(&server, &given);
    up.apply(&resources);
    let tags = json!({"rolecall:setup": "ecs-role/worker"});
    // The role's tags record where `--undo` has to look.
    let mut expected = role(&up, "ecs-role", name, "ecs-tasks.amazonaws.com");
    expected["tags"]["rolecall:families"] = name.into();
    expected["tags"]["rolecall:clusters"] = cluster.as_str().into();
    assert_eq!(server.read(resources[0]), expected);
    let definition = server.read(resources[1]);
    assert_eq!(definition["task_role_arn"], up.role_arn(name));
    assert_eq!(definition["tags"], tags);
    assert_eq!(definition["active"].as_array().map(Vec::len), Some(1), "{definition}");
    let task =
        |status: &str| json!({"task_role_override": up.role_arn(name), "tags": tags, "last_status": status});
    assert_eq!(server.read(&["tasks", &cluster, name]), json!({"tasks": [task("RUNNING")]}));
    up.undo(&resources);
    assert_eq!(server.read(&["tasks", &cluster, name]), json!({"tasks": [task("STOPPED")]}));
}

#[test]
fn a_role_for_tasks_without_a_task_is_provisioned_and_undone() {
    for (_, server) in servers() {
        let (name, family) = ("plain-worker", "plain-family");
        let resources: [&[&str]; 2] = [&["role", name], &["task-definition", family]];
        let given =
            ["ecs-role", "--role", name, "--family", family, "--policy", S3, "--policy-arn", READ_ONLY];
        // A family whose name has the same prefix must be left alone.
        let containers = json!([{"name": "other", "image": "busybox", "memory": 64}]);
        let other = json!({"family": "plain-family-unrelated", "containerDefinitions": containers});
        server.boto_call("ecs", "register_task_definition", other);

        let up = Provisioning::new(&server, &[&given[..], &["--image", "busybox"]].concat());
        up.apply(&resources);
        let mut expected = role(&up, "ecs-role", name, "ecs-tasks.amazonaws.com");
        expected["tags"]["rolecall:families"] = family.into();
        assert_eq!(server.read(resources[0]), expected);
        let definition = server.read(resources[1]);
        assert_eq!(definition["task_role_arn"], up.role_arn(name));
        assert_eq!(definition["tags"], json!({"rolecall:setup": "ecs-role/plain-worker"}));

        // Another image creates a second revision; both are removed.
        Provisioning::new(&server, &[&given[..], &["--image", "alpine"]].concat()).run(&[]).ok();
        assert_eq!(server.read(resources[1])["active"].as_array().map(Vec::len), Some(2));
        up.undo(&resources);
        assert!(server.has(&["task-definition", "plain-family-unrelated"]));
    }
}

#[test]
fn a_task_is_run_on_fargate() {
    // moto requires the memory of every container, which Fargate does not.
    let Some(server) = Server::named("ministack") else { return };
    let (name, cluster) = ("far-away", server.need("CLUSTER"));
    let given = ["ecs-role", "--role", name, "--image", "busybox", "--run", "--cluster", &cluster];
    let more = ["--subnet", "subnet-11", "--subnet", "subnet-12", "--security-group", "sg-21"];
    let up = Provisioning::new(&server, &[&given[..], &more].concat());
    let first = up.run(&[]);
    first.ok();
    let given = json!({"cluster": cluster, "tasks": [reported(&first, "task")]});
    let found = &server.boto_call("ecs", "describe_tasks", given)["tasks"][0];
    assert_eq!(found["launchType"], "FARGATE", "{found}");
    assert_eq!(found["overrides"]["taskRoleArn"], up.role_arn(name), "{found}");
    let given = json!({"taskDefinition": reported(&first, "task definition")});
    let definition = &server.boto_call("ecs", "describe_task_definition", given)["taskDefinition"];
    assert_eq!(definition["networkMode"], "awsvpc", "{definition}");
    assert_eq!(definition["requiresCompatibilities"], json!(["FARGATE"]), "{definition}");
    assert_eq!((&definition["cpu"], &definition["memory"]), (&json!("256"), &json!("512")));
    assert_eq!(up.run(&[]).ok(), first.stdout);
    up.run(&["--undo"]).ok();
    assert!(!server.has(&["role", name]) && !server.has(&["task-definition", name]));
}

#[test]
fn more_than_one_page_of_revisions_is_undone() {
    // moto returns them all in one page.
    let Some(server) = Server::named("ministack") else { return };
    let name = "long-lived";
    let up = Provisioning::new(&server, &["ecs-role", "--role", name, "--image", "busybox"]);
    up.run(&[]).ok();
    for number in 0..104 {
        let given = json!({
            "family": name,
            "containerDefinitions": [{"name": name, "image": format!("busybox:{number}"), "memory": 64}],
            "tags": [{"key": "rolecall:setup", "value": "ecs-role/long-lived"}],
        });
        server.boto_call("ecs", "register_task_definition", given);
    }
    let run = up.run(&["--undo"]);
    let removed = run.ok().lines().filter(|line| line.starts_with("removed: task definition"));
    assert_eq!(removed.count(), 105, "{run:#?}");
    assert!(!server.has(&["task-definition", name]) && !server.has(&["role", name]));
}

#[test]
fn undoing_needs_no_cluster() {
    for (_, server) in servers() {
        let up = Provisioning::new(&server, &["ecs-role", "--role", "never-ran"]);
        up.run(&[]).ok();
        up.run(&["--undo"]).ok();
        assert!(!server.has(&["role", "never-ran"]));
    }
}

#[test]
fn each_call_is_reported_before_it_is_made() {
    let Some(server) = Server::named("ministack") else { return };
    // The connection is refused, so the report does not depend on a response.
    let up = Provisioning::new(&server, &["ec2-role", "--role", "reported"])
        .variable("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:9");
    let run = up.run(&[]);
    let lines: Vec<&str> = run.stderr.lines().collect();
    let [call, error] = lines.as_slice() else { panic!("{run:#?}") };
    assert_eq!(*call, "rolecall: IAM GetRole RoleName=reported");
    assert!(error.contains("nothing listens there"), "{error}");
    assert!(!server.has(&["role", "reported"]));

    let run =
        Provisioning::new(&server, &["ec2-role", "--role", "reported", "--policy", S3]).run(&["--dry-run"]);
    run.ok();
    let put =
        format!("rolecall: IAM PutRolePolicy RoleName=reported PolicyName=rolecall PolicyDocument={S3}");
    assert!(run.stderr.lines().any(|line| line == put), "{run:#?}");
}
