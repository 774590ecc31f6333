//! boto3 with the credentials of `serve` and of `exec`: it takes them, signs with them, and sees them refreshed.

use std::process::Command;
use std::time::Duration;

use e2e::command::{binary, borrowed};
use rolecall_simulator::{Config, Simulator};

/// Asks for the identity again and again for some seconds, and prints where the credentials came from, and each access key
/// id with its account.
const SCRIPT: &str = "import sys, time, boto3, os
session = boto3.Session()
found = session.get_credentials()
seen, end = [], time.monotonic() + float(sys.argv[1])
while True:
    # It keeps those of instance metadata for minutes if they live shorter than that.
    if found.method == 'iam-role':
        session = boto3.Session()
        found = session.get_credentials()
    key = found.get_frozen_credentials().access_key
    if key not in seen:
        sts = session.client('sts', endpoint_url=os.environ['AWS_ENDPOINT_URL_STS'])
        seen.append(key)
        print(found.method, key, sts.get_caller_identity()['Account'], session.region_name, flush=True)
    if time.monotonic() > end:
        break
    time.sleep(0.1)";

/// The lines that boto3 prints below `rolecall` with these words, for so many seconds.
#[track_caller]
fn lines(simulator: &Simulator, words: &[&str], seconds: &str) -> Vec<Vec<String>> {
    let variables = simulator.container_environment();
    let python = std::env::var("ROLECALL_PYTHON").expect("ROLECALL_PYTHON");
    let mut command = Command::new(binary());
    command.args(words).args(["--", &python, "-c", SCRIPT, seconds]);
    command.env_clear().envs(borrowed(&variables)).env("PATH", "/usr/bin:/bin").env("HOME", "/nowhere");
    let output = command.output().expect("the command starts");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(|line| line.split(' ').map(str::to_owned).collect()).collect()
}

/// Services whose credentials live for four seconds.
fn short_lived() -> Simulator {
    let config = Config { container_lifetime: Duration::from_secs(4), ..Config::default() };
    Simulator::start(config).expect("a simulator")
}

#[test]
fn boto3_sees_credentials_refreshed_from_either_endpoint() {
    let rows = [
        (&["serve"][..], "container-role"),
        (&["exec", "--refresh"], "container-role"),
        (&["serve", "--mode", "imds"], "iam-role"),
    ];
    // At the same time: each takes its seconds.
    std::thread::scope(|scope| {
        for (words, method) in rows {
            scope.spawn(move || is_refreshed(words, method));
        }
    });
}

#[track_caller]
fn is_refreshed(words: &[&str], method: &str) {
    let simulator = short_lived();
    let lines = lines(&simulator, words, "4");
    assert!(lines.len() >= 2, "{words:?}: {lines:?}");
    for line in &lines {
        assert_eq!(
            (&*line[0], &*line[2], &*line[3]),
            (method, "111122223333", simulator.region()),
            "{words:?}"
        );
    }
}

#[test]
fn plain_exec_has_fixed_keys_as_before() {
    let lines = lines(&short_lived(), &["exec"], "1");
    assert_eq!((lines.len(), &*lines[0][0]), (1, "env"), "{lines:?}");
}

#[test]
fn boto3_takes_a_role_of_either_endpoint() {
    let simulator = Simulator::start(Config::default()).expect("a simulator");
    let role = ["--role-arn", simulator.role_arn()];
    for words in [&["serve"][..], &["exec", "--refresh"], &["serve", "--mode", "imds"]] {
        let lines = lines(&simulator, &[words, &role].concat(), "0");
        assert_eq!((lines.len(), &*lines[0][2]), (1, "444455556666"), "{words:?}: {lines:?}");
    }
}
