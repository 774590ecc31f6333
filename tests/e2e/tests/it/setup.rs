//! `rolecall setup ec2-role` and `ecs-role` against ministack and moto. The result is read back with boto3
//! (`tests/lib/readback.py`), independently of the command.
//!
//! ministack starts tasks but has no container instances; moto starts no tasks without them. Neither
//! validates a trust policy when a role is created.

use e2e::servers::Server;
use e2e::setup::{Provisioning, READ_ONLY, S3, is_read_only, reported};
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
        assert!(run.stdout.contains(&format!("created role {}\n", up.role_arn(name))), "{run:#?}");
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
        assert!(!server.has(&["role", "its-second"]) && !server.has(&["instance-profile", "its-second"]));
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
    assert_eq!(up.run(&[]).ok(), first.stdout.replace("created ", "found "));
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
    let removed = run.ok().lines().filter(|line| line.starts_with("removed task definition "));
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
    assert_eq!(*call, "IAM GetRole RoleName=reported");
    assert!(error.starts_with("rolecall: ") && error.contains("nothing listens there"), "{error}");
    assert!(!server.has(&["role", "reported"]));

    let run =
        Provisioning::new(&server, &["ec2-role", "--role", "reported", "--policy", S3]).run(&["--dry-run"]);
    run.ok();
    let put =
        format!("would call: IAM PutRolePolicy RoleName=reported PolicyName=rolecall PolicyDocument={S3}");
    assert!(run.stderr.lines().any(|line| line == put), "{run:#?}");
}

#[test]
fn nothing_is_made_where_something_is_in_the_way() {
    let Some(server) = Server::named("ministack") else { return };
    let (name, instance) = ("in-the-way", server.instance());
    let containers = json!([{"name": "other", "image": "busybox", "memory": 64}]);
    server.boto_call(
        "ecs",
        "register_task_definition",
        json!({"family": name, "containerDefinitions": containers}),
    );
    server.boto_call("iam", "create_instance_profile", json!({"InstanceProfileName": name}));
    server.boto_call(
        "ec2",
        "associate_iam_instance_profile",
        json!({"InstanceId": instance, "IamInstanceProfile": {"Name": name}}),
    );
    for (given, expected) in [
        (&["ec2-role", "--role", name][..], "instance profile in-the-way exists"),
        (&["ec2-role", "--role", "beside-it", "--instance-id", &instance], "instance-profile/in-the-way"),
        (&["ecs-role", "--role", name, "--image", "busybox"], "task definition in-the-way exists"),
        (
            &[
                "ecs-role",
                "--role",
                "beside-it",
                "--image",
                "busybox",
                "--family",
                name,
                "--execution-role",
                "new",
            ],
            "task definition in-the-way exists",
        ),
    ] {
        for more in [&["--policy", S3][..], &["--policy", S3, "--dry-run"]] {
            let run = Provisioning::new(&server, given).run(more);
            let error = run.failed_midway();
            assert!(error.contains(expected) && !error.contains("so far"), "{error}");
            assert!(!run.calls().is_empty() && run.calls().into_iter().all(is_read_only), "{run:#?}");
            for role in [name, "beside-it", "new"] {
                assert!(!server.has(&["role", role]), "{given:?}");
            }
        }
    }
}

/// The members of a task definition that registration sets.
fn definition(server: &Server, run: &e2e::command::Run) -> Value {
    let given = json!({"taskDefinition": reported(run, "task definition")});
    server.boto_call("ecs", "describe_task_definition", given)["taskDefinition"].clone()
}

#[test]
fn an_inactive_task_definition_is_replaced() {
    for (kind, server) in servers() {
        let name = "deregistered";
        let up = Provisioning::new(&server, &["ecs-role", "--role", name, "--image", "busybox"]);
        let first = reported(&up.run(&[]), "task definition");
        server.boto_call("ecs", "deregister_task_definition", json!({"taskDefinition": first}));
        let run = up.run(&[]);
        assert!(run.ok().contains("created task definition "), "{kind}: {run:#?}");
        let second = reported(&run, "task definition");
        assert_ne!(second, first, "{kind}");
        assert_eq!(definition(&server, &run)["status"], "ACTIVE", "{kind}");
        assert_eq!(reported(&up.run(&[]), "task definition"), second, "{kind}");
        // What an undo leaves is not used either.
        up.run(&["--undo"]).ok();
        let run = up.run(&[]);
        assert!(run.ok().contains("created task definition "), "{kind}: {run:#?}");
        assert_eq!(definition(&server, &run)["status"], "ACTIVE", "{kind}");
        up.run(&["--undo"]).ok();
    }
}

const STARTS_TASKS: &str = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";

#[test]
fn an_execution_role_is_provisioned_and_undone() {
    for (kind, server) in servers() {
        let (name, starter) = ("pulls", "pulls+starter,1");
        let given = ["ecs-role", "--role", name, "--image", "busybox", "--policy", S3];
        let plain = Provisioning::new(&server, &given);
        let up = Provisioning::new(&server, &[&given[..], &["--execution-role", starter]].concat());
        let resources: [&[&str]; 3] = [&["role", name], &["role", starter], &["task-definition", name]];
        let run = up.apply(&resources);
        assert_eq!(definition(&server, &run)["executionRoleArn"], up.role_arn(starter), "{kind}");
        assert_eq!(definition(&server, &run)["taskRoleArn"], up.role_arn(name), "{kind}");
        let made = server.read(resources[1]);
        assert_eq!(made["attached"], json!([STARTS_TASKS]), "{kind}");
        assert_eq!(made["tags"], json!({"rolecall:setup": "ecs-role/pulls"}), "{kind}");
        let trusted = &made["trust"]["Statement"][0]["Principal"]["Service"];
        assert_eq!(trusted, "ecs-tasks.amazonaws.com", "{kind}");
        // The role of the tasks has no part in starting them.
        assert_eq!(server.read(resources[0])["attached"], json!([]), "{kind}");

        // Without it, and with that of another owner by its ARN, the definition is another.
        let without = plain.run(&[]);
        assert!(without.ok().contains("created task definition"), "{kind}: {without:#?}");
        let has = definition(&server, &without)["executionRoleArn"].clone();
        assert!(has.is_null() || has == "", "{kind}: {has}");
        let trust = json!({"Version": "2012-10-17", "Statement": []}).to_string();
        let given = json!({"RoleName": "starter-of-others", "AssumeRolePolicyDocument": trust});
        server.boto_call("iam", "create_role", given);
        let before = server.read(&["role", "starter-of-others"]);
        let theirs = up.role_arn("starter-of-others");
        let run = plain.run(&["--execution-role", &theirs]);
        assert!(run.ok().contains("created task definition"), "{kind}: {run:#?}");
        assert_eq!(definition(&server, &run)["executionRoleArn"], theirs, "{kind}");
        let run = plain.run(&["--execution-role", "starter-of-others"]);
        let error = run.failed_midway();
        assert!(error.contains("role starter-of-others exists and is not tagged"), "{kind}: {error}");

        // An undo without the option finds the one that was created.
        plain.undo(&resources);
        assert_eq!(server.read(&["role", "starter-of-others"]), before, "{kind}");
    }
}

#[test]
fn a_task_on_fargate_gets_a_public_address() {
    let Some(server) = Server::named("ministack") else { return };
    let (name, cluster) = ("reachable", server.need("CLUSTER"));
    let given = ["ecs-role", "--role", name, "--image", "busybox", "--run", "--cluster", &cluster];
    let up = Provisioning::new(&server, &[&given[..], &["--subnet", "subnet-31"]].concat());
    let asked = " networkConfiguration.awsvpcConfiguration.assignPublicIp=ENABLED";
    let run = up.run(&["--public-ip"]);
    run.ok();
    let started = |run: &e2e::command::Run| {
        run.stderr.lines().any(|line| line.contains("ECS RunTask ") && line.contains(asked))
    };
    assert!(started(&run), "{run:#?}");
    up.run(&["--undo"]).ok();
    let run = up.run(&[]);
    run.ok();
    assert!(run.calls().contains(&"RunTask") && !started(&run), "{run:#?}");
    up.run(&["--undo"]).ok();
}
