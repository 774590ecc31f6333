//! Prompts go to the terminal, wherever standard input, output and error go; without a terminal, an error names what to
//! pass in their place.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use e2e::command::{rolecall, shell_at_terminal};
use e2e::peer::{Act, Peer};

const ROLE: &str = "arn:aws:iam::444455556666:role/guarded";
const SERIAL: &str = "arn:aws:iam::444455556666:mfa/ada";
const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIDPROMPTS"), ("AWS_SECRET_ACCESS_KEY", "secret")];
const PASSWORD: &str = "Correct-7-Horse-battery";
// A password that is sent is asked for before the first call.
const SIGN_IN: [&str; 9] = [
    "--cognito-identity-pool",
    "eu-west-1:5b22ff62-98c3-4b4b-9a4b-2b8b8c2f7f0d",
    "--user-pool",
    "eu-west-1_aBcDeFgHi",
    "--client-id",
    "3n4b5urk1ft4fl3mg5e62d9ado",
    "--username",
    "ada",
    "--send-password",
];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("prompts-{name}"))
}

/// An STS that records requests, and returns credentials.
fn sts() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&bodies);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = BufReader::new(stream);
            let (mut length, mut line) = (0, String::new());
            while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                let header = line.to_ascii_lowercase();
                length = header
                    .strip_prefix("content-length:")
                    .map_or(length, |text| text.trim().parse().expect("a length"));
                line.clear();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).expect("a body");
            seen.lock().expect("no panic").push(String::from_utf8(body).expect("text"));
            let reply = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAPROMPTS</AccessKeyId>\
                         <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
                         <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", reply.len());
            write!(stream.get_mut(), "{head}{reply}").expect("it is sent");
        }
    });
    (url, bodies)
}

/// A configuration with a role that asks for a code, and a process that assumes it and shows nothing.
fn config() -> PathBuf {
    let (config, process) = (path("config"), path("process.sh"));
    std::fs::write(&process, "exec rolecall credentials --profile guarded 2> /dev/null\n").expect("a script");
    let text = format!(
        "[profile guarded]\nrole_arn = {ROLE}\nmfa_serial = {SERIAL}\nsource_profile = keys\n\
         [profile keys]\naws_access_key_id = AKIDPROMPTS\naws_secret_access_key = secret\n\
         [profile outer]\ncredential_process = sh {}\n",
        process.display()
    );
    std::fs::write(&config, text).expect("a file");
    config
}

#[test]
fn a_code_is_asked_for_at_the_terminal_by_a_process_whose_output_is_read() {
    if std::env::var_os("ROLECALL_PYTHON").is_none() {
        return;
    }
    let config = config();
    for script in [
        "rolecall credentials --profile outer".to_owned(),
        "rolecall credentials --profile guarded < /dev/null 2> /dev/null".to_owned(),
        format!(
            "echo | rolecall credentials --profile keys --role-arn {ROLE} --mfa-serial {SERIAL} 2> /dev/null | cat"
        ),
    ] {
        let (url, bodies) = sts();
        let variables = [
            ("AWS_CONFIG_FILE", config.to_str().expect("text")),
            ("AWS_ENDPOINT_URL", &url),
            ("AWS_REGION", "eu-west-1"),
        ];
        let run = shell_at_terminal(&script, variables, &["246810"]);
        assert!(run.ok().contains("ASIAPROMPTS"), "{script}: {run:#?}");
        assert!(run.stdout.contains(&format!("MFA code of {SERIAL}: ")), "{script}: {run:#?}");
        let bodies = bodies.lock().expect("no panic");
        let [body] = bodies.as_slice() else { panic!("{script}: {bodies:?}") };
        assert!(body.contains("TokenCode=246810"), "{script}: {body}");
    }
}

#[test]
fn passwords_are_asked_for_at_the_terminal_without_echo() {
    if std::env::var_os("ROLECALL_PYTHON").is_none() {
        return;
    }
    let peer = Peer::start(|_| Act::page(404));
    let variables = KEYS.into_iter().chain([("AWS_ENDPOINT_URL", peer.url()), ("AWS_REGION", "eu-west-1")]);
    let variables: Vec<_> = variables.collect();
    let errors = path("errors");
    let sign_in = SIGN_IN.join(" ");
    for (command, answers, shown, expected) in [
        (format!("credentials {sign_in}"), &[PASSWORD][..], "Password of ada: ", "404"),
        (
            "setup cognito --name n --username ada".to_owned(),
            &[PASSWORD, "Another-8-Horse-battery"],
            "Password for ada, once more: ",
            "the two passwords are not the same",
        ),
    ] {
        let script = format!("rolecall {command} < /dev/null 2> {}", errors.display());
        let run = shell_at_terminal(&script, variables.clone(), answers);
        assert_eq!(run.code, Some(1), "{command}: {run:#?}");
        assert!(run.stdout.contains(shown), "{command}: {run:#?}");
        assert!(!run.stdout.contains("Horse"), "{command}: {run:#?}");
        let errors = std::fs::read_to_string(&errors).expect("a file");
        assert!(errors.contains(expected) && !errors.contains("Horse"), "{command}: {errors}");
        assert!(!errors.contains("Password"), "a prompt among the errors: {errors}");
    }
}

/// The commands that ask, and what their errors name in place of a terminal.
fn asking() -> Vec<(Vec<&'static str>, &'static [&'static str])> {
    let role = ["--role-arn", ROLE, "--mfa-serial", SERIAL];
    let setup = ["setup", "ec2-role", "--role", "r"];
    const CODE: &[&str] = &["run it at a terminal", "--mfa-code CODE", "--mfa-serial"];
    const PASSWORDS: &[&str] = &["--password-stdin", "AWS_COGNITO_PASSWORD"];
    vec![
        ([&["credentials"][..], &role].concat(), CODE),
        ([&["whoami"][..], &role].concat(), CODE),
        (vec!["credentials", "--profile", "guarded"], CODE),
        ([&setup[..], &role].concat(), CODE),
        ([&setup[..], &["--profile", "guarded"]].concat(), CODE),
        ([&["credentials"][..], &SIGN_IN].concat(), PASSWORDS),
        ([&setup[..], &SIGN_IN].concat(), PASSWORDS),
        (vec!["setup", "cognito", "--name", "n", "--username", "ada"], PASSWORDS),
    ]
}

#[test]
fn without_a_terminal_every_prompt_names_what_to_pass() {
    let config = config();
    let peer = Peer::start(|_| Act::page(404));
    for (arguments, expected) in asking() {
        let place = [
            ("AWS_CONFIG_FILE", config.to_str().expect("text")),
            ("AWS_ENDPOINT_URL", peer.url()),
            ("AWS_REGION", "eu-west-1"),
        ];
        let run = rolecall(&[&arguments[..], &["-q"]].concat(), KEYS.into_iter().chain(place));
        for text in expected {
            assert!(run.failed().contains(text), "{arguments:?}: {text}: {run:#?}");
        }
    }
    assert_eq!(peer.requests(), 0);
}

#[test]
fn in_the_background_of_a_terminal_every_prompt_names_what_to_pass() {
    if std::env::var_os("ROLECALL_PYTHON").is_none() {
        return;
    }
    let config = config();
    for (arguments, expected) in asking() {
        let place = [
            ("AWS_CONFIG_FILE", config.to_str().expect("text")),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
            ("AWS_REGION", "eu-west-1"),
        ];
        // A job of its own, which the terminal would stop if it read or changed it.
        let script = format!("set -m; rolecall {} < /dev/null & wait $!", arguments.join(" "));
        let run = shell_at_terminal(&script, KEYS.into_iter().chain(place), &[]);
        assert_eq!(run.code, Some(1), "{arguments:?}: {run:#?}");
        for text in expected {
            assert!(run.stdout.contains(text), "{arguments:?}: {text}: {run:#?}");
        }
    }
}
