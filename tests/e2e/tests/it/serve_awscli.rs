//! The AWS CLI with the credentials of `serve` and of `exec`: each of its processes asks again.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use e2e::command::{binary, borrowed};
use rolecall_simulator::{Config, Service, Simulator, User};

/// Prints where credentials come from, then the account that STS says they are of, now and two seconds later.
const TWICE: &str = r#""$0" configure list | awk '$1 == "access_key" { print $3 }'
"$0" sts get-caller-identity --query Account --output text
sleep 2
"$0" sts get-caller-identity --query Account --output text"#;

const ONCE: &str = r#""$0" sts get-caller-identity --query Account --output text"#;

/// The CLI that `tests/run e2e` installs; a notice says so if it is missing, and with `CI` it is a failure.
fn aws_cli() -> Option<PathBuf> {
    let Some(found) = std::env::var_os("ROLECALL_AWS_CLI") else {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI is set, and ROLECALL_AWS_CLI is not: `tests/run e2e` sets it"
        );
        eprintln!(
            "NOTICE: ROLECALL_AWS_CLI is not set, and the AWS CLI is not asked here: `tests/run e2e` sets it"
        );
        return None;
    };
    let path = PathBuf::from(found);
    assert!(path.is_file(), "ROLECALL_AWS_CLI: {} is no file", path.display());
    Some(path)
}

/// The lines that a script prints below `rolecall` with these words and variables alone.
#[track_caller]
fn lines(cli: &PathBuf, variables: &[(&'static str, String)], words: &[&str], script: &str) -> Vec<String> {
    let mut command = Command::new(binary());
    command.args(words).args(["--", "sh", "-ec", script]).arg(cli);
    command.env_clear().envs(borrowed(variables)).env("PATH", "/usr/bin:/bin").env("HOME", "/nowhere");
    let output = command.output().expect("the command starts");
    assert_eq!(output.status.code(), Some(0), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

/// The access key ids of the requests that a service answered well, each once.
fn accepted(simulator: &Simulator, service: Service) -> Vec<String> {
    let events = simulator.events().into_iter();
    let of_service = events.filter(|event| event.service == service && event.code == "OK");
    let mut keys: Vec<String> = of_service.filter_map(|event| event.access_key_id).collect();
    keys.dedup();
    keys
}

#[test]
fn the_aws_cli_takes_credentials_unchanged_and_sees_them_refreshed() {
    let Some(cli) = aws_cli() else { return };
    let rows = [
        (&["serve"][..], "container-role", true),
        (&["exec", "--refresh"], "container-role", true),
        (&["serve", "--mode", "imds"], "iam-role", true),
        (&["exec"], "env", false),
    ];
    // At the same time: each takes its seconds.
    std::thread::scope(|scope| {
        for (words, method, refreshed) in rows {
            let cli = &cli;
            scope.spawn(move || {
                // Fixed ones would have ended.
                let seconds = if refreshed { 4 } else { 900 };
                let config = Config { container_lifetime: Duration::from_secs(seconds), ..Config::default() };
                let simulator = Simulator::start(config).expect("a simulator");
                let lines = lines(cli, &simulator.container_environment(), words, TWICE);
                assert_eq!(lines, [method, "111122223333", "111122223333"], "{words:?}");
                // STS verified the secret and the token of each.
                let (issued, used) =
                    (accepted(&simulator, Service::Container), accepted(&simulator, Service::Sts));
                assert_eq!(used.len(), if refreshed { 2 } else { 1 }, "{words:?}: {used:?}");
                assert!(used.iter().all(|key| issued.contains(key)), "{words:?}: {issued:?}, {used:?}");
            });
        }
    });
}

#[test]
fn the_aws_cli_takes_a_role_of_either_command() {
    let Some(cli) = aws_cli() else { return };
    let simulator = Simulator::start(Config::default()).expect("a simulator");
    for words in [["serve", "--role-arn", simulator.role_arn()], ["exec", "--role-arn", simulator.role_arn()]]
    {
        assert_eq!(lines(&cli, &simulator.environment(), &words, ONCE), ["444455556666"], "{words:?}");
    }
}

/// An empty token, which the endpoint has for them, is none to the CLI.
#[test]
fn the_aws_cli_takes_keys_without_a_token_of_either_command() {
    let Some(cli) = aws_cli() else { return };
    let user = User {
        arn: "arn:aws:iam::111122223333:user/build".to_owned(),
        access_key_id: "AKIDEXAMPLEAKIDEXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
    };
    let keys = [
        ("AWS_ACCESS_KEY_ID", user.access_key_id.clone()),
        ("AWS_SECRET_ACCESS_KEY", user.secret_access_key.clone()),
    ];
    let simulator = Simulator::start(Config { users: vec![user], ..Config::default() }).expect("a simulator");
    let variables = [simulator.environment(), keys.to_vec()].concat();
    for words in [["serve"], ["exec"]] {
        assert_eq!(lines(&cli, &variables, &words, ONCE), ["111122223333"], "{words:?}");
    }
    assert_eq!(accepted(&simulator, Service::Sts), ["AKIDEXAMPLEAKIDEXAMPLE"]);
}
