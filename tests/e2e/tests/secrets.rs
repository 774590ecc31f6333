//! No secret in what the command says to anybody, however much it is asked to say.

use e2e::command::rolecall;
use e2e::servers::Server;

/// What everything is asked with: as much as it ever says.
const LOUD: [(&str, &str); 3] = [("RUST_BACKTRACE", "full"), ("RUST_LOG", "trace"), ("NO_COLOR", "1")];

/// The value of a member of a credential document.
fn member(document: &str, name: &str) -> String {
    let (_, rest) = document.split_once(&format!("\"{name}\":\"")).expect(name);
    rest.split('"').next().expect("an end").to_owned()
}

#[test]
fn nothing_tells_a_secret() {
    let Some(server) = Server::named("ministack") else { return };
    let folder = std::env::temp_dir().join(format!("rolecall-secrets-{}", std::process::id()));
    let cache = folder.to_str().expect("a path").to_owned();
    let (url, role) = (server.need("URL"), server.need("ROLE_ARN"));
    let mut environment = server.environment();
    environment.push(("AWS_ENDPOINT_URL", url.clone()));
    environment.extend(LOUD.map(|(name, value)| (name, value.to_owned())));
    let run = |arguments: &[&str]| {
        rolecall(arguments, environment.iter().map(|(name, value)| (*name, value.as_str())))
    };
    // By the cache all runs have the same session, whose secrets are looked for.
    let session = ["--cache", &cache, "--role-arn", &role, "--role-session-name", "secrets", "--verbose"];
    let with = |command: &[&str]| run(&[command, &session[..]].concat());
    let document = with(&["credentials"]);
    let secrets = [
        server.need("SECRET_ACCESS_KEY"),
        member(document.ok(), "SecretAccessKey"),
        member(document.ok(), "SessionToken"),
    ];
    assert!(secrets.iter().all(|secret| secret.len() > 15), "there is something to look for");
    let tells = |what: &str, text: &str| {
        for secret in &secrets {
            // Part of one tells, too.
            for part in secret.as_bytes().windows(12) {
                let part = std::str::from_utf8(part).expect("ASCII");
                assert!(!text.contains(part), "{what} tells a secret:\n{text}");
            }
        }
    };
    let object = format!("{url}/{}/secrets", server.need("BUCKET"));
    let missing = format!("{url}/{}/no-such-key", server.need("BUCKET"));
    tells("credentials, on standard error", &document.stderr);
    for command in [
        &["whoami"][..],
        &["explain"],
        &["explain", "--json"],
        &["request", "PUT", &object, "--service", "s3", "-d", "content"],
        &["request", "GET", &object, "--service", "s3"],
        &["request", "GET", &missing, "--service", "s3"],
        &["request", "GET", "http://127.0.0.1:1/", "--service", "s3"],
        &["request", "GET", "not a URL"],
        &["sign", "GET", &object, "--service", "s3", "--canonical"],
        &["setup", "ec2-role", "--role", "secrets", "--dry-run"],
        &["setup", "ec2-role", "--role", "secrets", "--policy", "{}"],
        &["setup", "ec2-role", "--role", "secrets", "--undo"],
        &["credentials", "--external-id", "not the right one"],
        &["no-such-command"],
    ] {
        let run = with(command);
        assert!(!run.stderr.contains("panicked"), "{run:#?}");
        // The canonical request of a session has its token by right: it is one of the headers.
        if !command.contains(&"--canonical") {
            tells(&command.join(" "), &run.stdout);
        }
        tells(&command.join(" "), &run.stderr);
    }
    // A signature is told, and what it is made of is not.
    let signed = with(&["sign", "GET", &object, "--service", "s3"]);
    tells("sign, on standard error", &signed.stderr);
    assert!(!signed.ok().contains(&secrets[1]), "{signed:#?}");
    std::fs::remove_dir_all(folder).expect("the cache is there");
}
