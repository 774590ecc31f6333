//! The command's cache: concurrent processes fetch credentials once.

use std::path::PathBuf;

use e2e::command::{Run, rolecall};
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
