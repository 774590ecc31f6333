//! `rolecall token`: the shapes of each kind, and refusals; `tests/conformance` compares them with botocore's.

use e2e::command::rolecall;

const KEYS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    ("AWS_SESSION_TOKEN", "token"),
    ("AWS_REGION", "eu-west-1"),
];

#[test]
fn each_kind_is_printed_as_its_service_wants_it() {
    for (arguments, start, scope) in [
        (
            &["rds", "db.example:5432", "me"][..],
            "db.example:5432/?Action=connect&DBUser=me&",
            "eu-west-1%2Frds-db",
        ),
        (
            &["rds", "db.abc.us-east-2.rds.amazonaws.com:5432", "me"],
            "db.abc.us-east-2.rds.amazonaws.com:5432/?",
            "us-east-2%2Frds-db",
        ),
        (
            &["dsql", "a.dsql.us-east-1.on.aws"],
            "a.dsql.us-east-1.on.aws/?Action=DbConnect&",
            "us-east-1%2Fdsql",
        ),
        (&["dsql", "a.example", "--admin"], "a.example/?Action=DbConnectAdmin&", "eu-west-1%2Fdsql"),
        (&["elasticache", "c", "me"], "c/?Action=connect&User=me&X-Amz", "eu-west-1%2Felasticache"),
        (
            &["elasticache", "c", "me", "--serverless"],
            "c/?Action=connect&User=me&ResourceType=ServerlessCache&",
            "eu-west-1%2Felasticache",
        ),
        (
            &["memorydb", "c", "me", "--region", "us-west-2"],
            "c/?Action=connect&User=me&",
            "us-west-2%2Fmemorydb",
        ),
    ] {
        let run = rolecall(&[&["token"], arguments].concat(), KEYS);
        let token = run.ok();
        assert!(token.starts_with(start) && token.ends_with('\n'), "{token}");
        assert!(token.contains(scope) && token.contains("&X-Amz-Security-Token=token&"), "{token}");
    }
    let msk = rolecall(&["token", "msk"], KEYS);
    assert!(msk.ok().starts_with("aHR0cHM6Ly9rYWZrYS5ldS13ZXN0LTEuYW1hem9uYXdzLmNvbS8_"), "{msk:#?}");
    let eks = rolecall(&["token", "eks", "my-cluster"], KEYS);
    let document: serde_json::Value = serde_json::from_str(eks.ok()).expect("JSON");
    assert_eq!(document["kind"], "ExecCredential");
    assert_eq!(document["apiVersion"], "client.authentication.k8s.io/v1beta1");
    let token = document["status"]["token"].as_str().expect("a token");
    assert!(token.starts_with("k8s-aws-v1.aHR0cHM6Ly9zdHMuZXUtd2VzdC0xLmFtYXpvbmF3cy5jb20v"), "{token}");
    assert!(document["status"]["expirationTimestamp"].as_str().is_some_and(|text| text.ends_with('Z')));
}

#[test]
fn what_cannot_be_is_refused() {
    for (arguments, wanted) in [
        (&[][..], "no kind given"),
        (&["mysql"], "there is none for \"mysql\""),
        (&["rds", "db.example", "me"], "HOST:PORT"),
        (&["rds", "db.example:x", "me"], "HOST:PORT"),
        (&["rds", "db.example:5432"], "no USER given"),
        (&["msk", "more"], "unexpected argument"),
        (&["msk", "--admin"], "--admin goes with token dsql"),
        (&["rds", "db.example:5432", "me", "--expires", "60"], "--expires goes with token dsql"),
        (&["memorydb", "c", "me", "--serverless"], "--serverless goes with token elasticache"),
    ] {
        let run = rolecall(&[&["token"], arguments].concat(), KEYS);
        assert!(run.code == Some(2) && run.stderr.contains(wanted), "{arguments:?}: {run:#?}");
        assert!(run.stdout.is_empty(), "{run:#?}");
    }
    for (arguments, wanted) in [
        (&["rds", "a/b:5432", "me"][..], "host"),
        (&["elasticache", "my-cache.abc.cache.amazonaws.com", "me"], "not its endpoint"),
        (&["eks", "a b"], "cluster"),
    ] {
        let run = rolecall(&[&["token"], arguments].concat(), KEYS);
        assert!(run.code == Some(2) && run.stderr.contains(wanted), "{arguments:?}: {run:#?}");
    }
    let no_region = KEYS
        .into_iter()
        .filter(|(name, _)| *name != "AWS_REGION")
        .chain([("AWS_EC2_METADATA_DISABLED", "true")]);
    let run = rolecall(&["token", "msk"], no_region.collect::<Vec<_>>());
    assert!(run.failed().contains("--region"), "{run:#?}");
}
