//! The command's cache: concurrent processes fetch credentials once.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::command::{Run, binary, rolecall};
use e2e::peer::{Act, Peer};

const DOCUMENT: &str = r#"{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"ASIAEXAMPLE",
    "SecretAccessKey":"c2VjcmV0c2VjcmV0","Token":"dG9rZW4=","Expiration":"2099-01-01T00:00:00Z"}"#;

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("cache-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

#[test]
fn thirty_two_processes_make_one_fetch() {
    let (peer, folder) = (Peer::imds(Act::ok(DOCUMENT)), folder("together"));
    let folder = folder.to_str().expect("text");
    let runs: Vec<Run> = std::thread::scope(|scope| {
        let start = || {
            rolecall(&["credentials", "--cache", folder], [("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url())])
        };
        let threads: Vec<_> = (0..32).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    for run in &runs {
        assert!(run.ok().contains("ASIAEXAMPLE"));
        assert_eq!(run.stderr, "");
    }
    assert_eq!(peer.requests(), 3, "a token, the role, its credentials");
}

#[test]
fn the_cache_is_only_used_if_a_directory_is_configured() {
    let (peer, folder) = (Peer::imds(Act::ok(DOCUMENT)), folder("variable"));
    let variables = [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url()),
        ("ROLECALL_CACHE", folder.to_str().expect("text")),
    ];
    for _ in 0..2 {
        assert!(rolecall(&["credentials"], variables).ok().contains("ASIAEXAMPLE"));
    }
    assert_eq!(peer.requests(), 3);
    for _ in 0..2 {
        assert!(rolecall(&["credentials"], [variables[0]]).ok().contains("ASIAEXAMPLE"));
    }
    assert_eq!(peer.requests(), 9);
}

#[test]
fn a_corrupt_cache_file_is_reported_and_replaced() {
    let (peer, folder) = (Peer::imds(Act::ok(DOCUMENT)), folder("broken"));
    let text = folder.to_str().expect("text");
    let run =
        || rolecall(&["credentials", "--cache", text], [("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url())]);
    run().ok();
    for entry in std::fs::read_dir(&folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|end| end == "json") {
            std::fs::write(path, "{").expect("written");
        }
    }
    let second = run();
    assert!(second.ok().contains("ASIAEXAMPLE"));
    assert!(second.stderr.contains("cache not used: ") && second.stderr.contains("malformed"), "{second:#?}");
    assert_eq!(run().stderr, "");
    assert_eq!(peer.requests(), 6);
}

/// Runs the command in `folder`, with these variables alone.
fn run_in(folder: &Path, cache: &Path, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(binary());
    command.args(["credentials", "--cache"]).arg(cache).current_dir(folder).env_clear();
    command.envs(variables.iter().copied()).env("AWS_EC2_METADATA_DISABLED", "true");
    let output = command.output().expect("the command starts");
    assert!(output.status.success(), "{output:?}");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    document["AccessKeyId"].as_str().expect("a key id").to_owned()
}

/// A command that prints the value of a shell expression as the key id.
fn printing(folder: &Path, name: &str, expression: &str) {
    let program = folder.join(name);
    let document =
        r#"{"Version":1,"AccessKeyId":"'"$id"'","SecretAccessKey":"s","Expiration":"2099-01-01T00:00:00Z"}"#;
    std::fs::write(&program, format!("#!/bin/sh\nid={expression}\necho '{document}'\n")).expect("a script");
    std::fs::set_permissions(program, PermissionsExt::from_mode(0o755)).expect("executable");
}

#[test]
fn a_process_in_another_folder_or_environment_has_an_entry_of_its_own() {
    let (root, cache) = (folder("surroundings"), folder("surroundings-cache"));
    let (a, b) = (root.join("a"), root.join("b"));
    for (folder, id) in [(&a, "FOLDERA"), (&b, "FOLDERB")] {
        std::fs::create_dir_all(folder.join("bin")).expect("a folder");
        printing(folder, "relative.sh", id);
        printing(&folder.join("bin"), "by-path", id);
    }
    printing(&root, "who.sh", "$WHO");
    let config = |command: &str| {
        let path = root.join("config");
        std::fs::write(&path, format!("[default]\ncredential_process = {command}\n")).expect("a file");
        path.to_str().expect("text").to_owned()
    };
    let text = |path: &Path| path.to_str().expect("text").to_owned();
    for _ in 0..2 {
        // A path that is relative to the folder.
        let file = config("./relative.sh");
        let variables = [("AWS_CONFIG_FILE", file.as_str())];
        assert_eq!(run_in(&a, &cache, &variables), "FOLDERA");
        assert_eq!(run_in(&b, &cache, &variables), "FOLDERB");
        // A variable.
        let file = config(&text(&root.join("who.sh")));
        for who in ["ALICEKEY", "BOBSKEY"] {
            let variables = [("AWS_CONFIG_FILE", file.as_str()), ("WHO", who), ("PATH", "/usr/bin:/bin")];
            assert_eq!(run_in(&a, &cache, &variables), who);
        }
        // A program that is found by PATH.
        let file = config("by-path");
        for (folder, id) in [(&a, "FOLDERA"), (&b, "FOLDERB")] {
            let path = format!("{}:/usr/bin:/bin", text(&folder.join("bin")));
            let variables = [("AWS_CONFIG_FILE", file.as_str()), ("PATH", &path)];
            assert_eq!(run_in(&root, &cache, &variables), id);
        }
    }
    let entries = std::fs::read_dir(&cache).expect("the cache");
    let files = entries
        .filter(|entry| entry.as_ref().expect("one").path().extension().is_some_and(|end| end == "json"));
    assert_eq!(files.count(), 6, "what is the same is not shared");
}

/// A machine of another name that has the same folder, as on a network file system.
#[test]
fn two_machines_that_share_a_folder_have_separate_entries() {
    let (peer, cache) = (Peer::imds(Act::ok(DOCUMENT)), folder("machines"));
    let run = |name: Option<&str>| {
        let script = format!(
            "{}exec {} credentials --cache {}",
            name.map(|name| format!("hostname {name} && ")).unwrap_or_default(),
            binary().display(),
            cache.display()
        );
        let mut command = Command::new("unshare");
        command.args(["--uts", "sh", "-c", &script]).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url()).output().expect("unshare")
    };
    if !run(None).status.success() {
        println!("NOTICE: skipped, another host name needs root");
        return;
    }
    assert_eq!(peer.requests(), 3);
    assert!(run(None).status.success());
    assert_eq!(peer.requests(), 3, "the same machine");
    assert!(run(Some("another")).status.success());
    assert_eq!(peer.requests(), 6, "another machine");
    assert!(run(Some("another")).status.success());
    assert_eq!(peer.requests(), 6);
}

#[test]
fn the_folder_is_the_one_that_the_user_means() {
    let home = folder("home");
    std::fs::create_dir_all(&home).expect("a folder");
    let peer = Peer::imds(Act::ok(DOCUMENT));
    let instance = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url());
    let with_home = [instance, ("HOME", home.to_str().expect("text"))];
    let here = || std::fs::read_dir(".").expect("a folder").count();
    let before = here();

    for option in ["", " ", "~bob/cache"] {
        let run = rolecall(&["credentials", "--cache", option], with_home);
        assert!(matches!(run.code, Some(1 | 2)) && run.stdout.is_empty(), "{run:#?}");
        assert!(run.stderr.contains("--cache"), "{run:#?}");
    }
    let without = rolecall(&["credentials", "--cache", "~/cache"], [instance]);
    assert!(without.code == Some(1) && without.stderr.contains("HOME is not set"), "{without:#?}");
    assert_eq!(peer.requests(), 0);

    rolecall(&["credentials", "--cache", "~/option"], with_home).ok();
    let variable = [&with_home[..], &[("ROLECALL_CACHE", "~/a/variable")]].concat();
    rolecall(&["credentials"], variable).ok();
    assert!(home.join("option").is_dir() && home.join("a/variable").is_dir());
    assert_eq!(here(), before, "something was created in the current folder");
}
