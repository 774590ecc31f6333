//! `rolecall setup ec2-role` and `ecs-role` against ministack and moto: what is there afterwards is told
//! by boto3 (`tests/lib/readback.py`), and nothing of it by the command itself.
//!
//! ministack starts tasks and has no instances for them; moto starts none without instances. Neither
//! checks a trust policy when a role is made.

use e2e::servers::Server;
use e2e::setup::{READ_ONLY, S3, SetUp, told};
use serde_json::{Value, json};

fn servers() -> impl Iterator<Item = (&'static str, Server)> {
    ["ministack", "moto"].into_iter().filter_map(|name| Some((name, Server::named(name)?)))
}

/// A role as boto3 has to see it.
fn role(up: &SetUp<'_>, journey: &str, name: &str, service: &str) -> Value {
    json!({
        "exists": true,
        "arn": up.role_arn(name),
        "trust": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"},
            ],
        },
        "tags": {"rolecall:setup": format!("{journey}/{name}")},
        "inline": {"rolecall": serde_json::from_str::<Value>(S3).expect("JSON")},
        "attached": [READ_ONLY],
        "instance_profiles": if journey == "ec2-role" { json!([name]) } else { json!([]) },
    })
}

fn profile_arn(server: &Server, name: &str) -> String {
    format!("arn:aws:iam::{}:instance-profile/{name}", server.need("ACCOUNT_ID"))
}

#[test]
fn a_role_for_an_instance() {
    for (_, server) in servers() {
        let (name, instance) = ("gateway", server.instance());
        let things: [&[&str]; 2] = [&["role", name], &["instance-profile", name]];
        let given = ["ec2-role", "--role", name, "--instance-id", &instance, "--policy", S3];
        let up = SetUp::new(&server, &[&given[..], &["--policy-arn", READ_ONLY]].concat());
        let run = up.up(&things);
        assert!(run.stdout.contains(&format!("role: {}\n", up.role_arn(name))), "{run:#?}");
        assert_eq!(server.read(things[0]), role(&up, "ec2-role", name, "ec2.amazonaws.com"));
        let tags = json!({"rolecall:setup": "ec2-role/gateway"});
        assert_eq!(server.read(things[1]), json!({"exists": true, "tags": tags, "roles": [name]}));
        let associated = server.read(&["association", &instance]);
        assert_eq!(associated, json!({"profiles": [profile_arn(&server, name)]}));

        // Whatever somebody did to it meanwhile, the same set-up mends.
        let other = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        let given = json!({"RoleName": name, "PolicyDocument": other});
        server.boto_call("iam", "update_assume_role_policy", given);
        let given = json!({"InstanceProfileName": name, "RoleName": name});
        server.boto_call("iam", "remove_role_from_instance_profile", given);
        up.run(&[]).ok();
        assert_eq!(server.read(things[0]), role(&up, "ec2-role", name, "ec2.amazonaws.com"));

        up.down(&things);
        assert_eq!(server.read(&["association", &instance]), json!({"profiles": []}));
    }
}

#[test]
fn an_instance_that_has_another_role_keeps_it_unless_told() {
    for (_, server) in servers() {
        let instance = server.instance();
        let given = |name| ["ec2-role", "--role", name, "--instance-id", &instance, "--policy", S3];
        let (first, second) =
            (SetUp::new(&server, &given("its-first")), SetUp::new(&server, &given("its-second")));
        first.run(&[]).ok();
        let run = second.run(&[]);
        let (error, has) = (run.broke_off(), profile_arn(&server, "its-first"));
        assert!(error.contains(&instance) && error.contains(&has), "{error}");
        assert!(error.contains("takes its place"), "{error}");
        assert_eq!(server.read(&["association", &instance]), json!({"profiles": [has]}));

        second.run(&["--replace"]).ok();
        let has = json!({"profiles": [profile_arn(&server, "its-second")]});
        assert_eq!(server.read(&["association", &instance]), has);
        // Undoing the one that was replaced leaves the instance alone.
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
fn a_role_for_tasks_and_a_task_that_has_it() {
    let Some(server) = Server::named("ministack") else { return };
    let (name, cluster) = ("worker", server.need("CLUSTER"));
    let things: [&[&str]; 2] = [&["role", name], &["task-definition", name]];
    let given = ["ecs-role", "--role", name, "--image", "busybox", "--run", "--cluster", &cluster];
    let given = [&given[..], &["--policy", S3, "--policy-arn", READ_ONLY]].concat();
    let up = SetUp::new(&server, &given);
    up.up(&things);
    let tags = json!({"rolecall:setup": "ecs-role/worker"});
    // The role knows where an undoing has to look.
    let mut expected = role(&up, "ecs-role", name, "ecs-tasks.amazonaws.com");
    expected["tags"]["rolecall:families"] = name.into();
    expected["tags"]["rolecall:clusters"] = cluster.as_str().into();
    assert_eq!(server.read(things[0]), expected);
    let definition = server.read(things[1]);
    assert_eq!(definition["task_role_arn"], up.role_arn(name));
    assert_eq!(definition["tags"], tags);
    assert_eq!(definition["active"].as_array().map(Vec::len), Some(1), "{definition}");
    let task =
        |status: &str| json!({"task_role_override": up.role_arn(name), "tags": tags, "last_status": status});
    assert_eq!(server.read(&["tasks", &cluster, name]), json!({"tasks": [task("RUNNING")]}));
    up.down(&things);
    assert_eq!(server.read(&["tasks", &cluster, name]), json!({"tasks": [task("STOPPED")]}));
}

#[test]
fn a_role_for_tasks_without_one() {
    for (_, server) in servers() {
        let (name, family) = ("plain-worker", "plain-family");
        let things: [&[&str]; 2] = [&["role", name], &["task-definition", family]];
        let given =
            ["ecs-role", "--role", name, "--family", family, "--policy", S3, "--policy-arn", READ_ONLY];
        // Another family, whose name begins alike, is not its own.
        let containers = json!([{"name": "other", "image": "busybox", "memory": 64}]);
        let other = json!({"family": "plain-family-of-others", "containerDefinitions": containers});
        server.boto_call("ecs", "register_task_definition", other);

        let up = SetUp::new(&server, &[&given[..], &["--image", "busybox"]].concat());
        up.up(&things);
        let mut expected = role(&up, "ecs-role", name, "ecs-tasks.amazonaws.com");
        expected["tags"]["rolecall:families"] = family.into();
        assert_eq!(server.read(things[0]), expected);
        let definition = server.read(things[1]);
        assert_eq!(definition["task_role_arn"], up.role_arn(name));
        assert_eq!(definition["tags"], json!({"rolecall:setup": "ecs-role/plain-worker"}));

        // Another image is a new revision; both go.
        SetUp::new(&server, &[&given[..], &["--image", "alpine"]].concat()).run(&[]).ok();
        assert_eq!(server.read(things[1])["active"].as_array().map(Vec::len), Some(2));
        up.down(&things);
        assert!(server.has(&["task-definition", "plain-family-of-others"]));
    }
}

#[test]
fn a_task_on_fargate() {
    // moto wants the memory of every container said, which Fargate does not.
    let Some(server) = Server::named("ministack") else { return };
    let (name, cluster) = ("far-away", server.need("CLUSTER"));
    let given = ["ecs-role", "--role", name, "--image", "busybox", "--run", "--cluster", &cluster];
    let more = ["--subnet", "subnet-11", "--subnet", "subnet-12", "--security-group", "sg-21"];
    let up = SetUp::new(&server, &[&given[..], &more].concat());
    let first = up.run(&[]);
    first.ok();
    let given = json!({"cluster": cluster, "tasks": [told(&first, "task")]});
    let found = &server.boto_call("ecs", "describe_tasks", given)["tasks"][0];
    assert_eq!(found["launchType"], "FARGATE", "{found}");
    assert_eq!(found["overrides"]["taskRoleArn"], up.role_arn(name), "{found}");
    let given = json!({"taskDefinition": told(&first, "task definition")});
    let definition = &server.boto_call("ecs", "describe_task_definition", given)["taskDefinition"];
    assert_eq!(definition["networkMode"], "awsvpc", "{definition}");
    assert_eq!(definition["requiresCompatibilities"], json!(["FARGATE"]), "{definition}");
    assert_eq!((&definition["cpu"], &definition["memory"]), (&json!("256"), &json!("512")));
    assert_eq!(up.run(&[]).ok(), first.stdout);
    up.run(&["--undo"]).ok();
    assert!(!server.has(&["role", name]) && !server.has(&["task-definition", name]));
}

#[test]
fn more_revisions_than_a_page_are_all_undone() {
    // moto tells them all at once.
    let Some(server) = Server::named("ministack") else { return };
    let name = "long-lived";
    let up = SetUp::new(&server, &["ecs-role", "--role", name, "--image", "busybox"]);
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
fn undoing_wants_no_cluster() {
    for (_, server) in servers() {
        let up = SetUp::new(&server, &["ecs-role", "--role", "never-ran"]);
        up.run(&[]).ok();
        up.run(&["--undo"]).ok();
        assert!(!server.has(&["role", "never-ran"]));
    }
}

#[test]
fn each_call_is_told_before_it_is_made() {
    let Some(server) = Server::named("ministack") else { return };
    // Nobody listens there: what is told was told without an answer.
    let up = SetUp::new(&server, &["ec2-role", "--role", "told"])
        .variable("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:9");
    let run = up.run(&[]);
    let lines: Vec<&str> = run.stderr.lines().collect();
    let [call, error] = lines.as_slice() else { panic!("{run:#?}") };
    assert_eq!(*call, "rolecall: IAM GetRole RoleName=told");
    assert!(error.contains("nothing listens there"), "{error}");
    assert!(!server.has(&["role", "told"]));

    let run = SetUp::new(&server, &["ec2-role", "--role", "told", "--policy", S3]).run(&["--dry-run"]);
    run.ok();
    let put = format!("rolecall: IAM PutRolePolicy RoleName=told PolicyName=rolecall PolicyDocument={S3}");
    assert!(run.stderr.lines().any(|line| line == put), "{run:#?}");
}
