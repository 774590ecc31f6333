//! `rolecall serve -- COMMAND`, and how a server starts and ends.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use e2e::command::{binary, rolecall};
use e2e::peer::{Act, Peer};
use e2e::served::{Served, serve_command, signal};

const KEYS: [(&str, &str); 5] = [
    ("PATH", "/usr/bin:/bin"),
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    ("AWS_REGION", "eu-west-1"),
    ("HOME", "/nowhere"),
];

fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("serve-{name}"));
    std::fs::write(&path, text).expect("a file");
    path
}

/// The environment that a command gets.
#[track_caller]
fn environment(words: &[&str], more: &[(&str, &str)]) -> HashMap<String, String> {
    let run = rolecall(&[words, &["--", "env"]].concat(), [&KEYS[..], more].concat());
    let pairs = run.ok().lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn the_command_gets_an_endpoint_and_no_other_credentials() {
    let stale = [
        ("AWS_PROFILE", "default"),
        ("AWS_SESSION_TOKEN", ""),
        ("AWS_CREDENTIAL_EXPIRATION", "2099-01-01T00:00:00Z"),
        ("AWS_ROLE_ARN", "arn"),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/x"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_BEARER_TOKEN_BEDROCK", "x"),
        ("LISTEN_PID", "1"),
    ];
    let config = file("default.ini", "[default]\nregion = eu-north-1\n");
    let plain = ("AWS_CONFIG_FILE", config.to_str().expect("text"));
    for words in [&["serve"][..], &["exec", "--refresh"]] {
        let found = environment(words, &[&stale[..], &[plain]].concat());
        assert!(found["AWS_CONTAINER_CREDENTIALS_FULL_URI"].starts_with("http://127.0.0.1:"), "{found:?}");
        assert_eq!(found["AWS_CONTAINER_AUTHORIZATION_TOKEN"].len(), 32);
        assert_eq!((&*found["AWS_REGION"], &*found["AWS_DEFAULT_REGION"]), ("eu-west-1", "eu-west-1"));
        for name in
            stale.map(|(name, _)| name).into_iter().chain(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
        {
            assert!(!found.contains_key(name), "{name}: {found:?}");
        }
        assert_eq!(found["AWS_CONFIG_FILE"], plain.1);
    }
    // SDKs would prefer the keys of the profile default.
    let config =
        file("default-keys.ini", "[default]\naws_access_key_id = AKIDOTHER\naws_secret_access_key = s\n");
    let found = environment(&["serve"], &[("AWS_CONFIG_FILE", config.to_str().expect("text"))]);
    assert_eq!(
        (&*found["AWS_CONFIG_FILE"], &*found["AWS_SHARED_CREDENTIALS_FILE"]),
        ("/dev/null", "/dev/null")
    );
    let found = environment(&["serve", "--mode", "imds"], &stale[6..7]);
    assert!(found["AWS_EC2_METADATA_SERVICE_ENDPOINT"].starts_with("http://127.0.0.1:"), "{found:?}");
    assert!(!found.contains_key("AWS_EC2_METADATA_DISABLED"), "{found:?}");
    let token = file("token", "");
    let found = environment(&["serve", "--token-file", token.to_str().expect("text")], &[]);
    assert_eq!(found["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"], token.to_str().expect("text"));
    assert!(!found.contains_key("AWS_CONTAINER_AUTHORIZATION_TOKEN"), "{found:?}");
}

#[test]
fn the_exit_code_is_that_of_the_command() {
    for (words, code) in [
        (&["sh", "-c", "exit 7"][..], 7),
        (&["sh", "-c", "kill -KILL $$"], 128 + 9),
        (&["sh", "-c", "kill -TERM $$"], 128 + 15),
        (&["true"], 0),
        (&["no-such-command"], 127),
        (&["/"], 126),
    ] {
        for name in [&["serve"][..], &["exec", "--refresh"]] {
            let run = rolecall(&[name, &["--"], words].concat(), KEYS);
            assert_eq!(run.code, Some(code), "{words:?}: {run:#?}");
            // Long-term keys, which the SDK for Rust refuses without saying why.
            let (note, rest) = run.stderr.split_once('\n').expect("a note");
            let about = format!("rolecall: {}: these credentials have no session token", name[0]);
            assert!(note.starts_with(&about), "{run:#?}");
            if code > 0 && words[0] != "sh" {
                assert!(rest.starts_with(&format!("rolecall: {}: {:?}: ", name[0], words[0])), "{run:#?}");
            } else {
                assert_eq!(rest, "");
            }
        }
    }
}

#[test]
fn without_credentials_nothing_is_run_or_printed() {
    let none = [("AWS_EC2_METADATA_DISABLED", "true"), ("HOME", "/nowhere"), ("PATH", "/usr/bin:/bin")];
    for words in
        [&["serve"][..], &["serve", "--", "echo", "run"], &["exec", "--refresh", "--", "echo", "run"]]
    {
        let run = rolecall(words, none);
        assert_eq!(run.failed(), rolecall(&["credentials"], none).stderr, "{words:?}");
    }
    let nested =
        rolecall(&["exec", "--refresh", "--", "true"], [&KEYS[..], &[("ROLECALL_EXEC", "1")]].concat());
    assert_eq!(nested.code, Some(2), "{nested:#?}");
}

/// A server with a command that prints `ready` and the signals that it gets, and ends at SIGTERM.
fn with_command() -> (Child, BufReader<std::process::ChildStdout>) {
    let script = "trap 'echo INT' INT; trap 'echo HUP' HUP; trap 'echo TERM; exit 3' TERM; echo ready; \
                  while :; do sleep 0.1; done";
    let mut child = serve_command(&["--", "sh", "-c", script], &KEYS).spawn().expect("the command starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped"));
    assert_eq!(line(&mut lines), "ready");
    (child, lines)
}

fn line(lines: &mut impl BufRead) -> String {
    let mut line = String::new();
    lines.read_line(&mut line).expect("text");
    line.trim_end().to_owned()
}

#[test]
fn signals_reach_the_command_which_ends_the_server() {
    let (mut child, mut lines) = with_command();
    for name in ["HUP", "INT", "TERM"] {
        signal(child.id(), name);
        assert_eq!(line(&mut lines), name);
    }
    assert_eq!(child.wait().expect("a child").code(), Some(3));
}

#[test]
fn a_signal_ends_a_server_at_once_and_in_order() {
    for name in ["TERM", "INT", "HUP"] {
        let mut served = Served::start(&[], &KEYS);
        let idle = served.connect();
        let start = Instant::now();
        served.signal(name);
        assert_eq!(served.exit_code(), Some(0), "SIG{name}");
        assert!(start.elapsed() < Duration::from_secs(1), "SIG{name}: {:?}", start.elapsed());
        drop(idle);
    }
}

#[test]
fn a_signal_while_credentials_are_fetched_ends_it_too() {
    let upstream = Peer::start(|_| Act::STALL);
    let variables = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", upstream.url())];
    // A command that was not run has not succeeded.
    for (words, code) in [(&["--wait", "60"][..], 0), (&["--wait", "60", "--", "true"], 128 + 15)] {
        let asked = upstream.requests();
        let mut child = serve_command(words, &variables).spawn().expect("the command starts");
        while upstream.requests() == asked {
            std::thread::sleep(Duration::from_millis(10));
        }
        let start = Instant::now();
        signal(child.id(), "TERM");
        assert_eq!(child.wait().expect("a child").code(), Some(code), "{words:?}");
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
}

#[test]
fn systemd_hands_over_the_socket_and_is_notified() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("serve-notify");
    let _ = std::fs::remove_file(&path);
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
    let received = || {
        let mut bytes = [0; 64];
        let count = socket.recv(&mut bytes).expect("a message");
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    // As systemd does: the socket is descriptor 3 of the process that is named.
    let script = "import os, socket, sys\n\
                  listener = socket.create_server(('127.0.0.1', 0))\n\
                  os.dup2(listener.fileno(), 3)\n\
                  os.set_inheritable(3, True)\n\
                  os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))\n\
                  os.execv(sys.argv[1], sys.argv[1:])";
    let python = std::env::var("ROLECALL_PYTHON").expect("ROLECALL_PYTHON");
    let mut command = Command::new(python);
    command
        .args(["-c", script])
        .arg(binary())
        .arg("serve")
        .env_clear()
        .envs(KEYS)
        .env("NOTIFY_SOCKET", &path);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut served = Served::of(command);
    assert_eq!(received(), "READY=1");
    let got = served.ask(&["GET /credentials HTTP/1.1", "Host: HOST", "Authorization: TOKEN"]);
    assert_eq!(got.status, 200, "{got:?}");
    assert_eq!(served.exit_code(), Some(0));
    assert_eq!(received(), "STOPPING=1");
}

#[test]
fn a_fetch_that_fails_is_what_clients_get_and_not_its_secrets() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let upstream = Peer::start(move |_| {
        if count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) > 0 {
            return Act::Reply(403, String::new(), br#"{"code":"Denied","message":"no more"}"#.to_vec());
        }
        let end = std::time::SystemTime::now() + Duration::from_secs(1);
        let end =
            <rolecall::UnixTime as rolecall::UnixTimeExt>::from_system_time(end).expect("a time").rfc3339();
        let document = r#"{"AccessKeyId":"ASIAFIRST","SecretAccessKey":"c2VjcmV0","Token":"dG9rZW4","Expiration":"END"}"#;
        Act::ok(document.replace("END", end.as_str()))
    });
    let variables = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", upstream.url()), ("AWS_REGION", "eu-west-1")];
    let mut served = Served::start(&[], &variables);
    let mut errors = served.errors();
    std::thread::sleep(Duration::from_millis(1500));
    let got = served.ask(&["GET /credentials HTTP/1.1", "Host: HOST", "Authorization: TOKEN"]);
    assert_eq!(got.status, 500, "{got:?}");
    assert!(got.body.contains("CredentialsUnavailable") && got.body.contains("no more"), "{got:?}");
    let asked = upstream.requests();
    for _ in 0..20 {
        assert_eq!(
            served.ask(&["GET /credentials HTTP/1.1", "Host: HOST", "Authorization: TOKEN"]).status,
            500
        );
    }
    assert_eq!(upstream.requests(), asked);
    served.exit_code();
    let mut said = String::new();
    errors.read_to_string(&mut said).expect("text");
    assert_eq!(said.lines().count(), 1, "{said}");
    for secret in ["c2VjcmV0", "dG9rZW4"] {
        assert!(!got.body.contains(secret) && !said.contains(secret), "{got:?} {said}");
    }
}
