//! `rolecall setup cognito` against ministack, read back by boto3. moto tells no roles of an identity
//! pool, so it has no part in this.

use e2e::boto::text;
use e2e::servers::Server;
use e2e::setup::{READ_ONLY, S3, SetUp, told};
use serde_json::{Value, json};

const PASSWORD: &str = "Correct-7-Horse-battery";

fn trust(pool: &str, identities: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Federated": "cognito-identity.amazonaws.com"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {"cognito-identity.amazonaws.com:aud": pool},
                "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": identities},
            },
        }],
    })
}

#[test]
fn pools_a_person_and_roles() {
    let Some(server) = Server::named("ministack") else { return };
    let name = "club";
    let given = ["cognito", "--name", name, "--username", "alice", "--policy", S3, "--guests"];
    let more = ["--guest-policy-arn", READ_ONLY, "--login-provider", "graph.facebook.com=7346241598935552"];
    let given = [&given[..], &more, &["--classic"]].concat();
    let up = SetUp::new(&server, &given).variable("AWS_COGNITO_PASSWORD", PASSWORD);
    let things: [&[&str]; 4] = [
        &["user-pool", name],
        &["identity-pool", name],
        &["role", "club-us-east-1-authenticated"],
        &["role", "club-us-east-1-guest"],
    ];
    let run = up.up(&things);
    assert!(!run.stderr.contains(PASSWORD) && !run.stdout.contains(PASSWORD), "{run:#?}");
    assert!(run.stderr.contains("AdminSetUserPassword") && run.stderr.contains("Password=***"), "{run:#?}");

    let tags = json!({"rolecall:setup": "cognito/club"});
    let (pool, client, identities) =
        (told(&run, "user pool"), told(&run, "client"), told(&run, "identity pool"));
    let flows = ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"];
    let users = json!({
        "exists": true, "id": pool, "tags": tags,
        "clients": [{"name": name, "id": client, "has_secret": false, "flows": flows}],
        "users": [{"name": "alice", "status": "CONFIRMED"}],
    });
    assert_eq!(server.read(things[0]), users);
    let provider = format!("cognito-idp.us-east-1.amazonaws.com/{pool}");
    let expected = json!({
        "exists": true, "id": identities, "tags": tags, "guests": true, "classic": true,
        "providers": [{"name": provider, "client_id": client}],
        "login_providers": {"graph.facebook.com": "7346241598935552"},
        "oidc": [],
        "roles": {
            "authenticated": up.role_arn("club-us-east-1-authenticated"),
            "unauthenticated": up.role_arn("club-us-east-1-guest"),
        },
    });
    assert_eq!(server.read(things[1]), expected);
    let people = server.read(things[2]);
    assert_eq!(people["trust"], trust(&identities, "authenticated"));
    assert_eq!((&people["tags"], &people["attached"]), (&tags, &json!([])));
    assert_eq!(people["inline"], json!({"rolecall": serde_json::from_str::<Value>(S3).expect("JSON")}));
    let guests = server.read(things[3]);
    assert_eq!(guests["trust"], trust(&identities, "unauthenticated"));
    assert_eq!((&guests["tags"], &guests["inline"]), (&tags, &json!({})));
    assert_eq!(guests["attached"], json!([READ_ONLY]));

    // A changed mind is a second run: the same pools, without guests.
    let run = SetUp::new(&server, &["cognito", "--name", name, "--policy", S3]).run(&[]);
    run.ok();
    let changed = server.read(things[1]);
    assert_eq!((&changed["id"], &changed["guests"]), (&expected["id"], &json!(false)), "{run:#?}");
    assert_eq!(changed["roles"], json!({"authenticated": up.role_arn("club-us-east-1-authenticated")}));
    up.down(&things);
}

#[test]
fn a_client_with_a_secret_and_an_open_id_provider() {
    let Some(server) = Server::named("ministack") else { return };
    let (name, issuer, thumbprint) = ("factory", "https://issuer.example/line/7", "a1".repeat(20));
    let given = ["cognito", "--name", name, "--client-secret", "--oidc-url", issuer];
    let more = ["--oidc-client-id", "press", "--oidc-client-id", "drill", "--thumbprint", &thumbprint];
    let up = SetUp::new(&server, &[&given[..], &more].concat());
    let things: [&[&str]; 4] = [
        &["user-pool", name],
        &["identity-pool", name],
        &["role", "factory-us-east-1-authenticated"],
        &["oidc-provider", issuer],
    ];
    let run = up.up(&things);
    let secret = told(&run, "client secret");
    assert!(!run.stderr.contains(&secret), "{run:#?}");
    let pool = server.read(things[0]);
    assert_eq!((&pool["clients"][0]["has_secret"], &pool["users"]), (&json!(true), &json!([])));
    let given = json!({"UserPoolId": pool["id"], "ClientId": pool["clients"][0]["id"]});
    let client = server.boto_call("cognito-idp", "describe_user_pool_client", given);
    assert_eq!(text(&client["UserPoolClient"]["ClientSecret"]), secret);

    let known = server.read(things[3]);
    let tags = json!({"rolecall:setup": "cognito/factory"});
    assert_eq!(known, json!({"exists": true, "client_ids": ["drill", "press"], "tags": tags}));
    let identities = server.read(things[1]);
    let arn = format!("arn:aws:iam::{}:oidc-provider/issuer.example/line/7", server.need("ACCOUNT_ID"));
    assert_eq!(identities["oidc"], json!([arn]));
    assert_eq!((&identities["guests"], &identities["classic"]), (&json!(false), &json!(false)));
    assert_eq!(identities["roles"], json!({"authenticated": up.role_arn("factory-us-east-1-authenticated")}));
    assert!(!server.has(&["role", "factory-us-east-1-guest"]));
    up.down(&things);
}

#[test]
fn a_password_against_the_pools_rules() {
    let Some(server) = Server::named("ministack") else { return };
    let up = SetUp::new(&server, &["cognito", "--name", "strict", "--username", "alice"]);
    let run = up.variable("AWS_COGNITO_PASSWORD", "short").run(&[]);
    let error = run.broke_off();
    assert!(error.contains("InvalidPasswordException") && error.contains("another password"), "{error}");
    assert!(error.contains("there by now: user pool us-east-1_"), "{error}");
    assert!(!run.stderr.contains("short"), "{run:#?}");
    // The same with a better one goes on.
    let up = SetUp::new(&server, &["cognito", "--name", "strict", "--username", "alice"])
        .variable("AWS_COGNITO_PASSWORD", PASSWORD);
    up.run(&[]).ok();
    let pool = server.read(&["user-pool", "strict"]);
    assert_eq!(pool["users"], json!([{"name": "alice", "status": "CONFIRMED"}]));
    up.run(&["--undo"]).ok();
    assert!(!server.has(&["user-pool", "strict"]) && !server.has(&["identity-pool", "strict"]));
}

#[test]
fn one_pool_among_more_than_a_page() {
    let Some(server) = Server::named("ministack") else { return };
    let up = SetUp::new(&server, &["cognito", "--name", "the-hundredth"]);
    // Sixty at a time are told, and the order is the service's.
    let many = |from: usize| {
        for number in from..from + 65 {
            let name = format!("crowd-{number}");
            server.boto_call("cognito-idp", "create_user_pool", json!({"PoolName": name}));
            let given = json!({"IdentityPoolName": name, "AllowUnauthenticatedIdentities": false});
            server.boto_call("cognito-identity", "create_identity_pool", given);
        }
    };
    many(0);
    let first = up.run(&[]);
    many(65);
    let again = up.run(&[]);
    assert_eq!(again.ok(), first.ok());
    assert!(again.calls().iter().filter(|call| call.starts_with("List")).count() >= 5, "{again:#?}");
    let pool = server.read(&["user-pool", "the-hundredth"]);
    assert_eq!(pool["id"], told(&first, "user pool"));
    up.run(&["--undo"]).ok();
    for what in ["user-pool", "identity-pool"] {
        assert!(!server.has(&[what, "the-hundredth"]));
    }
}

#[test]
fn the_same_name_in_two_regions() {
    let Some(server) = Server::named("ministack") else { return };
    let up = SetUp::new(&server, &["cognito", "--name", "two-places"]);
    up.run(&[]).ok();
    let here: [&[&str]; 3] = [
        &["user-pool", "two-places"],
        &["identity-pool", "two-places"],
        &["role", "two-places-us-east-1-authenticated"],
    ];
    let before: Vec<_> = here.iter().map(|thing| server.read(thing)).collect();
    let there = ["--region", "eu-west-1"];
    let run = up.run(&there);
    assert!(run.ok().contains("user pool: eu-west-1_"), "{run:#?}");
    assert!(server.has(&["role", "two-places-eu-west-1-authenticated"]));
    up.run(&[&there[..], &["--undo"]].concat()).ok();
    assert!(!server.has(&["role", "two-places-eu-west-1-authenticated"]));
    // Roles are known in every region; those of this one are as they were.
    assert_eq!(here.iter().map(|thing| server.read(thing)).collect::<Vec<_>>(), before);
    up.run(&["--undo"]).ok();
    assert!(!here.iter().any(|thing| server.has(thing)));
}
