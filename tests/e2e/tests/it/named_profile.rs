//! A named profile is an identity: it has credentials, or the command fails and names it; the identity of the environment
//! is never used in its place.

use std::path::Path;

use e2e::command::{Run, borrowed, rolecall};
use rolecall_simulator::{Config, Service, Simulator};

const REGION_ONLY: &str = "[profile dev]\nregion = eu-central-1\n";
const KEYS: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT"), ("AWS_SECRET_ACCESS_KEY", "secret-of-the-environment")];

/// Settings of profiles that are about credentials, and lead to none.
const UNUSABLE: [(&str, &str); 6] = [
    ("aws_access_key_id", "aws_access_key_id = AKIDHALF\n"),
    ("aws_secret_access_key", "aws_secret_access_key = half\n"),
    ("aws_session_token", "aws_session_token = alone\n"),
    ("role_arn", "role_arn = arn:aws:iam::123456789012:role/r\n"),
    ("web_identity_token_file", "web_identity_token_file = /nonexistent\n"),
    ("source_profile", "source_profile = other\n"),
];

fn run(name: &str, config: &str, arguments: &[&str], more: &[(&str, &str)]) -> Run {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("named-profile-{name}.ini"));
    std::fs::write(&file, config).expect("a file");
    let mut variables = vec![("AWS_CONFIG_FILE", file.to_str().expect("text"))];
    variables.extend(more);
    rolecall(arguments, variables)
}

fn metadata_requests(simulator: &Simulator) -> usize {
    simulator.events().iter().filter(|event| event.service == Service::Imds).count()
}

/// A name from a file of a project's environment writes no line of its own.
#[test]
fn a_name_with_a_control_character_is_refused_and_escaped() {
    for name in ["x\u{1b}[31m", "x\nrolecall: fake", "x\u{85}"] {
        let by_variable = run("control", REGION_ONLY, &["credentials"], &[("AWS_PROFILE", name)]);
        let by_option = run("control", REGION_ONLY, &["credentials", "--profile", name], &KEYS);
        for run in [by_variable, by_option] {
            assert_eq!(run.code, Some(1), "{}", run.stderr);
            assert!(
                run.stderr.contains(&format!("the profile {name:?} has a control character")),
                "{}",
                run.stderr
            );
            assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        }
    }
}

#[test]
fn keys_of_the_environment_do_not_replace_a_named_profile() {
    let off = [&KEYS[..], &[("AWS_EC2_METADATA_DISABLED", "true")]].concat();
    for command in [&["credentials"][..], &["whoami"], &["presign", "https://b.s3.eu-west-1.amazonaws.com/k"]]
    {
        let arguments = [command, &["--profile", "dev"]].concat();
        let run = run("keys", REGION_ONLY, &arguments, &off);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains("profile dev") && !run.stdout.contains("AKIDENVIRONMENT"), "{run:#?}");
    }
    // Named by the variable, the environment goes first, as in every SDK.
    let named = [&off[..], &[("AWS_PROFILE", "dev")]].concat();
    assert!(run("variable", REGION_ONLY, &["credentials"], &named).ok().contains("AKIDENVIRONMENT"));
}

#[test]
fn a_web_identity_of_the_environment_does_not_replace_a_named_profile() {
    let simulator = Simulator::start(Config::default()).expect("ports on loopback");
    let token = Path::new(env!("CARGO_TARGET_TMPDIR")).join("named-profile-token");
    std::fs::write(&token, "header.payload.signature").expect("a file");
    let mut variables = simulator.environment();
    variables.push(("AWS_ROLE_ARN", simulator.role_arn().to_owned()));
    variables.push(("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().expect("text").to_owned()));
    variables.push(("AWS_EC2_METADATA_DISABLED", "true".to_owned()));
    let run = run("token", REGION_ONLY, &["credentials", "--profile", "dev"], &borrowed(&variables));
    assert!(run.stderr.contains("profile dev") && run.code == Some(1), "{run:#?}");
    assert_eq!(simulator.events(), [], "STS is not asked");
}

#[test]
fn a_named_profile_with_a_setting_that_cannot_be_used_is_an_error() {
    let simulator = Simulator::start(Config::default()).expect("ports on loopback");
    let variables = simulator.environment();
    for (property, line) in UNUSABLE {
        let config = format!("[profile dev]\n{line}");
        let named = [&borrowed(&variables)[..], &[("AWS_PROFILE", "dev")]].concat();
        for (arguments, variables) in [
            (&["credentials", "--profile", "dev"][..], borrowed(&variables)),
            (&["credentials"], named),
            (&["credentials", "--profile", "dev"], [&borrowed(&variables)[..], &KEYS].concat()),
        ] {
            let run = run(property, &config, arguments, &variables);
            assert_eq!(run.code, Some(1), "{property}: {run:#?}");
            assert!(run.stderr.contains("profile dev"), "{property}: {run:#?}");
        }
        let explained = run(property, &config, &["explain", "--profile", "dev"], &borrowed(&variables));
        assert_eq!(explained.code, Some(1), "{property}: {explained:#?}");
        assert!(explained.stdout.contains("misconfigured profile dev"), "{property}: {explained:#?}");
    }
    assert!(
        run("named", "[profile dev]\nsource_profile = x\n", &["explain", "--profile", "dev"], &[])
            .stdout
            .contains("source_profile")
    );
}

#[test]
fn a_named_profile_without_credential_settings_goes_on_to_the_instance_and_says_so() {
    for by_variable in [false, true] {
        let simulator = Simulator::start(Config::default()).expect("ports on loopback");
        let mut variables = simulator.environment();
        let mut arguments = vec!["credentials"];
        if by_variable {
            variables.push(("AWS_PROFILE", "dev".to_owned()));
        } else {
            arguments.extend(["--profile", "dev"]);
        }
        let run = run("instance", REGION_ONLY, &arguments, &borrowed(&variables));
        assert!(run.ok().contains("AccessKeyId"), "{run:#?}");
        assert!(run.stderr.contains("profile dev has no credential settings"), "{run:#?}");
        assert_eq!(metadata_requests(&simulator), 3);
    }
    // The default profile may be silent.
    let simulator = Simulator::start(Config::default()).expect("ports on loopback");
    let run = run(
        "default",
        "[default]\nregion = eu-central-1\n",
        &["credentials"],
        &borrowed(&simulator.environment()),
    );
    assert!(run.ok().contains("AccessKeyId") && run.stderr.is_empty(), "{run:#?}");
}

#[test]
fn explain_lists_what_a_named_profile_leaves_out() {
    let off = [&KEYS[..], &[("AWS_EC2_METADATA_DISABLED", "true")]].concat();
    let run = run("explain", REGION_ONLY, &["explain", "--profile", "dev"], &off);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(
        run.stdout.contains("skipped       environment: not used, because profile dev is named"),
        "{run:#?}"
    );
    assert!(run.stdout.contains("profile dev: it has no credential settings"), "{run:#?}");
}
