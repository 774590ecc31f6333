//! The command line: values of options, unknown words, and the help of each command.

use std::path::Path;

use e2e::command::{Run, rolecall};
use e2e::peer::{Act, Peer};

const KEYS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_REGION", "eu-west-1")];

/// The options of `credentials` that take a value.
pub(crate) const OF_CREDENTIALS: [&str; 34] = [
    "--profile",
    "--region",
    "--cache",
    "--wait",
    "--format",
    "--role-arn",
    "--role-session-name",
    "--duration-seconds",
    "--external-id",
    "--policy",
    "--policy-arn",
    "--tag",
    "--transitive-tag",
    "--mfa-serial",
    "--mfa-code",
    "--source-identity",
    "--cognito-identity-pool",
    "--cognito-identity-id",
    "--login",
    "--user-pool",
    "--client-id",
    "--username",
    "--custom-role-arn",
    "--identity-role-arn",
    "--iot-endpoint",
    "--role-alias",
    "--thing-name",
    "--trust-anchor-arn",
    "--profile-arn",
    "--cert",
    "--key",
    "--chain",
    "--key-passphrase-file",
    "--ca",
];

/// Options with a value, each with a command that takes it.
const WITH_VALUE: [(&[&str], &[&str]); 5] = [
    (&["credentials"], &OF_CREDENTIALS),
    (&["request", "GET", "http://127.0.0.1:9/"], &["-H", "--header", "--service"]),
    (&["presign", "http://127.0.0.1:9/"], &["--method", "--mqtt", "--expires", "--date", "-H"]),
    (&["setup", "ec2-role"], &["--role", "--instance-id"]),
    (
        &["setup", "cognito"],
        &["--name", "--unauthenticated-policy", "--login-provider", "--oidc-url", "--thumbprint"],
    ),
];

#[track_caller]
fn wrong_usage(run: &Run) -> &str {
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:#?}");
    assert!(!run.stderr.contains("panicked"), "{run:#?}");
    &run.stderr
}

#[test]
fn an_option_is_not_the_value_of_another() {
    // Nothing may be asked before the command line is understood.
    let peer = Peer::start(|_| Act::page(500));
    let url = peer.url().to_owned();
    let environment = KEYS.into_iter().chain([("AWS_ENDPOINT_URL", url.as_str())]);
    for (command, options) in WITH_VALUE {
        for option in options {
            for forgotten in ["--verbose", "--dry-run", "--no-such-option", "--", "--format=env", "-v", "-H"]
            {
                let run = rolecall(&[command, &[option, forgotten]].concat(), environment.clone());
                let error = wrong_usage(&run);
                let name = if *option == "-H" { "--header" } else { option };
                assert!(error.contains(name) && error.contains(forgotten), "{option} {forgotten}: {error}");
            }
        }
    }
    assert_eq!(peer.requests(), 0, "a command was run");
}

#[test]
fn a_value_after_an_equals_sign_may_begin_with_hyphens() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("command-line.ini");
    std::fs::write(
        &folder,
        "[profile --verbose]\naws_access_key_id = AKIDHYPHENS\naws_secret_access_key = secret\n",
    )
    .expect("a file");
    let config = [("AWS_CONFIG_FILE", folder.to_str().expect("text"))];
    let run = rolecall(&["credentials", "--profile=--verbose", "--format=json"], config);
    assert!(run.ok().contains("AKIDHYPHENS"), "{run:#?}");
    // Other values that begin with one hyphen are values.
    let run = rolecall(&["credentials", "--profile", "-x-"], config);
    assert!(run.failed().contains("profile -x-"), "{run:#?}");
}

#[test]
fn a_body_may_begin_as_an_option_does() {
    let arguments = ["sign", "PUT", "https://b.s3.amazonaws.com/k", "--date", "20150830T123600Z"];
    for body in ["--verbose", "--", "-v", "---"] {
        let separate = rolecall(&[&arguments[..], &["-d", body]].concat(), KEYS);
        let joined = rolecall(&[&arguments[..], &[&format!("--data={body}")]].concat(), KEYS);
        assert_eq!(separate.ok(), joined.ok(), "{body}");
        let without = rolecall(&arguments, KEYS);
        assert_ne!(separate.ok(), without.ok(), "{body}");
    }
}

#[test]
fn a_dry_run_stays_one() {
    let peer = Peer::start(|_| Act::page(500));
    let url = peer.url().to_owned();
    let environment = KEYS.into_iter().chain([("AWS_ENDPOINT_URL", url.as_str())]);
    let run = rolecall(&["setup", "ec2-role", "--role", "r", "--instance-id", "--dry-run"], environment);
    assert!(wrong_usage(&run).contains("--instance-id"), "{run:#?}");
    assert_eq!(peer.requests(), 0);
}

#[test]
fn an_unknown_word_is_named() {
    for (arguments, word) in [
        (&["frobnicate"][..], "frobnicate"),
        (&["Credentials"], "Credentials"),
        (&["ec2-role"], "ec2-role"),
        (&["frobnicate", "--help"], "frobnicate"),
        (&["help", "frobnicate"], "frobnicate"),
        (&["help", "credentials", "extra"], "extra"),
        (&["help", "setup", "ec3-role"], "ec3-role"),
        (&["help", "setup", "ec2-role", "extra"], "extra"),
        (&["setup", "ec3-role", "--help"], "ec3-role"),
        (&["setup", "ec3-role", "--role", "r"], "ec3-role"),
        (&["setup", "ec2-role", "extra", "--role", "r"], "extra"),
        (&["whoami", "extra"], "extra"),
        (&["request", "GET", "http://127.0.0.1:9/", "extra"], "extra"),
        (&["whoami", "--frobnicate"], "--frobnicate"),
        (&["whoami", "--help", "--frobnicate"], "--frobnicate"),
        (&["whoami", "-x"], "-x"),
        (&["whoami", "--rol-arn", "x"], "did you mean --role-arn?"),
        (&["whoami", "--porfile=x"], "did you mean --profile?"),
        (&["whoami", "--canonicl"], "did you mean --canonical?"),
        (&["sign", "--expiers", "5"], "did you mean --expires?"),
        (&["credential"], "did you mean credentials?"),
        (&["whoami", "--region", "eu-west-1", "--region", "us-east-1"], "--region is given twice"),
        (&["request", "GET", "http://127.0.0.1:9/", "-d", "a", "-d", "b"], "--data is given twice"),
        (&["whoami", "--verbose=yes"], "yes"),
        (&["credentials", "--format=yaml"], "yaml"),
        (&["presign", "http://127.0.0.1:9/", "--expires", "soon"], "soon"),
        (&["demo", "--region", "eu-west-1"], "--region"),
        (&["demo", "--undo"], "--undo"),
    ] {
        let run = rolecall(arguments, KEYS);
        let error = wrong_usage(&run);
        assert!(error.contains(word) && error.contains("--help"), "{arguments:?}: {error}");
    }
}

#[test]
fn each_command_has_a_help_of_its_own() {
    for (command, has, has_not) in [
        (
            &["credentials"][..],
            &["--format", "--role-arn", "--profile"][..],
            &["--json", "--undo", "--data"][..],
        ),
        (
            &["exec"],
            &["-- COMMAND", "rolecall exec --profile build -- aws s3 ls", "--role-arn"],
            &["--format"],
        ),
        (&["whoami"], &["--external-id"], &["--format", "--role NAME"]),
        (&["explain"], &["--json"], &["--format"]),
        (&["request"], &["METHOD URL", "--header", "--data", "--service"], &["--date", "--expires"]),
        (&["sign"], &["--canonical", "--date", "--data"], &["--expires"]),
        (&["presign"], &["--header", "--expires", "--method"], &["--data"]),
        (
            &["setup"],
            &["ec2-role", "ecs-role", "cross-account", "cognito", "--undo", "--json"],
            &["--format"],
        ),
        (&["setup", "ec2-role"], &["--role NAME", "--instance-id", "--undo"], &["--image", "--external-id"]),
        (&["setup", "ecs-role"], &["--image", "--security-group"], &["--instance-id", "--trust ACCOUNT"]),
        (&["setup", "cross-account"], &["--trust", "--external-id"], &["--image"]),
        (&["setup", "cognito"], &["--name NAME", "--oidc-url", "--password-stdin"], &["--role NAME"]),
        (&["demo"], &["--tamper"], &["--profile", "--role-arn", "--undo"]),
    ] {
        let forms = [
            [command, &["--help"]].concat(),
            [command, &["-h"]].concat(),
            [&["--help"], command].concat(),
            [&["help"], command].concat(),
            [&["help"], command, &["--help"]].concat(),
        ];
        let texts = forms.map(|arguments| rolecall(&arguments, KEYS).ok().to_owned());
        assert!(texts.iter().all(|text| *text == texts[0]), "{command:?}: {texts:#?}");
        let [text, ..] = texts;
        assert!(text.contains(&format!("usage: rolecall {}", command.join(" "))), "{text}");
        for option in has {
            assert!(text.contains(option), "{command:?}: {option}: {text}");
        }
        for option in has_not {
            let listed = text.lines().any(|line| line.trim_start().starts_with(option));
            assert!(!listed, "{command:?}: {option}: {text}");
        }
    }
    let [overview, by_word] =
        [&["--help"][..], &["help"]].map(|arguments| rolecall(arguments, KEYS).ok().to_owned());
    assert_eq!(overview, by_word);
    assert!(overview.lines().count() <= 75 && overview.contains("rolecall COMMAND --help"), "{overview}");
}
