//! The AWS SDK for JavaScript with the credentials of `serve` and of `exec --refresh`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use e2e::command::{binary, borrowed};
use rolecall_simulator::{Config, Simulator};

/// The package, which npm installs.
const PACKAGE: &str = "@aws-sdk/credential-providers@3.1175.0";

const SCRIPT: &str = "const { fromNodeProviderChain } = require('@aws-sdk/credential-providers');
fromNodeProviderChain()().then((found) => console.log(found.accessKeyId, found.expiration > Date.now()));";

/// A folder with the package; a notice says so if there is no Node.js, no npm or no registry, and with `CI` it is a failure.
fn package() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("serve-node");
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut npm = Command::new("npm");
    npm.args([
        "install",
        "--silent",
        "--no-fund",
        "--no-audit",
        "--fetch-retries=0",
        "--fetch-timeout=10000",
        PACKAGE,
    ]);
    npm.current_dir(&folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if folder.join("node_modules/@aws-sdk/credential-providers").exists()
        || npm.status().is_ok_and(|status| status.success())
    {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "CI is set, and npm cannot install {PACKAGE}");
    eprintln!("NOTICE: npm cannot install {PACKAGE}, and the SDK for JavaScript is not asked here");
    None
}

#[test]
fn the_sdk_for_javascript_takes_credentials_of_either_endpoint() {
    let Some(folder) = package() else { return };
    let simulator = Simulator::start(Config::default()).expect("a simulator");
    let variables = simulator.environment();
    let path = std::env::var("PATH").expect("PATH");
    for words in [&["serve"][..], &["exec", "--refresh"], &["serve", "--mode", "imds"]] {
        let mut command = Command::new(binary());
        command.args(words).args(["--role-arn", simulator.role_arn(), "--", "node", "-e", SCRIPT]);
        command
            .current_dir(&folder)
            .env_clear()
            .envs(borrowed(&variables))
            .env("PATH", &path)
            .env("HOME", "/nowhere");
        let output = command.output().expect("the command starts");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.starts_with("ASIA") && text.ends_with(" true\n"), "{words:?}: {output:?}");
    }
}
