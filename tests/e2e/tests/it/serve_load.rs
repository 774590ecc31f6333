//! `rolecall serve` with a thousand clients at once.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use e2e::peer::{Act, Peer};
use e2e::served::Served;
use rolecall::{UnixTime, UnixTimeExt};

/// Resident memory above idle that a thousand clients may take, in KiB.
const GROWTH: u64 = 2 * 1024;

/// A container endpoint whose first credentials end soon. Later ones take a second to come.
fn upstream() -> Peer {
    let count = AtomicUsize::new(0);
    Peer::start(move |_| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        let life = if number == 0 { 2 } else { 3600 };
        if number > 0 {
            std::thread::sleep(Duration::from_secs(1));
        }
        let end = UnixTime::from_system_time(SystemTime::now() + Duration::from_secs(life)).expect("a time");
        Act::ok(format!(
            r#"{{"AccessKeyId":"ASIAFETCH{number}","SecretAccessKey":"c2VjcmV0","Token":"{}","Expiration":"{}"}}"#,
            "t".repeat(1500),
            end.rfc3339().as_str()
        ))
    })
}

/// A figure of the memory of a process, in KiB.
fn memory(process: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a figure");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// What that many clients get (`tests/lib/clients.py`).
#[track_caller]
fn clients(served: &Served, counts: &[&str]) -> serde_json::Value {
    let python = std::env::var("ROLECALL_PYTHON").expect("ROLECALL_PYTHON");
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../lib/clients.py"));
    command.arg(served.value("AWS_CONTAINER_CREDENTIALS_FULL_URI"));
    command.arg(served.value("AWS_CONTAINER_AUTHORIZATION_TOKEN")).args(counts);
    let output = command.output().expect("Python");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_thousand_clients_cost_one_fetch_and_little_memory() {
    let upstream = upstream();
    let variables = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", upstream.url()), ("AWS_REGION", "eu-west-1")];
    let served = Served::start(&[], &variables);
    assert_eq!(upstream.requests(), 1);
    let idle = memory(served.id(), "VmRSS:");
    // The peak is that of what follows.
    std::fs::write(format!("/proc/{}/clear_refs", served.id()), "5").expect("an own process");
    std::thread::sleep(Duration::from_millis(1500));
    let found = clients(&served, &["1000"]);
    assert_eq!(found["statuses"], serde_json::json!({"200": 1000}), "{found}");
    assert_eq!(found["keys"], serde_json::json!(["ASIAFETCH1"]), "{found}");
    assert_eq!(upstream.requests(), 2);
    let growth = memory(served.id(), "VmHWM:").saturating_sub(idle);
    eprintln!("1,000 clients: {growth} KiB above {idle} KiB, one fetch");
    assert!(growth < GROWTH, "{growth} KiB above {idle} KiB");
}

#[test]
fn clients_that_never_finish_a_request_give_way_to_others() {
    let keys =
        [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_REGION", "eu-west-1")];
    let served = Served::start(&[], &keys);
    let found = clients(&served, &["50", "1100"]);
    assert_eq!(found["statuses"], serde_json::json!({"200": 50}), "{found}");
    // Their time is ten seconds.
    assert!(found["seconds"].as_f64().is_some_and(|seconds| seconds < 5.0), "{found}");
}
