//! The default chain of the official SDK with the credentials of `rolecall serve` and `rolecall exec`.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use rolecall_simulator::{Config, Simulator};

use crate::{provider, run, short_lived};

/// The command: that of `ROLECALL_BINARY`, else the one of the packages, which is compiled.
fn rolecall() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(binary) = std::env::var_os("ROLECALL_BINARY") {
            let binary = PathBuf::from(binary);
            assert!(
                binary.is_file(),
                "ROLECALL_BINARY: {} is no file; unset it to compile one",
                binary.display()
            );
            return binary;
        }
        let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."));
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--locked", "--package", "rolecall-cli"]).current_dir(&root);
        // Cargo's variables about this test would make build scripts run again.
        for (name, _) in std::env::vars_os() {
            let about = name.to_string_lossy();
            if about.starts_with("CARGO_PKG_") || about.starts_with("CARGO_MANIFEST_") {
                cargo.env_remove(&name);
            }
        }
        assert!(cargo.status().expect("cargo starts").success(), "rolecall-cli does not compile");
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        target.join("debug/rolecall")
    })
}

/// The lines that the helper prints below `rolecall` with these words, for so many seconds: where the SDK has the
/// credentials from, their access key id, and their account.
#[track_caller]
fn lines(variables: &[(&str, String)], words: &[&str], seconds: &str) -> Vec<[String; 3]> {
    let mut command = Command::new(rolecall());
    command.args(words).args(["--", env!("CARGO_BIN_EXE_bridges-e2e"), seconds]);
    command.env_clear().envs(variables.iter().map(|(name, value)| (name, value))).env("HOME", "/nowhere");
    let output = command.output().expect("the command starts");
    assert!(output.status.success(), "{words:?}: {output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    let line =
        |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>().try_into().expect("three words");
    text.lines().map(line).collect()
}

#[test]
fn the_sdk_sees_credentials_refreshed_from_either_endpoint() {
    let rows = [
        (&["serve"][..], "EcsContainer"),
        (&["exec", "--refresh"], "EcsContainer"),
        (&["serve", "--mode", "imds"], "IMDSv2"),
    ];
    // At the same time: each takes its seconds.
    std::thread::scope(|scope| {
        for (words, from) in rows {
            scope.spawn(move || {
                let lines = lines(&short_lived(4).container_environment(), words, "4");
                assert!(lines.len() >= 2, "{words:?}: {lines:?}");
                for [source, _, account] in &lines {
                    assert_eq!((&**source, &**account), (from, "111122223333"), "{words:?}: {lines:?}");
                }
            });
        }
    });
}

#[test]
fn plain_exec_has_fixed_keys() {
    let lines = lines(&short_lived(4).container_environment(), &["exec"], "0");
    assert_eq!((lines.len(), &*lines[0][0]), (1, "EnvironmentVariable"), "{lines:?}");
}

/// STS verifies the secret and the token, which are not printed.
#[test]
fn the_keys_of_the_environment_arrive_unchanged() {
    let simulator = Simulator::start(Config::default()).expect("ports on loopback");
    let own = run(provider(simulator.container_environment()).credentials()).expect("credentials");
    let token = own.expose_session_token().expect("a token");
    let keys = [
        ("AWS_ACCESS_KEY_ID", own.access_key_id()),
        ("AWS_SECRET_ACCESS_KEY", own.expose_secret_access_key()),
        ("AWS_SESSION_TOKEN", token),
    ];
    let mut variables = simulator.environment();
    variables.extend(keys.map(|(name, value)| (name, value.to_owned())));
    for (words, from) in [(&["serve"][..], "EcsContainer"), (&["exec"], "EnvironmentVariable")] {
        let lines = lines(&variables, words, "0");
        let expected = [from, own.access_key_id(), "111122223333"];
        assert_eq!(lines, [expected.map(str::to_owned)], "{words:?}");
    }
}
