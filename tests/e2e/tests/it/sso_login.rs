//! `rolecall login` and `rolecall logout`: the device flow of IAM Identity Center, and the file that AWS clients share.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use e2e::command::{Run, rolecall};
use e2e::peer::{Act, Peer};

const CONFIG: &str = "[sso-session my]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n\
    sso_registration_scopes = sso:account:access, other:scope\n\
    [profile p]\nsso_session = my\nsso_account_id = 123456789012\nsso_role_name = Admin\n\
    [profile keys]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n";
const ROLE: &str = r#"{"roleCredentials":{"accessKeyId":"ASIAPORTAL","secretAccessKey":"secret","sessionToken":"token",
    "expiration":4070908800000}}"#;
const REGISTERED: &str =
    r#"{"clientId":"client","clientSecret":"client-secret","clientSecretExpiresAt":4070908800}"#;
const AUTHORIZED: &str = r#"{"deviceCode":"device-code","userCode":"ABCD-EFGH","interval":1,"expiresIn":60,
    "verificationUri":"https://device.sso.eu-west-1.amazonaws.com/",
    "verificationUriComplete":"https://device.sso.eu-west-1.amazonaws.com/?user_code=ABCD-EFGH"}"#;
const TOKEN: &str =
    r#"{"accessToken":"access-token","expiresIn":28800,"refreshToken":"refresh-token","tokenType":"Bearer"}"#;

fn refused(code: &str) -> Act {
    let body = format!(r#"{{"error":"{code}","error_description":"about device-code"}}"#);
    Act::Reply(400, "Content-Type: application/json\r\n".to_owned(), body.into_bytes())
}

/// A home folder, the token service and the portal.
struct World {
    home: PathBuf,
    portal: Peer,
    tokens: Peer,
    /// Tokens that the portal was asked to end.
    ended: Arc<Mutex<Vec<String>>>,
}

impl World {
    /// `answers` are those to the questions for the token; the last one is repeated.
    fn new(name: &str, authorized: &str, answers: Vec<Act>) -> Self {
        let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("sso-login-{name}"));
        let _ = std::fs::remove_dir_all(&home);
        std::fs::create_dir_all(home.join(".aws")).expect("a folder");
        std::fs::write(home.join(".aws/config"), CONFIG).expect("a file");
        let ended = Arc::new(Mutex::new(Vec::new()));
        let ends = ended.clone();
        let portal = Peer::start(move |request| {
            let token = request.header("x-amz-sso_bearer_token").unwrap_or_default();
            match (request.method.as_str(), token) {
                ("POST", token) if request.target == "/logout" => {
                    ends.lock().expect("no panic").push(token.to_owned());
                    Act::ok("")
                }
                ("GET", "access-token") => Act::ok(ROLE),
                _ => Act::page(401),
            }
        });
        let (authorized, asked) = (authorized.to_owned(), AtomicUsize::new(0));
        let tokens = Peer::start(move |request| match (request.method.as_str(), request.target.as_str()) {
            ("POST", "/client/register") => Act::ok(REGISTERED),
            ("POST", "/device_authorization") => Act::ok(authorized.clone()),
            ("POST", "/token") => {
                let number = asked.fetch_add(1, Ordering::Relaxed);
                answers[number.min(answers.len() - 1)].clone()
            }
            _ => Act::page(404),
        });
        Self { home, portal, tokens, ended }
    }

    fn variables(&self) -> [(&str, &str); 3] {
        [
            ("HOME", self.home.to_str().expect("text")),
            ("AWS_ENDPOINT_URL_SSO", self.portal.url()),
            ("AWS_ENDPOINT_URL_SSO_OIDC", self.tokens.url()),
        ]
    }

    fn run(&self, arguments: &[&str]) -> Run {
        rolecall(arguments, self.variables())
    }

    /// SHA-1 of `my`.
    fn file(&self) -> PathBuf {
        self.home.join(".aws/sso/cache/3ece1471f44f63177cbc35ba0b904e0c096b6783.json")
    }
}

#[test]
fn a_code_is_confirmed_and_the_token_is_kept_until_signing_out() {
    let world = World::new("whole", AUTHORIZED, vec![refused("authorization_pending"), Act::ok(TOKEN)]);
    let run = world.run(&["login", "--profile", "p"]);
    assert!(run.ok().contains("signed in to: https://x.awsapps.com/start\nuntil: "), "{run:#?}");
    let page = "https://device.sso.eu-west-1.amazonaws.com/?user_code=ABCD-EFGH";
    assert!(run.stderr.contains(page) && run.stderr.contains("\n  ABCD-EFGH\n"), "{run:#?}");
    for secret in ["access-token", "refresh-token", "device-code", "client-secret"] {
        assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "{secret}: {run:#?}");
    }
    assert_eq!(world.tokens.requests(), 4, "registered, authorized, pending, confirmed");

    let kept = std::fs::read_to_string(world.file()).expect("a file");
    let kept: serde_json::Value = serde_json::from_str(&kept).expect("a document");
    for (name, value) in [
        ("startUrl", "https://x.awsapps.com/start"),
        ("region", "eu-west-1"),
        ("accessToken", "access-token"),
        ("refreshToken", "refresh-token"),
        ("clientId", "client"),
        ("clientSecret", "client-secret"),
        ("registrationExpiresAt", "2099-01-01T00:00:00Z"),
    ] {
        assert_eq!(kept[name], value, "{kept}");
    }
    let mode = |path: PathBuf| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(world.file()), mode(world.home.join(".aws/sso/cache"))), (0o600, 0o700));

    assert!(world.run(&["credentials", "--profile", "p"]).ok().contains("ASIAPORTAL"));
    let end = kept["expiresAt"].as_str().expect("a time");
    assert!(world.run(&["profiles"]).ok().contains(end));
    botocore_reads(&world);

    let run = world.run(&["logout", "--profile", "p", "--json"]);
    let document: serde_json::Value = serde_json::from_str(run.ok()).expect("JSON");
    assert!(
        document["removed"] == world.file().to_str().expect("text") && !world.file().exists(),
        "{run:#?}"
    );
    assert_eq!(*world.ended.lock().expect("no panic"), ["access-token"]);
    assert!(world.run(&["credentials", "--profile", "p"]).failed().contains("rolecall login --profile p"));
    assert!(world.run(&["logout", "--profile", "p"]).ok().contains("there was no sign-in"));
}

/// The SDK for Python takes the token, and gets the role's credentials with it.
fn botocore_reads(world: &World) {
    let Some(python) = std::env::var_os("ROLECALL_PYTHON") else {
        assert!(std::env::var_os("CI").is_none(), "CI is set, but ROLECALL_PYTHON is not");
        eprintln!(
            "NOTICE: ROLECALL_PYTHON is not set: botocore does not read the file; `tests/run e2e` sets it"
        );
        return;
    };
    let program = "import botocore.session; \
        print(botocore.session.Session(profile='p').get_credentials().get_frozen_credentials().access_key)";
    let output = Command::new(python)
        .args(["-c", program])
        .env_clear()
        .envs(world.variables())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .expect("Python");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "ASIAPORTAL", "{output:?}");
}

#[test]
fn a_code_that_is_refused_or_has_ended_leaves_the_file_as_it_is() {
    for (name, answers, wanted) in [
        ("refused", vec![refused("access_denied")], "the user refused the code"),
        ("ended", vec![refused("expired_token")], "the code was not confirmed before it ended"),
        ("slow", vec![refused("slow_down")], "the code was not confirmed before it ended"),
        ("broken", vec![refused("invalid_client")], "invalid_client"),
    ] {
        let world = World::new(name, &AUTHORIZED.replace("60", "4"), answers);
        std::fs::create_dir_all(world.home.join(".aws/sso/cache")).expect("a folder");
        std::fs::write(world.file(), "before").expect("a file");
        let run = world.run(&["login", "--profile", "p"]);
        let error = run.failed_midway();
        assert!(error.contains(wanted) && !run.stderr.contains("device-code"), "{name}: {run:#?}");
        assert_eq!(std::fs::read_to_string(world.file()).expect("a file"), "before");
        assert_eq!(world.tokens.requests(), 3, "{name}");
    }
}

/// What a service sends is printed at a terminal, and opened in a browser.
#[test]
fn a_page_or_a_code_that_is_not_plain_is_not_shown() {
    for (name, from, to) in [
        ("http", "https://device.sso.eu-west-1.amazonaws.com/\"", "http://device.example/\""),
        ("script", "https://device.sso.eu-west-1.amazonaws.com/\"", "javascript:alert(1)\""),
        ("escape", "https://device.sso.eu-west-1.amazonaws.com/\"", "https://a\\u001b[2J/\""),
        ("code", "\"ABCD-EFGH\"", "\"AB\\nCD\""),
        ("empty", "\"ABCD-EFGH\"", "\"\""),
    ] {
        let authorized = AUTHORIZED.replacen(from, to, 1);
        assert_ne!(authorized, AUTHORIZED, "{name}");
        let world = World::new(name, &authorized, vec![Act::ok(TOKEN)]);
        let run = world.run(&["login", "--profile", "p"]);
        let error = run.failed();
        assert!(error.contains("StartDeviceAuthorization"), "{name}: {run:#?}");
        assert!(!error.contains("Open this page") && !error.contains('\u{1b}'), "{name}: {run:#?}");
        assert!(!world.file().exists());
    }
}

#[test]
fn what_cannot_be_kept_is_not_asked_for() {
    let world = World::new("unwritable", AUTHORIZED, vec![Act::ok(TOKEN)]);
    std::fs::write(world.home.join(".aws/sso"), "in the way").expect("a file");
    let run = world.run(&["login", "--profile", "p"]);
    assert!(run.failed().contains("the token is kept there"), "{run:#?}");
    assert_eq!(world.tokens.requests(), 0);
    let run = world.run(&["login", "--profile", "keys"]);
    assert!(run.failed().contains("profile keys: it has no sign-in with IAM Identity Center"), "{run:#?}");
    let run = world.run(&["login", "--profile", "missing"]);
    assert!(run.failed().contains("missing"), "{run:#?}");
}
