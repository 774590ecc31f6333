//! The STS calls against independent servers: ministack, which verifies each signature and accepts the
//! credentials it issues, and moto.
//!
//! No local server supports AssumeRoleWithSAML, AssumeRoot, or calls with a verified MFA code: the bodies
//! of those are compared with botocore's (`conformance`, `sts_requests`), and their responses are parsed
//! from the format in the API reference (`core/tests/it/flows_sts_family.rs`). ministack accepts any MFA code,
//! does not verify the signature of a web identity token, and refuses a token for another client. For
//! GetSessionToken and GetFederationToken moto returns the example credentials of its documentation, which
//! it does not accept itself.

use e2e::command::rolecall;
use e2e::servers::Server;
use rolecall::core::services::sts::GetWebIdentityToken;
use rolecall::{Environment, FederatedUser, Provider, Role, UserSession, WebIdentity};

const ALL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

fn user(server: &Server) -> Provider {
    let environment: Environment = server.environment().into_iter().collect();
    Provider::from_environment(&environment).expect("a provider")
}

/// The ARN of a provider's credentials, according to the server that issued them.
fn arn(provider: &Provider) -> String {
    provider.caller_identity().expect("an identity").arn
}

#[test]
fn a_role_is_assumed_with_every_parameter() {
    for name in ["ministack", "moto"] {
        let Some(server) = Server::named(name) else { continue };
        let role = Role::new(server.need("TAGS_ROLE_ARN"), "every-parameter")
            .duration_seconds(900)
            .policy(ALL)
            .policy_arn("arn:aws:iam::aws:policy/AdministratorAccess")
            .tag("team", "edge")
            .tag("cost center", "12/34")
            .transitive_tag_key("team")
            .mfa_code("arn:aws:iam::123456789012:mfa/alice", "123456")
            .source_identity("alice");
        let session = user(&server).assume_role(role);
        let credentials = session.credentials().expect("credentials");
        assert!(credentials.expiration().is_some() && credentials.account_id().is_some());
        assert!(arn(&session).contains("assumed-role/rolecall-tags/every-parameter"), "{name}");
    }
}

#[test]
fn session_tags_need_permission_in_the_trust_policy() {
    let Some(server) = Server::named("ministack") else { return };
    let role = Role::new(server.need("ROLE_ARN"), "tags").tag("team", "edge");
    let error = user(&server).assume_role(role).credentials().expect_err("refused");
    let message = error.to_string();
    assert!(message.contains("AccessDenied") && message.contains("sts:TagSession"), "{message}");
}

#[test]
fn a_user_gets_a_session_token() {
    if let Some(server) = Server::named("ministack") {
        let session = user(&server).session(UserSession::new().duration_seconds(900));
        assert_eq!(arn(&session), server.need("USER_ARN"));
        let with_device = UserSession::new().mfa_code("arn:aws:iam::123456789012:mfa/alice", "123456");
        assert_eq!(arn(&user(&server).session(with_device)), server.need("USER_ARN"));
    }
    if let Some(server) = Server::named("moto") {
        let session = user(&server).session(UserSession::new());
        assert!(session.credentials().expect("credentials").expose_session_token().is_some());
    }
}

#[test]
fn a_federated_user_gets_credentials() {
    if let Some(server) = Server::named("ministack") {
        let session = user(&server).session(FederatedUser::new("bob").policy(ALL));
        assert!(arn(&session).ends_with(":federated-user/bob"));
        let account = session.credentials().expect("credentials").account_id().map(str::to_owned);
        assert_eq!(account, Some(server.need("ACCOUNT_ID")));
    }
    if let Some(server) = Server::named("moto") {
        let session = user(&server).session(FederatedUser::new("bob"));
        assert!(session.credentials().is_ok());
    }
}

#[test]
fn an_error_contains_the_services_message() {
    let Some(server) = Server::named("ministack") else { return };
    let wrong = Role::new("arn:aws:iam::000000000000:role/there-is-none", "job");
    let error = user(&server).assume_role(wrong).credentials().expect_err("refused");
    let message = error.to_string();
    assert!(
        message.starts_with("AssumeRole: refused") && message.contains("the service says: "),
        "{message}"
    );
}

#[test]
fn a_web_identity_is_read_from_environment_or_profile() {
    for name in ["ministack", "moto_open"] {
        let Some(server) = Server::named(name) else { continue };
        let (role, token) = (server.need("WEB_IDENTITY_ROLE_ARN"), server.need("WEB_IDENTITY_TOKEN_FILE"));
        let common = [
            ("AWS_REGION", server.need("REGION")),
            ("AWS_ENDPOINT_URL_STS", server.need("URL")),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ];
        let variables = [
            ("AWS_ROLE_ARN", role.clone()),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", token.clone()),
            ("AWS_ROLE_SESSION_NAME", "pod-7".to_owned()),
        ];
        let run = rolecall(&["credentials"], common.clone().into_iter().chain(variables));
        assert!(run.ok().contains("SessionToken"), "{name}");

        let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("web-{name}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        let config = folder.join("config");
        let profile = format!("[profile pod]\nrole_arn = {role}\nweb_identity_token_file = {token}\n");
        std::fs::write(&config, profile).expect("a file");
        let config = ("AWS_CONFIG_FILE", config.to_string_lossy().into_owned());
        let run = rolecall(&["credentials", "--profile", "pod"], common.clone().into_iter().chain([config]));
        assert!(run.ok().contains("SessionToken"), "{name}");
    }
}

#[test]
fn a_web_identity_works_through_the_library_and_invalid_tokens_fail() {
    let Some(server) = Server::named("ministack") else { return };
    let environment: Environment = server.environment().into_iter().collect();
    let provider = Provider::from_environment(&environment).expect("a provider");
    let with = |path: String| {
        let web = WebIdentity::file(server.need("WEB_IDENTITY_ROLE_ARN"), "job", path).duration_seconds(900);
        provider.session(web)
    };
    assert!(
        arn(&with(server.need("WEB_IDENTITY_TOKEN_FILE"))).contains("assumed-role/rolecall-web-identity/job")
    );

    let message =
        with(server.need("OTHER_TOKEN_FILE")).credentials().expect_err("for another client").to_string();
    assert!(message.contains("trust policy") && message.contains("the service says"), "{message}");
    let message = with("/no/such/file".to_owned()).credentials().expect_err("no file").to_string();
    assert!(message.contains("no such file"), "{message}");
}

/// A token about the caller for a service outside of AWS: ministack verifies the request's signature.
#[test]
fn a_web_identity_token_is_issued() {
    let Some(server) = Server::named("ministack") else { return };
    let action = GetWebIdentityToken {
        duration_seconds: Some(60),
        tags: &[("team", "edge")],
        ..GetWebIdentityToken::new(&["https://registry.example", "https://other.example"])
    };
    let provider = user(&server);
    let (token, end) =
        provider.call(&action, |issued| (issued.token.to_owned(), issued.expiration)).expect("a token");
    assert_eq!(token.split('.').count(), 3, "{token}");
    let left = end.as_secs().saturating_sub(provider.time().as_secs());
    assert!((50..=61).contains(&left), "{left}");
    let too_long = GetWebIdentityToken { duration_seconds: Some(3601), ..action };
    let error = provider.call(&too_long, |_| ()).expect_err("refused").to_string();
    assert!(error.contains("60 to 3,600 seconds"), "{error}");

    let arguments = ["token", "web-identity", "https://registry.example", "--expires", "60"];
    let run = rolecall(&arguments, server.environment());
    let printed = run.ok();
    assert_eq!(printed.trim().split('.').count(), 3, "{printed}");
    let run = rolecall(&[&arguments[..], &["--signing-algorithm", "HS256"]].concat(), server.environment());
    assert!(run.failed().contains("RS256 or ES384"), "{run:#?}");
    let wrong = server.environment().into_iter().map(|(name, value)| {
        if name == "AWS_SECRET_ACCESS_KEY" { (name, "another".to_owned()) } else { (name, value) }
    });
    assert!(rolecall(&arguments, wrong).failed().contains("SignatureDoesNotMatch"));
}
