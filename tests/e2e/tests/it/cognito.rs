//! Credentials of a Cognito identity through the command, against ministack, which checks proofs, passwords,
//! client secrets and tokens, and enforces the role's S3 permissions.
//!
//! ministack does not check the role's trust policy when it issues credentials itself, and returns an
//! identity id even if unauthenticated identities are disabled; its STS does check the trust policy, but not
//! the signature of the identity's token.

use e2e::command::{rolecall, rolecall_at_terminal, rolecall_reading};
use e2e::pools::{PASSWORD, Pools};
use e2e::servers::Server;
use e2e::setup::{S3, user_pools};
use serde_json::{Value, json};

const TYPED: [(&str, &str); 1] = [("AWS_COGNITO_PASSWORD", PASSWORD)];

fn object(server: &Server, key: &str) -> String {
    format!("{}/{}/{key}", server.need("URL"), server.need("BUCKET"))
}

fn session(server: &Server, role: &str, name: &str) -> String {
    format!("arn: arn:aws:sts::{}:assumed-role/{role}/{name}\n", server.need("ACCOUNT_ID"))
}

#[test]
fn a_user_signs_in() {
    let Some(server) = Server::named("ministack") else { return };
    let pools = Pools::provision(&server, "members", &["--policy", S3]);
    for (way, flow) in [(&[][..], 2), (&["--send-password"], 1)] {
        let who = pools.alice(&[&["whoami", "--verbose"], way].concat(), &TYPED);
        let role = session(&server, "members-us-east-1-authenticated", "CognitoIdentityCredentials");
        assert!(who.ok().contains(&role), "{who:#?}");
        assert!(!who.stderr.contains(PASSWORD), "{who:#?}");
        // SRP takes two exchanges; then GetId, GetCredentialsForIdentity, and GetCallerIdentity.
        assert_eq!(who.stderr.lines().filter(|line| line.contains("POST")).count(), flow + 3, "{who:#?}");

        let run = pools.alice(&[&["credentials", "--verbose"], way].concat(), &TYPED);
        let document: Value = serde_json::from_str(run.ok()).expect("one document");
        assert_eq!(document["Version"], 1);
        for secret in ["SecretAccessKey", "SessionToken"] {
            let secret = document[secret].as_str().expect("a text");
            assert!(!run.stderr.contains(&secret[..8]) && !run.stderr.contains(PASSWORD), "{run:#?}");
        }
        assert!(document["Expiration"].as_str().is_some_and(|time| time.ends_with('Z')), "{document}");

        let key = format!("members/{flow}");
        let put = ["request", "PUT", &object(&server, &key), "--service", "s3", "-d", "a member's"];
        pools.alice(&[&put[..], way].concat(), &TYPED).ok();
        let stored = server.read(&["object", &server.need("BUCKET"), &key]);
        assert_eq!(stored, json!({"exists": true, "body": "a member's"}));
    }
}

#[test]
fn a_password_is_read_from_a_variable_or_line_and_never_an_argument() {
    let Some(server) = Server::named("ministack") else { return };
    let pools = Pools::provision(&server, "typists", &[]);
    let role = session(&server, "typists-us-east-1-authenticated", "CognitoIdentityCredentials");
    let line = [&["whoami", "--password-stdin"][..], &pools.signing_in()].concat();
    for end in ["\n", "\r\n", ""] {
        let run = rolecall_reading(&line, server.anonymous(), &format!("{PASSWORD}{end}"));
        assert!(run.ok().contains(&role), "{run:#?}");
    }
    // The line takes precedence over the variable.
    let mut variable = server.anonymous();
    variable.push(("AWS_COGNITO_PASSWORD", "not-This-1".to_owned()));
    rolecall_reading(&line, variable, &format!("{PASSWORD}\n")).ok();
    let run = rolecall_reading(&line, server.anonymous(), "");
    assert!(run.failed().contains("--password-stdin"), "{run:#?}");

    let run = pools.alice(&["whoami"], &[]);
    assert!(run.failed().contains("terminal"), "{run:#?}");
    let run = pools.alice(&["whoami", "--password", PASSWORD], &[]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:#?}");
}

#[test]
fn a_terminal_prompt_reads_a_password_without_echo() {
    let Some(server) = Server::named("ministack") else { return };
    let pools = Pools::provision(&server, "at-home", &[]);
    let whoami = [&["whoami"][..], &pools.signing_in()].concat();
    let run = rolecall_at_terminal(&whoami, server.anonymous(), &[PASSWORD]);
    let role = "assumed-role/at-home-us-east-1-authenticated/CognitoIdentityCredentials";
    assert!(run.ok().contains("Password of alice: ") && run.stdout.contains(role), "{run:#?}");
    assert!(!run.stdout.contains(PASSWORD), "{run:#?}");
    let run = rolecall_at_terminal(&whoami, server.anonymous(), &["Wrong-9-Horse-battery"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stdout.contains("NotAuthorizedException") && !run.stdout.contains("Wrong-9"), "{run:#?}");

    // Editing keys, and the interrupt key.
    let mended = format!("nonsense\u{15}x\u{7f}{PASSWORD}");
    assert!(rolecall_at_terminal(&whoami, server.anonymous(), &[&mended]).ok().contains(role));
    let run = rolecall_at_terminal(&whoami, server.anonymous(), &["half\u{3}"]);
    assert_eq!((run.code, run.stdout.contains("half")), (Some(1), false), "{run:#?}");

    // `setup` prompts for a new password, too, and asks to repeat it.
    let setup = ["setup", "cognito", "--name", "at-home", "--username", "bob"];
    let run = rolecall_at_terminal(&setup, server.every_service(), &["Another-8-Horse-battery", "another"]);
    assert!(run.code == Some(1) && run.stdout.contains("not the same"), "{run:#?}");
    let run = rolecall_at_terminal(&setup, server.every_service(), &["Another-8-Horse-battery"; 2]);
    assert!(run.ok().contains("Password for bob: ") && !run.stdout.contains("Another-8"), "{run:#?}");
    let setup = ["setup", "cognito", "--name", "at-home", "--username", "carol", "--password-stdin"];
    rolecall_reading(&setup, server.every_service(), "Another-8-Horse-battery\n").ok();
    let users = json!(["alice", "bob", "carol"].map(|name| json!({"name": name, "status": "CONFIRMED"})));
    assert_eq!(server.read(&["user-pool", "at-home"])["users"], users);
    let mut bob = whoami.clone();
    *bob.last_mut().expect("a name") = "bob";
    rolecall_reading(
        &[&bob[..], &["--password-stdin"]].concat(),
        server.anonymous(),
        "Another-8-Horse-battery",
    )
    .ok();
}

#[test]
fn pools_in_another_region_are_used() {
    let Some(server) = Server::named("ministack") else { return };
    // Their region is part of their ids; the caller's region is a different one.
    let mut pools = Pools::provision(&server, "abroad", &["--region", "eu-west-1"]);
    assert!(pools.user_pool.starts_with("eu-west-1_") && pools.identities.starts_with("eu-west-1:"));
    let who = pools.alice(&["whoami"], &TYPED);
    assert!(who.ok().contains("assumed-role/abroad-eu-west-1-authenticated/"), "{who:#?}");
    assert!(user_pools(&server, "abroad").is_empty(), "no pool in the server's own region");
    pools.user_pool = pools.user_pool.replace("eu-west-1", "eu-central-1");
    assert!(pools.alice(&["whoami"], &TYPED).failed().contains("NotAuthorizedException"));
}

#[test]
fn a_wrong_password_is_a_one_line_error() {
    let Some(server) = Server::named("ministack") else { return };
    let pools = Pools::provision(&server, "guessers", &[]);
    let wrong = "Wrong-9-Horse-battery";
    for way in [&["credentials"][..], &["credentials", "--send-password"]] {
        let run = pools.alice(way, &[("AWS_COGNITO_PASSWORD", wrong)]);
        let error = run.failed();
        assert!(error.contains("NotAuthorizedException"), "{error}");
        assert!(error.contains("check user name and password"), "{error}");
        assert!(!error.contains(wrong), "{error}");

        // An unknown user, and an unknown client.
        let mut other = [way, &pools.signing_in()].concat();
        *other.last_mut().expect("a name") = "bob";
        let mut environment = server.anonymous();
        environment.push(("AWS_COGNITO_PASSWORD", PASSWORD.to_owned()));
        let run = rolecall(&other, environment.clone());
        assert!(run.failed().contains("UserNotFoundException"), "{run:#?}");
        let client = pools.client.replace(|char: char| char.is_ascii_digit(), "x");
        let mut other = [way, &pools.signing_in()].concat();
        other.iter_mut().filter(|word| **word == pools.client).for_each(|word| *word = &client);
        let run = rolecall(&other, environment);
        assert!(run.failed().contains("ResourceNotFoundException"), "{run:#?}");
    }
}

#[test]
fn a_client_with_a_secret_signs_in() {
    let Some(server) = Server::named("ministack") else { return };
    let pools = Pools::provision(&server, "keepers", &["--client-secret"]);
    let role = session(&server, "keepers-us-east-1-authenticated", "CognitoIdentityCredentials");
    let secret = pools.secret.clone().expect("a secret");
    for way in [&["whoami", "--verbose"][..], &["whoami", "--verbose", "--send-password"]] {
        let run = pools.alice(way, &[TYPED[0], ("AWS_COGNITO_CLIENT_SECRET", &secret)]);
        assert!(run.ok().contains(&role) && !run.stderr.contains(&secret), "{run:#?}");
    }
    let wrong = secret.chars().rev().collect::<String>();
    for variables in [&TYPED[..], &[TYPED[0], ("AWS_COGNITO_CLIENT_SECRET", &wrong)]] {
        for way in [&["whoami"][..], &["whoami", "--send-password"]] {
            let run = pools.alice(way, variables);
            let error = run.failed();
            assert!(
                error.contains("NotAuthorizedException") && error.contains("the client's secret"),
                "{error}"
            );
            assert!(!error.contains(&wrong), "{error}");
        }
    }
}

#[test]
fn actions_without_permission_are_refused() {
    let Some(server) = Server::named("ministack") else { return };
    let pools = Pools::provision(&server, "onlookers", &[]);
    let target = object(&server, "onlookers");
    let run = pools.alice(&["request", "PUT", &target, "--service", "s3", "-d", "x"], &TYPED);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stdout.contains("AccessDenied") || run.stderr.contains("AccessDenied"), "{run:#?}");
    assert!(!server.has(&["object", &server.need("BUCKET"), "onlookers"]));
}

#[test]
fn an_unauthenticated_identity_gets_credentials() {
    let Some(server) = Server::named("ministack") else { return };
    let pools = Pools::provision(&server, "museum", &["--unauthenticated-policy", S3]);
    let anonymous = |words: &[&str]| {
        rolecall(&[words, &["--cognito-identity-pool", &pools.identities]].concat(), server.anonymous())
    };
    let who = anonymous(&["whoami"]);
    assert!(
        who.ok().contains(&session(
            &server,
            "museum-us-east-1-unauthenticated",
            "CognitoIdentityCredentials"
        )),
        "{who:#?}"
    );
    let target = object(&server, "museum");
    anonymous(&["request", "PUT", &target, "--service", "s3", "-d", "an object"]).ok();
    assert_eq!(anonymous(&["request", "GET", &target, "--service", "s3"]).ok(), "an object");
    // An authenticated user has another role, without permissions.
    let run = pools.alice(&["request", "GET", &target, "--service", "s3"], &TYPED);
    assert_eq!(run.code, Some(1), "{run:#?}");
}

#[test]
fn the_cache_separates_identities() {
    let Some(server) = Server::named("ministack") else { return };
    let pools = Pools::provision(&server, "sharers", &["--allow-unauthenticated"]);
    let folder =
        std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("cache-{}", pools.client));
    let folder = folder.to_str().expect("a path");
    let cached = ["credentials", "--cache", folder];
    let key = |run: &e2e::command::Run| {
        let document: Value = serde_json::from_str(run.ok()).expect("one document");
        document["AccessKeyId"].as_str().expect("a text").to_owned()
    };
    let alice = key(&pools.alice(&cached, &TYPED));
    assert_eq!(key(&pools.alice(&cached, &TYPED)), alice, "the second is from the cache");
    let anonymous = [&cached[..], &["--cognito-identity-pool", &pools.identities]].concat();
    let anonymous = key(&rolecall(&anonymous, server.anonymous()));
    assert_ne!(anonymous, alice);
    let login = format!("{}={}", pools.provider(), pools.token());
    let bearer = [&cached[..], &["--cognito-identity-pool", &pools.identities, "--login", &login]].concat();
    assert_ne!(key(&rolecall(&bearer, server.anonymous())), anonymous);
    for file in std::fs::read_dir(folder).expect("a folder").flatten() {
        let content = std::fs::read(file.path()).expect("a file");
        let held = String::from_utf8_lossy(&content);
        assert!(!held.contains(PASSWORD) && !held.contains("RefreshToken"), "{:?}", file.path());
    }
}

#[test]
fn a_token_of_a_login_provider_is_exchanged_for_credentials() {
    let Some(server) = Server::named("ministack") else { return };
    let pools = Pools::provision(&server, "bearers", &[]);
    let role = session(&server, "bearers-us-east-1-authenticated", "CognitoIdentityCredentials");
    let (token, provider) = (pools.token(), pools.provider());
    let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bearer-token");
    std::fs::write(&file, format!("{token}\n")).expect("a file");
    let with = |place: [&str; 2], login: &str| {
        let words = [&["whoami", "--verbose"], &place[..], &["--login", login]].concat();
        rolecall(&words, server.anonymous())
    };
    let pool = ["--cognito-identity-pool", &pools.identities];
    for login in [format!("{provider}={token}"), format!("{provider}=@{}", file.display())] {
        let run = with(pool, &login);
        assert!(run.ok().contains(&role) && !run.stderr.contains(&token[..40]), "{run:#?}");
    }

    // A known identity id in place of the pool.
    let given = json!({"IdentityPoolId": pools.identities, "Logins": {&provider: token}});
    let id = server.boto_call("cognito-identity", "get_id", given)["IdentityId"].clone();
    let identity = ["--cognito-identity-id", id.as_str().expect("an id")];
    let run = with(identity, &format!("{provider}={token}"));
    assert!(run.ok().contains(&role), "{run:#?}");
    assert_eq!(
        run.stderr.lines().filter(|line| line.contains("POST")).count(),
        2,
        "GetId is not called: {run:#?}"
    );
    let mut signing_in = pools.signing_in();
    signing_in[..2].copy_from_slice(&identity);
    let mut environment = server.anonymous();
    environment.push(("AWS_COGNITO_PASSWORD", PASSWORD.to_owned()));
    let run = rolecall(&[&["whoami"], &signing_in[..]].concat(), environment);
    assert!(run.ok().contains(&role), "{run:#?}");

    let unauthenticated = rolecall(&[&["credentials"], &identity[..]].concat(), server.anonymous());
    assert!(unauthenticated.failed().contains("NotAuthorizedException"), "{unauthenticated:#?}");
    for wrong in ["not.a.token".to_owned(), format!("{}x", &token[..token.len() - 6])] {
        let run = rolecall(
            &[&["credentials", "--login", &format!("{provider}={wrong}")], &pool[..]].concat(),
            server.anonymous(),
        );
        let error = run.failed();
        assert!(error.contains("NotAuthorizedException") && !error.contains(&token[..40]), "{error}");
    }
}

#[test]
fn the_classic_flow_assumes_a_role_with_the_identitys_token() {
    let Some(server) = Server::named("ministack") else { return };
    let pools = Pools::provision(&server, "classic", &["--classic", "--policy", S3]);
    let other = Pools::provision(&server, "modern", &[]);
    let arn = |role: &str| format!("arn:aws:iam::{}:role/{role}", server.need("ACCOUNT_ID"));
    let variables = [TYPED[0], ("AWS_ROLE_SESSION_NAME", "evening-7")];
    let own = arn("classic-us-east-1-authenticated");
    let run = pools.alice(&["whoami", "--identity-role-arn", &own], &variables);
    assert!(run.ok().contains(&session(&server, "classic-us-east-1-authenticated", "evening-7")), "{run:#?}");
    let target = object(&server, "classic");
    let put = ["request", "PUT", &target, "--service", "s3", "-d", "x", "--identity-role-arn", &own];
    pools.alice(&put, &variables).ok();

    // The other role trusts only tokens of the other pool, which its trust policy names as `aud`.
    drop(other);
    let run =
        pools.alice(&["whoami", "--identity-role-arn", &arn("modern-us-east-1-authenticated")], &variables);
    let error = run.failed();
    assert!(error.contains("AccessDenied") && error.contains("trust policy"), "{error}");
    assert!(!error.contains(PASSWORD), "{error}");
}

#[test]
fn explain_and_presign_support_cognito() {
    let Some(server) = Server::named("ministack") else { return };
    let pools = Pools::provision(&server, "readers", &["--policy", S3]);
    let run = pools.alice(&["explain"], &TYPED);
    assert!(run.ok().contains(&format!("identity at {}", pools.identities)), "{run:#?}");
    assert!(run.ok().contains("assumed-role/readers-us-east-1-authenticated/"), "{run:#?}");
    assert!(!run.stdout.contains(PASSWORD) && !run.stderr.contains(PASSWORD), "{run:#?}");

    let target = object(&server, "readers");
    pools.alice(&["request", "PUT", &target, "--service", "s3", "-d", "for readers"], &TYPED).ok();
    let run = pools.alice(&["presign", &target, "--service", "s3"], &TYPED);
    let body = ureq::get(run.ok().trim_end()).call().expect("it opens").into_body().read_to_string();
    assert_eq!(body.expect("text"), "for readers");

    let nowhere = "us-east-1:00000000-0000-0000-0000-000000000000";
    for (place, expected) in [
        (["--cognito-identity-pool", nowhere], "ResourceNotFoundException"),
        (["--cognito-identity-pool", "nowhere"], "expected REGION:ID"),
        (["--cognito-identity-id", "nowhere"], "expected REGION:ID"),
    ] {
        let run = rolecall(&[&["credentials"], &place[..]].concat(), server.anonymous());
        assert!(run.failed().contains(expected), "{run:#?}");
    }
}
