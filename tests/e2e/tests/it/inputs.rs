//! What the command reads because an argument says so: files, pipes, devices, and answers to prompts.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use e2e::command::{binary, rolecall, rolecall_weighed};

const KEYS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
    ("AWS_REGION", "eu-west-1"),
    // No request gets anywhere.
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
];
const ROLE: &str = "arn:aws:iam::444455556666:role/x";
const MEBIBYTE: u64 = 1024 * 1024;

fn path(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("inputs-{name}"));
    let _ = std::fs::remove_file(&path);
    path
}

fn fifo(name: &str) -> PathBuf {
    let path = path(name);
    assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
    path
}

/// Every argument that names a file, with the option that an error names.
fn naming(file: &str) -> [(&'static str, Vec<String>); 8] {
    let line = |option, line: &[&str], last: String| {
        let words = line.iter().map(|word| (*word).to_owned());
        (option, words.chain([last]).collect::<Vec<_>>())
    };
    let role = ["credentials", "--role-arn", ROLE, "--policy"];
    let pool = ["credentials", "--cognito-identity-pool", "eu-west-1:pool", "--login"];
    let ec2 = ["setup", "ec2-role", "--role", "r", "--dry-run", "--policy"];
    let cognito = [
        "setup",
        "cognito",
        "--name",
        "n",
        "--dry-run",
        "--allow-unauthenticated",
        "--unauthenticated-policy",
    ];
    [
        line(
            "--data",
            &["request", "PUT", "http://127.0.0.1:9/", "--service", "s3", "-d"],
            format!("@{file}"),
        ),
        line("--data", &["sign", "PUT", "http://127.0.0.1:9/", "--service", "s3", "-d"], format!("@{file}")),
        line("--policy", &role, format!("@{file}")),
        line("--login", &pool, format!("accounts.example=@{file}")),
        line("--policy", &ec2, file.to_owned()),
        line("--policy", &ec2, format!("@{file}")),
        line("--unauthenticated-policy", &cognito, file.to_owned()),
        line("--unauthenticated-policy", &cognito, format!("@{file}")),
    ]
}

/// Runs every argument with `file`, and checks that it ends in time with an error that names option and file.
fn refused(file: &Path, expected: &str) {
    let name = file.to_str().expect("text");
    thread::scope(|scope| {
        for (option, arguments) in naming(name) {
            scope.spawn(move || {
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                let run = rolecall_weighed(&arguments, KEYS);
                let error = run.failed();
                assert!(error.contains(&format!("{option} {name}: ")), "{arguments:?}: {run:#?}");
                assert!(error.contains(expected), "{arguments:?}: {run:#?}");
                assert!(run.took < Duration::from_secs(15), "{arguments:?}: {run:#?}");
                assert!(run.peak() < 600 * MEBIBYTE, "{arguments:?}: {run:#?}");
            });
        }
    });
}

#[test]
fn a_pipe_without_a_writer_is_not_waited_for() {
    refused(&fifo("silent"), "silent");
}

#[test]
fn a_device_without_an_end_is_not_read_for_ever() {
    refused(Path::new("/dev/zero"), "at most");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    refused(&path("missing"), "No such file");
    refused(Path::new(env!("CARGO_TARGET_TMPDIR")), "directory");
}

#[test]
fn a_policy_or_token_is_bounded() {
    let long = path("long");
    std::fs::write(&long, vec![b' '; 256 * 1024 + 1]).expect("a file");
    for (option, arguments) in naming(long.to_str().expect("text")).into_iter().skip(2) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let run = rolecall(&arguments, KEYS);
        assert!(run.failed().contains(option) && run.stderr.contains("262144"), "{run:#?}");
    }
}

#[test]
fn a_pipe_with_a_writer_is_read_to_its_end() {
    let sign = |body: &str| {
        let arguments =
            ["sign", "PUT", "https://b.s3.amazonaws.com/k", "--date", "20150830T123600Z", "-d", body];
        rolecall(&arguments, KEYS).ok().to_owned()
    };
    let file = path("content");
    // More than one piece, which comes in two parts.
    let content = "0123456789abcdef".repeat(20_000);
    std::fs::write(&file, &content).expect("a file");
    let expected = sign(&format!("@{}", file.display()));
    let pipe = fifo("written");
    let writer = {
        let pipe = pipe.clone();
        thread::spawn(move || {
            use std::io::Write;
            let mut pipe = std::fs::File::options().write(true).open(pipe).expect("a reader");
            let (first, second) = content.split_at(100_000);
            pipe.write_all(first.as_bytes()).expect("written");
            thread::sleep(Duration::from_millis(500));
            pipe.write_all(second.as_bytes()).expect("written");
        })
    };
    assert_eq!(sign(&format!("@{}", pipe.display())), expected);
    writer.join().expect("written");
    assert_ne!(sign("0123"), expected);
}

/// POSIX has no encoding for names.
#[test]
fn a_file_name_need_not_be_utf8() {
    let mut name = path("name-").into_os_string().into_vec();
    name.push(0xff);
    let name = OsString::from_vec(name);
    std::fs::write(&name, "body").expect("a file");
    let sign = |body: &OsString| {
        let mut command = Command::new(binary());
        command.args(["sign", "PUT", "https://b.s3.amazonaws.com/k", "--date", "20150830T123600Z", "-d"]);
        let output = command.arg(body).env_clear().envs(KEYS).output().expect("the command");
        assert!(output.status.success(), "{output:?}");
        output.stdout
    };
    let mut file = OsString::from("@");
    file.push(&name);
    assert_eq!(sign(&file), sign(&"body".into()));
}

#[test]
fn without_a_terminal_the_option_in_place_of_a_prompt_is_named() {
    let config = path("mfa.ini");
    let profile = format!(
        "[profile mfa]\nrole_arn = {ROLE}\nmfa_serial = arn:aws:iam::444455556666:mfa/x\nsource_profile = keys\n\
         [profile keys]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n"
    );
    std::fs::write(&config, profile).expect("a file");
    let serial = ["--mfa-serial", "arn:aws:iam::444455556666:mfa/x"];
    let setup = ["setup", "cognito", "--name", "n", "--username", "ada"];
    for (arguments, expected) in [
        ([&["credentials", "--role-arn", ROLE], &serial[..]].concat(), &["--mfa-code CODE"][..]),
        (vec!["credentials", "--profile", "mfa"], &["--mfa-code CODE", "profile mfa"]),
        (setup.to_vec(), &["--password-stdin", "AWS_COGNITO_PASSWORD"]),
    ] {
        let variables = KEYS.into_iter().chain([("AWS_CONFIG_FILE", config.to_str().expect("text"))]);
        let run = rolecall(&arguments, variables);
        for text in expected {
            assert!(run.failed().contains(text), "{arguments:?}: {text}: {run:#?}");
        }
    }
}
