//! The calls of STS beside AssumeRole on the command line: against ministack, and where no server has the call, against
//! one that records the form.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use e2e::command::rolecall;
use e2e::servers::Server;

const ALL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")];

#[test]
fn sessions_of_users_are_accepted_by_the_server_that_issued_them() {
    let Some(server) = Server::named("ministack") else { return };
    for session in [
        &["--user-session", "--duration-seconds", "129600"][..],
        &["--federated-user", "bob", "--policy", ALL, "--tag", "team=edge"],
    ] {
        let credentials = rolecall(&[&["credentials"], session].concat(), server.environment());
        assert!(credentials.ok().contains("\"SessionToken\":"), "{credentials:#?}");
        let who = rolecall(&[&["whoami"], session].concat(), server.environment());
        let wanted = if session[0] == "--user-session" { ":user/" } else { ":federated-user/bob" };
        assert!(who.ok().contains(wanted), "{session:?}: {who:#?}");
    }
}

/// An STS that answers one request with credentials, and returns its form.
fn sts(action: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let (mut got, mut piece) = (String::new(), [0; 4096]);
        let form = loop {
            let count = stream.read(&mut piece).expect("a request");
            got.push_str(std::str::from_utf8(&piece[..count]).expect("text"));
            let Some((head, form)) = got.split_once("\r\n\r\n") else { continue };
            let length =
                head.to_lowercase().split("\r\ncontent-length: ").nth(1).expect("a length").to_owned();
            if form.len() >= length.lines().next().expect("a line").parse::<usize>().expect("a number") {
                break form.to_owned();
            }
        };
        let credentials = "<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>\
            <SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>";
        let user = "<AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn></AssumedRoleUser>";
        let body = format!(
            "<{action}Response><{action}Result>{credentials}{user}</{action}Result></{action}Response>"
        );
        let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(reply.as_bytes()).expect("sent");
        form
    });
    (url, server)
}

#[test]
fn an_assertion_and_a_task_of_root_are_sent_as_given() {
    let file = std::env::temp_dir().join(format!("rolecall-saml-{}", std::process::id()));
    std::fs::write(&file, "PHNhbWw+\n").expect("a file");
    let from_file = format!("@{}", file.display());
    let role = "arn:aws:iam::111122223333:role/r";
    let saml = ["--saml-provider-arn", "arn:aws:iam::111122223333:saml-provider/corp", "--role-arn", role];
    let root = [
        "--root-of",
        "111122223333",
        "--root-task",
        "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials",
    ];
    for (action, options, wanted) in [
        (
            "AssumeRoleWithSAML",
            [&saml[..], &["--saml-assertion", "PHNhbWw+"]].concat(),
            "&SAMLAssertion=PHNhbWw%2B",
        ),
        (
            "AssumeRoleWithSAML",
            [&saml[..], &["--saml-assertion", &from_file, "--duration-seconds", "900"]].concat(),
            "&SAMLAssertion=PHNhbWw%2B",
        ),
        ("AssumeRoot", [&root[..], &["--duration-seconds", "300"]].concat(), "&DurationSeconds=300"),
    ] {
        let (url, server) = sts(action);
        let environment =
            [KEYS[0], KEYS[1], ("AWS_REGION", "eu-west-1"), ("AWS_ENDPOINT_URL_STS", url.as_str())];
        let run = rolecall(&[&["credentials"], &options[..]].concat(), environment);
        assert!(run.ok().contains("ASIAEXAMPLE"), "{run:#?}");
        let form = server.join().expect("a form");
        assert!(form.contains(&format!("Action={action}")) && form.contains(wanted), "{form}");
    }
    std::fs::remove_file(&file).expect("the file exists");
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    for (options, wanted) in [
        (&["--user-session", "--role-arn", "arn:aws:iam::111122223333:role/r"][..], "in place of --role-arn"),
        (&["--user-session", "--federated-user", "bob"], "one of them"),
        (&["--root-of", "111122223333"], "--root-of needs --root-task"),
        (&["--saml-assertion", "x"], "--saml-assertion needs --saml-provider-arn"),
        (&["--saml-provider-arn", "x", "--saml-assertion", "y"], "needs --role-arn"),
        (&["--federated-user", "bob", "--mfa-serial", "x"], "--mfa-serial is no parameter"),
        (&["--user-session", "--duration-seconds", "129601"], "from 900 to 129600"),
        (&["--root-of", "1", "--root-task", "x", "--duration-seconds", "901"], "from 1 to 900"),
    ] {
        let run = rolecall(&[&["credentials"], options].concat(), KEYS);
        assert!(run.code == Some(2) && run.stderr.contains(wanted), "{options:?}: {run:#?}");
    }
}
