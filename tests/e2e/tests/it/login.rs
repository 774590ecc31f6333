//! Profiles of `aws login`: sessions that are renewed, and what is said where they cannot be.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use e2e::command::{Run, rolecall};
use e2e::peer::{Act, Peer};
use serde_json::Value;

const CONFIG: &str = "[profile p]\nlogin_session = arn:aws:sts::123456789012:assumed-role/Admin/me\n\
    region = eu-west-1\n[profile top]\nsource_profile = p\nrole_arn = arn:aws:iam::123456789012:role/r\n\
    region = eu-west-1\n";
/// SHA-256 of the session.
const NAME: &str = "c03a7323bda916bba892295dd46ea73c98866a0ad0a2606cb839909f35fbc865.json";
const RENEWED: &str = r#"{"accessToken":{"accessKeyId":"ASIANEW","secretAccessKey":"new-secret","sessionToken":"n"},
    "expiresIn":900,"refreshToken":"second-refresh-token","tokenType":"aws_sigv4"}"#;

/// A home folder with a session, and the sign-in service.
struct LoggedIn {
    home: PathBuf,
    service: Peer,
}

impl LoggedIn {
    fn new(name: &str, end: &str, reply: Act) -> Self {
        let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("login-{name}"));
        let _ = std::fs::remove_dir_all(&home);
        std::fs::create_dir_all(home.join(".aws/login/cache")).expect("a folder");
        std::fs::write(home.join(".aws/config"), CONFIG).expect("a file");
        let service = Peer::start(move |request| {
            let proof = request.header("dpop").is_some_and(|proof| proof.split('.').count() == 3);
            match (request.method.as_str(), request.target.as_str(), proof) {
                ("POST", "/v1/token", true) => reply.clone(),
                _ => Act::page(404),
            }
        });
        let logged_in = Self { home, service };
        std::fs::write(logged_in.file(), session(end)).expect("a file");
        logged_in
    }

    fn file(&self) -> PathBuf {
        self.home.join(".aws/login/cache").join(NAME)
    }

    fn kept(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.file()).expect("a file")).expect("a document")
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let variables = [
            ("HOME", self.home.to_str().expect("text")),
            ("AWS_ENDPOINT_URL_SIGNIN", self.service.url()),
            // Nothing listens there.
            ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1"),
        ];
        rolecall(arguments, variables)
    }
}

/// A session with a new key, in the form in which the AWS CLI writes it.
fn session(end: &str) -> String {
    let key = Command::new("openssl").args(["ecparam", "-name", "prime256v1", "-genkey", "-noout"]).output();
    let key = String::from_utf8(key.expect("openssl").stdout).expect("text");
    assert!(key.starts_with("-----BEGIN EC PRIVATE KEY-----"), "{key}");
    let tokens = serde_json::json!({"accessKeyId": "ASIAOLD", "secretAccessKey": "old-secret",
        "sessionToken": "old-token", "accountId": "123456789012", "expiresAt": end});
    serde_json::json!({"accessToken": tokens, "tokenType": "aws_sigv4", "clientId": "client", "idToken": "id",
        "refreshToken": "first-refresh-token", "dpopKey": key})
    .to_string()
}

#[test]
fn a_session_that_has_ended_is_renewed_and_kept() {
    let logged_in = LoggedIn::new("renewed", "2020-01-01T00:00:00Z", Act::ok(RENEWED));
    let before = logged_in.kept();
    assert!(logged_in.run(&["credentials", "--profile", "p"]).ok().contains("ASIANEW"));
    let kept = logged_in.kept();
    let tokens = &kept["accessToken"];
    assert_eq!((&tokens["accessKeyId"], &tokens["accountId"]), (&"ASIANEW".into(), &"123456789012".into()));
    assert!(tokens["expiresAt"].as_str().expect("a time") > "2026", "{}", tokens["expiresAt"]);
    assert_eq!(kept["refreshToken"], "second-refresh-token");
    for name in ["clientId", "idToken", "tokenType", "dpopKey"] {
        assert_eq!(kept[name], before[name], "{name}");
    }
    let mode = std::fs::metadata(logged_in.file()).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // The next process uses it, and says where its credentials are from.
    let run = logged_in.run(&["explain", "--profile", "p"]);
    assert!(run.stdout.contains("profile p: access key id ASIANEW, until"), "{run:#?}");
    assert_eq!(logged_in.service.requests(), 1);
}

#[test]
fn processes_that_start_together_renew_a_session_once() {
    let logged_in = LoggedIn::new("together", "2020-01-01T00:00:00Z", Act::ok(RENEWED));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                assert!(logged_in.run(&["credentials", "--profile", "p"]).ok().contains("ASIANEW"))
            });
        }
    });
    assert_eq!(logged_in.service.requests(), 1);
}

#[test]
fn logging_in_again_is_advised_with_the_name_of_the_profile() {
    let refused = Act::Reply(
        400,
        "x-amzn-errortype: AccessDeniedException\r\n".to_owned(),
        br#"{"error":"TOKEN_EXPIRED","message":"first-refresh-token has ended"}"#.to_vec(),
    );
    let logged_in = LoggedIn::new("refused", "2020-01-01T00:00:00Z", refused);
    for profile in ["p", "top"] {
        let run = logged_in.run(&["credentials", "--profile", profile]);
        let error = run.failed();
        assert!(error.contains("TOKEN_EXPIRED") && error.contains("aws login --profile p"), "{error}");
        for secret in ["first-refresh-token", "old-secret", "old-token", "PRIVATE KEY"] {
            assert!(!error.contains(secret), "{error}");
        }
    }
    assert_eq!(logged_in.kept()["refreshToken"], "first-refresh-token");

    std::fs::remove_file(logged_in.file()).expect("removed");
    // No other identity takes its place.
    let home = logged_in.home.to_str().expect("text");
    let keys = [("HOME", home), ("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT"), ("AWS_SECRET_ACCESS_KEY", "s")];
    let run = rolecall(&["credentials", "--profile", "p"], keys);
    assert!(run.failed().contains("aws login --profile p"), "{run:#?}");
    let run = logged_in.run(&["explain", "--profile", "p"]);
    assert!(run.stdout.contains("no such file") && run.stdout.contains(NAME), "{run:#?}");
    assert!(run.stdout.contains("-> sign in: aws login --profile p"), "{run:#?}");
}

#[test]
fn the_folder_of_sessions_can_be_elsewhere() {
    let logged_in = LoggedIn::new("elsewhere", "2099-01-01T00:00:00Z", Act::page(500));
    let (from, to) = (logged_in.home.join(".aws/login/cache"), logged_in.home.join("sessions"));
    std::fs::rename(from, to).expect("moved");
    let home = logged_in.home.to_str().expect("text");
    let variables = [("HOME", home), ("AWS_LOGIN_CACHE_DIRECTORY", "~/sessions")];
    assert!(rolecall(&["credentials", "--profile", "p"], variables).ok().contains("ASIAOLD"));
    assert_eq!(logged_in.service.requests(), 0);
}
