//! The command prints no secrets, whatever the options.

use e2e::command::rolecall;
use e2e::servers::Server;

/// Variables that make libraries print as much as possible.
const LOUD: [(&str, &str); 3] = [("RUST_BACKTRACE", "full"), ("RUST_LOG", "trace"), ("NO_COLOR", "1")];

/// The value of a member of a credential document.
fn member(document: &str, name: &str) -> String {
    let (_, rest) = document.split_once(&format!("\"{name}\":\"")).expect(name);
    rest.split('"').next().expect("an end").to_owned()
}

#[test]
fn no_output_contains_a_secret() {
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
    // With the cache, all runs use the same session, whose secrets are searched for.
    let session = ["--cache", &cache, "--role-arn", &role, "--role-session-name", "secrets", "--verbose"];
    let with = |command: &[&str]| run(&[command, &session[..]].concat());
    let document = with(&["credentials"]);
    let secrets = [
        server.need("SECRET_ACCESS_KEY"),
        member(document.ok(), "SecretAccessKey"),
        member(document.ok(), "SessionToken"),
    ];
    assert!(secrets.iter().all(|secret| secret.len() > 15), "there are secrets to search for");
    let check = |what: &str, text: &str| {
        for secret in &secrets {
            // Parts of a secret must not occur, either.
            for part in secret.as_bytes().windows(12) {
                let part = std::str::from_utf8(part).expect("ASCII");
                assert!(!text.contains(part), "{what} contains a secret:\n{text}");
            }
        }
    };
    let object = format!("{url}/{}/secrets", server.need("BUCKET"));
    let missing = format!("{url}/{}/no-such-key", server.need("BUCKET"));
    check("credentials, on standard error", &document.stderr);
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
        // The canonical request of a session contains the token, which is one of its headers.
        if !command.contains(&"--canonical") {
            check(&command.join(" "), &run.stdout);
        }
        check(&command.join(" "), &run.stderr);
    }
    // The signature is printed; the secret it is computed from is not.
    let signed = with(&["sign", "GET", &object, "--service", "s3"]);
    check("sign, on standard error", &signed.stderr);
    assert!(!signed.ok().contains(&secrets[1]), "{signed:#?}");
    std::fs::remove_dir_all(folder).expect("the cache directory exists");
}

/// The variable with the URL, arguments, and other variables.
type Case<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, &'a str)]);

/// User information in a URL is a secret: the error names the setting.
#[test]
fn a_password_in_a_url_is_in_no_error() {
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-west-1"),
    ];
    let instance = [("AWS_REGION", "eu-west-1")];
    let pool = ["credentials", "--cognito-identity-pool", "eu-west-1:5b22ff62-98c3-4b4b-9a4b-2b8b8c2f7f0d"];
    let user = ["--user-pool", "eu-west-1_abc", "--client-id", "client", "--username", "alice"];
    let signing_in = [&pool[..], &user].concat();
    let bad = "https://user:hunter2pw@h.example/path";
    let cases: [Case<'_>; 12] = [
        ("AWS_ENDPOINT_URL_STS", &["whoami"], &keys),
        ("AWS_ENDPOINT_URL_STS", &["explain"], &keys),
        ("AWS_ENDPOINT_URL", &["whoami"], &keys),
        ("AWS_ENDPOINT_URL_IAM", &["setup", "ec2-role", "--role", "x"], &keys),
        ("AWS_ENDPOINT_URL", &["setup", "ec2-role", "--role", "x"], &keys),
        ("AWS_ENDPOINT_URL_COGNITO_IDENTITY", &pool, &instance),
        ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", &signing_in, &instance),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &["credentials"], &instance),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &["credentials"], &instance),
        ("HTTPS_PROXY", &["whoami"], &keys),
        ("ALL_PROXY", &["whoami"], &keys),
        ("", &["request", "GET", bad, "--service", "s3"], &keys),
    ];
    for (name, arguments, variables) in cases {
        let value = if name.ends_with("PROXY") { "socks5://user:hunter2pw@h.example" } else { bad };
        let mut variables = variables.to_vec();
        variables.push(("AWS_COGNITO_PASSWORD", "password"));
        if name.is_empty() {
            variables.push(("AWS_EC2_METADATA_DISABLED", "true"));
        } else {
            variables.push((name, value));
        }
        let run = rolecall(arguments, variables);
        assert_eq!(run.code, Some(1), "{name}: {run:#?}");
        let text = format!("{}{}", run.stdout, run.stderr);
        assert!(!text.contains("hunter2pw") && text.contains(name), "{name} {arguments:?}: {text}");
    }
}
