//! What `rolecall setup` refuses before its first call: names, ARNs, accounts, policies and their lengths.

use e2e::command::{Run, rolecall};
use e2e::peer::{Act, Peer};
use e2e::setup::{READ_ONLY, S3};

/// Runs `rolecall setup` against a peer that has every service, and the credentials.
fn setup(peer: &Peer, arguments: &[&str]) -> Run {
    let variables = ["AWS_ENDPOINT_URL", "AWS_EC2_METADATA_SERVICE_ENDPOINT"].map(|name| (name, peer.url()));
    rolecall(&[&["setup"], arguments].concat(), variables.into_iter().chain([("AWS_REGION", "us-east-1")]))
}

/// Checks that a command line is refused without a request, in one line that has these parts.
#[track_caller]
fn is_refused(peer: &Peer, arguments: &[&str], parts: &[&str]) {
    for more in [&[][..], &["--dry-run"], &["-q"]] {
        let run = setup(peer, &[arguments, more].concat());
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{arguments:?}: {run:#?}");
        assert!(run.stderr.starts_with("rolecall: ") && run.stderr.lines().count() == 1, "{run:#?}");
        for part in parts {
            assert!(run.stderr.contains(part), "{part}: {run:#?}");
        }
        assert_eq!(peer.requests(), 0, "{arguments:?}: a request was made");
    }
}

#[test]
fn names_are_refused_before_the_first_call() {
    let peer = Peer::start(|_| Act::page(404));
    let long = "r".repeat(65);
    const NAME: &str = "expected 1 to 64 ASCII letters, digits and _+=,.@-; choose another name";
    for name in ["two words", "a/b", "a:b", "r\u{f6}le", "line\nend", &long] {
        let shown = format!("role {name:?}");
        is_refused(&peer, &["ec2-role", "--role", name], &[&shown, NAME]);
        is_refused(&peer, &["ecs-role", "--role", name], &[&shown, NAME]);
        is_refused(&peer, &["cross-account", "--role", name, "--trust", "123456789012"], &[&shown, NAME]);
        for recipe in ["ec2-role", "ecs-role", "cross-account"] {
            is_refused(&peer, &[recipe, "--role", name, "--undo"], &[&shown, NAME]);
        }
        let starts = ["ecs-role", "--role", "r", "--image", "i", "--execution-role", name];
        is_refused(&peer, &starts, &["execution role ", NAME]);
    }
    // The names of a pool's roles have the region in them.
    for name in ["two words", "a/b", &"n".repeat(39)] {
        let shown = format!("role \"{name}-us-east-1-unauthenticated\"");
        is_refused(&peer, &["cognito", "--name", name], &[&shown, NAME]);
        is_refused(&peer, &["cognito", "--name", name, "--undo"], &[&shown, NAME]);
    }
    // A long value is shown in part.
    is_refused(&peer, &["ec2-role", "--role", &"x".repeat(9_000)], &[&format!("{:?}...", "x".repeat(80))]);
    let user = ["cognito", "--name", "n", "--username", "ada b"];
    is_refused(&peer, &user, &["user name \"ada b\"", "white space", "choose another"]);
    // A role may have a name that a task definition may not.
    let dots = ["ecs-role", "--role", "a.b", "--image", "busybox"];
    is_refused(&peer, &dots, &["task definition \"a.b\"", "hyphens and underscores", "--family"]);
    let dots = ["ecs-role", "--role", "ab", "--image", "busybox", "--family", "a.b"];
    is_refused(&peer, &dots, &["task definition \"a.b\""]);
}

#[test]
fn arns_and_accounts_are_refused_before_the_first_call() {
    let peer = Peer::start(|_| Act::page(404));
    for arn in [
        "ReadOnlyAccess",
        "arn:aws:iam::aws:ReadOnlyAccess",
        "arn:aws:iam::aws:policy/",
        "arn:aws:iam::12345678901:policy/own",
        "arn:aws:s3::aws:policy/ReadOnlyAccess",
        "arn:aws:iam:us-east-1:aws:policy/ReadOnlyAccess",
        "arn:other:iam::aws:policy/ReadOnlyAccess",
        "arn:aws:iam::123456789012:role/own",
        "arn:aws:iam::123456789012:policy/own two",
    ] {
        let expected = ["policy ARN ", "arn:PARTITION:iam::ACCOUNT:policy/NAME", READ_ONLY_LIKE, "copy it"];
        is_refused(&peer, &["ec2-role", "--role", "r", "--policy-arn", arn], &expected);
        is_refused(&peer, &["cognito", "--name", "n", "--unauthenticated-policy-arn", arn], &expected);
    }
    for trusted in [
        "12345678901",
        "1234567890123",
        "12345678901x",
        "*",
        "arn:aws:iam::123456789012:*",
        "arn:aws:iam::123456789012:role/*",
        "arn:aws:iam::123456789012:group/all",
        "arn:aws:iam::12345:root",
        "arn:aws:sts::123456789012:role/r",
        "ec2.amazonaws.com",
    ] {
        let expected = ["trusted principal ", "twelve digits", "arn:aws:iam::111122223333:role/", "whoami"];
        is_refused(&peer, &["cross-account", "--role", "r", "--trust", trusted], &expected);
    }
    let ecs = ["ecs-role", "--role", "r", "--image", "i"];
    for arn in ["arn:aws:iam::1:role/x", "arn:aws:iam::123456789012:user/x"] {
        let given = [&ecs[..], &["--execution-role", arn]].concat();
        is_refused(&peer, &given, &["execution role ", arn, "role's name, or its ARN", "IAM console"]);
    }
    for cluster in
        ["a b", "arn:aws:ecs:us-east-1:123456789012:service/x", "arn:aws:ecs::123456789012:cluster/x"]
    {
        let given = [&ecs[..], &["--run", "--cluster", cluster]].concat();
        is_refused(&peer, &given, &["cluster ", cluster, "hyphens and underscores", "ECS console"]);
    }
}

const READ_ONLY_LIKE: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

#[test]
fn policies_are_refused_before_the_first_call() {
    let peer = Peer::start(|_| Act::page(404));
    let long = S3.replace("s3:*", &format!("s3:{}", "x".repeat(10_240)));
    let foreign = S3.replace("s3:*", "s3:\u{4e2d}");
    let wide = S3.replace(',', &format!(",{}", " ".repeat(4_000)));
    let broken = wide.trim_end_matches('}');
    for (policy, parts) in [
        ("{}", &["\"{}\"", "a JSON object with \"Statement\"", "add what it allows"][..]),
        (r#"{"Version":"2012-10-17"}"#, &["Version", "a JSON object with \"Statement\""]),
        (r#"{"statement":[]}"#, &["statement", "a JSON object with \"Statement\""]),
        (r#"{"Statement":"s3:*"}"#, &["an object or an array"]),
        (r#"{"Statement":null}"#, &["an object or an array"]),
        (r#"{"Inner":{"Statement":[]}}"#, &["a JSON object with \"Statement\""]),
        (r#"{"Statement":[}"#, &["not JSON, unexpected byte at byte 14"]),
        (r#"{"Statement":[]} {}"#, &["not JSON, data after the end"]),
        (r#"{"Statement":[],}"#, &["not JSON, unexpected byte"]),
        (broken, &["not JSON, input ends too early", "...: expected"]),
        (&long, &["at most 10240 characters that are no white space", "managed policies"]),
        (&foreign, &["Latin-1", "'\u{4e2d}'", "as an escape"]),
    ] {
        is_refused(&peer, &["ec2-role", "--role", "r", "--policy", policy], parts);
        is_refused(&peer, &["ecs-role", "--role", "r", "--policy", policy], parts);
        is_refused(&peer, &["cognito", "--name", "n", "--unauthenticated-policy", policy], parts);
        // From a file as well.
        let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("refused-policy.json");
        std::fs::write(&file, policy).expect("a file");
        let file = file.to_str().expect("a path");
        let given = ["cross-account", "--role", "r", "--trust", "123456789012", "--policy", file];
        is_refused(&peer, &given, parts);
    }
    let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("refused-array.json");
    std::fs::write(&file, format!("[{S3}]")).expect("a file");
    let file = file.to_str().expect("a path");
    is_refused(&peer, &["ec2-role", "--role", "r", "--policy", file], &["a JSON object with \"Statement\""]);
}

#[test]
fn other_values_are_refused_before_the_first_call() {
    let peer = Peer::start(|_| Act::page(404));
    let cross = ["cross-account", "--role", "r", "--trust", "123456789012"];
    let ecs = ["ecs-role", "--role", "r", "--image", "i", "--run"];
    let pools = ["cognito", "--name", "n"];
    let many: Vec<String> = (10..27).map(|number| format!("subnet-{number}")).collect();
    let many: Vec<&str> = many.iter().flat_map(|id| ["--subnet", id]).collect();
    let (long, id) = ("d".repeat(1_001), "i".repeat(1_225));
    for (given, more, parts) in [
        (&cross[..], &["--external-id", "x"][..], &["external id \"x\"", "2 to 1,224"][..]),
        (&cross, &["--external-id", "two words"], &["external id \"two words\""]),
        (&cross, &["--external-id", &id], &["2 to 1,224"]),
        (&cross, &["--description", &long], &["role description", "1,000 characters", "shorten it"]),
        (&pools, &["--description", "\u{4e2d}"], &["role description \"\u{4e2d}\"", "Latin-1"]),
        (&["ec2-role", "--role", "r"], &["--instance-id", "i-XYZ"], &["instance \"i-XYZ\"", "hexadecimal"]),
        (&["ec2-role", "--role", "r"], &["--instance-id", "0123"], &["instance \"0123\"", "EC2 console"]),
        (&ecs, &["--subnet", "sub-1"], &["subnet \"sub-1\"", "expected subnet- and"]),
        (
            &ecs,
            &["--subnet", "subnet-1", "--security-group", "default"],
            &["security group \"default\"", "sg-"],
        ),
        (&ecs, &many, &["subnets", "at most 16 of these, and there are 17"]),
        (&["ecs-role", "--role", "r"], &["--image", "busy box"], &["image \"busy box\"", "REPOSITORY:TAG"]),
        (
            &pools,
            &["--oidc-url", "http://a.example", "--oidc-client-id", "c"],
            &["http://a.example", "https://"],
        ),
        (
            &pools,
            &["--oidc-url", "https://a.example", "--oidc-client-id", "c", "--thumbprint", "00:11"],
            &["thumbprint \"00:11\"", "40 hexadecimal digits"],
        ),
        (&pools, &["--login-provider", "graph.facebook.com=a b"], &["application \"a b\""]),
    ] {
        is_refused(&peer, &[given, more].concat(), parts);
    }
}

#[test]
fn what_services_permit_is_sent_to_them() {
    let statement = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let spaced = S3.replace(',', &format!(",{}", "\n ".repeat(6_000)));
    // The longest: 10,240 characters beside white space.
    let longest = S3.replace("s3:*", &format!("s3:{}", "x".repeat(10_240 - S3.len() + 1)));
    let escaped = S3.replace("s3:*", "s3:\\u4e2d\u{e9}");
    let cross = |trusted| ["cross-account", "--role", "r", "--trust", trusted];
    let ecs = ["ecs-role", "--role", "r", "--run", "--image"];
    let digest = format!("repo.example:5000/a/b@sha256:{}", "0a".repeat(32));
    let (name, description, id) = ("r".repeat(64), "d".repeat(1_000), "i".repeat(1_224));
    for given in [
        vec!["ec2-role", "--role", &name, "--description", &description],
        vec!["ec2-role", "--role", "Az0_+=,.@-", "--policy", statement, "--description", ""],
        vec!["ec2-role", "--role", "r", "--policy", &spaced, "--instance-id", "i-0123abcd"],
        vec!["ec2-role", "--role", "r", "--policy", &longest, "--instance-id", "i-0123456789abcdef0"],
        vec!["ec2-role", "--role", "r", "--policy", &escaped, "--description", "caf\u{e9}, line 1\n2"],
        vec!["ec2-role", "--role", "r", "--policy-arn", READ_ONLY],
        vec!["ec2-role", "--role", "r", "--policy-arn", "arn:aws-cn:iam::aws:policy/job-function/Billing"],
        vec!["ec2-role", "--role", "r", "--policy-arn", "arn:aws-us-gov:iam::123456789012:policy/a/b/own"],
        vec!["ec2-role", "--role", "r", "--policy-arn", "arn:aws-iso-b:iam::aws:policy/ReadOnlyAccess"],
        [&cross("123456789012")[..], &["--external-id", &id, "--max-session-duration", "43200"]].concat(),
        [
            &cross("arn:aws:iam::123456789012:root")[..],
            &["--external-id", "a/b:c", "--max-session-duration", "3600"],
        ]
        .concat(),
        cross("arn:aws-cn:iam::123456789012:user/team/ada").to_vec(),
        cross("arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/r").to_vec(),
        cross("arn:aws:sts::123456789012:assumed-role/r/session").to_vec(),
        [&ecs[..], &["busybox", "--cluster", "arn:aws:ecs:us-east-1:123456789012:cluster/c_1"]].concat(),
        [&ecs[..], &[&digest, "--subnet", "subnet-1a", "--security-group", "sg-1", "--public-ip"]].concat(),
        [&ecs[..], &["busybox:1", "--execution-role", "arn:aws:iam::123456789012:role/service-role/starts"]]
            .concat(),
        vec!["ecs-role", "--role", "a.b", "--family", "a_b-1", "--image", "busybox"],
        vec!["ecs-role", "--role", "a.b"],
        vec!["cognito", "--name", "n", "--oidc-url", "https://a.example/b", "--oidc-client-id", "c d"],
        vec!["cognito", "--name", "n", "--login-provider", "graph.facebook.com=7_a.b;c/d-e"],
        vec!["cognito", "--name", &name[..38]],
    ] {
        let peer = Peer::start(|_| Act::page(404));
        let run = setup(&peer, &given);
        assert_eq!(run.code, Some(1), "{given:?}: {run:#?}");
        assert!(peer.requests() > 0, "{given:?}: {run:#?}");
    }
}

#[test]
fn a_quiet_run_prints_errors_and_results_alone() {
    let peer = Peer::start(|_| Act::page(404));
    let variables = |more: &[(&'static str, &'static str)]| {
        let all =
            [("AWS_ENDPOINT_URL", peer.url()), ("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "AKID")];
        all.into_iter().chain([("AWS_SECRET_ACCESS_KEY", "secret")]).chain(more.to_vec()).collect::<Vec<_>>()
    };
    let run = rolecall(&["setup", "ec2-role", "--role", "r"], variables(&[]));
    assert!(run.stderr.starts_with("IAM GetRole RoleName=r\nrolecall: IAM"), "{run:#?}");
    for quiet in ["-q", "--quiet"] {
        let run = rolecall(&["setup", "ec2-role", "--role", "r", quiet], variables(&[]));
        assert!(run.failed().starts_with("rolecall: IAM"), "{run:#?}");
    }
    // An undone role is the result.
    let gone = Peer::start(|_| {
        Act::Reply(
            404,
            String::new(),
            b"<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>".to_vec(),
        )
    });
    let gone = variables(&[])
        .into_iter()
        .map(|(name, value)| (name, if name == "AWS_ENDPOINT_URL" { gone.url() } else { value }))
        .collect::<Vec<_>>();
    for (more, progress) in [(&[][..], true), (&["-q"], false)] {
        let run =
            rolecall(&[&["setup", "cross-account", "--role", "r", "--undo"], more].concat(), gone.clone());
        assert_eq!((run.ok(), run.stderr.contains("IAM GetRole")), ("", progress), "{run:#?}");
        let planned = ["setup", "cross-account", "--role", "r", "--trust", "123456789012", "--dry-run"];
        let run = rolecall(&[&planned, more].concat(), gone.clone());
        assert_eq!(run.ok(), "would create role arn:aws:iam::ACCOUNT:role/r\n");
        let run = rolecall(&[&planned[..], &["--json"], more].concat(), gone.clone());
        assert_eq!(
            run.ok(),
            concat!(r#"[{"outcome":"would create","kind":"role","id":"arn:aws:iam::ACCOUNT:role/r"}]"#, "\n")
        );
        assert_eq!(
            run.stderr.contains("reading: IAM GetRole RoleName=r\nwould call: IAM CreateRole"),
            progress
        );
        assert_eq!(run.stderr.is_empty(), !progress, "{run:#?}");
    }
    // Every command with progress or notes takes it, here a note about the cache.
    let unusable = [("ROLECALL_CACHE", "/dev/null")];
    for command in [
        &["credentials"][..],
        &["sign", "GET", "https://s3.us-east-1.amazonaws.com/"],
        &["presign", "https://s3.us-east-1.amazonaws.com/key"],
    ] {
        let loud = rolecall(&[command, &["-v"]].concat(), variables(&unusable));
        let quiet = rolecall(&[command, &["-q"]].concat(), variables(&unusable));
        assert_eq!((loud.code, quiet.code), (Some(0), Some(0)), "{loud:#?} {quiet:#?}");
        assert_eq!(quiet.stderr, "", "{command:?}");
    }
    for command in [&["whoami"][..], &["explain"], &["request", "GET", &format!("{}/x", peer.url())]] {
        let run = rolecall(&[command, &["-q", "--region=us-east-1"]].concat(), variables(&[]));
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(!run.stderr.contains("no option"), "{run:#?}");
        let both = rolecall(&[command, &["-q", "-v"]].concat(), variables(&[]));
        assert_eq!(both.code, Some(2), "{both:#?}");
    }
    let run = rolecall(&["demo", "-q"], variables(&[]));
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("has no option --quiet"), "{run:#?}");
}

#[test]
fn a_region_that_is_wrong_or_missing_is_named_itself() {
    let peer = Peer::start(|_| Act::page(404));
    for region in ["evil.example/", "eu west 1", ""] {
        let run = rolecall(
            &["setup", "cognito", "--name", "n"],
            [("AWS_ENDPOINT_URL", peer.url()), ("AWS_REGION", region), ("AWS_EC2_METADATA_DISABLED", "true")],
        );
        assert!(run.failed().contains("region"), "{region:?}: {run:#?}");
        assert!(!run.stderr.contains("unauthenticated"), "{region:?}: {run:#?}");
    }
    assert_eq!(peer.requests(), 0);
}

#[test]
fn the_region_of_the_instance_counts_where_none_is_set() {
    let document = r#"{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"ASIAMETADATA","SecretAccessKey":"c2VjcmV0",
        "Token":"dG9rZW4=","Expiration":"2099-01-01T00:00:00Z"}"#;
    let missing = "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>";
    let peer = Peer::start(move |request| match request.target.as_str() {
        "/latest/api/token" => Act::ok("TOKEN=="),
        "/latest/meta-data/iam/security-credentials/" => Act::ok("r"),
        "/latest/meta-data/iam/security-credentials/r" => Act::ok(document),
        "/latest/meta-data/placement/region" => Act::ok("cn-northwest-1"),
        _ => Act::Reply(404, String::new(), missing.as_bytes().to_vec()),
    });
    let variables = ["AWS_ENDPOINT_URL", "AWS_EC2_METADATA_SERVICE_ENDPOINT"].map(|name| (name, peer.url()));
    let planned = ["setup", "cross-account", "--role", "r", "--trust", "123456789012", "--dry-run"];
    let run = rolecall(&planned, variables);
    assert_eq!(run.ok(), "would create role arn:aws-cn:iam::ACCOUNT:role/r\n");
    assert!(run.stderr.contains("arn:aws-cn:iam::123456789012:root"), "{run:#?}");
    // With the region, the names of a pool's roles are too long.
    let run = rolecall(&["setup", "cognito", "--name", &"n".repeat(40)], variables);
    assert!(run.failed().contains("-cn-northwest-1-unauthenticated"), "{run:#?}");
}
