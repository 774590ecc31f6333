//! Which source of a host decides, and what it takes from environment and profile.

mod common;

use common::{World, folder};
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
fn the_environment_goes_before_a_profile_unless_the_profile_was_asked_for() {
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
    assert_eq!(world.fetches(), 0, "nobody is asked");
}

#[test]
fn a_profile_and_a_web_identity_together() {
    let world = World::new();
    world
        .file("/token", "a.web.token")
        .file(CREDENTIALS, "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n");
    assert_eq!(key(&world, &with(&HOME, &WEB_IDENTITY), None), "AKIADEFAULT", "the profile goes first");

    // The other way round: a profile that says nothing of credentials lets the web identity decide.
    world.file(CREDENTIALS, "").file(CONFIG, "[default]\nregion = eu-west-1\n");
    assert_eq!(key(&world, &with(&HOME, &WEB_IDENTITY), None), "ASIA1");
    assert!(world.forms()[0].starts_with("Action=AssumeRoleWithWebIdentity&"));

    // And a web identity in the profile goes before the one in the environment.
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
fn a_profile_that_is_asked_for_has_to_be_there_and_the_default_one_has_not() {
    let world = World::new();
    assert_eq!(key(&world, &HOME, None), "ASIA1", "from the instance");
    for (variables, profile) in
        [(with(&HOME, &[("AWS_PROFILE", "gone")]), None), (HOME.to_vec(), Some("gone"))]
    {
        let told = error(&world, &variables, profile);
        assert!(told.contains("profile gone: it is in neither"), "{told}");
    }
    assert_eq!(world.fetches(), 1, "and nobody else's credentials are taken");
}

#[test]
fn files_that_cannot_be_read_are_told_when_they_are_needed() {
    let world = World::new();
    world.file(CONFIG, "[default]\nregion = eu-west-1\nbroken\n");
    assert_eq!(key(&world, &KEYS, None), "AKIAENVIRONMENT");
    let told = error(&world, &HOME, None);
    assert!(told.contains("/home/.aws/config: line 3: property without an equals sign at byte 29"), "{told}");
    assert_eq!(world.fetches(), 0);
}

#[test]
fn roles_are_assumed_one_after_the_other() {
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
fn the_code_of_a_device_is_asked_for() {
    let world = World::new();
    world.file(
        CONFIG,
        "[default]\nrole_arn = arn:aws:iam::123456789012:role/a\ncredential_source = Environment\n\
         mfa_serial = arn:aws:iam::123456789012:mfa/alice\n",
    );
    let variables = with(&KEYS, &[("AWS_REGION", "eu-west-1")]);
    let told = error(&world, &variables, Some("default"));
    assert!(told.contains("profile default: ") && told.contains("MFA code"), "{told}");
    world.answers("123456\n");
    assert_eq!(key(&world, &variables, Some("default")), "ASIA1");
    assert!(
        world.forms()[0]
            .ends_with("SerialNumber=arn%3Aaws%3Aiam%3A%3A123456789012%3Amfa%2Falice&TokenCode=123456")
    );
}

#[test]
fn a_command_is_run_as_it_is_written() {
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
fn keys_in_the_environment_may_have_an_end() {
    let world = World::new();
    let end = |text| with(&KEYS, &[("AWS_CREDENTIAL_EXPIRATION", text)]);
    assert_eq!(key(&world, &end("2026-01-02T04:04:05Z"), None), "AKIAENVIRONMENT");
    assert_eq!(key(&world, &end("  "), None), "AKIAENVIRONMENT", "blank is unset");
    let told = error(&world, &end("2026-01-02T03:04:05Z"), None);
    assert!(told.contains("expired"), "{told}");
    let wrong = error(&world, &end("tomorrow"), None);
    assert!(wrong.contains("AWS_CREDENTIAL_EXPIRATION: a time like 2026-"), "{wrong}");
}

#[test]
fn endpoints_have_an_order() {
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
fn settings_come_from_the_profile_where_the_environment_has_none() {
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
fn a_sign_in_that_has_ended_names_the_remedy() {
    let world = World::new();
    world.file(
        CONFIG,
        "[default]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Reader\n\
         [sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-1\n",
    );
    let told = error(&world, &HOME, None);
    assert!(told.contains("aws sso login"), "{told}");
}

#[test]
fn a_chain_that_fails_tells_how_every_source_fared() {
    let world = World::new();
    world.answer_with(500);
    let settings = world.settings(&HOME, None).unwrap();
    let failure = Provider::builder(settings).host(world.clone()).build().credentials().unwrap_err();
    let Error::Chain { findings, .. } = &failure else { panic!("{failure}") };
    let sources: Vec<&str> = findings.iter().map(|finding| finding.source.as_str()).collect();
    let all = ["environment", "profile default", "web identity", "container endpoint", "instance metadata"];
    assert_eq!(sources, all);
    let told = failure.to_string();
    assert!(told.starts_with("instance metadata: token: unexpected HTTP status 500"), "{told}");
    assert!(told.contains("AWS_ACCESS_KEY_ID is not set"), "{told}");
}

#[test]
fn a_name_server_that_changes_its_answer_gains_nothing() {
    let world = World::new();
    let variables = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://credentials.internal/v1/credentials")];
    world.resolves_to(&[[127, 0, 0, 5]]).resolves_to(&[[127, 0, 0, 5], [192, 0, 2, 1]]);
    let provider = world.provider(&variables);
    assert!(provider.credentials().is_ok());
    assert_eq!(world.connected(), [std::net::IpAddr::from([127, 0, 0, 5])], "to an address that was checked");
    // The next time one of the addresses is a stranger's: nobody is asked.
    world.pass(2 * 3_600);
    let told = provider.credentials().unwrap_err().to_string();
    assert!(told.contains("plain http to a host that is not the container's"), "{told}");
    assert_eq!(world.connected().len(), 1);
}

#[test]
fn a_mistake_in_one_source_is_told_in_its_turn() {
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
    let told = error(&world, &with(&HOME, &[("AWS_METADATA_SERVICE_TIMEOUT", "soon")]), None);
    assert!(told.starts_with("AWS_METADATA_SERVICE_TIMEOUT: a whole number from 1 to 60"), "{told}");
}

#[test]
fn a_source_that_a_profile_names_and_nobody_set_up() {
    let world = World::new();
    for (source, told) in
        [("Environment", "AWS_ACCESS_KEY_ID is not set"), ("EcsContainer", "AWS_CONTAINER_")]
    {
        let config =
            format!("[p]\nrole_arn = arn:aws:iam::123456789012:role/a\ncredential_source = {source}\n");
        world.file(CREDENTIALS, &config);
        let error = error(&world, &HOME, Some("p"));
        assert!(error.contains(&format!("credential_source is {source}, but {told}")), "{error}");
    }
}

#[test]
fn debug_shows_neither_codes_nor_assertions() {
    let role = Role::new("arn:aws:iam::123456789012:role/a", "job")
        .mfa_code("arn:aws:iam::123456789012:mfa/alice", "654321")
        .provided_context("arn:aws:iam::aws:contextProvider/x", Secret::new("an-assertion".to_owned()));
    let shown = format!("{role:?}");
    assert!(!shown.contains("654321") && !shown.contains("an-assertion"), "{shown}");
}

#[cfg(unix)]
#[test]
fn commands_run_for_real_and_without_a_shell() {
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
    let told = run(&format!("echo $(touch {0}) ; touch {0}", touched.display())).unwrap_err().to_string();
    assert!(told.contains("Version 1"), "{told}");
    assert!(!touched.exists(), "no shell has run");
    for (command, says) in [
        ("false", "ended with an error"),
        ("no-such-command --at-all", "no such command"),
        ("'unfinished", "running the command"),
        ("yes", "too long"),
    ] {
        let told = run(command).unwrap_err().to_string();
        assert!(told.contains(says) && told.contains("profile default"), "{command}: {told}");
    }
    // What a command leaves running neither holds it up nor outlives its failure.
    let start = std::time::Instant::now();
    let printed = r#"sh -c 'sleep 30 2>&- & echo "{\"Version\":1,\"AccessKeyId\":\"AKIALEFT\",\"SecretAccessKey\":\"s\"}"'"#;
    assert_eq!(run(printed).unwrap().access_key_id(), "AKIALEFT");
    let pid = folder.join("pid");
    let failing = format!("sh -c 'sleep 30 2>&- & echo $! > {}; exit 1'", pid.display());
    assert!(run(&failing).is_err());
    assert!(start.elapsed() < std::time::Duration::from_secs(10));
    let pid = std::fs::read_to_string(pid).unwrap();
    let runs = || {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        !state.is_empty() && !state.contains(") Z ")
    };
    // It was told to end, and does when the system comes to it.
    while runs() {
        assert!(start.elapsed() < std::time::Duration::from_secs(20), "it still runs");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
