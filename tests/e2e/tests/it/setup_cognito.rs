//! `rolecall setup cognito` against ministack, read back by boto3. moto does not return the roles of an
//! identity pool, so it is not used here.

use e2e::boto::text;
use e2e::servers::Server;
use e2e::setup::{Provisioning, READ_ONLY, S3, reported};
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
fn pools_a_user_and_roles_are_provisioned_and_undone() {
    let Some(server) = Server::named("ministack") else { return };
    let name = "club";
    let given = ["cognito", "--name", name, "--username", "alice", "--policy", S3, "--allow-unauthenticated"];
    let more = [
        "--unauthenticated-policy-arn",
        READ_ONLY,
        "--login-provider",
        "graph.facebook.com=7346241598935552",
    ];
    let given = [&given[..], &more, &["--classic"]].concat();
    let up = Provisioning::new(&server, &given).variable("AWS_COGNITO_PASSWORD", PASSWORD);
    let resources: [&[&str]; 4] = [
        &["user-pool", name],
        &["identity-pool", name],
        &["role", "club-us-east-1-authenticated"],
        &["role", "club-us-east-1-unauthenticated"],
    ];
    let run = up.apply(&resources);
    assert!(!run.stderr.contains(PASSWORD) && !run.stdout.contains(PASSWORD), "{run:#?}");
    assert!(run.stderr.contains("AdminSetUserPassword") && run.stderr.contains("Password=***"), "{run:#?}");

    let tags = json!({"rolecall:setup": "cognito/club"});
    let (pool, client, identities) =
        (reported(&run, "user pool"), reported(&run, "client"), reported(&run, "identity pool"));
    let flows = ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"];
    let users = json!({
        "exists": true, "id": pool, "tags": tags,
        "clients": [{"name": name, "id": client, "has_secret": false, "flows": flows}],
        "users": [{"name": "alice", "status": "CONFIRMED"}],
    });
    assert_eq!(server.read(resources[0]), users);
    let provider = format!("cognito-idp.us-east-1.amazonaws.com/{pool}");
    let expected = json!({
        "exists": true, "id": identities, "tags": tags, "unauthenticated": true, "classic": true,
        "providers": [{"name": provider, "client_id": client}],
        "login_providers": {"graph.facebook.com": "7346241598935552"},
        "oidc": [],
        "roles": {
            "authenticated": up.role_arn("club-us-east-1-authenticated"),
            "unauthenticated": up.role_arn("club-us-east-1-unauthenticated"),
        },
    });
    assert_eq!(server.read(resources[1]), expected);
    let authenticated = server.read(resources[2]);
    assert_eq!(authenticated["trust"], trust(&identities, "authenticated"));
    assert_eq!((&authenticated["tags"], &authenticated["attached"]), (&tags, &json!([])));
    assert_eq!(
        authenticated["inline"],
        json!({"rolecall": serde_json::from_str::<Value>(S3).expect("JSON")})
    );
    let unauthenticated = server.read(resources[3]);
    assert_eq!(unauthenticated["trust"], trust(&identities, "unauthenticated"));
    assert_eq!((&unauthenticated["tags"], &unauthenticated["inline"]), (&tags, &json!({})));
    assert_eq!(unauthenticated["attached"], json!([READ_ONLY]));

    // A second run with other options changes the same pools: no unauthenticated identities.
    let run = Provisioning::new(&server, &["cognito", "--name", name, "--policy", S3]).run(&[]);
    run.ok();
    let changed = server.read(resources[1]);
    assert_eq!((&changed["id"], &changed["unauthenticated"]), (&expected["id"], &json!(false)), "{run:#?}");
    assert_eq!(changed["roles"], json!({"authenticated": up.role_arn("club-us-east-1-authenticated")}));
    up.undo(&resources);
}

#[test]
fn a_client_secret_and_an_openid_provider_are_provisioned() {
    let Some(server) = Server::named("ministack") else { return };
    let (name, issuer, thumbprint) = ("factory", "https://issuer.example/line/7", "a1".repeat(20));
    let given = ["cognito", "--name", name, "--client-secret", "--oidc-url", issuer];
    let more = ["--oidc-client-id", "press", "--oidc-client-id", "drill", "--thumbprint", &thumbprint];
    let up = Provisioning::new(&server, &[&given[..], &more].concat());
    let resources: [&[&str]; 4] = [
        &["user-pool", name],
        &["identity-pool", name],
        &["role", "factory-us-east-1-authenticated"],
        &["oidc-provider", issuer],
    ];
    let run = up.apply(&resources);
    let secret = reported(&run, "client secret");
    assert!(!run.stderr.contains(&secret), "{run:#?}");
    let found: serde_json::Value = serde_json::from_str(up.run(&["--json"]).ok()).expect("JSON");
    let id = reported(&run, "client");
    let expected = json!({"outcome": "found", "kind": "client", "id": id, "secret": secret});
    assert!(found.as_array().expect("a list").contains(&expected), "{found}");
    let pool = server.read(resources[0]);
    assert_eq!((&pool["clients"][0]["has_secret"], &pool["users"]), (&json!(true), &json!([])));
    let given = json!({"UserPoolId": pool["id"], "ClientId": pool["clients"][0]["id"]});
    let client = server.boto_call("cognito-idp", "describe_user_pool_client", given);
    assert_eq!(text(&client["UserPoolClient"]["ClientSecret"]), secret);

    let known = server.read(resources[3]);
    let tags = json!({"rolecall:setup": "cognito/factory"});
    assert_eq!(known, json!({"exists": true, "client_ids": ["drill", "press"], "tags": tags}));
    let identities = server.read(resources[1]);
    let arn = format!("arn:aws:iam::{}:oidc-provider/issuer.example/line/7", server.need("ACCOUNT_ID"));
    assert_eq!(identities["oidc"], json!([arn]));
    assert_eq!((&identities["unauthenticated"], &identities["classic"]), (&json!(false), &json!(false)));
    assert_eq!(identities["roles"], json!({"authenticated": up.role_arn("factory-us-east-1-authenticated")}));
    assert!(!server.has(&["role", "factory-us-east-1-unauthenticated"]));
    up.undo(&resources);
}

#[test]
fn a_password_that_violates_the_pools_policy_is_reported() {
    let Some(server) = Server::named("ministack") else { return };
    let up = Provisioning::new(&server, &["cognito", "--name", "strict", "--username", "alice"]);
    let run = up.variable("AWS_COGNITO_PASSWORD", "short").run(&[]);
    let error = run.failed_midway();
    assert!(error.contains("InvalidPasswordException") && error.contains("another password"), "{error}");
    assert!(error.contains("created or found so far: user pool us-east-1_"), "{error}");
    assert!(!run.stderr.contains("short"), "{run:#?}");
    // Running it again with a valid password completes it.
    let up = Provisioning::new(&server, &["cognito", "--name", "strict", "--username", "alice"])
        .variable("AWS_COGNITO_PASSWORD", PASSWORD);
    up.run(&[]).ok();
    let pool = server.read(&["user-pool", "strict"]);
    assert_eq!(pool["users"], json!([{"name": "alice", "status": "CONFIRMED"}]));
    up.run(&["--undo"]).ok();
    assert!(!server.has(&["user-pool", "strict"]) && !server.has(&["identity-pool", "strict"]));
}

#[test]
fn a_pool_is_found_beyond_the_first_page() {
    let Some(server) = Server::named("ministack") else { return };
    let up = Provisioning::new(&server, &["cognito", "--name", "the-hundredth"]);
    // A page has sixty pools, in the order of the service.
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
    assert_eq!(again.ok(), first.ok().replace("created ", "found "));
    assert!(again.calls().iter().filter(|call| call.starts_with("List")).count() >= 5, "{again:#?}");
    let pool = server.read(&["user-pool", "the-hundredth"]);
    assert_eq!(pool["id"], reported(&first, "user pool"));
    up.run(&["--undo"]).ok();
    for what in ["user-pool", "identity-pool"] {
        assert!(!server.has(&[what, "the-hundredth"]));
    }
}

#[test]
fn the_same_name_in_two_regions_is_kept_apart() {
    let Some(server) = Server::named("ministack") else { return };
    let up = Provisioning::new(&server, &["cognito", "--name", "two-places"]);
    up.run(&[]).ok();
    let here: [&[&str]; 3] = [
        &["user-pool", "two-places"],
        &["identity-pool", "two-places"],
        &["role", "two-places-us-east-1-authenticated"],
    ];
    let before: Vec<_> = here.iter().map(|resource| server.read(resource)).collect();
    let there = ["--region", "eu-west-1"];
    let run = up.run(&there);
    assert!(run.ok().contains("created user pool eu-west-1_"), "{run:#?}");
    assert!(server.has(&["role", "two-places-eu-west-1-authenticated"]));
    up.run(&[&there[..], &["--undo"]].concat()).ok();
    assert!(!server.has(&["role", "two-places-eu-west-1-authenticated"]));
    // Roles are global; those of this region are unchanged.
    assert_eq!(here.iter().map(|resource| server.read(resource)).collect::<Vec<_>>(), before);
    up.run(&["--undo"]).ok();
    assert!(!here.iter().any(|resource| server.has(resource)));
}
