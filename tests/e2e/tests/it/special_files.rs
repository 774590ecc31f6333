//! Files that are pipes, and commands whose children keep their output open: each is read within a deadline.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use e2e::command::rolecall;
use rolecall_simulator::{Config, Simulator};

/// The variable that names the pipe, arguments, and more variables.
type Case<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, &'a str)]);

fn fifo(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("special-{name}"));
    let _ = std::fs::remove_file(&path);
    assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
    path
}

/// Without a writer, opening a pipe blocks for ever.
#[test]
fn a_pipe_without_a_writer_ends_within_ten_seconds() {
    let simulator = Simulator::start(Config::default()).expect("ports on loopback");
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let cases: [Case<'_>; 5] = [
        ("AWS_CONFIG_FILE", &["credentials"], &[]),
        ("AWS_SHARED_CREDENTIALS_FILE", &["credentials"], &[]),
        (
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            &["credentials"],
            &[("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/r")],
        ),
        (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            &["credentials"],
            &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/")],
        ),
        (
            "AWS_CA_BUNDLE",
            &["request", "GET", "https://127.0.0.1:9/", "--service", "s3", "--region", "eu-west-1"],
            &keys,
        ),
    ];
    thread::scope(|scope| {
        for (name, arguments, more) in cases {
            let sts = simulator.sts_url();
            scope.spawn(move || {
                let pipe = fifo(name);
                let mut variables = vec![
                    (name, pipe.to_str().expect("text")),
                    ("AWS_REGION", "eu-west-1"),
                    ("AWS_EC2_METADATA_DISABLED", "true"),
                    ("AWS_ENDPOINT_URL_STS", &sts),
                ];
                variables.extend(more);
                let run = rolecall(arguments, variables);
                assert_eq!(run.code, Some(1), "{name}: {run:#?}");
                assert!(run.took < Duration::from_secs(20), "{name}: {run:#?}");
            });
        }
    });
}

#[test]
fn a_pipe_with_a_writer_is_read_to_its_end() {
    let pipe = fifo("written");
    let writer = {
        let pipe = pipe.clone();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            let text = "[default]\naws_access_key_id = AKIDPIPE\naws_secret_access_key = secret\n";
            std::fs::write(pipe, text).expect("written");
        })
    };
    let run = rolecall(&["credentials"], [("AWS_CONFIG_FILE", pipe.to_str().expect("text"))]);
    assert!(run.ok().contains("AKIDPIPE"), "{run:#?}");
    writer.join().expect("written");
}

/// The process has ended; a child of it goes on writing, or holds the pipe open in silence.
#[test]
fn a_child_that_a_process_leaves_behind_is_not_waited_for() {
    let document = r#"{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"secret"}"#;
    for (name, child) in [("writes", "while sleep 0.02; do printf ' '; done"), ("holds", "sleep 30")] {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let script = folder.join(format!("special-{name}.sh"));
        std::fs::write(&script, format!("printf '%s' '{document}'\n({child}) 2>/dev/null &\n"))
            .expect("a script");
        let config = folder.join(format!("special-{name}.ini"));
        std::fs::write(&config, format!("[default]\ncredential_process = sh {}\n", script.display()))
            .expect("a file");
        let variables = [("AWS_CONFIG_FILE", config.to_str().expect("text")), ("PATH", "/usr/bin:/bin")];
        let run = rolecall(&["credentials"], variables);
        assert!(run.ok().contains("AKIDPROCESS"), "{name}: {run:#?}");
        assert!(run.took < Duration::from_secs(5), "{name}: {run:#?}");
    }
}

#[test]
fn explain_reads_each_file_once() {
    for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        let pipe = fifo(&format!("once-{name}"));
        let writer = {
            let pipe = pipe.clone();
            thread::spawn(move || {
                let text = "[default]\naws_access_key_id = AKIDPIPE\naws_secret_access_key = secret\n";
                std::fs::write(pipe, text).expect("written");
            })
        };
        let path = pipe.to_str().expect("text");
        let variables = [
            (name, path),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9"),
        ];
        let run = rolecall(&["explain"], variables);
        assert!(
            run.stdout.contains("AKIDPIPE") && run.stdout.contains(&format!("{path} (read)")),
            "{run:#?}"
        );
        assert!(run.took < Duration::from_secs(8), "{run:#?}");
        writer.join().expect("written");
    }
}
