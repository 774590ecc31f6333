//! IAM Identity Center: tokens that are renewed, and what is said where they cannot be.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use e2e::command::{Run, rolecall};
use e2e::peer::{Act, Peer};

const CONFIG: &str = "[sso-session my]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n\
    [profile p]\nsso_session = my\nsso_account_id = 123456789012\nsso_role_name = Admin\n\
    [profile top]\nsource_profile = p\nrole_arn = arn:aws:iam::123456789012:role/r\n";
const ROLE: &str = r#"{"roleCredentials":{"accessKeyId":"ASIAPORTAL","secretAccessKey":"secret","sessionToken":"token",
    "expiration":4070908800000}}"#;
const RENEWED: &str =
    r#"{"accessToken":"renewed","expiresIn":3600,"refreshToken":"refresh-2","tokenType":"Bearer"}"#;

fn token(end: &str) -> String {
    format!(
        r#"{{"startUrl": "https://x.awsapps.com/start", "accessToken": "first", "expiresAt": "{end}",
        "clientId": "client", "clientSecret": "client-secret", "registrationExpiresAt": "2099-01-01T00:00:00Z",
        "refreshToken": "refresh-1"}}"#
    )
}

/// A home folder, the token service and the portal.
struct SignedIn {
    home: PathBuf,
    portal: Peer,
    tokens: Peer,
}

impl SignedIn {
    fn new(name: &str, file: &str, reply: Act) -> Self {
        let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("sso-{name}"));
        let _ = std::fs::remove_dir_all(&home);
        std::fs::create_dir_all(home.join(".aws/sso/cache")).expect("a folder");
        std::fs::write(home.join(".aws/config"), CONFIG).expect("a file");
        let portal = Peer::start(|request| match request.header("x-amz-sso_bearer_token") {
            Some("first" | "renewed") => Act::ok(ROLE),
            _ => Act::page(401),
        });
        let tokens = Peer::start(move |request| match (request.method.as_str(), request.target.as_str()) {
            ("POST", "/token") => reply.clone(),
            _ => Act::page(404),
        });
        let signed_in = Self { home, portal, tokens };
        std::fs::write(signed_in.file(), file).expect("a file");
        signed_in
    }

    /// SHA-1 of `my`.
    fn file(&self) -> PathBuf {
        self.home.join(".aws/sso/cache/3ece1471f44f63177cbc35ba0b904e0c096b6783.json")
    }

    fn kept(&self) -> String {
        std::fs::read_to_string(self.file()).expect("a file")
    }

    fn run(&self, profile: &str) -> Run {
        let variables = [
            ("HOME", self.home.to_str().expect("text")),
            ("AWS_ENDPOINT_URL_SSO", self.portal.url()),
            ("AWS_ENDPOINT_URL_SSO_OIDC", self.tokens.url()),
        ];
        rolecall(&["credentials", "--profile", profile], variables)
    }
}

#[test]
fn a_token_that_has_ended_is_renewed_and_kept() {
    let signed_in = SignedIn::new("renewed", &token("2020-01-01T00:00:00Z"), Act::ok(RENEWED));
    assert!(signed_in.run("p").ok().contains("ASIAPORTAL"));
    assert_eq!((signed_in.tokens.requests(), signed_in.portal.requests()), (1, 1));
    let kept: serde_json::Value = serde_json::from_str(&signed_in.kept()).expect("a document");
    assert_eq!((&kept["accessToken"], &kept["refreshToken"]), (&"renewed".into(), &"refresh-2".into()));
    assert!(kept["expiresAt"].as_str().expect("a time") > "2026", "{kept}");
    assert_eq!(
        (&kept["clientId"], &kept["startUrl"]),
        (&"client".into(), &"https://x.awsapps.com/start".into())
    );
    let mode = std::fs::metadata(signed_in.file()).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // The next process uses it.
    assert!(signed_in.run("p").ok().contains("ASIAPORTAL"));
    assert_eq!(signed_in.tokens.requests(), 1);
}

#[test]
fn processes_that_start_together_renew_once() {
    let signed_in = SignedIn::new("together", &token("2020-01-01T00:00:00Z"), Act::ok(RENEWED));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert!(signed_in.run("p").ok().contains("ASIAPORTAL")));
        }
    });
    assert_eq!(signed_in.tokens.requests(), 1);
}

#[test]
fn a_token_that_lives_long_enough_is_not_renewed_and_one_that_ends_soon_is_used_if_it_cannot_be() {
    let signed_in = SignedIn::new("long", &token("2099-01-01T00:00:00Z"), Act::page(500));
    assert!(signed_in.run("p").ok().contains("ASIAPORTAL"));
    assert_eq!(signed_in.tokens.requests(), 0);

    let soon = std::process::Command::new("date")
        .args(["-u", "-d", "+5 minutes", "+%FT%TZ"])
        .output()
        .expect("date");
    let soon = String::from_utf8(soon.stdout).expect("text");
    let signed_in = SignedIn::new("soon", &token(soon.trim()), Act::page(500));
    assert!(signed_in.run("p").ok().contains("ASIAPORTAL"));
    assert_eq!(signed_in.tokens.requests(), 1);
    assert!(signed_in.kept().contains("refresh-1"), "a failed renewal leaves the file as it is");
}

#[test]
fn signing_in_again_is_advised_with_the_names_of_profile_and_session() {
    let refused = Act::Reply(
        400,
        "x-amzn-errortype: InvalidGrantException\r\n".to_owned(),
        br#"{"error":"invalid_grant","error_description":"Invalid grant refresh-1"}"#.to_vec(),
    );
    let over = token("2020-01-01T00:00:00Z");
    let no_refresh_token = over.replace("refreshToken", "other");
    let registration_over = over.replace("2099", "2021");
    let without_file = "";
    for (number, (file, act)) in [
        (over.as_str(), refused.clone()),
        (&no_refresh_token, refused.clone()),
        (&registration_over, refused),
        (without_file, Act::page(500)),
    ]
    .into_iter()
    .enumerate()
    {
        let signed_in = SignedIn::new(&format!("advice-{number}"), file, act);
        if file.is_empty() {
            std::fs::remove_file(signed_in.file()).expect("removed");
        }
        for profile in ["p", "top"] {
            let run = signed_in.run(profile);
            let error = run.failed();
            assert!(error.contains("aws sso login --profile p (sso-session my)"), "{number}: {error}");
            assert!(!error.contains("refresh-1") && !error.contains("client-secret"), "{number}: {error}");
        }
        assert_eq!(signed_in.portal.requests(), 0);
    }
}

#[test]
fn an_access_token_that_cannot_be_sent_is_an_error_about_its_file() {
    for (name, bad) in [("empty", ""), ("space", "a b"), ("line", "a\\r\\nX: y")] {
        let file = token("2099-01-01T00:00:00Z").replace("first", bad);
        let signed_in = SignedIn::new(&format!("bad-{name}"), &file, Act::page(500));
        let run = signed_in.run("p");
        assert!(run.failed().contains("accessToken") && run.stderr.contains("3ece1471f44f"), "{run:#?}");
        assert!(run.stderr.contains("aws sso login --profile p (sso-session my)"), "{run:#?}");
        assert_eq!(signed_in.portal.requests(), 0);
    }
}

/// The hosts that a proxy is asked for.
fn asked_for(signed_in: &SignedIn, more: &[(&str, &str)]) -> Vec<String> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let hosts = seen.clone();
    let proxy = Peer::start(move |request| {
        hosts.lock().expect("the lock is not poisoned").push(request.target.clone());
        Act::page(403)
    });
    let mut variables = vec![("HOME", signed_in.home.to_str().expect("text")), ("HTTPS_PROXY", proxy.url())];
    variables.extend(more);
    let run = rolecall(&["credentials", "--profile", "p"], variables);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.took < Duration::from_secs(20), "{run:#?}");
    let hosts = seen.lock().expect("the lock is not poisoned").clone();
    assert!(!hosts.is_empty(), "{run:#?}");
    hosts
}

#[test]
fn endpoints_are_those_of_the_region_and_its_variants() {
    let (fips, dual) = (("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_USE_DUALSTACK_ENDPOINT", "true"));
    for (number, (end, more, host)) in [
        ("2020-01-01T00:00:00Z", &[][..], "oidc.eu-west-1.amazonaws.com:443"),
        ("2020-01-01T00:00:00Z", &[dual], "oidc.eu-west-1.api.aws:443"),
        ("2020-01-01T00:00:00Z", &[fips], "oidc-fips.eu-west-1.amazonaws.com:443"),
        ("2099-01-01T00:00:00Z", &[], "portal.sso.eu-west-1.amazonaws.com:443"),
        ("2099-01-01T00:00:00Z", &[dual], "portal.sso.eu-west-1.api.aws:443"),
        ("2099-01-01T00:00:00Z", &[fips], "portal.sso-fips.eu-west-1.amazonaws.com:443"),
        ("2099-01-01T00:00:00Z", &[fips, dual], "portal.sso-fips.eu-west-1.api.aws:443"),
    ]
    .into_iter()
    .enumerate()
    {
        let signed_in = SignedIn::new(&format!("hosts-{number}"), &token(end), Act::page(500));
        assert!(asked_for(&signed_in, more).iter().all(|asked| asked == host), "{host}");
    }
}

#[test]
fn a_new_token_that_cannot_be_sent_leaves_the_file_as_it_is() {
    for (number, reply) in [
        r#"{"accessToken":"x\r\ny: z","expiresIn":3600}"#,
        r#"{"accessToken":"","expiresIn":3600}"#,
        r#"{"accessToken":"new"}"#,
        r#"{"accessToken":"new","expiresIn":"soon"}"#,
        "<html>",
    ]
    .into_iter()
    .enumerate()
    {
        let file = token("2020-01-01T00:00:00Z");
        let signed_in = SignedIn::new(&format!("unusable-{number}"), &file, Act::ok(reply));
        assert_eq!(signed_in.run("p").code, Some(1), "{reply}");
        assert_eq!(signed_in.kept(), file, "{reply}");
    }
}

#[test]
fn what_is_in_the_way_of_a_renewal_is_named() {
    // A folder in place of the lock.
    let signed_in = SignedIn::new("lock", &token("2020-01-01T00:00:00Z"), Act::ok(RENEWED));
    std::fs::create_dir(signed_in.file().with_extension("lock")).expect("a folder");
    let run = signed_in.run("p");
    assert!(run.failed().contains(".lock") && run.stderr.contains("cannot be made"), "{run:#?}");
    assert_eq!(signed_in.tokens.requests(), 0);
    // A pipe in place of the token.
    let signed_in = SignedIn::new("fifo", "", Act::ok(RENEWED));
    std::fs::remove_file(signed_in.file()).expect("removed");
    assert!(std::process::Command::new("mkfifo").arg(signed_in.file()).status().expect("mkfifo").success());
    let run = signed_in.run("p");
    assert!(run.failed().contains("3ece1471f44f") && run.took < Duration::from_secs(15), "{run:#?}");
}

#[test]
fn times_of_older_clients_are_read() {
    let signed_in = SignedIn::new("utc", &token("2099-01-01T00:00:00UTC"), Act::page(500));
    assert!(signed_in.run("p").ok().contains("ASIAPORTAL"));
    let signed_in = SignedIn::new("utc-over", &token("2020-01-01T00:00:00UTC"), Act::ok(RENEWED));
    assert!(signed_in.run("p").ok().contains("ASIAPORTAL"));
    assert!(signed_in.kept().contains("renewed"));
    // A second member of a name would be read in place of the first.
    let twice = token("2020-01-01T00:00:00Z").replacen('}', r#", "accessToken": "old"}"#, 1);
    let signed_in = SignedIn::new("twice", &twice, Act::ok(RENEWED));
    assert!(signed_in.run("p").ok().contains("ASIAPORTAL"));
    assert_eq!(signed_in.kept().matches("accessToken").count(), 1, "{}", signed_in.kept());
}

#[test]
fn the_code_of_the_portal_decides_what_is_advised() {
    for (status, code, words) in [
        (404, "ResourceNotFoundException", "check sso_account_id and sso_role_name"),
        (403, "ForbiddenException", "check sso_account_id and sso_role_name"),
        (401, "UnauthorizedException", "aws sso login --profile p"),
        (429, "TooManyRequestsException", "too many requests"),
    ] {
        let mut signed_in = SignedIn::new(code, &token("2099-01-01T00:00:00Z"), Act::page(500));
        signed_in.portal = Peer::start(move |_| {
            Act::Reply(status, format!("x-amzn-ErrorType: {code}\r\n"), br#"{"message":"no"}"#.to_vec())
        });
        let run = signed_in.run("p");
        let error = run.failed();
        assert!(error.contains(code) && error.contains(words), "{error}");
    }
}
