//! Signing in to a user pool through the library, with scripted answers to its prompts.
//!
//! ministack checks proofs, passwords and the codes of authenticator apps, but never asks for a code sent by
//! SMS or e-mail. moto without signature checks asks for SMS codes and accepts any; neither server asks for
//! e-mail codes.

use e2e::boto::text;
use e2e::pools::{ALICE, PASSWORD, Pools};
use e2e::prompt::{Prompt, Reply, answer};
use e2e::servers::Server;
use rolecall::core::services::user_pool::{ConfirmSignUp, SignUp, secret_hash};
use rolecall::{Environment, PoolIdentity, Provider, Secret, Settings, User};
use serde_json::json;

const NEXT_PASSWORD: &str = "Another-8-Horse-battery";

fn settings(pools: &Pools<'_>) -> Settings {
    Settings::from_environment(&pools.server.anonymous().into_iter().collect::<Environment>())
        .expect("settings")
}

/// Creates a provider of the identity of `user`, with scripted answers to prompts.
fn identity(pools: &Pools<'_>, user: User, replies: impl IntoIterator<Item = Reply>) -> (Provider, Prompt) {
    let settings = settings(pools);
    let prompt = Prompt::answering(&settings, replies);
    let provider = Provider::builder(settings).host(prompt.clone()).build();
    (provider.session(PoolIdentity::in_pool(&pools.identities).user(user)), prompt)
}

/// The user with SRP, and with the password sent.
fn both_ways(pools: &Pools<'_>, username: &str) -> [User; 2] {
    [0, 1].map(|way| {
        let user = User::new(&pools.user_pool, &pools.client, username);
        let user = match &pools.secret {
            Some(secret) => user.client_secret(Secret::new(secret.clone())),
            None => user,
        };
        if way == 0 { user } else { user.sending_password() }
    })
}

/// Creates a user with a temporary password.
fn newcomer(pools: &Pools<'_>, username: &str) {
    let given = json!({
        "UserPoolId": pools.user_pool, "Username": username, "TemporaryPassword": PASSWORD,
        "MessageAction": "SUPPRESS",
    });
    pools.server.boto_call("cognito-idp", "admin_create_user", given);
}

fn hidden(question: &str) -> (String, bool) {
    (question.to_owned(), true)
}

#[test]
fn a_temporary_password_is_replaced() {
    let Some(server) = Server::named("ministack") else { return };
    let plain = Pools::provision(&server, "newcomers", &[]);
    let secret = Pools::provision(&server, "newcomers-with-secret", &["--client-secret"]);
    for pools in [&plain, &secret] {
        for (username, way) in [("bob", 0), ("carol", 1)] {
            newcomer(pools, username);
            let [proving, sending] = both_ways(pools, username);
            let replies = [answer(PASSWORD), answer(NEXT_PASSWORD)];
            let (provider, prompt) = identity(pools, if way == 0 { proving } else { sending }, replies);
            let arn = provider.caller_identity().expect("an identity").arn;
            assert!(arn.contains("-authenticated/CognitoIdentityCredentials"), "{arn}");
            let [first, (question, true)] = &prompt.asked()[..] else { panic!("{:?}", prompt.asked()) };
            assert_eq!(*first, hidden(&format!("Password of {username}: ")));
            // By SRP no password is sent, so the prompt says where this one goes.
            let says_where = question.contains(&pools.user_pool) && question.contains("will be sent");
            assert!(question.ends_with("New password: ") && says_where == (way == 0), "{question}");

            // The new password is the valid one now.
            let given = json!({"UserPoolId": pools.user_pool, "Username": username});
            let user = server.boto_call("cognito-idp", "admin_get_user", given);
            assert_eq!(user["UserStatus"], "CONFIRMED");
            let other_way = |password: &str| {
                let [proving, sending] = both_ways(pools, username);
                let user = if way == 0 { sending } else { proving };
                identity(pools, user.password(Secret::new(password.to_owned())), [])
            };
            let (provider, prompt) = other_way(NEXT_PASSWORD);
            assert!(provider.credentials().is_ok() && prompt.asked().is_empty());
            let error = other_way(PASSWORD).0.credentials().expect_err("the old one").to_string();
            assert!(error.contains("NotAuthorizedException") && !error.contains(PASSWORD), "{error}");
        }
    }
}

/// Adds an authenticator app for Alice; returns its secret.
fn authenticator_app(pools: &Pools<'_>) -> String {
    let boto = |operation: &str, given| pools.server.boto_call("cognito-idp", operation, given);
    let pool = &pools.user_pool;
    let given = json!({
        "UserPoolId": pool, "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true},
    });
    boto("set_user_pool_mfa_config", given);
    let given = json!({
        "ClientId": pools.client, "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": ALICE, "PASSWORD": PASSWORD},
    });
    let access = text(&boto("initiate_auth", given)["AuthenticationResult"]["AccessToken"]);
    let app = text(&boto("associate_software_token", json!({"AccessToken": access}))["SecretCode"]);
    let given = json!({"AccessToken": access, "UserCode": pools.server.totp(&app)});
    boto("verify_software_token", given);
    let given = json!({
        "UserPoolId": pool, "Username": ALICE,
        "SoftwareTokenMfaSettings": {"Enabled": true, "PreferredMfa": true},
    });
    boto("admin_set_user_mfa_preference", given);
    app
}

#[test]
fn a_code_of_an_authenticator_app_is_asked_for() {
    let Some(server) = Server::named("ministack") else { return };
    let pools = Pools::provision(&server, "app-holders", &[]);
    let app = authenticator_app(&pools);
    let wrong = both_ways(&pools, ALICE);
    for (user, wrong) in both_ways(&pools, ALICE).into_iter().zip(wrong) {
        let (from, app) = (server.clone(), app.clone());
        let replies = [answer(PASSWORD), Box::new(move || from.totp(&app)) as Reply];
        let (provider, prompt) = identity(&pools, user, replies);
        let arn = provider.caller_identity().expect("an identity").arn;
        assert!(arn.contains("assumed-role/app-holders-us-east-1-authenticated/"), "{arn}");
        let [password, code] = &prompt.asked()[..] else { panic!("{:?}", prompt.asked()) };
        assert_eq!(*password, hidden("Password of alice: "));
        assert_eq!(code.0, "Code of the authenticator app: ");

        let (provider, _) = identity(&pools, wrong, [answer(PASSWORD), answer("000000")]);
        let error = provider.credentials().expect_err("a wrong code").to_string();
        assert!(error.contains("CodeMismatchException") && error.contains("newest code"), "{error}");
    }
}

#[test]
fn a_code_sent_by_sms_is_asked_for() {
    let Some(server) = Server::named("moto_open") else { return };
    let boto = |service: &str, operation: &str, given| server.boto_call(service, operation, given);
    let idp = |operation: &str, given| boto("cognito-idp", operation, given);
    let pool = text(&idp("create_user_pool", json!({"PoolName": "callers"}))["UserPool"]["Id"]);
    let given = json!({
        "UserPoolId": pool, "MfaConfiguration": "OPTIONAL",
        "SmsMfaConfiguration": {"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}},
    });
    idp("set_user_pool_mfa_config", given);
    let given = json!({"UserPoolId": pool, "ClientName": "callers"});
    let client = text(&idp("create_user_pool_client", given)["UserPoolClient"]["ClientId"]);
    let given = json!({
        "UserPoolId": pool, "Username": ALICE, "MessageAction": "SUPPRESS",
        "UserAttributes": [{"Name": "phone_number", "Value": "+15550100"}],
    });
    idp("admin_create_user", given);
    let given = json!({"UserPoolId": pool, "Username": ALICE, "Password": PASSWORD, "Permanent": true});
    idp("admin_set_user_password", given);
    let given = json!({
        "UserPoolId": pool, "Username": ALICE, "SMSMfaSettings": {"Enabled": true, "PreferredMfa": true},
    });
    idp("admin_set_user_mfa_preference", given);
    let given = json!({"IdentityPoolName": "callers", "AllowUnauthenticatedIdentities": false});
    let identities = text(&boto("cognito-identity", "create_identity_pool", given)["IdentityPoolId"]);

    let pools = Pools { server: &server, user_pool: pool, client, secret: None, identities };
    // Its SECRET_BLOCK is not Base64, so SRP cannot be used.
    let [_, sending] = both_ways(&pools, ALICE);
    let (provider, prompt) = identity(&pools, sending, [answer(PASSWORD), answer("246810")]);
    let credentials = provider.credentials().expect("credentials");
    assert!(credentials.expose_session_token().is_some());
    let asked: Vec<String> = prompt.asked().into_iter().map(|(question, _)| question).collect();
    assert_eq!(asked, ["Password of alice: ", "Code that came by SMS: "]);
}

#[test]
fn no_second_prompt_while_the_refresh_token_is_valid() {
    let Some(server) = Server::named("ministack") else { return };
    let plain = Pools::provision(&server, "returning", &[]);
    let secret = Pools::provision(&server, "returning-with-secret", &["--client-secret"]);
    for pools in [&plain, &secret] {
        for user in both_ways(pools, ALICE) {
            let (provider, prompt) = identity(pools, user, [answer(PASSWORD), answer(PASSWORD)]);
            let first = provider.credentials().expect("credentials");
            for _ in 0..2 {
                let held = provider.credentials().expect("credentials");
                provider.invalidate(held.access_key_id());
                let next = provider.credentials().expect("new credentials, without a prompt");
                assert_ne!(next.access_key_id(), held.access_key_id());
            }
            assert_ne!(provider.credentials().expect("credentials").access_key_id(), first.access_key_id());
            assert_eq!(prompt.asked(), [hidden("Password of alice: ")]);

            // After the refresh token is revoked, the password is asked for again.
            let given = json!({"UserPoolId": pools.user_pool, "Username": ALICE});
            server.boto_call("cognito-idp", "admin_user_global_sign_out", given);
            provider.invalidate(provider.credentials().expect("held").access_key_id());
            provider.credentials().expect("new credentials, after a prompt");
            assert_eq!(prompt.asked().len(), 2);
        }
    }
}

#[test]
fn a_user_signs_up_and_signs_in() {
    let Some(server) = Server::named("ministack") else { return };
    let plain = Pools::provision(&server, "joiners", &[]);
    let secret = Pools::provision(&server, "joiners-with-secret", &["--client-secret"]);
    for pools in [&plain, &secret] {
        // These requests are unsigned: no keys are needed.
        let provider = Provider::new(settings(pools));
        let (client, username) = (pools.client.as_str(), "dora");
        let proof = pools.secret.as_ref().map(|secret| secret_hash(client, secret, username));
        let secret_hash = proof.as_ref().map(|proof| proof.as_str());
        let attributes = &[("email", "dora@example.com")];
        let sign_up = SignUp { client, secret_hash, username, password: PASSWORD, attributes };
        let weak = SignUp { password: "short", ..sign_up };
        let error = provider.call(&weak, |confirmed| confirmed).expect_err("against the rules").to_string();
        assert!(error.contains("InvalidPasswordException"), "{error}");
        assert!(
            !provider.call(&sign_up, |confirmed| confirmed).expect("signed up"),
            "it has to be confirmed"
        );
        let error = provider.call(&sign_up, |_| ()).expect_err("a second time").to_string();
        assert!(error.contains("UsernameExistsException") && !error.contains(PASSWORD), "{error}");

        let [user, sending] = both_ways(pools, username);
        let password = || Secret::new(PASSWORD.to_owned());
        let early = identity(pools, sending.password(password()), []).0.credentials();
        let early = early.expect_err("too early").to_string();
        assert!(early.contains("UserNotConfirmedException") && early.contains("confirm"), "{early}");

        let confirm = |code| ConfirmSignUp { client, secret_hash, username, code };
        let error = provider.call(&confirm("000000"), |()| ()).expect_err("a wrong code").to_string();
        assert!(error.contains("CodeMismatchException") && error.contains("newest code"), "{error}");
        provider.call(&confirm("123456"), |()| ()).expect("confirmed");
        let users = server.boto_call("cognito-idp", "list_users", json!({"UserPoolId": pools.user_pool}));
        let status =
            users["Users"].as_array().expect("users").iter().find(|user| user["Username"] == username);
        assert_eq!(status.expect("dora")["UserStatus"], "CONFIRMED");
        identity(pools, user.password(password()), []).0.credentials().expect("credentials");
    }
}
