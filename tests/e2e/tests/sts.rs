//! The calls of STS against servers that nobody here wrote: ministack, which verifies the signature
//! of each and lets the credentials it gave be used, and moto.
//!
//! No local server completes AssumeRoleWithSAML, AssumeRoot, or a call with an MFA code that is
//! checked: the bodies of those are compared with botocore's (`conformance`, `sts_requests`), and
//! their replies are read from the form that the API reference documents
//! (`core/tests/flows_sts_family.rs`). ministack takes any MFA code, does not verify the signature of
//! a web identity token, and refuses one for another client. moto gives the credentials of its
//! documentation for GetSessionToken and GetFederationToken, which it does not know itself.

use e2e::command::rolecall;
use e2e::servers::Server;
use rolecall::{Environment, FederatedUser, Provider, Role, UserSession, WebIdentity};

const ALL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

fn user(server: &Server) -> Provider {
    let environment: Environment = server.environment().into_iter().collect();
    Provider::from_environment(&environment).expect("a provider")
}

/// Whose credentials they are, by the server that gave them.
fn arn(provider: &Provider) -> String {
    provider.caller_identity().expect("an identity").arn
}

#[test]
fn a_role_with_everything_that_can_be_said() {
    for name in ["ministack", "moto"] {
        let Some(server) = Server::named(name) else { continue };
        let role = Role::new(server.need("TAGS_ROLE_ARN"), "every-thing")
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
        assert!(arn(&session).contains("assumed-role/rolecall-tags/every-thing"), "{name}");
    }
}

#[test]
fn session_tags_need_the_trust_policys_leave() {
    let Some(server) = Server::named("ministack") else { return };
    let role = Role::new(server.need("ROLE_ARN"), "tags").tag("team", "edge");
    let error = user(&server).assume_role(role).credentials().expect_err("refused");
    let told = error.to_string();
    assert!(told.contains("AccessDenied") && told.contains("sts:TagSession"), "{told}");
}

#[test]
fn a_session_of_the_user() {
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
fn a_federated_user() {
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
fn a_session_of_a_session_is_refused_as_the_service_says() {
    let Some(server) = Server::named("ministack") else { return };
    let wrong = Role::new("arn:aws:iam::000000000000:role/there-is-none", "job");
    let error = user(&server).assume_role(wrong).credentials().expect_err("refused");
    let told = error.to_string();
    assert!(told.starts_with("AssumeRole: refused") && told.contains("the service says: "), "{told}");
}

#[test]
fn a_web_identity_in_environment_or_profile() {
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
fn a_web_identity_by_the_library_and_its_opposites() {
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

    let told =
        with(server.need("OTHER_TOKEN_FILE")).credentials().expect_err("for another client").to_string();
    assert!(told.contains("trust policy") && told.contains("the service says"), "{told}");
    let told = with("/no/such/file".to_owned()).credentials().expect_err("no file").to_string();
    assert!(told.contains("no such file"), "{told}");
}
