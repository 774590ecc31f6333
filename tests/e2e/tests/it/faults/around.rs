//! Proxies, processes, files and prompts as peers of the command: like a server, each ends with the credentials or
//! one clear error, in bounded time, memory and processor time.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use e2e::command::{Run, rolecall_weighed};
use e2e::peer::{Act, Peer, Then};

const KEYS: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "hidden-secret")];
const DOCUMENT: &str = r#"{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"hidden-secret"}"#;
/// Ten seconds, and what starting the command takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(14);
const MOST_MEMORY: u64 = 8 * 1024 * 1024;

/// What a row expects: words on standard output, or in the error.
enum Ends {
    With(&'static str),
    Failing(&'static str),
}

use Ends::{Failing, With};

/// Checks one run, and prints its line of the table.
#[track_caller]
fn check(kind: &str, name: &str, run: &Run, ends: &Ends) {
    let (took, cpu, peak) = (run.took.as_millis(), run.cpu().as_millis(), run.peak() / 1024);
    println!("{kind:<9} {name:<44} {took:>5} ms {cpu:>4} ms cpu {peak:>5} KiB {}", run.stderr.trim());
    match ends {
        With(words) => assert!(run.code == Some(0) && run.stdout.contains(words), "{name}: {run:#?}"),
        Failing(words) => {
            assert!(run.code == Some(1) && run.stdout.is_empty(), "{name}: {run:#?}");
            assert!(run.stderr.contains(words) && run.stderr.trim().lines().count() == 1, "{name}: {run:#?}");
        }
    }
    assert!(!run.stderr.contains("hidden-secret"), "{name}: {run:#?}");
    assert!(run.took < LIMIT && run.peak() < MOST_MEMORY, "{name}: {run:#?}");
    assert!(run.cpu() < run.took / 4 + Duration::from_millis(400), "{name}: {run:#?}");
}

/// Runs rows at once, because most of them wait.
fn all<R: Send>(rows: impl IntoIterator<Item = R>, run: impl Fn(R) + Sync) {
    let rows = Mutex::new(rows.into_iter().collect::<Vec<_>>());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(row) = { rows.lock().expect("no panic").pop() } {
                    run(row);
                }
            });
        }
    });
}

fn raw(text: &str, then: Then) -> Act {
    Act::Raw(text.as_bytes().to_vec(), then)
}

#[test]
fn proxies() {
    let slowly = Duration::from_millis(300);
    let established = "HTTP/1.1 200 Connection established\r\n\r\n";
    let rows: [(&str, Act, &str); 16] = [
        ("no reply", Act::STALL, "timed out"),
        ("closes at once", Act::CLOSE, "the peer closed the connection"),
        ("resets", raw("", Then::Reset), "the peer closed the connection"),
        ("half a status line", raw("HTTP/1.1 2", Then::Close), "the peer closed the connection"),
        ("half a head", raw("HTTP/1.1 200 OK\r\nX: y\r\n", Then::Stall), "timed out"),
        ("a byte now and then", Act::Drip("HTTP/1.1 200 OK\r\n".repeat(99).into(), slowly), "timed out"),
        (
            "a head without an end",
            Act::Endless(b"HTTP/1.1 200 OK\r\n".into(), b"X: y\r\n".into()),
            "connecting: ",
        ),
        (
            "a line without an end",
            Act::Endless(b"HTTP/1.1 200 OK\r\nX: ".into(), b"y".into()),
            "connecting: ",
        ),
        ("not HTTP", raw("SSH-2.0-OpenSSH_9.6\r\n\r\n", Then::Stall), "connecting: not an HTTP reply"),
        ("HTTP/2", raw("PRI * HTTP/2.0\r\n\r\n", Then::Close), "connecting: not an HTTP reply"),
        ("403", Act::page(403), "refused to connect"),
        ("407", Act::page(407), "the user and the password of the setting"),
        ("405", Act::page(405), "refused to connect"),
        ("502", Act::page(502), "refused to connect to sts.eu-west-1.amazonaws.com:443 (status 502)"),
        ("a tunnel that leads nowhere", raw(established, Then::Close), "the peer closed the connection"),
        ("a tunnel that says nothing", raw(established, Then::Stall), "timed out"),
    ];
    all(rows, |(name, act, words)| {
        let peer = Peer::start(move |_| act.clone());
        let proxy = peer.url().replace("http://", "http://user:hidden-secret@");
        let variables = [KEYS[0], KEYS[1], ("AWS_REGION", "eu-west-1"), ("HTTPS_PROXY", &proxy)];
        check("proxy", name, &rolecall_weighed(&["whoami"], variables), &Failing(words));
    });
}

fn file(name: &str, content: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("faults-{name}"));
    std::fs::write(&path, content).expect("a file");
    path
}

#[test]
fn processes() {
    let rows: [(&str, String, Ends); 13] = [
        ("prints a document", format!("echo '{DOCUMENT}'"), With("AKIDPROCESS")),
        (
            "prints it in pieces",
            format!("for c in '{{' '{}'; do printf %s \"$c\"; sleep 0.2; done", &DOCUMENT[1..]),
            With("AKIDPROCESS"),
        ),
        ("a byte order mark", format!("printf '\\357\\273\\277%s' '{DOCUMENT}'"), With("AKIDPROCESS")),
        ("a child that holds the pipe", format!("echo '{DOCUMENT}'; sleep 30 2>&1 &"), With("AKIDPROCESS")),
        (
            "a child that goes on writing",
            format!("echo '{DOCUMENT}'; (while sleep 0.02; do echo; done) 2>&1 &"),
            With("AKIDPROCESS"),
        ),
        (
            "much on standard error",
            format!("head -c 300000 /dev/zero | tr '\\0' x | fold >/dev/null; echo '{DOCUMENT}'"),
            With("AKIDPROCESS"),
        ),
        ("prints nothing", "true".to_owned(), Failing("malformed")),
        ("prints something else", "echo hello".to_owned(), Failing("malformed")),
        ("prints two documents", format!("echo '{DOCUMENT}{DOCUMENT}'"), Failing("malformed")),
        ("prints without an end", "yes".to_owned(), Failing("too long")),
        ("fails", format!("echo '{DOCUMENT}'; exit 3"), Failing("the command failed")),
        ("is killed", format!("echo '{DOCUMENT}'; kill -9 $$"), Failing("the command failed")),
        (
            "closes its output and fails",
            "exec >&-; sleep 0.3; exit 1".to_owned(),
            Failing("the command failed"),
        ),
    ];
    all(rows, |(name, script, ends)| {
        let id = name.replace(' ', "-");
        let script = file(&format!("{id}.sh"), &script);
        let config =
            file(&format!("{id}.ini"), &format!("[default]\ncredential_process = sh {}\n", script.display()));
        let variables = [("AWS_CONFIG_FILE", config.to_str().expect("text")), ("PATH", "/usr/bin:/bin")];
        check("process", name, &rolecall_weighed(&["credentials"], variables), &ends);
    });
}

#[test]
fn files() {
    let folder = env!("CARGO_TARGET_TMPDIR").to_owned();
    let fifo = format!("{folder}/faults-fifo");
    let _ = std::fs::remove_file(&fifo);
    assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success());
    let text = |path: PathBuf| path.to_str().expect("text").to_owned();
    let long = text(file("long", &"x = y\n".repeat(100_000)));
    let endless = text(file("lines", &format!("[default]\nx = a\n{}", " b\n".repeat(60_000))));
    let rows = [
        ("a FIFO", fifo, Failing("timed out")),
        ("a folder", folder, Failing("a directory, not a file")),
        ("an endless device", "/dev/zero".to_owned(), Failing("too long")),
        ("too long", long, Failing("too long")),
        ("many continuation lines", endless, Failing("no credentials found")),
        ("empty", "/dev/null".to_owned(), Failing("no credentials found")),
        ("a missing file", "/nonexistent".to_owned(), Failing("no credentials found")),
        ("a socket", "/proc/self/fd/0".to_owned(), Failing("no credentials found")),
    ];
    all(rows, |(name, path, ends)| {
        let variables = [("AWS_CONFIG_FILE", path.as_str()), ("AWS_EC2_METADATA_DISABLED", "true")];
        check("file", name, &rolecall_weighed(&["credentials"], variables), &ends);
    });
}

#[test]
fn prompts_without_a_terminal() {
    let role = ["--role-arn", "arn:aws:iam::123456789012:role/r", "--mfa-serial", "arn:aws:iam::1:mfa/u"];
    let pool = ["--cognito-identity-pool", "eu-west-1:5b22ff62-98c3-4b4b-9a4b-2b8b8c2f7f0d"];
    let user =
        ["--user-pool", "eu-west-1_abc", "--client-id", "client", "--username", "alice", "--send-password"];
    let signing_in = [&pool[..], &user].concat();
    for (name, arguments) in [("a code", &role[..]), ("a password", &signing_in)] {
        let arguments = [&["credentials"], arguments].concat();
        let run = rolecall_weighed(&arguments, [KEYS[0], KEYS[1], ("AWS_REGION", "eu-west-1")]);
        check("prompt", name, &run, &Failing("run it at a terminal"));
    }
}
