//! Values of options that cannot be used: refused before anything is read or sent, by the option's name, with what was
//! found and what was expected.

use std::path::Path;

use crate::command_line::OF_CREDENTIALS;
use e2e::command::rolecall;
use e2e::peer::{Act, Peer};

const ROLE: &str = "arn:aws:iam::123456789012:role/r";
const URL: &str = "https://b.s3.amazonaws.com/k";

/// Runs a command line that is refused, and returns the error.
#[track_caller]
fn refused(arguments: &[&str]) -> String {
    let peer = Peer::start(|_| Act::page(500));
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", peer.url()),
    ];
    let run = rolecall(arguments, variables);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{arguments:?}: {run:#?}");
    assert!(!run.stderr.contains("panicked"), "{run:#?}");
    assert_eq!(peer.requests(), 0, "{arguments:?}: a request was made");
    run.stderr
}

#[test]
fn a_number_out_of_range_is_named_with_its_range() {
    let role = ["credentials", "--role-arn", ROLE];
    let cross = ["setup", "cross-account", "--role", "r", "--trust", "123456789012"];
    for (command, option, values, range) in [
        (&["presign", URL][..], "--expires", &["0", "604801"][..], "from 1 to 604800"),
        (&role, "--duration-seconds", &["0", "899", "43201"], "from 900 to 43200"),
        (&cross, "--max-session-duration", &["0", "3599", "43201"], "from 3600 to 43200"),
        (&["setup", "cognito", "--name", "n"], "--max-session-duration", &["3599"], "from 3600 to 43200"),
        (&["whoami"], "--wait", &[], "from 0 to 4294967295"),
    ] {
        for value in values.iter().chain(&["4294967296", "-1", "1.5", "soon", "1h"]) {
            let error = refused(&[command, &[option, value]].concat());
            let found = format!("{option}: expected a whole number of seconds {range}, found {value:?}");
            assert!(error.contains(&found), "{error}");
        }
    }
}

#[test]
fn a_value_of_another_form_is_shown_unless_it_may_be_a_secret() {
    let role = ["credentials", "--role-arn", ROLE];
    let pools = ["setup", "cognito", "--name", "n"];
    let pool = ["credentials", "--cognito-identity-pool", "eu-west-1:pool"];
    for (command, option, value, parts) in [
        (&role[..], "--tag", "team", &["KEY=VALUE", "\"team\""][..]),
        (&role, "--tag", "=x", &["KEY=VALUE", "\"=x\""]),
        (&pools, "--login-provider", "graph.facebook.com", &["PROVIDER=APP", "\"graph.facebook.com\""]),
        (&pools, "--login-provider", " =1", &["PROVIDER=APP"]),
        (&["sign", "GET", URL], "--header", "X-Note", &["NAME:VALUE", "\"X-Note\"", "without a colon"]),
        (&["request", "GET", URL], "--header", ":x", &["NAME:VALUE", "no name before the colon"]),
        (&["presign", URL], "--header", "X-Key SECRET", &["NAME:VALUE", "\"X-Key\" and more"]),
        (&["presign", URL], "--header", "X-Key=SECRET", &["NAME:VALUE", "\"X-Key\" and more"]),
        (&pool, "--login", "SECRET", &["PROVIDER=TOKEN", "6 characters without ="]),
        (&pool, "--login", "=SECRET", &["PROVIDER=TOKEN", "nothing before the ="]),
        (&pool, "--login", "accounts.example=", &["PROVIDER=TOKEN", "nothing behind \"accounts.example\"="]),
    ] {
        let error = refused(&[command, &[option, value]].concat());
        assert!(error.starts_with(&format!("rolecall: {option}: ")), "{error}");
        assert!(parts.iter().all(|part| error.contains(part)), "{option} {value}: {error}");
        assert!(!error.contains("SECRET"), "{error}");
    }
    // A long one is shown in part.
    let error = refused(&[&role[..], &["--tag", &"x".repeat(500)]].concat());
    assert!(error.contains(&format!("{:?}...", "x".repeat(80))), "{error}");
}

#[test]
fn a_code_that_is_not_six_digits_is_counted_and_not_shown() {
    let device = ["credentials", "--role-arn", ROLE, "--mfa-serial", "arn:aws:iam::123456789012:mfa/a"];
    for (code, found) in [
        ("4821", "4 characters"),
        ("4821970", "7 characters"),
        ("482 197", "7 characters"),
        ("48219x", "6 characters, not all of them digits"),
        ("\u{0664}\u{0668}\u{0662}\u{0661}\u{0669}\u{0667}", "6 characters, not all of them digits"),
    ] {
        let error = refused(&[&device[..], &["--mfa-code", code]].concat());
        assert!(
            error.contains(&format!(
                "--mfa-code: expected the six digits that the device shows, found {found}"
            ))
        );
        assert!(!error.contains(code), "{error}");
    }
}

#[test]
fn an_empty_value_is_refused_where_it_means_nothing() {
    for (command, options) in [
        (&["credentials"][..], &OF_CREDENTIALS[..]),
        (&["presign", URL], &["--method", "--mqtt", "--expires", "--date", "--service", "--header"]),
        (&["setup", "ec2-role"], &["--role", "--instance-id", "--policy"]),
        (&["setup", "cognito"], &["--name", "--unauthenticated-policy", "--oidc-url", "--thumbprint"]),
    ] {
        for option in options {
            for empty in ["", " ", "\t\n"] {
                let error = refused(&[command, &[option, empty]].concat());
                assert!(
                    error.contains(&format!("{option}: expected a value, found an empty text")),
                    "{error}"
                );
                let error = refused(&[command, &[&format!("{option}={empty}")]].concat());
                assert!(error.contains(option) && error.contains("empty text"), "{error}");
            }
        }
    }
}

#[test]
fn an_empty_variable_is_the_same_as_one_that_is_not_set() {
    let config = Path::new(env!("CARGO_TARGET_TMPDIR")).join("option-values.ini");
    std::fs::write(&config, "[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = s\n")
        .expect("a file");
    for name in ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_USE_FIPS_ENDPOINT", "AWS_CREDENTIAL_EXPIRATION"] {
        for empty in ["", " ", "\n"] {
            let variables = [("AWS_CONFIG_FILE", config.to_str().expect("text")), (name, empty)];
            assert!(rolecall(&["credentials"], variables).ok().contains("AKIDDEFAULT"), "{name}={empty:?}");
        }
    }
}

#[test]
fn a_session_policy_that_is_none_is_refused_before_anything_is_sent() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("option-values.json");
    let file = file.to_str().expect("text");
    let role = ["credentials", "--role-arn", ROLE, "--policy"];
    for (policy, problem) in [
        ("{bad", "not a JSON object"),
        ("{\"Statement\":[]", "not a JSON object"),
        ("policy.json", "not a JSON object"),
        ("{}", "it has none"),
        ("[]", "it has none"),
        ("{\"Statement\":\"all\"}", "it has none"),
    ] {
        let expected = "expected a policy, a JSON object with \"Statement\"";
        let error = refused(&[&role[..], &[policy]].concat());
        assert!(error.contains(&format!("--policy {policy:?}: {expected}")), "{error}");
        assert!(error.contains(problem), "{error}");
        std::fs::write(file, policy).expect("a file");
        let error = refused(&[&role[..], &[&format!("@{file}")]].concat());
        assert!(error.contains(file) && error.contains(problem), "{error}");
    }
}
