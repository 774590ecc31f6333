//! Which source a host uses, and what it reads from the environment and the profile.

use crate::common::{World, folder};
use rolecall::{Error, Provider, Role, Secret, Settings};

const KEYS: [(&str, &str); 3] =
    [("HOME", "/home"), ("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT"), ("AWS_SECRET_ACCESS_KEY", "its-secret")];
const HOME: [(&str, &str); 2] = [("HOME", "/home"), ("AWS_REGION", "eu-west-1")];
const WEB_IDENTITY: [(&str, &str); 2] =
    [("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"), ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/of-pod")];
const CONFIG: &str = "/home/.aws/config";
const CREDENTIALS: &str = "/home/.aws/credentials";

fn with<'a>(variables: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    variables.iter().chain(more).copied().collect()
}

#[track_caller]
fn key(world: &World, variables: &[(&str, &str)], profile: Option<&str>) -> String {
    let settings = world.settings(variables, profile).expect("settings");
    let provider = Provider::builder(settings).host(world.clone()).build();
    provider.credentials().expect("credentials").access_key_id().to_owned()
}

#[track_caller]
fn error(world: &World, variables: &[(&str, &str)], profile: Option<&str>) -> String {
    let settings = world.settings(variables, profile).expect("settings");
    let provider = Provider::builder(settings).host(world.clone()).build();
    provider.credentials().expect_err("no credentials").to_string()
}

#[test]
fn the_environment_precedes_a_profile_that_was_not_requested_explicitly() {
    let world = World::new();
    world.file(
        CREDENTIALS,
        "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n\
         [other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = s\n",
    );
    assert_eq!(key(&world, &KEYS, None), "AKIAENVIRONMENT");
    assert_eq!(key(&world, &with(&KEYS, &[("AWS_PROFILE", "other")]), None), "AKIAENVIRONMENT");
    assert_eq!(key(&world, &KEYS, Some("other")), "AKIAOTHER");
    assert_eq!(key(&world, &HOME, None), "AKIADEFAULT");
    assert_eq!(key(&world, &with(&HOME, &[("AWS_PROFILE", "other")]), None), "AKIAOTHER");
    assert_eq!(world.fetches(), 0, "a request was sent");
}

#[test]
fn a_profile_with_credentials_precedes_a_web_identity() {
    let world = World::new();
    world
        .file("/token", "a.web.token")
        .file(CREDENTIALS, "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n");
    assert_eq!(
        key(&world, &with(&HOME, &WEB_IDENTITY), None),
        "AKIADEFAULT",
        "the web identity precedes the profile"
    );

    // A profile without credentials leaves the web identity in use.
    world.file(CREDENTIALS, "").file(CONFIG, "[default]\nregion = eu-west-1\n");
    assert_eq!(key(&world, &with(&HOME, &WEB_IDENTITY), None), "ASIA1");
    assert!(world.forms()[0].starts_with("Action=AssumeRoleWithWebIdentity&"));

    // A web identity in the profile precedes the one in the environment.
    world.file("/own", "own.web.token");
    world.file(CONFIG, "[default]\nrole_arn = arn:aws:iam::123456789012:role/of-profile\nweb_identity_token_file = /own\nrole_session_name = own-name\n");
    assert_eq!(key(&world, &with(&HOME, &WEB_IDENTITY), None), "ASIA2");
    let form = &world.forms()[1];
    assert!(
        form.contains("role%2Fof-profile&RoleSessionName=own-name&WebIdentityToken=own.web.token"),
        "{form}"
    );
}

#[test]
fn a_requested_profile_must_exist_and_the_default_profile_may_be_missing() {
    let world = World::new();
    assert_eq!(key(&world, &HOME, None), "ASIA1", "not the credentials of the instance");
    for (variables, profile) in
        [(with(&HOME, &[("AWS_PROFILE", "gone")]), None), (HOME.to_vec(), Some("gone"))]
    {
        let message = error(&world, &variables, profile);
        assert!(message.contains("profile gone: it is in neither"), "{message}");
    }
    assert_eq!(world.fetches(), 1, "credentials of another source are used");
}

#[test]
fn malformed_files_are_reported_when_they_are_needed() {
    let world = World::new();
    world.file(CONFIG, "[default]\nregion = eu-west-1\nbroken\n");
    assert_eq!(key(&world, &KEYS, None), "AKIAENVIRONMENT");
    let message = error(&world, &HOME, None);
    assert!(
        message.contains("/home/.aws/config: line 3: property without an equals sign at byte 29"),
        "{message}"
    );
    assert_eq!(world.fetches(), 0);
}

#[test]
fn chained_roles_are_assumed_in_order() {
    let world = World::new();
    world.file(
        CONFIG,
        "[profile a]\nrole_arn = arn:aws:iam::123456789012:role/a\nsource_profile = b\nexternal_id = partner\n\
         duration_seconds = 900\nrole_session_name = job\n\
         [profile b]\nrole_arn = arn:aws:iam::123456789012:role/b\ncredential_source = Ec2InstanceMetadata\n",
    );
    assert_eq!(key(&world, &HOME, Some("a")), "ASIA3");
    let forms = world.forms();
    assert!(forms[0].contains("role%2Fb&RoleSessionName=rolecall-1767323045"), "{}", forms[0]);
    let last = "role%2Fa&RoleSessionName=job&DurationSeconds=900&ExternalId=partner";
    assert!(forms[1].ends_with(last), "{}", forms[1]);
}

#[test]
fn an_mfa_code_is_prompted_for() {
    let world = World::new();
    world.file(
        CONFIG,
        "[default]\nrole_arn = arn:aws:iam::123456789012:role/a\ncredential_source = Environment\n\
         mfa_serial = arn:aws:iam::123456789012:mfa/alice\n",
    );
    let variables = with(&KEYS, &[("AWS_REGION", "eu-west-1")]);
    let message = error(&world, &variables, Some("default"));
    assert!(message.contains("profile default: ") && message.contains("MFA code"), "{message}");
    world.answers("123456\n");
    assert_eq!(key(&world, &variables, Some("default")), "ASIA1");
    assert!(
        world.forms()[0]
            .ends_with("SerialNumber=arn%3Aaws%3Aiam%3A%3A123456789012%3Amfa%2Falice&TokenCode=123456")
    );
}

#[test]
fn a_command_is_passed_on_unchanged() {
    let world = World::new();
    world.file(CONFIG, "[default]\ncredential_process = get-keys --for 'me' | tee\n");
    world.output(
        "get-keys --for 'me' | tee",
        Ok(r#"{"Version":1,"AccessKeyId":"AKIAPROC","SecretAccessKey":"s"}"#),
    );
    assert_eq!(key(&world, &HOME, None), "AKIAPROC");
    assert_eq!(world.commands(), ["get-keys --for 'me' | tee"]);
}

#[test]
fn keys_in_the_environment_may_expire() {
    let world = World::new();
    let end = |text| with(&KEYS, &[("AWS_CREDENTIAL_EXPIRATION", text)]);
    assert_eq!(key(&world, &end("2026-01-02T04:04:05Z"), None), "AKIAENVIRONMENT");
    assert_eq!(key(&world, &end("  "), None), "AKIAENVIRONMENT", "spaces are not treated as unset");
    let message = error(&world, &end("2026-01-02T03:04:05Z"), None);
    assert!(message.contains("expired"), "{message}");
    assert!(message.contains("AWS_CREDENTIAL_EXPIRATION is 2026-01-02T03:04:05Z"), "{message}");
    let wrong = error(&world, &end("tomorrow"), None);
    assert!(
        wrong.contains("AWS_CREDENTIAL_EXPIRATION: \"tomorrow\": expected a time such as 2026-"),
        "{wrong}"
    );
}

#[test]
fn endpoint_settings_have_an_order() {
    let world = World::new();
    world.file(
        CONFIG,
        "[default]\nendpoint_url = http://profile\nservices = local\n\
         [services local]\nsts =\n  endpoint_url = http://section\n",
    );
    let endpoint = |service: &str, more: &[(&str, &str)]| {
        let settings = world.settings(&with(&HOME, more), None).expect("settings");
        settings.endpoints.into_iter().find(|(name, _)| name == service).map(|(_, url)| url)
    };
    let all = [("AWS_ENDPOINT_URL", "http://all"), ("AWS_ENDPOINT_URL_STS", "http://own")];
    assert_eq!(endpoint("sts", &all).as_deref(), Some("http://own"));
    assert_eq!(endpoint("s3", &all).as_deref(), Some("http://all"));
    assert_eq!(endpoint("sts", &all[..1]).as_deref(), Some("http://all"));
    assert_eq!(endpoint("sts", &[]).as_deref(), Some("http://section"));
    assert_eq!(endpoint("s3", &[]).as_deref(), Some("http://profile"));
    assert_eq!(endpoint("sts", &with(&all, &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "True")])), None);
}

#[test]
fn the_profile_supplies_settings_that_the_environment_lacks() {
    let world = World::new();
    world.file(
        CONFIG,
        "[profile p]\nregion = cn-north-1\nuse_fips_endpoint = true\nuse_dualstack_endpoint = TRUE\n\
         ca_bundle = /etc/ca.pem\nmetadata_service_timeout = 3\nmetadata_service_num_attempts = 2\n",
    );
    let of =
        |variables: &[(&str, &str)]| -> Settings { world.settings(variables, Some("p")).expect("settings") };
    let settings = of(&[("HOME", "/home")]);
    assert_eq!(settings.region.as_deref(), Some("cn-north-1"));
    assert!(settings.variant.fips && settings.variant.dual_stack);
    assert_eq!(settings.ca_bundle.as_deref(), Some("/etc/ca.pem"));
    assert_eq!(
        (settings.imds_limits.unwrap().connect_ms, settings.imds_retries.unwrap().attempts),
        (3_000, 2)
    );
    let settings =
        of(&[("HOME", "/home"), ("AWS_DEFAULT_REGION", "us-east-1"), ("AWS_USE_FIPS_ENDPOINT", "false")]);
    assert_eq!(settings.region.as_deref(), Some("us-east-1"));
    assert!(!settings.variant.fips);
}

#[test]
fn an_expired_sign_in_is_reported_with_a_remedy() {
    let world = World::new();
    world.file(
        CONFIG,
        "[default]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Reader\n\
         [sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-1\n",
    );
    let message = error(&world, &HOME, None);
    assert!(message.contains("aws sso login"), "{message}");
}

#[test]
fn a_failed_chain_reports_the_outcome_of_every_source() {
    let world = World::new();
    world.answer_with(500);
    let settings = world.settings(&HOME, None).unwrap();
    let failure = Provider::builder(settings).host(world.clone()).build().credentials().unwrap_err();
    let Error::Chain { findings, .. } = &failure else { panic!("{failure}") };
    let sources: Vec<&str> = findings.iter().map(|finding| finding.source.as_str()).collect();
    let all = ["environment", "profile default", "web identity", "container endpoint", "instance metadata"];
    assert_eq!(sources, all);
    let message = failure.to_string();
    assert!(message.starts_with("instance metadata: token: unexpected HTTP status 500"), "{message}");
    assert!(message.contains("AWS_ACCESS_KEY_ID is not set"), "{message}");
}

#[test]
fn dns_rebinding_is_prevented() {
    let world = World::new();
    let variables = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://credentials.internal/v1/credentials")];
    world.resolves_to(&[[127, 0, 0, 5]]).resolves_to(&[[127, 0, 0, 5], [192, 0, 2, 1]]);
    let provider = world.provider(&variables);
    assert!(provider.credentials().is_ok());
    assert_eq!(world.connected(), [std::net::IpAddr::from([127, 0, 0, 5])], "not the checked address");
    // The next answer includes an address outside the container network, so no request is sent.
    world.pass(2 * 3_600);
    let message = provider.credentials().unwrap_err().to_string();
    assert!(message.contains("plain http to a host that is not the container's"), "{message}");
    assert_eq!(world.connected().len(), 1);
}

#[test]
fn an_invalid_setting_is_reported_only_when_its_source_is_used() {
    let world = World::new();
    world.file(CREDENTIALS, "[p]\naws_access_key_id = AKIAP\naws_secret_access_key = s\n");
    for mistake in [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
        ("AWS_SECRET_ACCESS_KEY", "half"),
        ("AWS_METADATA_SERVICE_TIMEOUT", "soon"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv7"),
        ("ALL_PROXY", "socks5://127.0.0.1:1080"),
    ] {
        assert_eq!(key(&world, &with(&HOME, &[mistake]), Some("p")), "AKIAP", "{mistake:?}");
    }
    let message = error(&world, &with(&HOME, &[("AWS_METADATA_SERVICE_TIMEOUT", "soon")]), None);
    assert!(
        message.starts_with("AWS_METADATA_SERVICE_TIMEOUT: \"soon\": expected a number of seconds"),
        "{message}"
    );
}

#[test]
fn an_unavailable_credential_source_of_a_profile_is_reported() {
    let world = World::new();
    for (source, message) in
        [("Environment", "AWS_ACCESS_KEY_ID is not set"), ("EcsContainer", "AWS_CONTAINER_")]
    {
        let config =
            format!("[p]\nrole_arn = arn:aws:iam::123456789012:role/a\ncredential_source = {source}\n");
        world.file(CREDENTIALS, &config);
        let error = error(&world, &HOME, Some("p"));
        assert!(error.contains(&format!("credential_source is {source}, but {message}")), "{error}");
    }
}

#[test]
fn debug_output_redacts_codes_and_assertions() {
    let role = Role::new("arn:aws:iam::123456789012:role/a", "job")
        .mfa_code("arn:aws:iam::123456789012:mfa/alice", "654321")
        .provided_context("arn:aws:iam::aws:contextProvider/x", Secret::new("an-assertion".to_owned()));
    let shown = format!("{role:?}");
    assert!(!shown.contains("654321") && !shown.contains("an-assertion"), "{shown}");
}

#[cfg(unix)]
#[test]
fn commands_run_as_processes_without_a_shell() {
    let folder = folder("process");
    let config = folder.join("config");
    let run = |command: &str| {
        std::fs::write(&config, format!("[default]\ncredential_process = {command}\n")).unwrap();
        let variables =
            [("AWS_CONFIG_FILE", config.to_str().unwrap()), ("AWS_EC2_METADATA_DISABLED", "true")];
        let environment = variables.into_iter().collect();
        Provider::from_environment(&environment).unwrap().credentials()
    };
    let printed = r#"printf '{"Version":1,"AccessKeyId":"AKIA%s","SecretAccessKey":"s"}' "PRINT""#;
    assert_eq!(run(printed).unwrap().access_key_id(), "AKIAPRINT");
    let touched = folder.join("touched");
    let message = run(&format!("echo $(touch {0}) ; touch {0}", touched.display())).unwrap_err().to_string();
    assert!(message.contains("without a shell, so that $ is an argument"), "{message}");
    let message = run("echo {}").unwrap_err().to_string();
    assert!(message.contains("Version 1"), "{message}");
    assert!(!touched.exists(), "a shell was run");
    for (command, says) in [
        ("false", "the command failed"),
        ("no-such-command --at-all", "no such command"),
        ("'unfinished", "running the command"),
        ("yes", "too long"),
    ] {
        let message = run(command).unwrap_err().to_string();
        assert!(message.contains(says) && message.contains("profile default"), "{command}: {message}");
    }
    // A process that a command leaves behind delays neither its success nor its failure.
    let start = std::time::Instant::now();
    let printed = r#"sh -c 'sleep 30 2>&- & echo "{\"Version\":1,\"AccessKeyId\":\"AKIALEFT\",\"SecretAccessKey\":\"s\"}"'"#;
    assert_eq!(run(printed).unwrap().access_key_id(), "AKIALEFT");
    assert!(run("sh -c 'sleep 30 2>&- & exit 1'").is_err());
    assert!(start.elapsed() < std::time::Duration::from_secs(10));
}
